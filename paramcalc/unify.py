"""Trees of one model at several points as one tree of expressions: every dimension and number of copies is fitted."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any, TypeAlias

from paramcalc.errors import InvalidValue
from paramcalc.fitting import Fitter, Point
from paramcalc.fold import fold, runs_of
from paramcalc.paths import INDEX, join
from paramcalc.symbols import Size
from paramcalc.tensor import TensorSpec
from paramcalc.tree import Argument, Block

Hints: TypeAlias = Mapping[str, tuple[Size | None, ...]]
Rows: TypeAlias = "list[tuple[int, Block]]"  # the number of a point, and what stands at a place there

_NUMBERED = re.compile(r"(.*?)(0|[1-9][0-9]{0,17})")
FEW = 3  # so many points at least must show a structure for its sizes to be fitted


class Unfit(InvalidValue):
    """Trees that no one tree of expressions describes; `where` names the place."""


class Unifier:
    """Brings trees together that were built at points; `hints` are sizes that are known at the first of them."""

    def __init__(self, points: Sequence[Point], hints: Hints | None = None) -> None:
        self.points = tuple(points)
        self.hints = hints or {}
        self.fitters: dict[tuple[int, ...], Fitter] = {}

    def tree(self, trees: Sequence[Block]) -> Block:
        """Return the one tree, equal neighbours folded.

        Raises Unfit where structures differ or numbers follow no expression.
        """
        return fold(self._block(list(enumerate(trees)), ""))

    def _fit(self, numbers: Mapping[int, int], what: str, where: str, hint: Size | None = None) -> Size:
        """The expression for numbers seen at some of the points."""
        seen = tuple(numbers)
        fitter = self.fitters.setdefault(seen, Fitter([self.points[each] for each in seen]))
        values = list(numbers.values())
        size = hint if hint is not None and fitter.meets(hint, values) else fitter.fit(values)
        if size is None:
            shown = "; ".join(
                f"{value} at {', '.join(f'{name}={point[name]}' for name in fitter.names)}"
                for value, point in list(zip(values, fitter.points, strict=True))[:6]
            )
            raise Unfit(f"{what} follows no expression that was tried: {shown}", where=where or "the model")
        return size

    def _block(self, rows: Rows, place: str) -> Block:
        first = rows[0][1]
        for what, values in (
            ("class", {block.kind for _, block in rows}),
            ("tie", {block.tied_to for _, block in rows}),
        ):
            if len(values) > 1:
                raise Unfit(f"its {what} changes with the sizes: {', '.join(map(str, values))}", where=place or "root")
        own, groups = self._own(rows, place)
        children = self._children(rows, place)
        return replace(first, own=own, children=(*groups, *children), args=self._arguments(rows), note="")

    def _children(self, rows: Rows, place: str) -> tuple[Block, ...]:
        names = {tuple(child.name for child in block.children) for _, block in rows}
        if len(names) == 1:
            return tuple(
                self._block([(point, block.children[number]) for point, block in rows], join(place, name))
                for number, name in enumerate(names.pop())
            )
        slots = {point: _slots(block.children) for point, block in rows}
        keys = _common([[key for key, _ in each] for each in slots.values()], place)
        found: list[Block] = []
        for key in keys:
            members = {point: dict(each).get(key, []) for point, each in slots.items()}
            if INDEX in key:
                found += self._runs({point: runs_of(each) for point, each in members.items()}, key, place)
            else:
                single = [(point, each[0]) for point, each in members.items() if each]
                found.append(self._block(single, join(place, key)))
        return tuple(found)

    def _runs(self, runs: dict[int, list[list[Block]]], template: str, place: str) -> list[Block]:
        """Layers in runs of equal ones: each run as one block, its number of copies fitted."""
        where = join(place, template)
        shown = _most(runs)
        if len(shown) < FEW:
            shown = _most({point: _in_turn(each) for point, each in runs.items()})
        if len(shown) < FEW:
            counts = ", ".join(str(len(each)) for each in list(runs.values())[:9])
            raise Unfit(f"the number of different layers changes with the sizes: {counts}", where=where)
        steps = {_step(run) for each in shown.values() for run in each if len(run) > 1} or {1}
        if len(steps) > 1:
            raise Unfit("different layers take turns in no one rhythm", where=where)
        most, step = len(next(iter(shown.values()))), steps.pop()
        blocks: list[Block] = []
        for number in range(most):
            here = {point: each[number] for point, each in shown.items()}
            rows = [(point, run[0]) for point, run in here.items()]
            block = self._block(rows, join(place, rows[0][1].name))
            repeat = self._fit({point: len(run) for point, run in here.items()}, "the number of layers", where)
            first = self._fit({point: _index(run[0].name) for point, run in here.items()}, "the first index", where)
            if repeat == 1 and isinstance(first, int):
                blocks.append(block.named(template.replace(INDEX, str(first))))
            else:
                blocks.append(replace(block, name=template, repeat=repeat, first=first, step=step))
        return blocks

    def _own(self, rows: Rows, place: str) -> tuple[tuple[TensorSpec, ...], tuple[Block, ...]]:
        names = {tuple(tensor.name for tensor in block.own) for _, block in rows}
        if len(names) == 1:
            columns = [[(point, block.own[number]) for point, block in rows] for number in range(len(names.pop()))]
            return tuple(self._tensor(column, place) for column in columns), ()
        indexed = {point: _by_index(block.own) for point, block in rows}
        plain = {point: each.pop(None, ()) for point, each in indexed.items()}
        if len({tuple(tensor.name for tensor in each) for each in plain.values()}) > 1:
            raise Unfit("its tensors change with the sizes", where=place or "root")
        count = len(next(iter(plain.values())))
        own = [self._tensor([(point, each[number]) for point, each in plain.items()], place) for number in range(count)]
        as_blocks = {
            point: [Block(str(index), own=tensors) for index, tensors in each.items() if index is not None]
            for point, each in indexed.items()
        }
        groups = []
        for block in self._runs({point: runs_of(each) for point, each in as_blocks.items()}, INDEX, place):
            if block.name == INDEX:
                groups.append(replace(block, name=""))
            else:
                own += [replace(tensor, name=tensor.name.replace(INDEX, block.name)) for tensor in block.own]
        return tuple(own), tuple(groups)

    def _tensor(self, column: list[tuple[int, TensorSpec]], place: str) -> TensorSpec:
        first = column[0][1]
        name = join(place, first.name)
        if len({(each.role, each.dtype, each.tied_to, len(each.shape)) for _, each in column}) > 1:
            raise Unfit("its role, element type, tie or number of dimensions changes with the sizes", where=name)
        hint = self.hints.get(name, ()) if column[0][0] == 0 else ()
        shape = []
        for number in range(len(first.shape)):
            known = hint[number] if number < len(hint) else None
            sizes = {point: int(each.shape[number]) for point, each in column}
            shape.append(self._fit(sizes, f"dimension {number}", name, known))
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
            return self._fit(dict(column), "an argument", "title")
        if isinstance(first, tuple) and len({len(value) for _, value in column if isinstance(value, tuple)}) == 1:
            return tuple(
                self._value([(point, value[number]) for point, value in column]) for number in range(len(first))
            )
        if any(value != first for _, value in column):
            raise Unfit("an argument changes with the sizes", where="title")
        return first


def _most(runs: dict[int, list[list[Block]]]) -> dict[int, list[list[Block]]]:
    """The points at which there are the most runs: at the others some have no copies, or are equal by chance."""
    most = max(len(each) for each in runs.values())
    return {point: each for point, each in runs.items() if len(each) == most}


def _in_turn(runs: list[list[Block]]) -> list[list[Block]]:
    """All blocks of equal content together, as where layers of several kinds take turns."""
    found: dict[object, list[Block]] = {}
    for run in runs:
        found.setdefault((run[0].content(), run[0].children), []).extend(run)
    return list(found.values())


def _step(run: list[Block]) -> int:
    """The distance of the numbers in the names, 0 where it is not always the same."""
    numbers = [_index(block.name) for block in run]
    steps = {after - before for before, after in pairwise(numbers)}
    return steps.pop() if len(steps) == 1 else 0


def _slots(children: Sequence[Block]) -> list[tuple[str, list[Block]]]:
    """Children by name, those whose names are numbered together under their template."""
    slots: dict[str, list[Block]] = {}
    for child in children:
        numbered = _NUMBERED.fullmatch(child.name)
        key = f"{numbered[1]}{INDEX}" if numbered else child.name
        slots.setdefault(key, []).append(child)
    return list(slots.items())


def _common(lists: list[list[str]], place: str) -> list[str]:
    """The names at all points, in order; numbered ones may be missing where there are none of them."""
    longest = max(lists, key=len)
    for each in lists:
        missing = [key for key in longest if key not in each and INDEX not in key]
        extra = [key for key in each if key not in longest]
        if missing or extra:
            name = (missing or extra)[0]
            raise Unfit(f"{name!r} is there at some sizes only", where=place or "root")
    return longest


def _index(name: str) -> int:
    numbered = _NUMBERED.fullmatch(name)
    assert numbered is not None, name
    return int(numbered[2])


def _by_index(own: Sequence[TensorSpec]) -> dict[int | None, tuple[TensorSpec, ...]]:
    """Tensors by the last number in their names, under the template of these; those without one under None."""
    found: dict[int | None, list[TensorSpec]] = {}
    for tensor in own:
        numbered = re.fullmatch(r"(.*\D|)(0|[1-9][0-9]*)(\D*)", tensor.name)
        if numbered is None:
            found.setdefault(None, []).append(tensor)
        else:
            name = f"{numbered[1]}{INDEX}{numbered[3]}"
            found.setdefault(int(numbered[2]), []).append(replace(tensor, name=name))
    return {index: tuple(tensors) for index, tensors in found.items()}
