"""Points to build models at: near the base, of generic sizes, inside what is known of the domain."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence
from fractions import Fraction

from paramcalc.conditions import Condition
from paramcalc.fitting import Point
from paramcalc.program import compiled
from paramcalc.symbols import Size

SMALL = 64
LAYERS = 16  # a size this small may be a number of layers, and fewer of them are built sooner
TRIES = 100
MENDS = 16  # sizes drawn again for one point
LARGEST = 1_000_000  # no larger size is tried


class Sampler:
    """Draws points around a base, the same ones every time."""

    def __init__(self, base: Point, names: Sequence[str], seed: int = 0) -> None:
        self.base = dict(base)
        self.names = self.keys = tuple(names)
        self.random = random.Random(seed)  # noqa: S311  # points, not secrets
        self.seen: set[tuple[int, ...]] = {self._key(base)}

    def point(self, conditions: Sequence[Condition], *, odd: float = 0.15) -> Point | None:
        """Return a point not drawn before that meets the conditions, None where none was found."""
        for attempt in range(TRIES):
            wide = attempt > TRIES // 2  # nothing was found among the usual sizes
            point = {**self.base, **{name: self._drawn(name, odd, wide=wide) for name in self.names}}
            if self._mended(point, conditions, odd, wide=wide) and self._key(point) not in self.seen:
                self.seen.add(self._key(point))
                return point
        return None

    def _drawn(self, name: str, odd: float, *, wide: bool) -> int:
        return self._wide(self.base[name]) if wide else self._size(self.base[name], odd)

    def _mended(self, point: dict[str, int], conditions: Sequence[Condition], odd: float, *, wide: bool) -> bool:
        """Draw the sizes of broken conditions again, a few times; whether all are met then."""
        for _ in range(MENDS):
            broken = next((each for each in conditions if not meets(point, [each])), None)
            if broken is None:
                return True
            names = [name for name in self.names if name in broken.symbols]
            if not names:
                return False
            name = self.random.choice(names)
            point[name] = self._drawn(name, odd, wide=wide)
            if broken.relation == "divisible by" and self.random.random() < 0.5:
                _to_multiple(broken, point, names)
        return False

    def alone(self, name: str, conditions: Sequence[Condition]) -> Point | None:
        """Return a point that differs from the base in one size."""
        names, self.names = self.names, (name,)
        point = self.point(conditions, odd=0.3)
        self.names = names
        return point

    def breaking(self, condition: Condition, others: Sequence[Condition]) -> Point | None:
        """Return a point that breaks one condition and meets the others."""
        names = [name for name in self.names if name in condition.symbols]
        for attempt in range(TRIES if names else 0):
            point = {**self.base, **{name: self._size(self.base[name], 0.5) for name in self.names}}
            if attempt % 2:
                point = _beyond(condition, point, self.random.choice(names))
            if self._key(point) not in self.seen and not meets(point, [condition]) and meets(point, others):
                self.seen.add(self._key(point))
                return point
        return None

    def _key(self, point: Point) -> tuple[int, ...]:
        return tuple(point[name] for name in self.keys)

    def _wide(self, base: int) -> int:
        """Any size up to some times the base, half of them multiples of a part of it."""
        part = max(1, base // self.random.choice((2, 4, 8)))
        return self.random.choice((self.random.randint(1, 3 * base + 16), part * self.random.randint(1, 24)))

    def _size(self, base: int, odd: float) -> int:
        """A size that shares factors with the base, or with a small chance any near it."""
        if base <= 2:
            return self.random.choice((1, 2, 3, 4, 5))
        if self.random.random() < odd:
            return max(1, base + self.random.choice((-3, -2, -1, 1, 2, 3, 5)))
        if base <= SMALL:
            if base > LAYERS and self.random.random() < 0.25:
                return base // 4 * self.random.randint(2, 10)
            divisors = [size for size in range(2, min(base, LAYERS) + 1) if base % size == 0]
            return self.random.choice([*divisors[-3:], 2, 3, 4, 6] if base > 6 else [2, 3, 4, 5, 6, base])
        parts = next(part for part in (8, 4, 2, 1) if base % part == 0)
        return base // parts * self.random.randint(max(1, parts // 4), 3 * parts)


def meets(point: Point, conditions: Sequence[Condition]) -> bool:
    """Whether the sizes of a point meet all conditions."""
    return all(_met(condition, point) for condition in conditions)


def _to_multiple(condition: Condition, point: dict[str, int], names: Sequence[str]) -> None:
    """Move a size that stands alone on the left to the next multiple of the right."""
    name, step = str(condition.left), _value(condition.right, point)
    if name in names and step > 0:
        point[name] = step * max(1, round(point[name] / step))


def _beyond(condition: Condition, point: dict[str, int], name: str) -> dict[str, int]:
    """The point with one size moved to where a condition just fails; as it was where that is not linear in it."""
    gap = [_gap(condition, {**point, name: value}) for value in (1, 2)]
    if condition.relation == "divisible by" or gap[0] == gap[1]:
        return point
    wanted = {"!=": 0, ">": 0, ">=": -1}[condition.relation]
    moved = 1 + Fraction(wanted - gap[0], gap[1] - gap[0])
    value = math.floor(moved) if gap[1] > gap[0] else math.ceil(moved)
    return {**point, name: value} if 1 <= value <= LARGEST else point


def _gap(condition: Condition, point: Point) -> int:
    return _value(condition.left, point) - _value(condition.right, point)


def _value(side: Size, point: Point) -> int:
    return side if isinstance(side, int) else int(compiled(side)(point))


def _met(condition: Condition, point: Point) -> bool:
    left, right = _value(condition.left, point), _value(condition.right, point)
    if condition.relation == "divisible by":
        return bool(right > 0 and left % right == 0)
    if condition.relation == "!=":
        return bool(left != right)
    return bool(left > right if condition.relation == ">" else left >= right)


def varied(base: Mapping[str, object]) -> list[str]:
    """The names whose values are sizes: ints of 1 or more that are no truth values."""
    return [name for name, value in base.items() if type(value) is int and value >= 1]
