"""The symbols in a tree, and the conditions under which its counts are those of a real model."""

from __future__ import annotations

from typing import Any

from paramcalc.sizes.conditions import Condition
from paramcalc.sizes.implication import needed
from paramcalc.sizes.soundness import sound_divisor, sound_size
from paramcalc.sizes.symbols import is_expr, symbol_names
from paramcalc.tree.node import Node
from paramcalc.tree.traverse import bottom_up


def symbols_in(tree: Node) -> frozenset[str]:
    """Return the names of the symbols in the shapes, repeats, arguments and conditions of a tree."""
    return bottom_up(tree, _symbols, keep=True)


def preconditions_of(tree: Node) -> tuple[Condition, ...]:
    """Return every condition of a tree that follows from no other: stated ones, and those that make its sizes sizes."""
    conditions: tuple[Condition, ...] = bottom_up(tree, _conditions, keep=True)
    return needed(conditions)


def _symbols(block: Node, below: list[frozenset[str]]) -> frozenset[str]:
    sizes = [*block.numbers.values(), *(size for tensor in block.own for size in tensor.shape)]
    sizes += [size for argument in block.args for size in _sizes(argument.value)]
    names = [symbol_names(size) for size in sizes if not isinstance(size, int)]
    return frozenset().union(*names, *(condition.symbols for condition in block.conditions), *below)


def _sizes(argument: object) -> list[Any]:
    """The expressions in an argument: itself, or the entries of a tuple."""
    if isinstance(argument, tuple):
        return [size for item in argument for size in _sizes(item)]
    return [argument] if is_expr(argument) else []


def _conditions(block: Node, below: list[tuple[Condition, ...]]) -> tuple[Condition, ...]:
    own = [condition for each in block.conditions for condition in (*sound_divisor(each), each)]
    sizes = [size for tensor in block.own for size in tensor.shape if not isinstance(size, int)]
    sizes += [size for size in block.numbers.values() if not isinstance(size, int)]
    derived = [condition for size in sizes for condition in sound_size(size)]
    if block.optional and not _at_most_one(block.repeat):
        derived.append(Condition(1, ">=", block.repeat, "without a number in its name there is one or none"))
    return tuple(dict.fromkeys([*own, *(each for conditions in below for each in conditions), *derived]))


def _at_most_one(size: Any) -> bool:
    """Whether the symbols alone say that a size is no more than 1."""
    function = type(size).__name__
    if function in ("Min", "Max"):
        return (any if function == "Min" else all)(map(_at_most_one, size.args))
    return size <= 1 if isinstance(size, int) else (1 - size).is_nonnegative is True
