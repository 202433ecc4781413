"""Two trees side by side: what each component counts in one and in the other."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from fractions import Fraction
from operator import is_
from typing import TypeAlias

from paramcalc.analysis.breakdown import Row, breakdown
from paramcalc.sizes.symbols import Size, canonical, same
from paramcalc.tree.block import Block
from paramcalc.tree.fold import grouped, runs_of, unfold, whole
from paramcalc.tree.node import INDEX
from paramcalc.tree.paths import numbered
from paramcalc.tree.shapes import listed
from paramcalc.tree.tensor import TensorSpec
from paramcalc.tree.ties import absolute
from paramcalc.tree.traverse import bottom_up

Key: TypeAlias = tuple[tuple[str, int], ...]
Bare: TypeAlias = dict[int, Block]
MOST_UNFOLDED = 1_000_000


@dataclass(frozen=True, slots=True)
class Change:
    """A component in two trees; None stands for a tree that does not have it."""

    path: str
    label: str
    before: Size | None
    after: Size | None

    @property
    def difference(self) -> Size:
        """What the second tree has more than the first."""
        return canonical((self.after or 0) - (self.before or 0))

    @property
    def changed(self) -> bool:
        """Whether the component is missing in one tree, or counts differently."""
        return self.before is None or self.after is None or not same(self.before, self.after)

    @property
    def relative(self) -> Fraction | None:
        """The difference as a part of the first count; None where that is zero, missing or symbolic."""
        if not self.before or not isinstance(self.before, int) or not isinstance(self.difference, int):
            return None
        return Fraction(self.difference, self.before) if self.after is not None else None


@dataclass(frozen=True, slots=True)
class Diff:
    """The components of two trees in order, and their totals."""

    changes: tuple[Change, ...]
    total: Change

    @property
    def differs(self) -> bool:
        """Whether any component differs, even where the totals agree."""
        return self.total.changed or any(change.changed for change in self.changes)


def diff(a: Block, b: Block, *, depth: int | None = 1) -> Diff:
    """Return how two trees differ, component by component, `depth` levels down.

    It does not matter whether a tree has its layers as one block that repeats or apart. Modules without tensors are no
    components.

    >>> from paramcalc.architectures import architecture
    >>> small = diff(architecture("amnl"), architecture("amnl", lstm_hidden=64))
    >>> [(change.label, change.difference) for change in small.changes if change.changed][0]
    ('BiLSTM Encoder', -428288)

    Raises InvalidValue for a depth that is not a whole number of 0 or more.
    """
    before, after = (_keyed(breakdown(tree, depth=depth)) for tree in _common(a, b))
    changes = [_change(before.get(key), after.get(key)) for key in _merged(list(before), list(after))]
    total, *components = changes
    return Diff(tuple(components), total)


def _common(a: Block, b: Block) -> tuple[Block, Block]:
    """Both trees with numbered neighbours that count alike as one block, wherever that gives both as many of them."""
    trees = _held(a), _held(b)
    bare: Bare = {}
    for tree in trees:
        bottom_up(tree, lambda block, below: bare.setdefault(id(block), _counted(block, below)))
    apart = _apart(*trees, bare)
    first, second = (bottom_up(tree, lambda block, below: _grouped(block, below, bare, apart)) for tree in trees)
    return first, second


def _held(tree: Block) -> Block:
    """The tree with its repeats written out, without what holds no tensors."""
    written = unfold(tree) if listed(tree) <= MOST_UNFOLDED else tree
    empty = _empty(written)

    def visit(block: Block, below: list[Block]) -> Block:
        kept = [new for new, child in zip(below, block.children, strict=True) if id(child) not in empty]
        same_as_before = len(kept) == len(block.children) and all(map(is_, kept, block.children))
        return block if same_as_before else replace(block, children=tuple(kept))

    return bottom_up(written, visit)


def _empty(tree: Block) -> set[int]:
    """The blocks, by id, that hold no tensors, their own or shared."""
    found: set[int] = set()

    def visit(block: Block, below: list[bool]) -> bool:
        empty = all(below) and not block.own and (block.tied_to is None or id(block) in found)
        if empty:
            found.add(id(block))
        return empty

    shared = [(block, absolute(path.rpartition(".")[0], block.tied_to)) for path, block in tree.walk() if block.tied_to]
    firsts = [(block, tree.find_block(tuple(target.split(".")))) for block, target in shared]
    while True:
        bottom_up(tree, visit)
        more = {id(block) for block, first in firsts if first is not None and (id(first) in found or _bare(first))}
        if more <= found:
            return found
        found |= more


def _bare(block: Block) -> bool:
    return not (block.own or block.children or block.tied_to)


def _counted(block: Block, below: list[Block]) -> Block:
    """What of a block counts: names, shapes, roles and ties."""
    own = tuple(TensorSpec(each.name, each.shape, each.role, tied_to=each.tied_to) for each in block.own)
    children, tied_to = tuple(below), block.tied_to
    return Block(block.name, "", own, children, tied_to=tied_to, **block.numbers)


def _runs(block: Block, bare: Bare) -> list[range]:
    """The places of the numbered children of a block, neighbours that count alike and count up together."""
    runs, start = [], 0
    for run in runs_of(block.children, lambda child: whole(bare[id(child)])):
        name, _ = numbered(run[0].name) or (run[0].name, None)
        runs += [range(start, start + len(run))] if name == INDEX else []
        start += len(run)
    return runs


def _apart(a: Block, b: Block, bare: Bare) -> set[int]:
    """The blocks, by id, whose numbered children stay apart, as they fall into another number of runs on each side."""
    pairs: set[tuple[int, int]] = set()
    apart: set[int] = set()
    stack = [(a, b)]
    while stack:
        one, other = stack.pop()
        if (id(one), id(other)) in pairs:
            continue
        pairs.add((id(one), id(other)))
        runs = _runs(one, bare), _runs(other, bare)
        if len(runs[0]) != len(runs[1]):
            apart |= {id(one), id(other)}
        else:
            stack += ((one.children[x[0]], other.children[y[0]]) for x, y in zip(*runs, strict=True))
        shared = (name for name in one.children_by_name if name in other.children_by_name)
        stack += ((one.children_by_name[name], other.children_by_name[name]) for name in shared)
    while more := {each for pair in pairs if apart.intersection(pair) for each in pair} - apart:
        apart |= more
    return apart


def _grouped(block: Block, below: list[Block], bare: Bare, apart: set[int]) -> Block:
    """The block with each run of its children as one block that repeats."""
    children: dict[int, Block] = dict(enumerate(below))
    for first, *others in [] if id(block) in apart else _runs(block, bare):
        children[first] = grouped(below[first], 1 + len(others))
        for place in others:
            del children[place]
    return replace(block, children=tuple(children.values()))


def _keyed(rows: tuple[Row, ...]) -> dict[Key, Row]:
    """Rows by the names above and at them; numbered ones by their order, so that 12 layers are compared with 24."""
    keyed: dict[Key, Row] = {}
    above: list[Key] = [()]
    seen: Counter[tuple[Key, str]] = Counter()
    for row in rows:
        del above[row.level + 1 :]
        place = INDEX if row.place.isdigit() else row.place
        order = seen[above[-1], place]
        seen[above[-1], place] += 1
        key = (*above[-1], (place, order)) if row.level else ()
        keyed[key] = row
        above.append(key)
    return keyed


def _merged(a: list[Key], b: list[Key]) -> list[Key]:
    """All keys of both lists; what only the second has comes after what precedes it there."""
    merged, known = list(a), set(a)
    for number, key in enumerate(b):
        if key not in known:
            merged.insert(merged.index(b[number - 1]) + 1 if number else 0, key)
            known.add(key)
    return merged


def _change(before: Row | None, after: Row | None) -> Change:
    row = before or after
    assert row is not None
    return Change(row.path, row.label or row.layer, before.params if before else None, after.params if after else None)
