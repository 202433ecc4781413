"""What a tree is made of, whatever its sizes and numbers of layers: to tell one structure from another."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from itertools import groupby

from paramcalc.sizes.symbols import Size
from paramcalc.tree.block import Block
from paramcalc.tree.paths import template_of
from paramcalc.tree.traverse import bottom_up


def structure(tree: Block) -> Hashable:
    """Return the classes, tensors and layers of a tree without sizes; equal neighbours that are numbered count once.

    So do tensors of a module that are numbered, as those of LSTM are, whether or not they are neighbours.

    >>> from paramcalc.layers import LSTM, Linear
    >>> few = Block(children=(Linear(2, 3).named("0"), Linear(3, 3).named("1")))
    >>> many = Block(children=tuple(Linear(8, 8).named(str(number)) for number in range(6)))
    >>> structure(few) == structure(many), structure(few) == structure(Linear(2, 3))
    (True, False)
    >>> structure(LSTM(2, 3, 2)) == structure(LSTM(2, 3, 4)), structure(LSTM(2, 3)) == structure(LSTM(2, 3, bias=False))
    (True, False)
    """
    return bottom_up(tree, _structure)


def at_place(tree: Block, place: str | None) -> Hashable:
    """Return what a module is, or the module of a tensor: its class, its own tensors without sizes, and its children.

    No place is the root.

    >>> from paramcalc.layers import Linear
    >>> model = Block(children=(Linear(2, 3).named("0"), Linear(3, 3, bias=False).named("1")))
    >>> at_place(model, "0") == at_place(model, "1"), at_place(model, "0.weight") == at_place(model, "0.bias")
    (False, True)
    """
    parts = tuple((place or "").split("."))
    block = tree.find_block(parts) or tree.find_block(parts[:-1]) or tree
    own = [(template_of(each.name), each.role, each.dtype, each.tied_to, len(each.shape)) for each in block.own]
    names = [template_of(child.name) for child in block.children]
    return block.kind, block.tied_to, tuple(dict.fromkeys(own)), _once(names)


def same_lists(tree: Block, other: Block) -> bool:
    """Whether the lists of layers that stand at the same places in two trees are as long.

    >>> from paramcalc.layers import Linear
    >>> few = Block(children=(Linear(2, 3).named("0"), Linear(3, 3).named("1")))
    >>> same_lists(few, few), same_lists(few, Block(children=few.children[:1]))
    (True, False)
    """
    ours, theirs = _lists(tree), _lists(other)
    return all(ours[path] == theirs[path] for path in ours.keys() & theirs.keys())


def _lists(tree: Block) -> dict[str, int]:
    """How many children with a number for a name there are, by the path of their parent."""
    return {path: sum(child.name.isdigit() for child in block.children) for path, block in tree.walk()}


def size_at(tree: Block, place: str | None, dimension: int | None) -> Size | None:
    """Return a dimension of the tensor of a name, or how many layers a template stands for; None where there is none.

    >>> from paramcalc.layers import Linear
    >>> model = Block(children=(Linear(2, 3).named("0"), Linear(3, 3, bias=False).named("1")))
    >>> size_at(model, "0.weight", 1), size_at(model, "{}", None), size_at(model, "2.weight", 0)
    (2, 2, None)
    """
    parts = tuple((place or "").split("."))
    if dimension is None:
        block = tree.find_block(parts[:-1])
        return None if block is None else sum(template_of(child.name) == parts[-1] for child in block.children)
    tensor = tree.find(parts)
    return None if tensor is None or len(tensor.shape) <= dimension else tensor.shape[dimension]


def _structure(block: Block, children: list[Hashable]) -> Hashable:
    names = [template_of(child.name) for child in block.children]
    own = [(template_of(each.name), each.role, each.dtype, len(each.shape)) for each in block.own]
    return block.kind, block.tied_to, tuple(dict.fromkeys(own)), _once(zip(names, children, strict=True))


def _once(items: Iterable[Hashable]) -> tuple[Hashable, ...]:
    return tuple(item for item, _ in groupby(items))
