"""Children and tensors that are numbered: lists of layers, of what kinds they are, how far apart."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

from paramcalc.tree.block import Block
from paramcalc.tree.node import INDEX
from paramcalc.tree.paths import NUMBER, numbered
from paramcalc.tree.tensor import TensorSpec

_LAST_NUMBER = re.compile(rf"(.*\D|){NUMBER}(\D*)")


def most(runs: Mapping[int, list[list[Block]]]) -> dict[int, list[list[Block]]]:
    """The points at which there are the most runs: at the others some have no copies, or are equal by chance."""
    most = max(len(each) for each in runs.values())
    return {point: each for point, each in runs.items() if len(each) == most}


def by_kind(runs: list[list[Block]]) -> list[list[Block]]:
    """All blocks of equal content together, as where layers of several kinds take turns."""
    found: dict[object, list[Block]] = {}
    for run in runs:
        found.setdefault((run[0].content(), run[0].children), []).extend(run)
    return list(found.values())


def kinds_of(runs: list[list[Block]]) -> list[object]:
    """What each layer is but for its name: layers of one kind are equal."""
    return [(run[0].content(), run[0].children) for run in runs for _ in run]


def step_of(run: list[Block]) -> int:
    """The distance of the numbers in the names, 0 where it is not always the same."""
    numbers = [index_of(block.name) for block in run]
    steps = {after - before for before, after in pairwise(numbers)}
    return steps.pop() if len(steps) == 1 else 0


def slots_of(children: Sequence[Block]) -> list[tuple[str, list[Block]]]:
    """Children by name, those whose names are numbered together under their template."""
    slots: dict[str, list[Block]] = {}
    for child in children:
        key, _ = numbered(child.name) or (child.name, None)
        slots.setdefault(key, []).append(child)
    return list(slots.items())


def index_of(name: str) -> int:
    """The number at the end of a name."""
    template = numbered(name)
    assert template is not None, name
    return template[1]


def by_index(own: Sequence[TensorSpec]) -> dict[int | None, tuple[TensorSpec, ...]]:
    """Tensors by the last number in their names, under the template of these; those without one under None."""
    found: dict[int | None, list[TensorSpec]] = {}
    for tensor in own:
        parts = _LAST_NUMBER.fullmatch(tensor.name)
        if parts is None:
            found.setdefault(None, []).append(tensor)
        else:
            name = f"{parts[1]}{INDEX}{parts[3]}"
            found.setdefault(int(parts[2]), []).append(replace(tensor, name=name))
    return {index: tuple(tensors) for index, tensors in found.items()}
