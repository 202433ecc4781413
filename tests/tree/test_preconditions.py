"""Sizes that make a model impossible are refused alike by all that takes values."""

from __future__ import annotations

import numpy as np
import pytest

import paramcalc as pc
from paramcalc import Block, TensorSpec, symbol
from paramcalc.errors import PreconditionFailed
from paramcalc.sizes.conditions import Condition

N = symbol("n")
LINEAR = pc.layers.Linear


def test_impossible_sizes_are_refused_alike_everywhere() -> None:
    cases = {
        "copies": (
            pc.compose("M", {"x": Block("x", children=(pc.repeated(LINEAR(4, 4), N - 3),))}),
            {"n": 1},
            {"n": 5},
        ),
        "a dimension": (Block(own=(TensorSpec("w", (N - 3,)),)), {"n": 2}, {"n": 3}),
        "a half": (Block(own=(TensorSpec("w", (N / 2, 2)),)), {"n": 3}, {"n": 4}),
        "layers": (pc.architecture("amnl", attention_layers=N - 3), {"n": 3}, {"n": 4}),
        "a divisor": (
            Block(own=(TensorSpec("w", (N,)),), conditions=(Condition(12, "divisible by", N - 3),)),
            {"n": 2},
            {"n": 6},
        ),
    }
    for name, (block, bad, good) in cases.items():
        assert block.preconditions, name
        with pytest.raises(PreconditionFailed, match="n"):
            block.bind(**bad)
        with pytest.raises(PreconditionFailed, match="n"):
            pc.evaluate(block, {"n": np.array([bad["n"]])})
        assert not pc.admissible(block, {"n": np.array([bad["n"]])}).any()
        assert pc.evaluate(block, {"n": np.array([good["n"]])}).tolist() == [block.bind(**good).params], name
    assert pc.solve(cases["a divisor"][0], "n", budget=10**6) == 15
