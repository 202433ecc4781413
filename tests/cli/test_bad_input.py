"""Bad input is one clear sentence, and status 2."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import paramcalc as pc
from paramcalc import Block, TensorSpec
from paramcalc.cli import main
from paramcalc.errors import InvalidValue
from tests.cli.running import Run

BAD = {
    "table amln": "TARGET: unknown target 'amln'; did you mean 'amnl'",
    "table amnl:bok": "amnl: unknown preset 'bok'; did you mean 'book'",
    "table nofile.json": "nofile.json: cannot read it: No such file or directory",
    "table amnl --format htm": "unknown format 'htm'",
    "table amnl --depth -1": "'--depth'",
    "table amnl --depth x": "'--depth'",
    "table amnl --set lstm_hiden=3": "did you mean 'lstm_hidden'",
    "table amnl --set lstm_hidden=0": "amnl.lstm_hidden: got 0; expected a size of 1 or more",
    "table amnl --set lstm_hidden=-4": "amnl.lstm_hidden: got -4; expected a size of 1 or more",
    "table amnl --set lstm_hidden=2.5": "--set lstm_hidden: got 2.5; expected an integer",
    "table amnl --set lstm_hidden=x": "--set lstm_hidden: got x; expected an integer",
    "table amnl --set lstm_hidden=true": "got the truth value True",
    "table amnl --set lstm_hidden=9999999999999999999999": "expected at most 2^63 - 1",
    "table amnl --set lstm_hidden=__import__('os')": "got __import__('os'); expected an integer",
    "table amnl --set lstm_hidden": "--set: got 'lstm_hidden'; expected name=integer",
    "table amnl --set num_heads=7": "256 is not divisible by 7",
    "table amnl --set lstm_hidden=4 --vary lstm_hidden": "lstm_hidden is given a value and varied at once",
    "table amnl --vary hiden": "amnl: unknown size 'hiden'; did you mean",
    "formula lstm": "unknown target 'lstm'; did you mean 'LSTM'",
    "formula LSTM --set hidden_siz=3": "LSTM: unknown argument 'hidden_siz'; did you mean 'hidden_size'",
    "formula LSTM --set hidden_size=0": "LSTM.hidden_size: got 0",
    "formula amnl --form expandd": "--form: unknown form 'expandd'; did you mean 'expanded'?",
    "formula amnl --notation lstm_hidden": "--notation: got 'lstm_hidden'; expected name=letter",
    "formula amnl --notation lstm_hidden=h,n_features=h": "would both be written h",
    "solve amnl lstm_hiden --budget 3M": "amnl: unknown size 'lstm_hiden'; did you mean 'lstm_hidden'",
    "solve amnl lstm_hidden --budget 3.5Q": "--budget: got '3.5Q'; expected a whole number",
    "solve amnl lstm_hidden": "Missing option '--budget'",
    "diff amnl": "Missing argument 'B'",
    "tabel amnl": "Did you mean 'table'?",
    "table": "Missing argument 'TARGET'",
    "table amnl --dept 1": "Did you mean",
    "table amnl --arg x=3": "--arg x: amnl takes no arguments; expected package.module:build",
    "table tests": "TARGET: tests is a folder; expected a file",
    "table no_such_module:build": "no_such_module:build: there is no module 'no_such_module'",
    "table torch.nn:Linear": "it needs in_features, out_features; give --arg in_features=... --arg out_features=...",
    "table torch.nn:Linear --arg in_features": "--arg: got 'in_features'; expected name=value",
    "table torch.nn:Linear --arg bias=0 --arg bias=1": "--arg: bias is given twice",
    "table torch.nn:Identity --set x=3": "--set x: torch.nn:Identity has no symbols; a factory takes",
    "table torch.nn:Identity --device cuda": "'--device'",
    "table no.safetensors": "no.safetensors: cannot read it: No such file or directory",
    "table no.pt": "no.pt: cannot read it: No such file or directory",
    "table no.safetensors.index.json": "cannot read it: No such file or directory",
    "verify amnl": "Missing argument 'B'",
}


@pytest.mark.parametrize("command", sorted(BAD))
def test_bad_input_is_one_sentence_and_status_2(run: Run, command: str) -> None:
    assert run(*command.split(), status=2) == ""
    assert run.err.startswith("paramcalc: ")
    assert run.err.count("\n") == 1
    assert BAD[command] in run.err


def test_files_that_are_not_trees(run: Run, tmp_path: Path) -> None:
    contents = {"empty.json": b"", "binary.json": bytes(range(256)), "other.json": json.dumps({"a": 1}).encode()}
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
        assert run("table", str(tmp_path / name), status=2) == ""
        assert name in run.err
    run("table", str(tmp_path), status=2)


ODD: dict[str, tuple[list[str], str]] = {
    "self": (["table", "amnl", "--set", "self=3"], "unknown hyperparameter 'self'"),
    "preset": (["table", "amnl", "--set", "preset=3"], "unknown hyperparameter 'preset'"),
    "a dunder": (["table", "amnl", "--set", "__class__=3"], "unknown hyperparameter '__class__'"),
    "self of a layer": (["formula", "Linear", "--set", "self=3"], "unknown argument 'self'"),
    "a long name": (["table", "a" * 5000], "unknown target"),
    "a null byte": (["table", "a\x00.json"], "cannot read it"),
    "deep signs": (["table", "amnl", "--set", "lstm_hidden=" + "-" * 2500 + "1"], "--set"),
    "a long sum": (["table", "amnl", "--set", "lstm_hidden=" + "1+" * 4000 + "1"], "--set"),
    "another size": (["formula", "LSTM", "--vary", "nonexistent"], "unknown size 'nonexistent'"),
    "another letter": (["formula", "amnl", "--notation", "nonexist=h"], "unknown size 'nonexist'"),
}


@pytest.mark.parametrize("name", sorted(ODD))
def test_odd_input_is_one_sentence(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    arguments, message = ODD[name]
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    out, err = capsys.readouterr()
    assert (stop.value.code, out, err.count("\n")) == (2, "", 1)
    assert message in err


def test_a_count_of_thousands_of_digits_is_one_sentence(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "big.json"
    own = [{"name": "w", "shape": [2**62] * 300}]
    tree = {"format": "paramcalc-tree", "version": 1, "params": 0, "blocks": [{"depth": 0, "own": own}]}
    path.write_text(json.dumps(tree), encoding="utf-8")
    with pytest.raises(SystemExit) as stop:
        main(["table", str(path)])
    assert (stop.value.code, capsys.readouterr().err.count("\n")) == (2, 1)
    huge = Block(own=(TensorSpec("w", (2**62,) * 300),))
    assert "about 5,6" in pc.render(huge)
    with pytest.raises(InvalidValue, match="the count is an integer of about 5,6"):
        pc.to_json(huge)
