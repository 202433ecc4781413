"""What a tree keeps in memory: elements and bytes by role and element type."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from paramcalc.sizes.symbols import Size, canonical, total
from paramcalc.tree.block import Block
from paramcalc.tree.tensor import ROLES, Role
from paramcalc.tree.totals import bytes_of
from paramcalc.tree.traverse import bottom_up

Sums: TypeAlias = dict[tuple[Role, str], tuple[Size, Size]]


@dataclass(frozen=True, slots=True)
class Stored:
    """All tensors of one role and one element type: their elements and their bytes."""

    role: Role
    dtype: str
    elements: Size
    nbytes: Size


def storage(block: Block) -> tuple[Stored, ...]:
    """Return the elements and bytes of a tree by role and element type, shared tensors once; they add up to `nbytes`.

    >>> from paramcalc.layers import BatchNorm1d
    >>> [(each.role, each.dtype, each.elements, each.nbytes) for each in storage(BatchNorm1d(64))]
    [('parameter', 'float32', 128, 512), ('buffer', 'float32', 128, 512), ('buffer', 'int64', 1, 8)]
    """
    sums = bottom_up(block, _sums, keep=True)
    ordered = sorted(sums, key=lambda key: (ROLES.index(key[0]), key[1]))
    return tuple(Stored(*key, *sums[key]) for key in ordered)


def _sums(block: Block, below: list[Sums]) -> Sums:
    parts: dict[tuple[Role, str], list[tuple[Size, Size]]] = {}
    for tensor in block.own:
        if tensor.tied_to is None:
            pair = (tensor.size, bytes_of(tensor.size, tensor.dtype))
            parts.setdefault((tensor.role, tensor.dtype), []).append(pair)
    for child in below:
        for key, pair in child.items():
            parts.setdefault(key, []).append(pair)
    return {key: _copies(pairs, block.repeat) for key, pairs in parts.items()}


def _copies(pairs: list[tuple[Size, Size]], repeat: Size) -> tuple[Size, Size]:
    elements, nbytes = (total(list(column)) for column in zip(*pairs, strict=True))
    return canonical(repeat * elements), canonical(repeat * nbytes)
