"""Points: a value for each size, and which conditions these values meet."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import TypeAlias

from paramcalc.sizes.conditions import RELATED, Condition
from paramcalc.sizes.program import compiled
from paramcalc.sizes.symbols import Size

Point: TypeAlias = Mapping[str, int]


def is_varied(value: object) -> bool:
    """Whether a value is one that can be varied: an int of 1 or more that is no truth value."""
    return type(value) is int and value >= 1


def varied(base: Mapping[str, object]) -> list[str]:
    """The names whose values can be varied."""
    return [name for name, value in base.items() if is_varied(value)]


def changed(point: Point, base: Point, names: Iterable[str]) -> list[str]:
    """Those of some sizes that are not as at the base."""
    return [name for name in names if point[name] != base[name]]


def meets(point: Point, conditions: Sequence[Condition]) -> bool:
    """Whether the sizes of a point meet all conditions."""
    return all(tested(condition)(point) for condition in conditions)


def all_meet(condition: Condition, points: Iterable[Point]) -> bool:
    """Whether the sizes of all points meet a condition."""
    return all(map(tested(condition), points))


@lru_cache(maxsize=65_536)
def tested(condition: Condition) -> Callable[[Point], bool]:
    """Return what tells whether the sizes of a point meet a condition, made once."""
    left, relation, right = value_of(condition.left), RELATED[condition.relation], value_of(condition.right)
    if isinstance(condition.right, int):
        number = condition.right
        return lambda point: relation(left(point), number)
    return lambda point: relation(left(point), right(point))


def value_of(size: Size) -> Callable[[Point], int]:
    """Return what tells the value of a size at a point."""
    if isinstance(size, int):
        return lambda _: size
    return operator.itemgetter(size.name) if size.is_Symbol else compiled(size)
