"""Programs of arithmetic for many sizes at once, in arrays, where these compute as Python does."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any

from paramcalc.sizes.double.programs import BINARY, Node, Span, parts_of, span

MOST_EXACT = 2**53  # all integers up to here are floats, too


def is_arrayed(node: Node, spans: Mapping[str, Span]) -> bool:
    """Whether arrays compute a program as Python does, where its sizes lie between some numbers.

    Powers and roots are left out, and integers that are no floats.

    >>> is_arrayed(("trunc", ("*", ("number", 0.7), ("symbol", "d"))), {"d": (1, 1000)})
    True
    """
    known = {"symbol", "number", *_functions()}
    return all(each[0] in known and max(map(abs, span(each, spans))) < MOST_EXACT for each in parts_of(node))


def array_at(node: Node, arrays: Mapping[str, Any]) -> Any:
    """Return what a program computes of arrays of integers.

    >>> import numpy as np
    >>> array_at(("trunc", ("*", ("number", 0.7), ("symbol", "d"))), {"d": np.array([10, 90])})
    array([ 7, 62])

    Raises FloatingPointError for a division by zero.
    """
    import numpy as np

    with np.errstate(divide="raise", invalid="raise", over="raise"):
        return _array(node, arrays, _functions())


def _array(node: Node, arrays: Mapping[str, Any], functions: Mapping[str, Callable[..., Any]]) -> Any:
    kind, *parts = node
    if kind == "symbol":
        return arrays[parts[0]]
    if kind == "number":
        return parts[0]
    return functions[kind](*(_array(part, arrays, functions) for part in parts))


def _functions() -> dict[str, Callable[..., Any]]:
    """The operations of a program as functions of arrays."""
    import numpy as np

    def rounded(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
        return lambda array: function(array).astype(np.int64)

    def extreme(function: Callable[[Any, Any], Any]) -> Callable[..., Any]:
        return lambda first, *others: _reduced(function, first, others)

    functions: dict[str, Callable[..., Any]]
    functions = {sign: function for sign, (_, function) in BINARY.items() if function is not operator.pow}
    roundings = {"floor": np.floor, "ceil": np.ceil, "round": np.rint, "trunc": np.trunc}
    functions |= {name: rounded(function) for name, function in roundings.items()}
    return {**functions, "float": np.float64, "min": extreme(np.minimum), "max": extreme(np.maximum)}


def _reduced(function: Callable[[Any, Any], Any], first: Any, others: tuple[Any, ...]) -> Any:
    for each in others:
        first = function(first, each)
    return first
