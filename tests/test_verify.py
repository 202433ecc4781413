"""Two trees tensor by tensor: what agrees, what differs, and which values the symbols take."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch
from hypothesis import assume, given
from torch import nn

import amnl_reference
import paramcalc as pc
from paramcalc.errors import InvalidValue
from paramcalc.matching import bindings
from paramcalc.render.verify import verification_text
from paramcalc.tree import Block
from tests import trees
from tests.modules import modules
from tests.test_torch_module import Tied


def found(a: Block, b: Block | nn.Module, **options: bool) -> list[tuple[str, str]]:
    return [(each.what, each.name) for each in pc.verify(a, b, **options).differences]


@pytest.mark.parametrize(
    "sizes", [{}, {"lstm_hidden": 64, "lstm_layers": 1}, {"n_features": 5, "conv_channels": (8, 16, 24)}]
)
def test_the_specification_binds_to_the_reference(sizes: dict[str, Any]) -> None:
    model = amnl_reference.build(**sizes)
    result = pc.verify(pc.architecture("amnl", symbolic=True), model)
    assert result.holds
    assert result.params == sum(each.numel() for each in model.parameters())
    book = {"lstm_hidden": 128, "lstm_layers": 2, "n_features": 17, "kernel_size": 3, "conv_channels_2": 128}
    expected = {**book, **sizes}
    channels = expected.pop("conv_channels", None)
    if channels is not None:
        expected["conv_channels_2"] = channels[1]
    assert {name: result.values[name] for name in expected} == expected


@given(modules())
def test_a_model_agrees_with_itself(model: nn.Module) -> None:
    tree = pc.from_module(model)
    assert pc.verify(tree, model).holds
    assert pc.verify(pc.fold(tree), model).holds
    assert pc.verify(tree, pc.fold(tree), roles=False).holds


@given(trees.blocks(), trees.values())
def test_a_bound_tree_agrees_with_the_values_it_was_bound_to(tree: Block, values: dict[str, int]) -> None:
    at = {name: value for name, value in values.items() if name in tree.symbols}
    assume(all(at.values()))
    concrete = tree.bind(**at)
    read = bindings(tree, concrete)
    try:
        result = pc.verify(tree, concrete)
    except InvalidValue:
        assert read.keys() < tree.symbols
    else:
        assert result.holds or read != at


@given(modules())
def test_one_changed_tensor_is_the_one_that_is_named(model: nn.Module) -> None:
    tree = pc.from_module(model)
    names = [name for name, tensor in tree.tensors() if tensor.tied_to is None]
    tied = {tensor.tied_to for _, tensor in tree.tensors()}
    names = [name for name in names if name not in tied]
    assume(names)
    name = names[len(names) // 2]
    owner, _, last = name.rpartition(".")
    with torch.device("meta"):
        module = model.get_submodule(owner)
        old = getattr(module, last)
        new = torch.empty((*old.shape, 2), dtype=old.dtype)
        setattr(module, last, nn.Parameter(new, requires_grad=old.requires_grad) if last in module._parameters else new)
    assert found(tree, model) == [("shape", name)]


def test_both_sides_are_shown() -> None:
    formula = pc.compose("Net", {"a": pc.layers.Linear(4, 3), "b": pc.layers.Linear(3, 2)})
    model = nn.ModuleDict({"a": nn.Linear(4, 3), "c": nn.Linear(3, 3, bias=False)})
    result = pc.verify(formula, model)
    assert verification_text(result, "formula", "model").splitlines() == [
        "only in formula: b.weight (2, 3)",
        "only in formula: b.bias (2,)",
        "only in model: c.weight (3, 3)",
    ]
    assert not result.holds
    short = verification_text(result, "net", "net", most=1)
    assert short.splitlines() == ["only in net (A): b.weight (2, 3)", "... and 2 more differences (--all shows them)"]


def test_the_formula_of_a_shape_is_shown() -> None:
    h = pc.symbol("h")
    formula = pc.compose("Net", {"lstm": pc.layers.LSTM(64, h), "head": pc.layers.Linear(h, 3)})
    model = nn.ModuleDict({"lstm": nn.LSTM(17, 128), "head": nn.Linear(128, 3)})
    text = verification_text(pc.verify(formula, model), "formula", "model")
    assert "shape differs at lstm.weight_ih_l0: formula has (4*h, 64) = (512, 64), model has (512, 17)" in text
    assert "with h = 128" in text


def test_the_value_that_most_shapes_give_is_taken() -> None:
    d = pc.symbol("d")
    formula = pc.compose("Net", {name: pc.layers.Linear(d, d) for name in ("a", "b")})
    model = nn.ModuleDict({"a": nn.Linear(8, 5), "b": nn.Linear(8, 8)})
    result = pc.verify(formula, model)
    assert result.values == {"d": 8}
    assert [each.name for each in result.differences] == ["a.weight", "a.bias"]


def test_roles_and_ties_are_compared_and_may_be_left_out() -> None:
    tied, untied = Tied(), Tied()
    untied.head.weight = nn.Parameter(untied.head.weight.detach().clone())
    frozen = Tied().requires_grad_(False)
    tree = pc.from_module(tied)
    assert found(tree, untied) == [("tie", "head.weight")]
    assert found(tree, frozen) == [("role", "wte.weight"), ("role", "head.weight")]
    assert found(tree, untied, roles=False) == []
    assert found(tree, frozen, roles=False) == []
    text = verification_text(pc.verify(tree, untied), "A", "B")
    assert text == "tie differs at head.weight: A has tied to wte.weight, B has a tensor of its own"


def test_the_later_place_of_a_tie_may_be_missing_in_a_file() -> None:
    tree = pc.from_module(Tied())
    file = Block(children=(replace(tree.at("wte"), kind=""),))
    assert found(tree, file, roles=False) == []
    assert found(tree, file) == [("missing", "head.weight")]
    other = Block(children=(Block("head", own=(pc.TensorSpec("weight", (50, 8)),)),))
    assert found(tree, other, roles=False) == []


def test_another_first_place_is_the_same_tie() -> None:
    class Reversed(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.head = nn.Linear(8, 50, bias=False)
            self.wte = nn.Embedding(50, 8)
            self.wte.weight = self.head.weight

    assert found(pc.from_module(Tied()), Reversed()) == []


def test_shared_modules_are_compared_at_all_their_places() -> None:
    block = nn.Linear(3, 3)
    shared = nn.ModuleDict({"a": block, "b": block})
    apart = nn.ModuleDict({"a": nn.Linear(3, 3), "b": nn.Linear(3, 3)})
    tree = pc.from_module(shared)
    assert found(tree, shared) == []
    assert found(tree, apart) == [("tie", "b.weight"), ("tie", "b.bias")]
    assert found(pc.from_module(apart), shared) == [("tie", "b.weight"), ("tie", "b.bias")]
    assert found(tree, apart, roles=False) == []


def test_wrappers_are_looked_through() -> None:
    tree = pc.architecture("amnl")
    assert pc.verify(tree, nn.DataParallel(amnl_reference.build())).holds
    saved = pc.from_module(nn.DataParallel(amnl_reference.build()))
    assert pc.verify(tree, replace(saved, kind=""), roles=False).holds
    assert pc.verify(saved, amnl_reference.build()).holds


def test_sizes_that_no_shape_determines() -> None:
    a, b = pc.symbol("a"), pc.symbol("b")
    formula = Block("", "Net", (pc.TensorSpec("weight", (a + b,)),))
    with pytest.raises(InvalidValue, match=r"the shapes of the model do not determine a, b; bind it, or give --set"):
        pc.verify(formula, Block("", "Net", (pc.TensorSpec("weight", (7,)),)))
    with pytest.raises(InvalidValue, match="its sizes a, b are not known; expected a second tree of numbers"):
        pc.verify(formula, formula)


def test_a_model_for_which_the_formula_does_not_hold() -> None:
    d, heads = pc.symbol("d"), 4
    formula = pc.layers.MultiheadAttention(d, heads)
    result = pc.verify(formula, nn.MultiheadAttention(6, 2))
    assert not result.holds
    assert "no model of formula has the sizes of model: d=6: 6 is not divisible by 4" in verification_text(
        result, "formula", "model"
    )
