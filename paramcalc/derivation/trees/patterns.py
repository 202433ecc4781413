"""The pattern of a list of layers of several kinds: a cycle, turns that a size says, or a kind for each place."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from itertools import product
from typing import NamedTuple, TypeVar

MOST_APART = 3  # layers at either end that may stand apart
LONGEST = 16  # the longest period


Item = TypeVar("Item")


class Cycle(NamedTuple):
    """So many layers before and after those that repeat every `period`."""

    before: int
    period: int
    after: int


def cycle_of(lists: Sequence[Sequence[Hashable]]) -> Cycle | None:
    """Return the simplest cycle that all lists of kinds have, None where there is none.

    One of the lists must show the period twice.

    >>> cycle_of(["aabaabaab", "aabaa"]), cycle_of(["xababy", "xaby"]), cycle_of(["abcd"])
    (Cycle(before=0, period=3, after=0), Cycle(before=1, period=2, after=1), None)
    """
    numbers: dict[Hashable, int] = {}
    plain = [[numbers.setdefault(kind, len(numbers)) for kind in each] for each in lists]
    return next((each for each in _cycles() if _has(each, plain)), None)


def _cycles() -> Iterator[Cycle]:
    for apart in range(2 * MOST_APART + 1):
        for period in range(1, LONGEST + 1):
            for after in range(min(apart, MOST_APART) + 1):
                if apart - after <= MOST_APART:
                    yield Cycle(apart - after, period, after)


def _has(cycle: Cycle, lists: Sequence[Sequence[int]]) -> bool:
    before, period, after = cycle
    if all(len(each) < before + 2 * period + after for each in lists):
        return False
    return all(
        each[number] == each[number + period] for each in lists for number in range(before, len(each) - after - period)
    )


class Turn(NamedTuple):
    """The size that says that every so many-th layer is another one, and the place of the first, -1 for the last."""

    name: str
    place: int

    def parted(self, layers: Sequence[Item], sizes: Mapping[str, int]) -> tuple[Sequence[Item], list[Item]]:
        """The layers whose turn it is at some sizes, and the others."""
        period, later = sizes[self.name], layers[max(self.place, 0) :]
        start = period - 1 if self.place < 0 else 0
        return later[start::period], [each for number, each in enumerate(later) if number % period != start]


def turn_of(lists: Sequence[Sequence[Hashable]], sizes: Sequence[Mapping[str, int]]) -> Turn | None:
    """Return which size says, for all lists of kinds at once, how often another one comes; None where none does.

    Two of its values must show it, each by two layers or more and by some others.

    >>> turn_of(["abababa", "abbabb", "abb"], [{"k": 2}, {"k": 3}, {"k": 9}])
    Turn(name='k', place=0)
    """
    longest = max(map(len, lists))
    for name, place in product(sizes[0], (0, -1, 1)):
        found, periods = Turn(name, place), [each[name] for each in sizes]
        if min(periods) >= longest or len(set(periods)) < 2:
            continue
        parted = [found.parted(each, at) for each, at in zip(lists, sizes, strict=True)]
        other = [len(some) > 1 and bool(rest) and some[0] != rest[0] for some, rest in parted]
        shown = {period for period, differs in zip(periods, other, strict=True) if differs}
        if len(shown) > 1 and all(len(set(kinds)) <= 1 for pair in parted for kinds in pair):
            return found
    return None


def same_by_place(usual: Sequence[Hashable], lists: Sequence[Sequence[Hashable]]) -> bool:
    """Whether each place has one kind in all lists of kinds as in the usual one, the last of which may go on.

    >>> same_by_place("aabacc", ["xxyxzzzzz", "aab"]), same_by_place("aabacc", ["aabbcc"])
    (True, False)
    """
    for kinds in lists:
        found: dict[Hashable, Hashable] = {}
        if any(found.setdefault(usual[min(at, len(usual) - 1)], kind) != kind for at, kind in enumerate(kinds)):
            return False
    return len(set(usual)) > 1
