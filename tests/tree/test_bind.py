"""Binding: counts are those of the substituted symbols, and what the conditions exclude is refused."""

from __future__ import annotations

from typing import Any

import pytest
import sympy
from hypothesis import assume, given

import paramcalc as pc
from paramcalc import Block, TensorSpec, symbol
from paramcalc.errors import InvalidValue, PreconditionFailed, UnknownName
from paramcalc.sizes.conditions import Condition
from paramcalc.sizes.symbols import substitute, sympified
from paramcalc.testing import block_trees as trees
from paramcalc.tree.node import Argument
from paramcalc.tree.preconditions import preconditions_of
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


N = symbol("n")
W = TensorSpec("w", (3,))


@pytest.mark.parametrize(
    ("block", "value", "left"),
    [
        (Block("x", own=(W,), repeat=N - 1), 1, 0),
        (Block("x", own=(W,), repeat=N - 1), 2, 1),
        (Block("", own=(W,), repeat=N - 1), 1, 0),
        (Block("x{}", own=(W,), repeat=N - 1), 1, 1),
        (Block("x{}", own=(W,), repeat=N - 1), 3, 1),
        (Block("x", own=(TensorSpec("w", (N - 1,)),)), 1, 1),
        (Block("x", own=(W,), repeat=N - 1), N + 1, 1),
    ],
)
def test_a_block_that_is_not_there_is_left_out(block: Block, value: Any, left: int) -> None:
    found = Block(children=(Block("other"), block)).bind(n=value)
    assert len(found.children) == 1 + left


@pytest.mark.parametrize(
    ("given", "bound_to"),
    [
        (Argument("a", N), Argument("a", 4)),
        (Argument("a", N, 4), None),
        (Argument("a", N, 5), Argument("a", 4, 5)),
        (Argument("a", 3, 3), None),
        (Argument("a", None), Argument("a", None)),
        (Argument("a", False, True), Argument("a", False, True)),
        (Argument("", (N, (2 * N, "relu")), (1, 2)), Argument("", (4, (8, "relu")), (1, 2))),
        (Argument("a", (N, 3), (4, 3)), None),
        (Argument("a", "same", "zeros"), Argument("a", "same", "zeros")),
    ],
)
def test_arguments_are_bound_and_left_out_at_their_defaults(given: Argument, bound_to: Argument | None) -> None:
    tree = Block("", "Kind", (TensorSpec("w", (N,)),), args=(Argument("first", 7), given))
    assert tree.bind(n=4).args == (Argument("first", 7), *([bound_to] if bound_to else []))
    assert tree.symbols == {"n"}


@pytest.mark.parametrize("value", [N, (N, 1), (1, (2, N))])
def test_symbols_of_arguments_are_those_of_the_tree(value: Any) -> None:
    tree = Block("", "Kind", args=(Argument("a", value), Argument("b", "n"), Argument("c", None)))
    assert tree.symbols == {"n"}
    assert tree.bind(n=3).symbols == frozenset()


def test_every_size_of_a_tree_is_bound() -> None:
    sizes = {"repeat": symbol("a"), "first": symbol("b") - 1, "step": symbol("c"), "run": symbol("d")}
    conditions = (Condition(symbol("e"), ">=", 3), Condition(symbol("e"), "divisible by", symbol("f")))
    tree = Block(children=(Block("x{}", own=(TensorSpec("w", (symbol("g"),)),), conditions=conditions, **sizes),))
    assert tree.symbols == set("abcdefg")
    found = tree.bind(a=6, b=3, c=5, d=2, e=9, g=7)
    (child,) = found.children
    assert child.numbers == {"repeat": 6, "first": 2, "step": 5, "run": 2}
    assert child.own[0].shape == (7,)
    assert [str(each) for each in child.conditions] == ["9 divisible by f"]
    assert tree.bind() is tree
    assert found.bind(f=3).conditions == ()


def test_what_a_value_asks_is_kept_at_the_root() -> None:
    tree = Block(children=(Block("x", own=(TensorSpec("w", (symbol("d"),)),)),))
    assert [str(each) for each in tree.bind(d=N - 2).conditions] == ["n - 2 >= 1"]
    assert tree.bind(d=N).conditions == ()
    assert tree.bind(d=3).conditions == ()


ONE_OR_NONE = "without a number in its name there is one or none"


@pytest.mark.parametrize(
    ("repeat", "asked"),
    [
        (N, [f"1 >= n: {ONE_OR_NONE}"]),
        (N - 1, [f"1 >= n - 1: {ONE_OR_NONE}"]),
        (2 * N - 1, [f"1 >= 2*n - 1: {ONE_OR_NONE}"]),
        (sympy.Min(1, N), []),
        (sympy.Min(N - 1, 1), []),
        (sympy.Min(N - 2, 1), ["Min(1, n - 2) >= 0: a size is not negative"]),
        (sympy.Min(2, N), [f"1 >= Min(2, n): {ONE_OR_NONE}"]),
        (sympy.Max(0, 2 - N), []),
        (sympy.Max(0, 3 - N), [f"1 >= Max(0, 3 - n): {ONE_OR_NONE}"]),
        (2 - N, ["2 - n >= 0: a size is not negative"]),
        (0, []),
    ],
)
def test_a_block_without_a_number_is_there_once_or_not_at_all(repeat: Any, asked: list[str]) -> None:
    tree = Block(children=(Block("x", own=(W,), repeat=repeat),))
    assert {f"{each}: {each.reason}" for each in preconditions_of(tree)} == set(asked)
    numbered = Block(children=(Block("x{}", own=(W,), repeat=repeat),))
    assert not any(ONE_OR_NONE in each.reason for each in numbered.preconditions)


def test_conditions_come_from_every_size() -> None:
    a, b, c, d, e = map(symbol, "abcde")
    block = Block("x{}", own=(TensorSpec("w", (e / 2,)),), repeat=a - 3, first=b - 3, step=c, run=d - 3)
    stated = (Condition(12, "divisible by", a - 7, "a reason"),)
    tree = Block("", "Kind", children=(block,), conditions=stated)
    assert [str(each) for each in tree.preconditions] == [
        "a - 7 >= 1",
        "12 divisible by a - 7",
        "e divisible by 2",
        "b - 3 >= 0",
        "d - 3 >= 0",
    ]
