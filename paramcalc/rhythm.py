"""The rhythm of a list of layers of several kinds: which first and last ones stand apart, and how often it repeats."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from typing import NamedTuple

MOST_APART = 3  # layers at either end that may stand apart
LONGEST = 16  # the longest period


class Rhythm(NamedTuple):
    """So many layers before and after those that repeat every `period`."""

    before: int
    period: int
    after: int


def rhythm(lists: Sequence[Sequence[Hashable]]) -> Rhythm | None:
    """Return the simplest rhythm that all lists of kinds have, None where there is none.

    One of the lists must show the period twice.

    >>> rhythm(["aabaabaab", "aabaa"]), rhythm(["xababy", "xaby"]), rhythm(["abcd"])
    (Rhythm(before=0, period=3, after=0), Rhythm(before=1, period=2, after=1), None)
    """
    numbers: dict[Hashable, int] = {}
    plain = [[numbers.setdefault(kind, len(numbers)) for kind in each] for each in lists]
    return next((each for each in _rhythms() if _has(each, plain)), None)


def _rhythms() -> Iterator[Rhythm]:
    for apart in range(2 * MOST_APART + 1):
        for period in range(1, LONGEST + 1):
            for after in range(min(apart, MOST_APART) + 1):
                if apart - after <= MOST_APART:
                    yield Rhythm(apart - after, period, after)


def _has(rhythm: Rhythm, lists: Sequence[Sequence[int]]) -> bool:
    before, period, after = rhythm
    if all(len(each) < before + 2 * period + after for each in lists):
        return False
    return all(
        each[number] == each[number + period] for each in lists for number in range(before, len(each) - after - period)
    )
