"""Activations with parameters: PReLU."""

from __future__ import annotations

from paramcalc.layers.arguments import sizes, tensors
from paramcalc.layers.registry import layer
from paramcalc.sizes.symbols import Size
from paramcalc.tree.block import Block


@layer(num_parameters="num_parameters")
def PReLU(num_parameters: Size = 1, init: float = 0.25, device: object = None, dtype: object = None) -> Block:
    """A rectifier with a learnt slope, one for all channels or one for each.

    Shapes: weight (num_parameters,).
    Formula: num_parameters.

    >>> PReLU(64).params
    64

    Raises InvalidType or InvalidValue for an argument that is no size.
    Source: torch.nn.PReLU.
    """
    (slopes,), conditions = sizes("PReLU", num_parameters=num_parameters)
    return Block(own=tensors(dtype, weight=(slopes,)), conditions=conditions)
