"""Code that runs with what keeps the memory of sizes, in one context, and nowhere else."""

from __future__ import annotations

import contextlib
import threading
import types
from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from functools import wraps
from typing import Any

from paramcalc.tracing.integers import Trace
from paramcalc.tracing.lending.functions import Copies
from paramcalc.tracing.lending.scope import Watched
from paramcalc.tracing.lending.standins import traced_constants
from paramcalc.tracing.lending.support import UNSUPPORTED, is_supported

_HERE: ContextVar[Copies | None] = ContextVar("lent", default=None)
_LOCK = threading.Lock()
_TOUCHED: dict[tuple[type, str], tuple[Any, Any, int]] = {}  # what stood in a class, what does now, for how many


@contextlib.contextmanager
def lending(trace: Trace, watched: Watched) -> Iterator[None]:
    """Lend code that was watched what keeps the memory of sizes, while this context runs.

    The methods of its classes ask, for that time, whether they are called here; everything else calls them as ever.
    Where the interpreter does not support it, that is remembered, and nothing else is done.
    """
    if not is_supported():
        trace.losses.left[UNSUPPORTED] = None
        yield
        return
    token = _HERE.set(Copies(trace))
    touched = [each for each in watched.methods if _touch(*each, watched.methods[each])]
    try:
        yield
    finally:
        _HERE.reset(token)
        for each in touched:
            _let_go(*each)


def called(build: Callable[..., Any], values: Mapping[str, Any]) -> Any:
    """Call a factory, which is lent to here where code is."""
    copies = _HERE.get()
    return (build if copies is None else copies.of(build))(**lent_values(dict(values)))


def lent_values(values: Any) -> Any:
    """Return values with floats in them as code finds them here: traced where code is lent to."""
    copies = _HERE.get()
    return values if copies is None else traced_constants(values, copies.trace)


def _touch(owner: type, name: str, attribute: Any) -> bool:
    with _LOCK:
        known = _TOUCHED.get((owner, name))
        if known is not None:
            _TOUCHED[owner, name] = (*known[:2], known[2] + 1)
            return True
        asking = _asking(attribute)
        try:
            setattr(owner, name, asking)
        except (TypeError, AttributeError):
            return False
        _TOUCHED[owner, name] = attribute, asking, 1
        return True


def _let_go(owner: type, name: str) -> None:
    with _LOCK:
        attribute, asking, times = _TOUCHED.pop((owner, name))
        if times > 1:
            _TOUCHED[owner, name] = attribute, asking, times - 1
        elif vars(owner).get(name) is asking:
            setattr(owner, name, attribute)


def _asking(attribute: Any) -> Any:
    """What stands in a class for a while: it runs the copy of a method where code is lent to, else the method."""
    if isinstance(attribute, property):
        fget, fset = (each and _asking(each) for each in (attribute.fget, attribute.fset))
        return property(fget, fset, attribute.fdel, attribute.__doc__)
    if isinstance(attribute, staticmethod | classmethod):
        return type(attribute)(_asking(attribute.__func__))
    if type(attribute) is not types.FunctionType:
        return attribute

    @wraps(attribute)
    def method(*args: Any, **kwargs: Any) -> Any:
        copies = _HERE.get()
        return (attribute if copies is None else copies.of_function(attribute))(*args, **kwargs)

    return method
