"""Equal neighbours as one block that repeats, and back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import groupby
from operator import is_

from paramcalc.errors import InvalidValue
from paramcalc.tree.block import Block
from paramcalc.tree.node import INDEX
from paramcalc.tree.paths import counted, numbered, unrolled
from paramcalc.tree.tensor import TensorSpec
from paramcalc.tree.traverse import bottom_up


def fold(block: Block) -> Block:
    """Return the tree with runs of equal, consecutively numbered siblings as one block that repeats.

    >>> from paramcalc.tree.block import compose
    >>> layer = Block("", "Linear", (TensorSpec("weight", (4, 4)),))
    >>> folded = fold(compose("ModuleList", {"0": layer, "1": layer, "2": layer}))
    >>> [(child.name, child.repeat) for child in folded.children]
    [('{}', 3)]
    """
    folded: dict[int, Block] = {}
    stack: list[tuple[Block, list[list[Block]] | None]] = [(block, None)]
    while stack:
        each, runs = stack.pop()
        if id(each) in folded:
            continue
        if runs is not None:
            folded[id(each)] = _folded(each, [(folded[id(run[0])], run) for run in runs])
        elif not each.children:
            folded[id(each)] = each
        else:  # one of each run: the others are equal to it
            runs = runs_of(each.children)
            stack.append((each, runs))
            stack += ((run[0], None) for run in runs)
    return folded[id(block)]


def unfold(block: Block) -> Block:
    """Return the tree with every integer number of repeats written out; symbolic ones stay as they are.

    >>> from paramcalc.tree.block import compose
    >>> layer = Block("", "Linear", (TensorSpec("weight", (4, 4)),))
    >>> tree = compose("ModuleList", {"0": layer, "1": layer, "2": layer})
    >>> unfold(fold(tree)) == tree
    True
    """
    return bottom_up(block, _unfolded)


def _folded(block: Block, runs: list[tuple[Block, list[Block]]]) -> Block:
    """The block with each run as one block, and with runs that only folding made equal together."""
    if len(runs) > 1 and any(each is not run[0] for each, run in runs):
        written = [each.named(child.name) for each, run in runs for child in run]
        runs = [(run[0], run) for run in runs_of(written)]
    groups = [grouped(each, len(run)) for each, run in runs]
    if len(groups) == len(block.children) and all(map(is_, groups, block.children)):
        return block
    try:
        return replace(block, children=tuple(groups))
    except InvalidValue:  # folded, two names could be one: `a{}` and `a1{}`
        return replace(block, children=tuple(each.named(child.name) for each, run in runs for child in run))


def grouped(block: Block, copies: int) -> Block:
    """Return so many equal blocks, of which this is the first, as one that repeats."""
    if copies == 1:
        return block
    template = numbered(block.name)
    assert template is not None, block.name
    return replace(block, name=template[0], repeat=copies, first=template[1])


def whole(block: Block) -> object:
    """Return all that a block is but for its name."""
    return block.content(), block.children


def runs_of(blocks: Sequence[Block], content: Callable[[Block], object] = whole) -> list[list[Block]]:
    """Return neighbours in runs: of equal content, under one name but for the numbers in it, which count up."""

    def shared(pair: tuple[int, Block]) -> tuple[str, int, object]:
        """What the members of a run have in common: all but the number, and the number less the position."""
        position, child = pair
        template = None if child.repeated else numbered(child.name)
        if template is None:
            return ("", -1 - position, None)
        name, number = template
        return (name, number - position, content(child))

    return [[block for _, block in run] for _, run in groupby(enumerate(blocks), key=shared)]


def _unfolded(block: Block, children: list[Block]) -> Block:
    own, plain = list(block.own), []
    for child in children:
        if not (child.repeated and counted(child)):
            plain.append(child)
        elif child.name:
            copy = replace(child, name=child.name.replace(INDEX, "0"), repeat=1, first=0, step=1, run=1)
            plain += (copy.named(name) for name in unrolled(child.name, child))
        else:
            own += (replace(tensor, name=name) for name, tensor in _copies(child))
    return replace(block, own=tuple(own), children=tuple(plain))


def _copies(group: Block) -> list[tuple[str, TensorSpec]]:
    """Every tensor of a nameless group, all of one index before those of the next."""
    columns = [unrolled(tensor.name, group) for tensor in group.own]
    return [pair for names in zip(*columns, strict=True) for pair in zip(names, group.own, strict=True)]
