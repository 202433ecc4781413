"""Counts in text, such as 3.5M: K is 10^3, M is 10^6, B is 10^9."""

from __future__ import annotations

import re
from fractions import Fraction

from paramcalc.errors import InvalidValue

SUFFIXES = {"": 1, "K": 10**3, "M": 10**6, "B": 10**9}


def parse_count(text: str, *, where: str = "count") -> int:
    """Return the integer that a text such as "3,500,000", "3_500_000" or "3.5M" stands for; M is 10^6.

    >>> parse_count("3.5M"), parse_count("960,964")
    (3500000, 960964)

    Raises InvalidValue for anything else, and for a fraction of one.
    """
    match = re.fullmatch(r"(\d[\d_,]*(?:\.\d+)?)\s*([KMB]?)", text.strip(), re.ASCII | re.IGNORECASE)
    expected = "a whole number such as 3500000, 3,500,000 or 3.5M"
    if match is None or len(text) > 80:
        raise InvalidValue(f"got {text[:40]!r}", where=where, expected=expected)
    exact = Fraction(re.sub("[_,]", "", match[1])) * SUFFIXES[match[2].upper()]
    if exact.denominator != 1:
        raise InvalidValue(f"got {text!r}, a fraction of one", where=where, expected=expected)
    return exact.numerator
