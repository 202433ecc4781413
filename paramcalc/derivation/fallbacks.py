"""Where no form holds for all sizes: what is left out, so that one holds for the others."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

from paramcalc.derivation.candidate import Form
from paramcalc.derivation.domain.edges import edges
from paramcalc.derivation.fitting.misfit import Unfit
from paramcalc.derivation.models.observations import Exhausted, Survey
from paramcalc.derivation.trees.structure import same_lists, structure
from paramcalc.sizes.conditions import Condition
from paramcalc.sizes.point import Point, all_meet, meets
from paramcalc.sizes.symbols import symbol, symbol_names
from paramcalc.tree.block import Block
from paramcalc.tree.shapes import dimensions

ALONE = 4  # points at which one size alone is changed, to tell whether it has a form of its own
SEVERAL = 2  # entries of a list that are fixed one by one
ENOUGH = 6  # models that a form must hold for where it holds under a condition only
STEPS = (2, 4, 8)  # of which a size may have to be a multiple for a form to be found


@dataclass
class Retreat:
    """Makes the domain of a form narrower: by conditions first, each way once for a place, then by fixed sizes."""

    survey: Survey
    form: Form

    def __post_init__(self) -> None:
        self.kept = False
        self.stepped: set[str] = set()
        self.narrowed: set[str] = set()

    def give_way(self, problem: Unfit | Exhausted) -> None:
        """Keep to the structure of the base, or fix sizes that keep a form from being found, or raise the problem."""
        if not self.kept:
            self.kept = True
            base = structure(self.survey.trees[0][1])
            odd = [number for number, (_, tree) in enumerate(self.survey.trees) if structure(tree) != base]
            if odd and self.survey.set_apart(odd, problem):
                return
        if isinstance(problem, Unfit) and problem.bounds:
            self.survey.bound(problem.bounds[0])
            return
        if problem.where not in self.narrowed:
            self.narrowed.add(problem.where)
            path = self.path(problem)
            for condition in path:
                self.survey.bound(condition)
            if path:
                return
        step = None if problem.where in self.stepped else self.step(problem)
        if step is not None:
            self.stepped.add(problem.where)
            self.survey.bound(step)
            return
        if not self.survey.may_fix or len(self.survey.names) < 2:
            raise problem
        names = self.culprits(problem)
        if not names or set(names) == set(self.survey.names):
            raise problem
        self.survey.fix([*names, *self.others_of(names)])

    def others_of(self, names: Sequence[str]) -> list[str]:
        """The other entries of lists of which several entries had to be fixed before."""
        fixed = Counter(_list_of(name) for name in self.survey.base if name not in self.survey.names)
        lists = {each for each in map(_list_of, names) if fixed[each] >= SEVERAL}
        others = [name for name in self.survey.names if _list_of(name) in lists and name not in names]
        return others if len(names) + len(others) < len(self.survey.names) else []

    def fix_other_structures(self) -> None:
        """Fix the sizes of which every other value makes another structure, where no form says them."""
        found = []
        for name in self.survey.names if self.survey.may_fix else ():
            if self.unlike(name):
                self.survey.changed_alone(name, ALONE)
                found += [name] if self.unlike(name) else []
        self.survey.fix(self.unclear(found))

    def unlike(self, name: str) -> bool:
        """Whether all models that differ from the base in one size alone have other layers, and as many."""
        base = self.survey.trees[0][1]
        alone = [tree for point, tree in self.survey.trees if self.survey.changed(point) == [name]]
        return bool(alone) and all(structure(tree) != structure(base) and same_lists(tree, base) for tree in alone)

    def path(self, problem: Unfit | Exhausted) -> list[Condition]:
        """Comparisons that turned out otherwise than at the base somewhere, and speak of what a problem depends on."""
        names = self.involved(problem)
        small = edges(self.survey.base, self.survey.names)
        branches = [each for each in self.survey.domain.branches if each.symbols & names and each not in small]
        points = [point for point, _ in self.survey.trees]
        broken = [each for each in branches if not all_meet(each, points)]
        for condition in broken if len(broken) > 1 else ():
            trees = [each for each in self.survey.trees if meets(each[0], [condition])]
            if len(trees) >= ENOUGH and self.form.fits(trees):
                return [condition]
        left = [point for point in points if meets(point, broken)]
        return broken if len(left) > 1 else []

    def step(self, problem: Unfit | Exhausted) -> Condition | None:
        """That one of the sizes which a problem depends on is even, or a multiple of 4 or 8, where all is said then.

        So it is where code rounds a product of sizes in floating point, which may come out a little too small.
        """
        for name, number in product(sorted(self.involved(problem)), STEPS):
            condition = Condition(symbol(name), "divisible by", number, "no formula holds for other sizes")
            trees = [each for each in self.survey.trees if meets(each[0], [condition])]
            values = {point[name] for point, _ in trees}
            enough = len(values) >= ALONE and 3 * len(trees) >= len(self.survey.trees)
            if not enough or not meets(self.survey.base, [condition]) or not self.form.fits(trees):
                continue
            if any(name in symbol_names(size) for size in dimensions(self.form.unified(trees))):
                return condition
        return None

    def culprits(self, problem: Unfit | Exhausted) -> list[str]:
        """The sizes that have no form even where they alone change; else one of those that the problem depends on."""
        involved = [name for name in self.survey.names if name in self.involved(problem)]
        rest = [name for name in self.survey.names if name not in involved]
        return self.unclear(involved) or self.unclear(rest) or involved[-1:]

    def involved(self, problem: Unfit | Exhausted) -> set[str]:
        """The sizes that a problem names, and those that alone make another structure."""
        if isinstance(problem, Exhausted):
            return set()
        changed = [self.survey.changed(self.survey.trees[number][0]) for number in problem.odd]
        return set(problem.names).union(*(each for each in changed if len(each) == 1))

    def unclear(self, names: Sequence[str]) -> list[str]:
        """Those of some sizes that have no form even where they alone change."""
        found = []
        for name in names:
            for wanted in (ALONE, 2 * ALONE):
                self.survey.changed_alone(name, wanted)
                if self.clear([each for each in self.survey.trees if set(self.survey.changed(each[0])) <= {name}]):
                    break
            else:
                found.append(name)
        return found

    def clear(self, trees: Sequence[tuple[Point, Block]]) -> bool:
        """Whether one tree says all of some trees, or those within a bound that they show."""
        try:
            self.form.unified(trees)
        except Unfit as problem:
            inside = [each for each in trees if meets(each[0], problem.bounds)]
            return ALONE <= len(inside) < len(trees) and self.form.fits(inside)
        return True


def _list_of(name: str) -> str:
    """The list that a size is an entry of, or the size itself."""
    return re.sub(r"_[0-9]+$", "", name)
