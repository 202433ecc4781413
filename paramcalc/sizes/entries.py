"""The sizes in a list by name: `widths_0`, `widths_1`, ..., numbered from 0 as Python does."""

from __future__ import annotations

import re

_ENTRY = re.compile(r"(.+)_(0|[1-9][0-9]*)")


def entry_name(name: str, number: int) -> str:
    """Return the name of an entry of a list.

    >>> entry_name("conv_channels", 0)
    'conv_channels_0'
    """
    return f"{name}_{number}"


def entry_of(name: str) -> tuple[str, int] | None:
    """Return the list that a size is an entry of, and the number of the entry; None for a size by itself.

    >>> entry_of("conv_channels_2"), entry_of("lstm_hidden")
    (('conv_channels', 2), None)
    """
    found = _ENTRY.fullmatch(name)
    return None if found is None else (found[1], int(found[2]))


def list_of(name: str) -> str:
    """Return the name of the list that a size is an entry of, or of the size itself."""
    found = entry_of(name)
    return name if found is None else found[0]
