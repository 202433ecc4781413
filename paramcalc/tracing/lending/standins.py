"""What is lent in place of builtins and functions of `math` and NumPy: it keeps the memory that C code would lose."""

from __future__ import annotations

import builtins
import math
import sys
import types
from collections.abc import Callable, Iterable, Mapping
from functools import reduce, wraps
from typing import Any

import numpy

from paramcalc.tracing.integers import Trace, TracedFloat, TracedInt, made
from paramcalc.tracing.losses import is_lent
from paramcalc.tracing.nodes import node_of

Traced = (TracedInt, TracedFloat)
TELLING = {"ceil", "floor", "trunc", "isclose", "isfinite", "isinf", "isnan"}  # of `math`, which lose nothing
MOST_SIDES = 8  # of a maximum that is kept as one


class _Standin(type):
    """The type of a stand-in for a builtin type: it answers for the type as the type itself does."""

    plain: type[Any]

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, cls.plain)

    def __subclasscheck__(cls, subclass: type) -> bool:
        return issubclass(_plain(subclass), cls.plain)

    def __eq__(cls, other: object) -> bool:
        return cls.plain is _plain(other)

    def __hash__(cls) -> int:
        return hash(cls.plain)

    def __repr__(cls) -> str:
        return repr(cls.plain)

    def __getattr__(cls, name: str) -> Any:
        return getattr(cls.plain, name)

    def __or__(cls, other: Any) -> Any:
        return cls.plain | _plain(other)

    def __ror__(cls, other: Any) -> Any:
        return _plain(other) | cls.plain

    def __new__(mcs, name: str, bases: tuple[type, ...], names: dict[str, Any], **given: Any) -> Any:
        """Make a stand-in; a class that lent code derives from one is derived from the builtin."""
        if any(isinstance(base, _Standin) for base in bases):
            plain = tuple(_plain(base) for base in bases)
            return type(plain[0])(name, plain, names, **given)
        return super().__new__(mcs, names["plain"].__name__, bases, names)


def _plain(kind: Any) -> Any:
    return kind.plain if isinstance(kind, _Standin) else kind


class lent_int(metaclass=_Standin):
    """`int`, of which a traced number comes as one."""

    plain = int

    def __new__(cls, value: Any = 0, *base: Any, **given: Any) -> Any:
        """Return the integer, traced where the value is."""
        if isinstance(value, str | bytes):
            return _read(int(value, *base, **given), sys._getframe(1))
        if base or given or type(value) not in Traced:
            return int(value, *base, **given)
        found = value if type(value) is TracedInt else math.trunc(value)
        if type(found) is TracedInt:
            found.trace.became_int(int.__index__(found), found.node)
        return found


def _read(value: int, frame: types.FrameType) -> int:
    """An integer that code made of text, where the memory of a size is lost if the text was made of that."""
    if is_lent(frame):
        frame.f_globals.copies.trace.losses.read("int", frame, [value])  # type: ignore[attr-defined]
    return value


class lent_float(metaclass=_Standin):
    """`float`, of which a traced number comes as one."""

    plain = float

    def __new__(cls, value: Any = 0.0) -> Any:
        """Return the float, traced where the value is."""
        if type(value) is TracedInt:
            return made(float(value), ("float", value.node), value.trace)
        return value if type(value) is TracedFloat else float(value)


class lent_type(metaclass=_Standin):
    """`type`, by which a traced number is what it stands for."""

    plain = type

    def __new__(cls, value: Any, *rest: Any, **given: Any) -> Any:
        """Return the type of a value, or make a class."""
        if rest:
            bases, names = rest
            return type(value, tuple(_plain(base) for base in bases), names, **given)
        return {TracedInt: lent_int, int: lent_int, TracedFloat: lent_float, float: lent_float}.get(
            type(value), type(value)
        )


def _extreme(plain: Callable[..., Any], name: str) -> Callable[..., Any]:
    def extreme(*sides: Any, **given: Any) -> Any:
        if given or not sides:
            return plain(*sides, **given)
        values = list(sides[0]) if len(sides) == 1 else list(sides)
        traced = [each for each in values if type(each) in Traced]
        nodes = list(dict.fromkeys(node_of(each) for each in values))
        if not traced or None in nodes or len(nodes) > MOST_SIDES:
            return plain(values)
        if len(nodes) == 1:
            return traced[0]
        value = plain(values)  # which compares them
        value = value.plain(value) if type(value) in Traced else value
        return made(value, (name, *nodes), traced[0].trace)

    return extreme


def _summed(values: Iterable[Any], start: Any = 0) -> Any:
    return reduce(lambda a, b: _beside(a, b) + b, values, start)


def _multiplied(values: Iterable[Any], *, start: Any = 1) -> Any:
    return reduce(lambda a, b: _beside(a, b) * b, values, start)


def _beside(a: Any, b: Any) -> Any:
    """A number to the left of another one, traced where that is."""
    return b.trace.constant(a) if type(a) is float and type(b) is TracedInt else a


def _of_one(plain: Callable[[Any], Any], name: str) -> Callable[..., Any]:
    def function(x: Any) -> Any:
        return made(plain(x), (name, x.node), x.trace) if type(x) in Traced else plain(x)

    return function


def _of_integers(plain: Callable[..., Any], name: str) -> Callable[..., Any]:
    def function(*sides: Any) -> Any:
        traced = next((each for each in sides if type(each) is TracedInt), None)
        nodes = [node_of(each) for each in sides]
        value = plain(*map(int, sides)) if traced is not None else plain(*sides)
        return value if traced is None or None in nodes or len(nodes) < 2 else made(value, (name, *nodes), traced.trace)

    return function


def _to_power(x: Any, y: Any) -> Any:
    """`math.pow`, which computes with floats."""
    first = next((each for each in (x, y) if type(each) in Traced), None)
    return math.pow(x, y) if first is None else lent_float(x) ** lent_float(y)


def _losing(plain: Callable[..., Any]) -> Callable[..., Any]:
    """A function that makes plain numbers of sizes: that it does is remembered."""
    name = f"{'numpy' if plain.__module__ is None else plain.__module__}.{plain.__name__}"

    @wraps(plain)
    def function(*sides: Any, **given: Any) -> Any:
        traced = [each for side in sides for each in (side if isinstance(side, list | tuple) else [side])]
        traced = [each for each in traced if type(each) in Traced and not each.trace.over]
        if traced:
            traced[0].trace.losses.called(name, sys._getframe(1), [each.node for each in traced])
        return plain(*sides, **given)

    return function


def lent_builtins() -> Mapping[str, Any]:
    """Return the builtins that are lent, by their names."""
    return {
        "int": lent_int,
        "float": lent_float,
        "type": lent_type,
        "max": _extreme(max, "max"),
        "min": _extreme(min, "min"),
        "sum": _summed,
    }


def lent_math() -> Mapping[str, Any]:
    """Return the functions of `math` that are lent, by their names; `floor` and the like ask a number itself."""
    losing = {
        name: _losing(function) for name, function in vars(math).items() if name not in TELLING and callable(function)
    }
    return {
        **losing,
        "sqrt": _of_one(math.sqrt, "sqrt"),
        "log2": _of_one(math.log2, "log2"),
        "isqrt": _of_one(math.isqrt, "isqrt"),
        "gcd": _of_integers(math.gcd, "gcd"),
        "lcm": _of_integers(math.lcm, "lcm"),
        "prod": _multiplied,
        "pow": _to_power,
    }


def lent_numpy() -> Mapping[str, Any]:
    """Return the functions of NumPy that are lent, by their names: some are told of single numbers, all others lose."""
    functions = lent_math()
    smallest, largest = _extreme(min, "min"), _extreme(max, "max")
    told: Mapping[str, Callable[..., Any]] = {
        "prod": _unless_traced(numpy.prod, functions["prod"]),
        "sqrt": _unless_traced(numpy.sqrt, functions["sqrt"]),
        "log2": _unless_traced(numpy.log2, functions["log2"]),
        "ceil": _unless_traced(numpy.ceil, lambda x: lent_float(math.ceil(x))),
        "floor": _unless_traced(numpy.floor, lambda x: lent_float(math.floor(x))),
        "minimum": _of_numbers(numpy.minimum, smallest),
        "maximum": _of_numbers(numpy.maximum, largest),
        "clip": _of_numbers(numpy.clip, lambda x, low, high: smallest(largest(x, low), high)),
    }
    return {
        name: _Function(each, told.get(name) or _losing(each))
        for name, each in vars(numpy).items()
        if hasattr(each, "__name__") and callable(each) and not isinstance(each, type)
    }


class _Function:
    """A function in place of another one, with what that one has beside: those of NumPy have methods."""

    def __init__(self, plain: Callable[..., Any], function: Callable[..., Any]) -> None:
        self.plain, self.function = plain, function

    def __call__(self, *sides: Any, **given: Any) -> Any:
        return self.function(*sides, **given)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.plain, name)


def _of_numbers(plain: Callable[..., Any], lent: Callable[..., Any]) -> Callable[..., Any]:
    """A function of NumPy: another one where it is given single numbers, of which one is traced."""
    losing = _losing(plain)

    def function(*sides: Any, **given: Any) -> Any:
        alone = not given and all(isinstance(each, int | float) for each in sides)
        return lent(*sides) if alone and any(type(each) in Traced for each in sides) else losing(*sides, **given)

    return function


def _unless_traced(plain: Callable[..., Any], lent: Callable[..., Any]) -> Callable[..., Any]:
    def function(*sides: Any, **given: Any) -> Any:
        first = sides[0] if sides else None
        some = first if isinstance(first, list | tuple) else [first]
        traced = len(sides) == 1 and not given and any(type(each) in Traced for each in some)
        return lent(first) if traced else plain(*sides, **given)

    return function


_LENT: dict[int, Any] = {}


def lent(value: Any) -> Any:
    """Return what is lent in place of a builtin, or a function of `math` or NumPy; the value itself for anything else.

    >>> lent(max) is max, lent(print) is print
    (False, True)
    """
    if not _LENT:
        for module, found in ((builtins, lent_builtins()), (math, lent_math()), (numpy, lent_numpy())):
            _LENT.update((id(getattr(module, name)), each) for name, each in found.items())
    return _LENT.get(id(value), value)


def traced_constants(value: Any, trace: Trace) -> Any:
    """Return a value with floats in it, also in tuples, lists and dictionaries, as floats that are traced."""
    if type(value) is float:
        return trace.constant(value)
    if type(value) in (tuple, list):
        return type(value)(traced_constants(each, trace) for each in value)
    if type(value) is dict:
        return {key: traced_constants(each, trace) for key, each in value.items()}
    return value
