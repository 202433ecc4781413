"""Trees of all kinds read back from their JSON, and are equal where it is."""

from __future__ import annotations

import pytest
from hypothesis import given

import paramcalc as pc
from paramcalc import Block, TensorSpec, from_json, symbol, to_json
from paramcalc.testing import block_trees as trees

H = symbol("h")
N = symbol("n")
LINEAR = pc.layers.Linear


@given(trees.blocks())
def test_json_round_trip(tree: Block) -> None:
    again = from_json(to_json(tree))
    assert again == tree
    assert hash(again) == hash(tree)


@given(trees.blocks(), trees.blocks())
def test_equality_is_that_of_the_json(a: Block, b: Block) -> None:
    assert (a == b) == (to_json(a) == to_json(b))


@pytest.mark.parametrize("block", [LINEAR(2**40, 2**40), LINEAR(H * (H + 1), 4), LINEAR(H // 3, 4)])
def test_legal_trees_read_back(block: Block) -> None:
    assert pc.from_json(pc.to_json(block)) == block


def test_powers_read_back() -> None:
    for shape in ((H**65,), (H**40, H**40), (1 + N**-2,)):
        block = Block(own=(TensorSpec("w", shape),))
        assert pc.from_json(pc.to_json(block)) == block
