"""Numbers as expressions: the simplest that has exactly these at every point."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import paramcalc as pc
from paramcalc.derivation.fitting.fitter import Fitter
from paramcalc.sizes.symbols import substitute, sympified

POINTS = st.lists(
    st.fixed_dictionaries({"a": st.integers(1, 30), "b": st.integers(1, 30)}),
    min_size=8,
    max_size=12,
    unique_by=lambda point: (point["a"], point["b"]),
)


def test_the_simplest_expression_is_taken() -> None:
    points = [
        {"d": 8 * a, "h": b, "k": c} for a, b, c in ((1, 2, 1), (3, 4, 2), (5, 3, 3), (2, 7, 5), (7, 5, 4), (4, 6, 7))
    ]
    fitter = Fitter(points)
    for wanted in ("d", "3*d", "d*h", "d*k/4", "d + 3*h", "d*h + 1", "Max(d, 20)"):
        size = pc.symbol("d") if wanted == "d" else None
        values = [eval(wanted, {"Max": max}, dict(point)) for point in points]  # the text is the test's own
        found: Any = fitter.fit([int(value) for value in values])
        assert found is not None
        assert size is None or found == size
        assert [int(pc.symbol("d") * 0 + found.subs({pc.symbol(k): v for k, v in p.items()})) for p in points] == values
    assert fitter.fit([3, 1, 4, 1, 5, 9]) is None


KINDS: dict[str, Callable[[int, int], int]] = {
    "a line": lambda a, b: 3 * a + 5,
    "a product": lambda a, b: 2 * a * b,
    "a sum": lambda a, b: a + 4 * b + 1,
    "a rounded quotient": lambda a, b: 4 * (a * b // 7),
    "the larger": lambda a, b: max(a, 2 * b),
    "what is above the least": lambda a, b: max(7, 2 * a - 3),
    "what is left": lambda a, b: max(0, a + 2 * b - 30),
    "a square": lambda a, b: (a // 2) ** 2 + 1,
}


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_fitted_has_the_numbers(kind: str) -> None:
    @given(POINTS, st.dictionaries(st.integers(0, 7), st.just(0) | st.integers(0, 50), max_size=2))
    def holds(points: list[dict[str, int]], others: dict[int, int]) -> None:
        values = [KINDS[kind](point["a"], point["b"]) for point in points]
        for number, value in others.items():
            values[number] = value
        fitter = Fitter(points)
        for found in (fitter.fit(values), fitter.plain(values)):
            assert found is None or [substitute(found, sympified(point)) for point in points] == values

    holds()
