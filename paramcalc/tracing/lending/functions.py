"""Copies of functions for one build: their constants and the names that they look up keep the memory of sizes."""

from __future__ import annotations

import builtins
import dis
import inspect
import math
import sys
import types
from collections.abc import Iterator
from functools import lru_cache, partial
from typing import Any

from paramcalc.tracing.integers import Trace
from paramcalc.tracing.lending.left import Left, is_closed, written
from paramcalc.tracing.lending.standins import lent, lent_builtins, traced_constants

IMPORTED = ("__name__", "__package__", "__spec__", "__loader__", "__path__")  # what relative imports ask for
UNSUITABLE = inspect.CO_GENERATOR | inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR
WRITES = {dis.opmap["STORE_GLOBAL"], dis.opmap["DELETE_GLOBAL"]}  # a copy would not write to the module


class Copies:
    """Copies of the functions whose code is to be lent to, each made once; those that cannot be copied stay."""

    def __init__(self, trace: Trace) -> None:
        self.trace = trace
        self._made: dict[int, tuple[Any, Any]] = {}  # what was copied, so that it stays, and the copy
        self._names: dict[int, _Names] = {}
        self._modules: dict[int, _Module] = {}

    def of(self, value: Any) -> Any:
        """Return what code is to find in the place of a value: a copy of a function, a stand-in, or the value."""
        if type(value) is types.FunctionType:
            return self.of_function(value)
        if type(value) is types.ModuleType:
            return self.of_module(value)
        if type(value) is types.MethodType:
            return types.MethodType(self.of(value.__func__), value.__self__)
        if type(value) is partial:
            return partial(self.of(value.func), *value.args, **value.keywords)
        if type(value) is float:
            return self.trace.constant(value)
        return self._left(value) if is_closed(value) else lent(value)

    def of_function(self, function: types.FunctionType) -> types.FunctionType:
        """Return the copy of a function that is lent to, another function itself."""
        known = self._made.get(id(function))
        if known is None:
            if not any(
                is_lent_to(str(each.__globals__.get("__name__"))) for each in (function, *closed_over(function))
            ):
                return function
            self._made[id(function)] = function, function  # while its closure is copied, which may hold it
            known = self._made[id(function)] = function, self.copied(function)
        copy: types.FunctionType = known[1]
        return copy

    def of_module(self, module: types.ModuleType) -> types.ModuleType:
        """Return a module whose functions are lent to; another module itself."""
        if module is not math and module.__name__ != "numpy" and not is_lent_to(module.__name__):
            return module
        if id(module) not in self._modules:
            self._modules[id(module)] = _Module(module, self)
        return self._modules[id(module)]

    def _left(self, function: Any) -> Any:
        """A function that cannot be copied, which is to be named where it is given sizes."""
        if id(function) not in self._made and is_lent_to(str(written(function).__module__)):
            self._made[id(function)] = function, Left(function, self.trace.losses)
        return self._made.get(id(function), (function, function))[1]

    def copied(self, function: Any) -> Any:
        """Return a new copy of a function, whatever module it is of; itself where it cannot be copied."""
        if not can_be_copied(function.__code__):
            return function
        key = id(function.__globals__)
        if key not in self._names:
            self._names[key] = _Names(function.__globals__, self)
        cells = tuple(self._cell(cell) for cell in function.__closure__ or ())
        self._names[key].know(function.__code__)
        code = _with_constants(function.__code__, self.trace)
        defaults = function.__defaults__ and tuple(self._default(each) for each in function.__defaults__)
        copy = types.FunctionType(code, self._names[key], function.__name__, defaults, cells or None)
        copy.__kwdefaults__ = function.__kwdefaults__ and {
            name: self._default(each) for name, each in function.__kwdefaults__.items()
        }
        copy.__qualname__, copy.__module__ = function.__qualname__, function.__module__
        copy.__dict__.update(function.__dict__)
        return copy

    def _default(self, value: Any) -> Any:
        return traced_constants(value, self.trace) if type(value) in (float, tuple) else self.of(value)

    def _cell(self, cell: types.CellType) -> types.CellType:
        content = _content(cell)
        found = self._default(content)
        return cell if found is content else types.CellType(found)


class _Names(dict[str, Any]):
    """The names that copies of the functions of one module look up: those of the module, with what is lent to them."""

    def __init__(self, real: dict[str, Any], copies: Copies) -> None:
        own = {name: real[name] for name in IMPORTED if name in real}
        super().__init__({**own, "__builtins__": {**vars(builtins), **_builtins(copies)}})
        self.real, self.copies = real, copies

    def __missing__(self, name: str) -> Any:
        return self.copies.of(self.real[name])

    def know(self, code: types.CodeType) -> None:
        """Have the names of classes inside a function at hand: their bodies ask for no missing ones."""
        for inner in _codes(code):
            if not inner.co_flags & inspect.CO_OPTIMIZED:
                self.update({name: self[name] for name in inner.co_names if name in self.real})


def _builtins(copies: Copies) -> dict[str, Any]:
    def lent_import(name: str, *given: Any, **named: Any) -> Any:
        found = builtins.__import__(name, *given, **named)
        return copies.of(found) if type(found) is types.ModuleType else found

    return {**lent_builtins(), "__import__": lent_import}


class _Module(types.ModuleType):
    """A module as code that is lent to sees it."""

    def __init__(self, real: types.ModuleType, copies: Copies) -> None:
        super().__init__(real.__name__, real.__doc__)
        vars(self).clear()
        vars(self).update({"_real": real, "_copies": copies})

    def __getattr__(self, name: str) -> Any:
        return vars(self)["_copies"].of(getattr(vars(self)["_real"], name))

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(vars(self)["_real"], name, value)


@lru_cache(maxsize=16_384)
def can_be_copied(code: types.CodeType) -> bool:
    """Whether a copy of a function computes as the function does: it is no generator, and writes to no module."""
    if code.co_flags & UNSUITABLE:
        return False
    return not any(_has(inner, WRITES) for inner in _codes(code))


def is_lent_to(module: str) -> bool:
    """Whether code of a module is lent to: any but that of Python, of torch, and of this package.

    >>> is_lent_to("transformers.models.gpt2"), is_lent_to("torch.nn"), is_lent_to("json.encoder")
    (True, False, False)
    """
    first = module.partition(".")[0]
    return (bool(first) and first not in sys.stdlib_module_names | OURS) or module == "__main__"


OURS = frozenset({"torch", "numpy", "sympy", "paramcalc"})


def _has(code: types.CodeType, operations: set[int]) -> bool:
    """Whether some operations stand in code, of which every other byte is one."""
    return not operations.isdisjoint(code.co_code[::2])


def _codes(code: types.CodeType) -> Iterator[types.CodeType]:
    yield code
    for each in code.co_consts:
        if isinstance(each, types.CodeType):
            yield from _codes(each)


def _with_constants(code: types.CodeType, trace: Trace) -> types.CodeType:
    """Code with floats that are traced, in the functions inside of it too."""
    return code.replace(
        co_consts=tuple(
            _with_constants(each, trace)
            if isinstance(each, types.CodeType)
            else traced_constants(each, trace)
            if type(each) in (float, tuple)
            else each
            for each in code.co_consts
        )
    )


def closed_over(function: types.FunctionType) -> list[types.FunctionType]:
    """Return the functions that a function closes over, as a decorator's does over the one that it decorates."""
    found = map(_content, function.__closure__ or ())
    return [each for each in found if type(each) is types.FunctionType]


def _content(cell: types.CellType) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # nothing in it yet
        return None
