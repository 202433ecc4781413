"""The sizes in a tree, shapes as text, and how many tensors it lists."""

from __future__ import annotations

from collections.abc import Iterable

from paramcalc.sizes.symbols import Size
from paramcalc.tree.block import Block
from paramcalc.tree.traverse import bottom_up


def sizes_of(tree: Block) -> list[Size]:
    """Return the dimensions of all tensors of a tree, and the numbers of copies of its blocks with their first ones."""
    return dimensions(tree) + [size for _, block in tree.walk() for size in block.numbers.values()]


def dimensions(tree: Block) -> list[Size]:
    """Return the dimensions of all tensors of a tree."""
    return [size for _, block in tree.walk() for tensor in block.own for size in tensor.shape]


def shape_text(shape: Iterable[Size]) -> str:
    """Return a shape as Python writes a tuple.

    >>> shape_text((3, 4)), shape_text((3,))
    ('(3, 4)', '(3,)')
    """
    sizes = [str(size) for size in shape]
    return f"({', '.join(sizes)}{',' if len(sizes) == 1 else ''})"


def listed(tree: Block) -> int:
    """Return how many tensors and blocks without any a tree lists, each copy for itself, symbolic repeats as one.

    >>> from paramcalc.tree.tensor import TensorSpec
    >>> listed(Block(children=(Block("{}", "Linear", (TensorSpec("weight", (3, 4)),), repeat=10**9),)))
    1000000000
    """
    return bottom_up(tree, _listed)


def _listed(block: Block, below: list[int]) -> int:
    return (block.repeat if isinstance(block.repeat, int) else 1) * max(1, len(block.own) + sum(below))
