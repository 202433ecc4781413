"""Folding and unfolding list the same tensors; equal neighbours that count up are one, and nothing else."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

import paramcalc as pc
from paramcalc import Block, unfold
from paramcalc.errors import InvalidValue
from paramcalc.testing import block_trees as trees
from paramcalc.tree.fold import fold
from tests.tree.trees import bound

LINEAR = pc.layers.Linear


@given(trees.blocks(), trees.values())
def test_unfold_lists_the_same_tensors(tree: Block, values: dict[str, int]) -> None:
    concrete = bound(tree, values)
    flat = unfold(concrete)
    assert not any(block.repeated for _, block in flat.walk())
    assert sorted(flat.tensors()) == sorted(concrete.tensors())
    assert flat.totals == concrete.totals


@given(trees.blocks(), trees.values())
def test_fold_then_unfold_is_the_identity(tree: Block, values: dict[str, int]) -> None:
    flat = unfold(bound(tree, values))
    folded = fold(flat)
    assert unfold(folded) == flat
    assert list(folded.tensors()) == list(flat.tensors())
    assert folded.totals == flat.totals


@given(trees.blocks(symbolic=False), st.integers(2, 5), st.integers(0, 3))
def test_equal_siblings_that_count_up_are_one(tree: Block, copies: int, first: int) -> None:
    layer = unfold(tree)
    names = [f"layer{number}" for number in range(first, first + copies)]
    (one,) = fold(pc.compose("ModuleList", dict.fromkeys(names, layer))).children
    assert (one.name, one.repeat, one.first) == ("layer{}", copies, first)
    assert one.children == fold(layer).children


@given(trees.blocks(), trees.values())
def test_nothing_is_left_to_fold(tree: Block, values: dict[str, int]) -> None:
    for path, block in fold(unfold(bound(tree, values))).walk():
        for one, other in pairwise(block.children):
            assert not (follows(one, other) and one.named("x") == other.named("x")), path


def follows(one: Block, other: Block) -> bool:
    """Whether two names are those of neighbours that count up: the same but for a number that is one more."""
    before, after = (re.fullmatch(r"(.*?)(\d+)", each.name) for each in (one, other))
    return bool(before and after and before[1] == after[1] and int(after[2]) == int(before[2]) + 1)


def test_fold_joins_equal_neighbours_only() -> None:
    one, other = pc.layers.Linear(4, 4), pc.layers.Linear(4, 5)
    folded = fold(pc.layers.Sequential(one, one, other, one, one, one))
    assert [(child.name, child.repeat, child.first) for child in folded.children] == [
        ("{}", 2, 0),
        ("2", 1, 0),
        ("{}", 3, 3),
    ]


def test_names_that_only_look_alike_fold() -> None:
    a, b = LINEAR(4, 4), LINEAR(5, 5)
    names = pc.compose("R", {"conv1": a, "conv2": a, "conv2_1": b, "conv2_2": b})
    assert [child.name for child in pc.fold(names).children] == ["conv{}", "conv2_{}"]
    with pytest.raises(InvalidValue, match="two siblings are named"):
        Block(children=(Block("a{}", repeat=3), Block("a1{}", repeat=3)))
    alike = pc.compose("R", {"a10": a, "a11": a, "a1": b, "a2": b})
    assert pc.unfold(pc.fold(alike)) == alike


def test_a_tie_leads_into_the_first_of_several_runs() -> None:
    """Layers 0 and 1 are one run, 3 to 5 another, since layer 2 is wider."""
    layers = {str(number): LINEAR(3, 4 if number == 2 else 3) for number in range(6)}
    net = pc.compose("Net", {"layers": pc.compose("ModuleList", layers), "head": LINEAR(3, 3)})
    tree = pc.tie(net, "head.weight", to="layers.0.weight")
    assert [child.name for child in fold(tree).children[0].children] == ["{}", "2", "{}"]
    assert fold(tree).params == tree.params == net.params - 9
