"""Trees of one model at several points as one tree of expressions: every dimension and number of copies is fitted."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from math import isqrt
from typing import Any, TypeAlias

from paramcalc.conditions import Condition
from paramcalc.errors import InvalidValue
from paramcalc.fitting import Fitter, Point
from paramcalc.fold import fold, runs_of
from paramcalc.numbered import by_index, index_of, kinds_of, most, slots_of, step_of, together
from paramcalc.paths import INDEX, join
from paramcalc.rhythm import Rhythm, Turn, placed, rhythm, turn
from paramcalc.symbols import Size, canonical, floored, symbol
from paramcalc.tensor import TensorSpec
from paramcalc.ties import absolute
from paramcalc.tree import Argument, Block

Pool: TypeAlias = Callable[[int], Sequence[Size]]
Rows: TypeAlias = "list[tuple[int, Block]]"  # the number of a point, and what stands at a place there

NUMBER = re.compile(r"[0-9]+")
FEW = 3  # so many points at least must show a structure for its sizes to be fitted


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


class Unfit(InvalidValue):
    """Trees that no one tree of expressions describes; `where` names the place.

    `odd` are the points at which the structure is not that of the first, `names` the sizes that the place depends on,
    `bounds` the conditions under which there is a tree after all. Where numbers defy the fit, `numbers` are those seen
    at the points, and `dimension` which one of the tensor they are.
    """

    def __init__(
        self,
        problem: str,
        *,
        where: str,
        odd: Iterable[int] = (),
        names: Iterable[str] = (),
        bounds: Iterable[Condition] = (),
        numbers: Mapping[int, int] | None = None,
    ) -> None:
        super().__init__(problem, where=where)
        self.numbers = dict(numbers or {})
        self.dimension: int | None = None
        self.odd = frozenset(odd)
        self.names = tuple(names)
        self.bounds = tuple(bounds)


class Unifier:
    """Brings trees together that were built at points; `hints` are sizes that are known at the first of them."""

    def __init__(self, points: Sequence[Point], hints: Hints | None = None) -> None:
        self.points = tuple(points)
        self.hints = hints or Hints()
        self.fitters: dict[tuple[int, ...], Fitter] = {}
        self.alike: dict[tuple[str, int], dict[Size, None]] = {}  # sizes of tensors whose names differ in numbers only

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
            size = next((each for each in self._met(numbers[0]) if fitter.meets(each, values)), None)
        if size is None:
            size = fitter.fit(values)
        if size is None:
            size = fitter.line((*self.hints.logarithms, *self._beside(numbers)), values)
        if size is None:
            shown = "; ".join(
                f"{value} at {', '.join(f'{name}={point[name]}' for name in fitter.relevant(values))}"
                for value, point in list(zip(values, fitter.points, strict=True))[:6]
            )
            problem = f"{what} follows no expression that was tried: {shown}"
            raise Unfit(problem, where=where or "the model", names=fitter.relevant(values), numbers=numbers)
        return size

    def _met(self, value: int) -> list[Size]:
        """The numbers of a value that the code met, and the squares of those whose square it is."""
        root = isqrt(value)
        squares = [canonical(each**2) for each in self.hints.pool(root)] if root**2 == value else []
        return [*self.hints.pool(value), *squares]

    def _beside(self, numbers: Mapping[int, int]) -> list[Size]:
        """The numbers that the code met of which a number is a small multiple, and a little more or less."""
        found = product(range(1, 5), range(-1, 3)) if 0 in numbers else ()
        return [
            each
            for by, more in found
            if not (numbers[0] - more) % by
            for each in self.hints.pool((numbers[0] - more) // by)
        ]

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
                found += self._runs({point: runs_of(each) for point, each in members.items()}, key, place)
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
                raise Unfit(f"{key!r} is there at some sizes only", where=place or "root", odd=_odd(there))
            found[key] = size
        return found

    def _presence(self, there: Mapping[int, bool]) -> Size | None:
        """1 where something is there and 0 elsewhere, where that depends on whether a size is more than 1."""
        import sympy

        for name in (name for name, value in self.points[0].items() if value == 1):
            more = {point: self.points[point][name] > 1 for point in there}
            if more == there:
                return sympy.Min(1, symbol(name) - 1)
            if all(more[point] != there[point] for point in there):
                return sympy.Max(0, 2 - symbol(name))
        return None

    def _runs(self, runs: dict[int, list[list[Block]]], template: str, place: str) -> list[Block]:
        """Layers in runs of equal ones: each run as one block, its number of copies fitted."""
        where = join(place, template)
        shown = most(runs)
        less = 0 in runs and 0 not in shown
        if less:  # the last runs may have no copies at the first point
            with contextlib.suppress(Unfit):
                return self._in_line(runs, template, place)
        if len(shown) < FEW:
            shown = most({point: together(each) for point, each in runs.items()})
        uneven = any(not step_of(run) for each in shown.values() for run in each if len(run) > 1)
        turning = less or len(shown) < FEW or uneven
        layers = {point: [block for run in each for block in run] for point, each in runs.items()}
        found = rhythm([kinds_of(each) for each in runs.values()]) if turning else None
        if found is not None:
            try:
                return self._in_rhythm(layers, found, template, place)
            except Unfit as problem:
                if not problem.numbers:
                    raise
        taken = self._turn(layers) if len({len(each) for each in runs.values()}) > 1 else None
        if taken is not None:
            return self._in_turn(layers, taken, template, where)
        longest = max(runs.values(), key=lambda each: (len(each), sum(map(len, each))))
        enough = len(layers[min(layers)]) >= sum(map(len, longest[:-2]))  # the first point shows all kinds but two
        if turning and enough and placed(kinds_of(longest), [kinds_of(each) for each in runs.values()]):
            return self._in_place(layers, list(map(len, longest)), template, where)
        if len(shown) < FEW:
            counts = ", ".join(str(len(each)) for each in list(runs.values())[:9])
            changes = f"the number of different layers changes with the sizes: {counts}"
            raise Unfit(changes, where=where, odd=_odd({point: len(together(each)) for point, each in runs.items()}))
        steps = {step_of(run) for each in shown.values() for run in each if len(run) > 1} or {1}
        if len(steps) > 1:
            raise Unfit("different layers take turns in no one rhythm", where=where)
        return self._in_line(shown, template, place, steps.pop())

    def _in_line(self, runs: dict[int, list[list[Block]]], template: str, place: str, step: int = 1) -> list[Block]:
        """Runs of layers that follow each other; the last ones may have no copies at some points."""
        where = join(place, template)
        blocks: list[Block] = []
        for number in range(max(len(each) for each in runs.values())):
            here = {point: each[number] for point, each in runs.items() if number < len(each)}
            rows = [(point, run[0]) for point, run in here.items()]
            block = self._block(rows, join(place, rows[0][1].name))
            counts = {point: len(here.get(point, ())) for point in runs}
            repeat = self._whole(counts, "the number of layers", where)
            first = self._whole({point: index_of(run[0].name) for point, run in here.items()}, "the first index", where)
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

    def _take_turns(self, rows: Rows) -> bool:
        """Whether a size says for a list of layers which of them are others."""
        numbered = [dict(slots_of(block.children)) for _, block in rows]
        lists = [key for key in numbered[0] if INDEX in key]
        found = ({point: slots[key] for (point, _), slots in zip(rows, numbered, strict=True)} for key in lists)
        return any(self._turn(each) is not None for each in found)

    def _turn(self, layers: Mapping[int, list[Block]]) -> Turn | None:
        kinds = [kinds_of([[block] for block in each]) for each in layers.values()]
        return turn(kinds, [self.points[point] for point in layers])

    def _in_turn(self, layers: dict[int, list[Block]], taken: Turn, template: str, where: str) -> list[Block]:
        """Layers of which every so many-th is another one, as a size says: those, and the others."""
        parted = {point: taken.parted(each, self.points[point]) for point, each in layers.items()}
        apart = max(taken.place, 0)
        blocks = []
        for number in range(apart):
            rows = [(point, each[number]) for point, each in layers.items() if len(each) > number]
            blocks.append(self._block(rows, where).named(template.replace(INDEX, str(number))))
        period, last = symbol(taken.name), int(taken.place < 0)
        count = self._whole({point: len(each) for point, each in layers.items()}, "the number of layers", where) - apart
        repeat = floored(count, period) if last else -floored(-count, period)
        numbers = ((repeat, apart + last * (period - 1), 1), (count - repeat, apart + 1 - last, period - 1))
        for kind, (copies, first, run) in enumerate(numbers):
            rows = [(point, each[kind][0]) for point, each in parted.items() if each[kind]]
            block = self._block(rows, where)
            blocks.append(replace(block, name=template, repeat=copies, first=first, step=period, run=run))
        return blocks

    def _in_place(
        self, layers: dict[int, list[Block]], lengths: Sequence[int], template: str, where: str
    ) -> list[Block]:
        """Layers of which each place has one kind, whatever the sizes; there are more or fewer of the last kinds."""
        import sympy

        starts = [sum(lengths[:number]) for number in range(len(lengths))]
        count = self._whole({point: len(each) for point, each in layers.items()}, "the number of layers", where)
        sure = max(start for start in starts if start <= len(layers[min(layers)]))
        odd = [point for point, each in layers.items() if len(each) < sure]
        if odd:
            bound = Condition(count, ">=", sure, "another model is built below")
            raise Unfit("fewer layers are not all of their kinds", where=where, odd=odd, bounds=(bound,))
        blocks = []
        for length, start in zip(lengths, starts, strict=True):
            block = self._block([(point, each[start]) for point, each in layers.items() if len(each) > start], where)
            more = count - start if start == sure else sympy.Max(0, count - start)
            copies = length if start < sure else more if start == starts[-1] else sympy.Min(length, more)
            alone = block.named(template.replace(INDEX, str(start)))
            blocks.append(alone if copies == 1 else replace(block, name=template, repeat=copies, first=start))
        return blocks

    def _own(self, rows: Rows, place: str) -> tuple[tuple[TensorSpec, ...], tuple[Block, ...]]:
        names = {tuple(tensor.name for tensor in block.own) for _, block in rows}
        if len(names) == 1:
            columns = [[(point, block.own[number]) for point, block in rows] for number in range(len(names.pop()))]
            return tuple(self._tensor(column, place) for column in columns), ()
        indexed = {point: by_index(block.own) for point, block in rows}
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
        source = name if first.tied_to is None else absolute(place, first.tied_to)
        hint = self.hints.known.get(source, ()) if column[0][0] == 0 else ()
        shape = []
        for number in range(len(first.shape)):
            alike = self.alike.setdefault((NUMBER.sub(INDEX, name), number), {})
            known = (*(hint[number] if number < len(hint) else ()), *alike)
            sizes = {point: int(each.shape[number]) for point, each in column}
            try:
                shape.append(self._fit(sizes, f"dimension {number}", name, known))
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
            return self._fit(dict(column), "an argument", "title")
        if all(isinstance(value, tuple) and len(value) == len(first) for _, value in column):
            return tuple(
                self._value([(point, value[number]) for point, value in column]) for number in range(len(first))
            )
        if any(value != first for _, value in column):
            raise Unfit("an argument changes with the sizes", where="title")
        return first


def _odd(seen: Mapping[int, object]) -> list[int]:
    """The points at which something else is seen than at the first."""
    first = seen[min(seen)]
    return [point for point, each in seen.items() if each != first]
