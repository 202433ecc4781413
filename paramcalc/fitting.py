"""Whole numbers that were seen at points as an exact expression of the names that vary: the simplest one that fits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import combinations, combinations_with_replacement
from math import ceil, floor, prod
from typing import TypeAlias

from paramcalc.symbols import Size, canonical, floored, symbol

Point: TypeAlias = Mapping[str, int]
Vector: TypeAlias = tuple[Fraction, ...]

STEPS = (2, 3, 4, 5, 6, 7, 8, 10, 12, 16, 20, 24, 32, 64, 128)
SPARE = 2  # points that an expression must meet beyond those that its numbers could be chosen for


@dataclass(frozen=True)
class Monomial:
    """A product of names to integer powers, with its values at the points."""

    powers: tuple[tuple[str, int], ...]
    values: Vector

    @property
    def expr(self) -> Size:
        """The monomial as an expression."""
        return prod((symbol(name) ** power for name, power in self.powers), start=1)

    @property
    def weight(self) -> int:
        """How complicated it is: a quotient is less simple than a product of as many names."""
        return sum(abs(power) + (power < 0) for _, power in self.powers)


class Fitter:
    """Fits numbers at the given points; the same numbers are fitted once.

    >>> points = [{"d": 8, "n": 2}, {"d": 24, "n": 3}, {"d": 40, "n": 5}, {"d": 16, "n": 7}, {"d": 56, "n": 4}]
    >>> fitter = Fitter(points)
    >>> print(fitter.fit([32, 96, 160, 64, 224]), fitter.fit([17, 73, 201, 113, 225]), fitter.fit([3, 1, 4, 1, 5]))
    4*d d*n + 1 None
    """

    def __init__(self, points: Sequence[Point]) -> None:
        self.points = tuple(points)
        self.known: dict[tuple[int, ...], Size | None] = {}

    def fit(self, values: Sequence[int]) -> Size | None:
        """Return the simplest expression with these values at the points, None where none was found."""
        key = tuple(values)
        if key not in self.known:
            self.known[key] = self._fit(tuple(map(Fraction, key)))
        return self.known[key]

    def _fit(self, values: Vector) -> Size | None:
        if len(set(values)) == 1:
            return int(values[0])
        return next(self._candidates(values), None)

    def _candidates(self, values: Vector) -> Iterator[Size]:
        yield from self._scaled(values)
        yield from self._affine(values)
        yield from self._rounded(values)
        yield from self._extreme(values)
        for terms in (2, 3):
            yield from self._sums(values, terms)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The names that take more than one value."""
        return tuple(name for name in self.points[0] if len({point[name] for point in self.points}) > 1)

    @cached_property
    def monomials(self) -> tuple[Monomial, ...]:
        """Products of up to three names, one of which may divide; simple ones first."""
        powers: set[tuple[tuple[str, int], ...]] = set()
        for count in (1, 2, 3):
            for chosen in combinations_with_replacement(self.names, count):
                above = {name: chosen.count(name) for name in chosen}
                powers.add(tuple(sorted(above.items())))
                if count < 3:
                    powers |= {tuple(sorted({**above, name: -1}.items())) for name in self.names if name not in above}
        found = [Monomial(each, self._values(each)) for each in powers]
        return tuple(sorted(found, key=lambda each: (each.weight, each.powers)))

    def _values(self, powers: tuple[tuple[str, int], ...]) -> Vector:
        return tuple(
            prod((Fraction(point[name]) ** power for name, power in powers), start=Fraction(1)) for point in self.points
        )

    def _scaled(self, values: Vector) -> Iterator[Size]:
        """A number times a monomial."""
        if len(values) < 1 + SPARE or 0 in values:
            return
        for each in self.monomials:
            ratio = values[0] / each.values[0]
            if all(value == ratio * other for value, other in zip(values, each.values, strict=True)):
                yield canonical(_number(ratio) * each.expr)

    def _affine(self, values: Vector) -> Iterator[Size]:
        """A number times a monomial, and a number."""
        if len(values) < 2 + SPARE:
            return
        for each in self.monomials:
            line = _line(each.values, values)
            if line is not None:
                yield canonical(_number(line[0]) * each.expr + _number(line[1]))

    def _rounded(self, values: Vector) -> Iterator[Size]:
        """A whole number times a quotient rounded down or up, and rounded to a multiple of the divisor."""
        if len(values) < 2 + SPARE:
            return
        for each in self.monomials:
            if each.weight > 3:
                return
            for step in STEPS:
                for round_, sign in ((floor, 1), (ceil, -1)):
                    rounded = tuple(Fraction(round_(value / step)) for value in each.values)
                    line = _line(rounded, values)
                    if line is not None and len(set(rounded)) > 1:
                        atom = sign * floored(sign * each.expr, step)
                        yield canonical(_number(line[0]) * atom + _number(line[1]))

    def _extreme(self, values: Vector) -> Iterator[Size]:
        """The larger or smaller of two simple sizes."""
        import sympy

        if len(values) < 2 + SPARE:
            return
        simple = [each for each in self.monomials if each.weight <= 2]
        sides = [(each.values, each.expr) for each in simple]
        bounds = {value for value in values if values.count(value) > 1}
        sides += [(tuple([bound] * len(values)), _number(bound)) for bound in sorted(bounds)]
        for (first, a), (second, b) in combinations(sides, 2):
            for pick, function in ((max, sympy.Max), (min, sympy.Min)):
                if tuple(map(pick, first, second)) == values and values not in (first, second):
                    yield function(a, b)

    def _sums(self, values: Vector, terms: int) -> Iterator[Size]:
        """So many monomials times a number each, and a number."""
        if len(values) < terms + 1 + SPARE:
            return
        simple = [each for each in self.monomials if each.weight <= (3 if terms == 2 else 2)]
        for chosen in combinations(simple, terms):
            numbers = _solved([each.values for each in chosen], values)
            if numbers is not None:
                parts = [_number(number) * each.expr for number, each in zip(numbers, chosen, strict=False)]
                yield canonical(sum(parts) + _number(numbers[-1]))


def _number(value: Fraction) -> Size:
    if value.denominator == 1:
        return int(value)
    import sympy

    return sympy.Rational(value.numerator, value.denominator)


def _line(x: Vector, y: Vector) -> tuple[Fraction, Fraction] | None:
    """The slope and the rest of the line through all pairs."""
    other = next((number for number in range(1, len(x)) if x[number] != x[0]), None)
    if other is None:
        return None
    slope = (y[other] - y[0]) / (x[other] - x[0])
    rest = y[0] - slope * x[0]
    fits = slope != 0 and all(slope * a + rest == b for a, b in zip(x, y, strict=True))
    return (slope, rest) if fits else None


def _solved(columns: list[Vector], values: Vector) -> list[Fraction] | None:
    """The numbers, none of them 0 but perhaps the last, by which the columns and 1 add up to the values."""
    size = len(columns) + 1
    rows = [[column[number] for column in columns] + [Fraction(1), values[number]] for number in range(len(values))]
    for pivot in range(size):
        chosen = next((row for row in range(pivot, len(rows)) if rows[row][pivot] != 0), None)
        if chosen is None:
            return None
        rows[pivot], rows[chosen] = rows[chosen], rows[pivot]
        scale = rows[pivot][pivot]
        rows[pivot] = [entry / scale for entry in rows[pivot]]
        for number, row in enumerate(rows):
            if number != pivot and row[pivot] != 0:
                factor = row[pivot]
                rows[number] = [a - factor * b for a, b in zip(row, rows[pivot], strict=True)]
    if any(row[-1] != 0 for row in rows[size:]):
        return None
    numbers = [rows[number][-1] for number in range(size)]
    return numbers if all(numbers[:-1]) else None
