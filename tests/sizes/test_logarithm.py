"""Whole parts of logarithms, and powers of them: their law, their text, arrays of them."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st

import paramcalc as pc
from paramcalc import Block, TensorSpec, symbol
from paramcalc.errors import InvalidValue, ParamcalcError, PreconditionFailed
from paramcalc.sizes.conditions import Condition
from paramcalc.sizes.logarithm import ilog, ipow, logarithm
from paramcalc.sizes.parse import parse_exact
from paramcalc.sizes.symbols import as_expr, same

F, S = symbol("f"), symbol("s")
TEXTS = [
    "3*ilog(f, 2) - 1",
    "f/s**ilog(f, 2)",
    "floor(f/2**ilog(s, 2))",
    "s**ilog(f, 3)*f + 2",
    "(s**ilog(f, 2))**2",
    "f*(s + 2)**ilog(f, 2)",
]
PAIRS = st.tuples(st.integers(1, 10**15), st.integers(2, 10**15))


NEAR = st.builds(
    lambda base, power, more: (max(1, base**power + more), base),
    st.integers(2, 9),
    st.integers(0, 30),
    st.integers(-1, 1),
)


@given(st.one_of(PAIRS, NEAR))
def test_a_logarithm_is_the_exponent_of_the_largest_power_that_is_no_larger(pair: tuple[int, int]) -> None:
    x, base = pair
    found = logarithm(x, base)
    assert type(found) is int
    assert base**found <= x < base ** (found + 1)
    assert ilog(x, base) == found


@given(st.lists(PAIRS, min_size=1, max_size=6))
def test_logarithms_of_arrays_are_those_of_their_numbers(pairs: list[tuple[int, int]]) -> None:
    tree = Block(own=(TensorSpec("table", (ilog(F, S) + 1, 3)),))
    f, s = (np.array(column) for column in zip(*pairs, strict=True))
    expected = [tree.bind(f=x, s=base).params for x, base in pairs]
    assert pc.evaluate(tree, {"f": f, "s": s}).tolist() == expected
    assert pc.evaluate(tree, {"f": f.astype(object), "s": s.astype(object)}).tolist() == expected


@given(st.lists(st.tuples(st.integers(1, 10**6), st.integers(1, 50)), min_size=1, max_size=6))
def test_powers_of_arrays_are_those_of_their_numbers(pairs: list[tuple[int, int]]) -> None:
    tree = Block(own=(TensorSpec("table", (ipow(S, ilog(F, 2)), 3)),))
    f, s = (np.array(column) for column in zip(*pairs, strict=True))
    expected = [3 * base ** (x.bit_length() - 1) for x, base in pairs]
    assert [tree.bind(f=x, s=base).params for x, base in pairs] == expected
    fits = max(expected) < 2**63
    if fits:
        assert pc.evaluate(tree, {"f": f, "s": s}).tolist() == expected
    else:
        with pytest.raises(pc.errors.CountOverflow):
            pc.evaluate(tree, {"f": f, "s": s})
    assert pc.evaluate(tree, {"f": f.astype(object), "s": s.astype(object)}).tolist() == expected


@pytest.mark.parametrize("text", TEXTS)
def test_their_text_reads_back(text: str) -> None:
    size: Any = parse_exact(text)
    assert same(parse_exact(str(size)), size)
    for f in (1, 2, 7, 8, 9, 80, 81):
        for s in (1, 2, 5):
            names = {"ilog": lambda x, base: int(math.log(x + 0.5, base)), "floor": math.floor, "s": s}
            expected = eval(text, {**names, "f": Fraction(f)})  # the text is the test's own
            assert size.xreplace({F: sympy.Integer(f), S: sympy.Integer(s)}) == sympy.Rational(expected), (f, s)


def test_a_tree_with_them_is_kept_in_files() -> None:
    sizes = (as_expr(parse_exact("3*ilog(f, 2) + 1")), as_expr(parse_exact("s**ilog(f, 2)")))
    tree = Block(own=(TensorSpec("weight", sizes),), children=(Block("{}", "Linear", repeat=ilog(F, S)),))
    assert pc.from_json(pc.to_json(tree)) == tree
    assert [str(each) for each in tree.preconditions] == ["s >= 2"]
    wider = tree.bind(s=F + 2)
    assert pc.from_json(pc.to_json(wider)) == wider
    assert tree.bind(f=8, s=3).params == 10 * 27


def test_their_latex_is_that_of_a_logarithm_rounded_down() -> None:
    tree = Block(own=(TensorSpec("weight", (S * ilog(F, 2), ipow(S, ilog(F, 2)))),))
    text = pc.formula(tree).latex()
    assert r"\left\lfloor \log_{2} f \right\rfloor" in text
    assert r"s^{\left\lfloor \log_{2} f \right\rfloor}" in text


@pytest.mark.parametrize("text", ["f**f", "f**(f - 1)", "2**f", "ilog(f)", "ilog(f, 2, 3)", "f**(2*ilog(f, 2))"])
def test_other_exponents_and_arguments_are_refused(text: str) -> None:
    with pytest.raises(InvalidValue, match="cannot read"):
        parse_exact(text)


@pytest.mark.parametrize(("x", "base"), [(0, 2), (-3, 2), (8, 1), (8, 0)])
def test_no_logarithm_of_less_than_1_or_to_a_base_below_2(x: int, base: int) -> None:
    with pytest.raises(InvalidValue, match="a logarithm of less than 1, or to a base below 2"):
        logarithm(x, base)
    with pytest.raises(InvalidValue):
        logarithm(np.array([8, x]), np.array([2, base]))
    tree = Block(own=(TensorSpec("weight", (1 + ilog(F + 4, S), 2)),))
    if x == 8:
        with pytest.raises(ParamcalcError):
            tree.bind(f=4, s=base)


def test_a_condition_says_what_a_logarithm_needs() -> None:
    tree = Block(own=(TensorSpec("weight", (1 + ilog(F - 4, 2), 2)),))
    assert [str(each) for each in tree.preconditions] == ["f - 4 >= 1"]
    with pytest.raises(PreconditionFailed):
        tree.bind(f=4)
    assert tree.bind(f=5).params == 2


def test_a_budget_is_solved_for_logarithms() -> None:
    tree = Block(own=(TensorSpec("weight", (ilog(F, 2), S)),))
    assert pc.solve(tree.bind(s=3), "f", budget=100) == 2**34 - 1
    assert pc.solve(tree.bind(f=9), "s", budget=100) == 33
    third = Condition(ilog(F, 2), "divisible by", 3, "every third")  # those of 16 to 50 do not meet it
    assert pc.solve(Block(own=(TensorSpec("weight", (F, 2)),), conditions=(third,)), "f", budget=100) == 15
