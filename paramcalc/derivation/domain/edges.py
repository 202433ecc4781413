"""The ends of small sizes, such as numbers of layers: beyond them another model may be built."""

from __future__ import annotations

from collections.abc import Sequence

from paramcalc.sizes.conditions import Condition
from paramcalc.sizes.point import Point
from paramcalc.sizes.symbols import symbol

SMALL = 64  # a size no larger may be a number of layers, heads or the like, which other models may hang on
MUCH = 4  # a small size is tried beyond so many times what it is
MANY = 24  # and beyond this, as every 24th layer may be another one
ABOVE = "another model is built above"
EDGE = 3  # a small size is tried at every value below this


def edges(base: Point, names: Sequence[str]) -> list[Condition]:
    """Return that small sizes, such as numbers of layers, are not the very smallest, where other models may be built.

    Nor are they much larger than at the base.

    >>> print(*edges({"n_layer": 12, "n_embd": 768}, ["n_layer", "n_embd"]), sep=", ")
    n_layer >= 3, n_layer >= 2, 48 >= n_layer
    """
    small = [name for name in names if EDGE <= base[name] <= SMALL]
    low = [each for name in small for each in no_fewer(name, EDGE)]
    return low + [Condition(max(MUCH * base[name], MANY), ">=", symbol(name), ABOVE) for name in small]


def sides(base: Point, names: Sequence[str]) -> list[list[tuple[Condition, str, int]]]:
    """Return the edges of small sizes in groups that can be broken at once, each with the size and a value beyond.

    >>> for group in sides({"n_layer": 12, "n_head": 8}, ["n_layer", "n_head"]):
    ...     print({name: value for _, name, value in group})
    {'n_layer': 2, 'n_head': 2}
    {'n_layer': 1, 'n_head': 1}
    {'n_layer': 49, 'n_head': 33}
    """
    small = edges(base, names)
    low = [[(each, str(each.left), least - 1) for each in small if each.right == least] for least in range(EDGE, 1, -1)]
    return [*low, [(each, str(each.right), each.left + 1) for each in small if isinstance(each.left, int)]]


def no_fewer(name: str, most: int) -> list[Condition]:
    """Return that a size is no smaller than a number, than one less, and so on, where other models may be built."""
    return [Condition(symbol(name), ">=", least, "another model is built below") for least in range(most, 1, -1)]
