"""Conditions that tell why code refuses some sizes and takes others: those that constructors are known to make."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, islice
from operator import is_
from typing import Any, NamedTuple

from paramcalc.sizes.conditions import USUAL_MULTIPLES, Condition, Relation, related
from paramcalc.sizes.point import Point, all_meet, changed, meets, tested
from paramcalc.sizes.symbols import symbol

MANY_NAMES = 32  # so many sizes of a point at most are tried for a condition, each with all others
REASON = "the code refused other sizes"


@dataclass(frozen=True)
class Demand:
    """A relation that constructors ask of one size, or of two: what stands on its left and on its right."""

    names: int
    relation: Relation
    left: Callable[..., Any]
    right: Callable[..., Any]

    @property
    def divides(self) -> bool:
        """Whether it asks for a division without remainder, or a power of 2."""
        return self.relation in ("divisible by", "a power of")


def _multiple(step: int) -> Demand:
    return Demand(1, "divisible by", lambda a: a, lambda _: step)


# In the order in which they are tried: of several that explain as much, the first is taken.
DEMANDS = (
    *map(_multiple, USUAL_MULTIPLES),
    Demand(1, "divisible by", lambda a: a + 1, lambda _: 2),
    Demand(1, "a power of", lambda a: a, lambda _: 2),
    Demand(2, "divisible by", lambda a, _: a, lambda _, b: b),
    Demand(2, ">=", lambda a, _: a, lambda _, b: b),
    Demand(2, ">", lambda a, _: a, lambda _, b: b),
    Demand(2, ">=", lambda a, _: a + 1, lambda _, b: b),
    Demand(2, "!=", lambda a, _: a, lambda _, b: b),
    Demand(2, ">=", lambda a, _: a, lambda _, b: 2 * b),  # as of a border at both sides
    Demand(2, "divisible by", lambda a, _: a, lambda _, b: 2 * b),  # as of heads in pairs
    Demand(2, "divisible by", lambda a, _: a, lambda _, b: 4 * b),
)
ALL = range(len(DEMANDS))
DIVISIONS = tuple(number for number in ALL if DEMANDS[number].divides)


class Guess(NamedTuple):
    """A demand, by its number, and the sizes that it may be made of."""

    demand: int
    names: tuple[str, ...]

    def met(self, point: Point) -> bool:
        """Whether the sizes of a point are as is asked."""
        demand, sizes = DEMANDS[self.demand], [point[name] for name in self.names]
        return bool(related(demand.left(*sizes), demand.relation, demand.right(*sizes)))


def explained(
    accepted: Sequence[Point],
    refused: Sequence[Point],
    certain: Sequence[Condition],
    told: Sequence[Condition],
    guesses: Guesses,
    *,
    ranges_first: bool = False,
) -> tuple[Condition, ...]:
    """Return conditions that all accepted points meet and that together refuse the refused ones, as far as any do.

    `certain` conditions refuse some of them already; those that the code `told` are tried before guesses.

    >>> accepted = [{"d": 64, "n": 8}, {"d": 96, "n": 3}, {"d": 10, "n": 5}]
    >>> print(*explained(accepted, [{"d": 64, "n": 7}, {"d": 65, "n": 8}], (), (), Guesses()))
    d divisible by n
    """
    left = [point for point in refused if meets(point, certain)]
    if not left:
        return ()
    possible = [each for each in told if not all_meet(each, left) and all_meet(each, accepted)]
    ranges = _ranges(accepted, left)
    broken = set(chain.from_iterable(guesses.about(each, accepted) for each in left))
    guessed = [_condition(each) for each in sorted(broken)]
    tests = [(each, tested(each)) for each in (*possible, *(ranges + guessed if ranges_first else guessed + ranges))]
    caught = {each: {number for number, point in enumerate(left) if not test(point)} for each, test in tests}
    found: list[Condition] = []
    while any(caught.values()):
        best = max(caught, key=lambda each: len(caught[each]))  # of several the first
        found.append(best)
        done = set(caught[best])
        for numbers in caught.values():
            numbers -= done
    return tuple(found)


def with_exceptions(accepted: Sequence[Point], refused: Sequence[Point]) -> Condition | None:
    """Return a division, or a power of 2, that refuses more of the refused points than of the accepted ones.

    None where there is no such condition, as is usual.

    >>> accepted = [{"d": 64}, {"d": 96}, {"d": 3}]
    >>> print(with_exceptions(accepted, [{"d": 65}, {"d": 97}, {"d": 33}]))
    d divisible by 2
    """
    names, base, *others = _values(accepted[0], refused)
    scores = []
    for guess, caught in _shared(names, base, tuple(others)):
        broken = (each for each in accepted if not guess.met(each))
        few = len(list(islice(broken, caught + 1)))
        if few <= caught:
            scores.append((few - caught, guess))
    return _condition(min(scores)[1]) if scores else None


class Guesses:
    """Why points may be refused: guesses that no accepted point breaks, looked at where a size of them moved."""

    def __init__(self) -> None:
        self.accepted: list[Point] = []
        self.broken: dict[tuple[int, ...], dict[str, list[Guess]]] = {}
        self.left: dict[tuple[int, ...], tuple[int, set[Guess]]] = {}

    def about(self, refused: Point, accepted: Sequence[Point]) -> set[Guess]:
        """Return the guesses that a refused point breaks, and none of those that are accepted."""
        if len(accepted) < len(self.accepted) or not all(map(is_, self.accepted, accepted)):
            self.left.clear()
        self.accepted = list(accepted)
        names, base, values = _values(accepted[0], [refused])
        if values not in self.broken:
            self.broken[values] = {name: [] for name in names}
            for guess in _broken(names, base, values, ALL):
                for name in guess.names:
                    self.broken[values][name].append(guess)
        about = self.broken[values]
        number, left = self.left.get(values) or (1, set(chain.from_iterable(about.values())))
        for point in accepted[number:]:
            moved = changed(point, accepted[0], names)
            doubted = [each for each in about[moved[0]] if each in left] if len(moved) == 1 else left
            left.difference_update([each for each in doubted if not each.met(point)])
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
    chosen: dict[int, list[tuple[str, ...]]] = {1: [(name,) for name in moved], 2: [*pairs]}
    guesses = [Guess(number, each) for number in numbers for each in chosen[DEMANDS[number].names]]
    return [each for each in guesses if not each.met(point) and each.met(usual)]


@lru_cache(maxsize=65_536)
def _condition(guess: Guess) -> Condition:
    demand, sizes = DEMANDS[guess.demand], [symbol(name) for name in guess.names]
    return Condition(demand.left(*sizes), demand.relation, demand.right(*sizes), REASON)


def _ranges(accepted: Sequence[Point], refused: Sequence[Point]) -> list[Condition]:
    """That a size is no smaller, or no larger, than in all models that were built, where some refused points are."""
    low: list[Condition] = []
    high: list[Condition] = []
    for name in dict.fromkeys(name for point in refused for name in changed(point, accepted[0], accepted[0])):
        built, left = ({point[name] for point in points} for points in (accepted, refused))
        low += [Condition(symbol(name), ">=", min(built), REASON)] if min(left) < min(built) else []
        high += [Condition(max(built), ">=", symbol(name), REASON)] if max(left) > max(built) else []
    return low + high
