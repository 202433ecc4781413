"""Trees of one model at several points as one tree of expressions."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from paramcalc.derivation.fitting.dimensions import Sizes
from paramcalc.derivation.fitting.hints import Hints
from paramcalc.derivation.fitting.misfit import Unfit, odd_ones
from paramcalc.derivation.trees.indices import by_index, slots_of
from paramcalc.derivation.trees.lists import Lists, Rows
from paramcalc.sizes.point import Point
from paramcalc.sizes.symbols import Size, symbol
from paramcalc.tree.block import Block
from paramcalc.tree.fold import fold, runs_of
from paramcalc.tree.node import INDEX, Argument
from paramcalc.tree.paths import join
from paramcalc.tree.tensor import TensorSpec
from paramcalc.tree.ties import absolute

NUMBER = re.compile(r"[0-9]+")


class Unifier:
    """Brings trees together that were built at points; `hints` are sizes that are known at the first of them."""

    def __init__(self, points: Sequence[Point], hints: Hints | None = None) -> None:
        self.sizes = Sizes(points, hints or Hints())
        self.lists = Lists(self.sizes, self._block)
        self.alike: dict[tuple[str, int], dict[Size, None]] = {}  # sizes of tensors whose names differ in numbers only

    def tree(self, trees: Sequence[Block]) -> Block:
        """Return the one tree, equal neighbours folded.

        Raises Unfit where structures differ or numbers follow no expression.
        """
        return fold(self._block(list(enumerate(trees)), ""))

    def _block(self, rows: Rows, place: str) -> Block:
        first = rows[0][1]
        kinds = {point: block.kind for point, block in rows}
        ties = {point: block.tied_to for point, block in rows}
        seen: Mapping[str, Mapping[int, object]] = {"class": kinds, "tie": ties}
        for what, values in seen.items():
            if len(set(values.values())) > 1:
                shown = ", ".join(sorted(map(str, set(values.values()))))
                raise Unfit(f"its {what} changes with the sizes: {shown}", where=place or "root", odd=odd_ones(values))
        own, groups = self._own(rows, place)
        children = self._children(rows, place)
        return replace(first, own=own, children=(*groups, *children), args=self._arguments(rows), note="")

    def _children(self, rows: Rows, place: str) -> tuple[Block, ...]:
        names = {tuple(child.name for child in block.children) for _, block in rows}
        if len(names) == 1:
            try:
                return tuple(
                    self._block([(point, block.children[number]) for point, block in rows], join(place, name))
                    for number, name in enumerate(names.pop())
                )
            except Unfit as problem:
                if not problem.odd or not self._take_turns(rows):
                    raise
        slots = {point: slots_of(block.children) for point, block in rows}
        keys = self._keys({point: [key for key, _ in each] for point, each in slots.items()}, place)
        found: list[Block] = []
        for key, there in keys.items():
            members = {point: dict(each).get(key, []) for point, each in slots.items()}
            if INDEX in key:
                found += self.lists.blocks({point: runs_of(each) for point, each in members.items()}, key, place)
            else:
                single = [(point, each[0]) for point, each in members.items() if each]
                found.append(replace(self._block(single, join(place, key)), repeat=there))
        return tuple(found)

    def _keys(self, names: Mapping[int, list[str]], place: str) -> dict[str, Size]:
        """The names at all points with how often they are there; numbered ones may be missing at some."""
        found: dict[str, Size] = {}
        for key in dict.fromkeys(key for each in sorted(names.values(), key=len, reverse=True) for key in each):
            there = {point: key in each for point, each in names.items()}
            size = 1 if INDEX in key or all(there.values()) else self._presence(there)
            if size is None:
                raise Unfit(f"{key!r} is there at some sizes only", where=place or "root", odd=odd_ones(there))
            found[key] = size
        return found

    def _presence(self, there: Mapping[int, bool]) -> Size | None:
        """1 where something is there and 0 elsewhere, where that depends on whether a size is more than 1."""
        import sympy

        for name in (name for name, value in self.sizes.points[0].items() if value == 1):
            more = {point: self.sizes.points[point][name] > 1 for point in there}
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
            raise Unfit("its tensors change with the sizes", where=place or "root", odd=odd_ones(shown))
        count = len(next(iter(plain.values())))
        own = [self._tensor([(point, each[number]) for point, each in plain.items()], place) for number in range(count)]
        as_blocks = {
            point: [Block(str(index), own=tensors) for index, tensors in each.items() if index is not None]
            for point, each in indexed.items()
        }
        groups = []
        for block in self.lists.blocks({point: runs_of(each) for point, each in as_blocks.items()}, INDEX, place):
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
            raise Unfit(problem, where=name, odd=odd_ones(kinds))
        source = name if first.tied_to is None else absolute(place, first.tied_to)
        hint = self.sizes.hints.known.get(source, ()) if column[0][0] == 0 else ()
        shape = []
        for number in range(len(first.shape)):
            alike = self.alike.setdefault((NUMBER.sub(INDEX, name), number), {})
            known = (*(hint[number] if number < len(hint) else ()), *alike)
            sizes = {point: int(each.shape[number]) for point, each in column}
            try:
                shape.append(self.sizes.fit(sizes, f"dimension {number}", name, known))
                alike[shape[-1]] = None
            except Unfit as problem:
                problem.dimension = number
                raise
        return replace(first, shape=tuple(shape), note="")

    def _arguments(self, rows: Rows) -> tuple[Argument, ...]:
        """The arguments of the title, where the points agree on which are shown and their numbers can be fitted."""
        named = {tuple(argument.name for argument in block.args) for _, block in rows}
        if len(named) > 1:
            return ()
        try:
            columns = [
                [(point, block.args[number].value) for point, block in rows] for number in range(len(named.pop()))
            ]
            values = [self._value(column) for column in columns]
        except Unfit:
            return ()
        return tuple(each._replace(value=value) for each, value in zip(rows[0][1].args, values, strict=True))

    def _value(self, column: list[tuple[int, Any]]) -> Any:
        first = column[0][1]
        if all(type(value) is int for _, value in column):
            return self.sizes.fit(dict(column), "an argument", "title")
        if all(isinstance(value, tuple) and len(value) == len(first) for _, value in column):
            return tuple(
                self._value([(point, value[number]) for point, value in column]) for number in range(len(first))
            )
        if any(value != first for _, value in column):
            raise Unfit("an argument changes with the sizes", where="title")
        return first
