"""Modules that the kit draws: all that may stand in them comes up, and the code of it leads there."""

from __future__ import annotations

import re

import pytest
import torch
from torch import nn

import paramcalc as pc
from paramcalc.testing import module_trees as trees
from paramcalc.testing import modules
from paramcalc.testing.module_trees import Sample, access, assignment, at, built, samples
from tests.frozen import assert_frozen
from tests.testing.draws import drawn


def test_fields_of_a_module_are_drawn_from_these() -> None:
    shapes = drawn(trees.SHAPES, 300)
    assert {len(each) for each in shapes} == {0, 1, 2, 3}
    assert {size for each in shapes for size in each} == {0, 1, 2, 3, 4, 5}
    kinds = {"parameter": ("", "frozen", "shared", "no"), "layer": ("", "frozen")}
    kinds |= {"module": kinds["parameter"], "buffer": ("", "hidden", "shared", "no")}
    assert set(drawn(trees.FIELDS, 300)) == {(how, what) for what, each in kinds.items() for how in each}
    assert set(drawn(trees.PARAMETER_TYPES)) == {torch.float32, torch.bfloat16, torch.float64, torch.complex64}
    assert set(drawn(trees.BUFFER_TYPES)) == {torch.float32, torch.int64, torch.bool, torch.int8}
    assert {case.name for case in drawn(trees.PLAIN, 60)} == {"Identity", "Linear"}
    assert set(drawn(trees.MORE)) == {False, True}


def test_modules_have_up_to_four_fields_and_nest_up_to_four_levels() -> None:
    found = drawn(samples(plain=True), 500)
    fields = [
        [*each._parameters, *each._modules, *each._buffers] for sample in found for each in sample.module.modules()
    ]
    plain = [
        len({*each._parameters, *each._modules, *each._buffers})
        for sample in found
        for each in sample.module.modules()
        if type(each) is nn.Module
    ]
    assert set(plain) == {0, 1, 2, 3, 4}
    assert {name for each in fields for name in each} <= {*trees.NAMES, "bias", "weight"}
    depths = {name.count(".") + 1 for sample in found for name, _ in sample.module.named_modules() if name}
    assert max(depths) == 4
    assert {type(each) for sample in found for each in sample.module.modules()} == {nn.Module, nn.Identity, nn.Linear}
    text = "\n".join(sample.code for sample in found)
    for part in (
        "nn.Parameter(torch.empty(",
        ", requires_grad=False)",
        ".requires_grad_(False)",
        "dtype=torch.complex64",
        "persistent=False)",
        "register_parameter('a', None)",
        "register_buffer('a', None)",
        "register_module('a', None)",
    ):
        assert part in text, part
    assert re.search(r"register_buffer\('\w+', (model|getattr)", text)
    assert not re.search(r"torch\.empty\([^)]*\), dtype=torch\.float32", text)


def between_layers(model: nn.Module) -> bool:
    """Whether a tensor of a layer stands in another layer too, neither of which was drawn field by field."""
    ties = [(name, tensor.tied_to) for name, tensor in pc.from_module(model).tensors() if tensor.tied_to]
    owners = [[model.get_submodule(place.rpartition(".")[0]) for place in pair if place] for pair in ties]
    return any(a is not b and nn.Module not in (type(a), type(b)) for a, b in owners)


def test_layers_are_tied_after_all_is_built() -> None:
    found = drawn(samples(), 80)
    assert {len(list(sample.shorter())) <= len(sample.steps) for sample in found} == {True}
    tied = [
        step.code for sample in found for step in sample.steps if re.search(r"\.(weight|bias)\w*( =|', )", step.code)
    ]
    assert any("model." in code.partition("=")[2] for code in tied)
    assert any(between_layers(sample.module) for sample in found)
    assert len({type(each) for sample in found for each in sample.module.modules()}) > 12
    assert {type(module) for module in drawn(modules(), 5)} == {nn.Module}


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("", "model"),
        ("a", "model.a"),
        ("0", "getattr(model, '0')"),
        ("a.b.weight", "model.a.b.weight"),
        ("a.0.b.1", "getattr(getattr(model.a, '0').b, '1')"),
    ],
)
def test_the_code_for_a_path_leads_there(path: str, code: str) -> None:
    assert access(path) == code
    inner = nn.Module()
    inner.add_module("b", nn.ParameterList([torch.ones(1), torch.ones(2)]))
    assert at(inner, "") is inner
    assert at(inner, "b.1").shape == (2,)
    with pytest.raises(AttributeError, match="no attribute 'c'"):
        at(inner, "b.c")


def test_a_place_is_assigned_by_its_name() -> None:
    assert assignment("", "a", "x") == "model.a = x"
    assert assignment("", "0", "x") == "setattr(model, '0', x)"
    assert assignment("a.0", "b", "x") == "getattr(model.a, '0').b = x"
    assert assignment("a.b", "1", "x") == "setattr(model.a.b, '1', x)"


def test_a_sample_is_its_steps() -> None:
    steps = (trees.Step("model.a = nn.Identity()", lambda model: model.add_module("a", nn.Identity())),)
    assert Sample(built(steps), steps).code == "model = nn.Module()\nmodel.a = nn.Identity()"
    assert [len(each.steps) for each in Sample(built(steps), steps).shorter()] == [0]


def test_a_sample_cannot_be_changed() -> None:
    assert_frozen(Sample(nn.Module(), ()))
