"""Exact answers about a polynomial of one integer: where it is at least 0, and its last real root."""

from __future__ import annotations

import math
from typing import Any


def largest_root(poly: Any) -> int | None:
    """Return the floor of the largest real root of a polynomial with rational coefficients, None where it has none.

    >>> import sympy
    >>> from paramcalc.sizes.symbols import symbol
    >>> largest_root(sympy.Poly(symbol("x") ** 2 - 2))
    1
    """
    spans = _root_spans(poly)
    if not spans:
        return None
    low, high = spans[-1]
    return high if poly.eval(high) == 0 else min(high, max(low, _floor_in(poly, low, high)))


def nonnegative(poly: Any, low: int) -> list[tuple[int, int | None]]:
    """Return the runs of integers from `low` on where a polynomial is at least 0; None is an end at infinity.

    >>> import sympy
    >>> from paramcalc.sizes.symbols import symbol
    >>> nonnegative(sympy.Poly(30 - symbol("x") ** 2), 1)
    [(1, 5)]
    """
    special = sorted({point for span in _root_spans(poly) for point in range(span[0], span[1] + 1) if point >= low})
    runs: list[tuple[int, int | None]] = []
    start = low
    for point in special:
        if start < point:
            runs.append((start, point - 1))
        runs.append((point, point))
        start = point + 1
    runs.append((start, None))
    return _joined([run for run in runs if poly.eval(run[0]) >= 0])


def intersect(a: list[tuple[int, int | None]], b: list[tuple[int, int | None]]) -> list[tuple[int, int | None]]:
    """Return the runs of integers that lie in both lists.

    >>> intersect([(1, 5), (8, None)], [(4, 9)])
    [(4, 5), (8, 9)]
    """
    both = []
    for low_a, high_a in a:
        for low_b, high_b in b:
            low = max(low_a, low_b)
            highs = [high for high in (high_a, high_b) if high is not None]
            if not highs or low <= min(highs):
                both.append((low, min(highs) if highs else None))
    return sorted(both)


def _root_spans(poly: Any) -> list[tuple[int, int]]:
    """For each real root, integers around it less than 3 apart."""
    import sympy

    if poly.degree() <= 0:
        return []
    isolated = poly.set_domain(sympy.QQ).intervals(eps=sympy.Rational(1, 4))
    return sorted((math.floor(low), math.ceil(high)) for (low, high), _ in isolated)


def _floor_in(poly: Any, low: int, high: int) -> int:
    """The last integer of a span before the polynomial takes the sign that it keeps ever after."""
    sign = poly.eval(high) > 0
    return max((point for point in range(low, high) if (poly.eval(point) > 0) != sign), default=low)


def _joined(runs: list[tuple[int, int | None]]) -> list[tuple[int, int | None]]:
    joined: list[tuple[int, int | None]] = []
    for low, high in runs:
        if joined and joined[-1][1] is not None and joined[-1][1] + 1 == low:
            joined[-1] = (joined[-1][0], high)
        else:
            joined.append((low, high))
    return joined
