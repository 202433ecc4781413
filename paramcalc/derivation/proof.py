"""Whether a tree predicts models that it was not fitted to, as many as are a proof."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any

from paramcalc.derivation.candidate import Candidate
from paramcalc.derivation.models.observations import Observations
from paramcalc.derivation.models.point_chooser import PointChooser
from paramcalc.derivation.models.prediction import predicts
from paramcalc.derivation.trees.exact_quotients import guessed, roundings, without_rounding
from paramcalc.sizes.conditions import Condition
from paramcalc.sizes.point import Point
from paramcalc.tree.block import Block

ENOUGH = 8  # points in a row that must be predicted; 3 times as many where sizes are rounded, 8 times by a guess
CHOICE = 8  # points that are drawn for one to predict


class Verdict(Enum):
    """What came of an attempt to prove a tree."""

    PROVEN = auto()
    REFUTED = auto()  # by a model that is kept, to be fitted with the others
    NARROWED = auto()  # the domain, by what was refused meanwhile


@dataclass
class Proof:
    """The points that a tree predicted, none of which it was fitted to, and the conditions under which it did."""

    observations: Observations
    candidate: Candidate
    points: list[Point] = field(default_factory=list)
    tree: Block | None = None
    conditions: frozenset[Condition] = frozenset()

    def attempt(self, tree: Block) -> Verdict:
        """Let a tree predict points that it has not seen, until they are enough; those that it did before count.

        Raises Exhausted where too few sizes meet the conditions.
        """
        conditions = self.observations.domain.conditions
        rounded = roundings(without_rounding(tree, conditions)) if roundings(tree) else []
        wanted = ENOUGH if not rounded else 8 * ENOUGH if self._guessed(rounded) else 3 * ENOUGH
        self._continue(tree, conditions, wanted)
        chooser = PointChooser(rounded, self.observations.base)
        for known in self.points:
            chooser.saw(known)
        while len(self.points) < wanted and self.observations.names:
            point = self._to_predict(chooser)
            if point is None:
                return self._all_there_are()
            actual = self.observations.build(point, "points to predict")
            if actual is None:
                if self.observations.narrow():
                    return Verdict.NARROWED
                continue
            if not predicts(tree, point, actual):
                self.observations.keep(point, actual)
                return Verdict.REFUTED
            self.observations.domain.accept(point)
            self.points.append(point)
            chooser.saw(point)
        return Verdict.PROVEN

    def _continue(self, tree: Block, conditions: Sequence[Condition], wanted: int) -> None:
        """Forget what was predicted by another tree, some of it where the domain is wider, and what is outside now."""
        if tree != self.tree:
            self.points = []
        elif not self.conditions <= set(conditions):
            del self.points[wanted - ENOUGH :]
        self.points = [point for point in self.points if self.observations.inside(point)]
        self.tree, self.conditions = tree, frozenset(conditions)

    def _all_there_are(self) -> Verdict:
        """The verdict where no further point meets the conditions."""
        if len(self.points) >= ENOUGH:
            return Verdict.PROVEN
        raise self.observations.exhausted(
            f"only {len(self.points)} further sizes meet what the code demands, {ENOUGH} are a proof"
        )

    def _guessed(self, rounded: Sequence[Any]) -> bool:
        """Whether a rounding was fitted to numbers, and not met while the code was traced."""
        return guessed(rounded, self.candidate.clues, self.observations.domain.conditions, self.observations.base)

    def _to_predict(self, chooser: PointChooser) -> Point | None:
        """Of some points, with odd sizes, and every other time further away, the one that tells most."""
        sampler, far = self.observations.sampler, len(self.points) % 2 == 1
        drawn = [sampler.point(self.observations.domain.conditions, odd=0.5, far=far) for _ in range(CHOICE)]
        points = [point for point in drawn if point is not None]
        best = chooser.most_informative(points) if points else None
        for point in points:
            if point is not best:
                sampler.forget(point)
        return best
