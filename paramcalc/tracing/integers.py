"""Integers that remember how they were made, and the shapes that they reach while a model is built."""

from __future__ import annotations

import contextlib
import math
import operator
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, TypeAlias

from paramcalc.sizes.conditions import USUAL_MULTIPLES
from paramcalc.sizes.program import compiled
from paramcalc.sizes.symbols import Size, canonical, floored, remainder, symbol

Number: TypeAlias = "int | float"
Node: TypeAlias = "tuple[Any, ...]"  # ("symbol", name), ("number", value), or an operation and its nodes

LARGEST_CONSTANT = 16  # a larger number that `int()` made before, and that is met again, is taken for the same
MOST_EXPONENT = 4  # of powers that are written as products
FRACTION = 16  # binary places of numbers that are kept exactly
MOST_STEPS = 250_000  # of arithmetic with traced numbers in one build: beyond, a build is quicker without
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
    "**": operator.pow,
    "log": math.log,
}


@dataclass
class Trace:
    """What one build told: the comparisons of traced integers, with their outcome, what `int()` made plain, all traced
    integers by their value, and by which the code divided. It ends after so many steps of arithmetic.
    """

    met: list[tuple[str, Node, Node, bool]] = field(default_factory=list)
    lost: dict[int, Node] = field(default_factory=dict)
    seen: dict[int, dict[Node, None]] = field(default_factory=dict)
    cut: dict[Node, None] = field(default_factory=dict)  # floats that were rounded
    divided: dict[Node, None] = field(default_factory=dict)  # by what the code divided
    steps: int = 0

    def integer(self, name: str, value: int) -> TracedInt:
        """Return a value that remembers that it is the size of this name."""
        self.saw(value, ("symbol", name))
        made: TracedInt = TracedInt(value, ("symbol", name), self)
        return made

    def saw(self, value: int, node: Node) -> None:
        """Remember how a number came about, with the first few others of its value and all logarithms."""
        nodes = self.seen.setdefault(value, {})
        if len(nodes) < MOST_SEEN or is_logarithm(node):
            nodes[node] = None


def node_of(value: object) -> Node | None:
    """How a number was made; None for anything that is no number."""
    node = getattr(value, "node", None)
    if node is not None:
        return node  # type: ignore[no-any-return]
    return ("number", value) if type(value) in (int, float) else None


class _Traced:
    """A number that keeps, through arithmetic and rounding, the expression of the sizes that it came from."""

    plain: type[Any]
    node: Node
    trace: Trace

    def __new__(cls, value: Any, node: Node, trace: Trace) -> Any:
        """Make a number that came about as the node says."""
        made = super().__new__(cls, value)  # type: ignore[call-arg]
        made.node = node
        made.trace = trace
        return made

    def __copy__(self) -> Any:
        return self

    def __deepcopy__(self, _: object) -> Any:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return (self.plain, (self.plain(self),))


class TracedInt(_Traced, int):
    """A traced int."""

    plain = int


class TracedFloat(_Traced, float):
    """A float that came of a traced integer, until it is rounded to one again."""

    plain = float


def _made(value: object, node: Node, trace: Trace) -> Any:
    trace.steps += 1
    if trace.steps > MOST_STEPS:
        raise OverflowError(f"more than {MOST_STEPS:,} steps of arithmetic")
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
        if sign in ("/", "//", "%"):
            self.trace.divided[self.node if swapped else node] = None
        nodes = [node]
        if type(other) is int and other in self.trace.lost:  # it may be that number, or a constant of its value
            nodes.insert(other <= LARGEST_CONSTANT, self.trace.lost[other])
        first, *others = [(sign, each, self.node) if swapped else (sign, self.node, each) for each in nodes]
        made = _made(value, first, self.trace)
        for each in others:
            _made(value, each, self.trace)
        return made

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
        if digits:
            return value
        if base is float:
            self.trace.cut[(name, self.node)] = None
        return _made(value, (name, self.node), self.trace)

    return operation


def _to_int(self: Any) -> int:
    """What `int()` asks for: it takes no subclass of int, so the value is remembered instead."""
    value = math.trunc(float(self)) if isinstance(self, TracedFloat) else int.__int__(self)
    rounded = ("floor", self.node) if isinstance(self, TracedFloat) else self.node
    if isinstance(self, TracedFloat):
        self.trace.cut[rounded] = None
    self.trace.lost.setdefault(value, rounded)
    self.trace.saw(value, rounded)
    for step in (
        USUAL_MULTIPLES[1:5] if rounded[0] != "symbol" else ()
    ):  # what comes of it is often rounded down to a multiple
        number = ("number", step)
        self.trace.saw(value // step * step, ("*", ("//", rounded, number), number))
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
    if isinstance(exponent, int | float) and exponent < 0:
        self.trace.divided[self.node] = None
    if modulus or not isinstance(exponent, int) or exponent < 0:
        return int.__pow__(self, exponent, *modulus)
    small = type(exponent) is int and exponent <= MOST_EXPONENT
    made = math.prod([self] * exponent) if small else int.__pow__(self, int(exponent))
    node = exponent.node if isinstance(exponent, TracedInt) else self.trace.lost.get(exponent)
    if node is None:
        return made
    raised = _made(int(made), ("**", self.node, node), self.trace)
    return made if small and not is_logarithm(node) else raised


def _raised(self: Any, base: Any, *modulus: Any) -> Any:
    """A number to a traced power."""
    value = int.__rpow__(self, base, *modulus)
    return value if modulus or type(value) is not int else _made(value, ("**", ("number", base), self.node), self.trace)


_equip(TracedInt, int)
_equip(TracedFloat, float)
TracedInt.__int__ = _to_int  # type: ignore[method-assign]
TracedFloat.__int__ = _to_int  # type: ignore[method-assign]
TracedFloat.__trunc__ = _to_int  # type: ignore[method-assign]
TracedInt.__neg__ = _negated  # type: ignore[method-assign]
TracedInt.__pow__ = _power  # type: ignore[method-assign]
TracedInt.__rpow__ = _raised  # type: ignore[method-assign]


@contextlib.contextmanager
def kept_in_c() -> Iterator[None]:
    """Let math.log2 and numpy.prod keep how traced integers came about, which C code would not; then undo it."""
    numpy: Any = sys.modules.get("numpy")
    plain: Any = math.log2, getattr(numpy, "prod", None)

    def log2(x: Any) -> Any:
        value = plain[0](x)
        return _made(value, ("log", x.node, ("number", 2)), x.trace) if isinstance(x, TracedInt) else value

    def prod(a: Any, *args: Any, **kwargs: Any) -> Any:
        traced = isinstance(a, list | tuple) and any(isinstance(each, TracedInt) for each in a)
        return math.prod(a) if traced and not args and not kwargs else plain[1](a, *args, **kwargs)

    math.log2 = log2
    if numpy is not None:
        numpy.prod = prod
    try:
        yield
    finally:
        math.log2 = plain[0]
        if numpy is not None:
            numpy.prod = plain[1]


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
    return sympy.Rational(fraction.numerator, fraction.denominator)
