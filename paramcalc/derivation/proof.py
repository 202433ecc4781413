"""Whether a tree predicts models that it was not fitted to, as many as are a proof."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any

from paramcalc.derivation.boundaries import Boundaries
from paramcalc.derivation.candidate import Candidate
from paramcalc.derivation.doubt import Doubt
from paramcalc.derivation.fitting.misfit import Misfit, NoFit
from paramcalc.derivation.models.kinds import Kinds, free_numbers
from paramcalc.derivation.models.observations import Built, Observations
from paramcalc.derivation.models.point_chooser import PointChooser
from paramcalc.derivation.models.prediction import predicts
from paramcalc.derivation.trees.exact_quotients import roundings, roundings_of, without_rounding
from paramcalc.sizes.conditions import Condition
from paramcalc.sizes.point import Point, meets
from paramcalc.sizes.symbols import symbol_names
from paramcalc.tree.block import Block
from paramcalc.tree.shapes import sizes_of

ENOUGH = 8  # points in a row that must be predicted; 3 times as many where sizes are rounded
RARE = 4  # points at which a block is to be that is not there at the base
CHOICE = 8  # points that are drawn for one to predict
FURTHER = 12  # points that are predicted beyond these, at most, for kinds of points that were not met
MOST_FURTHER = 64  # the same where something is rounded by numbers that stand nowhere in the code
FORGOTTEN = 32  # more of them where the code loses the memory of sizes


class Verdict(Enum):
    """What came of an attempt to prove a tree."""

    PROVEN = auto()
    REFUTED = auto()  # by a model that is kept, to be fitted with the others
    NARROWED = auto()  # the domain, by what was refused meanwhile


@dataclass
class Proof:
    """The points that a tree predicted, none of which it was fitted to, and the conditions under which it did.

    The models are those that were built there, and at points that are outside now.
    """

    observations: Observations
    candidate: Candidate
    boundaries: Boundaries
    points: list[Point] = field(default_factory=list)
    models: list[Built] = field(default_factory=list)
    tree: Block | None = None
    conditions: frozenset[Condition] = frozenset()
    least: int = 0  # points that are to be predicted in any case

    def __post_init__(self) -> None:
        self.doubt = Doubt(self.observations, self.candidate.clues, self.boundaries.paths.trace)

    def attempt(self, tree: Block) -> Verdict:
        """Let a tree predict points that it has not seen, until they are enough; those that it did before count.

        Raises Exhausted where too few sizes meet the conditions.
        """
        conditions = self.observations.domain.conditions
        rounded = roundings(without_rounding(tree, conditions)) if roundings(tree) else []
        guesses = self.doubt.guesses(tree)
        self.is_odd = any(map(self.doubt.is_odd, guesses))
        self.further = MOST_FURTHER if self.is_odd else FURTHER
        self.further += FORGOTTEN if self.candidate.clues.forgotten else 0
        self._continue(tree, conditions)
        wanted = max(self.least, 3 * ENOUGH if rounded else ENOUGH)
        chooser = PointChooser(rounded, self.observations.base)
        self.kinds = self._kinds(tree, [guess for guess in guesses if roundings_of(guess)])
        for known in self.points:
            chooser.saw(known)
            self.kinds.saw(known)
        while self.observations.names:
            point = self._to_predict(chooser) if len(self.points) < wanted else None
            point = point or self._further(wanted)
            if point is None:
                break
            actual = self.observations.build(point, "points to predict")
            if actual is None:
                if self.observations.narrow():
                    return Verdict.NARROWED
                continue
            if not predicts(tree, point, actual):
                self._refuted(tree, point, actual)
                return Verdict.REFUTED
            self._predicted(point, actual)
            chooser.saw(point)
        if len(self.points) < wanted and self.observations.names:
            self._check_all_there_are()
        return self._seen_enough(tree) or self._doubted(tree)

    def _seen_enough(self, tree: Block) -> Verdict | None:
        """Build where blocks are that are not at the base, as often as tells their sizes; None where all is as said."""
        conditions = self.observations.domain.conditions
        for repeat in dict.fromkeys(block.repeat for _, block in tree.walk() if not isinstance(block.repeat, int)):
            there = Condition(repeat, ">=", 1)
            if meets(self.observations.base, [there]):
                continue
            points = [*(point for point, _ in self.observations.trees), *self.points]
            others = set(self.observations.names) - symbol_names(repeat)
            seen = {tuple(point[name] for name in others) for point in points if meets(point, [there])}
            for _ in range(RARE - len(seen) if others else 0):
                point = self.observations.sampler.point([*conditions, there], odd=0.5)
                actual = None if point is None else self.observations.build(point, "blocks that are rare")
                if point is not None and actual is not None:
                    if not predicts(tree, point, actual):
                        self.observations.keep(point, actual)
                        return Verdict.REFUTED
                    self._predicted(point, actual)
        return None

    def _refuted(self, tree: Block, point: Point, actual: Block) -> None:
        """Keep a model that refutes a tree, or bound the form: by what the code compares, or before a far size."""
        domain = self.observations.domain
        for condition in domain.branches:
            unknown = condition not in domain.confirmed and not meets(point, [condition])
            if unknown and self.boundaries.is_to_blame(tree, condition, point):
                self.boundaries.fit_or_bound(tree, condition, point, actual)
                return
        for name in (kind.names[0] for kind in self.kinds.of(point) if kind.what == "far"):
            if not self.boundaries.check_far(tree, name, point[name]):
                return
        self.observations.keep(point, actual)

    def _doubted(self, tree: Block) -> Verdict:
        """Build where rivals of guessed expressions say something else, until there are none.

        Raises NoFit where a guess is not founded well enough.
        """
        while True:
            built = [*(point for point, _ in self.observations.trees), *self.points]
            found = self.doubt.rival(tree, built)
            if found is None:
                break
            actual = self.observations.build(found.point, "where a rival form says something else")
            if actual is None:
                self.doubt.settled.add(found.sizes)
                if self.observations.narrow() or not meets(found.point, self.observations.domain.conditions):
                    return Verdict.NARROWED
                continue
            if not predicts(tree, found.point, actual):
                self.observations.keep(found.point, actual)
                return Verdict.REFUTED
            self._predicted(found.point, actual)
            if found.is_told:  # of tensors that may not be there at that point; what was fitted is fitted anew
                self.doubt.settled.add(found.sizes)
        if self.is_odd and self._has_ended and self._special() is not None:
            raise NoFit(Misfit("a rounding was guessed of which too little could be seen"))
        return Verdict.PROVEN

    def _predicted(self, point: Point, actual: Block) -> None:
        self.observations.domain.accept(point)
        self.points.append(point)
        self.models.append((point, actual))
        self.kinds.saw(point)

    def _continue(self, tree: Block, conditions: Sequence[Condition]) -> None:
        """Forget what another tree predicted, and what is outside now; more is wanted where the domain is wider."""
        if tree != self.tree:
            self.points, self.models, self.least = [], [], 0
        self.points = [point for point in self.points if self.observations.inside(point)]
        if tree == self.tree and not self.conditions <= set(conditions):
            self.least = len(self.points) + ENOUGH
        self.tree, self.conditions = tree, frozenset(conditions)

    def _check_all_there_are(self) -> None:
        """Raise Exhausted where too few points meet the conditions."""
        if len(self.points) >= ENOUGH:
            return
        raise self.observations.exhausted(
            f"only {len(self.points)} further sizes meet what the code demands, {ENOUGH} are a proof"
        )

    def _to_predict(self, chooser: PointChooser) -> Point | None:
        """Of some points the one that tells most: with odd sizes, at times further away, or of missing kinds."""
        sampler, far = self.observations.sampler, len(self.points) % 2 == 1
        if len(self.points) % 4 > 1:
            special = self._special()
            if special is not None:
                return special
        drawn = [sampler.point(self.observations.domain.conditions, odd=0.5, far=far) for _ in range(CHOICE)]
        points = [point for point in drawn if point is not None]
        return self._taken(chooser.most_informative(points) if points else None, points)

    def _further(self, wanted: int) -> Point | None:
        """A point of kinds that were not met, None where there are enough or none is found."""
        missing = self.kinds.missing or self.kinds.few
        self._has_ended = len(self.points) >= wanted + self.further
        return self._special() if missing and not self._has_ended else None

    def _special(self) -> Point | None:
        """Of some points of kinds that were not met the one that is of the most, None where none is."""
        sampler, conditions = self.observations.sampler, self.observations.domain.conditions
        drawn = [sampler.special(conditions, alike=True) for _ in range(CHOICE // 2)]
        wanted = [self.kinds.sizes(kind, sampler.random) for kind in sorted(self.kinds.missing)[:CHOICE]]
        wanted += [{name: self.kinds.another(name, sampler.random)} for name in self.kinds.few[:CHOICE]]
        drawn += [sampler.special(conditions, keep=keep, alike=len(keep) > 1) for keep in wanted]
        points = [point for point in drawn if point is not None]
        best = max(points, key=self.kinds.gain, default=None)
        return self._taken(best if best is not None and self.kinds.gain(best) else None, points)

    def _taken(self, best: Point | None, points: Sequence[Point]) -> Point | None:
        """One of some points; the others may be drawn again."""
        for point in points:
            if point is not best:
                self.observations.sampler.forget(point)
        return best

    def _kinds(self, tree: Block, rounded: Sequence[Any]) -> Kinds:
        """The kinds of points that are wanted for a tree; many values where something is `rounded` by a guess."""
        points = [point for point, _ in self.observations.trees]
        names = self.observations.names
        largest = {name: max(point[name] for point in points) for name in names}
        copies = [size for _, block in tree.walk() for size in block.numbers.values() if not isinstance(size, int)]
        copies = [size for size in copies if not self.doubt.is_odd(size)]
        sampler = self.observations.sampler
        sampler.layers = frozenset(name for size in copies for name in symbol_names(size))
        most = {name: sampler.most(name) for name in names}
        numbers = free_numbers(sizes_of(tree)) | {name: 3 * ENOUGH for guess in rounded for name in symbol_names(guess)}
        clues = self.candidate.clues
        lost = clues.forgotten & set(names)
        base = self.observations.base
        constants = clues.constants | {times * size for size in base.values() if type(size) is int for times in (1, 2)}
        numbers |= dict.fromkeys(lost, 3 * ENOUGH)
        return Kinds(self.observations.base, names, largest, numbers, most, sampler.layers, lost, constants)
