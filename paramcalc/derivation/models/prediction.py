"""Whether a tree of expressions says, at a point, exactly the model that is built there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeAlias

from paramcalc.errors import ParamcalcError
from paramcalc.sizes.point import Point, meets
from paramcalc.sizes.program import compiled
from paramcalc.sizes.symbols import Size
from paramcalc.tree.block import Block
from paramcalc.tree.fold import unfold
from paramcalc.tree.paths import copies, indexed, join
from paramcalc.tree.tensor import TensorSpec
from paramcalc.tree.traverse import bottom_up

Tensors: TypeAlias = "tuple[TensorSpec, ...]"
Named: TypeAlias = "list[tuple[str, tuple[Any, ...]]]"


def predicts(tree: Block, point: Point, actual: Block) -> bool:
    """Whether a tree says, at a point, exactly the tensors and shared blocks of the one that was built there."""
    try:
        if not meets(point, tree.preconditions):
            return False
        there = at_point(tree, point)
        same = bottom_up(there, _tensor_count, keep=True) == bottom_up(
            actual, _tensor_count, keep=True
        )  # copies may be too many to be listed, or take a name twice
        return same and contents(there) == contents(actual)
    except ParamcalcError:
        return False


def at_point(tree: Block, point: Point) -> Block:
    """Return what a tree says at a point that meets its conditions: tensors and copies, without titles.

    Blocks are not checked again: what is built is compared with them.
    """

    def sized(tensor: TensorSpec) -> TensorSpec:
        if all(type(size) is int for size in tensor.shape):
            return tensor
        return replace(tensor, shape=tuple(_number(size, point) for size in tensor.shape))

    return _counted(tree, point, lambda own: tuple(map(sized, own)))


def counted_at(tree: Block, point: Point) -> Block:
    """Return a tree with the copies that it has at a point; shapes stay as they are."""
    return _counted(tree, point, lambda own: own)


def _counted(tree: Block, point: Point, tensors: Callable[[Tensors], Tensors]) -> Block:
    def visit(block: Block, children: list[Block]) -> Block:
        parts: dict[str, Any] = {name: _number(size, point) for name, size in block.numbers.items()}
        parts |= {"own": tensors(block.own), "children": tuple(children), "args": (), "conditions": ()}
        return block.unchecked(**parts)

    return bottom_up(tree, visit)


def _number(size: Size, point: Point) -> int:
    return size if type(size) is int else int(compiled(size)(point))


def _tensor_count(block: Block, below: list[int]) -> int:
    """How many tensors a tree of numbers has, those of all copies."""
    inside = zip(block.children, below, strict=True)
    return len(block.own) + sum((max(0, int(child.repeat)) if child.repeated else 1) * each for child, each in inside)


def contents(tree: Block) -> tuple[dict[str, Any], dict[str, str]]:
    """Return what a tree of numbers says of a model: every tensor by name, and the shared blocks; found once."""
    found: tuple[dict[str, Any], dict[str, str]] | None = tree.recall(contents)
    if found is None:
        named = bottom_up(tree, _named)
        if named is None:
            named = [(name, (*_facts(each), each.tied_to)) for name, each in tree.tensors()]
        found = dict(named), _shared(tree)
        tree.keep(contents, found)
    return found


def _shared(tree: Block) -> dict[str, str]:
    """The places of blocks that are shared, each copy of one that repeats by itself, and what they are tied to."""
    if all(block.tied_to is None for _, block in tree.walk()):
        return {}
    return {path: block.tied_to for path, block in unfold(tree).walk() if block.tied_to is not None}


def _facts(tensor: TensorSpec) -> tuple[Any, ...]:
    return tensor.shape, tensor.role, tensor.dtype


def _named(block: Block, below: list[Named | None]) -> Named | None:
    """The tensors of a block by their names in it, those of its children once for all copies; None where any is tied.

    What a tensor is tied to depends on where its block stands.
    """
    if None in below or any(each.tied_to is not None for each in block.own):
        return None
    named: Named = [(each.name, (*_facts(each), None)) for each in block.own]
    for child, inside in zip(block.children, below, strict=True):
        for path, index in copies(child, None):
            if index is None:
                named += [(join(path, name), facts) for name, facts in inside or ()]
            else:
                named += [(indexed(name, index), facts) for name, facts in inside or ()]
    return named
