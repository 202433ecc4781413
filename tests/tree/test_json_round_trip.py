"""Trees of all kinds read back from their JSON, and are equal where it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

import paramcalc as pc
from paramcalc import Block, TensorSpec, from_json, symbol, to_json
from paramcalc.sizes.conditions import Condition
from paramcalc.testing import block_trees as trees
from paramcalc.tree.node import Argument

H = symbol("h")
N = symbol("n")
LINEAR = pc.layers.Linear


@given(trees.blocks())
def test_json_round_trip(tree: Block) -> None:
    again = from_json(to_json(tree))
    assert again == tree
    assert hash(again) == hash(tree)


CHANGES: dict[str, Callable[[Block], Block]] = {
    "nothing": lambda tree: from_json(to_json(tree)),
    "kind": lambda tree: replace(tree, kind="Other"),
    "label": lambda tree: replace(tree, label="Other"),
    "note": lambda tree: replace(tree, note="other"),
    "arguments": lambda tree: replace(tree, args=(Argument("more", 3),)),
    "conditions": lambda tree: replace(tree, conditions=(Condition(symbol("a"), ">", symbol("b")),)),
    "tensors": lambda tree: replace(tree, own=(*tree.own, TensorSpec("more", (2,)))),
    "children": lambda tree: replace(tree, children=(*tree.children, Block("more"))),
}


@given(trees.blocks(), st.sampled_from(sorted(CHANGES)))
def test_equality_is_that_of_the_json(tree: Block, change: str) -> None:
    other = CHANGES[change](tree)
    within, beside = (pc.compose("Net", {"part": each}) for each in (tree, other))
    assert (tree == other) == (to_json(tree) == to_json(other)) == (change == "nothing")
    assert (within == beside) == (to_json(within) == to_json(beside)) == (change == "nothing")


@pytest.mark.parametrize("block", [LINEAR(2**40, 2**40), LINEAR(H * (H + 1), 4), LINEAR(H // 3, 4)])
def test_legal_trees_read_back(block: Block) -> None:
    assert pc.from_json(pc.to_json(block)) == block


def test_powers_read_back() -> None:
    for shape in ((H**65,), (H**40, H**40), (1 + N**-2,)):
        block = Block(own=(TensorSpec("w", shape),))
        assert pc.from_json(pc.to_json(block)) == block
