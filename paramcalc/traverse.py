"""One pass over a tree from the leaves up, without recursion, so that depth has no limit."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from paramcalc.tree import Block

T = TypeVar("T")


def bottom_up(root: Block, visit: Callable[[Block, list[T]], T], *, keep: str = "") -> T:
    """Return `visit(block, results of its children)` for the root.

    A block that stands in several places is visited once. With `keep`, each result stays on its block under that name,
    so that the next pass starts from it.
    """
    results: dict[int, T] = {}
    stack = [(root, False)]
    while stack:
        block, ready = stack.pop()
        if id(block) in results:
            continue
        if keep and keep in block.__dict__:
            results[id(block)] = block.__dict__[keep]
        elif ready or not block.children:
            result = visit(block, [results[id(child)] for child in block.children])
            results[id(block)] = result
            if keep:
                block.__dict__[keep] = result
        else:
            stack.append((block, True))
            stack.extend((child, False) for child in block.children)
    return results[id(root)]
