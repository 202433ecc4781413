"""Diffs: the changes of the components add up to that of the total."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given
from torch import nn

import paramcalc as pc
from paramcalc import Block, diff
from paramcalc.rendering.diff import diff_table
from paramcalc.testing import block_trees as trees
from paramcalc.testing import modules
from tests.frozen import assert_frozen

LINEAR = pc.layers.Linear


def held(tree: Block) -> bool:
    """Whether a tree has components: children with a name that hold tensors."""
    return any(child.name and any(each.own for _, each in child.walk()) for child in tree.children)


@given(trees.blocks(symbolic=False), trees.blocks(symbolic=False))
def test_changes_at_depth_one_add_up(a: Block, b: Block) -> None:
    result = diff(a, b)
    if held(a) and held(b):
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


@given(trees.blocks(symbolic=False))
def test_a_tree_does_not_differ_from_its_folded_form(tree: Block) -> None:
    for other in (pc.fold(tree), pc.unfold(tree), pc.fold(pc.unfold(tree))):
        for depth in (1, 2, None):
            assert not diff(tree, other, depth=depth).differs


@given(modules())
def test_a_model_does_not_differ_from_its_folded_form(model: nn.Module) -> None:
    tree = pc.from_module(model)
    assert not diff(tree, pc.fold(tree), depth=None).differs
    assert not diff(pc.fold(tree), tree, depth=3).differs


def test_a_formula_and_its_model_do_not_differ() -> None:
    formula = pc.layers.TransformerEncoder(pc.layers.TransformerEncoderLayer(8, 2, 16), 6)
    model = pc.from_module(nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16, batch_first=True), 6))
    for depth in (1, 2, 3, None):
        assert not diff(formula, model, depth=depth).differs
        assert not diff(model, formula, depth=depth).differs
    result = diff(
        formula,
        pc.from_module(nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16, batch_first=True), 12)),
        depth=2,
    )
    changed = [(change.path, str(change.relative)) for change in result.changes if change.changed]
    assert changed == [("layers", "1"), ("layers.[0..5]", "1")]


def test_titles_and_modules_without_tensors_are_no_difference() -> None:
    act = nn.ReLU()
    layers = [nn.Sequential(nn.Linear(4, 4), nn.Dropout(number / 10), act) for number in range(3)]
    plain = pc.repeated(pc.compose("Layer", {"0": pc.layers.Linear(4, 4)}), 3)
    for depth in (1, 2, None):
        assert not diff(pc.from_module(nn.ModuleList(layers)), Block(children=(plain,)), depth=depth).differs


def test_one_odd_layer_is_the_row_that_changes() -> None:
    stack = pc.layers.Sequential(*[pc.layers.Linear(4, 4)] * 4)
    odd = pc.layers.Sequential(*[pc.layers.Linear(4, 4)] * 3, pc.layers.Linear(4, 8))
    for tree in (stack, pc.fold(stack)):
        changes = [(change.path, change.difference) for change in diff(tree, odd).changes if change.changed]
        assert changes == [("3", 20)]


def test_repeats_too_many_to_write_out_are_compared() -> None:
    huge = Block(children=(pc.repeated(pc.layers.Linear(4, 4), 10**9),))
    assert not diff(huge, huge).differs


def test_a_copy_without_tensors_may_be_shared() -> None:
    copies = Block("{}", "ReLU", repeat=pc.symbol("n"))
    linear = pc.layers.Linear(4, 4).named("a")
    tree = Block(children=(copies, linear, Block("b", "ReLU", tied_to=".0")))
    assert not diff(tree, Block(children=(linear,))).differs


def test_what_shares_modules_that_hold_no_tensors_holds_none() -> None:
    linear, act = pc.layers.Linear(4, 4), pc.layers.Identity()
    nested = pc.compose("Inner", {"act": act, "more": pc.compose("Inner", {"act": act})})
    shared = [Block("c", "Inner", tied_to=".b"), Block("d", "Inner", tied_to=".b.more")]
    tree = Block(children=(linear.named("a"), nested.named("b"), *shared))
    for depth in (1, None):
        assert not diff(tree, Block(children=(linear.named("a"),)), depth=depth).differs
        assert [each.path for each in diff(tree, tree, depth=depth).changes] == ["a"]


def test_runs_that_change_places_differ() -> None:
    def runs(*widths: int) -> Block:
        return pc.fold(pc.layers.ModuleList([LINEAR(width, width) for width in widths for _ in range(2)]))

    assert pc.diff(runs(4, 8, 5), runs(8, 4, 5), depth=None).differs
    changes = [change for change in pc.diff(runs(4, 8, 5), runs(3, 8, 5), depth=None).changes if change.changed]
    assert [(change.before, change.after) for change in changes] == [(40, 24)]
    one, twelve = (
        pc.layers.TransformerEncoder(pc.layers.TransformerEncoderLayer(8, 2, 16), count) for count in (1, 12)
    )
    paths = [change.path for change in pc.diff(one, twelve, depth=2).changes]
    assert paths == ["layers", "layers.0"]


def test_changes_cannot_be_changed() -> None:
    found = diff(LINEAR(3, 4), LINEAR(3, 5))
    assert_frozen(found)
    assert_frozen(found.total)
