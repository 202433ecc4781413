"""Integers and floats that remember how they were made, through arithmetic, comparisons and rounding."""

from __future__ import annotations

import math
import sys
import types
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from paramcalc.sizes.conditions import USUAL_MULTIPLES
from paramcalc.sizes.double.programs import Node
from paramcalc.tracing.lookups import keys_in_reach
from paramcalc.tracing.losses import Losses, is_lent
from paramcalc.tracing.nodes import MAYBE, is_logarithm, node_of

LARGEST_CONSTANT = 16  # a larger number that `int()` made before, and that is met again, is taken for the same
MOST_EXPONENT = 4  # of powers that are written as products
MOST_STEPS = 250_000  # of arithmetic with traced numbers in one build: beyond, a build is quicker without
LOSING = (
    *("__and__", "__rand__", "__or__", "__ror__", "__xor__", "__rxor__", "__invert__", "__rlshift__", "__rrshift__"),
    *("bit_length", "bit_count", "to_bytes"),
)  # what integers can do of which there is no expression
MOST_SEEN = 24  # ways in which numbers of one value came about


@dataclass
class Trace:
    """What one build told: the comparisons of traced numbers, with their outcome, what `int()` made plain, all traced
    integers by their value, and by which the code divided; and what it lost. It ends after so many steps of arithmetic.
    Once it is `over`, traced numbers compute as others do.
    """

    met: list[tuple[str, Node, Node, bool]] = field(default_factory=list)
    lost: dict[int, Node] = field(default_factory=dict)
    seen: dict[int, dict[Node, None]] = field(default_factory=dict)
    divided: dict[Node, None] = field(default_factory=dict)  # by what the code divided
    losses: Losses = field(default_factory=Losses)
    steps: int = 0
    over: bool = False

    def integer(self, name: str, value: int) -> TracedInt:
        """Return a value that remembers that it is the size of this name."""
        self.saw(value, ("symbol", name))
        made: TracedInt = TracedInt(value, ("symbol", name), self)
        return made

    def constant(self, value: float) -> TracedFloat:
        """Return a float that lets what is computed with it be traced, whichever side it stands on."""
        made: TracedFloat = TracedFloat(value, ("number", float(value)), self)
        return made

    def compared(self, sign: str, left: Node, right: Node, outcome: bool) -> None:
        """Remember how a comparison turned out, unless it is of constants."""
        if not self.over and not left[0] == right[0] == "number":
            self.met.append((sign, left, right, outcome))

    def became_int(self, value: int, node: Node) -> None:
        """Remember what `int()` made, whose memory may be lost after it, with multiples to which it may be rounded."""
        self.lost.setdefault(value, node)
        self.saw(value, node)
        for step in USUAL_MULTIPLES[1:5] if node[0] != "symbol" else ():
            number = ("number", step)
            self.saw(value // step * step, ("*", ("//", node, number), number))

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
        _lost(self, "pickle", sys._getframe(1))
        return (self.plain, (self.plain(self),))


class TracedInt(_Traced, int):
    """A traced int."""

    plain = int


class TracedFloat(_Traced, float):
    """A float that came of a traced integer, until it is rounded to one again."""

    plain = float


def made(value: Any, node: Node, trace: Trace) -> Any:
    """Return a number that came about as a node says, or the number alone where the trace is over."""
    if trace.over:
        return value
    if all(part[0] == "number" for part in node[1:]):
        return trace.constant(value) if type(value) is float else value
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
            nodes.insert(other <= LARGEST_CONSTANT, (MAYBE, self.trace.lost[other]))
        first, *others = [(sign, each, self.node) if swapped else (sign, self.node, each) for each in nodes]
        found = made(value, first, self.trace)
        for each in others:
            made(value, each, self.trace)
        return found

    return operation


def _comparison(name: str, base: type) -> Callable[[Any, Any], Any]:
    plain = getattr(base, name)

    def operation(self: Any, other: Any) -> Any:
        value, node = plain(self, other), node_of(other)
        if node is not None and isinstance(value, bool):
            self.trace.compared(name.strip("_"), self.node, node, value)
        return value

    return operation


def _rounding(name: str, base: type) -> Callable[..., Any]:
    plain = getattr(base, f"__{name}__")

    def operation(self: Any, *digits: Any) -> Any:
        value = plain(self, *digits)
        if digits:
            _lost(self, "round", sys._getframe(1))
            return value
        return made(value, (name, self.node), self.trace)

    return operation


def _to_int(self: Any) -> int:
    """What `int()` asks for: it takes no subclass of int, so the value is remembered instead."""
    value = float.__trunc__(self) if isinstance(self, TracedFloat) else int.__int__(self)
    rounded = ("trunc", self.node) if isinstance(self, TracedFloat) else self.node
    if self.trace.over or rounded[1][0] == "number":
        return value
    self.trace.became_int(value, rounded)
    return value


def _equip(traced: type, base: type) -> None:
    for name in ("add", "sub", "mul", "truediv", "floordiv", "mod"):
        setattr(traced, f"__{name}__", _binary(f"__{name}__", base, swapped=False))
        setattr(traced, f"__r{name}__", _binary(f"__r{name}__", base, swapped=True))
    for name in ("eq", "ne", "lt", "le", "gt", "ge"):
        setattr(traced, f"__{name}__", _comparison(f"__{name}__", base))
    for name in ("floor", "ceil", "round", "trunc"):
        setattr(traced, f"__{name}__", _rounding(name, base))


def _negated(self: Any) -> Any:
    return 0 - self


def _absolute(self: Any) -> Any:
    value = abs(self.plain(self))
    return made(value, ("max", self.node, ("-", ("number", 0), self.node)), self.trace)


def _divided(self: Any, other: Any) -> Any:
    return self // other, self % other


def _is_not_zero(self: Any) -> bool:
    """Whether a number is not 0, which code asks for without a comparison, as in `if size % heads`."""
    value = self.plain.__bool__(self)
    self.trace.compared("ne", self.node, ("number", 0), value)
    return bool(value)


def _is_integer(self: Any) -> bool:
    value = float.is_integer(self)
    self.trace.compared("eq", self.node, ("trunc", self.node), value)
    return value


def _hashed(self: Any) -> int:
    """What a lookup asks for: the number counts as compared with all keys of the tables that the code names."""
    frame = sys._getframe(1)
    if not self.trace.over and is_lent(frame):
        self.trace.losses.forget([self.node])  # a table may be out of reach
        for key in keys_in_reach(frame):
            self.trace.compared("eq", self.node, ("number", key), key == self.plain(self))
    return self.plain.__hash__(self)  # type: ignore[no-any-return]


def _lost(self: Any, call: str, frame: types.FrameType) -> None:
    """Remember what code that is lent to made a plain number of this one; what other code does is its own affair."""
    if not self.trace.over and is_lent(frame):
        self.trace.losses.called(call, frame, [self.node])


def _losing(name: str, base: type) -> Callable[..., Any]:
    plain, call = getattr(base, name), f"{base.__name__}.{name}"

    def operation(self: Any, *others: Any, **given: Any) -> Any:
        _lost(self, call, sys._getframe(1))
        return plain(self, *others, **given)

    return operation


def _as_text(name: str) -> Callable[..., str]:
    plain = getattr(int, name)

    def written(self: Any, *given: str) -> str:
        if not self.trace.over:
            self.trace.losses.wrote(int.__index__(self), self.node)
            self.trace.losses.forget([self.node])  # it may be looked up, or compared, as text
        text: str = plain(self, *given)
        return text

    return written


def _shifted(self: Any, places: Any) -> Any:
    return self * 2**places if type(places) is int and places >= 0 else int.__lshift__(self, places)


def _shifted_back(self: Any, places: Any) -> Any:
    return self // 2**places if type(places) is int and places >= 0 else int.__rshift__(self, places)


def _power(self: Any, exponent: Any, *modulus: Any) -> Any:
    if isinstance(exponent, int | float) and exponent < 0:
        self.trace.divided[self.node] = None
    node = node_of(exponent)
    if isinstance(exponent, float) and node is not None:
        return _float_power(self, exponent)
    if modulus or not isinstance(exponent, int) or exponent < 0:
        return int.__pow__(self, exponent, *modulus)
    small = type(exponent) is int and exponent <= MOST_EXPONENT
    power = math.prod([self] * exponent) if small else int.__pow__(self, int.__index__(exponent))
    node = exponent.node if isinstance(exponent, TracedInt) else self.trace.lost.get(exponent)
    if node is None:
        return power
    raised = made(int.__index__(power), ("**", self.node, node), self.trace)
    return power if small and not is_logarithm(node) else raised


def _float_power(self: Any, exponent: Any, *_: Any) -> Any:
    """A traced number, as a float, to a power."""
    value, node = float.__pow__(float(self), exponent), node_of(exponent)
    known = node is not None and type(value) is float
    return made(value, ("**", self.node, node), self.trace) if known else value


def _raised(self: Any, base: Any, *modulus: Any) -> Any:
    """A number to a traced power."""
    value, node = self.plain.__rpow__(self, base, *modulus), node_of(base)
    known = node is not None and not modulus and type(value) in (int, float)
    return made(value, ("**", node, self.node), self.trace) if known else value


_equip(TracedInt, int)
_equip(TracedFloat, float)
for _kind in (TracedInt, TracedFloat):
    for _name, _method in (
        ("int", _to_int),
        ("neg", _negated),
        ("abs", _absolute),
        ("divmod", _divided),
        ("bool", _is_not_zero),
        ("rpow", _raised),
        ("hash", _hashed),
    ):
        setattr(_kind, f"__{_name}__", _method)
for _name in LOSING:
    setattr(TracedInt, _name, _losing(_name, int))
TracedFloat.is_integer = _is_integer  # type: ignore[method-assign]
for _name in ("__repr__", "__format__"):
    setattr(TracedInt, _name, _as_text(_name))
TracedInt.__pow__ = _power  # type: ignore[method-assign]
TracedInt.__lshift__ = _shifted  # type: ignore[method-assign]
TracedInt.__rshift__ = _shifted_back  # type: ignore[method-assign]
TracedFloat.__pow__ = _float_power  # type: ignore[method-assign]
