"""AMNL: the specification against the real torch model, tensor by tensor, and the figures of the course."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import torchinfo
from hypothesis import given
from hypothesis import strategies as st

import amnl_reference
import paramcalc as pc
from paramcalc import symbol, unfold
from paramcalc.architectures import AMNL, symbol_values, with_symbols
from paramcalc.errors import InvalidType, InvalidValue, PreconditionFailed, UnknownName
from paramcalc.sizes.symbols import substitute, sympified
from paramcalc.testing import architectures
from tests.agreement import assert_agree

BOOK = {
    "CNN Feature Extractor": 53_184,
    "BiLSTM Encoder": 594_432,
    "Attention Layer": 263_680,
    "RUL Head": 33_025,
    "Health Head": 16_643,
}
RESEARCH = {
    "CNN Feature Extractor": 53_184,
    "BiLSTM Encoder": 2_236_416,
    "Attention Layer": 1_051_648,
    "Shared Funnel": 149_856,
    "RUL Head": 4_737,
    "Health Head": 1_635,
}


def reference(preset: str, **overrides: Any) -> torch.nn.Module:
    with torch.device("meta"):
        return amnl_reference.build(preset, **overrides)


@pytest.mark.parametrize(
    ("preset", "components", "total"), [("book", BOOK, 960_964), ("research", RESEARCH, 3_497_476)]
)
def test_components_are_those_of_the_course(preset: str, components: dict[str, int], total: int) -> None:
    tree = pc.architecture("amnl", preset=preset)
    assert {child.label: child.params for child in tree.children} == components
    assert tree.params == total == sum(components.values())


@given(st.sampled_from(["book", "research"]), architectures())
def test_specification_agrees_with_the_torch_model(preset: str, settings: dict[str, Any]) -> None:
    tree, model = pc.architecture("amnl", preset=preset, **settings), reference(preset, **settings)
    assert_agree(tree, model)
    assert tree.params == torchinfo.summary(model, verbose=0).total_params


@pytest.mark.parametrize("preset", ["book", "research"])
def test_presets_agree_with_the_torch_model(preset: str) -> None:
    assert_agree(pc.architecture("amnl", preset=preset), reference(preset))


@given(st.sampled_from(["book", "research"]), architectures())
def test_the_symbolic_tree_holds_every_concrete_one(preset: str, settings: dict[str, Any]) -> None:
    config = AMNL.config(preset, **settings)
    values = symbol_values(config)
    symbolic = AMNL.build(with_symbols(config, list(values)))
    assert symbolic.symbols == values.keys()
    concrete = pc.architecture("amnl", preset=preset, **settings)
    assert unfold(symbolic.bind(**values)) == unfold(concrete)
    assert substitute(symbolic.params, sympified(values)) == concrete.params


def test_symbolic_leaves_every_size_free() -> None:
    tree = pc.architecture("amnl", symbolic=True)
    assert tree.symbols == symbol_values(AMNL.config()).keys()
    assert pc.architecture("amnl", symbolic=True, conv_channels=(8, 8)).symbols == tree.symbols - {
        "conv_channels_0",
        "conv_channels_1",
        "conv_channels_2",
    }


def test_one_hidden_size_gives_the_polynomial_of_the_course() -> None:
    h = symbol("lstm_hidden")
    tree = pc.architecture("amnl", lstm_hidden=h)
    assert tree.params == 48 * h**2 + 944 * h + 53_700
    assert [str(each) for each in tree.preconditions] == ["lstm_hidden divisible by 4"]
    assert tree.bind(lstm_hidden=64).at("lstm").params == 166_144


def test_an_entry_of_a_tuple_is_set_by_its_number() -> None:
    assert pc.architecture("amnl", conv_channels_1=32) == pc.architecture("amnl", conv_channels=(64, 32, 64))


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"num_heads": 7}, PreconditionFailed, "256 is not divisible by 7"),
        ({"lstm_hidden": 0}, InvalidValue, r"amnl.lstm_hidden: got 0"),
        ({"lstm_hiden": 3}, UnknownName, "did you mean 'lstm_hidden'"),
        ({"conv_channels": ()}, InvalidValue, "expected one width or more"),
        ({"conv_channels": 64}, InvalidType, "expected a tuple of sizes"),
        ({"conv_channels_3": 64}, UnknownName, "unknown hyperparameter 'conv_channels_3'"),
        ({"lstm_norm": 1}, InvalidType, "expected True or False"),
        ({"n_classes": 2.0}, InvalidType, "got float 2.0"),
        ({"preset": "bok"}, UnknownName, "did you mean 'book'"),
    ],
)
def test_wrong_hyperparameters_are_refused(settings: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        pc.architecture("amnl", **settings)


def test_the_number_of_attention_layers_is_that_of_their_names() -> None:
    n = symbol("n")

    def layers(count: object) -> list[tuple[str, object]]:
        return [
            (each.name, each.repeat)
            for each in pc.architecture("amnl", attention_layers=count).at("attention").children
        ]

    assert layers(1) == [("0", 1)]
    assert layers(2) == [("{}", 2)]
    assert layers(n) == [("{}", n)]
    fewer = pc.architecture("amnl", attention_layers=n - 1)
    assert [str(each) for each in fewer.at("attention").conditions] == ["n - 1 >= 1"]
    assert [str(each) for each in fewer.preconditions] == ["n - 1 >= 1"]


@pytest.mark.parametrize("lstm_norm", [True, False])
@pytest.mark.parametrize("attention_norm", [True, False])
@pytest.mark.parametrize("trunk", [(), (6,), (6, 5)])
def test_a_part_is_there_where_the_configuration_says_so(
    lstm_norm: bool, attention_norm: bool, trunk: tuple[int, ...]
) -> None:
    given: dict[str, Any] = {"lstm_norm": lstm_norm, "attention_norm": attention_norm, "trunk": trunk}
    tree = pc.architecture("amnl", conv_channels=(4,), rul_hidden=(), health_hidden=(3, 2), **given)
    names = {path: [child.name for child in block.children] for path, block in tree.walk() if block.children}
    assert names == {
        "": ["cnn", "lstm", "attention", *(["trunk"] if trunk else []), "rul_head", "health_head"],
        "cnn": ["conv1", "bn1"],
        "lstm": ["lstm", *(["norm"] if lstm_norm else [])],
        "attention": ["0"],
        "attention.0": ["mha", *(["norm"] if attention_norm else [])],
        "attention.0.mha": ["out_proj"],
        **({"trunk": [f"fc{number}" for number, _ in enumerate(trunk, 1)]} if trunk else {}),
        "rul_head": ["fc1"],
        "health_head": ["fc1", "fc2", "fc3"],
    }
    kinds = {path: (tree.at(path).kind, tree.at(path).label) for path in names if path}
    assert kinds == {
        "cnn": ("FeatureExtractor", "CNN Feature Extractor"),
        "lstm": ("BiLSTMEncoder", "BiLSTM Encoder"),
        "attention": ("ModuleList", "Attention Layer"),
        "attention.0": ("AttentionBlock", ""),
        "attention.0.mha": ("MultiheadAttention", ""),
        **({"trunk": ("MLP", "Shared Funnel")} if trunk else {}),
        "rul_head": ("MLP", "RUL Head"),
        "health_head": ("MLP", "Health Head"),
    }
    assert (tree.kind, tree.label) == ("AMNL", "AMNL")
    assert tree.at("rul_head.fc1").title == f"Linear({trunk[-1] if trunk else 256}, 1)"
    assert [tree.at(f"health_head.fc{number}").title for number in (2, 3)] == ["Linear(3, 2)", "Linear(2, 3)"]
