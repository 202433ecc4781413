"""Convolutions and transposed convolutions in one, two and three dimensions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

from paramcalc.errors import InvalidValue
from paramcalc.layers.arguments import as_shape, divided, kernel, one_of, sizes, tensors
from paramcalc.layers.registry import layer
from paramcalc.sizes.conditions import require
from paramcalc.sizes.symbols import Size
from paramcalc.tree.block import Block

PADDING_MODES = ("zeros", "reflect", "replicate", "circular")

_DOC = """{sentence}

Shapes: weight {weight}, bias (out_channels,); a single kernel_size stands for every dimension, and groups divides
in_channels and out_channels.
Formula: {formula} / groups * prod(kernel_size) + out_channels.

>>> {name}(17, 64, 3).params
{params}

Raises InvalidType or InvalidValue for an argument that is no size, PreconditionFailed where groups does not divide.
Source: torch.nn.{name}.
"""
_VARIANTS = ({"bias": False}, {"groups": "groups"})


def _convolution(name: str, dimensions: int) -> Callable[..., Block]:
    def build(
        in_channels: Size,
        out_channels: Size,
        kernel_size: Size | Sequence[Size],
        stride: int | Sequence[int] = 1,
        padding: int | Sequence[int] | Literal["same", "valid"] = 0,
        dilation: int | Sequence[int] = 1,
        groups: Size = 1,
        bias: bool = True,
        padding_mode: Literal["zeros", "reflect", "replicate", "circular"] = "zeros",
        device: object = None,
        dtype: object = None,
    ) -> Block:
        one_of(padding_mode, PADDING_MODES, where=f"{name}.padding_mode")
        if isinstance(padding, str):
            one_of(padding, ("same", "valid"), where=f"{name}.padding")
            if padding == "same" and set(as_shape(stride, where=f"{name}.stride")[0]) != {1}:
                raise InvalidValue(f"got {stride!r}", where=f"{name}.stride", expected="1 with padding='same'")
        return _conv(name, dimensions, in_channels, out_channels, kernel_size, groups, bias, dtype, transposed=False)

    return layer(*_VARIANTS, name=name, doc=_doc(name, dimensions, transposed=False))(build)


def _transposed(name: str, dimensions: int) -> Callable[..., Block]:
    def build(
        in_channels: Size,
        out_channels: Size,
        kernel_size: Size | Sequence[Size],
        stride: int | Sequence[int] = 1,
        padding: int | Sequence[int] = 0,
        output_padding: int | Sequence[int] = 0,
        groups: Size = 1,
        bias: bool = True,
        dilation: int | Sequence[int] = 1,
        padding_mode: Literal["zeros"] = "zeros",
        device: object = None,
        dtype: object = None,
    ) -> Block:
        one_of(padding_mode, ("zeros",), where=f"{name}.padding_mode")
        return _conv(name, dimensions, in_channels, out_channels, kernel_size, groups, bias, dtype, transposed=True)

    return layer(*_VARIANTS, name=name, doc=_doc(name, dimensions, transposed=True))(build)


def _conv(
    name: str,
    dimensions: int,
    in_channels: Size,
    out_channels: Size,
    kernel_size: object,
    groups: Size,
    bias: bool,
    dtype: object,
    *,
    transposed: bool,
) -> Block:
    (inputs, outputs, parts), conditions = sizes(
        name, in_channels=in_channels, out_channels=out_channels, groups=groups
    )
    window, more = kernel(kernel_size, dimensions, where=f"{name}.kernel_size")
    conditions += more
    for channels, size in (("in_channels", inputs), ("out_channels", outputs)):
        conditions += require(size, "divisible by", parts, where=name, reason=f"{channels} is split over groups")
    first, second = (inputs, divided(outputs, parts)) if transposed else (outputs, divided(inputs, parts))
    own = tensors(dtype, weight=(first, second, *window), bias=(outputs,) if bias else None)
    return Block(own=own, conditions=conditions)


def _doc(name: str, dimensions: int, *, transposed: bool) -> str:
    over = {1: "a sequence", 2: "an image", 3: "a volume"}[dimensions]
    first, second = ("in_channels", "out_channels") if transposed else ("out_channels", "in_channels")
    return _DOC.format(
        name=name,
        sentence=f"A {'transposed ' if transposed else ''}convolution over {over}.",
        weight=f"({first}, {second} / groups, *kernel_size)",
        formula="out_channels * in_channels",
        params=17 * 64 * 3**dimensions + 64,
    )


Conv1d = _convolution("Conv1d", 1)
Conv2d = _convolution("Conv2d", 2)
Conv3d = _convolution("Conv3d", 3)
ConvTranspose1d = _transposed("ConvTranspose1d", 1)
ConvTranspose2d = _transposed("ConvTranspose2d", 2)
ConvTranspose3d = _transposed("ConvTranspose3d", 3)
