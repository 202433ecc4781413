"""Arguments for the layer catalogue: values of every kind, and those that go together within one call."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, TypeAlias

import torch
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from torch import nn

from paramcalc.testing.case import Call, Case

Values: TypeAlias = Mapping[str, SearchStrategy[Any]]

sizes = st.one_of(st.integers(1, 9), st.sampled_from([1, 2, 64, 257]))
small = st.integers(1, 4)
words = st.sampled_from(["fc", "conv", "head", "block_1", "layer0"])
small_list = st.lists(small, max_size=3)
small_tuple = small_list.map(tuple)
shapes = small_list | small_tuple | sizes

FLAGS = """bias head_bias add_bias_kv add_zero_attn bidirectional batch_first affine track_running_stats norm_first
    elementwise_affine _freeze scale_grad_by_freq sparse include_last_offset enable_nested_tensor mask_check"""

# What an argument may be where nothing else in the call matters to it; an argument that is not here is a size.
VALUES: Values = {
    **dict.fromkeys(FLAGS.split(), st.booleans()),
    **dict.fromkeys(("device", "process_group", "_weight"), st.none()),
    **dict.fromkeys(("eps", "layer_norm_eps"), st.sampled_from([1e-5, 1e-3])),
    **dict.fromkeys(("num_layers", "num_encoder_layers", "num_decoder_layers", "dilation"), small),
    "activation": st.sampled_from(["relu", "gelu", nn.functional.relu, nn.functional.gelu, Case("PReLU", (3,), {})]),
    "div_value": st.sampled_from([4.0, 2.0, 2.5, 3, 1, 0.5]),
    "dropout": st.sampled_from([0.0, 0.5, 1]),
    "dtype": st.sampled_from([None, None, None, torch.float32, torch.float16, torch.bfloat16, torch.float64]),
    "init": st.just(0.1),
    "max_norm": st.sampled_from([None, 1.0]),
    "mode": st.sampled_from(["sum", "mean", "max"]),
    "momentum": st.sampled_from([0.1, 0.5]),
    "nonlinearity": st.sampled_from(["tanh", "relu"]),
    "norm_type": st.just(2.0),
    "normalized_shape": shapes,
    "output_padding": st.just(0),
}


@st.composite
def calls(
    draw: st.DrawFn, /, required: str, optional: str = "", keyword: str = "", *, values: Values = MappingProxyType({})
) -> Call:
    """Draw a call, given the names of arguments in torch's positional order and the values of those not in `VALUES`.

    How many lead by position is drawn; of the others the optional ones, and those by keyword only, may be left out.
    """
    names = [*required.split(), *optional.split()]
    by_position = draw(st.integers(0, len(names)))
    args: list[object] = []
    kwargs: dict[str, object] = {}
    for place, name in enumerate([*names, *keyword.split()]):
        strategy = values.get(name, VALUES.get(name, sizes))
        if place < by_position:
            args.append(draw(strategy))
        elif place < len(required.split()) or draw(st.booleans()):
            kwargs[name] = draw(strategy)
    return tuple(args), kwargs


def multiples(number: int) -> SearchStrategy[int]:
    """Return small sizes that a number divides, the number itself first."""
    return small.map(lambda size: size * number)


def kernels(dimensions: int) -> SearchStrategy[Any]:
    """Return kernel sizes: one for all dimensions, or a list or tuple of one for each."""
    exact = st.lists(small, min_size=dimensions, max_size=dimensions)
    return small | exact | exact.map(tuple)


@st.composite
def convolutions(draw: st.DrawFn, dimensions: int, *, transposed: bool) -> Call:
    """Draw a call of a convolution; groups divides both channels, up to one channel a group."""
    groups, stride, padding = draw(st.sampled_from([1, 1, 2, 3, 8])), draw(kernels(dimensions)), kernels(dimensions)
    modes = ["zeros"] if transposed else ["zeros", "reflect", "replicate", "circular"]
    if not transposed:
        padding |= st.sampled_from(["valid", "same"] if stride == 1 else ["valid"])
    after = "output_padding groups bias dilation" if transposed else "dilation groups bias"
    values: Values = {
        **dict.fromkeys(("in_channels", "out_channels"), multiples(groups)),
        "kernel_size": kernels(dimensions),
        "stride": st.just(stride),
        "padding": padding,
        "groups": st.just(groups),
        "padding_mode": st.sampled_from(modes),
    }
    optional = f"stride padding {after} padding_mode device dtype"
    return draw(calls("in_channels out_channels kernel_size", optional, values=values))


@st.composite
def group_norms(draw: st.DrawFn) -> Call:
    """Draw a call of GroupNorm, up to one channel a group."""
    groups = draw(small)
    values = {"num_groups": st.just(groups), "num_channels": multiples(groups)}
    return draw(calls("num_groups num_channels", "eps affine device dtype", "bias", values=values))


@st.composite
def embeddings(draw: st.DrawFn, optional: str) -> Call:
    """Draw a call of Embedding or EmbeddingBag with a padding_idx counted from either end."""
    rows = draw(sizes)
    padding = st.none() | st.sampled_from([0, -1, rows - 1, -rows]) | st.integers(-rows, rows - 1)
    values = {"num_embeddings": st.just(rows), "padding_idx": padding}
    return draw(calls("num_embeddings embedding_dim", optional, values=values))


@st.composite
def recurrent(draw: st.DrawFn, optional: str) -> Call:
    """Draw a call of RNN, LSTM or GRU; device and dtype go by keyword, since torch hides a proj_size before them."""
    hidden = draw(st.integers(1, 9))
    values: Values = {"hidden_size": st.just(hidden), "proj_size": st.integers(0, hidden - 1)}
    return draw(calls("input_size hidden_size", optional, "device dtype", values=values))


@st.composite
def attentions(draw: st.DrawFn) -> Call:
    """Draw a call of MultiheadAttention, with keys and values as wide as the queries or not."""
    heads = draw(small)
    width = draw(multiples(heads))
    optional = "dropout bias add_bias_kv add_zero_attn kdim vdim batch_first device dtype"
    other = st.none() | st.just(width) | sizes
    values = {"embed_dim": st.just(width), "num_heads": st.just(heads), "kdim": other, "vdim": other}
    return draw(calls("embed_dim num_heads", optional, values=values))


@st.composite
def adaptive_softmaxes(draw: st.DrawFn) -> Call:
    """Draw a call of AdaptiveLogSoftmaxWithLoss; the width of a far cluster may fall to 0."""
    cutoffs = sorted(draw(st.sets(st.integers(1, 30), min_size=1, max_size=4)))
    values = {"n_classes": st.integers(cutoffs[-1] + 1, 40), "cutoffs": st.sampled_from([cutoffs, tuple(cutoffs)])}
    return draw(calls("in_features n_classes cutoffs", "div_value head_bias device dtype", values=values))
