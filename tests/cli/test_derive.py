"""The command that derives: a form or a tree from a factory or a config."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import paramcalc as pc


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from paramcalc.cli import main

    def run(*arguments: str, status: int = 0) -> tuple[str, str]:
        with pytest.raises(SystemExit) as stop:
            main(["derive", *arguments])
        out, err = capsys.readouterr()
        assert stop.value.code == status, err
        return out, err

    out, _ = run("amnl_reference:build", "--at", "lstm_hidden=128", "--form", "expanded")
    assert out.startswith("48*lstm_hidden**2 + 944*lstm_hidden + 53700\nfor lstm_hidden divisible by 4\n")
    assert "predicted 8 others exactly" in out
    path = tmp_path / "config.json"
    path.write_text(json.dumps({"model_type": "gpt2", "n_embd": 96, "n_layer": 2, "n_head": 4}), encoding="utf-8")
    out, _ = run(str(path), "--vary", "n_embd,n_layer", "--format", "json")
    tree = pc.from_json(out)
    assert tree.bind(n_embd=768, n_layer=12).params == 124_439_808
    for arguments in (
        ["amnl"],
        ["torch.nn:Linear", "--at", "in_features=4"],
        ["no.json"],
        [str(path), "--vary", "foo"],
    ):
        assert run(*arguments, status=2)[1].startswith("paramcalc: ")
