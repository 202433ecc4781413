"""Numbers seen at several points as one expression: one that is known, one that the code met, or one that is fitted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from math import isqrt

from paramcalc.derivation.fitting.clues import Clues
from paramcalc.derivation.fitting.fitter import Fitter
from paramcalc.derivation.fitting.misfit import Misfit, NoFit
from paramcalc.sizes.point import Point, meets
from paramcalc.sizes.symbols import Size, canonical, floored

SHOWN = 6  # numbers that defy a fit


class Dimensions:
    """Fits numbers that were seen at points; the clues are about the first of them."""

    def __init__(self, points: Sequence[Point], clues: Clues) -> None:
        self.points = tuple(points)
        self.clues = clues
        self.fitters: dict[tuple[int, ...], Fitter] = {}

    def fit(
        self,
        numbers: Mapping[int, int],
        what: str,
        place: str | None,
        *,
        known: Sequence[Size] = (),
        dimension: int | None = None,
    ) -> Size:
        """Return the expression for numbers seen at some points: a known, a plain one, one of that value, or another.

        Raises NoFit where there is none, about `what` at the place.
        """
        fitter, values = self._fitter(tuple(numbers)), list(numbers.values())
        size = next((each for each in known if fitter.meets(each, values)), None)
        if size is None:
            size = fitter.plain(values)
        if size is None and 0 in numbers:
            size = next((each for each in self._met(numbers[0]) if fitter.meets(each, values)), None)
        if size is None:
            self._check_path(fitter, numbers, place, dimension, known)
            size = fitter.line(self._beside(numbers), values) or fitter.fit(values)
        if size is None:
            size = fitter.line(self.clues.logarithms, values)
        if size is None:
            names = fitter.relevant(values)
            shown = "; ".join(
                f"{value} at {', '.join(f'{name}={point[name]}' for name in names)}"
                for value, point in list(zip(values, fitter.points, strict=True))[:SHOWN]
            )
            problem = f"{what} follows no expression that was tried: {shown}"
            raise NoFit(Misfit(problem, place, dimension, dict(numbers), names=names))
        return size

    def _check_path(
        self,
        fitter: Fitter,
        numbers: Mapping[int, int],
        place: str | None,
        dimension: int | None,
        known: Sequence[Size],
    ) -> None:
        """Raise NoFit where what the code told is so as long as one of its comparisons turns out as at the first point.

        The code takes another path beyond it, and no one expression is to be guessed for both.
        """
        values = list(numbers.values())
        for size in (*known, *self._met(numbers[0])) if 0 in numbers else ():
            odd = [point for point, right in zip(numbers, fitter.right(size, values), strict=True) if not right]
            bounds = [
                each for each in self.clues.branches if not any(meets(self.points[point], [each]) for point in odd)
            ]
            if bounds and not all(meets(self.points[point], bounds) for point in numbers):
                inside = [sum(meets(self.points[point], [each]) for point in numbers) for each in bounds]
                bound = bounds[inside.index(max(inside))]
                problem = f"the code takes another path unless {bound}"
                raise NoFit(Misfit(problem, place, dimension, bounds=(bound,), path=True))

    def whole(self, numbers: Mapping[int, int], what: str, place: str) -> Size:
        """Return the expression for numbers of copies: rounded down where it is a quotient."""
        size = self.fit(numbers, what, place)
        return size if isinstance(size, int) or size.is_integer else floored(size, 1)

    def _fitter(self, seen: tuple[int, ...]) -> Fitter:
        if seen not in self.fitters:
            self.fitters[seen] = Fitter([self.points[each] for each in seen])
        return self.fitters[seen]

    def _met(self, value: int) -> list[Size]:
        """The numbers of a value that the code met, and the squares of those whose square it is."""
        root = isqrt(value)
        squares = [canonical(each**2) for each in self.clues.valued(root)] if root**2 == value else []
        return [*self.clues.valued(value), *squares]

    def _beside(self, numbers: Mapping[int, int]) -> list[Size]:
        """The numbers that the code met of which a number is a small multiple, and a little more or less."""
        found = product(range(1, 5), range(-1, 3)) if 0 in numbers else ()
        return [
            each
            for by, more in found
            if not (numbers[0] - more) % by
            for each in self.clues.valued((numbers[0] - more) // by)
        ]
