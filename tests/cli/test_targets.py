"""What a command line names is found by its ending or its letters, wherever the process is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

import amnl_reference
import paramcalc as pc
from tests.cli.running import Run


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
