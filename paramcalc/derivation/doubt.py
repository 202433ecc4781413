"""Doubt about expressions that were guessed: what else says all that was built, and where it says something else."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, islice
from typing import Any, NamedTuple

from paramcalc.derivation.fitting.clues import Clues
from paramcalc.derivation.fitting.fitter import Fitter
from paramcalc.derivation.models.observations import Observations
from paramcalc.derivation.models.prediction import counted_at
from paramcalc.derivation.models.sampler import LAYERS
from paramcalc.derivation.paths import Trace
from paramcalc.derivation.trees.exact_quotients import guessed, roundings_of
from paramcalc.errors import ParamcalcError
from paramcalc.sizes.point import Point, meets
from paramcalc.sizes.program import compiled
from paramcalc.sizes.symbols import Size, canonical, symbol_names
from paramcalc.tree.block import Block
from paramcalc.tree.shapes import dimensions, sizes_of

MOST_RIVALS = 24  # of one expression
LOOKED_AT = 48  # points, of which one is chosen that tells rivals apart
BOX = 4  # times the largest size that was fitted: so far rivals are told apart
FAR = 256  # the same of those that the code told
USUAL = frozenset({0, 1, 2})  # numbers that need no place in the code


class Rival(NamedTuple):
    """An expression of a tree and one that says the same at the points that were built, and where they go apart."""

    sizes: tuple[Size, Size]
    point: Point
    is_told: bool  # by the code


@dataclass
class Doubt:
    """Looks for rivals of the expressions of a tree that the code did not tell."""

    observations: Observations
    clues: Clues
    trace: Trace | None = None
    traced: dict[tuple[str, ...], Clues] = field(default_factory=dict)  # with more layers, by what there is more of
    settled: set[tuple[Size, Size]] = field(default_factory=set)  # that are equal as far as was looked

    def rival(self, tree: Block, points: Sequence[Point]) -> Rival | None:
        """Return a rival of an expression with a point at which the two go apart, None where there is none.

        What the code told of the tensors for which an expression stands, be it of one layer of many, is one as well.
        """
        built = [point for point, _ in self.observations.trees]
        usual = (self.observations.base, *built[-2:])
        told = ((size, rival, (rest,), FAR) for (size, rival), rest in self._told_otherwise(tree).items())
        fitted = ((size, rival, usual, BOX) for size, rival in self._fitted_otherwise(tree, points))
        for size, rival, rests, box in chain(told, fitted):
            if (size, rival) in self.settled:
                continue
            point = self._apart(size, rival, rests, box)
            if point is not None:
                return Rival((size, rival), point, box == FAR)
            self.settled.add((size, rival))
        return None

    def _told_otherwise(self, tree: Block) -> dict[tuple[Size, Size], Point]:
        """Expressions of a tree with others that the code told of the same tensors, and the point at which it did."""
        found: dict[tuple[Size, Size], Point] = {}
        for point, clues in ((self.observations.base, self.clues), *self._told_of_more_layers(tree)):
            for name, tensor in counted_at(tree, point).tensors():
                for size, known in zip(tensor.shape, clues.shapes.get(name, ()), strict=False):
                    for each in known[:1]:
                        if each in clues.told and each != size:
                            found.setdefault((size, each), point)
        return found

    def _told_of_more_layers(self, tree: Block) -> list[tuple[Point, Clues]]:
        """What the code tells of more layers than at the base, where the first of a list are others than the rest."""
        rest = [block.repeat for _, block in tree.walk() if block.repeated and block.first != 0]
        names = sorted({name for size in rest for name in symbol_names(size) if name in self.observations.names})
        more = {**self.observations.base, **{name: self.observations.base[name] + LAYERS for name in names}}
        if not names or self.trace is None or not meets(more, self.observations.domain.conditions):
            return []
        key = tuple(names)
        if key not in self.traced:
            self.traced[key] = self.trace(more)
        return [(more, self.traced[key])]

    def _fitted_otherwise(self, tree: Block, points: Sequence[Point]) -> Iterator[tuple[Size, Size]]:
        """Expressions of a tree that were guessed with others that say the same at some points.

        The first never is below the smallest value that was seen, as in code that takes a maximum.
        """
        import sympy

        for size in self.guesses(tree):
            seen = [point for point in points if self._value(size, point) is not None]
            values = [int(self._value(size, point) or 0) for point in seen]
            smallest = canonical(sympy.Max(min(values), size))
            rivals = islice(Fitter(seen).rivals(values, size, few_digits=not roundings_of(size)), MOST_RIVALS)
            yield from ((size, each) for each in chain([smallest], rivals))

    def guesses(self, tree: Block) -> list[Any]:
        """The expressions of a tree that were fitted, not told by the code: of tensors, and of numbers of copies."""
        shapes = dict.fromkeys(size for size in dimensions(tree) if not isinstance(size, int))
        counts = dict.fromkeys(size for size in sizes_of(tree) if not isinstance(size, int) and size not in shapes)
        return [
            *(size for size in shapes if not self._is_told(size, replace(self.clues, valued=lambda _: ()))),
            *(size for size in counts if not self._is_told(size, self.clues)),
        ]

    def _is_told(self, size: Any, clues: Clues) -> bool:
        """Whether the code told an expression, a small multiple of it, or all that is rounded in it."""
        core = size.as_coeff_Add()[1].as_coeff_Mul()[1]
        for each in (size, core):
            value = self._value(each, self.observations.base)
            if each.is_Symbol or each in clues.told or (value is not None and each in clues.valued(value)):
                return True
        rounded = roundings_of(size)
        conditions = self.observations.domain.conditions
        return bool(rounded) and not guessed(rounded, clues, conditions, self.observations.base)

    def is_odd(self, size: Any) -> bool:
        """Whether something is rounded in an expression by numbers that stand nowhere in the code."""
        numbers = {abs(int(part)) for each in size.atoms() if each.is_Rational for part in (each.p, each.q)}
        return bool(roundings_of(size) and numbers - USUAL - self.clues.constants)

    def _apart(self, size: Size, rival: Size, rests: Sequence[Point], box: int) -> Point | None:
        """The point within the box and the domain at which two expressions differ most."""
        conditions = self.observations.domain.conditions

        def gap(point: Point) -> int:
            one, other = self._value(size, point), self._value(rival, point)
            return 0 if one is None or one == other else 1 if other is None else abs(one - other)

        built = [point for point, _ in self.observations.trees]
        found = [(gap(point), place, point) for place, point in enumerate(self._box(size, rival, rests, box))]
        for _, _, point in sorted((each for each in found if each[0]), key=lambda each: each[:2], reverse=True):
            if meets(point, conditions) and point not in built:
                return point
        return next((point for point in self._drawn() if gap(point)), None)

    def _box(self, size: Size, rival: Size, rests: Sequence[Point], box: int) -> Iterator[Point]:
        """Points at which one size is anything up to some times what was built, and the others are usual."""
        observations = self.observations
        names = sorted((symbol_names(size) | symbol_names(rival)) & set(observations.names))
        largest = {name: max(point[name] for point, _ in observations.trees) for name in names}
        for rest in rests:
            for name in names:
                for value in _spread(min(box * largest[name], max(largest[name], observations.sampler.most(name)))):
                    yield {**rest, name: value}

    def _drawn(self) -> Iterator[Point]:
        """Points of which many sizes are alike, not to be used up."""
        for _ in range(LOOKED_AT):
            drawn = self.observations.sampler.special(self.observations.domain.conditions, alike=True)
            if drawn is not None:
                self.observations.sampler.forget(drawn)
                yield drawn

    def _value(self, size: Size, point: Point) -> int | None:
        try:
            return size if isinstance(size, int) else int(compiled(size)(point))
        except (ParamcalcError, ArithmeticError):
            return None


def _spread(most: int) -> Iterator[int]:
    """All numbers up to some hundred, then fewer and fewer, up to the largest."""
    value = 1
    while value <= most:
        yield value
        value += 1 if value < 512 else 1 + value // 256
