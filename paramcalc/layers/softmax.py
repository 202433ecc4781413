"""Losses that own a projection: the adaptive softmax and the fused linear cross entropy."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

from paramcalc.errors import InvalidType, InvalidValue
from paramcalc.layers.arguments import Conditions, Shape, absent, as_shape, probability, sizes, tensors
from paramcalc.layers.container import ModuleList, Sequential
from paramcalc.layers.linear import Linear
from paramcalc.layers.registry import layer
from paramcalc.sizes.conditions import require
from paramcalc.sizes.symbols import Size, as_expr, canonical
from paramcalc.tree.block import Block, compose
from paramcalc.tree.node import Argument


@layer({"head_bias": True}, cutoffs=("cutoff_1", "cutoff_2"))
def AdaptiveLogSoftmaxWithLoss(
    in_features: Size,
    n_classes: Size,
    cutoffs: Sequence[Size],
    div_value: float = 4.0,
    head_bias: bool = False,
    device: object = None,
    dtype: object = None,
) -> Block:
    """A softmax over many classes: a head for the frequent ones, a narrower tail for each cluster of rare ones.

    Shapes: head (cutoffs[0] + clusters, in_features); cluster i, from 1, has tail.i-1.0 (width, in_features) and
    tail.i-1.1 (classes in the cluster, width), where width is in_features // div_value**i.
    Formula: in_features * (cutoffs[0] + clusters), and for each cluster width * (in_features + classes).

    >>> AdaptiveLogSoftmaxWithLoss(64, 1000, [100, 500]).params
    16208

    Raises InvalidValue or PreconditionFailed unless cutoffs rise strictly and stay below n_classes.
    Source: torch.nn.AdaptiveLogSoftmaxWithLoss.
    """
    name = "AdaptiveLogSoftmaxWithLoss"
    (inputs, classes), conditions = sizes(name, in_features=in_features, n_classes=n_classes)
    edges, more = _edges(name, cutoffs, classes)
    head = Linear(inputs, canonical(edges[0] + len(edges) - 1), bias=head_bias, dtype=dtype)
    tail = []
    for cluster, (low, high) in enumerate(pairwise(edges), start=1):
        width = _width(f"{name}.div_value", inputs, div_value, cluster)
        tail.append(Sequential(_projection(inputs, width, dtype), _projection(width, canonical(high - low), dtype)))
    return compose("", {"head": head, "tail": ModuleList(tail)}, conditions=conditions + more)


@layer({"bias": True}, {"out_features": ("d_1",)})
def LinearCrossEntropyLoss(
    in_features: Size,
    num_classes: Size,
    *,
    out_features: Sequence[Size] = (),
    bias: bool = False,
    device: object = None,
    dtype: object = None,
    reduction: str = "mean",
    weight: None = None,
    ignore_index: int | None = None,
    label_smoothing: float = 0.0,
    options: object = None,
) -> Block:
    """Cross entropy over classes with the projection to logits inside.

    Shapes: linear.weight (num_classes * prod(out_features), in_features), linear.bias likewise.
    Formula: num_classes * prod(out_features) * in_features.

    >>> LinearCrossEntropyLoss(768, 1000).params
    768000

    Raises InvalidType or InvalidValue for an argument that is no size.
    Source: torch.nn.LinearCrossEntropyLoss.
    """
    absent(weight, where="LinearCrossEntropyLoss.weight")
    (classes,), conditions = sizes("LinearCrossEntropyLoss", num_classes=num_classes)
    if not isinstance(out_features, Sequence) or isinstance(out_features, str):
        raise InvalidType(
            f"got {out_features!r}", where="LinearCrossEntropyLoss.out_features", expected="a tuple of sizes"
        )
    probability(label_smoothing, where="LinearCrossEntropyLoss.label_smoothing")
    dimensions, more = as_shape(out_features, where="LinearCrossEntropyLoss.out_features")
    logits = canonical(math.prod(dimensions, start=classes))
    return compose("", {"linear": Linear(in_features, logits, bias, dtype=dtype)}, conditions=conditions + more)


def _edges(name: str, cutoffs: Sequence[Size], classes: Size) -> tuple[Shape, Conditions]:
    if isinstance(cutoffs, str) or not isinstance(cutoffs, Sequence) or not cutoffs:
        raise InvalidType(f"got {cutoffs!r}", where=f"{name}.cutoffs", expected="a list of one or more sizes")
    edges, conditions = as_shape(cutoffs, where=f"{name}.cutoffs")
    edges += (classes,)
    for low, high in pairwise(edges):
        reason = "cutoffs rise strictly and stay below n_classes"
        conditions += require(high, ">", low, where=f"{name}.cutoffs", reason=reason)
    return edges, conditions


def _width(where: str, inputs: Size, div_value: float, cluster: int) -> Size:
    if isinstance(div_value, bool) or not isinstance(div_value, int | float) or not 0 < div_value < math.inf:
        raise InvalidValue(f"got {div_value!r}", where=where, expected="a finite number above 0")
    if isinstance(inputs, int):
        return as_expr(int(inputs // (div_value**cluster)), where=where)
    if div_value != int(div_value):
        raise InvalidValue(f"got {div_value!r}", where=where, expected="a whole number where in_features is symbolic")
    return as_expr(inputs // int(div_value) ** cluster, where=where)


def _projection(inputs: Size, outputs: Size, dtype: object) -> Block:
    """A Linear without bias, built here because torch lets the width of a far cluster fall to 0."""
    args = (Argument("", inputs), Argument("", outputs), Argument("bias", False, True))
    return Block(kind="Linear", own=tensors(dtype, weight=(outputs, inputs)), args=args)
