"""Numbers as people read them: thousands separators, shares, sizes. M is 10^6, MB is 10^6 bytes."""

from __future__ import annotations

from fractions import Fraction

from paramcalc.sizes.symbols import Size, short

# Python writes integers of up to 4,300 digits; longer ones are named by their length.
LONG = 10_000


def count(value: Size) -> str:
    """Return a count with thousands separators, or an expression as it is.

    >>> count(960964)
    '960,964'
    """
    return f"{value:,}" if isinstance(value, int) and value.bit_length() < LONG else plain(value)


def plain(value: Size) -> str:
    """Return a count without separators, or an expression as it is.

    >>> plain(960964)
    '960964'
    """
    return short(value) if isinstance(value, int) and value.bit_length() >= LONG else str(value)


def share(part: Size, whole: Size) -> str:
    """Return a share of the whole in percent with one digit; empty where either is symbolic or the whole is 0.

    >>> share(53184, 960964)
    '5.5%'
    >>> share(1, 960964)
    '<0.1%'
    """
    if not isinstance(part, int) or not isinstance(whole, int) or whole == 0:
        return ""
    if part > 0 and 2000 * part < whole:
        return "<0.1%"
    return f"{_rounded(100 * part, whole, 1)}%"


def percent(ratio: Fraction) -> str:
    """Return an exact ratio in percent, rounded half up to one digit.

    >>> percent(Fraction(-428288, 594432))
    '-72.0%'
    """
    return f"{_rounded(100 * ratio.numerator, ratio.denominator, 1)}%"


def size(nbytes: int) -> str:
    """Return a number of bytes in the largest decimal unit that leaves 1 or more.

    >>> size(3843856), size(515)
    ('3.84 MB', '515 B')
    """
    if nbytes.bit_length() >= LONG:
        return f"{short(nbytes)} of bytes"
    for unit, factor in (("TB", 10**12), ("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if nbytes >= factor:
            return f"{_rounded(nbytes, factor, 2)} {unit}"
    return f"{nbytes} B"


def _rounded(above: int, below: int, digits: int) -> str:
    """A quotient with so many digits, rounded half up, away from 0."""
    whole = (2 * abs(above) * 10**digits + below) // (2 * below)
    sign = "-" if above < 0 and whole else ""
    return f"{sign}{whole // 10**digits:,}.{whole % 10**digits:0{digits}d}"
