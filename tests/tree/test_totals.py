"""Counts of a tree are those of its tensors."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given

import paramcalc as pc
from paramcalc import Block
from paramcalc.testing import block_trees as trees
from paramcalc.tree.totals import bytes_of
from tests.tree.trees import COUNTS, bound


@given(trees.blocks(), trees.values())
def test_counts_are_those_of_the_listed_tensors(tree: Block, values: dict[str, int]) -> None:
    listed = [tensor for _, tensor in bound(tree, values).tensors() if tensor.tied_to is None]
    by_role = {
        role: sum(tensor.size for tensor in listed if tensor.role == role) for role in ("parameter", "frozen", "buffer")
    }
    concrete = bound(tree, values)
    assert concrete.params == by_role["parameter"] + by_role["frozen"]
    assert concrete.trainable_params == by_role["parameter"]
    assert concrete.buffers == by_role["buffer"]
    assert concrete.nbytes == sum(bytes_of(tensor.size, tensor.dtype) for tensor in listed)


@given(trees.blocks(symbolic=False))
def test_counts_without_symbols_are_plain_ints(tree: Block) -> None:
    assert [type(getattr(tree, count)) for count in COUNTS] == [int] * 4
    assert all(type(size) is int for _, tensor in tree.tensors() for size in tensor.shape)


def test_renaming_changes_no_count() -> None:
    assert replace(pc.layers.Linear(3, 4), name="fc").params == 16
