"""The torch model of AMNL has its published counts, its names and its layers."""

from __future__ import annotations

import ast
from pathlib import Path

import torch
import torchinfo
from hypothesis import given, settings

import amnl_reference
from amnl_reference import AMNL, AMNLConfig, build
from tests.reference.models import TOTALS, configs, expected_names, params, presets

COMPONENTS = {
    "book": {"cnn": 53_184, "lstm": 594_432, "attention": 263_680, "rul_head": 33_025, "health_head": 16_643},
    "research": {"cnn": 53_184, "lstm": 2_236_416, "attention": 1_051_648}
    | {"trunk": 149_856, "rul_head": 4_737, "health_head": 1_635},
}


@presets
def test_components_have_the_published_counts(preset: str) -> None:
    components = {name: params(child) for name, child in build(preset).named_children()}
    assert list(components.items()) == list(COMPONENTS[preset].items())
    assert sum(components.values()) == TOTALS[preset]


@presets
def test_total_agrees_with_torchinfo(preset: str) -> None:
    model = build(preset)
    assert torchinfo.summary(model, verbose=0).total_params == params(model) == TOTALS[preset]


@given(config=configs())
@settings(deadline=None)
def test_parameter_names_are_the_contract_and_owners_are_registered_only_when_used(config: AMNLConfig) -> None:
    model = AMNL(config)
    assert [name for name, _ in model.named_parameters()] == expected_names(config)
    modules = dict(model.named_modules())
    assert ("trunk" in modules) == bool(config.trunk)
    assert ("lstm.norm" in modules) == config.lstm_norm
    assert ("attention.0.norm" in modules) == config.attention_norm


@presets
def test_builds_without_memory_on_the_meta_device(preset: str) -> None:
    with torch.device("meta"):
        model = build(preset)
    assert {tensor.device.type for tensor in (*model.parameters(), *model.buffers())} == {"meta"}
    assert params(model) == TOTALS[preset]


def test_layers_between_the_weights_are_the_published_ones() -> None:
    components = build("research").named_children()
    kinds = {name: [type(layer).__name__ for layer in child.children()] for name, child in components}
    between = ["Linear", "ReLU", "Dropout"]
    assert kinds["cnn"] == 3 * ["Conv1d", "BatchNorm1d", "ReLU", "Dropout"]
    assert kinds["trunk"] == 3 * ["Linear", "ReLU"]
    assert kinds["rul_head"] == [*(3 * between), "Linear", "ReLU"]
    assert kinds["health_head"] == [*(2 * between), "Linear"]


def imported_modules(source: str) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add("." * node.level + (node.module or ""))
    return names


def test_the_reference_never_imports_what_it_is_compared_with() -> None:
    folder = Path(amnl_reference.__file__).parent
    imports = {path.stem: imported_modules(path.read_text()) for path in folder.rglob("*.py")}
    assert "torch" in imports["model"]
    assert "amnl_reference.config" in imports["model"]
    assert not [name for names in imports.values() for name in names if name.split(".")[0] == "paramcalc"]
