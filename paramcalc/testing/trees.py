"""What a user calls a model, as a tree: a tree itself, a torch module, or a state dict."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from paramcalc.errors import InvalidType, InvalidValue
from paramcalc.sizes.symbols import symbol_names
from paramcalc.sources.files.state_names import Entry, role_of, tree_of
from paramcalc.tree.block import Block
from paramcalc.tree.dtypes import dtype_name

if TYPE_CHECKING:
    from torch import nn

Model: TypeAlias = "Block | nn.Module"
# What `get_extra_state` puts into a state dict, which may be anything.
EXTRA = "_extra_state"


def model_tree(model: Model, *, fold: bool = False) -> Block:
    """Return the tree of a model, with equal layers of a module as one where `fold` is true.

    Raises InvalidType for anything but a tree or a torch module.
    """
    if isinstance(model, Block):
        return model
    from paramcalc.sources.modules.torch_module import from_module

    return from_module(model, fold=fold)


def state_tree(state: Mapping[Any, Any], *, where: str) -> Block:
    """Return the tree of a state dict; it has no classes, and its roles are guesses.

    >>> import numpy
    >>> [name for name, _ in state_tree({"fc.weight": numpy.zeros((3, 4), "float32")}, where="a").tensors()]
    ['fc.weight']

    Raises InvalidType where a value is no tensor, InvalidValue for a key that is no path in a tree.
    """
    entries: list[Entry] = []
    for name, tensor in state.items():
        if not isinstance(name, str):
            raise InvalidType(f"a key is {name!r}", where=where, expected="a state dict: names and tensors")
        if name.rpartition(".")[2] == EXTRA:
            continue
        if not (hasattr(tensor, "shape") and hasattr(tensor, "dtype")):
            problem = f"{name!r} leads to {type(tensor).__name__}"
            raise InvalidType(problem, where=where, expected="a tensor", advice="give the state dict itself")
        dtype = dtype_name(tensor.dtype)
        entries.append(Entry(name, tuple(map(int, tensor.shape)), dtype, role_of(name, dtype)))
    return tree_of(entries, where=where)


def whole_count(tree: Block) -> int:
    """Return the number of parameters of a tree of integers.

    Raises InvalidValue where a size is not known.
    """
    if not isinstance(tree.params, int):
        names = ", ".join(sorted(symbol_names(tree.params)))
        advice = "bind them, or run a lazy module once"
        raise InvalidValue(f"its sizes {names} are not known", where=tree.title, expected="numbers", advice=advice)
    return tree.params
