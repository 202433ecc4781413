"""Programs of Python's arithmetic: what code computes on the way to an integer, operation by operation.

A program is a node: a size, a number, or an operation and its nodes. It is computed as Python does, ints exactly and
floats in double precision.
"""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from paramcalc.errors import InvalidValue

Node: TypeAlias = "tuple[Any, ...]"  # ("symbol", name), ("number", value), or an operation and its nodes
Span: TypeAlias = "tuple[float, float]"  # the least number and the largest

MOST_BITS = 4_096  # of a power of integers

BINARY: dict[str, tuple[type[ast.operator], Callable[[Any, Any], Any]]] = {
    "+": (ast.Add, operator.add),
    "-": (ast.Sub, operator.sub),
    "*": (ast.Mult, operator.mul),
    "/": (ast.Div, operator.truediv),
    "//": (ast.FloorDiv, operator.floordiv),
    "%": (ast.Mod, operator.mod),
    "**": (ast.Pow, operator.pow),
}
COMPARED: dict[str, tuple[type[ast.cmpop], Callable[[Any, Any], bool]]] = {
    "<": (ast.Lt, operator.lt),
    "<=": (ast.LtE, operator.le),
    ">": (ast.Gt, operator.gt),
    ">=": (ast.GtE, operator.ge),
    "==": (ast.Eq, operator.eq),
    "!=": (ast.NotEq, operator.ne),
}
CALLED: dict[str, Callable[..., Any]] = {
    "floor": math.floor,
    "ceil": math.ceil,
    "round": round,
    "trunc": math.trunc,
    "float": float,
    "min": min,
    "max": max,
    "sqrt": math.sqrt,
    "log2": math.log2,
    "isqrt": math.isqrt,
    "gcd": math.gcd,
    "lcm": math.lcm,
}
OPERATIONS: Mapping[str, Callable[..., Any]] = {
    **{name: function for name, (_, function) in (*BINARY.items(), *COMPARED.items())},
    **CALLED,
}
ROUNDINGS = ("floor", "ceil", "round", "trunc")
ONE = frozenset({*ROUNDINGS, "float", "sqrt", "log2", "isqrt"})  # functions of one number
WHOLE = ("isqrt", "gcd", "lcm")  # functions of integers, in which nothing is rounded
PROGRAMS = frozenset({*(f"{name}64" for name in (*ROUNDINGS, "holds")), *WHOLE})  # what programs are called in text


def value_at(node: Node, values: Mapping[str, Any]) -> Any:
    """Return what a program computes, exactly as Python does.

    >>> value_at(("trunc", ("*", ("symbol", "d"), ("number", 0.7))), {"d": 90})
    62

    Raises ArithmeticError or ValueError as the arithmetic does.
    """
    kind, *parts = node
    if kind == "symbol":
        return values[parts[0]]
    if kind == "number":
        return parts[0]
    numbers = [value_at(part, values) for part in parts]
    if kind == "**" and all(isinstance(each, int) for each in numbers) and _bits(*numbers) > MOST_BITS:
        raise OverflowError("a power too large")
    return OPERATIONS[kind](*numbers)


def _bits(base: int, exponent: int) -> int:
    return base.bit_length() * max(0, exponent)


def number_at(node: Node, values: Mapping[str, Any]) -> int:
    """Return the integer that a program computes; a comparison of what cannot be computed does not hold.

    Raises InvalidValue where other arithmetic fails, as in a division by zero.
    """
    try:
        return int(value_at(node, values))
    except (ArithmeticError, ValueError, TypeError) as error:  # of fractions or complex numbers, in powers alone
        if node[0] in COMPARED:
            return 0
        given = f" of {', '.join(map(str, values.values()))}" if values else ""
        raise InvalidValue(f"a rounded number cannot be computed{given}: {error}", where="evaluate") from None


def is_whole(node: Node) -> bool:
    """Whether a program computes an integer, by the types of its numbers alone.

    >>> is_whole(("//", ("symbol", "d"), ("number", 2))), is_whole(("*", ("symbol", "d"), ("number", 0.5)))
    (True, False)
    """
    kind, *parts = node
    if kind == "number":
        return isinstance(parts[0], int)
    if kind in ("symbol", *ROUNDINGS, *WHOLE, *COMPARED):
        return True
    return kind in ("+", "-", "*", "//", "%", "**", "min", "max") and all(map(is_whole, parts))


def parts_of(node: Node) -> Iterator[Node]:
    """Yield a program and all programs in it."""
    yield node
    if node[0] not in ("symbol", "number"):
        for part in node[1:]:
            yield from parts_of(part)


def names_in(node: Node) -> list[str]:
    """Return the names of the sizes that a program computes with, once each, in their order."""
    return list(dict.fromkeys(part[1] for part in parts_of(node) if part[0] == "symbol"))


def replaced(node: Node, places: Mapping[str, Node]) -> Node:
    """Return a program with others in the place of some sizes."""
    kind, *parts = node
    if kind == "symbol":
        return places.get(parts[0], node)
    return node if kind == "number" else (kind, *(replaced(part, places) for part in parts))


def never_negative(node: Node, signs: Mapping[str, bool]) -> bool:
    """Whether a program computes no number below 0, where it is known which of its sizes are none."""
    kind, *parts = node
    if kind == "symbol":
        return signs[parts[0]]
    if kind == "number":
        return bool(parts[0] >= 0)
    known = [never_negative(part, signs) for part in parts]
    if kind == "max":
        return any(known)
    if kind == "%":
        return known[1]
    return kind in ("sqrt", *WHOLE, *COMPARED) or (kind not in ("-", "log2") and all(known))


def with_floors(node: Node, signs: Mapping[str, bool]) -> Node:
    """Return a program in which a floor is written for what `int()` makes of a number that is never negative.

    >>> with_floors(("trunc", ("/", ("symbol", "d"), ("number", 3))), {"d": True})
    ('floor', ('/', ('symbol', 'd'), ('number', 3)))
    """
    kind, *parts = node
    if kind in ("symbol", "number"):
        return node
    inside = [with_floors(part, signs) for part in parts]
    return ("floor" if kind == "trunc" and never_negative(parts[0], signs) else kind, *inside)


def span(node: Node, spans: Mapping[str, Span]) -> Span:
    """Return numbers between which all lie that a program computes, where its sizes lie between some.

    >>> low, high = span(("trunc", ("*", ("number", 0.5), ("symbol", "d"))), {"d": (1, 8)})
    >>> low <= 0 and high >= 4
    True
    """
    kind, *parts = node
    if kind == "symbol":
        return spans[parts[0]]
    if kind == "number":
        return parts[0], parts[0]
    sides = [span(part, spans) for part in parts]
    try:
        low, high = _SPANS[kind](sides)
        return -math.inf if math.isnan(low) else _less(low), math.inf if math.isnan(high) else -_less(-high)
    except (KeyError, ArithmeticError):  # integers too large for floating point are among them
        return -math.inf, math.inf


def _less(number: float) -> float:
    """A little less, for what floating point rounds."""
    return number if isinstance(number, int) or math.isinf(number) else number - abs(number) * 2**-50


def _corners(function: Callable[[float, float], float]) -> Callable[[Sequence[Span]], Span]:
    def found(sides: Sequence[Span]) -> Span:
        numbers = [function(x, y) for x in sides[0] for y in sides[1]]
        return min(numbers), max(numbers)

    return found


def _quotient(sides: Sequence[Span]) -> Span:
    low, high = sides[1]
    if low <= 0 <= high:
        raise ZeroDivisionError
    return _corners(operator.truediv)(sides)


def _power(sides: Sequence[Span]) -> Span:
    if sides[0][0] < 1:
        raise ArithmeticError
    return _corners(lambda x, y: float(x) ** float(y))(sides)


def _root(x: float) -> float:
    return x if math.isinf(x) else math.sqrt(max(0, x))


def _near(side: Span) -> Span:
    return side[0] - 1, side[1] + 1


def _largest_common(sides: Sequence[Span]) -> float:
    """No common divisor is larger than any number but 0."""
    numbers = [max(abs(low), abs(high)) for low, high in sides]
    return min((each for each, (low, high) in zip(numbers, sides, strict=True) if low * high > 0), default=max(numbers))


_SPANS: dict[str, Callable[[Sequence[Span]], Span]] = {
    "+": lambda sides: (sides[0][0] + sides[1][0], sides[0][1] + sides[1][1]),
    "-": lambda sides: (sides[0][0] - sides[1][1], sides[0][1] - sides[1][0]),
    "*": _corners(lambda x, y: 0 if 0 in (x, y) else x * y),
    "/": _quotient,
    "//": lambda sides: _near(_quotient(sides)),
    "%": lambda sides: (min(0, sides[1][0]), max(0, sides[1][1])),
    "**": _power,
    **{name: lambda sides: _near(sides[0]) for name in ROUNDINGS},
    "float": lambda sides: (float(sides[0][0]), float(sides[0][1])),
    "sqrt": lambda sides: (_root(sides[0][0]), _root(sides[0][1])),
    "isqrt": lambda sides: _near((_root(sides[0][0]), _root(sides[0][1]))),
    "min": lambda sides: (min(low for low, _ in sides), min(high for _, high in sides)),
    "max": lambda sides: (max(low for low, _ in sides), max(high for _, high in sides)),
    "gcd": lambda sides: (0, _largest_common(sides)),
    "log2": lambda sides: (-1_100, max(1_100, math.log2(max(1, sides[0][1])))),  # of integers as large as they like
    **dict.fromkeys(COMPARED, lambda _: (0, 1)),
}
