"""Titles as short as the catalogue can write them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from paramcalc.layers import find_layer
from paramcalc.tree.block import Block
from paramcalc.tree.node import Argument


def expected_title(block: Block) -> str:
    """The title without what changes no shape; stacks show their arguments below, and no argument may be 0."""
    nothing = any(0 in tensor.shape for tensor in block.own)
    stack = block.kind in ("TransformerEncoder", "TransformerDecoder", "Transformer")
    return replace(block, args=() if nothing or stack else tuple(shortest(block))).title


def shortest(block: Block) -> list[Argument]:
    """The arguments of a block without those that change no shape, and one size where it stands for equal ones."""
    kept = [each._replace(value=single(block.kind, each.value)) for each in block.args]
    for each in block.args:
        less = [other for other in kept if other != each]
        if each.name in ("bias", "kdim", "vdim", "dtype", "_freeze") and built(block, less) == built(block, kept):
            kept = less
    return kept


def single(kind: str, value: Any) -> Any:
    """One size for a kernel of equal ones, and for a norm of one dimension."""
    equal = kind.startswith("Conv") and isinstance(value, tuple) and len(set(value)) == 1
    alone = kind in ("LayerNorm", "RMSNorm") and isinstance(value, tuple) and len(value) == 1
    return value[0] if equal or alone else value


def built(block: Block, args: list[Argument]) -> dict[str, Any]:
    """The shapes that the catalogue's layer of this kind has with other arguments."""
    by_position = [each.value for each in args if not each.name]
    return shapes(find_layer(block.kind).build(*by_position, **{each.name: each.value for each in args if each.name}))


def shapes(block: Block) -> dict[str, Any]:
    return {name: tensor.shape for name, tensor in block.tensors()}
