"""Lazy modules are unknown, by a symbol for each tensor, until the first forward."""

from __future__ import annotations

import torch
from torch import nn

import paramcalc as pc
from paramcalc.sources.modules.torch_module import from_module
from tests.sources.modules.reading import assert_read


def test_lazy_modules_are_unknown_until_the_first_forward() -> None:
    model = nn.Sequential(nn.LazyLinear(5), nn.LazyBatchNorm1d(), nn.Linear(5, 2))
    tree = from_module(model)
    assert isinstance(tree.at("2").params, int)
    assert not isinstance(tree.params, int)
    assert tree.symbols == {f"unknown_{name}" for name in LAZY}
    assert str(tree.at("0").params) == "unknown_0_bias + unknown_0_weight"
    text = pc.render(tree)
    assert "`unknown_0_weight + unknown_0_bias (unknown until the first forward)`" in text
    assert "unknown_0_bias + unknown_0_weight + unknown_1_bias + unknown_1_weight + 12" in text
    assert tree.bind(**dict.fromkeys(tree.symbols, 7)).params == 12 + 4 * 7
    model(torch.zeros(4, 3))
    assert_read(model)
    assert from_module(model).params == 20 + 10 + 12


LAZY = ("0_weight", "0_bias", "1_weight", "1_bias", "1_running_mean", "1_running_var")


def test_two_lazy_parameters_never_take_one_symbol() -> None:
    model = nn.ModuleDict(
        {"a_b": nn.LazyLinear(2, bias=False), "a": nn.ModuleDict({"b": nn.LazyLinear(2, bias=False)})}
    )
    tree = from_module(model)
    assert len(tree.symbols) == 2


def test_a_tied_lazy_parameter() -> None:
    model = nn.ModuleList([nn.LazyLinear(2, bias=False), nn.LazyLinear(2, bias=False)])
    model[1].weight = model[0].weight
    assert str(from_module(model).params) == "unknown_0_weight"


def test_a_lazy_layer_under_a_name_that_is_not_ascii() -> None:
    assert from_module(nn.ModuleDict({"é": nn.LazyLinear(3)})).symbols == {"unknown___weight", "unknown___bias"}
