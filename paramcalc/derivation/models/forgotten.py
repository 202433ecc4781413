"""The kinds of sizes at which a form is tried whose memory the code loses: what it does with them is not told."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from math import log
from random import Random

from paramcalc.derivation.models.kind import SMALL, Kind

STEPS = (2, 3, 4, 8, 16, 32, 49)  # 1 / 49 * 49 is below 1 in floating point
TINY = 9
HUGE = 16  # times the largest size that was fitted
MOST_NUMBERS = 12  # of the code that are tried


def asked_of(name: str, base: int, largest: int, most: int, constants: Collection[int]) -> Iterator[Kind]:
    """Yield what is asked of a size, to be odd, tiny, huge, or a multiple of a usual step, and at numbers of the code.

    No size above the `most` is asked for.

    >>> found = list(asked_of("d", 64, 96, 100, {50, 400}))
    >>> print(*found[:3], *found[-3:], sep=", ")
    d odd, d a power of 2, d a multiple of 2, d at most 9, d at 50, d above 50
    """
    alone = (name,)
    yield Kind("odd", alone)
    yield Kind("a power of", alone, 2)
    yield from (Kind("a multiple of", alone, step) for step in STEPS if step <= most)
    if base >= SMALL:
        yield Kind("at most", alone, min(base // SMALL, TINY))
    if HUGE * largest <= most:
        yield Kind("at least", alone, HUGE * largest)
    near = sorted(each for each in constants if 2 < each < min(most, HUGE * largest))
    for number in sorted(near, key=lambda each: abs(log(each / base)))[:MOST_NUMBERS]:
        yield Kind("at", alone, number)
        yield Kind("above", alone, number)


def is_of(kind: Kind, size: int) -> bool:
    """Whether a size is of a kind.

    >>> [is_of(Kind(what, ("d",), 8), 24) for what in ("a multiple of", "at", "at most", "at least", "above")]
    [True, False, False, True, True]
    """
    if kind.what == "odd":
        return size % 2 == 1
    if kind.what == "a power of":
        return size.bit_count() == 1
    if kind.what == "a multiple of":
        return size % kind.number == 0
    if kind.what == "at":
        return size == kind.number
    return {"at most": size <= kind.number, "at least": size >= kind.number, "above": size > kind.number}[kind.what]


def drawn(kind: Kind, random: Random, largest: int, most: int) -> int:
    """Return a size of a kind, at random."""
    number = kind.number
    if kind.what == "odd":
        return 1 + 2 * random.randint(0, largest // 2)
    if kind.what == "a power of":
        return 1 << random.randint(0, largest.bit_length())
    if kind.what == "a multiple of":
        return number * random.randint(1, max(1, min(2 * largest, most) // number))
    if kind.what == "at":
        return number
    if kind.what == "at most":
        return random.randint(1, number)
    least = number + (kind.what == "above")
    return random.randint(least, max(least, min(2 * number, most)))
