"""Numbers seen at several points as one expression: one that is known, one that the code met, or one that is fitted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from math import isqrt

from paramcalc.derivation.fitting.fitter import Fitter
from paramcalc.derivation.fitting.hints import Hints
from paramcalc.derivation.fitting.misfit import Unfit
from paramcalc.sizes.point import Point
from paramcalc.sizes.symbols import Size, canonical, floored


class Sizes:
    """Fits numbers that were seen at points; `hints` are sizes that are known at the first of them."""

    def __init__(self, points: Sequence[Point], hints: Hints) -> None:
        self.points = tuple(points)
        self.hints = hints
        self.fitters: dict[tuple[int, ...], Fitter] = {}

    def fit(self, numbers: Mapping[int, int], what: str, where: str, known: Sequence[Size] = ()) -> Size:
        """The expression for numbers seen at some points: a known one, a plain one, one of the pool, or another."""
        seen = tuple(numbers)
        if seen not in self.fitters:
            self.fitters[seen] = Fitter([self.points[each] for each in seen])
        fitter = self.fitters[seen]
        values = list(numbers.values())
        size = next((each for each in known if fitter.meets(each, values)), None)
        if size is None:
            size = fitter.plain(values)
        if size is None and 0 in numbers:
            size = next((each for each in self._met(numbers[0]) if fitter.meets(each, values)), None)
        if size is None:
            size = fitter.fit(values)
        if size is None:
            size = fitter.line((*self.hints.logarithms, *self._beside(numbers)), values)
        if size is None:
            shown = "; ".join(
                f"{value} at {', '.join(f'{name}={point[name]}' for name in fitter.relevant(values))}"
                for value, point in list(zip(values, fitter.points, strict=True))[:6]
            )
            problem = f"{what} follows no expression that was tried: {shown}"
            raise Unfit(problem, where=where or "the model", names=fitter.relevant(values), numbers=numbers)
        return size

    def _met(self, value: int) -> list[Size]:
        """The numbers of a value that the code met, and the squares of those whose square it is."""
        root = isqrt(value)
        squares = [canonical(each**2) for each in self.hints.pool(root)] if root**2 == value else []
        return [*self.hints.pool(value), *squares]

    def _beside(self, numbers: Mapping[int, int]) -> list[Size]:
        """The numbers that the code met of which a number is a small multiple, and a little more or less."""
        found = product(range(1, 5), range(-1, 3)) if 0 in numbers else ()
        return [
            each
            for by, more in found
            if not (numbers[0] - more) % by
            for each in self.hints.pool((numbers[0] - more) // by)
        ]

    def whole(self, numbers: Mapping[int, int], what: str, where: str) -> Size:
        """The expression for numbers of copies: rounded down where it is a quotient."""
        size = self.fit(numbers, what, where)
        return size if isinstance(size, int) or size.is_integer else floored(size, 1)
