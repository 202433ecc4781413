"""Calls that the kit draws: layers in stacks and containers, and bare parameters."""

from __future__ import annotations

from collections import OrderedDict

from hypothesis import strategies as st

from paramcalc.testing import layer_calls
from paramcalc.testing.case import Bare, Case
from tests.testing.draws import drawn, named

SMALL = [1, 2, 3, 4]


def test_layers_of_a_stack_may_be_of_any_class() -> None:
    for side in ("Encoder", "Decoder"):
        layer = f"{side.lower()}_layer"
        calls = named(drawn(layer_calls.stacks(side, "norm"), 60), f"{layer} num_layers norm")
        assert {each[layer].name for each in calls} == {f"Transformer{side}Layer", "LSTM"}
        norms = {getattr(each["norm"], "name", None) for each in calls if "norm" in each}
        assert norms == {None, "LayerNorm", "RMSNorm"}
        assert {each["num_layers"] for each in calls} == set(SMALL)


def test_heads_divide_the_width_of_a_transformer() -> None:
    calls = named(drawn(layer_calls.transformers("", "custom_encoder custom_decoder"), 200), "d_model nhead")
    assert {each["nhead"] for each in calls if "nhead" in each} == {1, 2, 3}
    assert {each["d_model"] / each["nhead"] for each in calls if {"d_model", "nhead"} <= each.keys()} == set(SMALL)
    for name, classes in {
        "custom_encoder": {None, "TransformerEncoder"},
        "custom_decoder": {None, "TransformerDecoder", "Linear"},
    }.items():
        assert {getattr(each[name], "name", None) for each in calls if name in each} == classes


def test_containers_hold_up_to_three_parts() -> None:
    inner = st.just(Case("Linear", (1, 1)))
    calls = drawn(layer_calls.containers("Sequential", inner))
    dicts = [args[0] for args, _ in calls if args and isinstance(args[0], OrderedDict)]
    assert {len(each) for each in dicts} == {0, 1, 2, 3}
    assert {len(args) for args, _ in calls if not (args and isinstance(args[0], OrderedDict))} == {0, 1, 2, 3}
    for name, kind in (("ModuleList", list), ("ModuleDict", dict)):
        held = [each["modules"] for each in named(drawn(layer_calls.containers(name, inner)), "modules") if each]
        assert {type(each) for each in held} == {kind, type(None)}
        assert {len(each) for each in held if each is not None} == {0, 1, 2, 3}


def test_bare_parameters_are_up_to_four_shapes() -> None:
    lists = [each["values"] for each in named(drawn(layer_calls.STRATEGIES["ParameterList"]), "values") if each]
    dicts = [each["parameters"] for each in named(drawn(layer_calls.STRATEGIES["ParameterDict"]), "parameters") if each]
    for name in ("ParameterList", "ParameterDict"):
        assert ((), {}) in drawn(layer_calls.STRATEGIES[name], 60)
    assert {type(each) for each in lists} == {type(None), list}
    assert {type(each) for each in dicts} == {type(None), dict, OrderedDict}
    for held in (lists, dicts):
        assert {len(each) for each in held if each is not None} == {0, 1, 2, 3, 4}
    assert all(isinstance(shape, Bare) for each in lists if each is not None for shape in each)


def test_each_class_is_drawn_with_the_arguments_of_its_own() -> None:
    simple = {case.name for case in drawn(layer_calls.simple, 60)}
    assert simple == {"Linear", "Identity", "LSTM", "BatchNorm2d", "Embedding"}
    for n in (1, 2, 3):
        for kind in ("Conv", "ConvTranspose"):
            calls = named(drawn(layer_calls.STRATEGIES[f"{kind}{n}d"], 60), "in_channels out_channels kernel_size")
            kernels = [each["kernel_size"] for each in calls if not isinstance(each["kernel_size"], int)]
            assert {len(each) for each in kernels} == {n}
    assert ((), {}) in drawn(layer_calls.STRATEGIES["Transformer"], 60)


def leaves(value: object) -> list[str]:
    """The classes of the layers in containers, at any depth."""
    if isinstance(value, dict):
        return leaves(list(value.values()))
    if isinstance(value, list | tuple):
        return [name for each in value for name in leaves(each)]
    if isinstance(value, Case) and value.name in layer_calls.CONTAINERS:
        return leaves([*value.args, *value.kwargs.values()])
    return [value.name] if isinstance(value, Case) else []


def test_trees_are_containers_in_containers_of_a_few_layers() -> None:
    found = drawn(layer_calls.modules_and_blocks(), 150)
    assert set(layer_calls.CONTAINERS) <= {case.name for case in found}
    inner = {each.name for case in found if case.name == "Sequential" for each in case.args if isinstance(each, Case)}
    assert inner & set(layer_calls.CONTAINERS)
    assert 2 <= max(len(leaves(case)) for case in found) <= 5
