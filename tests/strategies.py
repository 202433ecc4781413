"""Hypothesis strategies for the layer catalogue: for every class, calls that torch.nn and paramcalc both accept."""

from __future__ import annotations

import inspect
import warnings
from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, TypeAlias

import torch
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from torch import nn

from paramcalc.layers import find_layer
from paramcalc.symbols import symbol
from paramcalc.tree import Block

Values: TypeAlias = Mapping[str, SearchStrategy[Any]]
Call: TypeAlias = tuple[tuple[object, ...], dict[str, object]]
Change: TypeAlias = Callable[[str, int], object]

# What torch warns of while it builds a valid layer.
HARMLESS = (
    r"Initializing zero-element tensors is a no-op$",
    r"dropout option adds dropout after all but last recurrent layer",
    r"enable_nested_tensor is True, but self\.use_nested_tensor is False because",
)


@dataclass(frozen=True)
class Bare:
    """A bare parameter: its shape for paramcalc, an nn.Parameter for torch."""

    shape: Any


@dataclass(frozen=True)
class Case:
    """A call of one catalogue class. Its arguments hold plain values, `Bare` parameters and further cases."""

    name: str
    args: tuple[object, ...] = ()
    kwargs: Mapping[str, object] = field(default_factory=dict)

    @property
    def block(self) -> Block:
        """The call as a block."""
        block = _made(self, lambda name: find_layer(name).build, lambda shape: shape)
        assert isinstance(block, Block)
        return block

    def module(self) -> nn.Module:
        """Return the call as a torch module on the meta device."""
        with warnings.catch_warnings(), torch.device("meta"):
            for message in HARMLESS:
                warnings.filterwarnings("ignore", message)
            module = _made(self, lambda name: getattr(nn, name), lambda shape: nn.Parameter(torch.empty(shape)))
        assert isinstance(module, nn.Module)
        return module

    def sizes(self) -> dict[str, int]:
        """Return the integer sizes among the arguments, those of inner cases too, under names fit for symbols."""
        found: dict[str, int] = {}
        self.changed(lambda name, size: found.setdefault(name, size))
        return found

    def general(self, names: Collection[str]) -> Case:
        """Return the call with the sizes of those names replaced by symbols of the same names."""
        return self.changed(lambda name, size: symbol(name) if name in names else size)

    def changed(self, change: Change, prefix: str = "") -> Case:
        """Return the call with `change(name, size)` in the place of every integer size."""
        signature = inspect.signature(find_layer(self.name).build)
        bound = signature.bind(*self.args, **self.kwargs)
        given = dict(bound.arguments)
        for name, value in given.items():
            inner = f"{prefix}{_symbol_name(name, given)}"
            is_size = "Size" in str(signature.parameters[name].annotation) and _may_vary(name, given)
            bound.arguments[name] = _changed(value, inner, change if is_size else None, change)
        return Case(self.name, bound.args, bound.kwargs)


def _made(value: object, find: Callable[[str], Callable[..., object]], parameter: Callable[[Any], object]) -> Any:
    """Return an argument as one library takes it, given how it finds a class and makes a bare parameter."""
    if isinstance(value, Case):
        args = [_made(each, find, parameter) for each in value.args]
        return find(value.name)(*args, **{name: _made(each, find, parameter) for name, each in value.kwargs.items()})
    return parameter(value.shape) if isinstance(value, Bare) else _inside(value, lambda _, x: _made(x, find, parameter))


def _inside(value: object, convert: Callable[[object, object], object]) -> object:
    """Return a list, tuple or dictionary with `convert(place, item)` for each item, and any other value as it is."""
    if isinstance(value, list | tuple):
        return type(value)(convert(place, item) for place, item in enumerate(value))
    return type(value)((key, convert(key, item)) for key, item in value.items()) if isinstance(value, dict) else value


def _changed(value: object, name: str, size: Change | None, change: Change) -> Any:
    if isinstance(value, Case):
        return value.changed(change, f"{name}_")
    if isinstance(value, Bare):
        return Bare(_changed(value.shape, name, change, change))
    if type(value) is int and value > 0:
        return size(name, value) if size else value
    return _inside(value, lambda place, item: _changed(item, f"{name}_{place}", size, change))


def _symbol_name(argument: str, given: Mapping[str, object]) -> str:
    """The argument's own name; kdim and vdim share the symbol of embed_dim where they equal it, as torch compares."""
    same = argument in ("kdim", "vdim") and given[argument] == given["embed_dim"]
    return "embed_dim" if same else argument


def _may_vary(argument: str, given: Mapping[str, object]) -> bool:
    """Whether there is a formula in this argument: none for an in_features divided by a broken div_value."""
    divisor = given.get("div_value", 1)
    return not (argument == "in_features" and isinstance(divisor, float) and not divisor.is_integer())


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


def layer_args(name: str) -> SearchStrategy[Call]:
    """Return the strategy for the arguments of a catalogue class, as (args, kwargs)."""
    return STRATEGIES[name]


def cases(name: str) -> SearchStrategy[Case]:
    """Return the strategy for calls of a catalogue class, each a block on one side and a torch module on the other."""
    return as_cases(name, st.deferred(lambda: layer_args(name)))


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
