"""Transformer layers, stacks of them, and the encoder-decoder pair."""

from __future__ import annotations

from paramcalc.errors import InvalidType
from paramcalc.layers.arguments import one_of, probability, sizes
from paramcalc.layers.attention import MultiheadAttention
from paramcalc.layers.linear import Linear
from paramcalc.layers.norm import LayerNorm
from paramcalc.layers.registry import find_layer, layer
from paramcalc.sizes.conditions import as_size
from paramcalc.sizes.symbols import Size
from paramcalc.tree.block import Block, compose, repeated


@layer({"bias": False}, dim_feedforward="dim_feedforward")
def TransformerEncoderLayer(
    d_model: Size,
    nhead: Size,
    dim_feedforward: Size = 2048,
    dropout: float = 0.1,
    activation: object = "relu",
    layer_norm_eps: float = 1e-5,
    batch_first: bool = False,
    norm_first: bool = False,
    bias: bool = True,
    device: object = None,
    dtype: object = None,
) -> Block:
    """Self-attention and a feed-forward network, each with its LayerNorm; norm_first changes no count.

    Shapes: self_attn as MultiheadAttention(d_model, nhead), linear1 (dim_feedforward, d_model), linear2 (d_model,
    dim_feedforward), norm1 and norm2 (d_model,); an activation that is a Block brings its own.
    Formula: 4 * d_model**2 + 2 * d_model * dim_feedforward + 9 * d_model + dim_feedforward.

    >>> TransformerEncoderLayer(512, 8).params
    3152384

    Raises InvalidType or InvalidValue for an argument that is no size, PreconditionFailed unless nhead divides d_model.
    Source: torch.nn.TransformerEncoderLayer.
    """
    _check("TransformerEncoderLayer", d_model, nhead, dim_feedforward, dropout, activation)
    attention = {"self_attn": MultiheadAttention(d_model, nhead, bias=bias, dtype=dtype)}
    return compose("", {**attention, **_feed_forward(d_model, dim_feedforward, 2, activation, bias, dtype)})


@layer({"bias": False}, dim_feedforward="dim_feedforward")
def TransformerDecoderLayer(
    d_model: Size,
    nhead: Size,
    dim_feedforward: Size = 2048,
    dropout: float = 0.1,
    activation: object = "relu",
    layer_norm_eps: float = 1e-5,
    batch_first: bool = False,
    norm_first: bool = False,
    bias: bool = True,
    device: object = None,
    dtype: object = None,
) -> Block:
    """Self-attention, attention over the encoder's output and a feed-forward network, each with its LayerNorm.

    Shapes: self_attn and multihead_attn as MultiheadAttention(d_model, nhead), linear1 (dim_feedforward, d_model),
    linear2 (d_model, dim_feedforward), norm1, norm2 and norm3 (d_model,); an activation that is a Block brings
    its own.
    Formula: 8 * d_model**2 + 2 * d_model * dim_feedforward + 15 * d_model + dim_feedforward.

    >>> TransformerDecoderLayer(512, 8).params
    4204032

    Raises InvalidType or InvalidValue for an argument that is no size, PreconditionFailed unless nhead divides d_model.
    Source: torch.nn.TransformerDecoderLayer.
    """
    _check("TransformerDecoderLayer", d_model, nhead, dim_feedforward, dropout, activation)
    attention = MultiheadAttention(d_model, nhead, bias=bias, dtype=dtype)
    both = {"self_attn": attention, "multihead_attn": attention}
    return compose("", {**both, **_feed_forward(d_model, dim_feedforward, 3, activation, bias, dtype)})


@layer(encoder_layer=lambda: find_layer("TransformerEncoderLayer").block(), num_layers="num_layers")
def TransformerEncoder(
    encoder_layer: Block,
    num_layers: Size,
    norm: Block | None = None,
    enable_nested_tensor: bool = True,
    mask_check: bool = True,
) -> Block:
    """A stack of equal encoder layers, with a norm at the end where one is given.

    Shapes: layers.0, layers.1, ... as encoder_layer, norm as given.
    Formula: num_layers * params(encoder_layer) + params(norm).

    >>> TransformerEncoder(TransformerEncoderLayer(512, 8), num_layers=6).params
    18914304

    Raises InvalidType where encoder_layer or norm is no Block, InvalidValue for a number of layers that is no size.
    Source: torch.nn.TransformerEncoder.
    """
    return _layers("TransformerEncoder", encoder_layer, num_layers, norm)


@layer(decoder_layer=lambda: find_layer("TransformerDecoderLayer").block(), num_layers="num_layers")
def TransformerDecoder(decoder_layer: Block, num_layers: Size, norm: Block | None = None) -> Block:
    """A stack of equal decoder layers, with a norm at the end where one is given.

    Shapes: layers.0, layers.1, ... as decoder_layer, norm as given.
    Formula: num_layers * params(decoder_layer) + params(norm).

    >>> TransformerDecoder(TransformerDecoderLayer(512, 8), num_layers=6).params
    25224192

    Raises InvalidType where decoder_layer or norm is no Block, InvalidValue for a number of layers that is no size.
    Source: torch.nn.TransformerDecoder.
    """
    return _layers("TransformerDecoder", decoder_layer, num_layers, norm)


@layer(
    {"bias": False},
    d_model="d_model",
    nhead="nhead",
    num_encoder_layers="num_encoder_layers",
    num_decoder_layers="num_decoder_layers",
    dim_feedforward="dim_feedforward",
)
def Transformer(
    d_model: Size = 512,
    nhead: Size = 8,
    num_encoder_layers: Size = 6,
    num_decoder_layers: Size = 6,
    dim_feedforward: Size = 2048,
    dropout: float = 0.1,
    activation: object = "relu",
    custom_encoder: Block | None = None,
    custom_decoder: Block | None = None,
    layer_norm_eps: float = 1e-5,
    batch_first: bool = False,
    norm_first: bool = False,
    bias: bool = True,
    device: object = None,
    dtype: object = None,
) -> Block:
    """An encoder and a decoder, each a stack of layers with a LayerNorm at the end.

    Shapes: encoder and decoder as TransformerEncoder and TransformerDecoder, or as custom_encoder and custom_decoder.
    Formula: params(encoder) + params(decoder), with 2 * d_model for each LayerNorm at the end.

    >>> Transformer().params
    44140544

    Raises InvalidType or InvalidValue for an argument that is no size, PreconditionFailed unless nhead divides d_model.
    Source: torch.nn.Transformer.
    """
    _check("Transformer", d_model, nhead, dim_feedforward, dropout, activation)
    norm = LayerNorm(d_model, bias=bias, dtype=dtype)
    common = (d_model, nhead, dim_feedforward, dropout, activation)
    if custom_encoder is None:
        encoder_layer = TransformerEncoderLayer(*common, bias=bias, dtype=dtype)
        custom_encoder = TransformerEncoder(encoder_layer, num_encoder_layers, norm)
    if custom_decoder is None:
        decoder_layer = TransformerDecoderLayer(*common, bias=bias, dtype=dtype)
        custom_decoder = TransformerDecoder(decoder_layer, num_decoder_layers, norm)
    stacks = {"encoder": custom_encoder, "decoder": custom_decoder}
    for name, stack in stacks.items():
        _check_block(f"Transformer.custom_{name}", stack)
    return compose("", stacks)


def _check(layer: str, d_model: Size, nhead: Size, dim_feedforward: Size, dropout: float, activation: object) -> None:
    """Refuse wrong arguments under the name of the layer that got them, not of one inside."""
    sizes(layer, d_model=d_model, nhead=nhead, dim_feedforward=dim_feedforward)
    probability(dropout, where=f"{layer}.dropout")
    if isinstance(activation, str):
        one_of(activation, ("relu", "gelu"), where=f"{layer}.activation")


def _check_block(where: str, block: object) -> None:
    if not isinstance(block, Block):
        raise InvalidType(f"got {type(block).__name__}", where=where, expected="a Block")


def _feed_forward(
    width: Size, inner: Size, norms: int, activation: object, bias: bool, dtype: object
) -> dict[str, Block]:
    norm = LayerNorm(width, bias=bias, dtype=dtype)
    return {
        "linear1": Linear(width, inner, bias=bias, dtype=dtype),
        "linear2": Linear(inner, width, bias=bias, dtype=dtype),
        **{f"norm{number}": norm for number in range(1, norms + 1)},
        **({"activation": activation} if isinstance(activation, Block) else {}),
    }


def _layers(name: str, one: Block, num_layers: Size, norm: Block | None) -> Block:
    _check_block(f"{name}.layer", one)
    if norm is not None:
        _check_block(f"{name}.norm", norm)
    count, conditions = as_size(num_layers, where=f"{name}.num_layers")
    stack = Block("layers", "ModuleList", children=(repeated(one, count),))
    return compose("", {"layers": stack, **({} if norm is None else {"norm": norm})}, conditions=conditions)
