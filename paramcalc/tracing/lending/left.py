"""Functions that cannot be copied, which code that is lent to finds behind what tells whether they are given sizes."""

from __future__ import annotations

import functools
from typing import Any

from paramcalc.tracing.lending.contents import sizes_in
from paramcalc.tracing.losses import Losses

CACHED = type(functools.cache(print))
COMPILED = {"cython_function_or_method", "ScriptFunction"}  # types of functions that Python does not run


class Left:
    """A function with a cache, or a compiled or scripted one: called as ever, and named where it is given sizes."""

    def __init__(self, function: Any, losses: Losses) -> None:
        self._function, self._losses = function, losses

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function."""
        found = self._function(*args, **kwargs)
        if gives_back(found) and sizes_in((args, kwargs)):
            inner = written(self._function)
            self._losses.left[f"{inner.__module__}:{inner.__qualname__}"] = None
        return found

    def __getattr__(self, name: str) -> Any:
        return getattr(self._function, name)


def is_closed(value: Any) -> bool:
    """Whether a value is a function whose code cannot be copied, or is not what runs."""
    return type(value) is CACHED or type(value).__name__ in COMPILED


def written(function: Any) -> Any:
    """Return the function, as it is written, of which a cached or a scripted one was made."""
    return getattr(function, "__wrapped__", None) or getattr(function, "_torchdynamo_inline", None) or function


def gives_back(found: Any) -> bool:
    """Whether a function gave back what sizes may have gone into: neither nothing, nor a yes or a no."""
    return found is not None and not isinstance(found, bool)
