"""Arguments that the kit draws: all values of each kind come up, and those of one call go together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

import pytest
import torch
from hypothesis import strategies as st
from torch import nn

from paramcalc.testing import arguments as kit
from paramcalc.testing.case import Case
from tests.testing.draws import drawn, named

FLAGS = """bias head_bias add_bias_kv add_zero_attn bidirectional batch_first affine track_running_stats norm_first
    elementwise_affine _freeze scale_grad_by_freq sparse include_last_offset enable_nested_tensor mask_check"""
TYPES = [None, torch.float32, torch.float16, torch.bfloat16, torch.float64]
ACTIVATIONS = ["relu", "gelu", nn.functional.relu, nn.functional.gelu, Case("PReLU", (3,), {})]
SMALL = [1, 2, 3, 4]
VALUES: dict[str, list[Any]] = {
    **{flag: [False, True] for flag in FLAGS.split()},
    **{nothing: [None] for nothing in ("device", "process_group", "_weight")},
    **{eps: [1e-5, 1e-3] for eps in ("eps", "layer_norm_eps")},
    **dict.fromkeys(("num_layers", "num_encoder_layers", "num_decoder_layers", "dilation"), SMALL),
    "activation": ACTIVATIONS,
    "div_value": [4.0, 2.0, 2.5, 3, 1, 0.5],
    "dropout": [0.0, 0.5, 1],
    "dtype": TYPES,
    "init": [0.1],
    "max_norm": [None, 1.0],
    "mode": ["sum", "mean", "max"],
    "momentum": [0.1, 0.5],
    "nonlinearity": ["tanh", "relu"],
    "norm_type": [2.0],
    "output_padding": [0],
}


def same_values(values: Iterable[object], expected: Iterable[object]) -> bool:
    """Whether the values are those, each at least once, and of their types."""
    texts = {(type(each), repr(each)) for each in values}
    return texts == {(type(each), repr(each)) for each in expected}


@pytest.mark.parametrize("name", [*VALUES, "normalized_shape"])
def test_each_argument_takes_all_its_values(name: str) -> None:
    assert kit.VALUES.keys() == {*VALUES, "normalized_shape"}
    if name != "normalized_shape":
        assert same_values(drawn(kit.VALUES[name], 60), VALUES[name])
        return
    shapes = drawn(kit.VALUES[name], 300)
    assert {type(each) for each in shapes} == {int, list, tuple}
    assert {len(each) for each in shapes if not isinstance(each, int)} == {0, 1, 2, 3}


def test_sizes_are_small_and_some_are_large() -> None:
    assert set(drawn(kit.sizes, 400)) == {*range(1, 10), 64, 257}
    assert set(drawn(kit.small)) == set(SMALL)
    assert set(drawn(kit.words)) == {"fc", "conv", "head", "block_1", "layer0"}
    assert {len(each) for each in drawn(kit.small_list)} == {0, 1, 2, 3}
    assert {type(each) for each in drawn(kit.small_tuple)} == {tuple}
    for number in (1, 3, 8):
        assert set(drawn(kit.multiples(number))) == {number * each for each in SMALL}


@pytest.mark.parametrize("dimensions", [1, 2, 3])
def test_a_kernel_is_one_size_or_one_for_each_dimension(dimensions: int) -> None:
    kernels = drawn(kit.kernels(dimensions))
    assert {type(each) for each in kernels} == {int, list, tuple}
    assert {len(each) for each in kernels if not isinstance(each, int)} == {dimensions}
    assert {size for each in kernels for size in ([each] if isinstance(each, int) else each)} == set(SMALL)


def test_arguments_lead_by_position_and_the_rest_go_by_keyword_or_not_at_all() -> None:
    values = {name: st.just(name) for name in ("a", "b", "c", "d", "e")}
    calls = drawn(kit.calls("a b", "c d", "e", values=values), 400)
    assert {args for args, _ in calls} == {(), ("a",), ("a", "b"), ("a", "b", "c"), ("a", "b", "c", "d")}
    assert all({"a", "b"} <= {*args, *kwargs} and not {*args} & {*kwargs} for args, kwargs in calls)
    for name in ("c", "d", "e"):
        assert {name in kwargs for _, kwargs in calls} == {False, True}
    assert all(value == name for _, kwargs in calls for name, value in kwargs.items())
    assert same_values({kwargs["bias"] for _, kwargs in drawn(kit.calls("bias")) if kwargs}, [False, True])
    assert {args[0] for args, _ in drawn(kit.calls("unknown"), 400) if args} == {*range(1, 10), 64, 257}
    assert drawn(kit.calls("")) == [((), {})]


CONVOLUTION = "in_channels out_channels kernel_size stride padding {} padding_mode device dtype"


@pytest.mark.parametrize("transposed", [False, True])
def test_groups_divide_both_channels_of_a_convolution(transposed: bool) -> None:
    order = CONVOLUTION.format("output_padding groups bias dilation" if transposed else "dilation groups bias")
    calls = named(drawn(kit.convolutions(2, transposed=transposed), 500), order)
    groups = {each.get("groups", 0) for each in calls}
    assert groups == {0, 1, 2, 3, 8}
    assert Counter(each["groups"] for each in calls if "groups" in each).most_common(1)[0][0] == 1
    for channels in ("in_channels", "out_channels"):
        shares = {(each[channels] / each["groups"]) for each in calls if "groups" in each}
        assert shares == set(SMALL)
    modes = {each["padding_mode"] for each in calls if "padding_mode" in each}
    assert modes == ({"zeros"} if transposed else {"zeros", "reflect", "replicate", "circular"})
    words = {(each["padding"], each.get("stride", 1) == 1) for each in calls if isinstance(each.get("padding"), str)}
    assert words == (set() if transposed else {("valid", True), ("valid", False), ("same", True)})
    assert {type(each["kernel_size"]) for each in calls} == {int, list, tuple}
    assert {type(each["stride"]) for each in calls if "stride" in each} == {int, list, tuple}


def test_groups_divide_the_channels_of_a_norm() -> None:
    calls = named(drawn(kit.group_norms()), "num_groups num_channels eps affine device dtype")
    assert {each["num_groups"] for each in calls} == set(SMALL)
    assert {each["num_channels"] / each["num_groups"] for each in calls} == set(SMALL)
    assert {each.get("bias") for each in calls} == {None, False, True}


def test_a_padding_index_is_counted_from_either_end() -> None:
    calls = named(drawn(kit.embeddings("padding_idx"), 500), "num_embeddings embedding_dim padding_idx")
    rows = [(each["num_embeddings"], each["padding_idx"]) for each in calls if each.get("padding_idx") is not None]
    assert all(-size <= index < size for size, index in rows)
    edges = {"first": (0, 0), "last": (1, -1), "first, from the end": (-1, 0), "last, from the end": (0, -1)}
    large = [(size, index) for size, index in rows if size > 9]
    assert all(any(index == factor * size + offset for size, index in large) for factor, offset in edges.values())
    assert None in {each.get("padding_idx", 0) for each in calls}


def test_a_projection_is_smaller_than_what_is_hidden() -> None:
    calls = named(drawn(kit.recurrent("proj_size"), 400), "input_size hidden_size proj_size")
    assert {each["hidden_size"] for each in calls} == set(range(1, 10))
    sizes = [(each["hidden_size"], each["proj_size"]) for each in calls if "proj_size" in each]
    assert all(0 <= projection < hidden for hidden, projection in sizes)
    assert {0, 1} <= {projection for _, projection in sizes}
    assert any(projection == hidden - 1 for hidden, projection in sizes if hidden > 2)
    assert all(len(args) <= 2 for args, _ in drawn(kit.recurrent("")))


def test_heads_divide_the_width_of_an_attention() -> None:
    order = "embed_dim num_heads dropout bias add_bias_kv add_zero_attn kdim vdim batch_first device dtype"
    calls = named(drawn(kit.attentions(), 400), order)
    assert {each["num_heads"] for each in calls} == set(SMALL)
    assert {each["embed_dim"] / each["num_heads"] for each in calls} == set(SMALL)
    for name in ("kdim", "vdim"):
        widths = [(each[name], each["embed_dim"]) for each in calls if name in each]
        assert {None if size is None else size == width for size, width in widths} == {None, False, True}


def test_cutoffs_rise_below_the_number_of_classes() -> None:
    calls = named(drawn(kit.adaptive_softmaxes(), 400), "in_features n_classes cutoffs div_value head_bias")
    assert {type(each["cutoffs"]) for each in calls} == {list, tuple}
    assert {len(each["cutoffs"]) for each in calls} == {1, 2, 3, 4}
    for each in calls:
        assert list(each["cutoffs"]) == sorted(set(each["cutoffs"]))
        assert each["cutoffs"][0] >= 1
        assert each["cutoffs"][-1] < each["n_classes"] <= 40
    ends = {each["cutoffs"][-1] for each in calls}
    assert (min(ends), max(ends)) == (1, 30)
    assert {1, 10} <= {each["n_classes"] - each["cutoffs"][-1] for each in calls}
