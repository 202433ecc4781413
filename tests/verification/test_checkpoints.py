"""A model agrees with its own checkpoint, in which places of what is shared may be missing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn

import paramcalc as pc
from paramcalc.errors import UnknownName
from paramcalc.tree.block import Block
from tests.tied import Tied
from tests.verification.comparing import found, shared_models


def test_only_a_file_may_lack_places_and_only_later_ones() -> None:
    model = pc.from_module(Tied())
    short = Block(children=(replace(model.at("wte"), kind=""),))
    long = replace(model, kind="", children=tuple(replace(child, kind="") for child in model.children))
    part = pc.from_module(nn.ModuleDict({"wte": nn.Embedding(50, 8)}))
    missing = [("missing", "head.weight")]
    assert found(model, short, checkpoint="second") == found(short, model, checkpoint="first") == []
    assert found(model, short, checkpoint="first") == found(short, model, checkpoint="second") == missing
    assert found(short, model, roles=False) == []
    assert found(long, part, roles=False) == found(part, long, roles=False) == missing
    assert found(model, part, roles=False) == found(part, model, roles=False) == missing
    assert found(long, short, checkpoint="both") == found(short, long, checkpoint="both") == []
    assert found(model, Block(), checkpoint="second") == [("missing", "wte.weight"), *missing]
    with pytest.raises(UnknownName, match="checkpoint: unknown side 'third'"):
        found(model, short, checkpoint="third")


class Rotary(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(4, 4)
        self.register_buffer("inv_freq", torch.ones(2), persistent=False)


def saved(model: nn.Module, folder: Path) -> Block:
    torch.save(model.state_dict(), folder / "model.pt")
    return pc.from_checkpoint(folder / "model.pt")


def test_a_model_agrees_with_its_checkpoint(tmp_path: Path) -> None:
    for model in [Rotary(), *shared_models()]:
        tree, file = pc.from_module(model), saved(model, tmp_path)
        assert found(tree, file, checkpoint="second") == found(file, tree, checkpoint="first") == []
        assert found(tree, file, roles=False) == []
    assert found(pc.from_module(Rotary()), saved(Rotary().fc, tmp_path), checkpoint="second")
    plain = nn.ModuleDict({"fc": nn.Linear(4, 4)})
    assert found(pc.from_module(Rotary()), plain, roles=False) == [("missing", "inv_freq")]


def test_a_shared_module_of_which_a_file_keeps_one_place(tmp_path: Path) -> None:
    from safetensors.torch import save_model

    for model in shared_models():
        save_model(model, str(tmp_path / "model.safetensors"))
        file = pc.from_checkpoint(tmp_path / "model.safetensors")
        assert found(pc.from_module(model), file, roles=False) == []
        assert found(file, model, checkpoint="first") == []
        assert found(file, model, checkpoint="second") or len(list(file.tensors())) == len(
            list(model.named_parameters(remove_duplicate=False))
        )


def test_a_wrapper_of_the_user_is_part_of_the_names(tmp_path: Path) -> None:
    class Wrapper(nn.Module):
        def __init__(self, outputs: int = 4) -> None:
            super().__init__()
            self.module = nn.Linear(4, outputs)

    wrapper = Wrapper()
    parallel = nn.DataParallel(wrapper)
    for model in (wrapper, parallel):
        for other in (wrapper, parallel):
            assert found(pc.from_module(model), saved(other, tmp_path), checkpoint="second") == []
            assert found(saved(other, tmp_path), model, checkpoint="first") == []
    assert found(pc.from_module(wrapper), nn.Linear(4, 4))
    narrow = saved(Wrapper(3), tmp_path)
    assert found(pc.from_module(wrapper), narrow, checkpoint="second") == [
        ("shape", "module.weight"),
        ("shape", "module.bias"),
    ]
    assert found(pc.layers.Linear(4, 3), nn.DataParallel(nn.Linear(4, 4))) == [("shape", "weight"), ("shape", "bias")]
