"""A mask says for every configuration whether the conditions hold, also where a quotient is not whole."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import paramcalc as pc
from paramcalc import Block, TensorSpec, admissible, symbol
from paramcalc.errors import PreconditionFailed
from paramcalc.sizes.conditions import Condition

H = symbol("h")
N = symbol("n")


@given(st.lists(st.integers(1, 40), min_size=1, max_size=4), st.sampled_from([1, 2, 4, 8, 3, 12]))
def test_a_mask_is_the_division_of_each_value(values: list[int], heads: int) -> None:
    tree = pc.layers.MultiheadAttention(symbol("d"), heads)
    for array in (np.array(values), np.array(values, "uint8"), np.array(values, object), torch.tensor(values)):
        assert list(admissible(tree, {"d": array})) == [value % heads == 0 for value in values]


def test_a_quotient_alone_is_evaluated() -> None:
    block = pc.layers.Conv1d(64, 128, 3, groups=symbol("g"), bias=False)
    assert pc.evaluate(block, {"g": 2}) == 64 * 128 * 3 // 2
    assert pc.evaluate(block, {"g": np.array([1, 4])}).tolist() == [24_576, 6_144]
    assert pc.admissible(block, {"g": np.array([1, 3])}).tolist() == [True, False]


def test_a_mask_answers_where_a_quotient_is_not_whole() -> None:
    half = Block(own=(TensorSpec("w", (N / 2 - 1,)),))
    assert pc.admissible(half, {"n": np.array([3, 4, 1])}).tolist() == [False, True, False]
    by = Block(own=(TensorSpec("w", (N,)),), conditions=(Condition(12, "divisible by", N - 3),))
    for dtype in (int, object):
        assert pc.admissible(by, {"n": np.array([3, 2, 7], dtype)}).tolist() == [False, False, True]
    rough = Block(own=(TensorSpec("w", (H,)),), conditions=(Condition(H / 2, ">=", 3),))
    assert pc.admissible(rough, {"h": np.array([5, 6, 7])}).tolist() == [False, True, True]
    assert rough.bind(h=7).params == 7
    third = Block(own=(TensorSpec("w", (H,)),), conditions=(Condition(H / 2, "divisible by", 3),))
    assert pc.admissible(third, {"h": np.array([3, 6])}).tolist() == [False, True]
    with pytest.raises(PreconditionFailed, match="h=3: 3 is not divisible by 6"):
        third.bind(h=3)
