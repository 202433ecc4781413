"""How a traced number was made, and the expression that says so: exact, or what code computes in double precision."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from paramcalc.errors import ParamcalcError
from paramcalc.sizes.double.programs import BINARY, COMPARED, ROUNDINGS, WHOLE, Node, is_whole, names_in, never_negative
from paramcalc.sizes.sign import is_nonnegative
from paramcalc.sizes.symbols import Size, canonical, floored, remainder, symbol

MAYBE = "maybe"  # a node of a number that is taken for another one of the same value
FRACTION = 16  # binary places of numbers that are kept exactly


def node_of(value: object) -> Node | None:
    """How a number was made; None for anything that is no number."""
    node = getattr(value, "node", None)
    if node is not None:
        return node  # type: ignore[no-any-return]
    return ("number", value) if type(value) in (int, float) else None


def expression_of(node: Node) -> Size | None:
    """Return a traced number as an expression, None where there is none for it.

    What is computed with floats and not rounded has one where floats compute exactly.

    >>> from paramcalc.tracing.integers import Trace
    >>> d = Trace().integer("d", 10)
    >>> print(*(expression_of(each.node) for each in (2 * d + 1, math.ceil(d / 4), math.trunc(d * 0.7 + d))), sep=", ")
    2*d + 1, -floor(-d/4), trunc64(d*0.7 + d)
    """
    return _expression(certain(node))


def certain(node: Node) -> Node:
    """Return a node without the marks of what was taken for a number of the same value, which may be another one."""
    kind, *parts = node
    if kind in ("symbol", "number"):
        return node
    return certain(parts[0]) if kind == MAYBE else (kind, *map(certain, parts))


def is_certain(node: Node) -> bool:
    """Whether nothing in a node was taken for a number of the same value.

    >>> is_certain(("+", ("symbol", "d"), ("number", 1))), is_certain(("+", ("maybe", ("symbol", "d")), ("number", 1)))
    (True, False)
    """
    kind, *parts = node
    return kind in ("symbol", "number") or (kind != MAYBE and all(map(is_certain, parts)))


def _expression(node: Node) -> Size | None:
    kind, *parts = node
    if kind == "symbol":
        size: Size = symbol(parts[0])
        return size
    if kind == "isqrt" or _is_root(node):
        square = parts[0] if kind == "isqrt" else parts[0][1]
        root = _root(square)
        return _replayed(("isqrt", square)) if root is None else root
    if kind in WHOLE or (kind in ROUNDINGS and not is_whole(parts[0]) and not _is_sure(parts[0])):
        return _replayed(node)
    if not is_whole(node) and not _is_kept(node) and not _is_quotient(node):
        return None
    return _exact(node)


@lru_cache(maxsize=65_536)
def sound_expression(node: Node) -> Size | None:
    """Return what `expression_of` does, None also where the expression is no size; found once."""
    try:
        return expression_of(node)
    except (ParamcalcError, ArithmeticError, TypeError, ValueError):
        return None


def comparison_of(sign: str, left: Node, right: Node) -> Size | None:
    """Return what is 1 where a comparison of numbers in floating point holds, and else 0; None where that has no form.

    >>> print(comparison_of("<", ("symbol", "n"), ("*", ("number", 0.9), ("symbol", "v"))))
    holds64(n < 0.9*v)
    """
    try:
        return _replayed((sign, certain(left), certain(right)))
    except (ParamcalcError, ArithmeticError, TypeError, ValueError):
        return None


def is_logarithm(node: Node) -> bool:
    """Whether a traced number is a logarithm, rounded down; a quotient of two is none, as floats may miss it."""
    return bool(node[0] in ("floor", "trunc") and node[1][0] == "log2" and is_whole(node[1][1]))


def _is_root(node: Node) -> bool:
    """Whether a number is the root of an integer, rounded down."""
    return bool(node[0] in ("floor", "trunc") and node[1][0] == "sqrt" and is_whole(node[1][1]))


def _root(node: Node) -> Size | None:
    """The root of the square of a size, None for that of any other number."""
    import sympy

    size = _expression(node)
    root = None if size is None else sympy.sqrt(size)
    return canonical(root) if root is not None and root.is_integer else None


def _is_sure(node: Node) -> bool:
    """Whether a number is rounded as the exact one is: one quotient, or a logarithm, or what floats keep."""
    return (node[0] == "log2" and is_whole(node[1])) or _is_kept(node) or _is_quotient(node)


def _is_quotient(node: Node) -> bool:
    """Whether a number is one quotient of numbers that floats keep."""
    return bool(node[0] == "/" and all(map(_is_kept, node[1:])))


def _is_kept(node: Node) -> bool:
    """Whether floating point keeps a number exactly: integers, and binary fractions of them."""
    kind, *parts = node
    if kind == "number":
        return bool(math.isfinite(parts[0]) and float(parts[0] * 2**FRACTION).is_integer())
    if kind in ("symbol", *ROUNDINGS, *WHOLE, *COMPARED):
        return True
    if kind == "/":
        below = parts[1][1] if parts[1][0] == "number" else 0
        return _is_kept(parts[0]) and below > 0 and math.frexp(below)[0] == 0.5
    if kind == "**":
        return is_whole(node)
    return kind in ("+", "-", "*", "//", "%", "float", "min", "max") and all(map(_is_kept, parts))


def _replayed(node: Node) -> Size:
    """An integer as a program of the expressions that stand in it."""
    from paramcalc.sizes.rounded64 import computed, rounded64

    sizes: dict[str, Any] = {}

    def program(part: Node) -> Node:
        kind, *inside = part
        size = sound_expression(part) if kind != "number" and is_whole(part) and part is not node else None
        if size is None:
            return part if kind == "number" else (kind, *map(program, inside))
        if isinstance(size, int):
            return ("number", size)
        if isinstance(size, rounded64):
            return (kind, *map(program, inside))
        name = next((name for name, each in sizes.items() if each == size), f"a{len(sizes)}")
        sizes[name] = size
        return ("symbol", name)

    whole = program(node)
    return canonical(computed(whole, sizes))


def exactly(node: Node) -> Size | None:
    """Return what a program would compute if nothing were rounded on the way, None where that has no expression.

    >>> from fractions import Fraction
    >>> print(exactly(("trunc", ("*", ("symbol", "d"), ("number", Fraction(7, 10))))))
    floor(7*d/10)
    """
    if node[0] == "symbol":
        size: Size = symbol(node[1])
        return size
    return _exact(node, exactly) if node[0] in (*BINARY, *ROUNDINGS, "number", "float", "min", "max") else None


def _exact(node: Node, expression: Callable[[Node], Size | None] = _expression) -> Size | None:
    """The exact number that a node stands for, made of the expressions of its parts."""
    import sympy

    kind, *parts = node
    if kind == "number":
        return parts[0] if isinstance(parts[0], int) else canonical(sympy.Rational(parts[0]))
    if kind == "float":
        return expression(parts[0])
    if is_logarithm(node):
        return _ilog(node[1][1])
    sides = [expression(part) for part in parts]
    if any(side is None for side in sides):
        return None
    if kind in ("min", "max"):
        return canonical((sympy.Min if kind == "min" else sympy.Max)(*sides))
    if kind == "trunc":
        return _to_zero(sides[0], positive=never_negative(parts[0], dict.fromkeys(names_in(parts[0]), True)))
    return _combined(kind, *sides)


def _ilog(node: Node) -> Size | None:
    from paramcalc.sizes.logarithm import ilog

    size = _expression(node)
    return None if size is None else canonical(ilog(size, 2))


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


def _to_zero(a: Any, *, positive: bool) -> Size:
    """A number without its fraction, as `int()` makes it: rounded down, and up where it is below 0."""
    import sympy

    if positive or isinstance(a, int) or is_nonnegative(a):
        return canonical(floored(a, 1))
    return canonical(sympy.Max(0, floored(a, 1)) - sympy.Max(0, floored(-a, 1)))


def _to_nearest(a: Any) -> Size:
    """A number rounded as Python does: to the nearest integer, and of two that are as near to the even one."""
    import sympy

    below = sympy.fraction(sympy.together(a))[1]
    if below.is_odd:  # no number is in the middle of two integers
        return canonical(floored(2 * a + 1, 2))
    return canonical(floored(2 * a + 1, 4) - floored(1 - 2 * a, 4))
