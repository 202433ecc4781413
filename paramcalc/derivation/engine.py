"""The closed form of a model from what its code builds: sizes fitted at points, and proven at others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace

from paramcalc.derivation.boundaries import Boundaries
from paramcalc.derivation.candidate import Candidate
from paramcalc.derivation.domain.domain import Domain
from paramcalc.derivation.domain.edges import edges
from paramcalc.derivation.fallbacks import Fallbacks
from paramcalc.derivation.fitting.clues import Clues
from paramcalc.derivation.fitting.misfit import Exhausted, Misfit, NoFit
from paramcalc.derivation.models.observations import Observations
from paramcalc.derivation.models.prediction import at_point, predicts
from paramcalc.derivation.models.prober import Build, Limits, Prober, Report
from paramcalc.derivation.models.repeatable import check_repeatable
from paramcalc.derivation.models.unmet import unmet
from paramcalc.derivation.paths import Paths, Trace
from paramcalc.derivation.proof import Proof, Verdict
from paramcalc.derivation.proven_part import with_proven_part
from paramcalc.derivation.start import Start
from paramcalc.derivation.trees.exact_quotients import quotients, without_rounding
from paramcalc.derivation.trees.titles import with_true_titles
from paramcalc.derivation.untold import lost, untold
from paramcalc.errors import InvalidValue
from paramcalc.sizes.conditions import Condition
from paramcalc.sizes.point import Point, meets
from paramcalc.sizes.symbols import symbol_names
from paramcalc.tree.block import Block
from paramcalc.tree.evidence import Evidence
from paramcalc.tree.shapes import sizes_of

START = 5  # points that are fitted at first, beside the base
MANY_VALUES = 5  # a size is none of a form that holds for fewer of its values, where the code takes so many
MODELS = 12  # with which what is written otherwise in the end, such as titles, is compared
TURNS = 5  # rounds of building more before a place counts as unclear, or of assuming what is given up again


@dataclass
class Search:
    """The way from models that were built to the tree that predicts others.

    A *point* gives every size a value; the *base* is the point to start from. Models are built at points: those kept in
    the observations are *fitted*, others only *predicted*. The *domain* says for which points the form is to hold, by
    conditions: some are *certain*, others explain *refused* points, or those *set apart* because another model is built
    there. A condition is *confirmed* once its other side was tried, and a *bound* is one that is not doubted.

    At any time all fitted points meet all conditions. Each turn of `attempt` fits a tree to all of them, has it predict
    points that it has not seen, and builds beyond its boundaries. Whatever refutes it is kept as one more point to fit,
    or bounds the domain; where no tree can be fitted, `fallbacks` narrow the domain or fix a size for good. It ends, as
    every turn builds at a new point, confirms a condition, bounds the domain or fixes a size, and builds are limited.
    `docs/engine.md` says the same at more length.
    """

    observations: Observations
    candidate: Candidate
    start: Start
    trace: Trace | None = None
    unclear: Counter[tuple[int, str | None]] = field(default_factory=Counter)  # how often a place made points go apart
    assumed: set[Condition] = field(default_factory=set)  # that quotients are whole
    given_up: Counter[Condition] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.fallbacks = Fallbacks(self.observations, self.candidate)
        self.boundaries = Boundaries(self.observations, self.candidate, Paths(self.candidate.clues, self.trace))
        self.proof = Proof(self.observations, self.candidate, self.boundaries)

    def run(self) -> Block:
        """Return the tree that predicts every held-out point, with its evidence.

        Raises InvalidValue where there is none within the limits, with the reason.
        """
        first = self.observations.prober.at(self.observations.base, "the base")
        if not isinstance(first, Block):
            advice = "start from sizes, given in at, that the code takes"
            raise InvalidValue(f"no model at the sizes given: {first}", where="derive", advice=advice)
        self.observations.keep(self.observations.base, first)
        self._fix_inexact()
        for condition in self.candidate.clues.within:
            self.observations.bound_by(condition)
        while True:
            try:
                return self.attempt()
            except NoFit as problem:
                check_repeatable(self.observations.prober, self.observations.base, first)
                self.fallbacks.give_way(problem)

    def _fix_inexact(self) -> None:
        """Fix the sizes on which lengths depend that no formula says."""
        inexact = [name for name in self.observations.names if name in self.candidate.clues.inexact]
        if inexact and not self.observations.may_fix:
            problem = f"{', '.join(inexact)} reach a length that torch finds in floating point, which no formula says"
            raise NoFit(Misfit(problem), advice="leave them out of vary")
        self.observations.fix(inexact)

    def attempt(self) -> Block:
        """Fit, predict, and try the conditions and the other sides of comparisons, until nothing changes any more.

        Raises NoFit where no tree holds, or where there are no further points.
        """
        while True:
            while len(self.observations.trees) <= START and self.observations.names:
                self.observations.observe_more("points to fit")
            if self.observations.narrow():
                continue
            tree = self.fitted()
            fitted = [each for _, each in self.observations.trees]
            if self.assume_whole(tree) or self.give_up_assumptions(tree):
                continue
            if self.observations.take_back(tree, predicts) or self.proof.attempt(tree) is not Verdict.PROVEN:
                continue
            if self.observations.domain.has_unexplained_refusals and not self.observations.alone:
                self.observations.one_by_one()
            elif self.boundaries.check(tree) is None and self.settled and not self._has_news(tree, fitted):
                barely_seen = self._barely_seen()
                self.observations.fix(barely_seen)
                if not barely_seen and not self.fallbacks.keep_refused_out(self.boundaries.paths.comparisons):
                    return self._finished(tree)

    def _has_news(self, tree: Block, fitted: Sequence[Block]) -> bool:
        """Whether the domain gets narrower, or a model that was kept since a tree was fitted is another one."""
        if self.observations.narrow():
            return True
        new = [each for each in self.observations.trees if not any(each[1] is known for known in fitted)]
        return not all(predicts(tree, *each) for each in new)

    @property
    def settled(self) -> bool:
        """Whether the conditions are those under which the tree was proven, all tried."""
        domain = self.observations.domain
        return self.proof.conditions <= set(domain.conditions) <= domain.confirmed

    def assume_whole(self, tree: Block) -> list[Condition]:
        """Bound the form to where its quotients of sizes are whole, if they are at the base; return the new bounds."""
        often = {each for each, times in self.given_up.items() if times >= TURNS}
        known = {*self.observations.domain.conditions, *often}
        new = [each for each in self._quotients(tree) if each not in known and meets(self.observations.base, [each])]
        self.assumed.update(new)
        for condition in new:
            self.observations.bound_by(condition)
        return new

    def _quotients(self, tree: Block) -> list[Condition]:
        """That the quotients of a form are whole, as far as that depends on sizes that vary."""
        found = map(self.observations.with_fixed, quotients(tree))
        return [each for each in found if each.holds is not True]

    def give_up_assumptions(self, tree: Block) -> set[Condition]:
        """Give up bounds that an earlier form needed and this one does not, and return them."""
        old = self.assumed.difference(self._quotients(tree))
        self.assumed -= old
        self.given_up.update(old)
        for condition in old:
            self.observations.domain.release(condition)
        return old

    def _barely_seen(self) -> list[str]:
        """The sizes that have one value in all models that were built, or few where the code takes many."""
        points = [*(point for point, _ in self.observations.trees), *self.proof.points]
        seen = {name: {point[name] for point in points} for name in self.observations.names}
        return [name for name in seen if len(seen[name]) == 1 or self._is_narrow(name, seen[name])]

    def _is_narrow(self, name: str, seen: Collection[int]) -> bool:
        """Whether a form is to hold for few values of a size though the code takes others."""
        base, conditions = self.observations.base, self.observations.domain.conditions
        if len(seen) >= MANY_VALUES:
            return False
        most = 4 * max(base[name], *seen)
        inside = [value for value in range(1, most) if meets({**base, name: value}, conditions)]
        return len(inside) < MANY_VALUES and len(self._taken(name, seen)) >= MANY_VALUES

    def _taken(self, name: str, seen: Collection[int]) -> set[int]:
        """Values of a size with which the code builds a model, enough to tell that there are many."""
        observations = self.observations
        built = [*observations.domain.accepted, *(point for point, _ in observations.domain.apart)]
        taken = {*seen, *(point[name] for point in built)}
        base = observations.base[name]
        for value in (base + 1, base + 2, base - 1, 2 * base, 3 * base, base // 2, base + 3, base + 4):
            if value >= 1 and value not in taken and len(taken) < MANY_VALUES:
                found = observations.prober.at({**observations.base, name: value}, "how many values a size may have")
                taken |= {value} if isinstance(found, Block) else set()
        return taken

    def fitted(self) -> Block:
        """Return the tree through all points; where a structure or a number is not clear yet, after building more.

        Raises NoFit where it stays unclear.
        """
        places: Counter[str | None] = Counter()
        while True:
            self.observations.narrow()
            last = self.candidate.last
            if last is not None:
                return last
            found = self.candidate.merged(self.observations.trees)
            if found.tree is not None:
                self.observations.domain.needs = found.tree.preconditions
            if found.misfit is None and found.tree is not None:
                return found.tree
            assert found.misfit is not None
            self.observations.prober.check()
            if found.misfit.path:
                self.observations.bound_by(found.misfit.bounds[0])
                continue
            places[found.misfit.place] += 1
            self._clear_up(found.misfit, places)

    def _clear_up(self, misfit: Misfit, places: Counter[str | None]) -> None:
        """Build what may clear up a misfit: each size alone at first, then where it shows, then anywhere."""
        place, times = misfit.place, places[misfit.place]
        here = len(self.observations.names), place
        if not self.observations.alone:
            self.observations.one_by_one()
            self.fallbacks.fix_other_structures()
        elif misfit.odd and self.unclear[here] < TURNS and self.observations.set_apart(misfit.odd, misfit):
            self.unclear[here] += 1
        elif misfit.numbers and times == 2:
            self.observations.trace_back(misfit)
        elif times > TURNS or places.total() > 3 * TURNS:
            raise NoFit(misfit)
        else:
            self._more(misfit)

    def _more(self, misfit: Misfit) -> None:
        """Build at three more points; the misfit is the answer where there are none."""
        for _ in range(3):
            try:
                self.observations.observe_more("points to fit")
            except Exhausted:
                raise NoFit(misfit) from None

    def _other_models_by(self) -> set[str]:
        """The sizes by which models beyond the domain are others: they have an effect, though none within it."""
        domain = self.observations.domain
        alone = [self.observations.changed(point) for point, _ in domain.apart]
        return {name for each in domain.bounds for name in each.symbols} | {each[0] for each in alone if len(each) == 1}

    def _untold(self, tree: Block) -> set[str]:
        """The sizes that matter in ways that the code did not tell, those that are fixed among them."""
        guesses, domain = self.proof.doubt.guesses(tree), self.observations.domain
        fixed = set(self.observations.base).difference(self.observations.names)
        return fixed | untold(self.candidate.clues, tree, guesses, domain, self.assumed)

    def _finished(self, tree: Block) -> Block:
        """The tree with the sizes that are fixed as numbers, the conditions under which it holds, and the evidence."""
        base, names, domain = self.observations.base, self.observations.names, self.observations.domain
        tree = tree.bind(**{name: base[name] for name in tree.symbols if name not in names})
        used = frozenset().union(*map(symbol_names, sizes_of(tree)))  # titles and conditions may name others
        effective = used | self._other_models_by()
        fixed = {name: value for name, value in base.items() if name not in names}
        evidence = Evidence(
            built=tuple(point for point, _ in self.observations.trees),
            predicted=tuple(self.proof.points),
            refused=domain.beyond,
            fixed={**fixed, **self.start.held},
            only=tuple(self.observations.only),
            layout=dict(self.start.layout),
            follows=dict(self.start.follows),
            no_effect=tuple(name for name in names if name not in effective),
            unmet=unmet(self.proof.kinds, domain.conditions),
            untraced=self.candidate.clues.untraced,
            lost=lost(self.candidate.clues, self._untold(tree)),
            builds=self.observations.prober.builds,
        )
        conditions = map(self.observations.with_fixed, domain.conditions)
        needed = tuple(each for each in conditions if each not in tree.preconditions and not each.holds)
        models = [each for each in (*self.observations.trees, *self.proof.models) if self.observations.inside(each[0])]
        tree = with_true_titles(tree, models[:: -(-len(models) // MODELS)], domain.conditions)
        whole = without_rounding(tree, domain.conditions)
        some = evidence.predicted[:MODELS]
        if whole != tree and not all(predicts(whole, point, at_point(tree, point)) for point in some):
            whole = tree
        return replace(whole, conditions=needed, evidence=evidence)


def derive_tree(
    probe: Build,
    start: Start,
    *,
    clues: Clues | None = None,
    limits: Limits | None = None,
    report: Report | None = None,
    trace: Trace | None = None,
) -> Block:
    """Return the closed form of what a probe builds, from ints by name to a tree of numbers.

    The sizes that vary become symbols; `clues` are what is known of the model at the start, and `trace` tells that of
    other points. Every returned tree has predicted, tensor by tensor, models at points that it had not seen:
    `tree.evidence`, where the sizes that were fixed because no form was found with them are named too.

    >>> from paramcalc.derivation.start import start_at
    >>> from paramcalc.layers import Linear
    >>> tree = derive_tree(lambda at: Linear(at["d"], 4 * at["d"]), start_at({"d": 64}))
    >>> tree.params
    4*d**2 + 4*d

    Raises NoForm where no tree predicts what is built, naming the place and the numbers that defy the fit, and the part
    that is proven; InvalidValue where nothing is built at the start, or not always the same.
    """
    known = clues or Clues()
    prober = Prober(probe, limits or Limits(), report)
    base: Point = dict(start.values)  # type: ignore[arg-type]  # what is no size stays as it is
    branches = [each for each in known.branches if meets(base, [each])]  # traced in floats, one may not be met
    branches += edges(base, start.vary)

    def search(build: Build, may_fix: bool) -> Block:
        prober.turn_to(build)
        domain = Domain(known.divisions, branches, known.divisors)
        observations = Observations(prober, base, start.vary, domain, may_fix)
        return Search(observations, Candidate(observations, known), start, trace).run()

    try:
        return search(probe, start.may_be_fixed)
    except NoFit as problem:
        raise with_proven_part(problem, search, probe, start) from None
