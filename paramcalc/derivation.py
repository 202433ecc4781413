"""The closed form of a model from what its code builds: sizes fitted at points, and proven at others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from paramcalc.conditions import Condition
from paramcalc.domain import Domain, edges
from paramcalc.errors import InvalidType, InvalidValue, ParamcalcError, unknown_name
from paramcalc.evidence import Evidence
from paramcalc.fitting import Point
from paramcalc.prediction import predicts
from paramcalc.probing import Build, Limits, Prober, Report
from paramcalc.sampling import Sampler, meets, varied
from paramcalc.symbols import symbol_names
from paramcalc.tree import Block
from paramcalc.unify import Hints, Unfit, Unifier
from paramcalc.whole import quotients, roundings, without_rounding

START = 5  # points that are fitted at first, beside the base
PROOFS = 8  # points in a row that must be predicted, three times as many where sizes are rounded
MANY = 6  # refusals after which each size is tried alone
ALONE = 4  # points at which one size alone is changed, to tell whether it has a form of its own
TURNS = 8  # rounds of building more before a structure counts as unclear


class Exhausted(InvalidValue):
    """No further sizes to build at."""


@dataclass
class Search:
    """The way from models that were built to the tree that predicts others."""

    prober: Prober
    base: Point
    names: tuple[str, ...]
    hints: Hints
    domain: Domain
    may_fix: bool = True
    trees: list[tuple[Point, Block]] = field(default_factory=list)
    predicted: list[Point] = field(default_factory=list)
    proven: tuple[Block | None, frozenset[Condition]] = (None, frozenset())
    confirmed: set[Condition] = field(default_factory=set)
    alone: bool = False

    def __post_init__(self) -> None:
        self.sampler = Sampler(self.base, self.names)

    def run(self) -> Block:
        """Return the tree that predicts every held-out point, with its evidence.

        Raises InvalidValue where there is none within the limits, with the reason.
        """
        first = self.prober.at(self.base, "the base")
        if isinstance(first, str):
            raise InvalidValue(f"no model at the sizes given: {first}", where="derive")
        self.keep(self.base, first)
        while True:
            try:
                return self.attempt()
            except (Unfit, Exhausted) as problem:
                self.give_way(problem)

    def attempt(self) -> Block:
        """Fit, predict, and try the conditions and the other sides of comparisons, until nothing changes any more."""
        while True:
            while len(self.trees) <= START and self.names:
                self.fresh("points to fit")
            tree = self.fitted()
            if self.simplified(tree) or not self.predicts_all(tree):
                continue
            if self.domain.strange and not self.alone:
                self.one_by_one()
            elif self.founded(tree) and self.explored(tree) and self.proven[1] <= set(self.domain.conditions):
                unseen = self.unseen()
                if not unseen:
                    return self.finished(tree)
                self.fix(unseen)

    def simplified(self, tree: Block) -> bool:
        """Bound the form to where its quotients of sizes are whole, if they are at the base; whether that is new."""
        new = [each for each in quotients(tree) if each not in self.domain.conditions and meets(self.base, [each])]
        for condition in new:
            self.bound(condition)
        return bool(new)

    def bound(self, condition: Condition) -> None:
        """Take a condition for certain, and forget what was built beyond it."""
        self.domain.bounded(condition)
        self.confirmed.add(condition)
        self.trees = [each for each in self.trees if meets(each[0], [condition])]

    def unseen(self) -> list[str]:
        """The sizes that have one value in all models that were built.

        Raises Exhausted where there are some that were to vary.
        """
        points = [*(point for point, _ in self.trees), *self.predicted]
        unseen = [name for name in self.names if len({point[name] for point in points}) == 1]
        if unseen and not self.may_fix:
            raise self.exhausted(f"no model like that at the base is built with another {' or '.join(unseen)}")
        return unseen

    def keep(self, point: Point, tree: Block) -> None:
        """Take what was built at a point into what is fitted."""
        self.trees.append((point, tree))
        self.domain.accepted.append(point)

    def built(self, point: Point, doing: str) -> Block | None:
        """Build at a point; None, and the reason kept, where the code refuses the sizes."""
        tree = self.prober.at(point, doing)
        if isinstance(tree, Block):
            return tree
        self.domain.refused.append((point, tree))
        return None

    def fresh(self, doing: str) -> None:
        """Build at a point not seen before, and keep the tree."""
        point = self.sampler.point(self.domain.conditions)
        if point is None:
            raise self.exhausted("no further point meets what the code demands")
        tree = self.built(point, doing)
        if tree is not None:
            self.keep(point, tree)
        elif len(self.domain.refused) >= MANY and self.domain.strange and not self.alone:
            self.one_by_one()

    def exhausted(self, problem: str) -> Exhausted:
        """The error for a domain in which no more points are found."""
        refused = self.domain.refused
        advice = f"the last refusal: {refused[-1][1]}" if refused else "vary more sizes"
        return Exhausted(problem, where="derive", advice=advice)

    def fitted(self) -> Block:
        """The tree through all points; where a structure or a number is not clear yet, after building more."""
        for _ in range(TURNS):
            try:
                return self.unified(self.trees)
            except Unfit as error:
                problem = error
            self.prober.check()
            if not self.alone:
                self.one_by_one()
            elif not (problem.odd and self.set_apart(problem)):
                self.more(problem)
        raise problem

    def unified(self, trees: Sequence[tuple[Point, Block]]) -> Block:
        """The one tree of expressions that says all of some trees.

        Raises Unfit where there is none.
        """
        try:
            tree = Unifier([point for point, _ in trees], self.hints).tree([each for _, each in trees])
        except Unfit:
            raise
        except ParamcalcError as error:  # expressions that fit the numbers, and are no sizes
            raise Unfit(f"no tree holds what was fitted: {error}", where="derive") from error
        odd = [number for number, (point, each) in enumerate(trees) if not predicts(tree, point, each)]
        if odd:
            raise Unfit("another structure is built at some sizes", where="derive", odd=odd)
        return tree

    def more(self, problem: Unfit) -> None:
        """Build at three more points; the problem is the answer where there are none."""
        for _ in range(3):
            try:
                self.fresh("points to fit")
            except Exhausted:
                raise problem from None

    def set_apart(self, problem: Unfit) -> bool:
        """Take the points at which another structure is built out of the domain, where conditions tell them apart."""
        before = list(self.trees), list(self.domain.accepted), list(self.domain.refused)
        for number in problem.odd:
            point = self.trees[number][0]
            self.domain.accepted.remove(point)
            self.domain.refused.append((point, f"another model is built there: {problem}"))
        self.trees = [each for number, each in enumerate(self.trees) if number not in problem.odd]
        apart = [before[0][number][0] for number in problem.odd]
        if not any(meets(point, self.domain.conditions) for point in apart):
            pinned = self.domain.pinned(self.names) if self.may_fix else []
            if len(pinned) < len(self.names):
                self.fix(pinned)
                return True
        self.trees, self.domain.accepted, self.domain.refused = before
        return False

    def one_by_one(self) -> None:
        """Build with each size changed alone: what changes then depends on it, and what cannot be changed is fixed."""
        self.alone = True
        self.fix([name for name in self.names if self.changed_alone(name, 1) == 0])

    def changed_alone(self, name: str, wanted: int) -> int:
        """Build until so many models differ from the base in one size alone, and return how many do."""
        rest = [other for other in self.names if other != name]
        found = sum(all(point[other] == self.base[other] for other in rest) for point, _ in self.trees) - 1
        for _ in range(wanted + 3):
            point = self.sampler.alone(name, self.domain.conditions) if found < wanted else None
            if point is None:
                break
            tree = self.built(point, "sizes one by one")
            if tree is not None:
                self.keep(point, tree)
                found += 1
        return found

    def fix(self, names: Sequence[str]) -> None:
        """Leave sizes as they are at the base, and forget what was built with others."""
        if not names:
            return
        if len(names) == len(self.names):
            raise self.exhausted("no other sizes build such a model")
        self.names = tuple(name for name in self.names if name not in names)
        self.sampler.names = self.names
        base = self.base
        self.trees = [(point, tree) for point, tree in self.trees if all(point[name] == base[name] for name in names)]
        self.domain.narrowed(base, names)
        self.proven = (None, frozenset())

    def give_way(self, problem: Unfit | Exhausted) -> None:
        """Fix the sizes that keep a form from being found; the problem is the answer where none are to be fixed."""
        if not self.may_fix or len(self.names) < 2:
            raise problem
        names = self.culprits(problem)
        if not names or set(names) == set(self.names):
            raise problem
        self.fix(names)

    def culprits(self, problem: Unfit | Exhausted) -> list[str]:
        """The sizes that have no form even where they alone change; else one of those that the problem depends on."""
        unclear = []
        for name in self.names:
            self.changed_alone(name, ALONE)
            rest = [other for other in self.names if other != name]
            rows = [each for each in self.trees if all(each[0][other] == self.base[other] for other in rest)]
            if not self.fits(rows):
                unclear.append(name)
        if unclear:
            return unclear
        involved = [name for name in problem.names if name in self.names] if isinstance(problem, Unfit) else []
        return involved[-1:]

    def predicts_all(self, tree: Block) -> bool:
        """Whether the tree predicts enough points that it has not seen; the first that it does not is kept."""
        conditions = self.domain.conditions
        if tree != self.proven[0] or not self.proven[1] <= set(conditions):
            self.predicted = []
        self.predicted = [point for point in self.predicted if meets(point, conditions)]
        self.proven = (tree, frozenset(conditions))
        rounded = bool(roundings(tree))
        wanted = 3 * PROOFS if rounded else PROOFS
        while len(self.predicted) < wanted and self.names:
            point = self.sampler.point(self.domain.conditions, odd=0.5 if rounded else 0.15)
            if point is None:
                if len(self.predicted) >= PROOFS:
                    return True
                found = len(self.predicted)
                raise self.exhausted(f"only {found} further sizes meet what the code demands, {PROOFS} are a proof")
            actual = self.built(point, "points to predict")
            if actual is None:
                continue
            if not predicts(tree, point, actual):
                self.keep(point, actual)
                return False
            self.domain.accepted.append(point)
            self.predicted.append(point)
        return True

    def founded(self, tree: Block) -> bool:
        """Whether each condition found holds good: no model exists, or another one, where it alone is broken.

        What turns out to be built there, and as predicted, is kept, so that the condition is not found again.
        """
        while True:
            conditions = self.domain.conditions
            condition = next((each for each in conditions if each not in self.confirmed), None)
            if condition is None:
                return True
            others = [each for each in conditions if each != condition]
            for _ in range(3):
                point = self.sampler.breaking(condition, others)
                actual = None if point is None else self.built(point, "what the code demands")
                if point is not None and actual is not None and predicts(tree, point, actual):
                    self.keep(point, actual)
                    return False
            self.confirmed.add(condition)

    def explored(self, tree: Block) -> bool:
        """Whether the form holds, or no model exists, on the other side of every comparison that the code made.

        Where another model is built there, the form is fitted anew with it, or the comparison bounds the form.
        """
        for condition in self.domain.branches:
            if condition in self.confirmed or condition in self.domain.conditions:
                continue
            point = self.sampler.breaking(condition, self.domain.conditions)
            actual = None if point is None else self.built(point, "the other side of a comparison")
            if point is None or actual is None:
                self.confirmed.add(condition)
                continue
            if predicts(tree, point, actual):
                self.confirmed.add(condition)
                self.domain.accepted.append(point)
                continue
            if self.fits([*self.trees, (point, actual)]):
                self.keep(point, actual)
            else:
                self.bound(condition)
            return False
        return True

    def fits(self, trees: Sequence[tuple[Point, Block]]) -> bool:
        """Whether one tree says all of some trees."""
        try:
            self.unified(trees)
        except Unfit:
            return False
        return True

    def finished(self, tree: Block) -> Block:
        """The tree with the conditions under which it holds, and the evidence."""
        evidence = Evidence(
            built=tuple(point for point, _ in self.trees),
            predicted=tuple(self.predicted),
            refused=tuple(self.domain.refused),
            fixed={name: value for name, value in self.base.items() if name not in self.names},
            no_effect=tuple(name for name in self.names if name not in _counted(tree)),
            builds=self.prober.builds,
        )
        needed = tuple(each for each in self.domain.conditions if each not in tree.preconditions)
        whole = without_rounding(tree, self.domain.conditions)
        points = evidence.predicted
        if not all(predicts(whole, point, _bound(tree, point)) for point in points):
            whole = tree
        return replace(whole, conditions=needed, evidence=evidence)


def _bound(tree: Block, point: Point) -> Block:
    return tree.bind(**{name: point[name] for name in tree.symbols})


def _counted(tree: Block) -> frozenset[str]:
    """The symbols of shapes and numbers of copies: titles and conditions may name others."""
    sizes = [size for _, block in tree.walk() for tensor in block.own for size in tensor.shape]
    sizes += [size for _, block in tree.walk() for size in (block.repeat, block.first)]
    return frozenset().union(*map(symbol_names, sizes))


def derive_tree(
    probe: Build,
    at: Mapping[str, object],
    vary: Sequence[str] | None = None,
    *,
    hints: Hints | None = None,
    likely: Sequence[Condition] = (),
    branches: Sequence[Condition] = (),
    limits: Limits | None = None,
    report: Report | None = None,
) -> Block:
    """Return the closed form of what a probe builds, from ints by name to a tree of numbers.

    The names in `vary`, or all whose value is an int, become symbols. `hints` are sizes that are known at `at`, by the
    names of tensors; `likely` conditions are met by all points, of `branches`, comparisons, both sides are tried.
    Where no names are given to vary, those that keep a form from being found are fixed: `tree.evidence.fixed`.
    Every returned tree has predicted, tensor by tensor, models at points that it had not seen: `tree.evidence`.

    >>> from paramcalc.layers import Linear
    >>> tree = derive_tree(lambda at: Linear(at["d"], 4 * at["d"]), {"d": 64})
    >>> tree.params
    4*d**2 + 4*d

    Raises InvalidValue where no tree predicts what is built, naming the place and the numbers that defy the fit;
    UnknownName for a name to vary that is not in `at`; InvalidType for a size to vary that is no int of 1 or more.
    """
    names = list(varied(at) if vary is None else vary)
    for name in names:
        if name not in at:
            raise unknown_name("size", name, at, where="vary")
        if name not in varied(at):
            raise InvalidType(f"got {at[name]!r}", where=f"at {name}", expected="an int of 1 or more, to vary it")
    search = Search(
        prober=Prober(probe, limits or Limits(), report),
        base=dict(at),  # type: ignore[arg-type]
        names=tuple(names),
        hints=hints or Hints(),
        domain=Domain(likely, [*branches, *edges(dict(at), names)]),  # type: ignore[arg-type]
        may_fix=vary is None,
    )
    return search.run()
