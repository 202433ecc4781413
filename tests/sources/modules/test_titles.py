"""A title is the shortest call that builds the tensors of a module."""

from __future__ import annotations

import ast
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from hypothesis import given
from torch import nn

from paramcalc.layers import find_layer
from paramcalc.sources.modules.torch_module import from_module
from paramcalc.testing.case import Case
from paramcalc.testing.layer_calls import STRATEGIES, cases
from paramcalc.tree.block import Block
from tests.sources.modules.titles import expected_title, shapes


@pytest.mark.parametrize("name", STRATEGIES)
def test_a_title_is_the_shortest_call_that_builds_the_tensors(name: str) -> None:
    @given(cases(name))
    def holds(case: Case) -> None:
        assert_title(case)

    holds()


class Several(NamedTuple):
    """A call in which several things come together that are rare in random calls."""

    name: str
    args: tuple[object, ...]
    more: dict[str, object]


RARE = [
    Several("AdaptiveLogSoftmaxWithLoss", (8, 40, [5, 9, 20]), {"div_value": 2.0}),
    Several("LayerNorm", (8,), {"elementwise_affine": False}),
    Several("LayerNorm", ((3, 8),), {"bias": False}),
    Several("TransformerEncoderLayer", (8, 2), {"activation": Case("PReLU", (3,))}),
    Several("TransformerDecoderLayer", (8, 2), {"activation": Case("PReLU", (3,))}),
]


@pytest.mark.parametrize("call", RARE, ids=lambda call: call.name)
def test_a_title_says_what_is_rarely_said_together(call: Several) -> None:
    assert_title(Case(call.name, call.args, call.more))


def assert_title(case: Case) -> None:
    """Fail unless the title of a module is as short as the catalogue can write it, and builds the same when read."""
    tree = from_module(case.module())
    assert tree.title == expected_title(case.block)
    if tree.args:
        tensors = {name: tensor.shape for name, tensor in tree.tensors() if not name.startswith("activation.")}
        assert shapes(called(tree.title)) == tensors


def called(title: str) -> Block:
    """The layer of the catalogue that a title calls."""
    call = ast.parse(title, mode="eval").body
    assert isinstance(call, ast.Call)
    assert isinstance(call.func, ast.Name)
    named = {str(each.arg): ast.literal_eval(each.value) for each in call.keywords}
    return find_layer(call.func.id).build(*map(ast.literal_eval, call.args), **named)


def test_attributes_that_are_no_plain_values() -> None:
    odd: Any = np.array(4)
    model = nn.Sequential(nn.Linear(4, 3), nn.Linear(odd, 3), nn.Conv1d(2, 2, 3))
    model[2].kernel_size = [3]  # type: ignore[assignment]
    tree = from_module(model)
    assert [tree.at(name).title for name in "012"] == ["Linear(4, 3)", "Linear(4, 3)", "Conv1d(2, 2, 3)"]


@pytest.mark.parametrize("first", [2, None, np.array(2)])
def test_a_first_module_that_is_odd_leaves_the_titles_of_the_others(first: Any) -> None:
    """Three modules of one name and one class, which differ in an attribute alone."""
    groups = [nn.GroupNorm(number, 8) for number in (2, 4, 8)]
    groups[0].num_groups = first
    tree = from_module(nn.Sequential(*(nn.ModuleDict({"norm": each}) for each in groups)))
    titles = [tree.at(f"{place}.norm").title for place in range(3)]
    assert titles == ["GroupNorm" if first is None else "GroupNorm(2, 8)", "GroupNorm(4, 8)", "GroupNorm(8, 8)"]


def test_stale_attributes_are_not_shown() -> None:
    model = nn.Linear(8, 8)
    assert from_module(model).title == "Linear(8, 8)"
    model.weight = nn.Parameter(torch.zeros(4, 8))
    assert from_module(model).title == "Linear"
