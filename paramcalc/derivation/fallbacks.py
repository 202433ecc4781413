"""Where no form holds for all sizes: what is left out, so that one holds for the others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

from paramcalc.derivation.candidate import Candidate
from paramcalc.derivation.domain.edges import edges
from paramcalc.derivation.fitting.misfit import Exhausted, NoFit
from paramcalc.derivation.models.observations import Built, Observations
from paramcalc.derivation.trees.structure import same_lists, structure
from paramcalc.sizes.conditions import USUAL_MULTIPLES, Condition
from paramcalc.sizes.entries import list_of
from paramcalc.sizes.point import all_meet, meets
from paramcalc.sizes.symbols import symbol, symbol_names
from paramcalc.tree.shapes import dimensions

ALONE = 4  # points at which one size alone is changed, to tell whether it has a form of its own
SEVERAL = 2  # entries of a list that are fixed one by one
ENOUGH = 6  # models that a form must hold for where it holds under a condition only


@dataclass
class Fallbacks:
    """Makes the domain of a form narrower: by conditions first, each way once for a place, then by fixed sizes."""

    observations: Observations
    candidate: Candidate

    def __post_init__(self) -> None:
        self.structure_kept = False
        self.stepped: set[str | None] = set()  # places for which a size was made a multiple
        self.branched: set[str | None] = set()  # places for which the path through the code was kept

    def give_way(self, problem: NoFit) -> None:
        """Keep to the structure of the base, or bound or fix sizes that keep a form from being found.

        Raises the problem where nothing is left to give.
        """
        if not (self._kept_structure(problem) or self._bounded(problem)):
            self._fix_some(problem)

    def _kept_structure(self, problem: NoFit) -> bool:
        """Take other structures than that of the base out of the domain, once; return whether conditions tell them."""
        if self.structure_kept:
            return False
        self.structure_kept = True
        base = structure(self.observations.trees[0][1])
        odd = [number for number, (_, tree) in enumerate(self.observations.trees) if structure(tree) != base]
        return bool(odd) and self.observations.set_apart(odd, problem.misfit)

    def _bounded(self, problem: NoFit) -> bool:
        """Bound the form by conditions under which there is one, and return whether there were any."""
        place = problem.misfit.place
        conditions = list(problem.misfit.bounds[:1])
        if not conditions and place not in self.branched:
            self.branched.add(place)
            conditions = self.path(problem)
        if not conditions and place not in self.stepped:
            conditions = self._step(problem)
            self.stepped.update([place] if conditions else [])
        for condition in conditions:
            self.observations.bound_by(condition)
        return bool(conditions)

    def _fix_some(self, problem: NoFit) -> None:
        if not self.observations.may_fix or len(self.observations.names) < 2:
            raise problem
        names = self._culprits(problem)
        if not names or set(names) == set(self.observations.names):
            raise problem
        self.observations.fix([*names, *self._others_of_lists(names)])

    def _others_of_lists(self, names: Sequence[str]) -> list[str]:
        """The other entries of lists of which several entries had to be fixed before."""
        varied = self.observations.names
        fixed = Counter(list_of(name) for name in self.observations.base if name not in varied)
        lists = {each for each in map(list_of, names) if fixed[each] >= SEVERAL}
        others = [name for name in varied if list_of(name) in lists and name not in names]
        return others if len(names) + len(others) < len(varied) else []

    def keep_refused_out(self, compared: Sequence[Condition]) -> bool:
        """Bound the form, by a comparison of the code, where it holds for sizes that are refused; whether it did.

        Where no comparison tells, what was changed there is fixed.
        """
        domain, base = self.observations.domain, self.observations.base
        left = [point for point, _ in domain.refused if meets(point, (*domain.conditions, *domain.needs))]
        if not left:
            return False
        told = [each for each in (*domain.branches, *domain.divisors, *compared) if meets(base, [each])]
        caught = {each: sum(not meets(point, [each]) for point in left) for each in told}
        best = max(caught, key=lambda each: caught[each], default=None)
        if best is not None and caught[best]:
            self.observations.bound_by(best)
        else:
            self.observations.fix(self.observations.changed(left[0]))
        return True

    def fix_other_structures(self) -> None:
        """Fix the sizes of which every other value makes another structure, where no form says them."""
        found = []
        for name in self.observations.names if self.observations.may_fix else ():
            if self._unlike(name):
                self.observations.change_alone(name, ALONE)
                found += [name] if self._unlike(name) else []
        self.observations.fix(self._without_form(found))

    def _unlike(self, name: str) -> bool:
        """Whether all models that differ from the base in one size alone have other layers, and as many."""
        base = self.observations.trees[0][1]
        alone = [tree for point, tree in self.observations.trees if self.observations.changed(point) == [name]]
        return bool(alone) and all(structure(tree) != structure(base) and same_lists(tree, base) for tree in alone)

    def path(self, problem: NoFit) -> list[Condition]:
        """Return comparisons that turned out otherwise than at the base, and speak of what a problem depends on."""
        points = [self.observations.trees[number][0] for number in problem.misfit.odd]
        names = self._involved(problem) or {name for point in points for name in self.observations.changed(point)}
        small = edges(self.observations.base, self.observations.names)
        branches = [each for each in self.observations.domain.branches if each.symbols & names and each not in small]
        points = [point for point, _ in self.observations.trees]
        broken = [each for each in branches if not all_meet(each, points)]
        for condition in broken if len(broken) > 1 else ():
            trees = [each for each in self.observations.trees if meets(each[0], [condition])]
            if len(trees) >= ENOUGH and self.candidate.fits(trees):
                return [condition]
        left = [point for point in points if meets(point, broken)]
        return broken if len(left) > 1 else []

    def _step(self, problem: NoFit) -> list[Condition]:
        """That one of the sizes which a problem depends on is even, or a multiple of 4 or 8, where all is said then.

        So it is where code rounds a product of sizes in floating point, which may come out a little too small.
        """
        for name, number in product(sorted(self._involved(problem)), USUAL_MULTIPLES[:3]):
            condition = Condition(symbol(name), "divisible by", number, "no formula holds for other sizes")
            trees = [each for each in self.observations.trees if meets(each[0], [condition])]
            values = {point[name] for point, _ in trees}
            enough = len(values) >= ALONE and 3 * len(trees) >= len(self.observations.trees)
            if not enough or not meets(self.observations.base, [condition]):
                continue
            found = self.candidate.merged(trees)
            said = dimensions(found.tree) if found.tree is not None and found.misfit is None else []
            if any(name in symbol_names(size) for size in said):
                return [condition]
        return []

    def _culprits(self, problem: NoFit) -> list[str]:
        """The sizes that have no form even where they alone change; else one of those that the problem depends on."""
        involved = [name for name in self.observations.names if name in self._involved(problem)]
        rest = [name for name in self.observations.names if name not in involved]
        return self._without_form(involved) or self._without_form(rest) or involved[-1:]

    def _involved(self, problem: NoFit) -> set[str]:
        """The sizes that a problem names, and those that alone make another structure."""
        if isinstance(problem, Exhausted):
            return set()
        points = [self.observations.trees[number][0] for number in problem.misfit.odd]
        changed = [self.observations.changed(point) for point in points]
        return set(problem.misfit.names).union(*(each for each in changed if len(each) == 1))

    def _without_form(self, names: Sequence[str]) -> list[str]:
        """Those of some sizes that have no form even where they alone change."""
        found = []
        for name in names:
            for wanted in (ALONE, 2 * ALONE):
                self.observations.change_alone(name, wanted)
                trees = self.observations.trees
                if self._clear([each for each in trees if set(self.observations.changed(each[0])) <= {name}]):
                    break
            else:
                found.append(name)
        return found

    def _clear(self, trees: Sequence[Built]) -> bool:
        """Whether one tree says all of some trees, or those within a bound that they show."""
        misfit = self.candidate.merged(trees).misfit
        if misfit is None:
            return True
        inside = [each for each in trees if meets(each[0], misfit.bounds)]
        return ALONE <= len(inside) < len(trees) and self.candidate.fits(inside)
