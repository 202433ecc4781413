"""Trees that the kit draws: all that may stand in them comes up, and nothing beyond."""

from __future__ import annotations

import paramcalc as pc
from paramcalc import Block, TensorSpec, symbol
from paramcalc.sizes.conditions import Condition
from paramcalc.testing import block_trees
from tests.testing.draws import drawn

A, B, C = map(symbol, "abc")
SYMBOLS = (A, B, C)


def test_sizes_are_numbers_and_small_expressions() -> None:
    assert set(drawn(block_trees.sizes(symbolic=False))) == set(range(1, 7))
    found = set(drawn(block_trees.sizes(symbolic=True), 600))
    assert {each for each in found if isinstance(each, int)} == set(range(1, 7))
    assert set(SYMBOLS) <= found
    assert {A * B, A**2, B**2, C**2} <= found
    for number in (2, 6):
        assert {number * each for each in SYMBOLS} & found
        assert {number + each for each in SYMBOLS} & found
    plain = {number * each for each in SYMBOLS for number in range(1, 7)}
    assert found <= {
        *range(1, 7),
        *plain,
        *(s + n for s in SYMBOLS for n in range(1, 7)),
        *(a * b for a in SYMBOLS for b in SYMBOLS),
    }


def test_every_symbol_has_a_value() -> None:
    found = drawn(block_trees.values())
    assert {frozenset(each) for each in found} == {frozenset("abc")}
    assert {value for each in found for value in each.values()} == {1, 2, 3, 4, 5}


def test_tensors_are_of_every_role_and_type() -> None:
    found = drawn(block_trees.specs("w", symbolic=True), 300)
    assert {each.name for each in found} == {"w"}
    assert {len(each.shape) for each in found} == {0, 1, 2, 3}
    assert {each.role for each in found} == {"parameter", "frozen", "buffer"}
    assert {each.dtype for each in found} == {"float32", "float16", "bfloat16", "int64", "quint4x2"}


def test_trees_have_all_that_a_tree_may_have() -> None:
    found = drawn(block_trees.blocks(), 60)
    below = [each for tree in found for _, each in tree.walk()]
    assert max(path.count(".") + 1 for tree in found for path, block in tree.walk() if path and block.name) == 3
    assert {each.label for each in below} == {"", "Encoder", "RUL | Head"}
    assert {each.name for each in below} >= {"", "{}", *block_trees.NAMES}
    assert {each.kind for each in below} == {"Module", "layers"}
    assert {each.first for each in below if each.name == "{}"} == {0, 1, 2}
    assert {each.first for each in below if each.kind == "layers"} == {1}
    assert {tensor.name for each in below for tensor in each.own} == {
        "weight",
        "bias",
        "scale",
        "weight_l{}",
        "bias_l{}",
    }
    assert {len(each.own) for each in below if each.kind == "Module"} == {0, 1, 2, 3}
    assert {len(each.conditions) for each in below} == {0, 1}
    assert {each for block in below for each in block.conditions} == {
        Condition(each * (each + 1), "divisible by", 2) for each in SYMBOLS
    }
    assert {len(block_trees.tree_ties(tree)) for tree in found} == {0, 1, 2}
    assert {len([child for child in each.children if child.name in block_trees.NAMES]) for each in below} == {
        0,
        1,
        2,
        3,
    }


def test_plain_trees_have_no_conditions() -> None:
    found = drawn(block_trees.blocks(symbolic=False), 20)
    assert not any(each.conditions or each.symbols for tree in found for _, each in tree.walk())
    assert any(each.repeat != 1 for tree in found for _, each in tree.walk())


def test_candidates_for_a_tie_are_equal_in_shape_and_outside_of_repeats() -> None:
    tree = Block(
        own=(TensorSpec("a", (2,)), TensorSpec("n", (3,))),
        children=(
            Block("fc", own=(TensorSpec("a", (2,)), TensorSpec("b", (3,)))),
            Block("{}", own=(TensorSpec("a", (2,)),), repeat=2),
            Block(own=(TensorSpec("c{}", (2,)),), repeat=2),
            Block("last", own=(TensorSpec("a", (2,), "buffer"),)),
        ),
    )
    pairs = [("fc.a", "a"), ("fc.b", "n"), ("last.a", "a"), ("last.a", "fc.a")]
    assert block_trees.tie_candidates(tree) == pairs
    tied = pc.tie(tree, "fc.a", to="a")
    assert block_trees.tree_ties(tied) == [("fc", TensorSpec("a", (2,), tied_to="a"))]
    assert block_trees.tie_candidates(tied) == [("fc.b", "n"), ("last.a", "a")]
    assert block_trees.tie_candidates(pc.tie(tree, "last.a", to="fc.a")) == [("fc.b", "n")]
    assert block_trees.tree_ties(tree) == []
