"""Models of plain layers and wide ones."""

from __future__ import annotations

from torch import nn

from tests.forms import opaque


class Wide(nn.Linear):
    pass


def every(width: int, n_layers: int, step: int, place: int) -> nn.Module:
    """Every so many-th layer is a wide one: the first, the last of so many, or the one after the first."""
    start = opaque(step) - 1 if place < 0 else 0
    turns = [number >= place and (number - max(place, 0)) % opaque(step) == start for number in range(n_layers)]
    return nn.ModuleList(Wide(width, 5) if wide else nn.Linear(width, 3) for wide in turns)
