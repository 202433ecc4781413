"""Containers: blocks and bare parameters under names or numbers, as torch.nn holds them."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

from paramcalc.errors import InvalidType
from paramcalc.layers.arguments import Conditions, as_shape
from paramcalc.layers.registry import layer
from paramcalc.sizes.symbols import Size
from paramcalc.tree.block import Block, compose, plain_name
from paramcalc.tree.tensor import TensorSpec

T = TypeVar("T")


@layer()
def Sequential(*args: Block | Mapping[str, Block]) -> Block:
    """Blocks one after the other, named 0, 1, ... or by the keys of one mapping.

    Shapes: those of the blocks.
    Formula: the sum over the blocks.

    >>> from paramcalc.layers import Identity, Linear
    >>> [name for name, _ in Sequential(Linear(4, 8), Identity(), Linear(8, 1)).tensors()]
    ['0.weight', '0.bias', '2.weight', '2.bias']

    Raises InvalidType for anything that is not a Block.
    Source: torch.nn.Sequential.
    """
    if len(args) == 1 and isinstance(args[0], Mapping):
        return compose("", _blocks("Sequential", args[0]))
    return compose("", _blocks("Sequential", _numbered(args)))


@layer()
def ModuleList(modules: Iterable[Block] | None = None) -> Block:
    """Blocks in a list, named 0, 1, ...

    Shapes: those of the blocks.
    Formula: the sum over the blocks.

    >>> from paramcalc.layers import Linear
    >>> ModuleList([Linear(4, 4), Linear(4, 4)]).params
    40

    Raises InvalidType for anything that is not a Block.
    Source: torch.nn.ModuleList.
    """
    return compose("", _blocks("ModuleList", _numbered(_items("ModuleList", modules))))


@layer()
def ModuleDict(modules: Mapping[str, Block] | Iterable[tuple[str, Block]] | None = None) -> Block:
    """Blocks under names.

    Shapes: those of the blocks.
    Formula: the sum over the blocks.

    >>> from paramcalc.layers import Linear
    >>> ModuleDict({"rul": Linear(32, 1), "health": Linear(32, 3)}).params
    132

    Raises InvalidType for anything that is not a Block.
    Source: torch.nn.ModuleDict.
    """
    return compose("", _blocks("ModuleDict", modules))


@layer()
def ParameterList(values: Iterable[Size | Sequence[Size]] | None = None) -> Block:
    """Bare parameters in a list, given by their shapes and named 0, 1, ...

    Shapes: as given.
    Formula: the sum of the products.

    >>> ParameterList([(3, 4), 5]).params
    17

    Raises InvalidType or InvalidValue for anything that is no shape.
    Source: torch.nn.ParameterList.
    """
    shapes = {str(number): shape for number, shape in enumerate(_items("ParameterList", values))}
    return _bare("ParameterList", shapes)


@layer()
def ParameterDict(parameters: Mapping[str, Size | Sequence[Size]] | None = None) -> Block:
    """Bare parameters under names, given by their shapes; as in torch a plain mapping is sorted by name.

    Shapes: as given.
    Formula: the sum of the products.

    >>> ParameterDict({"cls_token": (1, 1, 768)}).params
    768

    Raises InvalidType or InvalidValue for anything that is no shape.
    Source: torch.nn.ParameterDict.
    """
    if isinstance(parameters, Mapping) and not isinstance(parameters, OrderedDict):
        return _bare("ParameterDict", sorted(parameters.items(), key=lambda pair: str(pair[0])))
    return _bare("ParameterDict", parameters)


def _items(name: str, values: Iterable[T] | None) -> list[T]:
    if values is None:
        return []
    if isinstance(values, str | Mapping) or not isinstance(values, Iterable):
        raise InvalidType(f"got {type(values).__name__}", where=name, expected="a list")
    return list(values)


def _numbered(blocks: Iterable[object]) -> dict[str, object]:
    return {str(number): block for number, block in enumerate(blocks)}


def _blocks(name: str, children: object) -> dict[str, Block]:
    children = _mapping(name, children)
    for key, block in children.items():
        if not isinstance(block, Block):
            raise InvalidType(f"got {type(block).__name__}", where=f"{name}.{key}", expected="a Block")
    return children


def _bare(name: str, shapes: object) -> Block:
    own: list[TensorSpec] = []
    conditions: Conditions = ()
    for key, value in _mapping(name, shapes).items():
        shape, extra = as_shape(value, where=f"{name}.{key}")
        own.append(TensorSpec(plain_name(key, where=name), shape))
        conditions += extra
    return Block(own=tuple(own), conditions=conditions)


def _mapping(name: str, given: object) -> dict[str, Any]:
    """A mapping, or pairs, as a dict; None is empty."""
    if given is None:
        return {}
    try:
        return dict(given)  # type: ignore[call-overload,no-any-return]
    except (TypeError, ValueError):
        shown = type(given).__name__
        raise InvalidType(f"got {shown}", where=name, expected="a mapping, or pairs of name and value") from None
