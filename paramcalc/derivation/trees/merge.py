"""The trees of one model at several points, merged into one tree of expressions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from paramcalc.derivation.fitting.clues import Clues
from paramcalc.derivation.fitting.dimensions import Dimensions
from paramcalc.derivation.fitting.misfit import Misfit, NoFit, odd_ones
from paramcalc.derivation.trees.indices import by_index, slots_of
from paramcalc.derivation.trees.lists import Layers, Lists, Rows
from paramcalc.sizes.point import Point
from paramcalc.sizes.symbols import Size, symbol
from paramcalc.tree.block import Block
from paramcalc.tree.fold import fold, runs_of
from paramcalc.tree.node import INDEX, Argument
from paramcalc.tree.paths import join, template_of
from paramcalc.tree.shapes import dimensions
from paramcalc.tree.tensor import TensorSpec
from paramcalc.tree.ties import absolute


def merged(points: Sequence[Point], trees: Sequence[Block], clues: Clues | None = None) -> Block:
    """Return trees that were built at points as one tree of expressions, equal neighbours folded.

    The clues are about the first point.

    Raises NoFit where structures differ or numbers follow no expression.
    """
    merger = Merger(Dimensions(points, clues or Clues()))
    return fold(merger.block(list(enumerate(trees)), ""))


class Merger:
    """Brings the trees of several points together, block by block."""

    def __init__(self, dimensions: Dimensions) -> None:
        self.dimensions = dimensions
        self.lists = Lists(dimensions, self.block)
        self.alike: dict[tuple[str, int], dict[Size, None]] = {}  # sizes of tensors whose names differ in numbers only

    def block(self, rows: Rows, place: str) -> Block:
        """Return the one block for what stands at a place at some points."""
        first = rows[0][1]
        kinds = {point: block.kind for point, block in rows}
        ties = {point: block.tied_to for point, block in rows}
        seen: Mapping[str, Mapping[int, object]] = {"class": kinds, "tie": ties}
        for what, values in seen.items():
            if len(set(values.values())) > 1:
                shown = ", ".join(sorted(map(str, set(values.values()))))
                raise NoFit(Misfit(f"its {what} changes with the sizes: {shown}", place, odd=odd_ones(values)))
        own, groups = self._own(rows, place)
        children = self._children(rows, place)
        block = replace(first, own=own, children=(*groups, *children), args=(), note="")
        return replace(block, args=self._arguments(rows, dimensions(block))) if first.args else block

    def _children(self, rows: Rows, place: str) -> tuple[Block, ...]:
        names = {tuple(child.name for child in block.children) for _, block in rows}
        if len(names) == 1:
            try:
                return tuple(
                    self.block([(point, block.children[number]) for point, block in rows], join(place, name))
                    for number, name in enumerate(names.pop())
                )
            except NoFit as error:
                if not error.misfit.odd or not self._take_turns(rows):
                    raise
        slots = {point: slots_of(block.children) for point, block in rows}
        keys = self._keys({point: [key for key, _ in each] for point, each in slots.items()}, place)
        found: list[Block] = []
        for key, there in keys.items():
            members = {point: dict(each).get(key, []) for point, each in slots.items()}
            if INDEX in key:
                found += self.lists.blocks(
                    Layers({point: runs_of(each) for point, each in members.items()}, key, place)
                )
            else:
                single = [(point, each[0]) for point, each in members.items() if each]
                found.append(replace(self.block(single, join(place, key)), repeat=there))
        return tuple(found)

    def _keys(self, names: Mapping[int, list[str]], place: str) -> dict[str, Size]:
        """The names at all points with how often they are there; numbered ones may be missing at some."""
        found: dict[str, Size] = {}
        for key in dict.fromkeys(key for each in sorted(names.values(), key=len, reverse=True) for key in each):
            there = {point: key in each for point, each in names.items()}
            size = 1 if INDEX in key or all(there.values()) else self._presence(there)
            if size is None:
                raise NoFit(Misfit(f"{key!r} is there at some sizes only", place, odd=odd_ones(there)))
            found[key] = size
        return found

    def _presence(self, there: Mapping[int, bool]) -> Size | None:
        """1 where something is there and 0 elsewhere, where that depends on whether a size is more than 1."""
        import sympy

        for name in (name for name, value in self.dimensions.points[0].items() if value == 1):
            more = {point: self.dimensions.points[point][name] > 1 for point in there}
            if more == there:
                return sympy.Min(1, symbol(name) - 1)
            if all(more[point] != there[point] for point in there):
                return sympy.Max(0, 2 - symbol(name))
        return None

    def _take_turns(self, rows: Rows) -> bool:
        """Whether a size says for a list of layers which of them are others."""
        numbered = [dict(slots_of(block.children)) for _, block in rows]
        lists = [key for key in numbered[0] if INDEX in key]
        found = ({point: slots[key] for (point, _), slots in zip(rows, numbered, strict=True)} for key in lists)
        return any(self.lists.turn(each) is not None for each in found)

    def _own(self, rows: Rows, place: str) -> tuple[tuple[TensorSpec, ...], tuple[Block, ...]]:
        names = {tuple(tensor.name for tensor in block.own) for _, block in rows}
        if len(names) == 1:
            columns = [[(point, block.own[number]) for point, block in rows] for number in range(len(names.pop()))]
            return tuple(self._tensor(column, place) for column in columns), ()
        indexed = {point: by_index(block.own) for point, block in rows}
        plain = {point: each.pop(None, ()) for point, each in indexed.items()}
        shown = {point: tuple(tensor.name for tensor in each) for point, each in plain.items()}
        if len(set(shown.values())) > 1:
            raise NoFit(Misfit("its tensors change with the sizes", place, odd=odd_ones(shown)))
        count = len(next(iter(plain.values())))
        own = [self._tensor([(point, each[number]) for point, each in plain.items()], place) for number in range(count)]
        as_blocks = {
            point: [Block(str(index), own=tensors) for index, tensors in each.items() if index is not None]
            for point, each in indexed.items()
        }
        groups = []
        for block in self.lists.blocks(
            Layers({point: runs_of(each) for point, each in as_blocks.items()}, INDEX, place)
        ):
            if block.name == INDEX:
                groups.append(replace(block, name=""))
            else:
                own += [replace(tensor, name=tensor.name.replace(INDEX, block.name)) for tensor in block.own]
        return tuple(own), tuple(groups)

    def _tensor(self, column: list[tuple[int, TensorSpec]], place: str) -> TensorSpec:
        first = column[0][1]
        name = join(place, first.name)
        kinds = {point: (each.role, each.dtype, each.tied_to, len(each.shape)) for point, each in column}
        if len(set(kinds.values())) > 1:
            problem = "its role, element type, tie or number of dimensions changes with the sizes"
            raise NoFit(Misfit(problem, name, odd=odd_ones(kinds)))
        source = name if first.tied_to is None else absolute(place, first.tied_to)
        hint = self.dimensions.clues.shapes.get(source, ()) if column[0][0] == 0 else ()
        shape = []
        for number in range(len(first.shape)):
            alike = self.alike.setdefault((template_of(name), number), {})
            known = (*(hint[number] if number < len(hint) else ()), *alike)
            sizes = {point: int(each.shape[number]) for point, each in column}
            size = self.dimensions.fit(sizes, f"dimension {number}", name, known=known, dimension=number)
            shape.append(size)
            alike[size] = None
        return replace(first, shape=tuple(shape), note="")

    def _arguments(self, rows: Rows, known: Sequence[Size]) -> tuple[Argument, ...]:
        """The arguments of the title, where the points agree on which are shown and their numbers can be fitted.

        Those that are dimensions of the block's tensors are known.
        """
        named = {tuple(argument.name for argument in block.args) for _, block in rows}
        if len(named) > 1:
            return ()
        try:
            columns = [
                [(point, block.args[number].value) for point, block in rows] for number in range(len(named.pop()))
            ]
            values = [self._value(column, known) for column in columns]
        except NoFit:
            return ()
        return tuple(each._replace(value=value) for each, value in zip(rows[0][1].args, values, strict=True))

    def _value(self, column: list[tuple[int, Any]], known: Sequence[Size]) -> Any:
        first = column[0][1]
        if all(type(value) is int for _, value in column):
            return self.dimensions.fit(dict(column), "an argument", None, known=known)
        if all(isinstance(value, tuple) and len(value) == len(first) for _, value in column):
            return tuple(
                self._value([(point, value[number]) for point, value in column], known) for number in range(len(first))
            )
        if any(value != first for _, value in column):
            raise NoFit(Misfit("an argument changes with the sizes"))
        return first
