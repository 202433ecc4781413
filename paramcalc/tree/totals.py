"""The counts of a block: elements by role, and bytes, from the shapes of its tensors and the counts of its children."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from paramcalc.sizes.symbols import Size, canonical, substitute, total
from paramcalc.tree.dtypes import BITS
from paramcalc.tree.node import Node
from paramcalc.tree.tensor import TensorSpec


@dataclass(frozen=True, slots=True)
class Totals:
    """Elements by role, and the bytes of all of them; a shared tensor counts at its first place only."""

    trainable: Size = 0
    frozen: Size = 0
    buffers: Size = 0
    packed: Size = 0
    nbytes: Size = 0

    @property
    def params(self) -> Size:
        """The number of parameters, trainable and frozen."""
        if type(self.frozen) is int and self.frozen == 0:
            return self.trainable
        return canonical(self.trainable + self.frozen)


def totals_of(block: Node, below: list[Totals]) -> Totals:
    """Return the counts of a block with all its copies, given those of its children."""
    by_role: dict[str, list[Size]] = {
        "parameter": [child.trainable for child in below],
        "frozen": [child.frozen for child in below],
        "buffer": [child.buffers for child in below],
        "packed": [child.packed for child in below],
    }
    nbytes = [child.nbytes for child in below]
    for tensor in block.own:
        if tensor.tied_to is None:
            size = tensor.size
            by_role[tensor.role].append(size)
            nbytes.append(bytes_of(size, tensor.dtype))
    return copied(Totals(*(total(sizes) for sizes in (*by_role.values(), nbytes))), block.repeat)


def of_tensor(tensor: TensorSpec) -> Totals:
    """Return the counts of one tensor: nothing where it is tied."""
    field = {"parameter": "trainable", "buffer": "buffers"}.get(tensor.role, tensor.role)
    return Totals(**{field: tensor.counted, "nbytes": bytes_of(tensor.counted, tensor.dtype)})


def substituted(totals: Totals, values: Mapping[Any, Any]) -> Totals:
    """Return the counts with symbols replaced; `values` is keyed by symbol."""
    return Totals(*(substitute(getattr(totals, each.name), values) for each in fields(Totals)))


def copied(totals: Totals, repeat: Size) -> Totals:
    """Return the counts of so many copies."""
    if type(repeat) is int and repeat == 1:
        return totals
    sizes = (totals.trainable, totals.frozen, totals.buffers, totals.packed, totals.nbytes)
    return Totals(*(canonical(repeat * size) for size in sizes))


def bytes_of(size: Size, dtype: str) -> Size:
    """Return the bytes of so many elements, each tensor rounded up to whole bytes."""
    bits = BITS[dtype]
    if bits % 8 == 0:
        return size * (bits // 8)
    if isinstance(size, int):
        return -(-size * bits // 8)
    import sympy

    return sympy.ceiling(size * bits / sympy.Integer(8))
