"""For which sizes a closed form holds: what the code tests, what it refuses, and where it builds another model."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace

from paramcalc.derivation.domain.explanations import REASON, Guesses, explained, with_exceptions
from paramcalc.derivation.domain.limit import limit_of
from paramcalc.sizes.conditions import Condition
from paramcalc.sizes.implication import implied
from paramcalc.sizes.point import Point, all_meet, changed, meets
from paramcalc.sizes.symbols import symbol

APART = "another model is built at other sizes"
RARELY = 4  # times as often as models are built beyond it a condition must explain refusals that others explain too


class Domain:
    """What is known of the sizes for which one form holds. It changes by its methods alone.

    `divisions` are those that the code found to leave no remainder, `branches` the other comparisons that it made, as
    they turned out at the base; it may refuse sizes for which its `divisors` are 0. Beyond its `bounds` another model
    was seen. Models were built at the points `accepted`, none at those `refused`, and others at those set `apart`. Of
    the `confirmed` conditions the other side was tried. The form that was fitted last has a meaning where what it
    `needs` is so.
    """

    def __init__(
        self,
        divisions: Iterable[Condition] = (),
        branches: Iterable[Condition] = (),
        divisors: Iterable[Condition] = (),
    ) -> None:
        self.divisions = tuple(divisions)
        self.branches = tuple(branches)
        self.divisors = tuple(divisors)
        self.bounds: tuple[Condition, ...] = ()
        self.accepted: tuple[Point, ...] = ()
        self.refused: tuple[tuple[Point, str], ...] = ()
        self.apart: tuple[tuple[Point, str], ...] = ()
        self.confirmed: set[Condition] = set()
        self.needs: tuple[Condition, ...] = ()
        self._guesses = Guesses()
        self._conditions: tuple[Condition, ...] | None = None  # until something changes

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """The bounds, the divisions, and what explains the refused points; all accepted points meet them."""
        if self._conditions is None:
            told = (*self.divisors, *self.branches)
            certain = self.certain
            refused, apart = ([point for point, _ in group] for group in (self.refused, self.apart))
            found = explained(self.accepted, refused, certain, told, self._guesses)
            certain = tuple(dict.fromkeys((*certain, *found)))
            found = explained(self.accepted, apart, certain, self.branches, self._guesses, ranges_first=True)
            others = (replace(each, reason=APART) if each.reason == REASON else each for each in found)
            self._conditions = tuple(dict.fromkeys((*certain, *others)))
        return self._conditions

    @property
    def certain(self) -> tuple[Condition, ...]:
        """The conditions that the code is known to test, and the bounds."""
        return (*self.bounds, *(each for each in self.divisions if all_meet(each, self.accepted)))

    @property
    def told(self) -> tuple[Condition, ...]:
        """The conditions that are not guessed."""
        told = {*self.certain, *self.branches, *self.divisors}
        return tuple(each for each in self.conditions if each in told)

    @property
    def beyond(self) -> tuple[tuple[Point, str], ...]:
        """The points that the form is not to say, with the reasons: those refused, and those set apart."""
        return (*self.refused, *self.apart)

    @property
    def has_unexplained_refusals(self) -> bool:
        """Whether sizes were refused that meet all conditions."""
        return any(meets(point, self.conditions) for point, _ in self.refused)

    def division_with_exceptions(self) -> Condition | None:
        """Return a condition that explains refusals as no other does, though a few models were built beyond it.

        So it is where code takes odd sizes as long as they are very small. None, as is usual, where there is no such
        condition.
        """
        conditions = self.conditions
        left = [point for point, _ in self.refused if meets(point, conditions)]
        found = with_exceptions(self.accepted, left) if len(left) > 1 else None
        return found or self._better_than_guesses(conditions)

    def _better_than_guesses(self, conditions: Sequence[Condition]) -> Condition | None:
        """A condition beyond which very few models were built, where it explains more than each that was guessed."""
        told = self.told
        guessed = [each for each in conditions if each not in told]
        left = [point for point, _ in self.refused if meets(point, told)]
        found = with_exceptions(self.accepted, left) if len(guessed) > 1 else None
        if found is None or found in conditions:
            return None
        most = max(_broken(each, left) for each in guessed)
        clear = _broken(found, left) > max(most, RARELY * _broken(found, self.accepted))
        return found if clear else None

    def pinned(self, names: Sequence[str]) -> list[str]:
        """Return the names that can have one value only."""
        low, high = dict.fromkeys(names, 1), dict.fromkeys(names, math.inf)
        for limit in filter(None, map(limit_of, self.conditions)):
            if limit.name in low and limit.step > 0:
                low[limit.name] = max(low[limit.name], limit.last)
            elif limit.name in high:
                high[limit.name] = min(high[limit.name], limit.last)
        return [name for name in names if low[name] == high[name]]

    def accept(self, point: Point) -> None:
        """Note that the model which the form is to say is built at a point."""
        self.accepted = (*self.accepted, point)
        self._conditions = None

    def refuse(self, point: Point, reason: str) -> None:
        """Note that none is built at a point."""
        self.refused = (*self.refused, (point, reason))
        self._conditions = None

    def set_apart(self, points: Iterable[Point], reason: str) -> None:
        """Note that another model is built at some points; they count as accepted no longer."""
        points = list(points)
        accepted = list(self.accepted)
        for point in points:
            if point in accepted:
                accepted.remove(point)
        self.accepted = tuple(accepted)
        self.apart = (*self.apart, *((point, reason) for point in points))
        self._conditions = None

    def take_back(self, points: Sequence[Point]) -> None:
        """Note that the form says what is built at points that were set apart."""
        self.apart = tuple(each for each in self.apart if each[0] not in points)
        self._conditions = None

    def bound_by(self, condition: Condition) -> None:
        """Take a condition for certain; what was seen beyond it is another model."""
        self.bounds = (*(each for each in self.bounds if not implied(each, [condition])), condition)
        self.confirmed.add(condition)
        self.accepted = tuple(point for point in self.accepted if meets(point, [condition]))
        self._conditions = None

    def release(self, condition: Condition) -> None:
        """Take a bound back: the form may hold beyond it."""
        self.bounds = tuple(each for each in self.bounds if each != condition)
        self.confirmed.discard(condition)
        self._conditions = None

    def fix(self, base: Point, names: Sequence[str]) -> None:
        """Leave some names at the base: forget the points where they differ, and say their values in conditions.

        Bounds by which refusals of them were explained are forgotten as well.
        """
        values = {symbol(name): base[name] for name in names}
        self.bounds = tuple(each for each in self.bounds if each.reason != REASON or not each.symbols & set(names))
        self.divisions, self.branches, self.divisors, self.bounds = (
            tuple(each for each in (condition.bind(values) for condition in group) if each.holds is not True)
            for group in (self.divisions, self.branches, self.divisors, self.bounds)
        )
        self.confirmed = set(self.bounds)
        self.accepted = tuple(point for point in self.accepted if not changed(point, base, names))
        self.refused, self.apart = (
            tuple(each for each in group if not changed(each[0], base, names)) for group in (self.refused, self.apart)
        )
        self._conditions = None


def _broken(condition: Condition, points: Sequence[Point]) -> int:
    """At how many points a condition does not hold."""
    return sum(not meets(point, [condition]) for point in points)
