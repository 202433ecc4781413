"""Points to build models at: near the base, of generic sizes, inside what is known of the domain."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from itertools import permutations
from typing import Any

from paramcalc.conditions import Condition
from paramcalc.fitting import Point
from paramcalc.program import compile_expr
from paramcalc.symbols import symbol

SMALL = 64
LAYERS = 16  # a size this small may be a number of layers, and fewer of them are built sooner
TRIES = 400


class Sampler:
    """Draws points around a base, the same ones every time."""

    def __init__(self, base: Point, names: Sequence[str], seed: int = 0) -> None:
        self.base = dict(base)
        self.names = tuple(names)
        self.random = random.Random(seed)  # noqa: S311  # points, not secrets
        self.seen: set[tuple[int, ...]] = {self._key(base)}

    def point(self, conditions: Sequence[Condition], *, odd: float = 0.15) -> Point | None:
        """Return a point not drawn before that meets the conditions, None where none was found."""
        for attempt in range(TRIES):
            wide = attempt > TRIES // 2  # nothing was found among the usual sizes
            drawn = {
                name: self._wide(self.base[name]) if wide else self._size(self.base[name], odd) for name in self.names
            }
            point = {**self.base, **drawn}
            if self._key(point) not in self.seen and meets(point, conditions):
                self.seen.add(self._key(point))
                return point
        return None

    def alone(self, name: str, conditions: Sequence[Condition]) -> Point | None:
        """Return a point that differs from the base in one size."""
        names, self.names = self.names, (name,)
        point = self.point(conditions, odd=0.3)
        self.names = names
        return point

    def breaking(self, condition: Condition, others: Sequence[Condition]) -> Point | None:
        """Return a point that breaks one condition and meets the others."""
        for _ in range(TRIES):
            point = {**self.base, **{name: self._size(self.base[name], 0.5) for name in self.names}}
            if self._key(point) not in self.seen and not meets(point, [condition]) and meets(point, others):
                self.seen.add(self._key(point))
                return point
        return None

    def _key(self, point: Point) -> tuple[int, ...]:
        return tuple(point[name] for name in self.base)

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


def _met(condition: Condition, point: Point) -> bool:
    left, right = (
        side if isinstance(side, int) else _program(side)(point) for side in (condition.left, condition.right)
    )
    if condition.relation == "divisible by":
        return bool(right > 0 and left % right == 0)
    return bool(left > right if condition.relation == ">" else left >= right)


@lru_cache(maxsize=65_536)
def _program(side: Any) -> Callable[[Point], Any]:
    return compile_expr(side).run


def explained(
    accepted: Sequence[Point], refused: Sequence[Point], known: Sequence[Condition], likely: Sequence[Condition]
) -> tuple[Condition, ...]:
    """Return conditions that all accepted points meet and that together refuse the refused ones, as far as any do.

    `known` conditions refuse some of them already; `likely` ones are tried before those of every pair of sizes.
    """
    left = [point for point in refused if meets(point, known)]
    found: list[Condition] = []
    tried = (
        [*likely, *_pairs(tuple((name, value) for name, value in accepted[0].items() if type(value) is int))]
        if left
        else []
    )
    possible = [each for each in tried if all(_met(each, point) for point in accepted)]
    while left:
        best, most = None, 0
        for condition in possible:
            caught = sum(not _met(condition, point) for point in left)
            if caught > most:
                best, most = condition, caught
        if best is None:
            break
        found.append(best)
        left = [point for point in left if meets(point, [best])]
    return tuple(found)


@lru_cache(maxsize=256)
def _pairs(base: tuple[tuple[str, int], ...]) -> list[Condition]:
    """The conditions that constructors are known to make: divisibility by another size or a power of two, bounds."""
    reason = "the code refuses other sizes"
    names = [name for name, _ in base]
    found = [Condition(symbol(a), "divisible by", symbol(b), reason) for a, b in permutations(names, 2)]
    found += [Condition(symbol(name), "divisible by", step, reason) for step in (2, 4, 8, 16, 32) for name in names]
    found += [Condition(value, ">=", symbol(name), reason) for name, value in base]
    found += [Condition(symbol(name), ">=", value, reason) for name, value in base if value > 1]
    for relation in (">=", ">"):
        found += [Condition(symbol(a), relation, symbol(b), reason) for a, b in permutations(names, 2)]
    return found


def varied(base: Mapping[str, object]) -> list[str]:
    """The names whose values are sizes: ints of 1 or more that are no truth values."""
    return [name for name, value in base.items() if type(value) is int and value >= 1]
