"""Counts at paths are those of torch, and all that are wrong are told."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from hypothesis import given
from torch import nn

import paramcalc as pc
from paramcalc.errors import InvalidType, InvalidValue, ParamcalcError, UnknownName
from paramcalc.testing import assert_counts, modules
from tests.testing.checks import failure


@given(modules())
def test_every_path_has_the_parameters_that_torch_finds_there(model: nn.Module) -> None:
    firsts = {name: each.numel() for name, each in model.named_parameters()}
    paths = [f"{path}." if path else "" for path, _ in model.named_modules(remove_duplicate=False)]
    counts = {path: sum(size for name, size in firsts.items() if name.startswith(path)) for path in paths}
    assert_counts(model, {path.removesuffix("."): size for path, size in counts.items()})
    for name, tensor in pc.from_module(model).tensors():
        expected = 0 if tensor.tied_to or tensor.role == "buffer" else tensor.size
        assert_counts(model, {name: expected})
        assert name in failure(partial(assert_counts, model, {name: expected + 1}))


def test_counts_that_are_wrong_are_all_told() -> None:
    counts = {"lstm": 593_920, "lstm.lstm": 593_920, "cnn": 53_185, "": 960_964}
    assert failure(lambda: assert_counts(pc.architecture("amnl"), counts)).splitlines() == [
        "2 of 4 counts of AMNL are wrong:",
        "  lstm: expected 593,920, found 594,432 (+512)",
        "  cnn: expected 53,185, found 53,184 (-1)",
    ]


def test_what_is_shared_counts_at_its_first_place() -> None:
    block = nn.Sequential(nn.Linear(3, 3))
    model = nn.ModuleDict({"a": block, "b": block})
    assert_counts(model, {"a": 12, "a.0.weight": 9, "b": 0, "b.0": 0, "b.0.weight": 0, "": 12})
    with pytest.raises(UnknownName, match=r"unknown path 'a\.0\.wait'; did you mean 'a\.0\.weight'"):
        assert_counts(model, {"b.0.wait": 0})


def test_a_path_that_leads_nowhere_is_answered_with_all_that_lead_somewhere() -> None:
    group = pc.Block("", "layers", (pc.TensorSpec("w_l{}", (2,)),), repeat=2)
    tree = pc.Block("net", "Net", (pc.TensorSpec("top", (3,)),), (pc.layers.Linear(1, 2).named("fc"), group))
    with pytest.raises(UnknownName, match=r"unknown path '\?'; known: top, fc, fc\.weight, fc\.bias, w_l\{\}$"):
        assert_counts(tree, {"?": 3})


def test_counts_may_be_expressions() -> None:
    d = pc.symbol("d")
    assert_counts(pc.layers.Linear(d, 3), {"": 3 * d + 3, "weight": 3 * d})
    told = failure(lambda: assert_counts(pc.layers.Linear(d, 3), {"": 2 * d + 3}))
    assert told.endswith("the whole model: expected 2*d + 3, found 3*d + 3 (by d)")


@pytest.mark.parametrize(
    ("counts", "error", "message"),
    [
        ({"lstm.lsmt": 3}, UnknownName, "assert_counts: unknown path 'lstm.lsmt'; did you mean 'lstm.lstm'"),
        ({"lstm.lstm.weight_ih": 3}, UnknownName, "unknown path 'lstm.lstm.weight_ih'"),
        ({"lstm": "594,432"}, InvalidType, "assert_counts, lstm: got str '594,432'; expected an integer"),
        ({"": 960_964.0}, InvalidType, "assert_counts, the whole model: got float"),
        ({"lstm": -1}, InvalidValue, "assert_counts, lstm: got -1; expected a size of 0 or more"),
    ],
)
def test_what_is_no_path_and_no_count(counts: Any, error: type[ParamcalcError], message: str) -> None:
    with pytest.raises(error, match=message):
        assert_counts(pc.architecture("amnl"), counts)
