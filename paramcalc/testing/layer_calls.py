"""Strategies for calls of every class of the catalogue, those that hold layers included."""

from __future__ import annotations

from collections import OrderedDict

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from paramcalc.layers import find_layer
from paramcalc.testing.arguments import (
    Values,
    adaptive_softmaxes,
    attentions,
    calls,
    convolutions,
    embeddings,
    group_norms,
    multiples,
    recurrent,
    shapes,
    small_tuple,
    words,
)
from paramcalc.testing.case import Bare, Call, Case


@st.composite
def transformers(draw: st.DrawFn, before: str, between: str = "") -> Call:
    """Draw a call with a width and a number of heads, given the arguments before and after `activation`."""
    heads = draw(st.integers(1, 3))
    values: Values = {
        "d_model": multiples(heads),
        "nhead": st.just(heads),
        "custom_encoder": st.none() | cases("TransformerEncoder"),
        "custom_decoder": st.none() | cases("TransformerDecoder") | cases("Linear"),
    }
    optional = f"{before} dropout activation {between} layer_norm_eps batch_first norm_first bias device dtype"
    return draw(calls("d_model nhead", optional, values=values))


def stacks(side: str, optional: str) -> SearchStrategy[Call]:
    """Return calls of a stack of layers, which may be of any class, with a norm at the end or without."""
    layer = f"{side.lower()}_layer"
    norms = st.none() | cases("LayerNorm") | cases("RMSNorm")
    values: Values = {layer: cases(f"Transformer{side}Layer") | cases("LSTM"), "norm": norms}
    return calls(f"{layer} num_layers", optional, values=values)


def containers(name: str, inner: SearchStrategy[Case]) -> SearchStrategy[Call]:
    """Return calls of a container that holds inner cases."""
    several, named = st.lists(inner, max_size=3), st.dictionaries(words, inner, max_size=3)
    if name == "Sequential":
        return several.map(lambda items: (tuple(items), {})) | named.map(lambda items: ((OrderedDict(items),), {}))
    return calls("", "modules", values={"modules": st.none() | (several if name == "ModuleList" else named)})


def cases(name: str) -> SearchStrategy[Case]:
    """Return the strategy for calls of a catalogue class, each a block on one side and a torch module on the other."""
    return as_cases(name, st.deferred(lambda: STRATEGIES[name]))


def as_cases(name: str, arguments: SearchStrategy[Call]) -> SearchStrategy[Case]:
    """Return the strategy for calls of a catalogue class with the given arguments."""
    return arguments.map(lambda call: Case(name, *call))


def modules_and_blocks() -> SearchStrategy[Case]:
    """Return the strategy for trees: containers in containers, with cases of all other classes as their leaves."""

    def around(inner: SearchStrategy[Case]) -> SearchStrategy[Case]:
        return st.one_of([as_cases(name, containers(name, inner)) for name in CONTAINERS])

    leaves = st.one_of([cases(name) for name in STRATEGIES if name not in CONTAINERS])
    return st.recursive(leaves, around, max_leaves=5)


CONTAINERS = ("Sequential", "ModuleList", "ModuleDict")
CHANNEL_NORM = "eps momentum affine track_running_stats"
EMBEDDING_NORM = "max_norm norm_type scale_grad_by_freq"
simple = st.sampled_from(["Linear", "Identity", "LSTM", "BatchNorm2d", "Embedding"]).flatmap(cases)
bare_list, bare_dict = st.lists(shapes.map(Bare), max_size=4), st.dictionaries(words, shapes.map(Bare), max_size=4)

STRATEGIES: dict[str, SearchStrategy[Call]] = {
    "PReLU": calls("", "num_parameters init device dtype"),
    "Linear": calls("in_features out_features", "bias device dtype"),
    "Bilinear": calls("in1_features in2_features out_features", "bias device dtype"),
    "Identity": calls(""),
    "MultiheadAttention": attentions(),
    **{name: containers(name, simple) for name in CONTAINERS},
    "ParameterList": calls("", "values", values={"values": st.none() | bare_list}),
    "ParameterDict": calls("", "parameters", values={"parameters": st.none() | bare_dict | bare_dict.map(OrderedDict)}),
    **{f"Conv{n}d": convolutions(n, transposed=False) for n in (1, 2, 3)},
    **{f"ConvTranspose{n}d": convolutions(n, transposed=True) for n in (1, 2, 3)},
    "Embedding": embeddings(f"padding_idx {EMBEDDING_NORM} sparse _weight _freeze device dtype"),
    "EmbeddingBag": embeddings(f"{EMBEDDING_NORM} mode sparse _weight include_last_offset padding_idx device dtype"),
    **{f"BatchNorm{n}d": calls("num_features", f"{CHANNEL_NORM} device dtype", "bias") for n in (1, 2, 3)},
    **{f"InstanceNorm{n}d": calls("num_features", f"{CHANNEL_NORM} device dtype", "bias") for n in (1, 2, 3)},
    "SyncBatchNorm": calls("num_features", f"{CHANNEL_NORM} process_group device dtype", "bias"),
    "GroupNorm": group_norms(),
    "LayerNorm": calls("normalized_shape", "eps elementwise_affine bias device dtype"),
    "RMSNorm": calls("normalized_shape", "eps elementwise_affine device dtype"),
    "RNN": recurrent("num_layers nonlinearity bias batch_first dropout bidirectional"),
    "LSTM": recurrent("num_layers bias batch_first dropout bidirectional proj_size"),
    "GRU": recurrent("num_layers bias batch_first dropout bidirectional"),
    "RNNCell": calls("input_size hidden_size", "bias nonlinearity device dtype"),
    "LSTMCell": calls("input_size hidden_size", "bias device dtype"),
    "GRUCell": calls("input_size hidden_size", "bias device dtype"),
    "AdaptiveLogSoftmaxWithLoss": adaptive_softmaxes(),
    "LinearCrossEntropyLoss": calls(
        "in_features num_classes", "", "out_features bias device dtype", values={"out_features": small_tuple}
    ),
    "TransformerEncoderLayer": transformers("dim_feedforward"),
    "TransformerDecoderLayer": transformers("dim_feedforward"),
    "TransformerEncoder": stacks("Encoder", "norm enable_nested_tensor mask_check"),
    "TransformerDecoder": stacks("Decoder", "norm"),
    # Both heads and width, or neither: torch's defaults of 512 and 8 need not go with one of them.
    "Transformer": calls("")
    | transformers("num_encoder_layers num_decoder_layers dim_feedforward", "custom_encoder custom_decoder"),
}


def layer_args(name: str) -> SearchStrategy[Call]:
    """Return a strategy for valid constructor arguments of a catalogue class of torch.nn, as a pair (args, kwargs).

    Sizes are small, edge cases are frequent: no bias, groups up to one channel each, a tuple or list for a kernel,
    `proj_size`, sizes of 1, a width of 0 in the clusters of an adaptive softmax. How many arguments go by position is
    drawn. Modules and parameters among the arguments are on the meta device; build on it too, or give a `device`.

    >>> import torch
    >>> from hypothesis import given
    >>> from torch import nn
    >>> @given(layer_args("Conv2d"))
    ... def test_groups_divide_the_weight(call):
    ...     args, kwargs = call
    ...     with torch.device("meta"):
    ...         conv = nn.Conv2d(*args, **kwargs)
    ...     assert conv.weight.shape[1] * conv.groups == conv.in_channels
    >>> test_groups_divide_the_weight()

    Raises UnknownName for a class that is not in the catalogue.
    """
    return cases(find_layer(name).name).map(Case.arguments)
