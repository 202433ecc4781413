"""The command line: what it prints, its exit status, and one clear sentence for bad input."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

import amnl_reference
import paramcalc as pc
from paramcalc.cli import main
from paramcalc.layers import CATALOGUE


class Run:
    """Runs the command line in this process and keeps what it printed."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self.capsys = capsys

    def __call__(self, *arguments: str, status: int = 0) -> str:
        with pytest.raises(SystemExit) as stop:
            main(arguments)
        self.out, self.err = self.capsys.readouterr()
        assert stop.value.code == status, self.err
        return self.out


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    return Run(capsys)


def test_table_prints_the_breakdown(run: Run) -> None:
    out = run("table", "amnl")
    assert "| **Total** " in out
    assert "**960,964**" in out
    assert "`LSTM(64, 128, num_layers=2, bidirectional=True)`" in out
    assert out.rstrip("\n") == pc.render(pc.architecture("amnl"))
    assert run.err == ""


def test_table_of_the_other_preset(run: Run) -> None:
    assert "**3,497,476**" in run("table", "amnl:research", "--depth", "1")


def test_table_with_other_sizes(run: Run) -> None:
    out = run("table", "amnl", "--set", "lstm_hidden=64,n_classes=5", "--set", "conv_channels_1=32", "--format", "json")
    assert pc.from_json(out) == pc.architecture("amnl", lstm_hidden=64, n_classes=5, conv_channels=(64, 32, 64))


def test_table_with_formulas(run: Run) -> None:
    out = run("table", "amnl", "--symbolic", "--depth", "1")
    assert "attention_layers" in out
    assert "**960,964**" in out
    out = run("table", "amnl", "--vary", "lstm_hidden", "--depth", "0", "--set", "lstm_layers=3")
    assert "`72*lstm_hidden**2 + 960*lstm_hidden + 53700`" in out


@pytest.mark.parametrize("form", ["markdown", "text", "csv", "json"])
def test_every_format_is_what_render_gives(run: Run, form: str) -> None:
    assert run("table", "amnl", "--format", form).rstrip("\n") == pc.render(pc.architecture("amnl"), form)


def test_formula_in_one_size(run: Run) -> None:
    out = run("formula", "amnl", "--vary", "lstm_hidden")
    assert out.splitlines() == ["48*lstm_hidden**2 + 944*lstm_hidden + 53700", "for lstm_hidden divisible by 4"]


def test_formula_in_all_sizes(run: Run) -> None:
    out = run("formula", "amnl")
    assert "# BiLSTM Encoder" in out
    assert "(lstm_layers - 1)" in out
    latex = run("formula", "amnl", "--format", "latex")
    assert r"\begin{aligned}" in latex
    assert "lstm" not in latex
    assert "x h" in run("formula", "amnl", "--format", "latex", "--notation", "conv_channels_2=x")


@pytest.mark.parametrize("name", sorted(CATALOGUE))
def test_formula_of_every_layer(run: Run, name: str) -> None:
    out = run("formula", name)
    assert out.startswith(CATALOGUE[name].block().title)
    assert f"torch.nn.{name}.html" in out


def test_formula_of_a_layer_shows_tensors_and_variants(run: Run) -> None:
    out = run("formula", "LSTM")
    assert "(4*hidden_size, input_size)" in out
    assert "weight_ih_l[1..num_layers - 1]" in out
    assert "bidirectional=True" in out
    assert "Parameters: 28\n" in run("formula", "LSTM", "--set", "num_layers=1,input_size=4", "--set", "hidden_size=1")
    assert r"\mathrm{in\_features}" in run("formula", "Linear", "--format", "latex")


def test_solve(run: Run) -> None:
    out = run("solve", "amnl", "lstm_hidden", "--budget", "3.5M")
    assert "lstm_hidden = 256 gives 3,441,092 parameters" in out
    assert "would allow 258, but the model needs lstm_hidden divisible by 4" in out
    run("solve", "amnl", "lstm_hidden", "--budget", "1K", status=1)
    assert run.err == "paramcalc: no lstm_hidden within 1,000 parameters; lstm_hidden=1 would give 54,692\n"


def test_diff(run: Run) -> None:
    out = run("diff", "amnl", "amnl", "--set-b", "lstm_hidden=64", status=1)
    line = next(line for line in out.splitlines() if "BiLSTM Encoder" in line)
    assert [cell.strip() for cell in line.split("|")[3:7]] == ["594,432", "166,144", "-428,288", "-72.0%"]
    assert "trunk" in run("diff", "amnl", "amnl:research", status=1)
    assert "**Total**" in run("diff", "amnl", "amnl")


def test_a_factory_is_a_target(run: Run) -> None:
    given = ("d_model=16", "nhead=2", "num_encoder_layers=3", "batch_first=true")
    arguments = [word for each in given for word in ("--arg", each)]
    out = run("table", "torch.nn:Transformer", *arguments, "--format", "text")
    assert "[0..2]" in out
    assert "3 × TransformerEncoderLayer(16, 2)" in out
    assert "[0..2]" not in run("table", "torch.nn:Transformer", *arguments, "--no-fold")
    out = run("table", "torch.nn:Transformer", *arguments, "--bytes", "--depth", "1")
    count = sum(each.numel() for each in nn.Transformer(16, 2, 3, batch_first=True).parameters())
    assert f"**{count:,}**" in out
    assert f"**{4 * count:,}**" in out
    csv = run("table", "torch.nn:Transformer", *arguments, "--format", "csv")
    assert "encoder.layers.2.linear1" in csv
    assert pc.from_json(run("table", "torch.nn:Transformer", *arguments, "--format", "json")).params == count
    assert f"{count}" in run("formula", "torch.nn:Transformer", *arguments, "--form", "expanded")


def test_verify(run: Run) -> None:
    assert run("verify", "amnl", "amnl_reference:build") == "equal: 53 tensors, 960,964 parameters\n"
    out = run("verify", "amnl", "amnl_reference:build", "--symbolic", "--arg-b", "lstm_hidden=64")
    assert out.startswith("equal: 53 tensors, 310,724 parameters\nwith ")
    assert "lstm_hidden = 64" in out
    out = run("verify", "amnl", "amnl_reference:build", "--arg-b", "lstm_hidden=64", status=1)
    assert "shape differs at lstm.lstm.weight_hh_l0: amnl has (512, 128), amnl_reference:build has (256, 64)" in out
    assert "more differences (--all shows them)" in out
    everything = run("verify", "amnl", "amnl_reference:build", "--arg-b", "lstm_hidden=64", "--all", status=1)
    assert "more differences" not in everything
    assert len(everything.splitlines()) > len(out.splitlines())


def test_checkpoints_are_targets(run: Run, tmp_path: Path) -> None:
    state = amnl_reference.build().state_dict()
    save_file({name: tensor.clone() for name, tensor in state.items()}, tmp_path / "model.safetensors")
    torch.save({"epoch": 3, "state_dict": state}, tmp_path / "model.pt")
    for name in ("model.safetensors", "model.pt"):
        path = str(tmp_path / name)
        out = run("table", path, "--depth", "1")
        assert "**960,964**" in out
        assert name in out
        assert "`Block`" not in out
        assert run("verify", "amnl", path).startswith("equal: 53 tensors")
        assert run("verify", path, "amnl_reference:build").startswith("equal: 53 tensors")
        run("diff", path, "amnl_reference:build", status=0)
        run("table", path, "--arg", "x=3", status=2)


def test_a_config_is_a_target(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    path.write_text(json.dumps({"model_type": "gpt2", "architectures": ["GPT2LMHeadModel"]}), encoding="utf-8")
    out = run("table", str(path), "--format", "text")
    assert "124,439,808" in out
    assert "12 × GPT2Block" in out
    assert "tied to transformer.wte.weight" in out


def test_a_saved_tree_is_a_target(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "tree.json"
    path.write_text(pc.to_json(pc.architecture("amnl", lstm_hidden=pc.symbol("lstm_hidden"))), encoding="utf-8")
    assert "48*lstm_hidden**2" in run("formula", str(path))
    assert "**310,724**" in run("table", str(path), "--set", "lstm_hidden=64", "--depth", "1")
    assert "lstm_hidden = 256" in run("solve", str(path), "lstm_hidden", "--budget", "3.5M")


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


@pytest.mark.parametrize("name", ["MODEL.PT", "M2.SafeTensors", "M3.SAFETENSORS.INDEX.JSON", "CONFIG.Json"])
def test_endings_may_be_of_capitals(run: Run, tmp_path: Path, name: str) -> None:
    state = {"fc.weight": torch.ones(3, 4)}
    path = tmp_path / name
    if name.endswith(".PT"):
        torch.save(state, path)
    elif name.endswith("SafeTensors"):
        save_file(state, path)
    elif name.endswith("INDEX.JSON"):
        save_file(state, tmp_path / "a.safetensors")
        path.write_text(json.dumps({"weight_map": {"fc.weight": "a.safetensors"}}), encoding="utf-8")
    else:
        path.write_text(pc.to_json(pc.layers.Linear(4, 3, bias=False)), encoding="utf-8")
    assert "**12**" in run("table", str(path))
    run("table", str(tmp_path), status=2)
    assert name in run.err


def test_a_folder_that_cannot_be_listed(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "iterdir", refuse)
    run("table", str(tmp_path), status=2)
    assert run.err.endswith("is a folder; expected a file; what it holds cannot be listed: Permission denied\n")


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (FileNotFoundError(2, "No such file or directory", "/x/y"), "/x/y: No such file or directory"),
        (OSError(5, "Input/output error"), "cannot read what was asked for: Input/output error"),
        (BrokenPipeError(), "cannot read what was asked for: BrokenPipeError"),
    ],
)
def test_only_printing_fails_to_write(run: Run, monkeypatch: pytest.MonkeyPatch, error: OSError, said: str) -> None:
    def refuse(*_: object) -> None:
        raise error

    monkeypatch.setattr("paramcalc.cli.commands.load", refuse)
    run("table", "amnl", status=2)
    assert run.err == f"paramcalc: {said}\n"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no full device here")
def test_a_full_disk_is_said() -> None:
    for words in (["table", "amnl"], ["--help"]):
        with Path("/dev/full").open("w") as full:
            command = [sys.executable, "-m", "paramcalc", *words]
            result = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
        assert (result.returncode, result.stderr) == (2, "paramcalc: cannot write: No space left on device\n")


def test_a_module_that_exits_is_no_success(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "exits_at_once.py").write_text("import sys\nsys.exit(0)\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert run("verify", "exits_at_once:build", "exits_at_once:build", status=2) == ""
    assert run.err == "paramcalc: exits_at_once:build: importing exits_at_once exited with 0; expected a model\n"


def test_a_current_directory_that_is_gone(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    assert "**15**" in run("table", "torch.nn:Linear", "--arg", "in_features=4", "--arg", "out_features=3")


def test_a_target_is_found_after_code_that_changes_the_directory(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = "import os\nfrom torch import nn\ndef build():\n    os.chdir('/')\n    return nn.Linear(4, 3, bias=False)\n"
    (tmp_path / "moves_away.py").write_text(code, encoding="utf-8")
    save_file({"weight": torch.ones(3, 4)}, tmp_path / "moved.safetensors")
    monkeypatch.chdir(tmp_path)
    assert run("verify", "moves_away:build", "moved.safetensors").startswith("equal: 1 tensors")


def test_help_and_version(run: Run) -> None:
    assert "TARGET" in run("--help")
    assert "--budget" in run("solve", "-h")
    assert pc.__version__ in run("--version")


def test_a_reader_that_closes_early_is_no_error() -> None:
    command = f"{sys.executable} -m paramcalc table amnl | head -1"
    result = subprocess.run(["bash", "-c", f"set -o pipefail; {command}"], capture_output=True, text=True, check=False)
    assert result.stdout.startswith("| Path")
    assert "Traceback" not in result.stderr
