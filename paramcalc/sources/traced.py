"""Integers that remember how they were made, and the shapes that they reach while a model is built."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, TypeAlias

from paramcalc.symbols import Size, canonical, floored, remainder, symbol

Number: TypeAlias = "int | float"
Node: TypeAlias = "tuple[Any, ...]"  # ("symbol", name), ("number", value), or an operation and its nodes

MOST_SEEN = 24  # ways in which numbers of one value came about

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
}


@dataclass
class Trace:
    """What one build told: the comparisons of traced integers, with their outcome, what `int()` made plain, and all
    traced integers by their value.
    """

    met: list[tuple[str, Node, Node, bool]] = field(default_factory=list)
    lost: dict[int, Node] = field(default_factory=dict)
    seen: dict[int, dict[Node, None]] = field(default_factory=dict)

    def integer(self, name: str, value: int) -> TracedInt:
        """Return a value that remembers that it is the size of this name."""
        self.saw(value, ("symbol", name))
        return TracedInt(value, ("symbol", name), self)

    def saw(self, value: int, node: Node) -> None:
        """Remember how a number came about, with the first few others of its value."""
        nodes = self.seen.setdefault(value, {})
        if len(nodes) < MOST_SEEN:
            nodes[node] = None


def node_of(value: object) -> Node | None:
    """How a number was made; None for anything that is no number."""
    node = getattr(value, "node", None)
    if node is not None:
        return node  # type: ignore[no-any-return]
    return ("number", value) if type(value) in (int, float) else None


class TracedInt(int):
    """An int that keeps, through arithmetic and rounding, the expression of the sizes that it came from."""

    node: Node
    trace: Trace

    def __new__(cls, value: int, node: Node, trace: Trace) -> TracedInt:
        """Make an int that came about as the node says."""
        made = super().__new__(cls, value)
        made.node = node
        made.trace = trace
        return made

    def __copy__(self) -> TracedInt:
        return self

    def __deepcopy__(self, _: object) -> TracedInt:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return (int, (int(self),))

    __hash__ = int.__hash__


class TracedFloat(float):
    """A float that came of a traced integer, until it is rounded to one again."""

    node: Node
    trace: Trace

    def __new__(cls, value: float, node: Node, trace: Trace) -> TracedFloat:
        """Make a float that came about as the node says."""
        made = super().__new__(cls, value)
        made.node = node
        made.trace = trace
        return made

    __hash__ = float.__hash__


def _made(value: object, node: Node, trace: Trace) -> Any:
    if type(value) is int:
        trace.saw(value, node)
        return TracedInt(value, node, trace)
    return TracedFloat(value, node, trace) if type(value) is float else value


def _binary(name: str, base: type, swapped: bool) -> Callable[[Any, Any], Any]:
    plain, among_floats = getattr(base, name), getattr(float, name)
    sign = {"add": "+", "sub": "-", "mul": "*", "truediv": "/", "floordiv": "//", "mod": "%"}[
        name.strip("_").removeprefix("r" if swapped else "")
    ]

    def operation(self: Any, other: Any) -> Any:
        value = among_floats(float(self), other) if isinstance(other, float) else plain(self, other)
        node = node_of(other)
        if value is NotImplemented or node is None:
            return value
        return _made(value, (sign, node, self.node) if swapped else (sign, self.node, node), self.trace)

    return operation


def _comparison(name: str, base: type) -> Callable[[Any, Any], Any]:
    plain = getattr(base, name)

    def operation(self: Any, other: Any) -> Any:
        value, node = plain(self, other), node_of(other)
        if node is not None and isinstance(value, bool):
            self.trace.met.append((name.strip("_"), self.node, node, value))
        return value

    return operation


def _rounding(name: str, base: type) -> Callable[..., Any]:
    plain = getattr(base, f"__{name}__")

    def operation(self: Any, *digits: Any) -> Any:
        value = plain(self, *digits)
        return value if digits else _made(value, (name, self.node), self.trace)

    return operation


def _plain(self: Any) -> int:
    """What `int()` asks for: it takes no subclass of int, so the value is remembered instead."""
    value = math.trunc(float(self)) if isinstance(self, TracedFloat) else int.__int__(self)
    rounded = ("floor", self.node) if isinstance(self, TracedFloat) else self.node
    self.trace.lost.setdefault(value, rounded)
    self.trace.saw(value, rounded)
    return value


def _equip(traced: type, base: type) -> None:
    for name in ("add", "sub", "mul", "truediv", "floordiv", "mod"):
        setattr(traced, f"__{name}__", _binary(f"__{name}__", base, swapped=False))
        setattr(traced, f"__r{name}__", _binary(f"__r{name}__", base, swapped=True))
    for name in ("eq", "ne", "lt", "le", "gt", "ge"):
        setattr(traced, f"__{name}__", _comparison(f"__{name}__", base))
    for name in ("floor", "ceil", "round"):
        setattr(traced, f"__{name}__", _rounding(name, base))


def _negated(self: Any) -> Any:
    return 0 - self


def _power(self: Any, exponent: Any, *modulus: Any) -> Any:
    if type(exponent) is int and 0 <= exponent <= 4 and not modulus:
        return math.prod([self] * exponent)
    return int.__pow__(self, exponent, *modulus)


_equip(TracedInt, int)
_equip(TracedFloat, float)
TracedInt.__int__ = _plain  # type: ignore[method-assign]
TracedFloat.__int__ = _plain  # type: ignore[method-assign]
TracedFloat.__trunc__ = _plain  # type: ignore[method-assign]
TracedInt.__neg__ = _negated  # type: ignore[method-assign]
TracedInt.__pow__ = _power  # type: ignore[method-assign]


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


def expression_of(node: Node) -> Size | None:
    """Return a traced number as an expression, None where there is none for it.

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
    sides = [expression_of(part) for part in parts]
    if any(side is None for side in sides):
        return None
    return _combined(kind, *sides)


def _combined(kind: str, a: Any, b: Any = None) -> Size | None:
    if kind in ("/", "//", "%") and b == 0:
        return None
    simple = {"+": lambda: a + b, "-": lambda: a - b, "*": lambda: a * b, "//": lambda: floored(a, b)}
    if kind in simple:
        return canonical(simple[kind]())
    if kind == "%":
        return remainder(a, b)
    import sympy

    if kind == "/":
        return canonical((sympy.Integer(a) if isinstance(a, int) else a) / b)
    if kind == "round":
        return canonical(floored(2 * a + 1, 2))
    return canonical(floored(a, 1)) if kind == "floor" else canonical(-floored(-a, 1))


def _exact(value: Number) -> Size | None:
    if isinstance(value, int):
        return value
    if not math.isfinite(value):
        return None
    import sympy

    fraction = Fraction(value).limit_denominator(10_000)
    return sympy.Rational(fraction.numerator, fraction.denominator)
