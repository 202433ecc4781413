"""One pass over a tree from the leaves up, without recursion, so that depth has no limit."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from paramcalc.tree.node import Node

N = TypeVar("N", bound=Node)
T = TypeVar("T")


def bottom_up(root: N, visit: Callable[[N, list[T]], T], *, keep: bool = False) -> T:
    """Return `visit(block, results of its children)` for the root.

    A block that stands in several places is visited once. With `keep`, each result stays on its block as the answer to
    `visit`, so that the next pass starts from it; no result may be None then.
    """
    results: dict[int, T] = {}
    stack: list[tuple[N, bool]] = [(root, False)]
    while stack:
        block, ready = stack.pop()
        if id(block) in results:
            continue
        kept = block.recall(visit) if keep else None
        if kept is not None:
            results[id(block)] = kept
        elif ready or not block.children:
            result = visit(block, [results[id(child)] for child in block.children])
            results[id(block)] = result
            if keep:
                block.keep(visit, result)
        else:
            stack.append((block, True))
            stack += [(child, False) for child in block.children]  # type: ignore[misc]  # a field that holds Self
    return results[id(root)]
