"""What is known of sizes before any number is fitted."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from paramcalc.sizes.conditions import Condition
from paramcalc.sizes.point import Point
from paramcalc.sizes.symbols import Size

Pool: TypeAlias = Callable[[int], Sequence[Size]]


@dataclass(frozen=True)
class Hints:
    """What sizes are at the first point: those of tensors by name, and expressions that have a value there.

    Numbers may also be `logarithms` times a number, and a number. On `inexact` sizes others depend in a way that no
    expression can say; what is known holds `within` conditions. At a point, floating point may have `missed` a number.
    """

    known: Mapping[str, tuple[Sequence[Size], ...]] = field(default_factory=dict)
    pool: Pool = lambda _: ()
    logarithms: Sequence[Size] = ()
    inexact: frozenset[str] = frozenset()
    within: tuple[Condition, ...] = ()
    missed: Callable[[Point], bool] | None = None
