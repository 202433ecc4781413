"""The arguments in a derived title make the tensors of its block, and are those of every model; else none are shown."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import pytest
from torch import nn

import paramcalc as pc
from paramcalc.derivation.fitting.clues import Clues
from paramcalc.derivation.trees.merge import merged
from paramcalc.derivation.trees.titles import with_true_titles
from paramcalc.sizes.conditions import Condition
from paramcalc.tree.block import Block
from paramcalc.tree.node import Argument
from tests.forms import evidence_of, opaque

C, G, H, K = (pc.symbol(name) for name in "cghk")
UP = pc.layers.Linear(-((-H) // 8), 2 * H)  # a width of h/8, rounded up
NOT_UP = pc.layers.Linear(H // 8, 2 * H)
GROUPED = pc.layers.Conv2d(C * G, 2 * C * G, 3, groups=G)

# A layer, and others of its class of which the arguments make other tensors.
LAYERS: dict[str, tuple[Block, tuple[Block, ...]]] = {
    "Linear": (UP, (NOT_UP, pc.layers.Linear(-((-H) // 8), 3 * H), pc.layers.Linear(2 * H, -((-H) // 8)))),
    "Conv2d": (GROUPED, (pc.layers.Conv2d(C * G, 2 * C * G, 3), pc.layers.Conv2d(C * G, 2 * C * G, (3, 5), groups=G))),
    "Embedding": (pc.layers.Embedding(-64 * ((-H) // 64), C), (pc.layers.Embedding(H, C),)),
    "BatchNorm1d": (pc.layers.BatchNorm1d(-((-H) // 3)), (pc.layers.BatchNorm1d(H // 3), pc.layers.BatchNorm1d(H))),
    "LSTM": (
        pc.layers.LSTM(C, H, num_layers=K),
        (pc.layers.LSTM(C, H, num_layers=K + 1), pc.layers.LSTM(C, H), pc.layers.LSTM(H, C, num_layers=K)),
    ),
    "MultiheadAttention": (
        pc.layers.MultiheadAttention(G * H, G, bias=False),
        (pc.layers.MultiheadAttention(G * H, G), pc.layers.MultiheadAttention(H, 1, bias=False)),
    ),
}


@pytest.mark.parametrize("name", LAYERS)
def test_arguments_are_shown_where_the_catalogue_makes_the_same_tensors_of_them(name: str) -> None:
    layer, others = LAYERS[name]
    tree = pc.compose("Model", {"right": layer, **{f"wrong {at}": each for at, each in enumerate(others)}})
    tree = replace(tree, children=tuple(replace(layer, name=each.name, args=each.args) for each in tree.children))
    shown = with_true_titles(tree).children
    assert [each.title for each in shown] == [layer.title, *(name for _ in others)]
    assert [each.own for each in shown] == [each.own for each in tree.children]


def test_what_is_not_in_the_catalogue_shows_no_arguments() -> None:
    assert with_true_titles(replace(UP, kind="Dense")).title == "Dense"
    assert with_true_titles(replace(UP, args=(Argument("wide", 3),))).title == "Linear"


def test_what_conditions_say_is_whole_is_not_rounded_in_the_tensors_of_a_title() -> None:
    layer = pc.layers.Conv1d(C, H, 1, groups=G)
    fitted = replace(layer, own=pc.layers.Conv1d(C // G, H, 1).own, conditions=())
    assert with_true_titles(fitted).title == "Conv1d"
    assert with_true_titles(fitted, (), [Condition(C, "divisible by", G)]).title == layer.title
    tree = replace(NOT_UP, args=UP.args)  # rounded up in the title, and down in the tensors
    assert with_true_titles(tree).title == "Linear"
    for conditions in (
        [Condition(H, "divisible by", 8)],
        [Condition(H, "divisible by", K), Condition(K, "divisible by", 8)],
    ):
        assert with_true_titles(tree, (), conditions).title == UP.title
        assert with_true_titles(tree, (), conditions[::-1]).title == UP.title


def test_what_changes_no_tensor_is_that_of_every_model() -> None:
    def model(heads: int) -> Block:
        return pc.layers.Sequential(*(pc.layers.MultiheadAttention(16, each) for each in (8, 8, heads)))

    attention = pc.layers.MultiheadAttention(8 * H, 8).named("{}")
    tree = replace(pc.layers.Sequential(), children=(replace(attention, repeat=3),))
    points = [({"h": 2}, model(8)), ({"h": 2}, pc.compose("Sequential", {}))]
    assert with_true_titles(tree, points).children[0].title == "MultiheadAttention(8*h, 8)"
    assert with_true_titles(tree, [*points, ({"h": 2}, model(4))]).children[0].title == "MultiheadAttention"


def test_arguments_that_are_dimensions_are_taken_from_the_tensors() -> None:
    points = [{"h": 8 * times} for times in (8, 4, 5, 9, 12, 20, 3)]  # at which h/8 is not told from its rounding
    trees = [pc.layers.Linear(point["h"] // 8, 2 * point["h"]) for point in points]
    clues = Clues(shapes={"weight": ((2 * H,), (-((-H) // 8),))})
    assert (merged(points, trees, clues).title, merged(points, trees).title) == (UP.title, "Linear(h/8, 2*h)")


def halved(h: int) -> nn.Module:
    if h % 2:
        raise ValueError("two halves are as wide")
    return nn.Linear(h, h // 2)


# A factory, the sizes to start from, and titles that stand in its form.
FORMS: dict[str, tuple[Callable[..., nn.Module], dict[str, int], list[str]]] = {
    "rounded up": (lambda h: nn.Linear(math.ceil(h / 8), 2 * h), {"h": 64}, ["Linear(-floor(-h/8), 2*h)"]),
    "unseen": (lambda h: nn.Linear(opaque(-(-h // 8)), 2 * h), {"h": 64}, ["Linear(-floor(-h/8), 2*h)"]),
    "whole": (lambda h, k: nn.Linear(math.ceil(h / k), 2 * h), {"h": 64, "k": 8}, ["Linear(h/k, 2*h)"]),
    "halves": (halved, {"h": 64}, ["Linear(h, h/2)"]),
    "grouped": (
        nn.Conv2d,
        {"in_channels": 12, "out_channels": 24, "kernel_size": 3, "groups": 4},
        ["Conv2d(in_channels, out_channels, kernel_size, groups=groups)"],
    ),
    "heads": (
        lambda d: nn.MultiheadAttention(d, opaque(1 if d % 2 else 2)),
        {"d": 256},
        ["MultiheadAttention", "Linear(d, d)"],
    ),
    "sevens": (lambda c: nn.GroupNorm(opaque(1 if c % 7 else 7), c), {"c": 64}, ["GroupNorm"]),  # seen late
    "groups": (
        lambda c: nn.GroupNorm(math.ceil(c / 4), c * math.ceil(c / 4)),
        {"c": 16},
        ["GroupNorm(-floor(-c/4), -c*floor(-c/4))"],
    ),
    "several": (
        lambda h: nn.LSTM(math.ceil(h / 3), h, 2, bidirectional=True),
        {"h": 10},
        ["LSTM(-floor(-h/3), h, num_layers=2, bidirectional=True)"],
    ),
}


@pytest.mark.parametrize("name", FORMS)
def test_titles_of_forms_are_those_that_the_code_would_have(name: str) -> None:
    build, at, titles = FORMS[name]
    tree = pc.derive(build, at)
    assert [block.title for _, block in tree.walk()] == titles
    for point in evidence_of(tree).predicted:
        bound = tree.bind(**{each: point[each] for each in tree.symbols})
        models = [block.args for _, block in pc.from_module(build(**point)).walk()]
        shown = [block.args for _, block in bound.walk()]
        assert all(ours in ((), theirs) for ours, theirs in zip(shown, models, strict=True))
