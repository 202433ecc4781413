"""Where a form may end: at its conditions, where the code compares sizes, and at small sizes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import NamedTuple

from paramcalc.derivation.candidate import Candidate
from paramcalc.derivation.domain.edges import ABOVE, no_fewer, sides
from paramcalc.derivation.domain.limit import limit_of
from paramcalc.derivation.models.observations import Built, Observations
from paramcalc.derivation.models.prediction import predicts
from paramcalc.derivation.paths import Answers, Paths, kept_by
from paramcalc.derivation.trees.exact_quotients import roundings_of
from paramcalc.sizes.conditions import Condition
from paramcalc.sizes.implication import implied
from paramcalc.sizes.point import Point, meets
from paramcalc.sizes.symbols import symbol, symbol_names
from paramcalc.tree.block import Block

TRIES = 3  # points at which a condition is broken, twice as many where it bounds one size
ON_A_PATH = 2  # points at which models are built that the code builds on another path
RESTS = 8  # points around which sizes are moved, to find other paths
LOOKED_AT = 2_000  # points of which the path is looked at, each time
BOX = 4  # times the size at the base: so far other paths are looked for
TIMES = (2, 3, 4, 8)  # all sizes at once are taken so many times
SEVERAL = 4  # sizes below this are tried, of which it depends whether layers are there
MANY = 32  # points on the other side of a comparison of floats, for each of its sizes


class Surprise(NamedTuple):
    """A form that does not end where it was thought to: the condition that was tried, and the point."""

    condition: Condition | None
    point: Point


@dataclass
class Boundaries:
    """Builds beyond the boundaries of what a form is known to say."""

    observations: Observations
    candidate: Candidate
    paths: Paths
    tried_together: list[Point] = field(default_factory=list)
    followed: list[Built] = field(default_factory=list)  # models on paths of their own

    def check(self, tree: Block) -> Surprise | None:
        """Build beyond the conditions and comparisons of a form, and return the first surprise.

        What it shows is kept, so that the form is fitted anew with it, or bounded. None where the form ends where its
        conditions say and nowhere else.
        """
        return self.check_conditions(tree) or self.check_other_sides(tree) or self.check_paths(tree)

    def check_conditions(self, tree: Block) -> Surprise | None:
        """Build where one condition alone is broken, each in turn: no model is to exist there, or another one.

        What turns out to be built there, and as predicted, is kept, so that the condition is not found again.
        """
        while True:
            conditions = self.observations.domain.conditions
            condition = next((each for each in conditions if each not in self.observations.domain.confirmed), None)
            if condition is None:
                return None
            others = [each for each in conditions if each != condition]
            for _ in range(2 * TRIES if len(condition.symbols) == 1 else TRIES):
                point = self.observations.sampler.breaking(condition, others, near=True)
                actual = None if point is None else self.observations.build(point, "what the code demands")
                if point is not None and actual is not None and predicts(tree, point, actual):
                    self.observations.keep(point, actual)
                    return Surprise(condition, point)
            last = self._built_at_last(condition)
            if last is not None and not predicts(tree, *last):
                self.fit_or_bound(tree, condition, *last)
                return Surprise(condition, last[0])
            self.observations.domain.confirmed.add(condition)

    def _built_at_last(self, condition: Condition) -> Built | None:
        """What is built at the last size within a bound on one, None where it is no such bound, or nothing is."""
        limit = limit_of(condition)
        if limit is None or limit.name not in self.observations.names:
            return None
        point = {**self.observations.base, limit.name: limit.last}
        if point == self.observations.base or not meets(point, self.observations.domain.conditions):
            return None
        actual = self.observations.build(point, "what the code demands")
        return None if actual is None else (point, actual)

    def fit_or_bound(self, tree: Block, condition: Condition, point: Point, actual: Block) -> None:
        """Fit the form anew with another model that is built at a point, or bound it, where no form says both."""
        if self.candidate.fits([*self.observations.trees, (point, actual)]):
            self.observations.keep(point, actual)
        else:
            self.observations.bound_by(self._sharpened(tree, condition, point))

    def check_other_sides(self, tree: Block) -> Surprise | None:
        """Build on the other side of every comparison that the code made: the form is to hold there, or no model exist.

        Where another model is built there, the form is fitted anew with it, or the comparison bounds the form.
        """
        self._try_together(tree)
        told = self.observations.domain
        for condition in (*told.branches, *told.divisors, *starts(tree)):
            domain = self.observations.domain
            if condition in domain.confirmed or condition in domain.conditions or implied(condition, domain.conditions):
                continue
            beyond = self._surprising(tree, condition)
            if beyond is None:
                continue
            point, actual = beyond
            alone = self._built_alone(condition, point)
            if alone is not None and predicts(tree, *alone):  # the condition is not to blame
                domain.confirmed.add(condition)
                self.observations.keep(point, actual)
            else:
                self.fit_or_bound(tree, condition, point, actual)
            return Surprise(condition, point)
        return None

    def check_far(self, tree: Block, name: str, value: int) -> bool:
        """Build with one size alone far from the base; return whether it is as a form says, which is else fitted anew.

        Where no form says both, it ends on the way.
        """
        point = {**self.observations.base, name: value}
        if not meets(point, self.observations.domain.conditions):
            return True
        actual = self.observations.build(point, "far sizes")
        if actual is None or predicts(tree, point, actual):
            return True
        self.fit_or_bound(tree, Condition(value - 1, ">=", symbol(name), ABOVE), point, actual)
        return False

    def check_paths(self, tree: Block) -> Surprise | None:
        """Build where the code compares what it did not before: the form is to hold there, or no model exist.

        Else the form is fitted anew with what is built there, or bounded to sizes that do not lead there.
        """
        for point, built in self.followed:
            if self.observations.inside(point) and not predicts(tree, point, built):
                self.observations.keep(point, built)
                return Surprise(None, point)
        while True:
            known = (point for point in self.observations.domain.accepted if self.observations.inside(point))
            untraced = self.paths.untraced(chain(known, self._far_and_wide()), ON_A_PATH)
            if not untraced:
                return None
            answers, points = untraced[0]
            for point in points:
                actual = self.observations.build(point, "another path through the code")
                if actual is None or not predicts(tree, point, actual):
                    self.paths.leave(answers)
                    self._keep_out(answers, point, actual)
                    return Surprise(None, point)
                self.followed.append((point, actual))
                self.observations.domain.accept(point)
            self.paths.follow(answers, points[0])

    def _keep_out(self, answers: Answers, point: Point, actual: Block | None) -> None:
        """Fit the form anew with what is built on a path, or bound it to other paths, where no form says both.

        So it is where the path is to blame that nothing is built, and no condition of the code tells why.
        """
        domain, kept = self.observations.domain, kept_by(answers, self.observations.base)
        if actual is not None and (not kept or self.candidate.fits([*self.observations.trees, (point, actual)])):
            self.observations.keep(point, actual)
            return
        blamed = point if actual is not None else domain.refused[-1][0]
        for condition in kept if meets(blamed, domain.told) and not meets(blamed, kept) else ():
            self.observations.bound_by(condition)

    def _far_and_wide(self) -> Iterator[Point]:
        """Points within the conditions: each size through the box around the base, the smallest, and others.

        Sizes that are equal there are moved together as well.
        """
        observations, sampler = self.observations, self.observations.sampler
        conditions, names = observations.domain.conditions, observations.names
        drawn = [sampler.special(conditions, alike=True) for _ in range(RESTS)]
        found = [point for point in drawn if point is not None]
        for point in found:
            sampler.forget(point)
        smallest = {**observations.base, **dict.fromkeys(names, 1)}
        rests = [observations.base, smallest, *(point for point, _ in self.followed[-RESTS:]), *found]
        for rest in rests:
            for times in TIMES:
                point = {**rest, **{name: times * rest[name] for name in names}}
                if meets(point, conditions) and all(point[name] <= sampler.most(name) for name in names):
                    yield point
        values = max(1, LOOKED_AT // (len(rests) * max(1, len(names))))
        for rest in rests:
            equal = ([name for name in names if rest[name] == value] for value in {rest[name] for name in names})
            for group in [*([name] for name in names), *(each for each in equal if len(each) > 1)]:
                most = BOX * max(observations.base[name] for name in group)
                for value in range(1, most + 1, max(1, most // values)):
                    point = {**rest, **dict.fromkeys(group, value)}
                    if meets(point, conditions):
                        yield point

    def _try_together(self, tree: Block) -> None:
        """Build with as many small sizes as can be at their edge at once; what the form says there holds alone too."""
        for group in sides(self.observations.base, self.observations.names):
            domain = self.observations.domain
            left = {name: value for each, name, value in group if each not in domain.confirmed}
            point = self.observations.base
            for name, value in 2 * [*left.items()]:  # one size may have to change before another
                moved = {**point, name: value}
                point = moved if meets(moved, domain.conditions) else point
            broken = [each for each, name, _ in group if name in left and not meets(point, [each])]
            if len(broken) < 2 or point in self.tried_together:
                continue
            self.tried_together.append(point)
            actual = self.observations.prober.at(point, "small sizes at once")
            if isinstance(actual, Block) and predicts(tree, point, actual):
                domain.confirmed.update(broken)
                domain.accept(point)

    def _sharpened(self, tree: Block, condition: Condition, point: Point) -> Condition:
        """A bound on one size where the form ends: the last size that it says, before one that it does not."""
        limit = limit_of(condition)
        if limit is None or limit.name not in self.observations.names:
            return condition
        name, _, step = limit
        accepted = self.observations.domain.accepted
        alone = [each[name] for each in accepted if self.observations.changed(each) in ([], [name])]
        outside = point[name]
        inside = min((each for each in alone if (each - outside) * step > 0), key=lambda each: abs(each - outside))
        middle = outside + step  # first the next one: the condition may be where the code compares
        while middle != inside:
            there = {**self.observations.base, name: middle}
            if not meets(there, self.observations.domain.conditions):
                middle += step
                continue
            actual = self.observations.build(there, "the other side of a comparison")
            if actual is not None and predicts(tree, there, actual):
                inside = middle
            else:
                outside = middle
            middle = inside if inside == outside + step else (inside + outside) // 2
        left, right = (inside, condition.right) if step < 0 else (condition.left, inside)
        return replace(condition, left=left, relation=">=", right=right)

    def _built_beyond(self, condition: Condition) -> Built | None:
        """What is built on the other side of a comparison, None where nothing is within a few tries."""
        number = isinstance(condition.left, int) or isinstance(condition.right, int)  # the next one is to be tried
        domain, sampler = self.observations.domain, self.observations.sampler
        others = [each for each in domain.branches if each != condition and each not in domain.confirmed]
        alone = [*domain.conditions, *others]  # what the other comparisons make is not to be blamed on this one
        for _ in range(TRIES):
            point = sampler.breaking(condition, alone, near=number)
            point = point or sampler.breaking(condition, domain.conditions, near=number)
            if point is None:
                return None
            is_plain = condition in domain.divisors
            actual = self.observations.build(point, "the other side of a comparison", is_plain=is_plain)
            if actual is not None:
                return point, actual
            if is_plain:
                break
        self.observations.domain.confirmed.add(condition)
        return None

    def _surprising(self, tree: Block, condition: Condition) -> Built | None:
        """Another model than a form says that is built on the other side of a comparison, None where none is found.

        What is rounded may hide the difference at one point, so more are built where the comparison is of such, most of
        all in floating point: `make_divisible` compares so.
        """
        domain = self.observations.domain
        beyond = self._built_beyond(condition)
        if beyond is None or not predicts(tree, *beyond):
            return beyond
        domain.accept(beyond[0])
        kinds = {type(each).__name__ for each in (*roundings_of(condition.left), *roundings_of(condition.right))}
        many = MANY if "rounded64" in kinds else SEVERAL
        for point in self.observations.sampler.all_breaking(condition, domain.conditions, many) if kinds else ():
            actual = self.observations.build(point, "the other side of a comparison")
            if actual is not None and not predicts(tree, point, actual):
                return point, actual
            if actual is not None:
                domain.accept(point)
        domain.confirmed.add(condition)
        return None

    def is_to_blame(self, tree: Block, condition: Condition, point: Point) -> bool:
        """Whether another model is built where only the sizes of a condition are those of a point that breaks it."""
        less = self._alone(condition, point)
        if less == point:
            return True
        alone = self._built_alone(condition, point)
        return alone is not None and not predicts(tree, *alone)

    def _alone(self, condition: Condition, point: Point) -> Point:
        """The base with the sizes of a condition as they are at a point."""
        return {**self.observations.base, **{name: point[name] for name in condition.symbols}}

    def _built_alone(self, condition: Condition, point: Point) -> Built | None:
        """What is built where only the sizes of a condition are those of a point that breaks it, None for nothing."""
        less = self._alone(condition, point)
        if less == point or not meets(less, self.observations.domain.conditions):
            return None
        actual = self.observations.build(less, "the other side of a comparison")
        return None if actual is None else (less, actual)


def starts(tree: Block) -> list[Condition]:
    """Return, where layers take turns, that there are enough of them for two turns each, and for one less, and so on.

    >>> from paramcalc.sizes.symbols import floored, symbol
    >>> n = symbol("n")
    >>> print(*starts(Block(children=(Block("{}", repeat=floored(n + 1, 2), first=0, step=2),))), sep=", ")
    n >= 5, n >= 4, n >= 3, n >= 2
    """
    least: dict[str, int] = {}
    for _, block in tree.walk():
        if block.step != 1 or block.optional:
            most = int(block.first) + 2 * int(block.step) + 1 if isinstance(block.first + block.step, int) else SEVERAL
            least |= {name: max(least.get(name, 0), most) for name in sorted(symbol_names(block.repeat))}
    return [each for name, most in least.items() for each in no_fewer(name, most)]
