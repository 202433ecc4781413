"""What one traced build tells before any number is fitted."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from paramcalc.sizes.conditions import Condition
from paramcalc.sizes.symbols import Size


@dataclass(frozen=True)
class Clues:
    """What is known of a model at the first point.

    `shapes` are the sizes of tensors by name, of which those `told` are certain to be theirs, `valued` gives the
    expressions that have a value there. Numbers may also be `logarithms` times a number, and a number. On `inexact`
    sizes others depend in a way that no expression can say; what is known holds `within` conditions.

    `divisions` are those that the code found to leave no remainder, `branches` the other comparisons that it made, as
    they turned out, or the sides that turned out `equal`; all of them in their order, as conditions with the outcome,
    are `compared`. That what it divides by is 1 or more are its `divisors`. The `constants` are the integers that stand
    in it, those above and below the line of its floats included. The code that is `untraced` was run as it is, with
    sizes; `losses` are calls that made plain numbers of sizes, with their names. These are `forgotten`, and so are
    those that are looked up.
    """

    shapes: Mapping[str, tuple[Sequence[Size], ...]] = field(default_factory=dict)
    told: frozenset[Size] = frozenset()
    valued: Callable[[int], Sequence[Size]] = lambda _: ()
    logarithms: Sequence[Size] = ()
    inexact: frozenset[str] = frozenset()
    within: tuple[Condition, ...] = ()
    divisions: tuple[Condition, ...] = ()
    branches: tuple[Condition, ...] = ()
    divisors: tuple[Condition, ...] = ()
    equal: tuple[tuple[Size, Size], ...] = ()
    compared: tuple[tuple[Condition, bool], ...] = ()
    constants: frozenset[int] = frozenset()
    untraced: tuple[str, ...] = ()
    losses: Mapping[str, frozenset[str]] = field(default_factory=dict)
    forgotten: frozenset[str] = frozenset()

    @property
    def sizes(self) -> list[Size]:
        """All sizes of tensors that are known."""
        return [size for shape in self.shapes.values() for sizes in shape for size in sizes]
