"""Points to build models at: near the base, of generic sizes, inside what is known of the domain."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence
from fractions import Fraction

from paramcalc.derivation.domain.edges import SMALL
from paramcalc.sizes.conditions import Condition
from paramcalc.sizes.point import Point, meets, tested, value_of

LAYERS = 16  # a size this small may be a number of layers, and fewer of them are built sooner
FEW = 12  # sizes that are changed at once, where few are
TRIES = 100
MENDS = 16  # sizes drawn again for one point
MOST_SCANNED = 1_024  # values of a size that are looked at for one that breaks a condition
LARGEST = 1_000_000  # no larger size is tried
MOST_STEPS = 512  # to either side, of a size that is moved to where a condition holds
TIMES = 3  # sizes are drawn up to so many times those of the base, but no larger where models take long to build


class Sampler:
    """Draws points around a base, the same ones every time."""

    def __init__(self, base: Point, names: Sequence[str], seed: int = 0) -> None:
        self.base = dict(base)
        self.names = self.keys = tuple(names)
        self.random = random.Random(seed)  # noqa: S311  # points, not secrets
        self.seen: set[tuple[int, ...]] = {self._key(base)}
        self.times = TIMES
        self.layers = frozenset(names)  # that numbers of copies may depend on

    def point(
        self, conditions: Sequence[Condition], *, odd: float = 0.15, far: bool = False, few: bool = False
    ) -> Point | None:
        """Return a point not drawn before that meets the conditions, None where none was found.

        With `far`, its sizes are any up to some times those of the base; with `few`, of many sizes some are as there.
        """
        for attempt in range(TRIES):
            wide = far or attempt > TRIES // 2  # nothing was found among the usual sizes
            names = self.random.sample(self.names, FEW) if few and len(self.names) > FEW else self.names
            point = {**self.base, **{name: self._drawn(name, odd, wide=wide) for name in names}}
            if self._mended(point, conditions, odd, wide=wide) and self._new(point):
                return point
        return None

    def special(
        self, conditions: Sequence[Condition], *, keep: Mapping[str, int] | None = None, alike: bool = False
    ) -> Point | None:
        """Return a point not drawn before, with some sizes given, or with many sizes `alike`: equal, or multiples."""
        kept = frozenset(keep or ())
        if keep and not meets(keep, [each for each in conditions if each.symbols <= kept]):
            return None
        for _ in range(TRIES // 4):
            point = {
                **self.base,
                **{name: self._drawn(name, 0.5, wide=self.random.random() < 0.5) for name in self.names},
            }
            few = [self.random.randint(1, 2 * LAYERS), point[self.random.choice(self.names)]] if alike else []
            for name in self.names if few else ():
                value = self.random.choice(few) * self.random.choice((1, 1, 1, 2, 3))
                if self.random.random() < 0.7 and value <= self.most(name):
                    point[name] = value
            point.update(keep or {})
            mended = self._mended(point, conditions, 0.5, wide=False, kept=kept)
            if mended and all(point[name] <= self.most(name) for name in self.names) and self._new(point):
                return point
        return None

    def most(self, name: str) -> int:
        """The largest size drawn to be like others, or far; many layers take long, and are tried at their edge."""
        if self.times == 1:
            return self.base[name] + LAYERS
        return self.base[name] + LAYERS if self.base[name] <= SMALL and name in self.layers else LARGEST

    def _new(self, point: Point) -> bool:
        """Whether a point was not drawn before; now it is."""
        key = self._key(point)
        new = key not in self.seen
        self.seen.add(key)
        return new

    def forget(self, point: Point) -> None:
        """Let a point be drawn again."""
        self.seen.discard(self._key(point))

    def _drawn(self, name: str, odd: float, *, wide: bool) -> int:
        return self._wide(self.base[name]) if wide else self._size(self.base[name], odd)

    def _mended(
        self,
        point: dict[str, int],
        conditions: Sequence[Condition],
        odd: float,
        *,
        wide: bool,
        kept: frozenset[str] = frozenset(),
    ) -> bool:
        """Draw the sizes of broken conditions again, a few times, or move them to where all are met; whether all are.

        Those that are `kept` stay as they are.
        """
        for attempt in range(MENDS):
            broken = next((each for each in conditions if not tested(each)(point)), None)
            if broken is None:
                return True
            names = [name for name in self.names if name in broken.symbols and name not in kept]
            if not names:
                return False
            name = self.random.choice(names)
            if attempt % 2:
                _to_nearest(broken, point, name)
                continue
            point[name] = self._drawn(name, odd, wide=wide)
            if broken.relation == "divisible by" and self.random.random() < 0.5:
                _to_multiple(broken, point, names)
            elif broken.relation == "a power of" and str(broken.left) in names:
                point[name] = 1 << self.random.randint(0, self.base[name].bit_length() + 1)
        return False

    def alone(self, name: str, conditions: Sequence[Condition]) -> Point | None:
        """Return a point that differs from the base in one size."""
        names, self.names = self.names, (name,)
        point = self.point(conditions, odd=0.3)
        self.names = names
        return point

    def breaking(self, condition: Condition, others: Sequence[Condition], *, near: bool = False) -> Point | None:
        """Return a point that breaks one condition and meets the others; where that is hard, one near the base.

        With `near`, the first is the base with one size just beyond the condition.
        """
        names = [name for name in self.names if name in condition.symbols]
        nearest = (_beyond(condition, self.base, name) for name in names if near)
        for point in (each for each in nearest if meets(each, others) and not meets(each, [condition])):
            if self._new(point):
                return point
        for attempt in range(TRIES if names else 0):
            drawn = self.names if attempt < TRIES // 2 else names
            point = {**self.base, **{name: self._size(self.base[name], 0.5) for name in drawn}}
            name = self.random.choice(names)
            if attempt % 2:
                point = _beyond(condition, point, name)
                times = self.random.choice((1, 1, 2, 3, 4))
                above = isinstance(condition.left, int)  # then it may be of layers, and those that are many take long
                point[name] *= 1 if above and point[name] * times > 2 * SMALL else times
            mended = self._mended(point, others, 0.15, wide=False)
            if mended and not meets(point, [condition]) and self._new(point):
                return point
        return self._scanned(condition, others)

    def _scanned(self, condition: Condition, others: Sequence[Condition]) -> Point | None:
        """The first point found size by size that breaks a condition, which may be broken at very few sizes."""
        broken = tested(condition)
        for name in (name for name in self.names if name in condition.symbols):
            for rest in (self.base, self._near_base()):
                for value in range(1, MOST_SCANNED):
                    point = {**rest, name: value}
                    if not broken(point) and meets(point, others) and self._new(point):
                        return point
        return None

    def all_breaking(self, condition: Condition, others: Sequence[Condition], most: int) -> list[Point]:
        """Points with one size of a condition moved from the base that break it, spread evenly where there are more."""
        broken = tested(condition)
        found: list[Point] = []
        for name in (name for name in self.names if name in condition.symbols):
            moved = ({**self.base, name: value} for value in range(1, MOST_SCANNED))
            points = [point for point in moved if not broken(point) and meets(point, others)]
            found += points[:: -(-len(points) // most)] if points else []
        return [point for point in found if self._new(point)]

    def _near_base(self) -> Point:
        return {**self.base, **{name: self._size(self.base[name], 0.5) for name in self.names}}

    def _key(self, point: Point) -> tuple[int, ...]:
        return tuple(point[name] for name in self.keys)

    def _wide(self, base: int) -> int:
        """Any size up to some times the base, a multiple of a part of it, or a small one; fewer layers."""
        if base <= 2 * SMALL:
            return self.random.randint(1, base + LAYERS)
        parts = self.random.choice((2, 4, 8))
        most = self.times * (8 if self.times > 1 else parts)
        sizes = (
            self.random.randint(1, self.times * base + 16),
            base // parts * self.random.randint(1, most),
            self.random.randint(1, base // 8),
        )
        return self.random.choice(sizes)

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
        if parts == self.times == 1:
            return max(1, base // self.random.randint(1, 8))
        return base // parts * self.random.randint(max(1, parts // 4), self.times * parts)


def _to_multiple(condition: Condition, point: dict[str, int], names: Sequence[str]) -> None:
    """Move a size that stands alone on the left to the next multiple of the right."""
    name, step = str(condition.left), int(value_of(condition.right)(point))
    if name in names and step > 0:
        point[name] = step * max(1, round(point[name] / step))


def _to_nearest(condition: Condition, point: dict[str, int], name: str) -> None:
    """Move a size to the nearest value with which a condition holds, where there is one near."""
    test, start = tested(condition), point[name]
    for step in range(1, max(64, min(MOST_STEPS, start))):
        for value in (start + step, start - step):
            point[name] = value
            if value >= 1 and test(point):
                return
    point[name] = start


def _beyond(condition: Condition, point: dict[str, int], name: str) -> dict[str, int]:
    """The point with one size moved to where a condition just fails; as it was where that is not linear in it."""
    left, right = value_of(condition.left), value_of(condition.right)
    gap = [int(left(there)) - int(right(there)) for there in ({**point, name: 1}, {**point, name: 2})]
    if (condition.gap is None and condition.relation != "!=") or gap[0] == gap[1]:
        return point
    wanted = {"!=": 0, ">": 0, ">=": -1}[condition.relation]
    moved = 1 + Fraction(wanted - gap[0], gap[1] - gap[0])
    value = math.floor(moved) if gap[1] > gap[0] else math.ceil(moved)
    return {**point, name: value} if 1 <= value <= LARGEST else point
