"""How a traced number was made, as nodes: its names, its value at a point, and its expression."""

from __future__ import annotations

import contextlib
import math
import operator
from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction
from functools import lru_cache
from typing import Any, TypeAlias

from paramcalc.errors import ParamcalcError
from paramcalc.sizes.program import compiled
from paramcalc.sizes.symbols import Size, canonical, floored, remainder, symbol

Number: TypeAlias = "int | float"
Node: TypeAlias = "tuple[Any, ...]"  # ("symbol", name), ("number", value), or an operation and its nodes

FRACTION = 16  # binary places of numbers that are kept exactly

_EXACT: dict[str, Callable[..., Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "//": operator.floordiv,
    "%": operator.mod,
    "floor": math.floor,
    "ceil": math.ceil,
    "round": round,
    "**": operator.pow,
    "log": math.log,
}


def node_of(value: object) -> Node | None:
    """How a number was made; None for anything that is no number."""
    node = getattr(value, "node", None)
    if node is not None:
        return node  # type: ignore[no-any-return]
    return ("number", value) if type(value) in (int, float) else None


def names_in(node: Node) -> set[str]:
    """Return the names of the sizes that a traced number came from."""
    kind, *parts = node
    if kind in ("symbol", "number"):
        return {parts[0]} if kind == "symbol" else set()
    return set().union(*map(names_in, parts))


def value_at(node: Node, point: Mapping[str, int]) -> Any:
    """Return what a traced number is at a point.

    Raises ZeroDivisionError or OverflowError as the arithmetic does.
    """
    kind, *parts = node
    if kind == "symbol":
        return point[parts[0]]
    if kind == "number":
        return parts[0]
    return _EXACT[kind](*(value_at(part, point) for part in parts))


def missed(nodes: Iterable[Node]) -> Callable[[Mapping[str, int]], bool] | None:
    """What tells whether floating point misses, at a point, one of the numbers that are rounded; None for none.

    >>> from paramcalc.tracing.integers import Trace
    >>> d, n = (Trace().integer(*each) for each in (("d", 49), ("n", 1)))
    >>> found = missed([("floor", (d * (n / d)).node)])
    >>> found({"d": 49, "n": 1}), found({"d": 64, "n": 16})
    (True, False)
    """
    pairs = [(node, expression_of(node)) for node in nodes if not _sure(node[1])]
    known = [(node, compiled(size)) for node, size in pairs if size is not None]

    def at(point: Mapping[str, int]) -> bool:
        with contextlib.suppress(ArithmeticError, ValueError):
            return any(value_at(node, point) != size(point) for node, size in known)
        return False

    return at if known else None


def _sure(node: Node) -> bool:
    """Whether floating point gives no other whole part than exact numbers do, as of one quotient, or of a logarithm."""
    return node[0] == "log" or _kept(node) or (node[0] == "/" and all(map(_kept, node[1:])))


def _kept(node: Node) -> bool:
    """Whether floating point keeps a number exactly: integers, and binary fractions of them."""
    kind, *parts = node
    if kind == "number":
        return float(parts[0] * 2**FRACTION).is_integer()
    if kind in ("floor", "ceil", "round"):
        return _sure(parts[0])
    return kind == "symbol" or (kind in ("+", "-", "*", "//", "%", "**") and all(map(_kept, parts)))


def expression_of(node: Node) -> Size | None:
    """Return a traced number as an expression, None where there is none for it.

    >>> from paramcalc.tracing.integers import Trace
    >>> d = Trace().integer("d", 10)
    >>> print(expression_of((2 * d + 1).node), expression_of(math.ceil(d / 4).node))
    2*d + 1 -floor(-d/4)
    """
    kind, *parts = node
    if kind == "symbol":
        size: Size = symbol(parts[0])
        return size
    if kind == "number":
        return _exact(parts[0])
    if kind == "log" or is_logarithm(node):
        sides = [expression_of(part) for part in node[1][1:]] if kind != "log" else [None]
        return None if None in sides else _ilog(*sides)
    sides = [expression_of(part) for part in parts]
    if any(side is None for side in sides):
        return None
    return _combined(kind, *sides)


@lru_cache(maxsize=65_536)
def sound_expression(node: Node) -> Size | None:
    """Return what `expression_of` does, None also where the expression is no size; found once."""
    try:
        return expression_of(node)
    except (ParamcalcError, ArithmeticError, TypeError, ValueError):
        return None


def is_logarithm(node: Node) -> bool:
    """Whether a traced number is a logarithm, rounded down; a quotient of two is none, as floats may miss it."""
    return bool(node[0] == "floor" and node[1][0] == "log")


def _ilog(x: Any, base: Any) -> Size:
    from paramcalc.sizes.logarithm import ilog

    return canonical(ilog(x, base))


def _combined(kind: str, a: Any, b: Any = None) -> Size | None:
    import sympy

    from paramcalc.sizes.logarithm import ilog, ipow

    if kind in ("/", "//", "%"):
        if b == 0:
            return None
        b = b if isinstance(b, int) or b.is_positive or not b.is_integer else sympy.Max(1, b)  # 0 would be refused
    simple = {"+": lambda: a + b, "-": lambda: a - b, "*": lambda: a * b, "//": lambda: floored(a, b)}
    if kind in simple:
        return canonical(simple[kind]())
    if kind == "%":
        return remainder(a, b)
    if kind == "**":
        return canonical(ipow(a, b)) if isinstance(b, ilog) else None
    if kind == "/":
        return canonical((sympy.Integer(a) if isinstance(a, int) else a) / b)
    if kind == "round":
        return _to_nearest(a)
    return canonical(floored(a, 1)) if kind == "floor" else canonical(-floored(-a, 1))


def _to_nearest(a: Any) -> Size:
    """A number rounded as Python does: to the nearest integer, and of two that are as near to the even one."""
    import sympy

    below = sympy.fraction(sympy.together(a))[1]
    if below.is_odd:  # no number is in the middle of two integers
        return canonical(floored(2 * a + 1, 2))
    return canonical(floored(2 * a + 1, 4) - floored(1 - 2 * a, 4))


def _exact(value: Number) -> Size | None:
    if isinstance(value, int):
        return value
    if not math.isfinite(value):
        return None
    import sympy

    fraction = Fraction(value).limit_denominator(10_000)
    return canonical(sympy.Rational(fraction.numerator, fraction.denominator))
