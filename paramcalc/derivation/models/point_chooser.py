"""Which of several points tells most of a form: one at which its quotients are not whole, of sizes like no others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from math import gcd, log2
from typing import Any

from paramcalc.sizes.conditions import Condition
from paramcalc.sizes.point import Point, tested
from paramcalc.sizes.symbols import canonical

ENOUGH = 8  # points at which a quotient is not whole


class PointChooser:
    """Chooses among points by how many quotients are rounded there that were rounded at few points before.

    Where all are whole, a number rounded up, down or twice is the same. So it is where sizes are multiples of a part of
    those at the base, for code that rounds unseen.

    >>> from paramcalc.sizes.symbols import floored, symbol
    >>> chooser = PointChooser([floored(symbol("d") + 4, 8)], {"d": 64})
    >>> chooser.most_informative([{"d": 96}, {"d": 100}, {"d": 102}])
    {'d': 102}
    """

    def __init__(self, rounded: Iterable[Any], base: Point) -> None:
        import sympy

        quotients = {each.args[0].as_coeff_Add()[1] for each in rounded if isinstance(each, sympy.floor)}
        sides = sorted((sympy.fraction(sympy.together(each)) for each in quotients), key=str)
        self.whole = [tested(Condition(canonical(above), "divisible by", canonical(below))) for above, below in sides]
        self.base = base
        self.seen: Counter[int] = Counter()

    def saw(self, point: Point) -> None:
        """Count what is rounded at a point that is used."""
        self.seen.update(number for number, whole in enumerate(self.whole) if not whole(point))

    def most_informative(self, points: Sequence[Point]) -> Point:
        """Return the point that tells most, of several the first."""
        few = [whole for number, whole in enumerate(self.whole) if self.seen[number] < ENOUGH]
        return max(points, key=lambda point: (sum(not whole(point) for whole in few), -self._shared(point)))

    def _shared(self, point: Point) -> float:
        """How much sizes have in common with those at the base."""
        return sum(log2(gcd(size, self.base[name])) for name, size in point.items() if type(size) is int)
