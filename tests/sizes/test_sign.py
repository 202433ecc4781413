"""What is shown to be never negative is 0 or more for all sizes: squares, sums of them, and rounded quotients."""

from __future__ import annotations

from itertools import product

import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st

from paramcalc import symbol
from paramcalc.sizes.conditions import Condition
from paramcalc.sizes.parse import parse_exact
from paramcalc.sizes.program import compiled
from paramcalc.sizes.sign import is_nonnegative

A, B, C = (symbol(name) for name in "abc")
POINTS = [dict(zip("abc", values, strict=True)) for values in product((1, 2, 3, 4, 7), (1, 2, 3, 5), (1, 2, 5))]
ATOMS = st.sampled_from([A, B, C, sympy.floor(A / 2), sympy.floor((A - B) / 3), sympy.Integer(1)])
LINEAR = st.builds(
    lambda numbers, atoms: sum(number * atom for number, atom in zip(numbers, atoms, strict=True)),
    st.lists(st.integers(-3, 3), min_size=3, max_size=3),
    st.lists(ATOMS, min_size=3, max_size=3),
)
POLYNOMIALS = st.builds(lambda a, b, c, d: sympy.expand(a * b + c * d), LINEAR, LINEAR, LINEAR, LINEAR)
QUOTIENTS = st.builds(
    lambda a, b, c: sympy.expand(b * sympy.floor(a / b) + c), LINEAR, st.sampled_from([B, 2 * C]), LINEAR
)


@given(POLYNOMIALS | QUOTIENTS)
def test_what_is_shown_to_be_never_negative_is_not(expr: sympy.Expr) -> None:
    if is_nonnegative(expr):
        assert min(compiled(expr)(point) if expr.free_symbols else int(expr) for point in POINTS) >= 0


@given(LINEAR, LINEAR, LINEAR)
def test_sums_of_squares_of_what_is_linear_are_never_negative(a: sympy.Expr, b: sympy.Expr, c: sympy.Expr) -> None:
    for expr in (a**2, a**2 + b**2, a**2 + b**2 + c**2):
        assert is_nonnegative(sympy.expand(expr))


SHOWN = {
    "a**2 - 4*a*b + 4*b**2": True,
    "a**2 - a*b + b**2": True,
    "a**2 - 2*a*b + b**2 + c": True,
    "a**2*c - 4*a*b*c + 4*b**2*c": True,
    "a**2*b**2 - 2*a*b*c + c**2 + a": True,
    "a**4 - 4*a**3*b + 6*a**2*b**2 - 4*a*b**3 + b**4": True,
    "(a//2)**2 - 2*b*(a//2) + b**2": True,
    "b*floor(a/b - 1/b) + b": True,
    "floor(a/b - 1/b)": True,
    "a*b - a - b + 1": True,
    "a**2 - 3*a*b + b**2": False,
    "a**2 - 2*a*b + b**2 - 1": False,
    "a**2 - 2*a*b + b**2 - c": False,
    "a**2*c - 4*a*b*c + 4*b**2*c - 1": False,
    "b*floor(a/b - 1/b) + b - 1": True,
    "b*floor(a/b - 2/b) + b - 1": False,
    "2*a*b - a**2 - b**2": False,
    "a**2*b - 2*a*b**2": False,
    "a**2 - 2*a*b": False,
    "a**2 - 2*a*b + b**2 - 2*b*c + c**2": False,
}


@pytest.mark.parametrize("text", SHOWN)
def test_what_is_shown_to_hold_is_no_condition(text: str) -> None:
    expr = parse_exact(text)
    assert (Condition(expr, ">=", 0).holds is True) is SHOWN[text]
    assert (min(compiled(expr)(point) for point in POINTS) >= 0) is SHOWN[text]
