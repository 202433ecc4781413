"""The closed form of a model from what its code builds: sizes fitted at points, and proven at others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from paramcalc.derivation.boundaries import Borders
from paramcalc.derivation.candidate import Form
from paramcalc.derivation.domain.domain import Domain
from paramcalc.derivation.domain.edges import edges
from paramcalc.derivation.fallbacks import Retreat
from paramcalc.derivation.fitting.hints import Hints
from paramcalc.derivation.fitting.misfit import Unfit
from paramcalc.derivation.models.observations import Exhausted, Survey
from paramcalc.derivation.models.point_chooser import Telling
from paramcalc.derivation.models.prediction import at_point, predicts
from paramcalc.derivation.models.prober import Build, Limits, Prober, Report
from paramcalc.derivation.models.repeatable import check_steady
from paramcalc.derivation.proven_part import with_proven_part
from paramcalc.derivation.trees.exact_quotients import guessed, quotients, roundings, without_rounding
from paramcalc.errors import InvalidType, InvalidValue, unknown_name
from paramcalc.sizes.conditions import Condition
from paramcalc.sizes.point import Point, meets, varied
from paramcalc.sizes.symbols import symbol_names
from paramcalc.tree.block import Block
from paramcalc.tree.evidence import Evidence
from paramcalc.tree.shapes import sizes_of

START = 5  # points that are fitted at first, beside the base
PROOFS = 8  # points in a row that must be predicted; 3 times as many where sizes are rounded, 8 times by a guess
CHOICE = 8  # points that are drawn for one to predict
TURNS = 5  # rounds of building more before a place counts as unclear, or of assuming what is given up again


@dataclass
class Search:
    """The way from models that were built to the tree that predicts others."""

    survey: Survey
    form: Form
    predicted: list[Point] = field(default_factory=list)
    proven: tuple[Block | None, frozenset[Condition]] = (None, frozenset())

    def __post_init__(self) -> None:
        self.retreat = Retreat(self.survey, self.form)
        self.borders = Borders(self.survey, self.form)
        self.apart: Counter[tuple[int, str]] = Counter()
        self.assumed: set[Condition] = set()  # that quotients are whole
        self.given_up: Counter[Condition] = Counter()

    def run(self) -> Block:
        """Return the tree that predicts every held-out point, with its evidence.

        Raises InvalidValue where there is none within the limits, with the reason.
        """
        first = self.survey.prober.at(self.survey.base, "the base")
        if isinstance(first, str):
            advice = "start from sizes, given in at, that the code takes"
            raise InvalidValue(f"no model at the sizes given: {first}", where="derive", advice=advice)
        self.survey.keep(self.survey.base, first)
        inexact = [name for name in self.survey.names if name in self.form.hints.inexact]
        if inexact and not self.survey.may_fix:
            raise InvalidValue(
                f"{', '.join(inexact)} reach a length that torch finds in floating point, which no formula says",
                where="derive",
                advice="leave them out of vary",
            )
        self.survey.fix(inexact)
        for condition in self.form.hints.within:
            self.survey.bound(condition)
        while True:
            try:
                return self.attempt()
            except (Unfit, Exhausted) as problem:
                check_steady(self.survey.prober, self.survey.base, first)
                self.retreat.give_way(problem)

    def attempt(self) -> Block:
        """Fit, predict, and try the conditions and the other sides of comparisons, until nothing changes any more."""
        while True:
            while len(self.survey.trees) <= START and self.survey.names:
                self.survey.fresh("points to fit")
            if self.survey.narrowed():
                continue
            tree = self.fitted()
            if self.simplified(tree) or self.relaxed(tree):
                continue
            if self.survey.regained(tree, predicts) or not self.predicts_all(tree):
                continue
            if self.survey.domain.strange and not self.survey.alone:
                self.survey.one_by_one()
            elif self.borders.hold(tree) and self.settled():
                unseen = self.unseen()
                if not unseen:
                    return self.finished(tree)
                self.survey.fix(unseen)

    def settled(self) -> bool:
        """Whether the conditions are those under which the tree was proven, all tried, and need not be narrower."""
        conditions = set(self.survey.domain.conditions)
        return self.proven[1] <= conditions <= self.survey.domain.confirmed and not self.survey.narrowed()

    def simplified(self, tree: Block) -> bool:
        """Bound the form to where its quotients of sizes are whole, if they are at the base; whether that is new."""
        known = {*self.survey.domain.conditions, *(each for each, times in self.given_up.items() if times >= TURNS)}
        new = [each for each in quotients(tree) if each not in known and meets(self.survey.base, [each])]
        self.assumed.update(new)
        for condition in new:
            self.survey.bound(condition)
        return bool(new)

    def relaxed(self, tree: Block) -> bool:
        """Give up bounds that an earlier form needed and this one does not; whether there are any."""
        old = self.assumed.difference(quotients(tree))
        self.assumed -= old
        self.given_up.update(old)
        for condition in old:
            self.survey.domain.released(condition)
        return bool(old)

    def unseen(self) -> list[str]:
        """The sizes that have one value in all models that were built."""
        points = [*(point for point, _ in self.survey.trees), *self.predicted]
        return [name for name in self.survey.names if len({point[name] for point in points}) == 1]

    def fitted(self) -> Block:
        """The tree through all points; where a structure or a number is not clear yet, after building more."""
        places: Counter[object] = Counter()
        while True:
            self.survey.narrowed()
            try:
                return self.form.known or self.form.unified(self.survey.trees)
            except Unfit as error:
                problem = error
            self.survey.prober.check()
            place = len(self.survey.names), problem.where
            places[problem.where] += 1
            if not self.survey.alone:
                self.survey.one_by_one()
                self.retreat.fix_other_structures()
            elif problem.odd and self.apart[place] < TURNS and self.survey.set_apart(problem.odd, problem):
                self.apart[place] += 1
            elif problem.numbers and places[problem.where] == 2:
                base = problem.numbers.get(0)
                odd = [number for number, value in problem.numbers.items() if value != base]
                self.survey.traced_back(problem.where, problem.dimension, odd)
            elif places[problem.where] > TURNS or places.total() > 3 * TURNS:
                raise problem
            else:
                self.more(problem)

    def more(self, problem: Unfit) -> None:
        """Build at three more points; the problem is the answer where there are none."""
        for _ in range(3):
            try:
                self.survey.fresh("points to fit")
            except Exhausted:
                raise problem from None

    def predicts_all(self, tree: Block) -> bool:
        """Whether the tree predicts enough points that it has not seen; the first that it does not is kept."""
        conditions = self.survey.domain.conditions
        rounded = roundings(without_rounding(tree, conditions)) if roundings(tree) else []
        wanted = PROOFS if not rounded else 8 * PROOFS if self.guessed(rounded) else 3 * PROOFS
        if tree != self.proven[0]:
            self.predicted = []
        elif not self.proven[1] <= set(conditions):  # the domain is wider than it was
            del self.predicted[wanted - PROOFS :]
        self.predicted = [point for point in self.predicted if self.survey.inside(point)]
        self.proven = (tree, frozenset(conditions))
        telling = Telling(rounded, self.survey.base)
        for known in self.predicted:
            telling.saw(known)
        while len(self.predicted) < wanted and self.survey.names:
            point = self.to_predict(telling)
            if point is None:
                if len(self.predicted) >= PROOFS:
                    return True
                found = len(self.predicted)
                raise self.survey.exhausted(
                    f"only {found} further sizes meet what the code demands, {PROOFS} are a proof"
                )
            actual = self.survey.built(point, "points to predict")
            if actual is None:
                if self.survey.narrowed():
                    return False
                continue
            if not predicts(tree, point, actual):
                self.survey.keep(point, actual)
                return False
            self.survey.domain.accepted.append(point)
            self.predicted.append(point)
            telling.saw(point)
        return True

    def guessed(self, rounded: Sequence[Any]) -> bool:
        """Whether a rounding was fitted to numbers, and not met while the code was traced."""
        hints = self.form.hints
        known = (size for shape in hints.known.values() for sizes in shape for size in sizes)
        return guessed(rounded, known, hints.pool, self.survey.domain.conditions, self.survey.base)

    def to_predict(self, telling: Telling) -> Point | None:
        """Of some points, with odd sizes, and every other time further away, the one that tells most."""
        sampler, far = self.survey.sampler, len(self.predicted) % 2 == 1
        drawn = [sampler.point(self.survey.domain.conditions, odd=0.5, far=far) for _ in range(CHOICE)]
        points = [point for point in drawn if point is not None]
        best = telling.best(points) if points else None
        for point in points:
            if point is not best:
                sampler.forget(point)
        return best

    def finished(self, tree: Block) -> Block:
        """The tree with the sizes that are fixed as numbers, the conditions under which it holds, and the evidence."""
        tree = tree.bind(**{name: self.survey.base[name] for name in tree.symbols if name not in self.survey.names})
        used = frozenset().union(*map(symbol_names, sizes_of(tree)))  # titles and conditions may name others
        evidence = Evidence(
            built=tuple(point for point, _ in self.survey.trees),
            predicted=tuple(self.predicted),
            refused=(*self.survey.domain.refused, *self.survey.domain.apart),
            fixed={name: value for name, value in self.survey.base.items() if name not in self.survey.names},
            only=tuple(self.survey.only),
            no_effect=tuple(name for name in self.survey.names if name not in used),
            builds=self.survey.prober.builds,
        )
        needed = tuple(each for each in self.survey.domain.conditions if each not in tree.preconditions)
        whole = without_rounding(tree, self.survey.domain.conditions)
        points = evidence.predicted
        if not all(predicts(whole, point, at_point(tree, point)) for point in points):
            whole = tree
        return replace(whole, conditions=needed, evidence=evidence)


def derive_tree(
    probe: Build,
    at: Mapping[str, object],
    vary: Sequence[str] | None = None,
    *,
    hints: Hints | None = None,
    likely: Sequence[Condition] = (),
    branches: Sequence[Condition] = (),
    demands: Sequence[Condition] = (),
    limits: Limits | None = None,
    report: Report | None = None,
) -> Block:
    """Return the closed form of what a probe builds, from ints by name to a tree of numbers.

    The names in `vary`, or all whose value is an int, become symbols. `hints` are sizes that are known at `at`, by the
    names of tensors; `likely` conditions are met by all points, of `branches`, comparisons, both sides are tried;
    where sizes are refused `demands` may tell why.
    Where no names are given to vary, those that keep a form from being found are fixed: `tree.evidence.fixed`.
    Every returned tree has predicted, tensor by tensor, models at points that it had not seen: `tree.evidence`.

    >>> from paramcalc.layers import Linear
    >>> tree = derive_tree(lambda at: Linear(at["d"], 4 * at["d"]), {"d": 64})
    >>> tree.params
    4*d**2 + 4*d

    Raises NoForm where no tree predicts what is built, naming the place and the numbers that defy the fit, and the part
    that is proven; InvalidValue where nothing is built at `at`, or not always the same; UnknownName for a name to vary
    that is not in `at`; InvalidType for a size to vary that is no int of 1 or more.
    """
    names = list(varied(at) if vary is None else vary)
    for name in names:
        if name not in at:
            raise unknown_name("size", name, at, where="vary")
        if name not in varied(at):
            raise InvalidType(f"got {at[name]!r}", where=f"at {name}", expected="an int of 1 or more, to vary it")
    prober = Prober(probe, limits or Limits(), report)

    def search(build: Build, may_fix: bool) -> Block:
        prober.build = build
        base: Point = dict(at)  # type: ignore[arg-type]
        sound = [each for each in branches if meets(base, [each])]  # traced in floating point, one may not be
        domain = Domain(likely, [*sound, *edges(base, names)], demands)
        survey = Survey(prober, base, tuple(names), domain, may_fix)
        return Search(survey, Form(survey, hints or Hints())).run()

    try:
        return search(probe, vary is None)
    except (Unfit, Exhausted) as problem:
        raise with_proven_part(problem, search, probe, names, may_fix=vary is None) from None
