"""Whole numbers that were seen at points as an exact expression of the names that vary: the simplest one that fits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from functools import cached_property
from itertools import combinations, combinations_with_replacement
from math import gcd, prod
from typing import TypeAlias

from paramcalc.symbols import Size, canonical, floored, substitute, symbol, sympified

Point: TypeAlias = Mapping[str, int]
Vector: TypeAlias = tuple[Fraction, ...]
Powers: TypeAlias = tuple[tuple[str, int], ...]

PLAIN = 256  # the largest number below the line of a factor that is tried
SPARE = 2  # points that an expression must meet beyond those that its numbers could be chosen for


class Monomial:
    """A product of names to integer powers, with its values at the points."""

    def __init__(self, powers: Powers, points: Sequence[Point]) -> None:
        self.powers = powers
        self.above = [prod(point[name] ** power for name, power in powers if power > 0) for point in points]
        self.below = [prod(point[name] ** -power for name, power in powers if power < 0) for point in points]

    @cached_property
    def values(self) -> Vector:
        """The values at the points."""
        return tuple(map(Fraction, self.above, self.below))

    @property
    def expr(self) -> Size:
        """The monomial as an expression."""
        return prod((symbol(name) ** power for name, power in self.powers), start=1)

    @property
    def weight(self) -> int:
        """How complicated it is: a quotient is less simple than a product of as many names."""
        return _weight(self.powers)

    def factor(self, values: Vector) -> Fraction | None:
        """The number times which it has these values, None where there is none."""
        first, above, below = values[0], self.above, self.below
        start, end = first * below[0], above[0]
        for number in range(1, len(values)):
            if values[number] * below[number] * end != start * above[number]:
                return None
        return Fraction(start, end)


def _weight(powers: Powers) -> int:
    return sum(abs(power) + (power < 0) for _, power in powers)


class Fitter:
    """Fits numbers at the given points; the same numbers are fitted once.

    >>> points = [{"d": 8, "n": 2}, {"d": 24, "n": 3}, {"d": 40, "n": 5}, {"d": 16, "n": 7}, {"d": 56, "n": 4}]
    >>> fitter = Fitter(points)
    >>> print(fitter.fit([32, 96, 160, 64, 224]), fitter.fit([17, 73, 201, 113, 225]), fitter.fit([3, 1, 4, 1, 5]))
    4*d d*n + 1 None
    """

    def __init__(self, points: Sequence[Point], only: tuple[str, ...] | None = None) -> None:
        self.points = tuple(points)
        self.only = only
        self.parts: dict[tuple[str, ...], Fitter] = {}
        self.tiers: dict[int, list[Monomial]] = {}
        self.known: dict[tuple[int, ...], Size | None] = {}
        self.met: dict[Size, tuple[Size, ...]] = {}

    def fit(self, values: Sequence[int]) -> Size | None:
        """Return the simplest expression with these values at the points, None where none was found."""
        key = tuple(values)
        if key not in self.known:
            self.known[key] = self._fit(tuple(map(Fraction, key)))
        return self.known[key]

    def meets(self, size: Size, values: Sequence[int]) -> bool:
        """Whether an expression has these values at the points."""
        if size not in self.met:
            known = [sympified(point) for point in self.points]
            self.met[size] = tuple(substitute(size, each) for each in known)
        return self.met[size] == tuple(values)

    def _fit(self, values: Vector) -> Size | None:
        if len(set(values)) == 1:
            return int(values[0])
        return next(self._candidates(values), None)

    def _candidates(self, values: Vector) -> Iterator[Size]:
        relevant = self._relevant(values)
        if relevant is not None and len(relevant) < len(self.names):
            yield from self._among(relevant)._candidates(values)
            return
        yield from self._scaled(values)
        yield from self._affine(values)
        yield from self._rounded(values)
        yield from self._extreme(values)
        for terms in (2, 3):
            yield from self._sums(values, terms)

    def _relevant(self, values: Vector) -> tuple[str, ...] | None:
        """The names without those that change nothing where they alone change; None where that is not known of any."""
        effect: dict[str, bool] = {}
        for value, point in zip(values, self.points, strict=True):
            changed = [name for name in self.names if point[name] != self.points[0][name]]
            if len(changed) == 1:
                effect[changed[0]] = effect.get(changed[0], False) or value != values[0]
        kept = tuple(name for name in self.names if effect.get(name, True))
        return kept if effect and kept else None

    def _among(self, names: tuple[str, ...]) -> Fitter:
        """The fitter of expressions in some of the names."""
        if names not in self.parts:
            self.parts[names] = Fitter(self.points, names)
        return self.parts[names]

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The names that take more than one value, and may be used."""
        names = self.points[0] if self.only is None else self.only
        return tuple(name for name in names if len({point[name] for point in self.points}) > 1)

    def monomials(self, most: int = 4) -> Iterator[Monomial]:
        """Products of up to three names, or of four where there are few, one of which may divide; simple ones first."""
        for weight in range(1, most + 1):
            if weight not in self.tiers:
                found = [each for each in self._powers if _weight(each) == weight]
                self.tiers[weight] = [Monomial(each, self.points) for each in found]
            yield from self.tiers[weight]

    @cached_property
    def _powers(self) -> list[Powers]:
        powers: set[Powers] = set()
        for count in (1, 2, 3, 4) if len(self.names) <= 3 else (1, 2, 3) if len(self.names) <= 12 else (1, 2):
            for chosen in combinations_with_replacement(self.names, count):
                above = {name: chosen.count(name) for name in chosen}
                powers.add(tuple(sorted(above.items())))
                if count < 3:
                    powers |= {tuple(sorted({**above, name: -1}.items())) for name in self.names if name not in above}
        return sorted(powers)

    def _scaled(self, values: Vector) -> Iterator[Size]:
        """A number times a monomial."""
        if len(values) < 1 + SPARE or 0 in values:
            return
        for each in self.monomials():
            factor = each.factor(values)
            if factor is not None:
                yield canonical(_number(factor) * each.expr)

    def _affine(self, values: Vector) -> Iterator[Size]:
        """A number times a monomial, and a number."""
        if len(values) < 2 + SPARE:
            return
        for each in self.monomials():
            line = _line(each.values, values)
            if line is not None:
                yield canonical(_number(line[0]) * each.expr + _number(line[1]))

    def _rounded(self, values: Vector) -> Iterator[Size]:
        """A multiple of a number of monomials, rounded down, up or to the nearest whole number."""
        if len(values) < 2 + SPARE:
            return
        multiple = gcd(*(int(value) for value in values))
        for scale in sorted({1, max(multiple, 1)}):
            whole = [int(value) // scale for value in values]
            for each in self.monomials(3):
                for low, high, half in ((0, 1, 0), (-1, 0, 1), (Fraction(-1, 2), Fraction(1, 2), 2)):
                    factor = _factor(each.values, whole, Fraction(low), Fraction(high), closed_low=half != 1)
                    if factor is not None:
                        yield self._as_rounded(factor, each, half, scale)

    def _as_rounded(self, factor: Fraction, each: Monomial, half: int, scale: int) -> Size:
        above, below = factor.numerator * each.expr, factor.denominator
        rounded = {0: lambda: floored(above, below), 1: lambda: -floored(-above, below)}
        size = rounded[half]() if half < 2 else floored(2 * above + below, 2 * below)
        return canonical(scale * size)

    def _extreme(self, values: Vector) -> Iterator[Size]:
        """The larger or smaller of two simple sizes."""
        import sympy

        if len(values) < 2 + SPARE:
            return
        simple = list(self.monomials(2))
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
        few = len(self.names) <= 8
        simple = list(self.monomials(2 if terms == 2 and few else 1))
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


def _factor(x: Vector, y: Sequence[int], low: Fraction, high: Fraction, *, closed_low: bool) -> Fraction | None:
    """The simplest factor by which every x comes between y + low and y + high, None where none is plain."""
    least = max((value + low) / other for value, other in zip(y, x, strict=True))
    most = min((value + high) / other for value, other in zip(y, x, strict=True))
    if least >= most or most <= 0:
        return None
    for below in range(1, PLAIN + 1):
        above = -(-least.numerator * below // least.denominator)
        candidate = Fraction(above, below)
        if candidate == least and not closed_low:
            candidate = Fraction(above + 1, below)
        if candidate > 0 and (candidate < most or (candidate == most and not closed_low)):
            return candidate
    return None


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
