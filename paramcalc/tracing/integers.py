"""Integers and floats that remember how they were made, through arithmetic, comparisons and rounding."""

from __future__ import annotations

import contextlib
import math
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from paramcalc.sizes.conditions import USUAL_MULTIPLES
from paramcalc.tracing.nodes import Node, is_logarithm, node_of

LARGEST_CONSTANT = 16  # a larger number that `int()` made before, and that is met again, is taken for the same
MOST_EXPONENT = 4  # of powers that are written as products
MOST_STEPS = 250_000  # of arithmetic with traced numbers in one build: beyond, a build is quicker without
MOST_SEEN = 24  # ways in which numbers of one value came about


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
