"""Whole numbers that were seen at points as an exact expression of the names that vary: the simplest one that fits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from fractions import Fraction
from functools import cached_property, partial
from itertools import combinations, combinations_with_replacement
from math import gcd, isqrt

from paramcalc.derivation.fitting.exact_linear import (
    PRIME,
    Vector,
    adds_up,
    factor_between,
    factors_between,
    line_through,
    solved,
)
from paramcalc.derivation.fitting.monomials import Monomial, Powers, weight_of
from paramcalc.derivation.fitting.roundings import ROUNDINGS
from paramcalc.errors import ParamcalcError
from paramcalc.sizes.conditions import USUAL_MULTIPLES
from paramcalc.sizes.point import Point
from paramcalc.sizes.program import compiled
from paramcalc.sizes.symbols import Size, as_expr, canonical, floored, same, symbol_names

FEW_NAMES = 7  # among so many names every kind of expression is tried
MOST_TERMS = 40  # of a polynomial
TOGETHER = 3  # names that may make a difference only where they change together
FEW_VALUES = 4  # fewer different ones tell nothing of what a rounded quotient has below the line
NEAR = 8  # a change by less than this part of a size may leave a quotient as it is
ROUNDED = 1  # the kinds after so many are no longer exact products and lines
SPARE = 2  # points that an expression must meet beyond those that its numbers could be chosen for


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
        self.simple: dict[tuple[int, ...], Size | None] = {}
        self.met: dict[Size, tuple[int, ...] | None] = {}
        self.every = False  # whether all factors of what is rounded are wanted, and not the simplest alone
        self.few_digits = True  # of such factors

    def fit(self, values: Sequence[int]) -> Size | None:
        """Return the simplest expression with these values at the points, None where none was found."""
        key = tuple(values)
        if key not in self.known:
            self.known[key] = self._fit(tuple(map(Fraction, key)))
        return self.known[key]

    def meets(self, size: Size, values: Sequence[int]) -> bool:
        """Whether an expression has these values at the points."""
        if size not in self.met:
            self.met[size] = self._values(size)
        return self.met[size] == tuple(values)

    def right(self, size: Size, values: Sequence[int]) -> list[bool]:
        """At which points an expression has these values."""
        found = self._each(size)
        return [known == value for known, value in zip(found, values, strict=True)]

    def _each(self, size: Size) -> list[int | None]:
        """The values of an expression at the points, None where it is no size."""
        found: list[int | None] = []
        for point in self.points:
            try:
                found.append(int(compiled(size)(point)))
            except (ParamcalcError, ArithmeticError):
                found.append(None)
        return found

    def line(self, sizes: Iterable[Size], values: Sequence[int]) -> Size | None:
        """A number times one of some expressions, and a number, or the least of the values where it is less."""
        for size in sizes if len(values) >= 2 + SPARE else ():
            known = self._values(size)
            if known is not None:
                fitted = _lined(size, tuple(map(Fraction, known)), tuple(map(Fraction, values)))
                if fitted is not None:
                    return fitted
        return None

    def _values(self, size: Size) -> tuple[int, ...] | None:
        """The values of an expression at the points, None where it is no size at one of them."""
        try:
            as_expr(size, whole=False)
            return tuple(int(compiled(size)(point)) for point in self.points)
        except (ParamcalcError, ArithmeticError):
            return None

    def plain(self, values: Sequence[int]) -> Size | None:
        """Return the number, or the number times a monomial, that has these values; None where there is none."""
        key = tuple(values)
        if key not in self.simple:
            vector = tuple(map(Fraction, key))
            relevant = self._relevant(vector)
            fitter = self if relevant is None else self._among(relevant)
            few = 4 if len(fitter.names) <= FEW_NAMES else 2
            found = int(key[0]) if len(set(key)) == 1 else next(fitter._scaled(vector, few), None)
            self.simple[key] = found
        return self.simple[key]

    def _fit(self, values: Vector) -> Size | None:
        if len(set(values)) == 1:
            return int(values[0])
        return next(self._candidates(values), None)

    def _candidates(self, values: Vector) -> Iterator[Size]:
        relevant = self._relevant(values)
        if relevant is None or len(relevant) == len(self.names):
            yield from self._all(values) if len(self.names) <= FEW_NAMES else self._simple(values)
            return
        yield from self._among(relevant)._candidates(values)
        perhaps = self._relevant(values, far=True)
        if perhaps is not None and perhaps != relevant and len(perhaps) <= FEW_NAMES:
            yield from self._among(perhaps)._all(values)
        if len(relevant) < 3:  # one more that alone makes no difference, such as the smaller side of a maximum
            for name in self.names:
                if name not in relevant:
                    yield from self._among((*relevant, name))._all(values)

    def _simple(self, values: Vector) -> Iterator[Size]:
        """What is tried while it is not known which of many names matter."""
        yield from self._scaled(values, 2)
        yield from self._affine(values, 2)

    def rivals(self, values: Sequence[int], size: Size, *, few_digits: bool = True) -> Iterator[Size]:
        """Yield other expressions with these values at the points: of all kinds up to that of one, and of the next.

        What is rounded is among them in any case: it may be whole at all the points. Its factor has `few_digits`, or is
        the least or the largest that there can be.

        >>> points = [{"d": value} for value in (8, 16, 24, 32, 40)]
        >>> from paramcalc.sizes.symbols import symbol
        >>> [str(each) for each in Fitter(points).rivals([2, 4, 6, 8, 10], symbol("d") / 4)][:3]
        ['floor(d/4)', 'floor(d/4)', 'floor(14*d/51)']
        """
        vector = tuple(map(Fraction, values))
        names = tuple(name for name in self.names if name in symbol_names(size))
        fitter = self._among(names) if names else self
        fitter.every, fitter.few_digits = True, few_digits
        found = False
        for number, kind in enumerate(fitter._kinds):
            last = found and number > ROUNDED
            for each in kind(vector):
                if same(each, size):
                    found = True
                elif self.meets(each, values):
                    yield each
            if last:
                return

    def _all(self, values: Vector) -> Iterator[Size]:
        """What is tried where few names matter, the simplest kinds first."""
        for kind in self._kinds:
            yield from kind(values)

    @property
    def _kinds(self) -> tuple[Callable[[Vector], Iterator[Size]], ...]:
        return (
            self._scaled,
            self._affine,
            self._rounded,
            self._bent,
            self._squares,
            self._extreme,
            *(partial(self._sums, terms=terms) for terms in (2, 3)),
            *(partial(self._polynomial, degree=degree) for degree in (1, 2, 3)),
        )

    def relevant(self, values: Sequence[int]) -> tuple[str, ...]:
        """The names that make a difference where they alone change, all where that is not known."""
        return self._relevant(tuple(map(Fraction, values))) or self.names

    def _relevant(self, values: Vector, *, far: bool = False) -> tuple[str, ...] | None:
        """The names without those that change nothing where they alone change; None where that is not known of any.

        Two or three that change something only together count as well, where they were changed without others. If
        `far`, a small change of a name that changes nothing does not count: a rounded quotient may hide it.
        """
        effect: dict[str, bool] = {}
        together: list[list[str]] = []
        for value, point in zip(values, self.points, strict=True):
            changed = [name for name in self.names if point[name] != self.points[0][name]]
            if len(changed) == 1:
                name, usual = changed[0], self.points[0][changed[0]]
                if value != values[0] or not far or NEAR * abs(point[name] - usual) >= usual:
                    effect[name] = effect.get(name, False) or value != values[0]
            elif len(changed) <= TOGETHER and value != values[0]:
                together.append(changed)
        for names in together:
            if not any(effect.get(name, True) for name in names):
                effect.update(dict.fromkeys(names, True))
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

    @cached_property
    def distinct(self) -> int:
        """How many of the points differ in the names: others tell nothing more."""
        return len({tuple(point[name] for name in self.names) for point in self.points})

    def monomials(self, most: int = 4) -> Iterator[Monomial]:
        """Products of up to three names, or of four where there are few, one of which may divide; simple ones first."""
        for weight in range(1, most + 1):
            if weight not in self.tiers:
                found = [each for each in self._powers if weight_of(each) == weight]
                self.tiers[weight] = [Monomial(each, self.points) for each in found]
            yield from self.tiers[weight]

    @cached_property
    def _powers(self) -> list[Powers]:
        """Names to powers, few of them where there are many names; all are tried in products only among few."""
        count = len(self.names)
        if count > FEW_NAMES:
            return sorted(tuple(sorted(Counter(each).items())) for each in _products(self.names, 2))
        powers = {tuple(sorted(Counter(each).items())) for each in _products(self.names, 4 if count <= 3 else 3)}
        powers |= {
            tuple(sorted({**Counter(each), name: -1}.items()))
            for each in [(), *_products(self.names, 2)]
            for name in self.names
            if name not in each
        }
        powers |= {
            tuple(sorted([(name, 1), (a, -1), (b, -1)]))
            for name in self.names
            for a, b in combinations(self.names, 2)
            if name not in (a, b)
        }
        return sorted(powers)

    def _scaled(self, values: Vector, most: int = 4) -> Iterator[Size]:
        """A number times a monomial."""
        if len(values) < 1 + SPARE or 0 in values:
            return
        for each in self.monomials(most):
            factor = each.factor(values)
            if factor is not None:
                yield canonical(_exact(factor) * each.expr)

    def _affine(self, values: Vector, most: int = 4) -> Iterator[Size]:
        """A number times a monomial, and a number."""
        if len(values) < 2 + SPARE:
            return
        for each in self.monomials(most):
            line = line_through(each.values, values)
            if line is not None:
                yield canonical(_exact(line[0]) * each.expr + _exact(line[1]))

    def _rounded(self, values: Vector, most: int = 3) -> Iterator[Size]:
        """A multiple of a number of monomials, rounded down, up or to the nearest whole number."""
        if len(values) < 2 + SPARE:
            return
        multiple = max(1, gcd(*(int(value) for value in values)))
        for scale in sorted({1, multiple, *(power for power in USUAL_MULTIPLES if multiple % power == 0)}):
            whole = [int(value) // scale for value in values]
            informative = len(set(whole)) >= FEW_VALUES
            for each in self.monomials(most):
                if not informative and any(power < 0 for _, power in each.powers):
                    continue
                for rounding in ROUNDINGS:
                    bounds = rounding.low, rounding.high
                    factor = factor_between(each.values, whole, *bounds, closed_low=rounding.closed_low)
                    factors = [] if factor is None else [factor]
                    if self.every:
                        closed, few = rounding.closed_low, self.few_digits
                        factors += factors_between(each.values, whole, *bounds, closed_low=closed, few_digits=few)
                    for factor in factors:
                        size = rounding.written(factor.numerator * each.expr, factor.denominator)
                        yield canonical(scale * size)

    def _extreme(self, values: Vector) -> Iterator[Size]:
        """The larger or smaller of two simple sizes."""
        import sympy

        if len(values) < 2 + SPARE:
            return
        simple = list(self.monomials(2))
        sides = [(tuple(Fraction(value // 1) for value in each.values), floored(each.expr, 1)) for each in simple]
        bounds = {value for value in values if values.count(value) > 1}
        sides += [(tuple([bound] * len(values)), _exact(bound)) for bound in sorted(bounds)]
        for (first, a), (second, b) in combinations(sides, 2):
            for pick, function in ((max, sympy.Max), (min, sympy.Min)):
                fits = all(pick(one, other) == value for one, other, value in zip(first, second, values, strict=True))
                if fits and values not in (first, second):
                    yield function(a, b)

    def _bent(self, values: Vector) -> Iterator[Size]:
        """A number times a monomial, and a number, or the least of the values where it is less, as a range is long.

        Where that is 0, the sum of several is tried, too.
        """
        import sympy

        if len(values) < 2 + SPARE or values.count(min(values)) < 2:
            return
        found = (_lined(each.expr, each.values, values) for each in self.monomials(2))
        yield from (size for size in found if size is not None)
        above = [number for number, value in enumerate(values) if value > 0]
        if len(above) < len(values) and min(values) == 0:
            part = Fitter([self.points[number] for number in above], self.names)
            for size in map(sympy.sympify, part._polynomial(tuple(values[number] for number in above), 1)):
                cut = sympy.Max(0, size)
                if size.free_symbols and size.is_integer and self.meets(cut, list(map(int, values))):
                    yield cut

    def _squares(self, values: Vector) -> Iterator[Size]:
        """A rounded quotient squared, and a small number, as of the places of an image."""
        for rest in (0, 1, 2):
            roots = tuple(Fraction(isqrt(max(0, int(value) - rest))) for value in values)
            squares = all(root**2 + rest == value for root, value in zip(roots, values, strict=True))
            if squares and len(set(roots)) >= FEW_VALUES:
                yield from (canonical(root**2 + rest) for root in (*self._scaled(roots), *self._rounded(roots, 5)))

    def _polynomial(self, values: Vector, degree: int) -> Iterator[Size]:
        """The one polynomial of a degree, where there are points enough to tell."""
        products = list(_products(self.names, degree))
        if self.distinct < len(products) + 1 + SPARE or len(products) > MOST_TERMS:
            return
        terms = [Monomial(tuple(Counter(each).items()), self.points) for each in products]
        if not adds_up([each.residues for each in terms], [int(value) % PRIME for value in values]):
            return
        numbers = solved([each.values for each in terms], values, all_used=False)
        if numbers is not None:
            parts = [_exact(number) * each.expr for number, each in zip(numbers, terms, strict=False) if number]
            yield canonical(sum(parts) + _exact(numbers[-1]))

    def _sums(self, values: Vector, terms: int) -> Iterator[Size]:
        """So many monomials times a number each, and a number."""
        if self.distinct < terms + 1 + SPARE:
            return
        few = len(self.names) <= 8
        simple = list(self.monomials(2 if terms == 2 and few else 1))
        sides = [int(value) % PRIME for value in values]
        for chosen in combinations(simple, terms):
            if not adds_up([each.residues for each in chosen], sides):
                continue
            numbers = solved([each.values for each in chosen], values)
            if numbers is not None:
                parts = [_exact(number) * each.expr for number, each in zip(numbers, chosen, strict=False)]
                yield canonical(sum(parts) + _exact(numbers[-1]))


def _products(names: Sequence[str], most: int) -> Iterator[tuple[str, ...]]:
    for count in range(1, most + 1):
        yield from combinations_with_replacement(names, count)


def _exact(value: Fraction) -> Size:
    if value.denominator == 1:
        return int(value)
    import sympy

    return sympy.Rational(value.numerator, value.denominator)


def _lined(expr: Size, x: Vector, y: Vector) -> Size | None:
    """The line of an expression through all pairs, or through those above the least value where it is less."""
    import sympy

    line, least = line_through(x, y), min(y)
    if line is not None:
        return canonical(_exact(line[0]) * expr + _exact(line[1]))
    above = [number for number, value in enumerate(y) if value > least]
    line = line_through(tuple(x[number] for number in above), tuple(y[number] for number in above))
    if line is None or any(max(least, line[0] * a + line[1]) != b for a, b in zip(x, y, strict=True)):
        return None
    size = canonical(_exact(line[0]) * expr + _exact(line[1]))
    return sympy.Max(_exact(least), size) if size.is_integer else None
