"""One tree of expressions for models that were built at points, as far as there is one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from paramcalc.derivation.fitting.clues import Clues
from paramcalc.derivation.fitting.misfit import Misfit, NoFit
from paramcalc.derivation.models.observations import Built, Observations
from paramcalc.derivation.models.prediction import predicts
from paramcalc.derivation.trees.merge import merged
from paramcalc.errors import ParamcalcError
from paramcalc.sizes.point import Point, meets
from paramcalc.tree.block import Block


@dataclass(frozen=True)
class Merged:
    """What came of bringing trees together: one tree, or why there is none; both, where it does not say all of them."""

    tree: Block | None = None
    misfit: Misfit | None = None


@dataclass
class Candidate:
    """Fits trees of expressions to models that were observed; what a tree was seen to say is looked at once."""

    observations: Observations
    clues: Clues

    def __post_init__(self) -> None:
        self.agreed: tuple[Block | None, set[tuple[int, ...]]] = (None, set())

    @property
    def last(self) -> Block | None:
        """The last tree that was fitted, where it says all that was built since, in sizes that still vary."""
        tree = self.agreed[0]
        if tree is None or not tree.symbols <= set(self.observations.names):
            return None
        return tree if all(self._agrees(tree, *each) for each in self.observations.trees) else None

    def merged(self, trees: Sequence[Built]) -> Merged:
        """Return the one tree of expressions that says all of some trees, or why there is none."""
        try:
            tree = merged([point for point, _ in trees], [each for _, each in trees], self.clues)
        except NoFit as error:
            return Merged(misfit=error.misfit)
        except ParamcalcError as error:  # expressions that fit the numbers, and are no sizes
            return Merged(misfit=Misfit(f"no tree holds what was fitted: {error}"))
        if tree != self.agreed[0]:
            self.agreed = (tree, set())
        odd = frozenset(number for number, each in enumerate(trees) if not self._agrees(tree, *each))
        if not odd:
            return Merged(tree)
        beyond = [trees[number][0] for number in odd]
        bounds = [each for each in tree.preconditions if meets(self.observations.base, [each])]
        bounds = [each for each in bounds if not any(meets(point, [each]) for point in beyond)]
        misfit = Misfit("another structure is built at some sizes", odd=odd, bounds=tuple(bounds))
        return Merged(tree, misfit)

    def fits(self, trees: Sequence[Built]) -> bool:
        """Whether one tree says all of some trees."""
        return self.merged(trees).misfit is None

    def _agrees(self, tree: Block, point: Point, actual: Block) -> bool:
        """Whether the last tree that was fitted says what was built at a point; looked at once for each."""
        key, agreed = tuple(point.values()), self.agreed[1]
        if key not in agreed and predicts(tree, point, actual):
            agreed.add(key)
        return key in agreed
