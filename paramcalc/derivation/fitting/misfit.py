"""That no one expression, or no one tree, says what was built: where, and what stands against it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from paramcalc.errors import InvalidValue
from paramcalc.sizes.conditions import Condition


class Unfit(InvalidValue):
    """Trees that no one tree of expressions describes; `where` names the place.

    `odd` are the points at which the structure is not that of the first, `names` the sizes that the place depends on,
    `bounds` the conditions under which there is a tree after all. Where numbers defy the fit, `numbers` are those seen
    at the points, and `dimension` which one of the tensor they are.
    """

    def __init__(
        self,
        problem: str,
        *,
        where: str,
        odd: Iterable[int] = (),
        names: Iterable[str] = (),
        bounds: Iterable[Condition] = (),
        numbers: Mapping[int, int] | None = None,
    ) -> None:
        super().__init__(problem, where=where)
        self.numbers = dict(numbers or {})
        self.dimension: int | None = None
        self.odd = frozenset(odd)
        self.names = tuple(names)
        self.bounds = tuple(bounds)


def odd_ones(seen: Mapping[int, object]) -> list[int]:
    """The points at which something else is seen than at the first."""
    first = seen[min(seen)]
    return [point for point, each in seen.items() if each != first]
