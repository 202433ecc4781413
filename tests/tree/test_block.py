"""A block is frozen, found at its path, and refuses what is no tree."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st

import paramcalc as pc
from paramcalc import Block, TensorSpec, symbol
from paramcalc.errors import InvalidType, InvalidValue, UnknownName
from paramcalc.sizes.conditions import Condition
from paramcalc.testing import block_trees as trees

H = symbol("h")
LINEAR = pc.layers.Linear


@given(trees.blocks())
def test_every_block_of_the_walk_is_at_its_path(tree: Block) -> None:
    for path, block in tree.walk():
        if block.name or block is tree:
            assert tree.at(path) == block


WRONG_TREES = [
    (lambda: Block(own=(TensorSpec("w", (1,)), TensorSpec("w", (2,)))), "two siblings are named 'w'"),
    (lambda: Block(own=(TensorSpec("fc", (1,)),), children=(Block("fc"),)), "two siblings are named 'fc'"),
    (lambda: Block(children=(Block("{}", repeat=3), Block("2"))), "two siblings are named '2'"),
    (lambda: Block("a.b"), "a word without dots"),
    (lambda: Block("layers", repeat=3), "one {} in each"),
    (lambda: Block("{}", repeat=-1), "a size of 0 or more"),
    (lambda: TensorSpec("w", (-1,)), "a size of 0 or more"),
    (lambda: TensorSpec("w", (1,), role="weights"), "unknown role 'weights'"),  # type: ignore[arg-type]
    (lambda: TensorSpec("w", (1,), dtype="float12"), "unknown dtype 'float12'; did you mean"),
    (lambda: Block(own=(TensorSpec("w", (1,), tied_to=".v"),)), "w is tied to v, which does not exist"),
    (lambda: Block(own=(TensorSpec("w", (1,), tied_to=".w"),)), "itself tied"),
    (lambda: Block(own=(TensorSpec("v", (2,)), TensorSpec("w", (1,), tied_to=".v"))), "expected equal shapes"),
    (lambda: Block(own=(TensorSpec("v", (1,)), TensorSpec("w", (1,), tied_to="v"))), "expected a relative path"),
]


@pytest.mark.parametrize(("build", "message"), WRONG_TREES)
def test_wrong_trees_are_refused(build: object, message: str) -> None:
    assert callable(build)
    with pytest.raises((InvalidValue, UnknownName), match=message):
        build()


@given(st.text(alphabet="ab.", max_size=5))
def test_the_name_of_a_tensor_is_words_joined_by_single_dots(name: str) -> None:
    if re.fullmatch(r"[ab]+(\.[ab]+)*", name):
        assert dict(Block(own=(TensorSpec(name, (2,)),)).tensors()).keys() == {name}
    else:
        with pytest.raises(InvalidValue, match=r"name of a tensor: got .*; expected words joined by single dots"):
            TensorSpec(name, (2,))


def test_a_block_is_frozen_and_hashable() -> None:
    linear = pc.layers.Linear(3, 4)
    assert {linear: 1}[pc.layers.Linear(3, 4)] == 1
    with pytest.raises(AttributeError, match="cannot assign"):
        linear.name = "fc"  # type: ignore[misc]


def test_symbolic_repeats_cannot_be_listed() -> None:
    stack = pc.layers.TransformerEncoder(pc.layers.TransformerEncoderLayer(8, 2), symbol("L"))
    with pytest.raises(InvalidValue, match=r"L copies of '\{\}' cannot be listed; bind its symbols first"):
        list(stack.tensors())


def test_shapes_are_exact_sizes() -> None:
    wide: Any = np.int64(2**40)
    assert Block(own=(TensorSpec("w", (wide, wide)),)).params == 2**80
    assert pc.repeated(LINEAR(2**31, 2**31, bias=False), wide).params == 2**102
    for wrong in ((2.5, 4), (True,), ("3",), (sympy.Symbol("h"),), (2**H,), (sympy.sqrt(H),)):
        with pytest.raises((InvalidType, InvalidValue), match="shape of w: "):
            TensorSpec("w", wrong)
    with pytest.raises(InvalidValue, match="is not always an integer"):
        LINEAR(H / 2, 4)
    with pytest.raises(InvalidType, match="side of a condition: got str"):
        Condition("h", ">=", 3)
