"""Sizes that need no condition are never negative and divide by nothing that may be zero."""

from __future__ import annotations

import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st

from paramcalc import TensorSpec, symbol
from paramcalc.errors import InvalidValue
from paramcalc.sizes.conditions import Condition
from paramcalc.sizes.parse import parse_exact
from paramcalc.sizes.soundness import sound_divisor, sound_size

PARTS = st.recursive(
    st.one_of(st.sampled_from([symbol("n"), symbol("m")]), st.integers(1, 4).map(sympy.Integer)),
    lambda inner: st.one_of(
        st.builds(sympy.Max, inner, inner),
        st.builds(sympy.Min, inner, inner),
        st.builds(lambda a, k: sympy.floor(a / k), inner, st.integers(2, 4)),
        st.builds(lambda a, b, k: a + k * b, inner, inner, st.integers(-2, 2)),
        st.builds(lambda a, k: a - k, inner, st.integers(1, 4)),
    ),
    max_leaves=5,
)


@given(PARTS)
def test_what_needs_no_condition_is_never_negative(size: sympy.Expr) -> None:
    held = not sound_size(size)
    values = [
        int(size.xreplace({symbol("n"): sympy.Integer(n), symbol("m"): sympy.Integer(m)}))
        for n in range(1, 9)
        for m in (1, 2, 3, 7)
    ]
    assert min(values) >= 0 or not held


SOUND = {
    "Min(1, Max(3, n) - 3)": True,
    "Min(1, Max(3, n) - 4)": False,
    "2*Max(2, n) - 4 + m": True,
    "3 - Max(3, n)": False,
    "Min(m, n - 1)": True,
    "Min(m, n - 2)": False,
    "floor(n/2) + Max(1, m) - 1": True,
    "floor(Max(2, n)/3 - 1/3)": True,
    "floor(Max(2, n)/3 - 1)": False,
}


@pytest.mark.parametrize("text", SOUND)
def test_what_is_seen_to_be_never_negative(text: str) -> None:
    assert (sound_size(parse_exact(text)) == ()) is SOUND[text]


def test_a_divisor_that_may_be_zero_is_refused() -> None:
    for text in ("12 + h//(n%2)", "h//(n-3)", "12 + Mod(h, n-3)", "h/(n-3)"):
        with pytest.raises(InvalidValue, match="divides by"):
            TensorSpec("w", (parse_exact(text),))


NEGATIVE, WHOLE = "a size is not negative", "a size is whole"
CONDITIONS: dict[str, list[str]] = {
    "h": [],
    "h - 1": [],
    "h - 3": [f"h - 3 >= 0: {NEGATIVE}"],
    "3*h - 9": [f"h - 3 >= 0: {NEGATIVE}"],
    "h/2 - 1": [f"h - 2 divisible by 2: {WHOLE}", f"h - 2 >= 0: {NEGATIVE}"],
    "64/h": [f"64 divisible by h: {WHOLE}"],
    "h/g": [f"h divisible by g: {WHOLE}"],
    "(h - 1)/(g + 1)": [f"h - 1 divisible by g + 1: {WHOLE}"],
    "h//3": [],
    "h//g": [],
    "(h*g)//n": [],
    "(h - 1)//2": [],
    "(h - 5)//3": [f"floor(h/3 - 5/3) >= 0: {NEGATIVE}"],
    "-(h//3)": [f"-floor(h/3) >= 0: {NEGATIVE}"],
    "h - h//3": [],
    "2*h - 3*(h//3)": [],
    "h - 2*(h//2)": [],
    "h - 3*(h//2)": [f"h - 3*floor(h/2) >= 0: {NEGATIVE}"],
    "h - g//n": [f"h - floor(g/n) >= 0: {NEGATIVE}"],
    "4*h//3 - h": [],
    "(h - 4)//2*g + 2*g": [],
    "(h//2)*(g//2)": [],
    "h*g - h": [],
    "h*g - g - h + 1": [],
    "h*g - g - h": [f"g*h - g - h >= 0: {NEGATIVE}"],
    "h**2 - h": [],
    "Max(h - 9, 0)": [],
    "Max(h - 3, 2) - 2": [],
    "Max(h - 3, 2) - 3": [f"Max(2, h - 3) - 3 >= 0: {NEGATIVE}"],
    "3*Max(h - 3, 2) - 6": [],
    "9 - Max(h, 3)": [f"9 - Max(3, h) >= 0: {NEGATIVE}"],
    "Max(h, g) - h": [f"-h + Max(g, h) >= 0: {NEGATIVE}"],
    "Min(h, g)": [],
    "Min(h - 3, g)": [f"Min(g, h - 3) >= 0: {NEGATIVE}"],
    "ilog(h, 2)": [],
    "ilog(h - 4, g)": ["h - 4 >= 1: a logarithm is of 1 or more", "g >= 2: a logarithm is to a base of 2 or more"],
    "ilog(n - 4, 3) + ilog(h - 4, 2)": [
        "h - 4 >= 1: a logarithm is of 1 or more",
        "n - 4 >= 1: a logarithm is of 1 or more",
    ],
}


@pytest.mark.parametrize("text", CONDITIONS)
def test_a_size_has_the_conditions_that_it_needs(text: str) -> None:
    assert [f"{each}: {each.reason}" for each in sound_size(parse_exact(text))] == CONDITIONS[text]


@pytest.mark.parametrize(
    ("right", "needed"),
    [
        ("h - 3", ["h - 3 >= 1: a divisor is 1 or more"]),
        ("h//2", ["floor(h/2) >= 1: a divisor is 1 or more"]),
        ("h", []),
    ],
)
def test_a_divisor_is_1_or_more(right: str, needed: list[str]) -> None:
    division = Condition(symbol("n"), "divisible by", parse_exact(right))
    assert [f"{each}: {each.reason}" for each in sound_divisor(division)] == needed
    assert sound_divisor(Condition(symbol("n"), ">=", parse_exact(right))) == ()
    assert sound_divisor(Condition(symbol("n"), "divisible by", 4)) == ()
