"""A look at one build that is lent to: what is left as it is though it is given sizes, and what loses their memory."""

from __future__ import annotations

import contextlib
import sys
import types
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from paramcalc.tracing.integers import TracedFloat, TracedInt
from paramcalc.tracing.lending.contents import has_numbers, has_text, integers_in, nodes_of, sizes_in
from paramcalc.tracing.lending.functions import can_be_copied, is_lent_to
from paramcalc.tracing.lending.left import gives_back
from paramcalc.tracing.lending.support import is_supported
from paramcalc.tracing.losses import Losses, is_lent, name_of

PROFILED = "methods: a profiler runs, beside which no other can"
UNSEEN = {"torch", "sympy", "paramcalc"}
VARIADIC = 0x04, 0x08  # flags of code with *args, **kwargs


class _Call(NamedTuple):
    """A call of code that is not lent to, and the sizes that it was given; of the library, what else it was."""

    name: str
    sizes: list[Any]
    of_library: bool
    has_text: bool = False
    integers: frozenset[int] = frozenset()
    alone: Sequence[Any] = ()  # sizes that are arguments themselves


class Observer:
    """Is told every call and return while a build that is lent to runs.

    Code that could be lent to, and is not, is named where it is given sizes, by its arguments or the object that it is
    a method of, and gives something back. What Python's own library does with sizes is told by what it gives back:
    numbers of which none is traced are a loss, and so are integers that it reads where text had been made of such.
    """

    def __init__(self, losses: Losses) -> None:
        self.losses = losses
        self._others: dict[int, types.CodeType] = {}  # by identity, as code that is hashed is read through
        self._rooms: dict[str, str] = {}
        self._open: dict[int, _Call] = {}

    def __call__(self, frame: types.FrameType, event: str, arg: Any) -> None:
        """Look at a call, or at what one gives back."""
        try:
            if event == "call":
                if not is_lent(frame) and id(frame.f_code) not in self._others:
                    self._called(frame)
            elif event == "return":
                if self._open and id(frame) in self._open:
                    self._returned(frame, self._open.pop(id(frame)), arg)
            elif event == "c_call" and is_lent(frame):
                self._called_compiled(frame, arg)
        except Exception:  # of strange objects that were looked at: it would be raised in the code that is built
            return

    def _called(self, frame: types.FrameType) -> None:
        room = self._room(frame.f_globals.get("__name__"))
        if room == "unseen":
            self._others[id(frame.f_code)] = frame.f_code
        elif room == "library":
            if frame.f_back is not None and is_lent(frame.f_back):
                given = _arguments(frame)
                integers = frozenset(integers_in(given))
                self._open[id(frame)] = _Call(_short_name(frame), sizes_in(given), True, has_text(given), integers)
        elif name_of(frame) not in self.losses.left:
            given = _arguments(frame)
            sizes = sizes_in(given) or sizes_in(_held_by(given))
            if sizes and self._is_entered(frame.f_back):
                alone = [each for each in given if type(each) in (TracedInt, TracedFloat)]
                self._open[id(frame)] = _Call(name_of(frame), sizes, False, alone=alone)

    def _returned(self, frame: types.FrameType, call: _Call, found: Any) -> None:
        held = [found]  # as deep as the arguments, which stand in a list
        if not call.of_library:
            if gives_back(found) or not can_be_copied(frame.f_code):
                self.losses.left[call.name] = None
                self.losses.forget(nodes_of(list(call.alone)))
        elif not call.sizes:
            if call.has_text:
                self.losses.read(call.name, frame.f_back, set(integers_in(held)) - call.integers)
        elif has_numbers(held):
            if not sizes_in(held):
                self.losses.called(call.name, frame.f_back, nodes_of(call.sizes))
        elif found is None or isinstance(found, str | bytes):
            for size in (each for each in call.sizes if type(each) is TracedInt):
                self.losses.wrote(int.__index__(size), size.node)

    def _called_compiled(self, frame: types.FrameType, function: Any) -> None:
        """Name a compiled function of a library that is called by code which was given sizes."""
        module = function.__module__ or type(getattr(function, "__self__", None)).__module__
        if self._room(module) == "lent to" and sizes_in(_arguments(frame)):
            self.losses.left[f"{module}:{function.__qualname__}"] = None

    def _is_entered(self, frame: types.FrameType | None) -> bool:
        """Whether code is called by such as is lent to; what is called by other code goes without saying."""
        while frame is not None and not is_lent(frame):
            if self._room(frame.f_globals.get("__name__")) == "lent to":
                return False
            frame = frame.f_back
        return True

    def _room(self, module: Any) -> str:
        name = str(module or "")
        if name not in self._rooms:
            other = "unseen" if name.partition(".")[0] in UNSEEN else "library"
            self._rooms[name] = "lent to" if is_lent_to(name) and name in sys.modules else other
        return self._rooms[name]


def _arguments(frame: types.FrameType) -> list[Any]:
    code, local = frame.f_code, frame.f_locals
    count = code.co_argcount + code.co_kwonlyargcount + sum(bool(code.co_flags & flag) for flag in VARIADIC)
    return [local.get(name) for name in code.co_varnames[:count]]


def _held_by(arguments: list[Any]) -> list[Any]:
    """What the object of a method holds."""
    first = arguments[0] if arguments else None
    try:
        held = object.__getattribute__(first, "__dict__")  # asking the object itself may run its code
    except AttributeError:
        return []
    return list(held.values()) if type(held) is dict else []


def _short_name(frame: types.FrameType) -> str:
    return name_of(frame).replace(":", ".").removesuffix(".__init__").removesuffix(".__new__")


@contextlib.contextmanager
def observing(losses: Losses) -> Iterator[None]:
    """Look at what runs in this thread; where something else does so already, that alone is said."""
    if not is_supported():
        yield
        return
    if sys.getprofile() is not None:
        losses.left[PROFILED] = None
        yield
        return
    sys.setprofile(Observer(losses))
    try:
        yield
    finally:
        sys.setprofile(None)
