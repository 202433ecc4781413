"""Products of names to integer powers, with their values at points."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import cached_property
from math import prod
from typing import TypeAlias

from paramcalc.derivation.fitting.exact_linear import PRIME, Vector
from paramcalc.sizes.point import Point
from paramcalc.sizes.symbols import Size, symbol

Powers: TypeAlias = tuple[tuple[str, int], ...]


class Monomial:
    """A product of names to integer powers, with its values at the points."""

    def __init__(self, powers: Powers, points: Sequence[Point]) -> None:
        self.powers = powers
        self.above = [prod(point[name] ** power for name, power in powers if power > 0) for point in points]
        self.below = [prod(point[name] ** -power for name, power in powers if power < 0) for point in points]

    @cached_property
    def values(self) -> Vector:
        """The values at the points."""
        return tuple(map(Fraction, self.above, self.below))

    @cached_property
    def residues(self) -> list[int]:
        """The values modulo a prime."""
        return [above * pow(below, -1, PRIME) % PRIME for above, below in zip(self.above, self.below, strict=True)]

    @property
    def expr(self) -> Size:
        """The monomial as an expression."""
        return prod((symbol(name) ** power for name, power in self.powers), start=1)

    @property
    def weight(self) -> int:
        """How complicated it is: a quotient is less simple than a product of as many names."""
        return weight_of(self.powers)

    def factor(self, values: Vector) -> Fraction | None:
        """The number times which it has these values, None where there is none."""
        first, above, below = values[0], self.above, self.below
        start, end = first * below[0], above[0]
        for number in range(1, len(values)):
            if values[number] * below[number] * end != start * above[number]:
                return None
        return Fraction(start, end)


def weight_of(powers: Powers) -> int:
    """Return how complicated a product of powers is: a quotient is less simple than a product of as many names."""
    return sum(abs(power) + (power < 0) for _, power in powers)
