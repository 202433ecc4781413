"""Models that were built at points around a base: what was built, what was refused, and which sizes vary."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from paramcalc.derivation.domain.domain import Domain
from paramcalc.derivation.models.prober import Prober
from paramcalc.derivation.models.sampler import TIMES, Sampler
from paramcalc.derivation.trees.structure import at_place, size_at
from paramcalc.errors import InvalidValue
from paramcalc.sizes.conditions import Condition
from paramcalc.sizes.point import Point, changed, meets
from paramcalc.tree.block import Block

MANY = 6  # refusals after which each size is tried alone
UNRULY = 4  # refusals of one size alone after which no condition is looked for any more
FEW = 2  # other values that are refused, where all are, to tell that a size can have but one


class Exhausted(InvalidValue):
    """No further sizes to build at."""


@dataclass
class Survey:
    """Models around a base, by the sizes that vary; those at the `trees` are to be said by one form.

    Sizes may be fixed for good, those among them that can have no other value are in `only`.
    """

    prober: Prober
    base: Point
    names: tuple[str, ...]
    domain: Domain
    may_fix: bool = True
    trees: list[tuple[Point, Block]] = field(default_factory=list)
    only: list[str] = field(default_factory=list)
    alone: bool = False

    def __post_init__(self) -> None:
        self.sampler = Sampler(self.base, self.names)
        self.looked_at: set[str] = set()
        self.others: list[tuple[Point, Block]] = []  # what was built at the points that are set apart

    def inside(self, point: Point) -> bool:
        """Whether a point meets all conditions, with the sizes that are fixed as they are."""
        fixed = [name for name in self.base if name not in self.names]
        return not changed(point, self.base, fixed) and meets(point, self.domain.conditions)

    def keep(self, point: Point, tree: Block) -> None:
        """Take what was built at a point into what is fitted."""
        self.trees.append((point, tree))
        self.domain.accepted.append(point)
        self.sampler.times = 1 if self.prober.slow else TIMES

    def built(self, point: Point, doing: str) -> Block | None:
        """Build at a point; None, and the reason kept, where the code refuses the sizes."""
        tree = self.prober.at(point, doing)
        if isinstance(tree, Block):
            return tree
        self.domain.refused.append(self.smallest(point, tree, lambda again: isinstance(again, str)))
        return None

    def gained(self, point: Point, doing: str) -> bool:
        """Build at a point and keep the tree; whether the code builds one."""
        tree = self.built(point, doing)
        if tree is not None:
            self.keep(point, tree)
        return tree is not None

    def fresh(self, doing: str) -> None:
        """Build at a point not seen before, and keep the tree."""
        point = self.sampler.point(self.domain.conditions, few=True)
        if point is None:
            raise self.exhausted("no further point meets what the code demands")
        if self.gained(point, doing):
            return
        if len(self.domain.refused) >= MANY and self.domain.strange and not self.alone:
            self.one_by_one()

    def exhausted(self, problem: str) -> Exhausted:
        """The error for a domain in which no more points are found."""
        beyond = [*self.domain.apart, *self.domain.refused]
        advice = f"the last refusal: {beyond[-1][1]}" if beyond else "vary more sizes"
        return Exhausted(problem, where="derive", advice=advice)

    def smallest(self, point: Point, found: Block | str, same: Callable[[Block | str], bool]) -> tuple[Point, Any]:
        """A point with as many sizes as can be put back to the base while the same is found: the others are to blame.

        What else is found on the way is kept.
        """
        if not meets(point, self.domain.conditions):
            return point, found
        for names in self.blamed():
            less = {**self.base, **{name: point[name] for name in names}}
            if less != self.base and meets(less, self.domain.conditions):
                again = self.prober.at(less, "what the code refuses")
                if same(again):
                    return less, again
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
                    self.domain.refused.append((less, again))
            others = self.changed(point)
            part = min(part, len(others)) // 2
        return point, found

    def blamed(self) -> list[list[str]]:
        """The few sizes that were to blame before, for a refusal or another model, the most frequent first."""
        beyond = (*self.domain.refused, *self.domain.apart)
        together = Counter(tuple(self.changed(point)) for point, _ in beyond)
        return [list(names) for names, _ in together.most_common() if 1 <= len(names) <= 2][:2]

    def changed(self, point: Point) -> list[str]:
        """The sizes that are not as at the base."""
        return changed(point, self.base, self.names)

    def one_by_one(self) -> None:
        """Build with each size changed alone: what changes then depends on it, and what cannot be changed is fixed."""
        self.alone = True
        stuck = [name for name in self.names if self.changed_alone(name, 1) == 0]
        self.fix([name for name in stuck if not self.goes_with_others(name)])

    def goes_with_others(self, name: str) -> bool:
        """Whether a size was changed with others, and a comparison in the code says why it cannot be changed alone."""
        told = any(name in each.symbols and each in self.domain.conditions for each in self.domain.branches)
        return told and any(point[name] != self.base[name] for point in self.domain.accepted)

    def changed_alone(self, name: str, wanted: int) -> int:
        """Build until so many models differ from the base in one size alone, and return how many do."""
        found = sum(self.changed(point) == [name] for point, _ in self.trees)
        for _ in range(wanted + 3):
            point = self.sampler.alone(name, self.domain.conditions) if found < wanted else None
            if point is None:
                break
            found += self.gained(point, "sizes one by one")
        return found

    def bound(self, condition: Condition) -> None:
        """Take a condition for certain, and forget what was built beyond it."""
        self.domain.bounded(condition)
        self.trees = [each for each in self.trees if meets(each[0], [condition])]

    def set_apart(self, odd: Collection[int], why: InvalidValue) -> bool:
        """Take the points at which another structure is built out of the domain, where conditions tell them apart."""
        if any(self.trees[number][0] == self.base for number in odd):
            return False
        smaller = self.smaller(sorted(odd)[:FEW], why)
        before = list(self.trees), list(self.domain.accepted), list(self.domain.apart)
        others = [*(self.trees[number] for number in odd), *smaller]
        reason = f"another model is built there: {why}"
        for number in odd:
            point = self.trees[number][0]
            self.domain.accepted.remove(point)
            self.domain.apart.append((point, reason))
        self.domain.apart += [(point, reason) for point, _ in smaller]
        self.trees = [each for number, each in enumerate(self.trees) if number not in odd]
        if not any(meets(before[0][number][0], self.domain.conditions) for number in odd):
            pinned = self.domain.pinned(self.names) if self.may_fix else []
            if len(pinned) < len(self.names):
                self.others += others
                self.fix(pinned)
                return True
        self.trees, self.domain.accepted, self.domain.apart = before
        return False

    def regained(self, tree: Block, says: Callable[[Block, Point, Block], bool]) -> bool:
        """Take what was set apart back, where a tree says it; whether there is any."""
        back = [each for each in self.others if says(tree, *each)]
        self.others = [each for each in self.others if each not in back]
        points = [point for point, _ in back]
        self.domain.apart = [each for each in self.domain.apart if each[0] not in points]
        for point, actual in back:
            self.keep(point, actual)
        return bool(back)

    def smaller(self, odd: Iterable[int], why: InvalidValue) -> list[tuple[Point, Block]]:
        """Points like those where another structure is built, with as many sizes as can be as at the base."""
        usual = at_place(self.trees[0][1], why.where)

        def other(again: Block | str) -> bool:
            return isinstance(again, Block) and at_place(again, why.where) != usual

        found = []
        for point, tree in [self.trees[number] for number in odd]:
            if other(tree):
                less, there = self.smallest(point, tree, other)
                found += [] if less == point else [(less, there)]
        return found

    def traced_back(self, where: str, dimension: int | None, odd: Iterable[int]) -> None:
        """Build with as few sizes changed as make a difference to a dimension, or to a number of layers.

        It depends on these.
        """
        usual = size_at(self.trees[0][1], where, dimension)

        def other(again: Block | str) -> bool:
            return isinstance(again, Block) and size_at(again, where, dimension) not in (usual, None)

        nearest = sorted((self.trees[number] for number in odd), key=lambda each: len(self.changed(each[0])))
        for point, tree in nearest[:FEW]:
            if other(tree):
                less, found = self.smallest(point, tree, other)
                if less != point:
                    self.keep(less, found)

    def fix(self, names: Sequence[str]) -> None:
        """Leave sizes as they are at the base, and forget what was built with others."""
        if not names:
            return
        if len(names) == len(self.names):
            raise self.exhausted("no other sizes build such a model")
        if not self.may_fix:
            raise self.exhausted(f"no model like that at the base is built with another {' or '.join(names)}")
        self.only += [name for name in names if self.takes_no_other(name)]
        self.names = tuple(name for name in self.names if name not in names)
        self.sampler.names = self.names
        self.trees = [each for each in self.trees if not changed(each[0], self.base, names)]
        self.others = [each for each in self.others if not changed(each[0], self.base, names)]
        self.domain.narrowed(self.base, names)

    def narrowed(self) -> bool:
        """Whether refusals that no condition explains made the domain narrower: by a condition, or by a fixed size."""
        self.look_around()
        condition = self.domain.narrower()
        if condition is not None:
            self.bound(condition)
            return True
        unruly = self.unruly()
        self.fix(unruly)
        return bool(unruly)

    def look_around(self) -> None:
        """Build close to where a size alone was refused for no known reason, once for a size: one may show then."""
        for point, _ in list(self.domain.refused):
            alone = self.changed(point)
            if len(alone) != 1 or alone[0] in self.looked_at or not meets(point, self.domain.conditions):
                continue
            (name,) = alone
            self.looked_at.add(name)
            near = [{**point, name: point[name] + more} for more in (-2, -1, 1, 2)]
            for each in near:
                if each[name] >= 1 and meets(each, self.domain.conditions):
                    self.gained(each, "what the code refuses")

    def unruly(self) -> list[str]:
        """The sizes to fix because other values of them alone are refused again and again: no condition tells why."""
        known = (*self.domain.conditions, *self.domain.needs)
        together = [self.changed(point) for point, _ in self.domain.refused if meets(point, known)]
        alone = Counter(each[0] for each in together if len(each) == 1)
        return [name for name, times in alone.items() if times >= UNRULY and self.may_fix]

    def takes_no_other(self, name: str) -> bool:
        """Whether all other values of a size were refused, with those of the other sizes whatever they were."""
        built = [*self.domain.accepted, *(point for point, _ in self.domain.apart)]
        if any(changed(point, self.base, [name]) for point in built):
            return False
        refused = {point[name] for point, _ in self.domain.refused if self.changed(point) == [name]}
        usual = self.base[name]
        others = {usual + 1, usual + 2, 2 * usual, 3 * usual, usual - 1, usual // 2} - {0, usual, *refused}
        for value in sorted(others)[: max(0, FEW - len(refused))]:
            if not isinstance(self.prober.at({**self.base, name: value}, "what the code refuses"), str):
                return False
        return True
