"""The values that trees in JSON are made of: sizes as integers or as expression text, and checks of what is read."""

from __future__ import annotations

from typing import Any

from paramcalc.errors import InvalidValue
from paramcalc.sizes.parse import MOST_BITS, parse_exact
from paramcalc.sizes.symbols import Size, as_expr, short


def size_out(size: Size) -> int | str:
    """Return a size as JSON holds it.

    >>> from paramcalc.sizes.symbols import symbol
    >>> size_out(3), size_out(2 * symbol("d"))
    (3, '2*d')

    Raises InvalidValue for an integer too large to be written.
    """
    if isinstance(size, int) and size.bit_length() > MOST_BITS:
        raise InvalidValue(f"the count is {short(size)}", where="JSON", expected=f"at most {MOST_BITS:,} bits")
    return size if isinstance(size, int) else str(size)


def size_in(data: Any) -> Size:
    """Return the size that an integer or a text of JSON stands for."""
    return parse_exact(data) if isinstance(data, str) else as_expr(data)


def checked_keys(data: Any, keys: set[str], where: str) -> dict[str, Any]:
    """Return an object whose keys are all known.

    Raises TypeError where it is no object, ValueError for another key.
    """
    if not isinstance(data, dict):
        raise TypeError(f"{where} is no object")
    unknown = sorted(data.keys() - keys)
    if unknown:
        raise ValueError(f"{where} has the unknown key {unknown[0]!r}")
    return data


def listed(data: Any, where: str) -> list[Any]:
    """Return a list.

    Raises TypeError for anything else.
    """
    if not isinstance(data, list):
        raise TypeError(f"{where} is no list")
    return data


def as_text(value: Any) -> str:
    """Return a text.

    Raises TypeError for anything else.
    """
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return value
