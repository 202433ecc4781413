"""One tree of expressions for models that were built at points, as far as there is one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from paramcalc.derivation.fitting.hints import Hints
from paramcalc.derivation.fitting.misfit import Unfit
from paramcalc.derivation.models.observations import Survey
from paramcalc.derivation.models.prediction import predicts
from paramcalc.derivation.trees.merge import Unifier
from paramcalc.errors import ParamcalcError
from paramcalc.sizes.point import Point, meets
from paramcalc.tree.block import Block


@dataclass
class Form:
    """Fits trees of expressions to models of a survey; what a tree was seen to say is looked at once."""

    survey: Survey
    hints: Hints

    def __post_init__(self) -> None:
        self.agreed: tuple[Block | None, set[tuple[int, ...]]] = (None, set())

    @property
    def known(self) -> Block | None:
        """The last tree that was fitted, where it says all that was built since, in sizes that still vary."""
        tree = self.agreed[0]
        if tree is None or not tree.symbols <= set(self.survey.names):
            return None
        return tree if all(self.agrees(tree, *each) for each in self.survey.trees) else None

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
        if tree != self.agreed[0]:
            self.agreed = (tree, set())
        self.survey.domain.needs = tree.preconditions
        odd = [number for number, (point, each) in enumerate(trees) if not self.agrees(tree, point, each)]
        if odd:
            beyond = [trees[number][0] for number in odd]
            bounds = [each for each in tree.preconditions if meets(self.survey.base, [each])]
            bounds = [each for each in bounds if not any(meets(point, [each]) for point in beyond)]
            raise Unfit("another structure is built at some sizes", where="derive", odd=odd, bounds=bounds)
        return tree

    def agrees(self, tree: Block, point: Point, actual: Block) -> bool:
        """Whether the last tree that was fitted says what was built at a point; looked at once for each."""
        key, agreed = tuple(point.values()), self.agreed[1]
        if key not in agreed and predicts(tree, point, actual):
            agreed.add(key)
        return key in agreed

    def fits(self, trees: Sequence[tuple[Point, Block]]) -> bool:
        """Whether one tree says all of some trees."""
        try:
            self.unified(trees)
        except Unfit:
            return False
        return True
