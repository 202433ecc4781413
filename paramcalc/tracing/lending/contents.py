"""Which numbers a value holds, in lists and dictionaries too: traced ones that sizes went into, and plain ones."""

from __future__ import annotations

import io
from argparse import Namespace
from collections.abc import Iterator
from itertools import islice
from numbers import Number
from typing import Any

import numpy

from paramcalc.sizes.double.programs import Node, names_in
from paramcalc.tracing.integers import TracedFloat, TracedInt

DEEPEST = 3  # lists in lists that are looked into
MOST = 64  # entries of each


def sizes_in(value: Any) -> list[Any]:
    """Return the traced numbers in a value that sizes went into: constants of the code are traced as well."""
    traced = (each for each in _leaves(value) if type(each) in (TracedInt, TracedFloat))
    return [each for each in traced if any(names_in(each.node))]


def nodes_of(sizes: list[Any]) -> list[Node]:
    """Return how traced numbers were made."""
    return [each.node for each in sizes]


def integers_in(value: Any) -> list[int]:
    """Return the plain integers in a value.

    >>> integers_in({"widths": [8, 0.5, True, "9"]})
    [8]
    """
    return [each for each in _leaves(value) if type(each) is int]


def has_numbers(value: Any) -> bool:
    """Whether numbers stand in a value; True and False are none."""
    kinds = (Number, numpy.ndarray)
    return any(isinstance(each, kinds) and not isinstance(each, bool) for each in _leaves(value))


def has_text(value: Any) -> bool:
    """Whether text stands in a value, or a file."""
    return any(isinstance(each, str | bytes | io.IOBase) for each in _leaves(value))


def _leaves(value: Any, depth: int = DEEPEST) -> Iterator[Any]:
    entries = _entries(value) if depth else []
    if not entries:
        yield value
    for each in entries:
        yield from _leaves(each, depth - 1)


def _entries(value: Any) -> list[Any]:
    if type(value) in (list, tuple):
        return list(value[:MOST])
    held = vars(value) if type(value) is Namespace else value
    return list(islice(dict.values(held), MOST)) if isinstance(held, dict) else []
