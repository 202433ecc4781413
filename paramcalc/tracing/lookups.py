"""With which numbers one is compared where code looks it up in a table: Python compares it with equal ones alone."""

from __future__ import annotations

import types
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

TABLES = (dict, set, frozenset)
DEEPEST = 2  # tables in tables that are looked into
MOST_KEYS = 64  # of a table that stands in code; larger ones are filled by it


def keys_in_reach(frame: types.FrameType) -> list[int]:
    """Return the integers that are keys of the tables which the code of a frame names, in their order."""
    code, found = frame.f_code, dict[int, None]()
    for table in _named(frame):
        if isinstance(table, (*TABLES, list, tuple)) and len(table) <= MOST_KEYS:
            found |= _integers(table)
    for constant in code.co_consts:  # those of a table that is written where it is used
        if isinstance(constant, tuple | frozenset):
            found |= _integers(constant)
    return list(found)


def _named(frame: types.FrameType) -> Iterator[Any]:
    """What the names in the code of a frame stand for: those that are local, global, and attributes."""
    local, names = list(frame.f_locals.values()), frame.f_code.co_names
    real = getattr(frame.f_globals, "real", frame.f_globals)
    yield from local
    for name in names:
        if name in real:
            yield real[name]
            yield from (vars(real[name]).get(each) for each in names if isinstance(real[name], type))
        for each in local:
            yield getattr(each, "__dict__", {}).get(name)
            yield getattr(type(each), "__dict__", {}).get(name)


def _integers(keys: Iterable[Any], depth: int = DEEPEST) -> dict[int, None]:
    found = {int(key): None for key in keys if isinstance(key, int) and not isinstance(key, bool)}
    below = keys.values() if isinstance(keys, dict) else keys
    for each in below if depth else ():
        if isinstance(each, (*TABLES, tuple)):
            found |= _integers(each, depth - 1)
    return dict(islice(found.items(), MOST_KEYS))
