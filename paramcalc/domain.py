"""For which sizes a closed form holds: what the code tests, what it refuses, and where it builds another model."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from paramcalc.conditions import Condition
from paramcalc.explaining import Guesses, explained, mostly
from paramcalc.fitting import Point
from paramcalc.implication import implied
from paramcalc.sampling import SMALL, all_meet, changed, meets
from paramcalc.symbols import symbol

MUCH = 4  # a small size is tried beyond so many times what it is
RARELY = 4  # times as often as models are built beyond it a condition must explain refusals that others explain too
EDGE = 3  # a small size is tried at every value below this


class Domain:
    """What is known of the sizes for which one form holds.

    `likely` conditions are divisions that the code found to leave no rest, `branches` the comparisons that it made, as
    they turned out at the base; it may refuse sizes for which its `demands` are not met. `bounds` are conditions beyond
    which another model was seen. Models were built at the points `accepted`, none at those `refused`, and others at
    those set `apart`. The other side of those `confirmed` was tried. The form that was fitted last has a meaning where
    what it `needs` is so.
    """

    def __init__(
        self,
        likely: Iterable[Condition] = (),
        branches: Iterable[Condition] = (),
        demands: Iterable[Condition] = (),
    ) -> None:
        self.likely = tuple(likely)
        self.branches = tuple(branches)
        self.demands = tuple(demands)
        self.bounds: list[Condition] = []
        self.accepted: list[Point] = []
        self.refused: list[tuple[Point, str]] = []
        self.apart: list[tuple[Point, str]] = []
        self.confirmed: set[Condition] = set()
        self.needs: tuple[Condition, ...] = ()
        self.guesses = Guesses()
        self._known: tuple[tuple[int, ...], tuple[Condition, ...]] = ((), ())

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """The bounds, what is likely, and what explains the refused points; all accepted points meet them."""
        state = (len(self.accepted), len(self.refused), len(self.apart), len(self.bounds))
        if self._known[0] != state:
            known = self.known
            told = (*self.demands, *self.branches)
            found = explained(self.accepted, [point for point, _ in self.refused], known, told, self.guesses)
            known = tuple(dict.fromkeys((*known, *found)))
            found = explained(
                self.accepted,
                [point for point, _ in self.apart],
                known,
                self.branches,
                self.guesses,
                ranges_first=True,
            )
            self._known = (state, tuple(dict.fromkeys((*known, *found))))
        return self._known[1]

    @property
    def known(self) -> tuple[Condition, ...]:
        """The conditions that the code is known to test, and the bounds."""
        return (*self.bounds, *(each for each in self.likely if all_meet(each, self.accepted)))

    def narrower(self) -> Condition | None:
        """A condition that explains refusals as no other does, though a few models were built beyond it; None mostly.

        So it is where code takes odd sizes as long as they are very small.
        """
        conditions = self.conditions
        left = [point for point, _ in self.refused if meets(point, conditions)]
        found = mostly(self.accepted, left) if len(left) > 1 else None
        return found or self.rather(conditions)

    def rather(self, conditions: Sequence[Condition]) -> Condition | None:
        """A condition beyond which very few models were built, where it explains more than each that was guessed."""
        certain = {*self.known, *self.branches, *self.demands}
        guessed = [each for each in conditions if each not in certain]
        left = [point for point, _ in self.refused if meets(point, [each for each in conditions if each in certain])]
        found = mostly(self.accepted, left) if len(guessed) > 1 else None
        if found is None or found in conditions:
            return None
        most = max(_broken(each, left) for each in guessed)
        clear = _broken(found, left) > max(most, RARELY * _broken(found, self.accepted))
        return found if clear else None

    @property
    def strange(self) -> bool:
        """Whether sizes were refused that meet all conditions."""
        return any(meets(point, self.conditions) for point, _ in self.refused)

    def pinned(self, names: Sequence[str]) -> list[str]:
        """The names that can have one value only."""
        bounds = {name: [1, math.inf] for name in names}
        for each in self.conditions:
            more = {">": 1, ">=": 0}.get(each.relation)
            if more is not None and isinstance(each.right, int) and str(each.left) in bounds:
                bounds[str(each.left)][0] = max(bounds[str(each.left)][0], each.right + more)
            elif more is not None and isinstance(each.left, int) and str(each.right) in bounds:
                bounds[str(each.right)][1] = min(bounds[str(each.right)][1], each.left - more)
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
        self.likely, self.branches, self.demands, bounds = (
            tuple(each for each in (condition.bind(values) for condition in group) if each.holds is not True)
            for group in (self.likely, self.branches, self.demands, self.bounds)
        )
        self.bounds = list(bounds)
        self.confirmed = set(bounds)
        self.accepted = [point for point in self.accepted if not changed(point, base, names)]
        self.refused, self.apart = (
            [each for each in group if not changed(each[0], base, names)] for group in (self.refused, self.apart)
        )
        self._known = ((), ())


def _broken(condition: Condition, points: Sequence[Point]) -> int:
    """At how many points a condition does not hold."""
    return sum(not meets(point, [condition]) for point in points)


def edges(base: Point, names: Sequence[str]) -> list[Condition]:
    """Return that small sizes, such as numbers of layers, are not the very smallest, where other models may be built.

    Nor are they much larger than at the base.

    >>> print(*edges({"n_layer": 12, "n_embd": 768}, ["n_layer", "n_embd"]), sep=", ")
    n_layer >= 3, n_layer >= 2, 48 >= n_layer
    """
    small = [name for name in names if EDGE <= base[name] <= SMALL]
    low = [each for name in small for each in no_fewer(name, EDGE)]
    return low + [Condition(MUCH * base[name], ">=", symbol(name), "another model is built above") for name in small]


def sides(base: Point, names: Sequence[str]) -> list[list[tuple[Condition, str, int]]]:
    """Return the edges of small sizes in groups that can be broken at once, each with the size and a value beyond.

    >>> for group in sides({"n_layer": 12, "n_head": 8}, ["n_layer", "n_head"]):
    ...     print({name: value for _, name, value in group})
    {'n_layer': 2, 'n_head': 2}
    {'n_layer': 1, 'n_head': 1}
    {'n_layer': 49, 'n_head': 33}
    """
    small = edges(base, names)
    low = [[(each, str(each.left), least - 1) for each in small if each.right == least] for least in range(EDGE, 1, -1)]
    return [*low, [(each, str(each.right), each.left + 1) for each in small if isinstance(each.left, int)]]


def no_fewer(name: str, most: int) -> list[Condition]:
    """Return that a size is no smaller than a number, than one less, and so on, where other models may be built."""
    return [Condition(symbol(name), ">=", least, "another model is built below") for least in range(most, 1, -1)]
