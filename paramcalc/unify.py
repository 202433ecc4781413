"""Trees of one model at several points as one tree of expressions: every dimension and number of copies is fitted."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any, TypeAlias

from paramcalc.errors import InvalidValue
from paramcalc.fitting import Fitter, Point
from paramcalc.fold import fold, runs_of
from paramcalc.paths import INDEX, join
from paramcalc.rhythm import Rhythm, rhythm
from paramcalc.symbols import Size, floored
from paramcalc.tensor import TensorSpec
from paramcalc.tree import Argument, Block

Pool: TypeAlias = Callable[[int], Sequence[Size]]
Rows: TypeAlias = "list[tuple[int, Block]]"  # the number of a point, and what stands at a place there

_NUMBERED = re.compile(r"(.*?)(0|[1-9][0-9]{0,17})")
FEW = 3  # so many points at least must show a structure for its sizes to be fitted


@dataclass(frozen=True)
class Hints:
    """What sizes are at the first point: those of tensors by name, and expressions that have a value there."""

    known: Mapping[str, tuple[Sequence[Size], ...]] = field(default_factory=dict)
    pool: Pool = lambda _: ()


class Unfit(InvalidValue):
    """Trees that no one tree of expressions describes; `where` names the place.

    `odd` are the points at which the structure is not that of the first, `names` the sizes that the place depends on.
    """

    def __init__(self, problem: str, *, where: str, odd: Sequence[int] = (), names: Sequence[str] = ()) -> None:
        super().__init__(problem, where=where)
        self.odd = frozenset(odd)
        self.names = tuple(names)


class Unifier:
    """Brings trees together that were built at points; `hints` are sizes that are known at the first of them."""

    def __init__(self, points: Sequence[Point], hints: Hints | None = None) -> None:
        self.points = tuple(points)
        self.hints = hints or Hints()
        self.fitters: dict[tuple[int, ...], Fitter] = {}

    def tree(self, trees: Sequence[Block]) -> Block:
        """Return the one tree, equal neighbours folded.

        Raises Unfit where structures differ or numbers follow no expression.
        """
        return fold(self._block(list(enumerate(trees)), ""))

    def _fit(self, numbers: Mapping[int, int], what: str, where: str, hints: Sequence[Size] = ()) -> Size:
        """The expression for numbers seen at some of the points: a hint, a plain one, one of the pool, or another."""
        seen = tuple(numbers)
        if seen not in self.fitters:
            self.fitters[seen] = Fitter([self.points[each] for each in seen])
        fitter = self.fitters[seen]
        values = list(numbers.values())
        size = next((each for each in hints if fitter.meets(each, values)), None)
        if size is None:
            size = fitter.plain(values)
        if size is None and 0 in numbers:
            size = next((each for each in self.hints.pool(numbers[0]) if fitter.meets(each, values)), None)
        if size is None:
            size = fitter.fit(values)
        if size is None:
            shown = "; ".join(
                f"{value} at {', '.join(f'{name}={point[name]}' for name in fitter.relevant(values))}"
                for value, point in list(zip(values, fitter.points, strict=True))[:6]
            )
            problem = f"{what} follows no expression that was tried: {shown}"
            raise Unfit(problem, where=where or "the model", names=fitter.relevant(values))
        return size

    def _whole(self, numbers: Mapping[int, int], what: str, where: str) -> Size:
        """The expression for numbers of copies: rounded down where it is a quotient."""
        size = self._fit(numbers, what, where)
        return size if isinstance(size, int) or size.is_integer else floored(size, 1)

    def _block(self, rows: Rows, place: str) -> Block:
        first = rows[0][1]
        kinds = {point: block.kind for point, block in rows}
        ties = {point: block.tied_to for point, block in rows}
        seen: Mapping[str, Mapping[int, object]] = {"class": kinds, "tie": ties}
        for what, values in seen.items():
            if len(set(values.values())) > 1:
                shown = ", ".join(sorted(map(str, set(values.values()))))
                raise Unfit(f"its {what} changes with the sizes: {shown}", where=place or "root", odd=_odd(values))
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
        keys = _common({point: [key for key, _ in each] for point, each in slots.items()}, place)
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
        turning = len(shown) < FEW or any(not _step(run) for each in shown.values() for run in each if len(run) > 1)
        found = rhythm([_kinds(each) for each in runs.values()]) if turning else None
        if found is not None:
            layers = {point: [block for run in each for block in run] for point, each in runs.items()}
            return self._in_rhythm(layers, found, template, place)
        if len(shown) < FEW:
            counts = ", ".join(str(len(each)) for each in list(runs.values())[:9])
            problem = f"the number of different layers changes with the sizes: {counts}"
            raise Unfit(problem, where=where, odd=_odd({point: len(_in_turn(each)) for point, each in runs.items()}))
        steps = {_step(run) for each in shown.values() for run in each if len(run) > 1} or {1}
        if len(steps) > 1:
            raise Unfit("different layers take turns in no one rhythm", where=where)
        most, step = len(next(iter(shown.values()))), steps.pop()
        blocks: list[Block] = []
        for number in range(most):
            here = {point: each[number] for point, each in shown.items()}
            rows = [(point, run[0]) for point, run in here.items()]
            block = self._block(rows, join(place, rows[0][1].name))
            repeat = self._whole({point: len(run) for point, run in here.items()}, "the number of layers", where)
            first = self._whole({point: _index(run[0].name) for point, run in here.items()}, "the first index", where)
            if repeat == 1 and isinstance(first, int):
                blocks.append(block.named(template.replace(INDEX, str(first))))
            else:
                blocks.append(replace(block, name=template, repeat=repeat, first=first, step=step))
        return blocks

    def _in_rhythm(self, layers: dict[int, list[Block]], found: Rhythm, template: str, place: str) -> list[Block]:
        """Layers that stand apart at either end, and between them one block for each place in the period."""
        where = join(place, template)
        before, period, after = found
        count = self._whole({point: len(each) for point, each in layers.items()}, "the number of layers", where)
        blocks = []
        for number in range(before + period + after):
            apart = number < before or number >= before + period
            index = number if number < before + period else number - before - period - after
            least = before + after + (0 if apart else number - before + 1)
            rows = [(point, each[index]) for point, each in layers.items() if len(each) >= least]
            if len(rows) < FEW:
                raise Unfit("too few sizes show the rhythm of its layers", where=where)
            block = self._block(rows, join(place, rows[0][1].name))
            if number < before:
                blocks.append(block.named(template.replace(INDEX, str(number))))
            elif apart:
                blocks.append(replace(block, name=template, repeat=1, first=count + index))
            else:
                repeat = floored(count - after - number + period - 1, period)
                blocks.append(replace(block, name=template, repeat=repeat, first=number, step=period))
        return blocks

    def _own(self, rows: Rows, place: str) -> tuple[tuple[TensorSpec, ...], tuple[Block, ...]]:
        names = {tuple(tensor.name for tensor in block.own) for _, block in rows}
        if len(names) == 1:
            columns = [[(point, block.own[number]) for point, block in rows] for number in range(len(names.pop()))]
            return tuple(self._tensor(column, place) for column in columns), ()
        indexed = {point: _by_index(block.own) for point, block in rows}
        plain = {point: each.pop(None, ()) for point, each in indexed.items()}
        shown = {point: tuple(tensor.name for tensor in each) for point, each in plain.items()}
        if len(set(shown.values())) > 1:
            raise Unfit("its tensors change with the sizes", where=place or "root", odd=_odd(shown))
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
        kinds = {point: (each.role, each.dtype, each.tied_to, len(each.shape)) for point, each in column}
        if len(set(kinds.values())) > 1:
            problem = "its role, element type, tie or number of dimensions changes with the sizes"
            raise Unfit(problem, where=name, odd=_odd(kinds))
        hint = self.hints.known.get(name, ()) if column[0][0] == 0 else ()
        shape = []
        for number in range(len(first.shape)):
            known = hint[number] if number < len(hint) else ()
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
        if all(isinstance(value, tuple) and len(value) == len(first) for _, value in column):
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


def _kinds(runs: list[list[Block]]) -> list[object]:
    return [(run[0].content(), run[0].children) for run in runs for _ in run]


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


def _odd(seen: Mapping[int, object]) -> list[int]:
    """The points at which something else is seen than at the first."""
    first = seen[min(seen)]
    return [point for point, each in seen.items() if each != first]


def _common(names: Mapping[int, list[str]], place: str) -> list[str]:
    """The names at all points, in order; numbered ones may be missing where there are none of them."""
    longest = max(names.values(), key=len)
    for each in names.values():
        missing = [key for key in longest if key not in each and INDEX not in key]
        extra = [key for key in each if key not in longest]
        if missing or extra:
            name = (missing or extra)[0]
            odd = _odd({point: name in each for point, each in names.items()})
            raise Unfit(f"{name!r} is there at some sizes only", where=place or "root", odd=odd)
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
