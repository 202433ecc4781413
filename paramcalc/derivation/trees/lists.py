"""Lists of layers at several points as few blocks: runs of equal ones, a rhythm, turns that a size says, or places."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from paramcalc.derivation.fitting.dimensions import Sizes
from paramcalc.derivation.fitting.misfit import Unfit, odd_ones
from paramcalc.derivation.trees.indices import index_of, kinds_of, most, step_of, together
from paramcalc.derivation.trees.patterns import Rhythm, Turn, placed, rhythm, turn
from paramcalc.sizes.conditions import Condition
from paramcalc.sizes.symbols import Size, floored, symbol
from paramcalc.tree.block import Block
from paramcalc.tree.node import INDEX
from paramcalc.tree.paths import join

Rows: TypeAlias = "list[tuple[int, Block]]"  # the number of a point, and what stands at a place there

FEW = 3  # so many points at least must show a structure for its sizes to be fitted


@dataclass(frozen=True)
class Lists:
    """Brings lists of layers together: a block for those of one kind, `unified`, with its number of copies fitted."""

    sizes: Sizes
    unified: Callable[[Rows, str], Block]

    def blocks(self, runs: dict[int, list[list[Block]]], template: str, place: str) -> list[Block]:
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
        taken = self.turn(layers) if len({len(each) for each in runs.values()}) > 1 else None
        if taken is not None:
            return self._in_turn(layers, taken, template, where)
        longest = max(runs.values(), key=lambda each: (len(each), sum(map(len, each))))
        enough = len(layers[min(layers)]) >= sum(map(len, longest[:-2]))  # the first point shows all kinds but two
        if turning and enough and placed(kinds_of(longest), [kinds_of(each) for each in runs.values()]):
            return self._in_place(layers, list(map(len, longest)), template, where)
        if len(shown) < FEW:
            counts = ", ".join(str(len(each)) for each in list(runs.values())[:9])
            changes = f"the number of different layers changes with the sizes: {counts}"
            raise Unfit(
                changes, where=where, odd=odd_ones({point: len(together(each)) for point, each in runs.items()})
            )
        steps = {step_of(run) for each in shown.values() for run in each if len(run) > 1} or {1}
        if len(steps) > 1:
            raise Unfit("different layers take turns in no one rhythm", where=where)
        return self._in_line(shown, template, place, steps.pop())

    def _number(self, layers: Mapping[int, list[Block]], where: str) -> Size:
        return self.sizes.whole({point: len(each) for point, each in layers.items()}, "the number of layers", where)

    def _in_line(self, runs: dict[int, list[list[Block]]], template: str, place: str, step: int = 1) -> list[Block]:
        """Runs of layers that follow each other; the last ones may have no copies at some points."""
        where = join(place, template)
        blocks: list[Block] = []
        for number in range(max(len(each) for each in runs.values())):
            here = {point: each[number] for point, each in runs.items() if number < len(each)}
            rows = [(point, run[0]) for point, run in here.items()]
            block = self.unified(rows, join(place, rows[0][1].name))
            counts = {point: len(here.get(point, ())) for point in runs}
            repeat = self.sizes.whole(counts, "the number of layers", where)
            first = self.sizes.whole(
                {point: index_of(run[0].name) for point, run in here.items()}, "the first index", where
            )
            if repeat == 1 and isinstance(first, int):
                blocks.append(block.named(template.replace(INDEX, str(first))))
            else:
                blocks.append(replace(block, name=template, repeat=repeat, first=first, step=step))
        return blocks

    def _in_rhythm(self, layers: dict[int, list[Block]], found: Rhythm, template: str, place: str) -> list[Block]:
        """Layers that stand apart at either end, and between them one block for each place in the period."""
        where = join(place, template)
        before, period, after = found
        count = self._number(layers, where)
        blocks = []
        for number in range(before + period + after):
            apart = number < before or number >= before + period
            index = number if number < before + period else number - before - period - after
            least = before + after + (0 if apart else number - before + 1)
            rows = [(point, each[index]) for point, each in layers.items() if len(each) >= least]
            if len(rows) < FEW:
                raise Unfit("too few sizes show the rhythm of its layers", where=where)
            block = self.unified(rows, join(place, rows[0][1].name))
            if number < before:
                blocks.append(block.named(template.replace(INDEX, str(number))))
            elif apart:
                blocks.append(replace(block, name=template, repeat=1, first=count + index))
            else:
                repeat = floored(count - after - number + period - 1, period)
                blocks.append(replace(block, name=template, repeat=repeat, first=number, step=period))
        return blocks

    def turn(self, layers: Mapping[int, list[Block]]) -> Turn | None:
        """The size that says which layers are others, if one does."""
        kinds = [kinds_of([[block] for block in each]) for each in layers.values()]
        return turn(kinds, [self.sizes.points[point] for point in layers])

    def _in_turn(self, layers: dict[int, list[Block]], taken: Turn, template: str, where: str) -> list[Block]:
        """Layers of which every so many-th is another one, as a size says: those, and the others."""
        parted = {point: taken.parted(each, self.sizes.points[point]) for point, each in layers.items()}
        apart = max(taken.place, 0)
        blocks = []
        for number in range(apart):
            rows = [(point, each[number]) for point, each in layers.items() if len(each) > number]
            blocks.append(self.unified(rows, where).named(template.replace(INDEX, str(number))))
        period, last = symbol(taken.name), int(taken.place < 0)
        count = self._number(layers, where) - apart
        repeat = floored(count, period) if last else -floored(-count, period)
        numbers = ((repeat, apart + last * (period - 1), 1), (count - repeat, apart + 1 - last, period - 1))
        for kind, (copies, first, run) in enumerate(numbers):
            rows = [(point, each[kind][0]) for point, each in parted.items() if each[kind]]
            block = self.unified(rows, where)
            blocks.append(replace(block, name=template, repeat=copies, first=first, step=period, run=run))
        return blocks

    def _in_place(
        self, layers: dict[int, list[Block]], lengths: Sequence[int], template: str, where: str
    ) -> list[Block]:
        """Layers of which each place has one kind, whatever the sizes; there are more or fewer of the last kinds."""
        import sympy

        starts = [sum(lengths[:number]) for number in range(len(lengths))]
        count = self._number(layers, where)
        sure = max(start for start in starts if start <= len(layers[min(layers)]))
        odd = [point for point, each in layers.items() if len(each) < sure]
        if odd:
            bound = Condition(count, ">=", sure, "another model is built below")
            raise Unfit("fewer layers are not all of their kinds", where=where, odd=odd, bounds=(bound,))
        blocks = []
        for length, start in zip(lengths, starts, strict=True):
            block = self.unified([(point, each[start]) for point, each in layers.items() if len(each) > start], where)
            more = count - start if start == sure else sympy.Max(0, count - start)
            copies = length if start < sure else more if start == starts[-1] else sympy.Min(length, more)
            alone = block.named(template.replace(INDEX, str(start)))
            blocks.append(alone if copies == 1 else replace(block, name=template, repeat=copies, first=start))
        return blocks
