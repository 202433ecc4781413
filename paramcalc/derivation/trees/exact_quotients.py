"""Quotients that are whole where a tree's conditions hold, written without rounding."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from paramcalc.derivation.fitting.clues import Clues
from paramcalc.sizes.conditions import Condition
from paramcalc.sizes.point import Point
from paramcalc.sizes.program import compiled
from paramcalc.sizes.symbols import Size, as_expr, canonical, is_expr
from paramcalc.tree.block import Block
from paramcalc.tree.shapes import dimensions, sizes_of
from paramcalc.tree.traverse import bottom_up


def without_rounding(tree: Block, conditions: Sequence[Condition]) -> Block:
    """Return a tree whose quotients are not rounded where the conditions say that they leave no remainder.

    >>> from paramcalc.sizes.symbols import floored, symbol
    >>> from paramcalc.tree.tensor import TensorSpec
    >>> a, b = symbol("a"), symbol("b")
    >>> tree = Block(own=(TensorSpec("weight", (b, floored(a, b))),))
    >>> tree.params, without_rounding(tree, [Condition(a, "divisible by", b)]).params
    (b*floor(a/b), a)
    """
    divisions = _divisions(conditions)

    def visit(block: Block, children: list[Block]) -> Block:
        own = tuple(replace(each, shape=tuple(_whole(size, divisions) for size in each.shape)) for each in block.own)
        numbers: dict[str, Any] = {name: _whole_count(size, divisions) for name, size in block.numbers.items()}
        args = tuple(each._replace(value=_whole_argument(each.value, divisions)) for each in block.args)
        return replace(block, own=own, children=tuple(children), args=args, **numbers)

    return bottom_up(tree, visit) if divisions else tree


def quotients(tree: Block) -> tuple[Condition, ...]:
    """Return the conditions under which products of sizes divided by others, in a tree, are whole.

    >>> from paramcalc.sizes.symbols import floored, symbol
    >>> from paramcalc.tree.tensor import TensorSpec
    >>> print(*quotients(Block(own=(TensorSpec("weight", (symbol("b"), floored(symbol("a"), symbol("b")))),))))
    a divisible by b
    """
    import sympy

    found: dict[Condition, None] = {}
    lists = [block for _, block in tree.walk() if block.step == 1]  # layers that take turns may end amid one
    for rounded in _rounded([*dimensions(tree), *(size for block in lists for size in block.numbers.values())]):
        above, below = sympy.fraction(sympy.together(rounded.args[0]))
        plain = above.free_symbols and below.free_symbols and not (above.is_Add or below.is_Add)
        if isinstance(rounded, sympy.floor) and plain:
            found[Condition(canonical(above), "divisible by", canonical(below), "a quotient of sizes is whole")] = None
    return tuple(found)


def roundings(tree: Block) -> list[Any]:
    """Return the floors, maxima and minima in the sizes of a tree, and what is rounded in double precision."""
    return _rounded(sizes_of(tree))


def roundings_of(size: Size) -> list[Any]:
    """Return the floors, maxima and minima in a size, and what is rounded in double precision."""
    return _rounded([size])


def _rounded(sizes: Sequence[Size]) -> list[Any]:
    import sympy

    from paramcalc.sizes.rounded64 import rounded64

    symbolic = dict.fromkeys(size for size in sizes if not isinstance(size, int))
    kinds = (sympy.floor, sympy.Max, sympy.Min, rounded64)
    return list(dict.fromkeys(part for size in symbolic for part in size.atoms(*kinds)))


def guessed(rounded: Iterable[Any], clues: Clues, conditions: Sequence[Condition], base: Point) -> bool:
    """Whether any of some roundings is in no size that was told of a tensor, nor in one that has its value at the base.

    Where conditions say that quotients are whole, these are not rounded.
    """
    divisions = _divisions(conditions)

    def parts(sizes: Iterable[Size]) -> set[Any]:
        return set(_rounded([each for size in sizes for each in (size, _whole(size, divisions))]))

    told = parts(clues.told)

    def new(each: Any) -> bool:
        value = int(compiled(each)(base))
        return each not in parts([*clues.valued(value), *clues.valued(-value)])

    return any(new(each) for each in rounded if each not in told)


def _divisions(conditions: Iterable[Condition]) -> list[Condition]:
    return [each for each in conditions if each.relation == "divisible by"]


def _whole_count(size: Size, divisions: Sequence[Condition]) -> Size:
    """A number of copies, which stays rounded where the symbols alone do not say that it is whole."""
    whole = _whole(size, divisions)
    return whole if isinstance(whole, int) or whole.is_integer else size


def _whole_argument(value: object, divisions: Sequence[Condition]) -> object:
    if isinstance(value, tuple):
        return tuple(_whole_argument(item, divisions) for item in value)
    return _whole(as_expr(value, least=None, whole=False), divisions) if is_expr(value) else value


def _whole(size: Size, divisions: Sequence[Condition]) -> Size:
    if isinstance(size, int):
        return size
    import sympy

    from paramcalc.sizes.logarithm import ilog, ipow
    from paramcalc.sizes.rounded64 import rounded64

    of_integers = (sympy.Max, sympy.Min, sympy.Mod, ilog, ipow, rounded64)  # what is in them stays rounded
    held = size.atoms(*of_integers)
    letters = {each: sympy.Dummy(integer=True, positive=each.is_positive) for each in held}

    def exact(rounded: Any) -> Any:
        constant, quotient = rounded.args[0].as_coeff_Add()
        is_whole = any(isinstance(canonical(quotient * each.right / each.left), int) for each in divisions)
        return quotient + sympy.floor(constant) if is_whole else rounded

    free = size.xreplace(letters).replace(lambda part: isinstance(part, sympy.floor), exact)
    return canonical(free.xreplace({letter: each for each, letter in letters.items()}))
