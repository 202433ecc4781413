"""Where the parameters sit: a tree as rows that add up to the total at every depth."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from paramcalc.errors import InvalidValue
from paramcalc.sizes.symbols import Size, canonical
from paramcalc.tree.block import Block
from paramcalc.tree.node import INDEX
from paramcalc.tree.paths import join
from paramcalc.tree.tensor import TensorSpec
from paramcalc.tree.ties import absolute
from paramcalc.tree.totals import Totals, copied, of_tensor
from paramcalc.tree.traverse import bottom_up

_SPANS = re.compile(r"\[[^\]]*\]")
_LAYERS = {
    "parameter": "Parameter",
    "frozen": "Parameter (frozen)",
    "buffer": "Buffer",
    "packed": "Packed (outside parameters())",
}


@dataclass(frozen=True, slots=True)
class Term:
    """So many tensors of one shape; `tied_to` is the path of the first place where they are shared and count 0.

    `note` is what their TensorSpec remarks.
    """

    count: Size
    shape: tuple[Size, ...]
    tied_to: str | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a breakdown.

    `path` and `level` say where it stands (`place` is its own name, `{}` for numbered copies), `layer` what it is,
    `times` how many copies it sums, `terms` the parameters it owns, `note` what else there is to say. `counted` rows
    add up to the total; the others are subtotals of the rows below them. `empty` rows stand for modules without
    tensors, their own or below them.
    """

    path: str
    place: str
    name: str
    level: int
    layer: str
    label: str
    times: Size
    terms: tuple[Term, ...]
    totals: Totals
    counted: bool
    note: str = ""
    empty: bool = False

    @property
    def params(self) -> Size:
        """The number of parameters of all copies."""
        return self.totals.params


def breakdown(block: Block, *, depth: int | None = None) -> tuple[Row, ...]:
    """Return the rows of a tree, the root first, down to `depth` levels below it, or all of them.

    >>> from paramcalc.architectures import architecture
    >>> [(row.path, row.params) for row in breakdown(architecture("amnl"), depth=1)][:3]
    [('', 960964), ('cnn', 53184), ('lstm', 594432)]

    Raises InvalidValue for a depth that is not a whole number of 0 or more.
    """
    if depth is not None and (isinstance(depth, bool) or not isinstance(depth, int) or depth < 0):
        raise InvalidValue(f"got {depth!r}", where="depth", expected="a whole number of 0 or more")
    return tuple(_rows(block, depth))


def tensor_rows(block: Block) -> tuple[Row, ...]:
    """Return a row for every tensor of a tree, tied ones and buffers included.

    >>> from paramcalc.layers import Linear
    >>> [(row.path, row.params) for row in tensor_rows(Linear(4, 3))]
    [('weight', 12), ('bias', 3)]
    """
    rows: list[Row] = []
    stack: list[tuple[str, str, Block, Size]] = [("", "", block, 1)]
    while stack:
        path, shown, each, outside = stack.pop()
        times = canonical(outside * each.repeat)
        rows += _own_rows(each, path, shown, 0, times)
        below = [child for child in each.children if child.name]
        stack += ((join(path, child.name), join(shown, place(child)), child, times) for child in reversed(below))
    return tuple(rows)


def _rows(root: Block, depth: int | None) -> Iterator[Row]:
    stack: list[tuple[str, str, Block, int, Size]] = [("", "", root, 0, 1)]
    while stack:
        path, shown, block, level, outside = stack.pop()
        times = canonical(outside * block.repeat)
        below = [child for child in block.children if child.name]
        counted = not below or level == depth
        terms = _terms(block, path, shown) if not below else ()
        name = place(block) if path else block.name or block.label
        totals = copied(block.totals, outside)
        note = _note(block, path, shown, leaf=not below)
        layer = block.title if block.kind else ""
        empty = bottom_up(block, _empty, keep=True)
        yield Row(shown, block.name, name, level, layer, block.label, times, terms, totals, counted, note, empty)
        if counted:
            continue
        yield from _own_rows(block, path, shown, level + 1, times)
        stack += (
            (join(path, child.name), join(shown, place(child)), child, level + 1, times) for child in reversed(below)
        )


def _empty(block: Block, below: list[bool]) -> bool:
    return all(below) and not (block.own or block.tied_to or block.note)


def place(block: Block) -> str:
    """Return a block's name as rows show it, the range of its copies in brackets.

    >>> place(Block("{}", "Linear", repeat=12))
    '[0..11]'
    """
    if not block.repeated:
        return block.name
    last = canonical(block.first + block.step * (block.repeat - 1))
    if block.run != 1:
        span = f"[{block.first}.., {block.run} of every {block.step}]"
    elif last == block.first:
        span = f"{block.first}"
    else:
        span = f"[{block.first}..{last}]" if block.step == 1 else f"[{block.first}..{last} by {block.step}]"
    return block.name.replace(INDEX, span)


def _own_rows(block: Block, path: str, shown: str, level: int, times: Size) -> Iterator[Row]:
    """The tensors that a block owns beside children, each as a row."""
    owned = [(tensor, tensor.name, times) for tensor in block.own]
    for group in block.children:
        if not group.name:
            span = place(Block(INDEX, **group.numbers))
            copies = canonical(times * group.repeat)
            owned += [(tensor, tensor.name.replace(INDEX, span), copies) for tensor in group.own]
    for tensor, name, copies in owned:
        terms = (_term(tensor, path, shown, tensor.remark),) if tensor.is_parameter else ()
        totals = copied(of_tensor(tensor), copies)
        note = "" if terms else tensor.remark
        where = join(shown, name)
        yield Row(where, tensor.name, name, level, _LAYERS[tensor.role], "", copies, terms, totals, True, note)


def _terms(block: Block, path: str, shown: str) -> tuple[Term, ...]:
    """The parameters of a block without named children, equal shapes together."""
    merged: dict[Term, Size] = {}
    for count, tensor in _owned(block):
        if tensor.is_parameter:
            frozen = "frozen" if tensor.role == "frozen" else ""
            term = _term(tensor, path, shown, ", ".join(filter(None, [frozen, tensor.remark])))
            merged[term] = canonical(merged.get(term, 0) + count)
    return tuple(replace(term, count=count) for term, count in merged.items())


def _owned(block: Block) -> Iterator[tuple[Size, TensorSpec]]:
    yield from ((1, tensor) for tensor in block.own)
    for child in block.children:
        if not child.name:
            yield from ((child.repeat, tensor) for tensor in child.own)


def _term(tensor: TensorSpec, path: str, shown: str, note: str) -> Term:
    return Term(1, tensor.shape, _target(path, shown, tensor.tied_to) if tensor.tied_to else None, note)


def _target(path: str, shown: str, tied_to: str) -> str:
    """The first place of what is shared, from the root; in copies of a block with the range of those."""
    target = absolute(path, tied_to)
    for span in _SPANS.findall(shown):
        target = target.replace(INDEX, span, 1)
    return target


def _note(block: Block, path: str, shown: str, *, leaf: bool) -> str:
    """What a row remarks: where its block is whole, what is special about its buffers, what lies packed in it."""
    shared = "" if block.tied_to is None else f"shared with {_target(path.rpartition('.')[0], shown, block.tied_to)}"
    buffers = [f"{each.name} {each.remark}" for each in block.own if leaf and each.role == "buffer" and each.remark]
    packed = [tensor for tensor in block.own if tensor.role == "packed"]
    kept = ", ".join(f"{tensor.dtype} {tensor.name} {'×'.join(map(str, tensor.shape))}" for tensor in packed)
    return ", ".join(
        filter(None, [shared, *buffers, f"packed outside parameters(): {kept}" if kept else "", block.note])
    )
