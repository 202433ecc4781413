"""Binding: counts are those of the substituted symbols, and what the conditions exclude is refused."""

from __future__ import annotations

import pytest
from hypothesis import assume, given

import paramcalc as pc
from paramcalc import Block, TensorSpec, symbol
from paramcalc.errors import InvalidValue, PreconditionFailed, UnknownName
from paramcalc.sizes.symbols import substitute, sympified
from paramcalc.testing import block_trees as trees
from tests.tree.trees import COUNTS, bound


@given(trees.blocks(), trees.values())
def test_bind_then_count_is_count_then_substitute(tree: Block, values: dict[str, int]) -> None:
    mapping = sympified(values)
    for count in COUNTS:
        assert getattr(bound(tree, values), count) == substitute(getattr(tree, count), mapping), count


@given(trees.blocks(), trees.values())
def test_two_symbols_may_change_places(tree: Block, values: dict[str, int]) -> None:
    assume({"a", "b"} <= tree.symbols)
    swapped = tree.bind(a=symbol("b"), b=symbol("a"))
    assert bound(swapped, {**values, "a": values["b"], "b": values["a"]}).params == bound(tree, values).params


def test_bind_refuses_what_the_conditions_exclude() -> None:
    d = symbol("d")
    attention = pc.layers.MultiheadAttention(d, 8)
    assert [str(each) for each in attention.preconditions] == ["d divisible by 8"]
    assert attention.bind(d=16).preconditions == ()
    with pytest.raises(PreconditionFailed, match=r"d=12: 12 is not divisible by 8; expected d divisible by 8"):
        attention.bind(d=12)
    with pytest.raises(UnknownName, match="unknown symbol 'dd'; did you mean 'd'"):
        attention.bind(dd=8)
    with pytest.raises(InvalidValue, match=r"d: got 0; expected a size of 1 or more"):
        attention.bind(d=0)


def test_bind_to_an_expression_keeps_and_adds_conditions() -> None:
    h = symbol("h")
    attention = pc.layers.MultiheadAttention(symbol("d"), 8).bind(d=h - 2)
    assert {str(each) for each in attention.preconditions} == {"h - 2 divisible by 8", "h - 2 >= 1"}
    with pytest.raises(PreconditionFailed, match="h=2: 0 is not at least 1"):
        attention.bind(h=2)


def test_bind_refuses_a_dimension_that_is_not_whole() -> None:
    half = Block(own=(TensorSpec("w", (symbol("n") / 2,)),))
    assert half.bind(n=4).params == 2
    with pytest.raises(PreconditionFailed, match=r"n=3: 3 is not divisible by 2; expected n divisible by 2"):
        half.bind(n=3)
    with pytest.raises(InvalidValue, match=r"shape of w: m \+ 1/2 is not always an integer"):
        half.bind(n=2 * symbol("m") + 1)
