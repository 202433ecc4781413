"""Models that were built at points around a base: what was built, what was refused, and which sizes vary."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

from paramcalc.derivation.domain.domain import Domain
from paramcalc.derivation.fitting.misfit import Exhausted, Misfit
from paramcalc.derivation.models.prober import Prober, Refusal
from paramcalc.derivation.models.sampler import TIMES, Sampler
from paramcalc.derivation.trees.structure import at_place, size_at
from paramcalc.sizes.conditions import Condition
from paramcalc.sizes.point import Point, changed, meets
from paramcalc.sizes.symbols import symbol
from paramcalc.tree.block import Block

MANY = 6  # refusals after which each size is tried alone
UNRULY = 4  # refusals of one size alone after which no condition is looked for any more
FEW = 2  # other values that are refused, where all are, to tell that a size can have but one

Found: TypeAlias = Block | Refusal
Built: TypeAlias = tuple[Point, Block]


class Narrowed(NamedTuple):
    """What made a domain narrower: a condition, or else sizes that are fixed."""

    condition: Condition | None = None
    fixed: tuple[str, ...] = ()


@dataclass
class Observations:
    """Models around a base, by the sizes that vary; those at the `trees` are to be said by one form.

    Sizes may be fixed for good, where `may_fix` says so; those among them that can have no other value are in `only`.
    """

    prober: Prober
    base: Point
    names: tuple[str, ...]
    domain: Domain
    may_fix: bool = True
    trees: list[Built] = field(default_factory=list)
    only: list[str] = field(default_factory=list)
    alone: bool = False  # whether each size was changed alone

    def __post_init__(self) -> None:
        self.sampler = Sampler(self.base, self.names)
        self.looked_at: set[str] = set()
        self.set_aside: list[Built] = []  # what was built at the points that are set apart

    def inside(self, point: Point) -> bool:
        """Whether a point meets all conditions, with the sizes that are fixed as they are."""
        fixed = [name for name in self.base if name not in self.names]
        return not changed(point, self.base, fixed) and meets(point, self.domain.conditions)

    def changed(self, point: Point) -> list[str]:
        """The sizes that are not as at the base."""
        return changed(point, self.base, self.names)

    def keep(self, point: Point, tree: Block) -> None:
        """Take what was built at a point into what is fitted."""
        self.trees.append((point, tree))
        self.domain.accept(point)
        self.sampler.times = 1 if self.prober.slow else TIMES

    def build(self, point: Point, doing: str, *, is_plain: bool = False) -> Block | None:
        """Build at a point and return the tree; None, the reason being noted, where the code refuses the sizes.

        Which of them are to blame is found out, unless it `is_plain`.
        """
        found = self.prober.at(point, doing)
        if isinstance(found, Block):
            return found
        if is_plain:
            self.domain.refuse(point, str(found))
            return None
        blamed, refusal = self.smallest(point, found, lambda again: isinstance(again, Refusal))
        self.domain.refuse(blamed, str(refusal))
        return None

    def observe(self, point: Point, doing: str) -> Block | None:
        """Build at a point, keep the tree and return it; None where the code refuses the sizes."""
        tree = self.build(point, doing)
        if tree is not None:
            self.keep(point, tree)
        return tree

    def observe_more(self, doing: str) -> None:
        """Build at a point not seen before, and keep the tree; each size alone, where many are refused for no reason.

        Raises Exhausted where no further point meets the conditions.
        """
        point = self.sampler.point(self.domain.conditions, few=True)
        if point is None:
            raise self.exhausted("no further point meets what the code demands")
        if self.observe(point, doing) is not None or self.alone:
            return
        if len(self.domain.refused) >= MANY and self.domain.has_unexplained_refusals:
            self.one_by_one()

    def exhausted(self, problem: str) -> Exhausted:
        """Return the error for a domain in which no more points are found."""
        last = (self.domain.refused or self.domain.apart)[-1:]
        return Exhausted(problem, advice=f"the last refusal: {last[0][1]}" if last else "vary more sizes")

    def smallest(self, point: Point, found: Found, same: Callable[[Found], bool]) -> tuple[Point, Found]:
        """Return a point with as many sizes as can be put back to the base while the same is found, and what is there.

        The other sizes are to blame. What else is found on the way is kept.
        """
        if not meets(point, self.domain.conditions):
            return point, found
        for names in self._blamed_before():
            less = {**self.base, **{name: point[name] for name in names}}
            if less != self.base and meets(less, self.domain.conditions):
                again = self.prober.at(less, "what the code refuses")
                if same(again):
                    return less, again
        return self._halved(point, found, same)

    def _halved(self, point: Point, found: Found, same: Callable[[Found], bool]) -> tuple[Point, Found]:
        """Put sizes back to the base, half of those that differ at once, then a quarter, and so on."""
        others = self.changed(point)
        part = len(others) // 2
        while part:
            for start in range(0, len(others), part):
                less = {**point, **{name: self.base[name] for name in others[start : start + part]}}
                if less == self.base or not meets(less, self.domain.conditions):
                    continue
                again = self.prober.at(less, "what the code refuses")
                if same(again):
                    point, found = less, again
                elif isinstance(again, Block):
                    self.keep(less, again)
                else:
                    self.domain.refuse(less, str(again))
            others = self.changed(point)
            part = min(part, len(others)) // 2
        return point, found

    def _blamed_before(self) -> list[list[str]]:
        """The few sizes that were to blame before, for a refusal or another model, the most frequent first."""
        together = Counter(tuple(self.changed(point)) for point, _ in self.domain.beyond)
        return [list(names) for names, _ in together.most_common() if 1 <= len(names) <= 2][:2]

    def one_by_one(self) -> None:
        """Build with each size changed alone: what changes then depends on it, and what cannot be changed is fixed."""
        self.alone = True
        stuck = [name for name in self.names if self.change_alone(name, 1) == 0]
        self.fix([name for name in stuck if not self.goes_with_others(name)])

    def goes_with_others(self, name: str) -> bool:
        """Whether a size was changed with others, and a comparison in the code says why it cannot be changed alone."""
        told = any(name in each.symbols and each in self.domain.conditions for each in self.domain.branches)
        return told and any(point[name] != self.base[name] for point in self.domain.accepted)

    def change_alone(self, name: str, wanted: int) -> int:
        """Build until so many models differ from the base in one size alone, and return how many do."""
        found = sum(self.changed(point) == [name] for point, _ in self.trees)
        for _ in range(wanted + 3):
            point = self.sampler.alone(name, self.domain.conditions) if found < wanted else None
            if point is None:
                break
            found += self.observe(point, "sizes one by one") is not None
        return found

    def bound_by(self, condition: Condition) -> None:
        """Take a condition for certain, with sizes that are fixed as they are, and forget what was built beyond it."""
        condition = self.with_fixed(condition)
        self.domain.bound_by(condition)
        self.trees = [each for each in self.trees if meets(each[0], [condition])]

    def with_fixed(self, condition: Condition) -> Condition:
        """Return a condition on the sizes that vary: those that are fixed are numbers in it."""
        fixed = condition.symbols - set(self.names)
        return condition.bind({symbol(name): self.base[name] for name in fixed}) if fixed else condition

    def set_apart(self, odd: Collection[int], misfit: Misfit) -> bool:
        """Take the points at which another structure is built out of the domain; return whether conditions tell them.

        Where none does, all stays as it is.
        """
        aside = [self.trees[number] for number in odd]
        if any(point == self.base for point, _ in aside):
            return False
        smaller = self._smaller([self.trees[number] for number in sorted(odd)[:FEW]], misfit.place)
        reason = f"another model is built there: {misfit}"
        told = copy.copy(self.domain)
        told.set_apart([point for point, _ in (*aside, *smaller)], reason)
        if any(meets(point, told.conditions) for point, _ in aside):
            return False
        pinned = told.pinned(self.names) if self.may_fix else []
        if len(pinned) == len(self.names):
            return False
        self.domain = told
        self.trees = [each for number, each in enumerate(self.trees) if number not in odd]
        self.set_aside += [*aside, *smaller]
        self.fix(pinned)
        return True

    def take_back(self, tree: Block, says: Callable[[Block, Point, Block], bool]) -> list[Point]:
        """Take what was set apart back, where a tree says it, and return the points."""
        back = [each for each in self.set_aside if says(tree, *each)]
        self.set_aside = [each for each in self.set_aside if each not in back]
        points = [point for point, _ in back]
        self.domain.take_back(points)
        for point, actual in back:
            self.keep(point, actual)
        return points

    def _smaller(self, odd: Iterable[Built], place: str | None) -> list[Built]:
        """Points like those where another structure is built, with as many sizes as can be as at the base."""
        usual = at_place(self.trees[0][1], place)
        found: list[Built] = []

        def other(again: Found) -> bool:
            return isinstance(again, Block) and at_place(again, place) != usual

        for point, tree in odd:
            if other(tree):
                less, there = self.smallest(point, tree, other)
                if less != point and isinstance(there, Block):
                    found.append((less, there))
        return found

    def trace_back(self, misfit: Misfit) -> None:
        """Build with as few sizes changed as make a difference to a dimension, or to a number of layers.

        It depends on these.
        """
        place, numbers = misfit.place, misfit.numbers
        usual = size_at(self.trees[0][1], place, misfit.dimension)

        def other(again: Found) -> bool:
            return isinstance(again, Block) and size_at(again, place, misfit.dimension) not in (usual, None)

        odd = [self.trees[number] for number, value in numbers.items() if value != numbers.get(0)]
        for point, tree in sorted(odd, key=lambda each: len(self.changed(each[0])))[:FEW]:
            if other(tree):
                less, found = self.smallest(point, tree, other)
                if less != point and isinstance(found, Block):
                    self.keep(less, found)

    def fix(self, names: Sequence[str]) -> None:
        """Leave sizes as they are at the base, and forget what was built with others.

        Raises Exhausted where none would be left to vary, or where they must vary.
        """
        if not names:
            return
        if len(names) == len(self.names):
            raise self.exhausted("no other sizes build such a model")
        if not self.may_fix:
            raise self.exhausted(f"no model like that at the base is built with another {' or '.join(names)}")
        self.only += [name for name in names if self.takes_no_other(name)]
        self.names = tuple(name for name in self.names if name not in names)
        self.sampler.names = self.names
        self.trees, self.set_aside = (
            [each for each in group if not changed(each[0], self.base, names)] for group in (self.trees, self.set_aside)
        )
        self.domain.fix(self.base, names)

    def narrow(self) -> Narrowed | None:
        """Make the domain narrower where refusals that no condition explains ask for it, and return by what."""
        self._look_around()
        condition = self.domain.division_with_exceptions()
        if condition is not None:
            self.bound_by(condition)
            return Narrowed(condition)
        unruly = self._unruly()
        self.fix(unruly)
        return Narrowed(fixed=tuple(unruly)) if unruly else None

    def _look_around(self) -> None:
        """Build close to where a size alone was refused for no known reason, once for a size: one may show then."""
        for point, _ in self.domain.refused:
            alone = self.changed(point)
            if len(alone) != 1 or alone[0] in self.looked_at or not meets(point, self.domain.conditions):
                continue
            (name,) = alone
            self.looked_at.add(name)
            near = [{**point, name: point[name] + more} for more in (-2, -1, 1, 2)]
            for each in near:
                if each[name] >= 1 and meets(each, self.domain.conditions):
                    self.observe(each, "what the code refuses")

    def _unruly(self) -> list[str]:
        """The sizes to fix because other values of them alone are refused again and again: no condition tells why."""
        known = (*self.domain.conditions, *self.domain.needs)
        together = [self.changed(point) for point, _ in self.domain.refused if meets(point, known)]
        alone = Counter(each[0] for each in together if len(each) == 1)
        return [name for name, times in alone.items() if times >= UNRULY and self.may_fix]

    def takes_no_other(self, name: str) -> bool:
        """Build with other values of a size, and return whether all were refused, whatever the other sizes were."""
        built = [*self.domain.accepted, *(point for point, _ in self.domain.apart)]
        if any(changed(point, self.base, [name]) for point in built):
            return False
        refused = {point[name] for point, _ in self.domain.refused if self.changed(point) == [name]}
        usual = self.base[name]
        others = [4 * usual, usual // 4, usual + 1, usual + 2, 2 * usual, 3 * usual, usual - 1, usual // 2]
        values = [each for each in others if each not in (0, usual, *refused)][: max(2, FEW - len(refused))]
        return all(
            isinstance(self.prober.at({**self.base, name: value}, "what the code refuses"), Refusal) for value in values
        )
