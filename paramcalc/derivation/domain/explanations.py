"""Conditions that tell why code refuses some sizes and takes others: those that constructors are known to make."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import chain, islice
from operator import is_
from typing import Any, TypeAlias

from paramcalc.sizes.conditions import Condition, Relation, related
from paramcalc.sizes.point import Point, all_meet, changed, meets, tested
from paramcalc.sizes.symbols import symbol

STEPS = (2, 4, 8, 16, 32, 64)  # sizes may have to be multiples of these
MANY_NAMES = 32  # so many sizes of a point at most are tried for a condition, each with all others
REASON = "the code refuses other sizes"

Sides: TypeAlias = tuple[Any, Relation, Any]
Guess: TypeAlias = tuple[int, tuple[str, ...]]  # the number of a test, and the names of the sizes that it takes


def _multiple(step: int) -> Callable[[Any], Sides]:
    return lambda a: (a, "divisible by", step)


TESTS: tuple[Callable[..., Sides], ...] = (
    *map(_multiple, STEPS),
    lambda a: (a + 1, "divisible by", 2),
    lambda a: (a, "a power of", 2),
    lambda a, b: (a, "divisible by", b),
    lambda a, b: (a, ">=", b),
    lambda a, b: (a, ">", b),
    lambda a, b: (a + 1, ">=", b),
    lambda a, b: (a, ">=", 2 * b),  # as of a border at both sides
    lambda a, b: (a, "divisible by", 2 * b),  # as of heads in pairs
)
OF_ONE = range(len(STEPS) + 2)
OF_TWO = range(len(OF_ONE), len(TESTS))
DIVISIONS = (*OF_ONE, *(number for number in OF_TWO if "divisible" in TESTS[number](1, 1)[1]))


def explained(
    accepted: Sequence[Point],
    refused: Sequence[Point],
    known: Sequence[Condition],
    likely: Sequence[Condition],
    guesses: Guesses,
    *,
    ranges_first: bool = False,
) -> tuple[Condition, ...]:
    """Return conditions that all accepted points meet and that together refuse the refused ones, as far as any do.

    `known` conditions refuse some of them already; `likely` ones are tried before those of every pair of sizes.

    >>> accepted = [{"d": 64, "n": 8}, {"d": 96, "n": 3}, {"d": 10, "n": 5}]
    >>> print(*explained(accepted, [{"d": 64, "n": 7}, {"d": 65, "n": 8}], (), (), Guesses()))
    d divisible by n
    """
    left = [point for point in refused if meets(point, known)]
    if not left:
        return ()
    told = [each for each in likely if not all_meet(each, left) and all_meet(each, accepted)]
    ranges = _ranges(accepted, left)
    possible = set(chain.from_iterable(guesses.about(point, accepted) for point in left))
    guessed = [_condition(*each) for each in sorted(possible)]
    tried = [*told, *ranges, *guessed] if ranges_first else [*told, *guessed, *ranges]
    tests = [(each, tested(each)) for each in tried]
    caught = {each: {number for number, point in enumerate(left) if not test(point)} for each, test in tests}
    found: list[Condition] = []
    while any(caught.values()):
        best = max(caught, key=lambda each: len(caught[each]))  # of several the first
        found.append(best)
        done = set(caught[best])
        for numbers in caught.values():
            numbers -= done
    return tuple(found)


def mostly(accepted: Sequence[Point], refused: Sequence[Point]) -> Condition | None:
    """Return a division, or a power of 2, that refuses more of the refused points than of the others; None mostly.

    >>> accepted = [{"d": 64}, {"d": 96}, {"d": 3}]
    >>> print(mostly(accepted, [{"d": 65}, {"d": 97}, {"d": 33}]))
    d divisible by 2
    """
    names, base, *others = _values(accepted[0], refused)
    scores = []
    for guess, caught in _shared(names, base, tuple(others)):
        broken = (each for each in accepted if not related(*_sides(guess, each)))
        few = len(list(islice(broken, caught + 1)))
        if few <= caught:
            scores.append((few - caught, guess))
    return _condition(*min(scores)[1]) if scores else None


class Guesses:
    """Why points may be refused: guesses that no accepted point breaks, looked at where a size of them moved."""

    def __init__(self) -> None:
        self.accepted: list[Point] = []
        self.broken: dict[tuple[int, ...], dict[str, list[Guess]]] = {}
        self.left: dict[tuple[int, ...], tuple[int, set[Guess]]] = {}

    def about(self, refused: Point, accepted: Sequence[Point]) -> set[Guess]:
        """The guesses that a refused point breaks, and none of those that are accepted."""
        if len(accepted) < len(self.accepted) or not all(map(is_, self.accepted, accepted)):
            self.left.clear()
        self.accepted = list(accepted)
        names, base, values = _values(accepted[0], [refused])
        if values not in self.broken:
            self.broken[values] = {name: [] for name in names}
            for guess in _broken(names, base, values, range(len(TESTS))):
                for name in guess[1]:
                    self.broken[values][name].append(guess)
        about = self.broken[values]
        number, left = self.left.get(values) or (1, set(chain.from_iterable(about.values())))
        for point in accepted[number:]:
            moved = changed(point, accepted[0], names)
            doubted = [each for each in about[moved[0]] if each in left] if len(moved) == 1 else left
            left.difference_update([each for each in doubted if not related(*_sides(each, point))])
        self.left[values] = len(accepted), left
        return left


def _values(base: Point, points: Sequence[Point]) -> tuple[tuple[Any, ...], ...]:
    """The names of the sizes, those at the base, and those at some points."""
    names = tuple(name for name, value in base.items() if type(value) is int)
    return names, *(tuple(point[name] for name in names) for point in (base, *points))


@lru_cache(maxsize=256)
def _shared(
    names: tuple[str, ...], base: tuple[int, ...], points: tuple[tuple[int, ...], ...]
) -> list[tuple[Guess, int]]:
    """Guesses of a division, or a power of 2, that several points break, and how many do."""
    found = Counter(chain.from_iterable(_broken(names, base, values, DIVISIONS) for values in points))
    return sorted((guess, times) for guess, times in found.items() if times > 1)


def _broken(
    names: tuple[str, ...], base: tuple[int, ...], values: tuple[int, ...], numbers: Sequence[int]
) -> list[Guess]:
    """The guesses that a point does not meet and the base does: each speaks of a size that is not as at the base."""
    usual, point = dict(zip(names, base, strict=True)), dict(zip(names, values, strict=True))
    moved = changed(point, usual, names)[:MANY_NAMES]
    others = ((name, other) for name in moved for other in names if other != name)
    pairs = dict.fromkeys(pair for a, b in others for pair in ((a, b), (b, a)))
    guesses: list[Guess] = [(number, (name,)) for number in numbers if number in OF_ONE for name in moved]
    guesses += [(number, pair) for number in numbers if number in OF_TWO for pair in pairs]
    return [each for each in guesses if not related(*_sides(each, point)) and related(*_sides(each, usual))]


def _sides(guess: Guess, point: Point) -> Sides:
    number, names = guess
    return TESTS[number](*[point[name] for name in names])


@lru_cache(maxsize=65_536)
def _condition(number: int, names: tuple[str, ...]) -> Condition:
    return Condition(*TESTS[number](*map(symbol, names)), REASON)


def _ranges(accepted: Sequence[Point], refused: Sequence[Point]) -> list[Condition]:
    """That a size is no smaller, or no larger, than in all models that were built, where some refused points are."""
    low: list[Condition] = []
    high: list[Condition] = []
    for name in dict.fromkeys(name for point in refused for name in changed(point, accepted[0], accepted[0])):
        built, left = ({point[name] for point in points} for points in (accepted, refused))
        low += [Condition(symbol(name), ">=", min(built), REASON)] if min(left) < min(built) else []
        high += [Condition(max(built), ">=", symbol(name), REASON)] if max(left) > max(built) else []
    return low + high
