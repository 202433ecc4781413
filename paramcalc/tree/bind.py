"""Symbols replaced by integers or other expressions, everywhere in a tree at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TypeVar

from paramcalc.errors import unknown_name
from paramcalc.sizes.conditions import Condition, as_size, failed
from paramcalc.sizes.symbols import Size, substitute, sympified
from paramcalc.tree.node import Node
from paramcalc.tree.preconditions import preconditions_of, symbols_in
from paramcalc.tree.traverse import bottom_up

N = TypeVar("N", bound=Node)


def with_values(tree: N, values: Mapping[str, object]) -> N:
    """Return the tree with symbols replaced; the work behind `Block.bind`."""
    sizes: dict[str, Size] = {}
    extra: tuple[Condition, ...] = ()
    known = symbols_in(tree)
    for name, value in values.items():
        if name not in known:
            raise unknown_name("symbol", name, known)
        sizes[name], conditions = as_size(value, where=name)
        extra += conditions
    if not sizes:
        return tree
    mapping = sympified(sizes)
    for condition in preconditions_of(tree):
        checked = condition.bind(mapping)
        if checked.holds is False:
            raise failed(condition, checked, sizes)
    result = rewritten(tree, mapping)
    conditional: N = replace(result, conditions=result.conditions + extra)
    return conditional if extra else result


def rewritten(tree: N, values: Mapping[Any, Any]) -> N:
    """Return a tree with symbols, or other expressions, replaced in its sizes, conditions and titles, unchecked."""
    result: N = bottom_up(tree, lambda block, children: _bound_block(block, children, values))
    return result


def _bound_block(block: N, children: list[N], values: Mapping[Any, Any]) -> N:
    own = tuple(replace(each, shape=tuple(substitute(size, values) for size in each.shape)) for each in block.own)
    conditions = (condition.bind(values) for condition in block.conditions)
    args = (each._replace(value=_bound_argument(each.value, values)) for each in block.args)
    result: N = replace(
        block,
        own=own,
        children=tuple(child for child in children if not (child.optional and child.repeat == 0)),
        **{name: substitute(size, values) for name, size in block.numbers.items()},
        args=tuple(argument for argument in args if argument.default is None or argument.value != argument.default),
        conditions=tuple(condition for condition in conditions if not condition.holds),
    )
    return result


def _bound_argument(value: object, values: Mapping[Any, Any]) -> object:
    if isinstance(value, tuple):
        return tuple(_bound_argument(item, values) for item in value)
    return substitute(value, values) if hasattr(value, "xreplace") else value
