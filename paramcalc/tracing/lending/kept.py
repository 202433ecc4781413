"""Traced numbers that code keeps beyond its build, in lists, caches and objects of its own, made plain again."""

from __future__ import annotations

import contextlib
import gc
import types
from collections import deque
from collections.abc import Iterator
from typing import Any

from paramcalc.tracing.integers import Trace, TracedFloat, TracedInt

DEEPEST = 4  # tuples in tuples
_FREEZES: list[None] = []  # one for each time that all there is was set aside


@contextlib.contextmanager
def quick_collection() -> Iterator[None]:
    """Keep the garbage collector from going through all that is loaded already each time that models were built."""
    if gc.get_freeze_count():
        yield
        return
    set_aside()
    try:
        yield
    finally:
        gc.unfreeze()


@contextlib.contextmanager
def plain_again(trace: Trace) -> Iterator[None]:
    """Put plain numbers in the place of those of a trace once it is over, wherever code keeps some."""
    freezes = len(_FREEZES)
    try:
        yield
    finally:
        if _alive(trace) or len(_FREEZES) != freezes:  # numbers that were set aside are not listed
            gc.collect()  # what the build left behind is kept by nobody
        if _alive(trace) or len(_FREEZES) != freezes:
            _make_plain(trace)


def _make_plain(trace: Trace) -> None:
    frozen = gc.get_freeze_count() > 0
    gc.unfreeze()  # what keeps numbers may be old
    gc.collect()
    try:
        for number in _alive(trace):
            _replace(number, number.plain(number), DEEPEST)
    finally:
        if frozen:
            set_aside()


def set_aside() -> None:
    """Let the garbage collector look at nothing that there is now."""
    gc.freeze()
    _FREEZES.append(None)


def _alive(trace: Trace) -> list[Any]:
    return [each for each in gc.get_objects() if type(each) in (TracedInt, TracedFloat) and each.trace is trace]


def _replace(old: Any, new: Any, depth: int) -> None:
    # No function within closes over `old`: its cell would be a keeper too, and get the new number.
    for keeper in gc.get_referrers(old):
        if isinstance(keeper, tuple) and depth:
            _replace(keeper, _swapped(keeper, old, new), depth - 1)
        elif isinstance(keeper, list | deque):
            for place, each in enumerate(keeper):
                if each is old:
                    keeper[place] = new
        elif isinstance(keeper, set):
            keeper.discard(old)
            keeper.add(new)
        elif isinstance(keeper, dict):
            _in_mapping(keeper, old, new)
        elif isinstance(keeper, types.CellType):
            keeper.cell_contents = new
        elif hasattr(keeper, "__dict__") and not isinstance(keeper, type | types.FunctionType):
            _in_mapping(vars(keeper), old, new)


def _swapped(kept: tuple[Any, ...], old: Any, new: Any) -> tuple[Any, ...]:
    values = [new if each is old else each for each in kept]
    swapped: tuple[Any, ...] = getattr(type(kept), "_make", tuple)(values)
    return swapped


def _in_mapping(keeper: dict[Any, Any], old: Any, new: Any) -> None:
    items = [(new if key is old else key, new if value is old else value) for key, value in keeper.items()]
    if any(key is old for key in keeper):
        keeper.clear()  # an equal key would stay, and one that is taken out would lose its place
    keeper.update(items)
