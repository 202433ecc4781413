"""A program of one size is a plain floor up to a million where both are the same at every size, and else it stays."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from torch import nn

import paramcalc as pc
from paramcalc.errors import PreconditionFailed
from paramcalc.sizes.double.programs import Node
from paramcalc.sizes.parse import parse_expression
from paramcalc.sizes.program import compiled
from paramcalc.sizes.rounded64 import computed, rounded64
from paramcalc.sizes.symbols import symbol
from paramcalc.tracing import plain
from paramcalc.tracing.plain import MOST, plain_of
from tests.forms import agrees, evidence_of

W: Node = ("symbol", "w")
decimals = st.builds(lambda digits, places: digits / 10**places, st.integers(1, 9_999), st.integers(1, 6))
constants = decimals | st.builds(lambda a, b: a / b, st.integers(1, 40), st.integers(1, 40))
products = constants.map(lambda number: ("*", W, ("number", number)))
others = st.one_of(
    st.builds(lambda number, below: ("/", ("*", W, ("number", number)), ("number", below)), constants, constants),
    st.builds(lambda left, right: ("+", left, right), products, products),
    st.builds(lambda left, number: ("-", left, ("number", number)), products, constants),
    st.builds(lambda left, number: ("*", ("round", left), ("number", number)), products, constants),
)
programs = st.tuples(st.sampled_from(["floor", "ceil", "round", "trunc"]), products | others)


def rounded(constant: float) -> Callable[[int], nn.Module]:
    return lambda width: nn.Linear(int(width * constant), 3)


@settings(max_examples=25)
@given(programs, st.lists(st.integers(1, MOST), max_size=200))
@example(("round", ("*", W, ("number", 0.594586))), [])
@example(("trunc", ("*", W, ("number", 1 / 3))), [])
@example(("trunc", ("-", ("*", W, ("number", 0.25)), ("number", 8.3))), [1, 33, 34])
def test_what_is_plain_is_the_same_at_every_size(node: Node, sizes: list[int]) -> None:
    program: Any = computed(node, {"w": symbol("w")})
    found: Any = plain_of(program)
    if found is None:
        return
    assert not found.has(rounded64)
    for size in (*range(1, 300), *sizes, MOST):
        assert compiled(found)({"w": size}) == compiled(program)({"w": size})


@pytest.mark.parametrize(
    ("program", "expected"),
    [
        ("trunc64(0.594586*w)", "floor(297293*w/500000)"),
        ("trunc64(0.7*w)", None),  # 62 at 90
        ("ceil64(0.35*w)", "-floor(-7*w/20)"),
        ("trunc64(0.3333333333333333*w)", "floor(w/3)"),
        ("trunc64(w/3*7)", "floor(7*w/3)"),
        ("trunc64(0.9*n, n=8*w)", "floor(36*w/5)"),
        ("trunc64(0.3*w + 0.1*n, n=w//2)", None),  # 0 at 3
        ("round64(0.594586*w)", None),  # beyond the first thousand
        ("trunc64(1.4142135623730951*w)", None),  # no fraction that a reader would know
        ("trunc64(w ** 0.5)", None),
        ("gcd(w, 8)", None),
    ],
)
def test_the_simplest_fraction_of_a_constant_is_taken(program: str, expected: str | None) -> None:
    found = plain_of(parse_expression(program))
    assert (found if found is None else str(found)) == expected


def test_a_derived_floor_ends_at_a_million() -> None:
    build = rounded(0.594586)
    tree = pc.derive(build, {"width": 64})
    assert str(tree.params) == "3*floor(297293*width/500000) + 3"
    assert [str(each) for each in tree.preconditions] == ["1000000 >= width"]
    for width in (2, 999, MOST):
        assert agrees(build, tree, width=width)
    with pytest.raises(PreconditionFailed, match="floating point may round to another number"):
        tree.bind(width=MOST + 1)
    assert int(1_500_000 * 0.594586) != math.floor(1_500_000 * Fraction("0.594586"))
    assert pc.from_json(pc.render(tree, "json")) == tree


def test_what_no_fraction_says_stays_as_the_code_has_it() -> None:
    tree = pc.derive(rounded(0.7), {"width": 64})
    assert (str(tree.params), tree.preconditions) == ("3*trunc64(width*0.7) + 3", ())
    assert (int(10 * 0.7), int(90 * 0.7)) == (7, 62)


def test_beyond_a_million_and_for_two_sizes_it_stays() -> None:
    tree = pc.derive(rounded(0.594586), {"width": 1_500_000})
    assert (str(tree.params), tree.preconditions) == ("3*trunc64(width*0.594586) + 3", ())
    two = pc.derive(lambda width, rank: nn.Linear(int((width + rank) * 0.1), 3), {"width": 64, "rank": 30})
    assert (str(two.params), two.preconditions) == ("3*trunc64(n*0.1, n=rank + width) + 3", ())


def test_a_size_that_follows_and_conditions_are_plain_too() -> None:
    def build(width: int) -> nn.Module:
        if int(width * 0.1) < 3:
            raise ValueError("too small")
        return nn.Linear(int(width * 0.1), 3)

    tree = pc.derive(build, {"width": 64})
    assert {str(each) for each in tree.preconditions} == {"floor(width/10) >= 3", "1000000 >= width"}
    assert evidence_of(tree).fixed == {}


def test_without_numpy_it_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plain, "MOST", 4_000)
    monkeypatch.setitem(sys.modules, "numpy", None)
    alone = {text: plain_of.__wrapped__(parse_expression(text)) for text in ("trunc64(0.1*w)", "round64(0.009*w)")}
    monkeypatch.setitem(sys.modules, "numpy", np)
    assert alone == {text: plain_of.__wrapped__(parse_expression(text)) for text in alone}
    assert [each is None for each in alone.values()] == [False, True]
