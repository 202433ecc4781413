"""That no one expression, or no one tree, says what was built: where, and what stands against it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from paramcalc.errors import InvalidValue
from paramcalc.sizes.conditions import Condition


@dataclass(frozen=True)
class Misfit:
    """What no one tree of expressions says.

    `place` is the path of the block or tensor, with `{}` for the number of a layer in a list; None stands for the model
    as a whole. At the points `odd` the structure is not that of the first. Where numbers defy the fit, `numbers` are
    those seen at the points, `dimension` is which one of the tensor they are, and `names` are the sizes that they hang
    on. Under the conditions `bounds` there is a tree after all; where these are of the `path` that the code takes, it
    says so itself.
    """

    problem: str
    place: str | None = None
    dimension: int | None = None
    numbers: Mapping[int, int] = field(default_factory=dict)
    odd: frozenset[int] = frozenset()
    names: tuple[str, ...] = ()
    bounds: tuple[Condition, ...] = ()
    path: bool = False

    @property
    def where(self) -> str:
        """The place in words."""
        return "derive" if self.place is None else self.place or "root"

    def __str__(self) -> str:
        return f"{self.where}: {self.problem}"


class NoFit(InvalidValue):
    """No tree says what was built, as the `misfit` tells."""

    def __init__(self, misfit: Misfit, *, advice: str = "") -> None:
        super().__init__(misfit.problem, where=misfit.where, advice=advice)
        self.misfit = misfit


class Exhausted(NoFit):
    """There are no further sizes to build at."""

    def __init__(self, problem: str, *, advice: str = "") -> None:
        super().__init__(Misfit(problem), advice=advice)


def place_of(error: InvalidValue) -> str | None:
    """Return the place that an error is about, None where it is about no place in the model."""
    return error.misfit.place if isinstance(error, NoFit) else None


def odd_ones(seen: Mapping[int, object]) -> frozenset[int]:
    """Return the points at which something else is seen than at the first."""
    first = seen[min(seen)]
    return frozenset(point for point, each in seen.items() if each != first)
