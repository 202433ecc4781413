"""AMNL, a dual-task network for turbofan prognostics: CNN, BiLSTM and self-attention, then a RUL and a health head."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from paramcalc.architectures.registry import Architecture, register
from paramcalc.errors import InvalidValue
from paramcalc.layers import LSTM, BatchNorm1d, Conv1d, LayerNorm, Linear, MultiheadAttention
from paramcalc.sizes.conditions import as_size
from paramcalc.sizes.symbols import Size, canonical
from paramcalc.tree.block import Block, compose, repeated

NOTATION = {
    "n_features": "F",
    "conv_channels": "C",
    "kernel_size": "k",
    "lstm_hidden": "h",
    "lstm_layers": "L",
    "num_heads": "H",
    "attention_layers": "A",
    "trunk": "T",
    "rul_hidden": "R",
    "health_hidden": "S",
    "n_classes": "K",
}


@dataclass(frozen=True)
class AMNLConfig:
    """The hyperparameters of AMNL; the defaults are those of the preset `book`.

    `trunk` holds the widths of the shared funnel between attention and heads, empty for none. `lstm_norm` puts a
    LayerNorm after the LSTM, `attention_norm` one after each attention layer.
    """

    n_features: Size = 17
    conv_channels: tuple[Size, ...] = (64, 128, 64)
    kernel_size: Size = 3
    lstm_hidden: Size = 128
    lstm_layers: Size = 2
    num_heads: Size = 8
    attention_layers: Size = 1
    lstm_norm: bool = True
    attention_norm: bool = True
    trunk: tuple[Size, ...] = ()
    rul_hidden: tuple[Size, ...] = (128,)
    health_hidden: tuple[Size, ...] = (64,)
    n_classes: Size = 3


BOOK = AMNLConfig()
RESEARCH = replace(
    BOOK, lstm_hidden=256, lstm_norm=False, trunk=(256, 64, 32), rul_hidden=(64, 32, 16), health_hidden=(32, 16)
)


def amnl(config: AMNLConfig = BOOK) -> Block:
    """Return the tree of AMNL for a configuration.

    A window (batch, time, n_features) passes the convolutions, a bidirectional LSTM and self-attention of width
    2 * lstm_hidden, which num_heads divides.

    >>> {block.label: block.params for block in amnl().children}["BiLSTM Encoder"]
    594432

    Raises the errors of the layers for bad sizes, InvalidValue for no convolution at all.
    """
    if not config.conv_channels:
        raise InvalidValue("got ()", where="amnl.conv_channels", expected="one width or more")
    hidden, _ = as_size(config.lstm_hidden, where="amnl.lstm_hidden")
    width = canonical(2 * hidden)
    trunk = _mlp("Shared Funnel", (width, *config.trunk))
    features = config.trunk[-1] if config.trunk else width
    return compose(
        "AMNL",
        {
            "cnn": _cnn(config),
            "lstm": _encoder(config, width),
            "attention": _attention(config, width),
            **({"trunk": trunk} if config.trunk else {}),
            "rul_head": _mlp("RUL Head", (features, *config.rul_hidden, 1)),
            "health_head": _mlp("Health Head", (features, *config.health_hidden, config.n_classes)),
        },
        label="AMNL",
    )


def _cnn(config: AMNLConfig) -> Block:
    widths = (config.n_features, *config.conv_channels)
    children: dict[str, Block] = {}
    for number, (inputs, outputs) in enumerate(pairwise(widths), start=1):
        children[f"conv{number}"] = Conv1d(inputs, outputs, config.kernel_size)
        children[f"bn{number}"] = BatchNorm1d(outputs)
    return compose("FeatureExtractor", children, label="CNN Feature Extractor")


def _encoder(config: AMNLConfig, width: Size) -> Block:
    lstm = LSTM(config.conv_channels[-1], config.lstm_hidden, config.lstm_layers, bidirectional=True)
    norm = {"norm": LayerNorm(width)} if config.lstm_norm else {}
    return compose("BiLSTMEncoder", {"lstm": lstm, **norm}, label="BiLSTM Encoder")


def _attention(config: AMNLConfig, width: Size) -> Block:
    norm = {"norm": LayerNorm(width)} if config.attention_norm else {}
    one = compose("AttentionBlock", {"mha": MultiheadAttention(width, config.num_heads), **norm})
    count, conditions = as_size(config.attention_layers, where="amnl.attention_layers")
    layers = (one.named("0"),) if type(count) is int and count == 1 else (repeated(one, count),)
    return Block("", "ModuleList", children=layers, label="Attention Layer", conditions=conditions)


def _mlp(label: str, widths: Sequence[Size]) -> Block:
    pairs = enumerate(pairwise(widths), start=1)
    return compose("MLP", {f"fc{number}": Linear(*pair) for number, pair in pairs}, label=label)


AMNL = register(Architecture("amnl", {"book": BOOK, "research": RESEARCH}, amnl, NOTATION))
