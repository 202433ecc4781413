"""A call as values: the code of it, the sizes in it, and the call with symbols in their place."""

from __future__ import annotations

import warnings
from collections import OrderedDict
from typing import Any

import pytest
import torch
from torch import nn

from paramcalc.testing.case import HARMLESS, Bare, Case, quiet, written
from tests.frozen import assert_frozen

LINEAR = Case("Linear", (3, 4))
SOFTMAX = ("AdaptiveLogSoftmaxWithLoss", (8, 20, [3, 5]))
KERNEL = {"kernel_size_0": 3, "kernel_size_1": 5}
CLASSES = {"n_classes": 20, "cutoffs_0": 3, "cutoffs_1": 5}
ENCODER = Case("TransformerEncoderLayer", (4, 2, 8))

# The call, its code, and the sizes in it by their names.
CALLS: list[tuple[Case, str, dict[str, int]]] = [
    (LINEAR, "nn.Linear(3, 4)", {"in_features": 3, "out_features": 4}),
    (
        Case("Linear", (3,), {"out_features": 4, "bias": False}),
        "nn.Linear(3, out_features=4, bias=False)",
        LINEAR.sizes(),
    ),
    (
        Case("Conv2d", (4, 6, (3, 5)), {"stride": 2, "groups": 2}),
        "nn.Conv2d(4, 6, (3, 5), stride=2, groups=2)",
        {"in_channels": 4, "out_channels": 6, **KERNEL, "groups": 2},
    ),
    (
        Case("MultiheadAttention", (8, 2), {"kdim": 8, "vdim": 5}),
        "nn.MultiheadAttention(8, 2, kdim=8, vdim=5)",
        {"embed_dim": 8, "num_heads": 2, "vdim": 5},
    ),
    (Case(*SOFTMAX, {"div_value": 2.5}), "nn.AdaptiveLogSoftmaxWithLoss(8, 20, [3, 5], div_value=2.5)", CLASSES),
    (
        Case(*SOFTMAX, {"div_value": 2.0}),
        "nn.AdaptiveLogSoftmaxWithLoss(8, 20, [3, 5], div_value=2.0)",
        {"in_features": 8, **CLASSES},
    ),
    (Case(*SOFTMAX), "nn.AdaptiveLogSoftmaxWithLoss(8, 20, [3, 5])", {"in_features": 8, **CLASSES}),
    (
        Case("Sequential", (LINEAR, Case("Identity"))),
        "nn.Sequential(nn.Linear(3, 4), nn.Identity())",
        {"args_0_in_features": 3, "args_0_out_features": 4},
    ),
    (
        Case("ModuleDict", (), {"modules": {"fc": LINEAR}}),
        "nn.ModuleDict(modules={'fc': nn.Linear(3, 4)})",
        {"modules_fc_in_features": 3, "modules_fc_out_features": 4},
    ),
    (
        Case("Sequential", (OrderedDict(fc=LINEAR),)),
        "nn.Sequential(OrderedDict({'fc': nn.Linear(3, 4)}))",
        {"args_0_fc_in_features": 3, "args_0_fc_out_features": 4},
    ),
    (
        Case("ParameterList", (), {"values": [Bare(3), Bare((2, 5))]}),
        "nn.ParameterList(values=[nn.Parameter(torch.empty(3)), nn.Parameter(torch.empty((2, 5)))])",
        {"values_0": 3, "values_1_0": 2, "values_1_1": 5},
    ),
    (
        Case("LSTM", (3, 4), {"proj_size": 0, "num_layers": 2}),
        "nn.LSTM(3, 4, proj_size=0, num_layers=2)",
        {"input_size": 3, "hidden_size": 4, "num_layers": 2},
    ),
    (
        Case("TransformerEncoder", (ENCODER, 3)),
        "nn.TransformerEncoder(nn.TransformerEncoderLayer(4, 2, 8), 3)",
        {
            "encoder_layer_d_model": 4,
            "encoder_layer_nhead": 2,
            "encoder_layer_dim_feedforward": 8,
            "num_layers": 3,
        },
    ),
    (Case("PReLU", (), {"num_parameters": 1}), "nn.PReLU(num_parameters=1)", {"num_parameters": 1}),
    (Case("Embedding", (9, 4, 3)), "nn.Embedding(9, 4, 3)", {"num_embeddings": 9, "embedding_dim": 4}),
]


@pytest.mark.parametrize(("case", "code", "sizes"), CALLS, ids=[row[1] for row in CALLS])
def test_a_call_has_its_code_and_its_sizes(case: Case, code: str, sizes: dict[str, int]) -> None:
    assert case.code == code
    assert case.sizes() == sizes
    module: nn.Module = case.module()
    assert sum(each.numel() for each in module.parameters()) == case.block.params
    assert all(each.is_meta for each in module.parameters())


@pytest.mark.parametrize(("case", "sizes"), [(row[0], row[2]) for row in CALLS], ids=[row[1] for row in CALLS])
def test_each_size_may_be_a_symbol(case: Case, sizes: dict[str, int]) -> None:
    for name, size in sizes.items():
        general = case.general([name]).block
        assert general.symbols <= {name}
        assert general.symbols or name.endswith("nhead")
        assert general.bind(**dict.fromkeys(general.symbols, size)).params == case.block.params
    assert case.general([]).block == case.block


def test_a_changed_call_has_other_sizes_only() -> None:
    doubled = Case("Linear", (3,), {"out_features": 4, "bias": False}).changed(lambda _, size: 2 * size)
    assert doubled.block.title == "Linear(6, 8, bias=False)"
    pair = Case("Sequential", (LINEAR, Case("Linear", (4, 5)))).changed(lambda name, size: len(name))
    assert [child.title for child in pair.block.children] == ["Linear(18, 19)"] * 2


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (nn.functional.relu, "nn.functional.relu"),
        ((), "()"),
        ((3,), "(3,)"),
        ((3, (4,)), "(3, (4,))"),
        ([], "[]"),
        ([1, (2,)], "[1, (2,)]"),
        ({"a": 3, "b": [LINEAR]}, "{'a': 3, 'b': [nn.Linear(3, 4)]}"),
        (OrderedDict(a=3), "OrderedDict({'a': 3})"),
        ("x", "'x'"),
        (None, "None"),
        (torch.float16, "torch.float16"),
        (Bare((2, 3)), "nn.Parameter(torch.empty((2, 3)))"),
    ],
)
def test_an_argument_is_written_as_one_writes_it(value: object, text: str) -> None:
    assert written(value) == text


def test_arguments_of_a_call_are_those_of_torch() -> None:
    args, kwargs = Case(
        "ModuleDict", (), {"modules": {"a": LINEAR, "b": Bare((2, 3)), "c": (Bare(4), "d")}}
    ).arguments()
    modules: Any = kwargs["modules"]
    assert args == ()
    assert isinstance(modules["a"], nn.Linear)
    assert isinstance(modules["b"], nn.Parameter)
    assert (tuple(modules["b"].shape), modules["b"].is_meta) == ((2, 3), True)
    assert (tuple(modules["c"][0].shape), modules["c"][1]) == ((4,), "d")


HARMLESS_TEXTS = [
    "Initializing zero-element tensors is a no-op",
    "dropout option adds dropout after all but last recurrent layer, so non-zero",
    "enable_nested_tensor is True, but self.use_nested_tensor is False because of something",
]


@pytest.mark.parametrize("message", HARMLESS_TEXTS)
def test_harmless_warnings_are_left_out_and_others_are_not(message: str) -> None:
    assert len(HARMLESS) == len(HARMLESS_TEXTS)
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        with quiet():
            warnings.warn(message, stacklevel=1)
            warnings.warn(f"another, and {message}", stacklevel=1)
    assert [str(each.message) for each in seen] == [f"another, and {message}"]


def test_a_call_cannot_be_changed() -> None:
    assert_frozen(LINEAR)
    assert_frozen(Bare(3))
