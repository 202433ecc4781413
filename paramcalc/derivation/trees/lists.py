"""Lists of layers at several points as few blocks: runs of equal ones, a cycle, turns that a size says, or places.

Each of these is a strategy; `Lists.STRATEGIES` has them in the order in which they are tried.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import ClassVar, TypeAlias

from paramcalc.derivation.fitting.dimensions import Dimensions
from paramcalc.derivation.fitting.misfit import Misfit, NoFit, odd_ones
from paramcalc.derivation.trees.indices import by_kind, index_of, kinds_of, most, step_of
from paramcalc.derivation.trees.patterns import Turn, cycle_of, same_by_place, turn_of
from paramcalc.sizes.conditions import Condition
from paramcalc.sizes.symbols import Size, floored, symbol
from paramcalc.tree.block import Block
from paramcalc.tree.node import INDEX
from paramcalc.tree.paths import join

Rows: TypeAlias = "list[tuple[int, Block]]"  # the number of a point, and what stands at a place there
Runs: TypeAlias = "Mapping[int, list[list[Block]]]"  # by the number of the point

FEW = 3  # so many points at least must show a structure for its sizes to be fitted


@dataclass(frozen=True)
class Layers:
    """A list of layers at several points, in runs of equal ones; `template` is their name, `place` that of the list."""

    runs: Runs
    template: str
    place: str

    @property
    def path(self) -> str:
        """Where the layers stand, with {} for their number."""
        return join(self.place, self.template)

    def named(self, block: Block, number: int) -> Block:
        """Return a block as the one layer of a number."""
        return block.named(self.template.replace(INDEX, str(number)))

    @cached_property
    def at(self) -> dict[int, list[Block]]:
        """All layers at each point, in their order."""
        return {point: [block for run in each for block in run] for point, each in self.runs.items()}

    @cached_property
    def kinds(self) -> list[list[object]]:
        """What each layer is, point by point."""
        return [kinds_of(each) for each in self.runs.values()]

    @cached_property
    def fewer_at_first(self) -> bool:
        """Whether there are fewer runs at the first point than at others."""
        return 0 in self.runs and 0 not in most(self.runs)

    @cached_property
    def shown(self) -> Runs:
        """The runs at the points that show most of them; where these are few, all layers of one kind as one run."""
        shown = most(self.runs)
        return shown if len(shown) >= FEW else most({point: by_kind(each) for point, each in self.runs.items()})

    @cached_property
    def take_turns(self) -> bool:
        """Whether layers of several kinds seem to take turns: there are no runs that all points show."""
        uneven = any(not step_of(run) for each in self.shown.values() for run in each if len(run) > 1)
        return self.fewer_at_first or len(self.shown) < FEW or uneven


@dataclass(frozen=True)
class Lists:
    """Brings lists of layers together: a block for those of one kind, `merged`, with its number of copies fitted."""

    dimensions: Dimensions
    merged: Callable[[Rows, str], Block]

    def blocks(self, layers: Layers) -> list[Block]:
        """Return a list of layers as blocks, by the first strategy that has an answer.

        Raises NoFit where none has.
        """
        for strategy in self.STRATEGIES:
            blocks = strategy(self, layers)
            if blocks is not None:
                return blocks
        raise AssertionError("the last strategy answers or raises")

    def _with_last_runs_absent(self, layers: Layers) -> list[Block] | None:
        """Runs in line, the last of which have no copies at the first point."""
        if not layers.fewer_at_first:
            return None
        try:
            return self._in_line(layers, layers.runs)
        except NoFit:
            return None

    def _in_cycle(self, layers: Layers) -> list[Block] | None:
        """Layers that stand apart at either end, and between them one block for each place in the period."""
        cycle = cycle_of(layers.kinds) if layers.take_turns else None
        if cycle is None:
            return None
        try:
            count = self._layer_count(layers)
            return [self._of_cycle(layers, count, *cycle, number) for number in range(sum(cycle))]
        except NoFit as error:
            if not error.misfit.numbers:
                raise
            return None

    def _of_cycle(self, layers: Layers, count: Size, before: int, period: int, after: int, number: int) -> Block:
        """The block of one layer that stands apart, or of one place in the period."""
        apart = number < before or number >= before + period
        index = number if number < before + period else number - before - period - after
        least = before + after + (0 if apart else number - before + 1)
        rows = [(point, each[index]) for point, each in layers.at.items() if len(each) >= least]
        if len(rows) < FEW:
            raise NoFit(Misfit("too few sizes show the cycle of its layers", layers.path))
        block = self.merged(rows, join(layers.place, rows[0][1].name))
        if number < before:
            return layers.named(block, number)
        if apart:
            return replace(block, name=layers.template, repeat=1, first=count + index)
        repeat = floored(count - after - number + period - 1, period)
        return replace(block, name=layers.template, repeat=repeat, first=number, step=period)

    def turn(self, layers: Mapping[int, list[Block]]) -> Turn | None:
        """Return the size that says which layers are others, if one does."""
        kinds = [kinds_of([[block] for block in each]) for each in layers.values()]
        return turn_of(kinds, [self.dimensions.points[point] for point in layers])

    def _in_turn(self, layers: Layers) -> list[Block] | None:
        """Layers of which every so many-th is another one, as a size says: those, and the others."""
        lengths = {len(each) for each in layers.runs.values()}
        turn = self.turn(layers.at) if len(lengths) > 1 else None
        if turn is None:
            return None
        parted = {point: turn.parted(each, self.dimensions.points[point]) for point, each in layers.at.items()}
        apart = max(turn.place, 0)
        blocks = []
        for number in range(apart):
            rows = [(point, each[number]) for point, each in layers.at.items() if len(each) > number]
            blocks.append(layers.named(self.merged(rows, layers.path), number))
        period, last = symbol(turn.name), int(turn.place < 0)
        count = self._layer_count(layers) - apart
        repeat = floored(count, period) if last else -floored(-count, period)
        numbers = ((repeat, apart + last * (period - 1), 1), (count - repeat, apart + 1 - last, period - 1))
        for kind, (copies, first, run) in enumerate(numbers):
            rows = [(point, each[kind][0]) for point, each in parted.items() if each[kind]]
            block = self.merged(rows, layers.path)
            blocks.append(replace(block, name=layers.template, repeat=copies, first=first, step=period, run=run))
        return blocks

    def _by_place(self, layers: Layers) -> list[Block] | None:
        """Layers of which each place has one kind, whatever the sizes; there are more or fewer of the last kinds."""
        longest = max(layers.runs.values(), key=lambda each: (len(each), sum(map(len, each))))
        enough = len(layers.at[min(layers.at)]) >= sum(map(len, longest[:-2]))  # the first shows all kinds but two
        if not (layers.take_turns and enough and same_by_place(kinds_of(longest), layers.kinds)):
            return None
        lengths = [len(run) for run in longest]
        starts = [sum(lengths[:number]) for number in range(len(lengths))]
        count = self._layer_count(layers)
        sure = max(start for start in starts if start <= len(layers.at[min(layers.at)]))
        odd = frozenset(point for point, each in layers.at.items() if len(each) < sure)
        if odd:
            bound = Condition(count, ">=", sure, "another model is built below")
            raise NoFit(Misfit("fewer layers are not all of their kinds", layers.path, odd=odd, bounds=(bound,)))
        return [
            self._from_place(layers, start, _copies(count, length, start, sure, last=start == starts[-1]))
            for length, start in zip(lengths, starts, strict=True)
        ]

    def _from_place(self, layers: Layers, start: int, copies: Size) -> Block:
        """The block of so many layers of one kind from a place on."""
        rows = [(point, each[start]) for point, each in layers.at.items() if len(each) > start]
        block = self.merged(rows, layers.path)
        if copies == 1:
            return layers.named(block, start)
        return replace(block, name=layers.template, repeat=copies, first=start)

    def _in_runs(self, layers: Layers) -> list[Block]:
        """Runs of equal layers, as many at all points that show them."""
        if len(layers.shown) < FEW:
            counts = ", ".join(str(len(each)) for each in list(layers.runs.values())[:9])
            odd = odd_ones({point: len(by_kind(each)) for point, each in layers.runs.items()})
            raise NoFit(
                Misfit(f"the number of different layers changes with the sizes: {counts}", layers.path, odd=odd)
            )
        steps = {step_of(run) for each in layers.shown.values() for run in each if len(run) > 1} or {1}
        if len(steps) > 1:
            raise NoFit(Misfit("different layers take turns in no one cycle", layers.path))
        return self._in_line(layers, layers.shown, steps.pop())

    def _layer_count(self, layers: Layers) -> Size:
        counts = {point: len(each) for point, each in layers.at.items()}
        return self.dimensions.whole(counts, "the number of layers", layers.path)

    def _in_line(self, layers: Layers, runs: Runs, step: int = 1) -> list[Block]:
        """Runs of layers that follow each other; the last ones may have no copies at some points."""
        blocks: list[Block] = []
        for number in range(max(len(each) for each in runs.values())):
            here = {point: each[number] for point, each in runs.items() if number < len(each)}
            rows = [(point, run[0]) for point, run in here.items()]
            block = self.merged(rows, join(layers.place, rows[0][1].name))
            counts = {point: len(here.get(point, ())) for point in runs}
            firsts = {point: index_of(run[0].name) for point, run in here.items()}
            repeat = self.dimensions.whole(counts, "the number of layers", layers.path)
            first = self.dimensions.whole(firsts, "the first index", layers.path)
            if repeat == 1 and isinstance(first, int):
                blocks.append(layers.named(block, first))
            else:
                blocks.append(replace(block, name=layers.template, repeat=repeat, first=first, step=step))
        return blocks

    STRATEGIES: ClassVar[Sequence[Callable[[Lists, Layers], list[Block] | None]]] = (
        _with_last_runs_absent,
        _in_cycle,
        _in_turn,
        _by_place,
        _in_runs,
    )


def _copies(count: Size, length: int, start: int, sure: int, *, last: bool) -> Size:
    """How many layers of a kind there are from a place on, of which all points show `sure` ones before."""
    import sympy

    if start < sure:
        return length
    more = count - start if start == sure else sympy.Max(0, count - start)
    return more if last else sympy.Min(length, more)
