"""Sizes that need no condition are never negative and divide by nothing that may be zero."""

from __future__ import annotations

import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st

from paramcalc import TensorSpec, symbol
from paramcalc.errors import InvalidValue
from paramcalc.sizes.parse import parse_exact
from paramcalc.sizes.soundness import sound_size

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
