"""The command that derives: a form or a tree from a factory or a config."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

import paramcalc as pc
from paramcalc.cli import main
from paramcalc.tree.evidence import Evidence


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def run(*arguments: str, status: int = 0) -> tuple[str, str]:
        with pytest.raises(SystemExit) as stop:
            main(["derive", *arguments])
        out, err = capsys.readouterr()
        assert stop.value.code == status, err
        return out, err

    out, _ = run("amnl_reference:build", "--at", "lstm_hidden=128", "--form", "expanded")
    assert out.startswith("48*lstm_hidden**2 + 944*lstm_hidden + 53700\nfor lstm_hidden divisible by 4\n")
    assert re.search(r"predicted \d+ others exactly", out)
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


def printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """What a command prints that ends well."""
    with pytest.raises(SystemExit) as stop:
        main([*arguments])
    out, err = capsys.readouterr()
    assert stop.value.code == 0, err
    return out


def test_what_is_held_is_said_in_every_format(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["derive", "torch.nn:Linear", "--at", "in_features=4,out_features=3", "--vary", "in_features"]
    latex = r"3 \, \mathrm{in\_features} + 3 \quad \text{with } \mathrm{out\_features} = 3 \text{ fixed}" + "\n"
    text = "3*in_features + 3\nfixed: out_features=3\n"
    assert printed(capsys, *asked).startswith(text)
    assert printed(capsys, *asked, "--format", "latex") == latex
    saved = tmp_path / "tree.json"
    saved.write_text(printed(capsys, *asked, "--format", "json"), encoding="utf-8")
    evidence = pc.from_json(saved.read_text("utf-8")).evidence
    assert isinstance(evidence, Evidence)
    assert evidence.fixed == {"out_features": 3}
    assert printed(capsys, "formula", str(saved)) == text
    assert printed(capsys, "formula", str(saved), "--format", "latex") == latex
    assert "- Fixed: `out_features=3`" in printed(capsys, "table", str(saved), "--symbolic").splitlines()
    assert "Fixed: out_features=3" in printed(capsys, "table", str(saved), "--format", "text").splitlines()
