"""What is shared counts once, where torch finds it first, and its other places are rows that add nothing."""

from __future__ import annotations

import pytest
import torch
from torch import nn

import paramcalc as pc
from paramcalc.errors import InvalidValue
from paramcalc.sources.modules.torch_module import from_module
from tests.sources.modules.reading import assert_read
from tests.tied import Tied


def test_a_tied_head_is_a_row_that_adds_nothing() -> None:
    tree = from_module(Tied())
    assert tree.params == 400
    assert [(row.path, row.params) for row in pc.breakdown(tree)] == [("", 400), ("wte", 400), ("head", 0)]
    assert "50×8 (tied to wte.weight)" in pc.render(tree)


def test_a_shared_module_is_a_row_that_names_the_first() -> None:
    block = nn.Sequential(nn.Linear(3, 3), nn.BatchNorm1d(3))
    tree = from_module(nn.ModuleDict({"a": nn.ModuleList([block]), "b": nn.ModuleList([block, block])}))
    assert_read(nn.ModuleDict({"a": nn.ModuleList([block]), "b": nn.ModuleList([block, block])}))
    assert [tree.at(path).tied_to for path in ("a.0", "b.0", "b.1")] == [None, "..a.0", "..a.0"]
    assert "(shared with a.0)" in pc.render(tree)
    assert tree.params == 18


def test_a_branch_of_shared_modules_alone_is_shown() -> None:
    block = nn.Linear(3, 3)
    model = nn.ModuleDict({"left": nn.Sequential(block), "right": nn.Sequential(block), "act": nn.ReLU()})
    text = pc.render(from_module(model))
    assert "`right` " in text
    assert "`right.0`" in text
    assert "Not shown: 1 module without tensors" in text


def test_modules_shared_at_every_level_stay_linear() -> None:
    model: nn.Module = nn.Linear(2, 2)
    for _ in range(200):
        model = nn.Sequential(model, model)
    tree = from_module(model)
    assert tree.params == 6
    assert len(list(tree.walk())) == 401


def test_an_activation_for_all_layers_is_nothing_shared() -> None:
    act = nn.ReLU()
    model = nn.ModuleList(nn.Sequential(nn.Linear(3, 3), act) for _ in range(4))
    folded = from_module(model, fold=True)
    assert [(child.name, child.repeat) for child in folded.children] == [("{}", 4)]
    assert "shared" not in pc.render(folded)


def test_what_a_folded_table_says_of_ties_and_buffers_and_frozen_layers() -> None:
    class Layer(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.q = nn.Linear(3, 3, bias=False)
            self.k = nn.Linear(3, 3, bias=False)
            self.k.weight = self.q.weight
            self.norm = nn.BatchNorm1d(3).requires_grad_(False)
            self.norm.register_buffer("mask", torch.zeros(3), persistent=False)

    text = pc.render(from_module(nn.ModuleList(Layer() for _ in range(3)), fold=True))
    assert "3×3 (tied to [0..2].q.weight)" in text
    assert "2·3 (frozen)" in text
    csv = pc.render(from_module(Layer()), "csv")
    assert "mask not persistent" in csv


def test_many_tied_siblings_take_linear_time() -> None:
    model = nn.ModuleList(nn.Linear(2, 2, bias=False, device="meta") for _ in range(20_000))
    for layer in model:
        layer.weight = model[0].weight
    assert from_module(model).params == 4


def test_a_model_that_contains_itself() -> None:
    model = nn.Sequential(nn.Linear(2, 2))
    model.add_module("again", model)
    with pytest.raises(InvalidValue, match="again is the model itself"):
        from_module(model)
    inner = nn.Sequential(nn.Linear(2, 2))
    inner.add_module("again", inner)
    tree = from_module(nn.Sequential(inner))
    assert tree.params == 6
    assert tree.at("0.again").tied_to == "..0"
