"""Which code runs while a model is built: found by watching one build, function by function."""

from __future__ import annotations

import contextlib
import math
import re
import sys
import types
from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import Any

from paramcalc.tracing.lending.functions import closed_over, is_lent_to

LONG = 8  # digits of what is no size


class Watched:
    """The code that ran, and the methods among it."""

    def __init__(self) -> None:
        self.codes: set[types.CodeType] = set()
        self.methods: dict[tuple[type, str], Any] = {}

    def saw(self, frame: types.FrameType) -> None:
        """Take the function of a frame into account, and the class where it stands."""
        code = frame.f_code
        self.codes.add(code)
        first = frame.f_locals.get(code.co_varnames[0]) if code.co_argcount else None
        kind = first if isinstance(first, type) else type(first)
        for owner in (*kind.__mro__, _class_of(frame)):
            for name, attribute in vars(owner).items():
                if is_of(attribute, code):
                    self.methods[owner, name] = attribute
                    return


def _class_of(frame: types.FrameType) -> type:
    """The class that holds the function of a frame by its name, as that of a static method; `object` for any other."""
    found: Any = None
    for part in frame.f_code.co_qualname.split(".")[:-1]:
        found = frame.f_globals.get(part) if found is None else getattr(found, part, None)
    return found if isinstance(found, type) else object


def is_of(attribute: Any, code: types.CodeType) -> bool:
    """Whether what stands in a class runs some code: a function, one behind a decorator, or one in a property."""
    if isinstance(attribute, property):
        return any(is_of(each, code) for each in (attribute.fget, attribute.fset) if each is not None)
    function = attribute.__func__ if isinstance(attribute, staticmethod | classmethod) else attribute
    if type(function) is not types.FunctionType:
        return False
    return any(each.__code__ is code for each in (function, *closed_over(function)))


def constants_of(codes: Iterable[types.CodeType]) -> frozenset[int]:
    """Return the integers that stand in some code, as text too, and those above and below the line of its floats.

    >>> sorted(constants_of([compile("x * 0.75 + 8 + {'32': 5}[y]", "", "eval")]))
    [3, 4, 5, 8, 32]
    """
    found: set[int] = set()
    left = [each for code in codes for each in code.co_consts]
    while left:
        each = left.pop()
        if isinstance(each, types.CodeType):
            left += each.co_consts
        elif isinstance(each, tuple | frozenset):
            left += each
        elif isinstance(each, str):  # it may be the key of a table
            found |= {int(number) for number in re.findall("[0-9]+", each) if len(number) < LONG}
        elif isinstance(each, int | float) and math.isfinite(each):
            fraction = Fraction(repr(each)) if isinstance(each, float) else Fraction(each)
            found |= {abs(fraction.numerator), fraction.denominator, abs(round(each))}
    return frozenset(found - {1})


@contextlib.contextmanager
def watching() -> Iterator[Watched]:
    """Watch what code runs in this thread; nothing is seen where something else watches already."""
    watched = Watched()
    known: dict[int, types.CodeType] = {}  # by identity, as code that is hashed is read through
    lent_to: dict[str, bool] = {}

    def saw(frame: types.FrameType, event: str, _: Any) -> None:
        if event != "call" or id(frame.f_code) in known:
            return
        known[id(frame.f_code)] = frame.f_code
        name = str(frame.f_globals.get("__name__", ""))
        if name not in lent_to:
            lent_to[name] = is_lent_to(name)
        if lent_to[name]:
            watched.saw(frame)

    if sys.getprofile() is not None:
        yield watched
        return
    sys.setprofile(saw)
    try:
        yield watched
    finally:
        sys.setprofile(None)
