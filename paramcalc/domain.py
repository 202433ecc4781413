"""For which sizes a closed form holds: what the code tests, what it refuses, and where it builds another model."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import permutations

from paramcalc.conditions import Condition, implied
from paramcalc.fitting import Point
from paramcalc.sampling import SMALL, changed, meets, tested
from paramcalc.symbols import symbol

MUCH = 4  # a small size is tried beyond so many times what it is
STEPS = (2, 4, 8, 16, 32, 64)  # sizes may have to be multiples of these
EDGE = 3  # a small size is tried at every value below this
MANY_NAMES = 32  # so many sizes at most are tried for a condition, each with all others


class Domain:
    """What is known of the sizes for which one form holds.

    `likely` conditions are divisions that the code found to leave no rest, `branches` the comparisons that it made, as
    they turned out at the base. `bounds` are conditions beyond which another model was seen. Models were built at the
    points `accepted`, none at those `refused`, and others at those set `apart`. The other side of those `confirmed` was
    tried.
    """

    def __init__(self, likely: Iterable[Condition] = (), branches: Iterable[Condition] = ()) -> None:
        self.likely = tuple(likely)
        self.branches = tuple(branches)
        self.bounds: list[Condition] = []
        self.accepted: list[Point] = []
        self.refused: list[tuple[Point, str]] = []
        self.apart: list[tuple[Point, str]] = []
        self.confirmed: set[Condition] = set()
        self._known: tuple[tuple[int, ...], tuple[Condition, ...]] = ((), ())

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """The bounds, what is likely, and what explains the refused points; all accepted points meet them."""
        state = (len(self.accepted), len(self.refused), len(self.apart), len(self.bounds))
        if self._known[0] != state:
            known = self.known
            found = explained(self.accepted, [point for point, _ in self.refused], known, self.branches)
            known = tuple(dict.fromkeys((*known, *found)))
            found = explained(
                self.accepted, [point for point, _ in self.apart], known, self.branches, ranges_first=True
            )
            self._known = (state, tuple(dict.fromkeys((*known, *found))))
        return self._known[1]

    @property
    def known(self) -> tuple[Condition, ...]:
        """The conditions that the code is known to test, and the bounds."""
        return (*self.bounds, *(each for each in self.likely if all(meets(point, [each]) for point in self.accepted)))

    def narrower(self) -> Condition | None:
        """A condition that explains refusals as no other does, though a few models were built beyond it; None mostly.

        So it is where code takes odd sizes as long as they are very small.
        """
        left = [point for point, _ in self.refused if meets(point, self.conditions)]
        scores = []
        tried = _pairs(*_sizes(self.accepted, left)) if len(left) > 1 else []
        for condition in (each for each in tried if each.gap is None):  # divisions, and powers of 2
            caught = sum(not meets(point, [condition]) for point in left)
            broken = sum(not meets(point, [condition]) for point in self.accepted) if caught > 1 else 0
            if caught >= max(2, broken) and meets(self.accepted[0], [condition]):
                scores.append((caught - broken, condition))
        return max(scores, key=lambda pair: pair[0])[1] if scores else None

    @property
    def strange(self) -> bool:
        """Whether sizes were refused that meet all conditions."""
        return any(meets(point, self.conditions) for point, _ in self.refused)

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
        self.bounds = [*(each for each in self.bounds if not implied(each, [condition])), condition]
        self.confirmed.add(condition)
        self.accepted = [point for point in self.accepted if meets(point, [condition])]
        self._known = ((), ())

    def released(self, condition: Condition) -> None:
        """Take a bound back: the form may hold beyond it."""
        self.bounds = [each for each in self.bounds if each != condition]
        self.confirmed.discard(condition)
        self._known = ((), ())

    def narrowed(self, base: Point, names: Sequence[str]) -> None:
        """Leave some names at the base: forget the points where they differ, and say their values in conditions."""
        values = {symbol(name): base[name] for name in names}
        self.likely, self.branches, bounds = (
            tuple(each for each in (condition.bind(values) for condition in group) if each.holds is not True)
            for group in (self.likely, self.branches, self.bounds)
        )
        self.bounds = list(bounds)
        self.confirmed = set(bounds)
        self.accepted = [point for point in self.accepted if not changed(point, base, names)]
        self.refused, self.apart = (
            [each for each in group if not changed(each[0], base, names)] for group in (self.refused, self.apart)
        )
        self._known = ((), ())


def edges(base: Point, names: Sequence[str]) -> list[Condition]:
    """Return that small sizes, such as numbers of layers, are not the very smallest, where other models may be built.

    Nor are they much larger than at the base.

    >>> print(*edges({"n_layer": 12, "n_embd": 768}, ["n_layer", "n_embd"]), sep=", ")
    n_layer >= 3, n_layer >= 2, 48 >= n_layer
    """
    small = [name for name in names if EDGE <= base[name] <= SMALL]
    low = [each for name in small for each in no_fewer(name, EDGE)]
    return low + [Condition(MUCH * base[name], ">=", symbol(name), "another model is built above") for name in small]


def no_fewer(name: str, most: int) -> list[Condition]:
    """Return that a size is no smaller than a number, than one less, and so on, where other models may be built."""
    return [Condition(symbol(name), ">=", least, "another model is built below") for least in range(most, 1, -1)]


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
    """
    left = [point for point in refused if meets(point, known)]
    found: list[Condition] = []
    names, others = _sizes(accepted, left)
    pairs, ranges = (_pairs(names, others), _ranges(accepted, others)) if left else ([], [])
    tried = [*likely, *ranges, *pairs] if ranges_first else [*likely, *pairs, *ranges]
    tests = [(each, tested(each)) for each in tried]
    telling = [(each, test) for each, test in tests if not all(map(test, left))]
    possible = [(each, test) for each, test in telling if all(map(test, accepted))]
    while left:
        caught = [len(left) - sum(map(test, left)) for _, test in possible]
        if not any(caught):
            break
        best, test = possible[caught.index(max(caught))]
        found.append(best)
        left = [point for point in left if test(point)]
    return tuple(found)


def _sizes(accepted: Sequence[Point], refused: Sequence[Point]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The names of the sizes, and those that differ from the base where points were refused, of very many the first."""
    base = accepted[0]
    names = tuple(name for name, value in base.items() if type(value) is int)
    others = [changed(point, base, names) for point in refused]
    return names, tuple(dict.fromkeys(name for each in sorted(others, key=len) for name in each))[:MANY_NAMES]


def _ranges(accepted: Sequence[Point], names: Sequence[str]) -> list[Condition]:
    """That a size is no smaller, or no larger, than in all models that were built."""
    reason = "the code refuses other sizes"
    least = {name: min(point[name] for point in accepted) for name in names}
    most = {name: max(point[name] for point in accepted) for name in names}
    found = [Condition(symbol(name), ">=", least[name], reason) for name in names if least[name] > 1]
    return found + [Condition(most[name], ">=", symbol(name), reason) for name in names]


@lru_cache(maxsize=256)
def _pairs(names: tuple[str, ...], changed: tuple[str, ...]) -> list[Condition]:
    """The conditions on changed sizes that constructors are known to make: divisibility, and bounds by other sizes."""
    reason = "the code refuses other sizes"
    pairs = [(a, b) for a, b in permutations(names, 2) if a in changed or b in changed]
    found = [Condition(symbol(name), "divisible by", step, reason) for step in STEPS for name in changed]
    found += [Condition(symbol(name) + 1, "divisible by", 2, reason) for name in changed]
    found += [Condition(symbol(name), "a power of", 2, reason) for name in changed]
    found += [Condition(symbol(a), "divisible by", symbol(b), reason) for a, b in pairs]
    for relation in (">=", ">"):
        found += [Condition(symbol(a), relation, symbol(b), reason) for a, b in pairs]
    found += [Condition(symbol(a) + 1, ">=", symbol(b), reason) for a, b in pairs]
    found += [Condition(symbol(a), ">=", 2 * symbol(b), reason) for a, b in pairs]  # as of a border at both sides
    found += [Condition(symbol(a), "divisible by", 2 * symbol(b), reason) for a, b in pairs]  # as of heads in pairs
    return found
