"""Diffs: the changes of the components add up to that of the total."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given

import paramcalc as pc
from paramcalc import Block, diff
from paramcalc.render.diff import diff_table
from tests import trees


@given(trees.blocks(symbolic=False), trees.blocks(symbolic=False))
def test_changes_at_depth_one_add_up(a: Block, b: Block) -> None:
    result = diff(a, b)
    if (
        a.children
        and b.children
        and any(child.name for child in a.children)
        and any(child.name for child in b.children)
    ):
        assert sum(change.difference for change in result.changes) == result.total.difference
    assert result.total.difference == b.params - a.params


@given(trees.blocks())
def test_a_tree_does_not_differ_from_itself(tree: Block) -> None:
    assert not diff(tree, tree, depth=None).differs


@given(trees.blocks(), trees.blocks())
def test_the_diff_the_other_way_has_the_opposite_changes(a: Block, b: Block) -> None:
    there = sorted(str(change.difference) for change in diff(a, b).changes)
    back = sorted(str(-change.difference) for change in diff(b, a).changes)
    assert there == back


def test_halving_the_hidden_size_takes_more_than_half() -> None:
    result = diff(pc.architecture("amnl"), pc.architecture("amnl", lstm_hidden=64))
    encoder = next(change for change in result.changes if change.label == "BiLSTM Encoder")
    assert (encoder.before, encoder.after) == (594_432, 166_144)
    assert encoder.relative == Fraction(166_144 - 594_432, 594_432)
    table = diff_table(result, "amnl", "amnl")
    assert "-72.0%" in table
    assert "CNN" not in table
    assert "CNN" in diff_table(result, "amnl", "amnl", everything=True)


def test_a_component_of_one_tree_only_is_shown_in_its_place() -> None:
    result = diff(pc.architecture("amnl"), pc.architecture("amnl", preset="research"))
    assert [change.path for change in result.changes] == [
        "cnn",
        "lstm",
        "attention",
        "trunk",
        "rul_head",
        "health_head",
    ]
    trunk = result.changes[3]
    assert (trunk.before, trunk.after, trunk.relative) == (None, 149_856, None)


def test_stacks_of_other_depths_are_compared() -> None:
    layer = pc.layers.TransformerEncoderLayer(8, 2, 16)
    a, b = (pc.layers.TransformerEncoder(layer, count) for count in (12, 24))
    changes = {change.path: change for change in diff(a, b, depth=2).changes}
    assert changes["layers.[0..11]"].relative == 1
