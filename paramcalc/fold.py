"""Equal neighbours as one block that repeats, and back."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import groupby
from operator import is_

from paramcalc.errors import InvalidValue
from paramcalc.paths import INDEX, unrolled
from paramcalc.tensor import TensorSpec
from paramcalc.traverse import bottom_up
from paramcalc.tree import Block

_NUMBERED = re.compile(r"(.*?)(0|[1-9][0-9]*)")


def fold(block: Block) -> Block:
    """Return the tree with runs of equal, consecutively numbered siblings as one block that repeats.

    >>> from paramcalc.tree import compose
    >>> layer = Block("", "Linear", (TensorSpec("weight", (4, 4)),))
    >>> folded = fold(compose("ModuleList", {"0": layer, "1": layer, "2": layer}))
    >>> [(child.name, child.repeat) for child in folded.children]
    [('{}', 3)]
    """
    return bottom_up(block, _folded)


def unfold(block: Block) -> Block:
    """Return the tree with every integer number of repeats written out; symbolic ones stay as they are.

    >>> from paramcalc.tree import compose
    >>> layer = Block("", "Linear", (TensorSpec("weight", (4, 4)),))
    >>> tree = compose("ModuleList", {"0": layer, "1": layer, "2": layer})
    >>> unfold(fold(tree)) == tree
    True
    """
    return bottom_up(block, _unfolded)


def _folded(block: Block, children: list[Block]) -> Block:
    groups: list[Block] = []
    for (name, _, _), run in groupby(enumerate(children), key=lambda pair: _run(*pair)):
        copies = [child for _, child in run]
        if len(copies) == 1:
            groups.append(copies[0])
        else:
            groups.append(replace(copies[0], name=name, repeat=len(copies), first=_number(copies[0])))
    unchanged = len(groups) == len(block.children) and all(map(is_, groups, block.children))
    if unchanged:
        return block
    try:
        return replace(block, children=tuple(groups))
    except InvalidValue:  # folded, two names could be one: `a{}` and `a1{}`
        return replace(block, children=tuple(children))


def _run(position: int, child: Block) -> tuple[str, int, object]:
    """What the members of a run have in common: all but the number, and the number less the position."""
    numbered = _NUMBERED.fullmatch(child.name)
    if numbered is None or child.repeated:
        return ("", -1 - position, None)
    return (numbered[1] + INDEX, int(numbered[2]) - position, (child.content(), child.children))


def _number(child: Block) -> int:
    numbered = _NUMBERED.fullmatch(child.name)
    return int(numbered[2]) if numbered else 0


def _unfolded(block: Block, children: list[Block]) -> Block:
    own, plain = list(block.own), []
    for child in children:
        if not (child.repeated and isinstance(child.repeat, int) and isinstance(child.first, int)):
            plain.append(child)
        elif child.name:
            plain += (replace(child, name=name, repeat=1, first=0) for name in unrolled(child.name, child))
        else:
            own += (replace(tensor, name=name) for name, tensor in _copies(child))
    return replace(block, own=tuple(own), children=tuple(plain))


def _copies(group: Block) -> list[tuple[str, TensorSpec]]:
    """Every tensor of a nameless group, all of one index before those of the next."""
    columns = [unrolled(tensor.name, group) for tensor in group.own]
    return [pair for names in zip(*columns, strict=True) for pair in zip(names, group.own, strict=True)]
