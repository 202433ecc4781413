"""Trees with their symbols bound."""

from __future__ import annotations

from paramcalc import Block

COUNTS = ("params", "trainable_params", "buffers", "nbytes")


def bound(tree: Block, values: dict[str, int]) -> Block:
    return tree.bind(**{name: value for name, value in values.items() if name in tree.symbols})
