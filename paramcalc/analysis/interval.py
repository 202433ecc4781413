"""Between which numbers an expression lies while its sizes lie between some: exact arithmetic on the ends."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from fractions import Fraction
from functools import reduce
from typing import Any, TypeAlias

from paramcalc.sizes.double.programs import span
from paramcalc.sizes.symbols import Size

Number: TypeAlias = int | float | Fraction  # the only floats are the infinite ones
Interval: TypeAlias = tuple[Number, Number]
Enclosure: TypeAlias = Callable[[Mapping[str, Interval]], Interval]

ANY: Interval = (-math.inf, math.inf)


def enclosure(expr: Size) -> Enclosure:
    """Return what gives, from the least and the largest value of each size, numbers between which an expression lies.

    >>> from paramcalc.sizes.symbols import symbol
    >>> enclosure(symbol("h") ** 2 - symbol("h"))({"h": (3, 5)})
    (4, 22)
    """
    if isinstance(expr, int):
        return lambda _: (expr, expr)
    if expr.is_Rational:
        number = int(expr.p) if expr.q == 1 else Fraction(int(expr.p), int(expr.q))
        return lambda _: (number, number)
    if expr.is_Symbol:
        name = expr.name
        return lambda sizes: sizes[name]
    if expr.is_Pow and expr.exp.is_Integer:
        base, exponent = enclosure(expr.base), int(expr.exp)
        return lambda sizes: _power(base(sizes), exponent)
    return _of_function(expr)


def _of_function(expr: Any) -> Enclosure:
    import sympy

    from paramcalc.sizes.logarithm import ilog, ipow
    from paramcalc.sizes.rounded64 import rounded64

    if isinstance(expr, rounded64):
        return _replayed(expr)
    kinds: list[tuple[Any, Callable[[list[Interval]], Interval]]] = [
        (sympy.Add, lambda sides: reduce(_sum, sides)),
        (sympy.Mul, lambda sides: reduce(_product, sides)),
        (sympy.Max, lambda sides: (max(low for low, _ in sides), max(high for _, high in sides))),
        (sympy.Min, lambda sides: (min(low for low, _ in sides), min(high for _, high in sides))),
        (sympy.floor, lambda sides: _rounded(sides[0], math.floor)),
        (sympy.ceiling, lambda sides: _rounded(sides[0], math.ceil)),
        (ilog, _logarithm),
        (ipow, _raised),
    ]
    function = next((function for kind, function in kinds if isinstance(expr, kind)), None)
    if function is None:
        return lambda _: ANY
    parts = [enclosure(part) for part in expr.args]
    return lambda sizes: function([part(sizes) for part in parts])


def _replayed(expr: Any) -> Enclosure:
    """A program in double precision, of sizes that are integers."""
    parts = [enclosure(size) for size in expr.sizes]

    def found(sizes: Mapping[str, Interval]) -> Interval:
        inside = {f"x{place}": _integers(part(sizes)) for place, part in enumerate(parts)}
        low, high = span(expr.node, inside)
        return _rounded((low, low), math.floor)[0], _rounded((high, high), math.ceil)[1]

    return found


def _integers(interval: Interval) -> tuple[float, float]:
    """The ends of an interval of integers, as integers."""
    low, high = interval
    return _rounded((low, low), math.ceil)[0], _rounded((high, high), math.floor)[1]  # type: ignore[return-value]


def _rounded(interval: Interval, function: Callable[[Any], int]) -> Interval:
    low, high = (each if _is_infinite(each) else function(each) for each in interval)
    return low, high


def _is_infinite(number: Number) -> bool:
    return isinstance(number, float) and math.isinf(number)


def _sum(a: Interval, b: Interval) -> Interval:
    return _added(a[0], b[0], -math.inf), _added(a[1], b[1], math.inf)


def _added(x: Number, y: Number, unknown: float) -> Number:
    """A sum of ends; of infinite ones it is the end about which nothing is known."""
    return unknown if unknown in (x, y) else x if _is_infinite(x) else y if _is_infinite(y) else x + y


def _product(a: Interval, b: Interval) -> Interval:
    corners = [_times(x, y) for x in a for y in b]
    return min(corners), max(corners)


def _times(x: Number, y: Number) -> Number:
    if x == 0 or y == 0:
        return 0
    if _is_infinite(x) or _is_infinite(y):
        return math.inf if (x > 0) == (y > 0) else -math.inf
    return x * y


def _power(base: Interval, exponent: int) -> Interval:
    if exponent < 0:
        low, high = _power(base, -exponent)
        return (_inverse(high), _inverse(low)) if low > 0 else ANY
    if base[0] >= 0:
        low, high = (each if _is_infinite(each) else each**exponent for each in base)
        return low, high
    return reduce(_product, [base] * exponent)


def _inverse(number: Number) -> Number:
    return 0 if _is_infinite(number) else 1 / Fraction(number)


def _logarithm(sides: list[Interval]) -> Interval:
    from paramcalc.sizes.logarithm import logarithm

    (low, high), (base, other) = sides
    if low < 1 or base != other or base < 2:
        return ANY
    least, most = (each if _is_infinite(each) else logarithm(int(each), int(base)) for each in (low, high))
    return least, most


def _raised(sides: list[Interval]) -> Interval:
    """A number of 1 or more to a power of 0 or more."""
    (base, largest), (least, most) = sides
    if base < 1 or least < 0 or any(map(_is_infinite, (base, least))):
        return ANY
    known = not _is_infinite(largest) and not _is_infinite(most)
    return base ** int(least), largest ** int(most) if known else math.inf


def multiples_in(interval: Interval, number: int) -> bool:
    """Whether there is a multiple of a number from one end to the other.

    >>> multiples_in((9, 15), 8), multiples_in((9, 16), 8)
    (False, True)
    """
    low, high = interval
    return _is_infinite(low) or _is_infinite(high) or math.ceil(low / Fraction(number)) * number <= high
