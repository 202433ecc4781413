"""Normalisation layers: learnt scale and shift, and running statistics as buffers."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from paramcalc.layers.arguments import as_shape, sizes, tensors
from paramcalc.layers.registry import layer
from paramcalc.sizes.conditions import require
from paramcalc.sizes.symbols import Size
from paramcalc.tree.block import Block
from paramcalc.tree.tensor import TensorSpec

_DOC = """{sentence}

Shapes: weight (num_features,) and bias (num_features,) with affine; with track_running_stats the buffers running_mean
(num_features,), running_var (num_features,) and num_batches_tracked ().
Formula: {formula}.

>>> {name}(64).params, {name}(64, affine=True, bias=False, track_running_stats=True).buffers
({params}, 129)

Raises InvalidType or InvalidValue for an argument that is no size.
Source: torch.nn.{name}.
"""


def _channel_norm(
    name: str, num_features: Size, affine: bool, bias: bool, track_running_stats: bool, dtype: object
) -> Block:
    (features,), conditions = sizes(name, num_features=num_features)
    own = tensors(dtype, weight=(features,) if affine else None, bias=(features,) if affine and bias else None)
    if track_running_stats:
        own += tensors(dtype, "buffer", running_mean=(features,), running_var=(features,))
        own += (TensorSpec("num_batches_tracked", (), "buffer", "int64"),)
    return Block(own=own, conditions=conditions)


def _batch_norm(name: str, inputs: str) -> Callable[..., Block]:
    def build(
        num_features: Size,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        device: object = None,
        dtype: object = None,
        *,
        bias: bool = True,
    ) -> Block:
        return _channel_norm(name, num_features, affine, bias, track_running_stats, dtype)

    sentence = f"Normalisation, feature by feature, over a batch of {inputs}."
    doc = _DOC.format(name=name, sentence=sentence, formula="2 * num_features", params=128)
    return layer({"bias": False}, {"affine": False}, name=name, doc=doc)(build)


def _instance_norm(name: str, inputs: str) -> Callable[..., Block]:
    def build(
        num_features: Size,
        eps: float = 1e-5,
        momentum: float = 0.1,
        affine: bool = False,
        track_running_stats: bool = False,
        device: object = None,
        dtype: object = None,
        *,
        bias: bool = True,
    ) -> Block:
        return _channel_norm(name, num_features, affine, bias, track_running_stats, dtype)

    sentence = f"Normalisation, feature by feature, of each {inputs}; without parameters unless affine."
    doc = _DOC.format(name=name, sentence=sentence, formula="0, or 2 * num_features with affine", params=0)
    return layer({"affine": True}, {"affine": True, "bias": False}, name=name, doc=doc)(build)


BatchNorm1d = _batch_norm("BatchNorm1d", "vectors or sequences")
BatchNorm2d = _batch_norm("BatchNorm2d", "images")
BatchNorm3d = _batch_norm("BatchNorm3d", "volumes")
InstanceNorm1d = _instance_norm("InstanceNorm1d", "sequence")
InstanceNorm2d = _instance_norm("InstanceNorm2d", "image")
InstanceNorm3d = _instance_norm("InstanceNorm3d", "volume")


@layer({"bias": False}, {"affine": False})
def SyncBatchNorm(
    num_features: Size,
    eps: float = 1e-5,
    momentum: float | None = 0.1,
    affine: bool = True,
    track_running_stats: bool = True,
    process_group: object = None,
    device: object = None,
    dtype: object = None,
    *,
    bias: bool = True,
) -> Block:
    """Normalisation, feature by feature, over a batch that is spread over processes.

    Shapes: as those of BatchNorm1d.
    Formula: 2 * num_features.

    >>> SyncBatchNorm(64).params
    128

    Raises InvalidType or InvalidValue for an argument that is no size.
    Source: torch.nn.SyncBatchNorm.
    """
    return _channel_norm("SyncBatchNorm", num_features, affine, bias, track_running_stats, dtype)


@layer({"bias": False}, {"affine": False})
def GroupNorm(
    num_groups: Size,
    num_channels: Size,
    eps: float = 1e-5,
    affine: bool = True,
    device: object = None,
    dtype: object = None,
    *,
    bias: bool = True,
) -> Block:
    """Normalisation of channels in groups; num_channels is divisible by num_groups.

    Shapes: weight (num_channels,), bias (num_channels,).
    Formula: 2 * num_channels.

    >>> GroupNorm(4, 64).params
    128

    Raises PreconditionFailed where num_groups does not divide num_channels.
    Source: torch.nn.GroupNorm.
    """
    (groups, channels), conditions = sizes("GroupNorm", num_groups=num_groups, num_channels=num_channels)
    conditions += require(
        channels, "divisible by", groups, where="GroupNorm", reason="num_channels is split over num_groups"
    )
    own = tensors(dtype, weight=(channels,) if affine else None, bias=(channels,) if affine and bias else None)
    return Block(own=own, conditions=conditions)


@layer({"bias": False}, {"elementwise_affine": False})
def LayerNorm(
    normalized_shape: Size | Sequence[Size],
    eps: float = 1e-5,
    elementwise_affine: bool = True,
    bias: bool = True,
    device: object = None,
    dtype: object = None,
) -> Block:
    """Normalisation over the last dimensions, of which there may be several.

    Shapes: weight normalized_shape, bias normalized_shape.
    Formula: 2 * prod(normalized_shape).

    >>> LayerNorm(256).params, LayerNorm((5, 10), bias=False).params
    (512, 50)

    Raises InvalidType or InvalidValue for an argument that is no size.
    Source: torch.nn.LayerNorm.
    """
    shape, conditions = as_shape(normalized_shape, where="LayerNorm.normalized_shape")
    own = tensors(
        dtype, weight=shape if elementwise_affine else None, bias=shape if elementwise_affine and bias else None
    )
    return Block(own=own, conditions=conditions)


@layer({"elementwise_affine": False})
def RMSNorm(
    normalized_shape: Size | Sequence[Size],
    eps: float | None = None,
    elementwise_affine: bool = True,
    device: object = None,
    dtype: object = None,
) -> Block:
    """Normalisation by the root mean square over the last dimensions; there is no shift.

    Shapes: weight normalized_shape.
    Formula: prod(normalized_shape).

    >>> RMSNorm(4096).params
    4096

    Raises InvalidType or InvalidValue for an argument that is no size.
    Source: torch.nn.RMSNorm.
    """
    shape, conditions = as_shape(normalized_shape, where="RMSNorm.normalized_shape")
    return Block(own=tensors(dtype, weight=shape if elementwise_affine else None), conditions=conditions)
