"""Quotients that are whole where a tree's conditions hold, written without rounding."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from paramcalc.conditions import Condition
from paramcalc.symbols import Size, canonical
from paramcalc.traverse import bottom_up
from paramcalc.tree import Block


def without_rounding(tree: Block, conditions: Sequence[Condition]) -> Block:
    """Return a tree whose quotients are not rounded where the conditions say that they leave no rest.

    >>> from paramcalc.symbols import floored, symbol
    >>> from paramcalc.tensor import TensorSpec
    >>> a, b = symbol("a"), symbol("b")
    >>> tree = Block(own=(TensorSpec("weight", (b, floored(a, b))),))
    >>> tree.params, without_rounding(tree, [Condition(a, "divisible by", b)]).params
    (b*floor(a/b), a)
    """
    divisions = [each for each in conditions if each.relation == "divisible by"]

    def visit(block: Block, children: list[Block]) -> Block:
        own = tuple(replace(each, shape=tuple(_whole(size, divisions) for size in each.shape)) for each in block.own)
        repeat, first = _whole(block.repeat, divisions), _whole(block.first, divisions)
        return replace(block, own=own, children=tuple(children), repeat=repeat, first=first)

    return bottom_up(tree, visit) if divisions else tree


def quotients(tree: Block) -> tuple[Condition, ...]:
    """Return the conditions under which sizes divided by others, in a tree, are whole.

    >>> from paramcalc.symbols import floored, symbol
    >>> from paramcalc.tensor import TensorSpec
    >>> print(*quotients(Block(own=(TensorSpec("weight", (symbol("b"), floored(symbol("a"), symbol("b")))),))))
    a divisible by b
    """
    import sympy

    found: dict[Condition, None] = {}
    for rounded in roundings(tree):
        above, below = sympy.fraction(sympy.together(rounded.args[0]))
        if isinstance(rounded, sympy.floor) and below.free_symbols:
            found[Condition(canonical(above), "divisible by", canonical(below), "a quotient of sizes is whole")] = None
    return tuple(found)


def roundings(tree: Block) -> list[Any]:
    """Return the floors, maxima and minima in the sizes of a tree."""
    import sympy

    sizes = [size for _, block in tree.walk() for tensor in block.own for size in tensor.shape]
    sizes += [size for _, block in tree.walk() for size in (block.repeat, block.first)]
    symbolic = dict.fromkeys(size for size in sizes if not isinstance(size, int))
    return list(dict.fromkeys(part for size in symbolic for part in size.atoms(sympy.floor, sympy.Max, sympy.Min)))


def _whole(size: Size, divisions: Sequence[Condition]) -> Size:
    if isinstance(size, int):
        return size
    import sympy

    def exact(rounded: Any) -> Any:
        (inner,) = rounded.args
        return (
            inner if any(isinstance(canonical(inner * each.right / each.left), int) for each in divisions) else rounded
        )

    return canonical(size.replace(lambda part: isinstance(part, sympy.floor), exact))
