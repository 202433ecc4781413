"""Sizes that must be what others make them: found by comparisons that turned out equal, and left out of the search."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from paramcalc.derivation.fitting.clues import Clues
from paramcalc.derivation.models.prober import Refused
from paramcalc.derivation.models.sampler import Sampler
from paramcalc.derivation.start import Start
from paramcalc.sizes.program import compiled
from paramcalc.sizes.symbols import Size, canonical, symbol, symbol_names
from paramcalc.tracing.probe import Factory, probe_of
from paramcalc.tree.block import Block

OFTEN = 0.05  # the share of points at which a size must be whole to be taken for one that follows from others


@dataclass(frozen=True)
class Follow:
    """A size that is given by others: `above` over `below`."""

    name: str
    above: Any
    below: Any

    @property
    def size(self) -> Size:
        """The size as an expression."""
        return canonical(self.above / self.below)

    def value(self, values: Mapping[str, Any]) -> Any:
        """What the size is for values of the others.

        Raises ValueError where it is no whole number.
        """
        above, below = (compiled(canonical(side))(values) for side in (self.above, self.below))
        if below < 1 or above % below != 0:
            raise ValueError(f"{self.name} = {self.size} is no whole number")
        return above if type(below) is int and below == 1 else above // below


def follows(left: Size, right: Size, names: Sequence[str]) -> list[Follow]:
    """Return the ways to give one of the named sizes by the others, where two sides are equal; the last name first.

    >>> a, b, c = map(symbol, "abc")
    >>> [(each.name, str(each.size)) for each in follows(a, 2 * b * c, ["a", "b", "c"])]
    [('c', 'a/(2*b)'), ('b', 'a/(2*c)'), ('a', '2*b*c')]
    """
    import sympy

    difference = sympy.expand(left - right)
    found = []
    for name in reversed([name for name in names if name in symbol_names(difference)]):
        if not difference.is_polynomial(symbol(name)):
            continue
        poly = sympy.Poly(difference, symbol(name))
        if poly.degree() == 1:
            slope, rest = poly.all_coeffs()
            above, below = sympy.fraction(sympy.cancel(-rest / slope))
            sign = -1 if sympy.expand(below).could_extract_minus_sign() else 1
            found.append(Follow(name, sympy.expand(sign * above), sympy.expand(sign * below)))
    return found


def with_followed(build: Factory, followed: Sequence[Follow]) -> Factory:
    """The factory, given the sizes that follow from others too."""

    def whole_build(values: Mapping[str, Any]) -> Any:
        whole = dict(values)
        for each in reversed(followed):
            whole[each.name] = each.value(whole)
        return build(whole)

    return whole_build if followed else build


def following(clues: Clues, build: Factory, start: Start) -> Follow | None:
    """A size that must be what others make it: with any other value, the code builds nothing or another structure."""
    for left, right in clues.equal:
        ways = follows(left, right, start.vary)
        if ways and not any(_free(each.name, build, start.values) for each in ways):
            used = Counter(name for size in clues.sizes for name in symbol_names(size))
            often = [each for each in ways if _often_whole(each, start.values) >= OFTEN] or ways
            return min(often, key=lambda each: used[each.name])
    return None


def _free(name: str, build: Factory, at: Mapping[str, Any]) -> bool:
    """Build with other values of a size alone, and return whether the same tensors are built with one."""
    probe = probe_of(build)
    base = _names(probe(at))
    for value in (2 * at[name], at[name] // 2, 3 * at[name], at[name] + 1):
        with contextlib.suppress(Refused):
            if value and _names(probe({**at, name: value})) == base:
                return True
    return False


def _names(tree: Block) -> list[str]:
    return [name for name, _ in tree.tensors()]


def _often_whole(way: Follow, at: Mapping[str, Any]) -> float:
    """The share of points at which a size that follows is a whole number."""
    sampler = Sampler(at, sorted(symbol_names(way.size)))
    points = [point for point in (sampler.point(()) for _ in range(64)) if point is not None]
    whole = 0
    for point in points:
        with contextlib.suppress(ValueError):
            whole += way.value(point) >= 1
    return whole / max(1, len(points))
