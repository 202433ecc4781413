"""For which sizes a closed form holds: what the code tests, what it refuses, and where it builds another model."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import permutations

from paramcalc.conditions import Condition
from paramcalc.fitting import Point
from paramcalc.sampling import SMALL, meets
from paramcalc.symbols import symbol

EDGE = 3  # a small size is tried at every value below this
MANY_NAMES = 32  # beyond so many sizes, not every pair of them is tried for a condition


class Domain:
    """What is known of the sizes for which one form holds.

    `likely` conditions are divisions that the code found to leave no rest, `branches` the comparisons that it made, as
    they turned out at the base. `bounds` are conditions beyond which another model was seen.
    """

    def __init__(self, likely: Iterable[Condition] = (), branches: Iterable[Condition] = ()) -> None:
        self.likely = tuple(likely)
        self.branches = tuple(branches)
        self.bounds: list[Condition] = []
        self.accepted: list[Point] = []
        self.refused: list[tuple[Point, str]] = []
        self._known: tuple[tuple[int, ...], tuple[Condition, ...]] = ((), ())

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """The bounds, what is likely, and what explains the refused points; all accepted points meet them."""
        state = (len(self.accepted), len(self.refused), len(self.bounds))
        if self._known[0] != state:
            known = (*self.bounds, *(each for each in self.likely if self._meets_all(each)))
            found = explained(self.accepted, [point for point, _ in self.refused], known, self.branches)
            self._known = (state, tuple(dict.fromkeys((*known, *found))))
        return self._known[1]

    def _meets_all(self, condition: Condition) -> bool:
        return all(meets(point, [condition]) for point in self.accepted)

    @property
    def strange(self) -> bool:
        """Whether sizes were refused that meet all the conditions that the code is known to test."""
        known = (*self.likely, *self.bounds)
        return any(meets(point, known) for point, _ in self.refused)

    def pinned(self, names: Sequence[str]) -> list[str]:
        """The names that can have one value only."""
        bounds = {name: [1, math.inf] for name in names}
        for each in self.conditions:
            if isinstance(each.right, int) and str(each.left) in bounds and each.relation == ">=":
                bounds[str(each.left)][0] = max(bounds[str(each.left)][0], each.right)
            elif isinstance(each.left, int) and str(each.right) in bounds and each.relation == ">=":
                bounds[str(each.right)][1] = min(bounds[str(each.right)][1], each.left)
        return [name for name, (low, high) in bounds.items() if low == high]

    def bounded(self, condition: Condition) -> None:
        """Take a condition for certain; what was seen beyond it is another model."""
        self.bounds.append(condition)
        self.accepted = [point for point in self.accepted if meets(point, [condition])]

    def narrowed(self, base: Point, names: Sequence[str]) -> None:
        """Forget the points at which some names do not have their value at the base."""
        self.accepted = [point for point in self.accepted if all(point[name] == base[name] for name in names)]
        self.refused = [each for each in self.refused if all(each[0][name] == base[name] for name in names)]
        self._known = ((), ())


def edges(base: Point, names: Sequence[str]) -> list[Condition]:
    """Return that small sizes, such as numbers of layers, are not the very smallest, where other models may be built.

    >>> print(*edges({"n_layer": 12, "n_embd": 768}, ["n_layer", "n_embd"]), sep=", ")
    n_layer >= 3, n_layer >= 2
    """
    reason = "another model is built below"
    small = [name for name in names if EDGE <= base[name] <= SMALL]
    return [Condition(symbol(name), ">=", least, reason) for name in small for least in range(EDGE, 1, -1)]


def explained(
    accepted: Sequence[Point], refused: Sequence[Point], known: Sequence[Condition], likely: Sequence[Condition]
) -> tuple[Condition, ...]:
    """Return conditions that all accepted points meet and that together refuse the refused ones, as far as any do.

    `known` conditions refuse some of them already; `likely` ones are tried before those of every pair of sizes.
    """
    left = [point for point in refused if meets(point, known)]
    found: list[Condition] = []
    sizes = _sizes(accepted, left)
    tried = [*likely, *_pairs(sizes)] if left else []
    possible = [each for each in tried if all(meets(point, [each]) for point in accepted)]
    possible += _ranges(accepted, [name for name, _ in sizes]) if left else []
    while left:
        best, most = None, 0
        for condition in possible:
            caught = sum(not meets(point, [condition]) for point in left)
            if caught > most:
                best, most = condition, caught
        if best is None:
            break
        found.append(best)
        left = [point for point in left if meets(point, [best])]
    return tuple(found)


def _sizes(accepted: Sequence[Point], refused: Sequence[Point]) -> tuple[tuple[str, int], ...]:
    """The sizes at the base; of very many, those that differ where points were refused that differ in few."""
    base = accepted[0]
    names = [name for name, value in base.items() if type(value) is int]
    if len(names) > MANY_NAMES:
        changed = [[name for name in names if point[name] != base[name]] for point in refused]
        names = list(dict.fromkeys(name for each in sorted(changed, key=len) for name in each))[:MANY_NAMES]
    return tuple((name, base[name]) for name in names)


def _ranges(accepted: Sequence[Point], names: Sequence[str]) -> list[Condition]:
    """That a size is no smaller, or no larger, than in all models that were built."""
    reason = "the code refuses other sizes"
    least = {name: min(point[name] for point in accepted) for name in names}
    most = {name: max(point[name] for point in accepted) for name in names}
    found = [Condition(symbol(name), ">=", least[name], reason) for name in names if least[name] > 1]
    return found + [Condition(most[name], ">=", symbol(name), reason) for name in names]


@lru_cache(maxsize=256)
def _pairs(base: tuple[tuple[str, int], ...]) -> list[Condition]:
    """The conditions that constructors are known to make: divisibility by another size or a power of two, bounds."""
    reason = "the code refuses other sizes"
    names = [name for name, _ in base]
    found = [Condition(symbol(a), "divisible by", symbol(b), reason) for a, b in permutations(names, 2)]
    found += [Condition(symbol(name), "divisible by", step, reason) for step in (2, 4, 8, 16, 32) for name in names]
    for relation in (">=", ">"):
        found += [Condition(symbol(a), relation, symbol(b), reason) for a, b in permutations(names, 2)]
    return found
