"""Which values the shapes give the symbols, and what is said where they give none."""

from __future__ import annotations

from dataclasses import replace

import pytest
from torch import nn

import paramcalc as pc
from paramcalc.errors import InvalidValue
from paramcalc.rendering.verify import verification_text
from paramcalc.tree.block import Block
from paramcalc.tree.node import Argument
from paramcalc.verification.bindings import shared_places
from tests.verification.comparing import found


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


def test_sizes_that_no_shape_determines() -> None:
    a, b = pc.symbol("a"), pc.symbol("b")
    formula = Block("", "Net", (pc.TensorSpec("weight", (a + b,)),))
    result = pc.verify(formula, Block("", "Net", (pc.TensorSpec("weight", (7,)),)))
    assert [(each.what, each.name) for each in result.differences] == [("unknown", "a"), ("unknown", "b")]
    text = verification_text(result, "formula", "model").splitlines()
    assert text[0] == "the shapes of model do not determine a of formula; bind it, or give --set"
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


def test_what_cannot_be_determined_is_an_answer() -> None:
    i, o, n, m = (pc.symbol(name) for name in "ionm")
    linear = pc.layers.Linear(i, o)
    linear_of_0 = Block("", "Linear", (pc.TensorSpec("weight", (3, 0)), pc.TensorSpec("bias", (3,))))
    assert found(linear, linear_of_0) == [("unknown", "i")]
    assert found(linear, nn.ModuleDict({"x": nn.Linear(2, 3)})) == [("unknown", "i"), ("unknown", "o")]
    stack = pc.compose("Net", {"layers": Block(children=(pc.repeated(pc.layers.Linear(3, 3), n),))})
    assert found(stack, nn.ModuleDict({"layers": nn.ModuleList()})) == [("unknown", "n")]
    runs = [pc.repeated(pc.layers.Linear(3, 3), n), pc.repeated(pc.layers.Linear(3, 3), m, first=4)]
    both = Block("", "Net", children=tuple(runs))
    model = nn.ModuleList(nn.Linear(3, 3) for _ in range(6))
    assert found(both, model) == [("condition", "")]
    assert pc.verify(both, model).tensors == 0


def test_symbols_that_change_no_tensor_are_no_obstacle() -> None:
    heads = pc.symbol("heads")
    known = replace(pc.layers.Linear(4, 3), args=(Argument("heads", heads),))
    assert pc.verify(pc.layers.Linear(4, 3), known).holds
    assert pc.verify(known, pc.layers.Linear(4, 3)).holds


def test_shared_layers_determine_their_number() -> None:
    n = pc.symbol("n")
    first = pc.layers.Linear(3, 3).named("0")
    later = Block("{}", "Linear", repeat=n - 1, first=1, tied_to=".0")
    layer = nn.Linear(3, 3)
    result = pc.verify(Block("", "Net", children=(first, later)), nn.ModuleList([layer] * 6))
    assert result.holds
    assert result.values == {"n": 6}


def test_a_tree_is_no_later_place_of_what_is_beside_it() -> None:
    shared = Block("b", "Linear", tied_to=".a")
    whole = Block(children=(Block("a", "Linear", (pc.TensorSpec("weight", (3, 4)),)), shared))
    assert list(shared_places(whole)) == [("b", "a")]
    assert list(shared_places(shared)) == []
