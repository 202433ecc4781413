"""The ways in which code rounds a quotient to a whole number. A further one is one more entry of `ROUNDINGS`.

Each says which quotients give a whole number, so that numbers which were seen tell a range for the factor, and how the
rounded quotient is written.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from paramcalc.sizes.symbols import Size, floored


@dataclass(frozen=True)
class Rounding:
    """What is rounded to n lies between n + `low` and n + `high`: `low` is among it, or else `high` is."""

    name: str
    low: Fraction
    high: Fraction
    closed_low: bool
    written: Callable[[Size, int], Size]  # of what stands above the line, and below it


ROUNDINGS = (
    Rounding("down", Fraction(0), Fraction(1), True, floored),
    Rounding("up", Fraction(-1), Fraction(0), False, lambda above, below: -floored(-above, below)),
    Rounding(
        "to the nearest",
        Fraction(-1, 2),
        Fraction(1, 2),
        True,
        lambda above, below: floored(2 * above + below, 2 * below),
    ),
)
