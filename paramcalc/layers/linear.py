"""Dense layers: Linear, Bilinear, and the stand-in for any layer without tensors."""

from __future__ import annotations

from paramcalc.layers.arguments import sizes, tensors
from paramcalc.layers.registry import layer
from paramcalc.sizes.symbols import Size
from paramcalc.tree.block import Block


@layer({"bias": False})
def Linear(
    in_features: Size, out_features: Size, bias: bool = True, device: object = None, dtype: object = None
) -> Block:
    """An affine map of the last dimension.

    Shapes: weight (out_features, in_features), bias (out_features,).
    Formula: out_features * (in_features + 1).

    >>> Linear(256, 128).params
    32896

    Raises InvalidType or InvalidValue for an argument that is no size.
    Source: torch.nn.Linear.
    """
    (inputs, outputs), conditions = sizes("Linear", in_features=in_features, out_features=out_features)
    own = tensors(dtype, weight=(outputs, inputs), bias=(outputs,) if bias else None)
    return Block(own=own, conditions=conditions)


@layer({"bias": False})
def Bilinear(
    in1_features: Size,
    in2_features: Size,
    out_features: Size,
    bias: bool = True,
    device: object = None,
    dtype: object = None,
) -> Block:
    """A bilinear form of two inputs.

    Shapes: weight (out_features, in1_features, in2_features), bias (out_features,).
    Formula: out_features * (in1_features * in2_features + 1).

    >>> Bilinear(20, 30, 40).params
    24040

    Raises InvalidType or InvalidValue for an argument that is no size.
    Source: torch.nn.Bilinear.
    """
    (first, second, outputs), conditions = sizes(
        "Bilinear", in1_features=in1_features, in2_features=in2_features, out_features=out_features
    )
    own = tensors(dtype, weight=(outputs, first, second), bias=(outputs,) if bias else None)
    return Block(own=own, conditions=conditions)


@layer()
def Identity(*args: object, **kwargs: object) -> Block:
    """A layer without tensors, whatever its arguments; it also stands for an activation or a pooling in a Sequential.

    Shapes: none.
    Formula: 0.

    >>> Identity().params
    0

    Source: torch.nn.Identity.
    """
    return Block()
