"""Tensors of a torch file that share memory are tied or noted, and parameters say whether they are trained."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from paramcalc.sources.files.state_names import ASSUMED
from tests.sources.files.checkpoints import read, roles, saved


@pytest.mark.parametrize("zipped", [True, False])
def test_shared_tensors_are_tied(zipped: bool) -> None:
    model = nn.ModuleDict({"wte": nn.Embedding(6, 4), "head": nn.Linear(4, 6, bias=False)})
    model["head"].weight = model["wte"].weight
    tree = read(saved(model.state_dict(), zipped=zipped), ".pt")
    assert tree.params == 24
    assert tree.at("head").own[0].tied_to == "..wte.weight"
    assert tree.at("wte").own[0].tied_to is None


@pytest.mark.parametrize("zipped", [True, False])
def test_other_views_are_counted_and_noted(zipped: bool) -> None:
    flat = torch.arange(16.0)
    square = flat.view(4, 4)
    views = {"square": square, "turned": square.t(), "head": flat[:6], "rows": square[1:3], "later": square[2:]}
    state = {"flat": flat, **views, "again": square[1:3], "alone": square * 1}
    tree = read(saved(state, zipped=zipped), ".pt")
    notes = {name: spec.note for name, spec in tree.tensors() if spec.note}
    assert notes == dict.fromkeys(views, "shares storage with flat")
    assert {name: spec.tied_to for name, spec in tree.tensors() if spec.tied_to} == {"again": "rows"}
    assert tree.params == sum(each.numel() for name, each in state.items() if name != "again")


def test_parameters_say_whether_they_are_trained() -> None:
    state = {
        "w": nn.Parameter(torch.ones(2)),
        "f": nn.Parameter(torch.ones(2), requires_grad=False),
        "running_mean": nn.Parameter(torch.ones(2)),
        "i": nn.Parameter(torch.ones(2, dtype=torch.int8), requires_grad=False),
    }
    tree = read(saved(state), ".pt")
    assert roles(tree) == {"w": "parameter", "f": "frozen", "running_mean": "parameter", "i": "frozen"}
    assert tree.note == ""
    mixed = read(saved({**state, "b": torch.ones(2, dtype=torch.int8)}), ".pt")
    assert roles(mixed)["b"] == "buffer"
    assert mixed.note == ASSUMED
