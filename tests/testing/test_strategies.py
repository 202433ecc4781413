"""What the kit draws: arguments that build, the edges of each class, modules with what counters get wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from torch import nn

import paramcalc as pc
from paramcalc.architectures import AMNL
from paramcalc.errors import UnknownName
from paramcalc.layers import CATALOGUE
from paramcalc.testing import architectures, blocks, layer_args, modules
from paramcalc.testing.case import Case, quiet
from paramcalc.testing.module_trees import LAYERS, Sample, reached, samples
from paramcalc.testing.module_trees import built as rebuilt
from tests.sample_code import built
from tests.testing.checks import parameters


@pytest.mark.parametrize("name", sorted(CATALOGUE))
def test_arguments_of_every_class_build_it(name: str) -> None:
    seen: list[tuple[Any, Any]] = []

    @settings(max_examples=20)
    @given(layer_args(name))
    def build(call: tuple[Any, Any]) -> None:
        args, kwargs = call
        with quiet(), torch.device("meta"):
            layer = getattr(nn, name)(*args, **kwargs)
        assert all(each.is_meta for each in [*layer.parameters(), *layer.buffers()])
        seen.append(call)

    build()
    assert seen


@pytest.mark.parametrize(
    ("name", "edge"),
    [
        ("Linear", lambda layer: layer.bias is None),
        ("Conv2d", lambda layer: layer.groups == layer.in_channels > 1),
        ("Conv2d", lambda layer: layer.kernel_size[0] != layer.kernel_size[1]),
        ("LSTM", lambda layer: layer.proj_size > 0 and layer.bidirectional and layer.num_layers > 1),
        ("Embedding", lambda layer: layer.num_embeddings == 1 and layer.padding_idx == 0),
    ],
)
def test_edge_cases_are_drawn(name: str, edge: Callable[[Any], bool]) -> None:
    found: list[bool] = []

    @settings(max_examples=300, derandomize=True)
    @given(layer_args(name))
    def build(call: tuple[Any, Any]) -> None:
        with quiet(), torch.device("meta"):
            found.append(edge(getattr(nn, name)(*call[0], **call[1])))

    build()
    assert any(found)


def test_arguments_of_an_unknown_class() -> None:
    with pytest.raises(UnknownName, match=r"unknown layer 'Conv4d'; did you mean 'Conv"):
        layer_args("Conv4d")


@settings(max_examples=200)
@given(samples())
def test_the_code_of_a_module_builds_one_like_it(sample: Sample) -> None:
    module = sample.module
    for again in (built(sample.code), rebuilt(sample.steps)):
        assert pc.from_module(again) == pc.from_module(module)
        assert again.state_dict().keys() == module.state_dict().keys()
        assert [name for name, _ in again.named_modules()] == [name for name, _ in module.named_modules()]
        assert all(each.is_meta for each in again.parameters())


def test_a_module_that_an_attribute_hides_is_left_alone() -> None:
    decoder = nn.TransformerDecoder(nn.TransformerDecoderLayer(4, 2, 4, activation=nn.PReLU()), 1)
    hidden = "layers.0.activation.weight"
    assert hidden in dict(decoder.named_parameters())
    assert [path for path, _ in reached(decoder)] == [path for path, _ in decoder.named_parameters() if path != hidden]


TRICKS: dict[str, Callable[[nn.Module], object]] = {
    "a shared module": lambda model: len(list(model.named_modules(remove_duplicate=False))) > len([*model.modules()]),
    "a tied parameter": lambda model: len(parameters(model)) > len([*model.parameters()]),
    "two layers tied": lambda model: any(
        each.tied_to and "Module" not in (owner(model, name), owner(model, each.tied_to))
        for name, each in pc.from_module(model).tensors()
    ),
    "a frozen one": lambda model: any(not each.requires_grad for each in model.parameters()),
    "a parameter beside children": lambda model: any(
        type(each) is nn.Module and each._parameters and list(each.children()) for each in model.modules()
    ),
    "a hidden buffer": lambda model: any(each._non_persistent_buffers_set for each in model.modules()),
    "None": lambda model: any(None in each._modules.values() for each in model.modules()),
    "three levels": lambda model: any(name.count(".") >= 3 for name, _ in model.named_modules()),
    "no elements": lambda model: any(each.numel() == 0 for each in model.parameters()),
    "complex numbers": lambda model: any(each.is_complex() for each in model.parameters()),
}


def owner(model: nn.Module, name: str) -> str:
    """The class of the module that owns a tensor."""
    return type(model.get_submodule(name.rpartition(".")[0])).__name__


def test_modules_have_what_counters_get_wrong() -> None:
    seen: set[str] = set()

    @settings(max_examples=500, derandomize=True)
    @given(modules())
    def look(model: nn.Module) -> None:
        seen.update(name for name, trick in TRICKS.items() if trick(model))

    @settings(max_examples=2000, derandomize=True)
    @given(LAYERS)
    def look_at_layers(case: Case) -> None:
        seen.add(case.name)

    look()
    look_at_layers()
    assert seen == TRICKS.keys() | CATALOGUE.keys()


@given(blocks(), blocks(symbolic=False))
def test_blocks_have_symbols_where_they_are_asked_for(symbolic: pc.Block, plain: pc.Block) -> None:
    assert symbolic.symbols <= {"a", "b", "c"}
    assert not plain.symbols
    assert isinstance(plain.params, int)


@given(architectures())
def test_architectures_name_every_hyperparameter(given: dict[str, Any]) -> None:
    assert given.keys() == vars(AMNL.config()).keys()
    assert isinstance(pc.architecture("amnl", **given).params, int)
