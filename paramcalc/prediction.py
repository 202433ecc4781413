"""Whether a tree of expressions says, at a point, exactly the model that is built there."""

from __future__ import annotations

from dataclasses import replace

from paramcalc.errors import ParamcalcError
from paramcalc.fitting import Point
from paramcalc.tree import Block


def predicts(tree: Block, point: Point, actual: Block) -> bool:
    """Whether a tree says, at a point, exactly the tensors and shared blocks of the one that was built there."""
    try:
        bound = tree.bind(**{name: point[name] for name in tree.symbols})
    except ParamcalcError:
        return False
    return said(bound) == said(actual)


def said(tree: Block) -> tuple[object, object]:
    """What a tree of numbers says of a model: every tensor by name, and the blocks that are shared."""
    tensors = {name: replace(tensor, note="") for name, tensor in tree.tensors()}
    shared = {path: block.tied_to for path, block in tree.walk() if block.tied_to is not None}
    return tensors, shared
