"""Conditions that tell why code refuses some sizes and takes others: those that constructors are known to make."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import chain
from typing import Any, TypeAlias

from paramcalc.conditions import Condition, Relation, is_power
from paramcalc.fitting import Point
from paramcalc.sampling import all_meet, changed, meets, tested
from paramcalc.symbols import symbol

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


def explained(
    accepted: Sequence[Point],
    refused: Sequence[Point],
    known: Sequence[Condition],
    likely: Sequence[Condition],
    *,
    ranges_first: bool = False,
) -> tuple[Condition, ...]:
    """Return conditions that all accepted points meet and that together refuse the refused ones, as far as any do.

    `known` conditions refuse some of them already; `likely` ones are tried before those of every pair of sizes.

    >>> accepted = [{"d": 64, "n": 8}, {"d": 96, "n": 3}, {"d": 10, "n": 5}]
    >>> print(*explained(accepted, [{"d": 64, "n": 7}, {"d": 65, "n": 8}], (), ()))
    d divisible by n
    """
    left = [point for point in refused if meets(point, known)]
    if not left:
        return ()
    told = [each for each in likely if not all_meet(each, left) and all_meet(each, accepted)]
    ranges = _ranges(accepted, left)
    guesses = [_condition(*each) for each in sorted(_counted(accepted[0], left)) if _never_broken(each, accepted)]
    tried = [*told, *ranges, *guesses] if ranges_first else [*told, *guesses, *ranges]
    found: list[Condition] = []
    while left:
        caught = [len(left) - sum(map(tested(each), left)) for each in tried]
        if not any(caught):
            break
        best = tried[caught.index(max(caught))]
        found.append(best)
        left = [point for point in left if meets(point, [best])]
    return tuple(found)


def mostly(accepted: Sequence[Point], refused: Sequence[Point]) -> Condition | None:
    """Return a division, or a power of 2, that refuses more of the refused points than of the others; None mostly.

    >>> accepted = [{"d": 64}, {"d": 96}, {"d": 3}]
    >>> print(mostly(accepted, [{"d": 65}, {"d": 97}, {"d": 33}]))
    d divisible by 2
    """
    scores = []
    for guess, caught in sorted(_counted(accepted[0], refused).items()):
        if caught > 1 and _sides(guess, accepted[0])[1] in ("divisible by", "a power of"):
            broken = sum(not _holds(*_sides(guess, point)) for point in accepted)
            if caught >= max(2, broken):
                scores.append((broken - caught, guess))
    return _condition(*min(scores)[1]) if scores else None


def _counted(base: Point, refused: Sequence[Point]) -> Counter[Guess]:
    """Guesses that the base meets, and how many of the refused points each refuses."""
    names = tuple(name for name, value in base.items() if type(value) is int)
    start = tuple(base[name] for name in names)
    return Counter(chain(*(_broken(names, start, tuple(point[name] for name in names)) for point in refused)))


@lru_cache(maxsize=4096)
def _broken(names: tuple[str, ...], base: tuple[int, ...], values: tuple[int, ...]) -> tuple[Guess, ...]:
    """The guesses that a point does not meet and the base does: each speaks of a size that is not as at the base."""
    usual, point = dict(zip(names, base, strict=True)), dict(zip(names, values, strict=True))
    moved = changed(point, usual, names)[:MANY_NAMES]
    pairs = {
        pair: None for name in moved for other in names if other != name for pair in ((name, other), (other, name))
    }
    guesses: list[Guess] = [(number, (name,)) for number in OF_ONE for name in moved]
    guesses += [(number, pair) for number in OF_TWO for pair in pairs]
    return tuple(each for each in guesses if not _holds(*_sides(each, point)) and _holds(*_sides(each, usual)))


def _sides(guess: Guess, point: Point) -> Sides:
    number, names = guess
    return TESTS[number](*[point[name] for name in names])


def _holds(left: int, relation: Relation, right: int) -> bool:
    if relation == "divisible by":
        return right > 0 and left % right == 0
    if relation == "a power of":
        return bool(is_power(left))
    return left >= right if relation == ">=" else left > right


def _never_broken(guess: Guess, points: Sequence[Point]) -> bool:
    return all(_holds(*_sides(guess, point)) for point in points)


@lru_cache(maxsize=65_536)
def _condition(number: int, names: tuple[str, ...]) -> Condition:
    return Condition(*TESTS[number](*map(symbol, names)), REASON)


def _ranges(accepted: Sequence[Point], refused: Sequence[Point]) -> list[Condition]:
    """That a size is no smaller, or no larger, than in all models that were built."""
    base = accepted[0]
    names = [name for name, value in base.items() if type(value) is int]
    moved = dict.fromkeys(name for point in refused for name in changed(point, base, names))
    least = {name: min(point[name] for point in accepted) for name in moved}
    most = {name: max(point[name] for point in accepted) for name in moved}
    found = [Condition(symbol(name), ">=", least[name], REASON) for name in moved if least[name] > 1]
    return found + [Condition(most[name], ">=", symbol(name), REASON) for name in moved]
