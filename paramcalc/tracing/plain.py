"""What code computes of one size in floating point, written as a plain floor as far as that is the same."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from functools import lru_cache
from typing import Any

from paramcalc.errors import ParamcalcError
from paramcalc.sizes.conditions import Condition
from paramcalc.sizes.double.arrays import array_at, is_arrayed
from paramcalc.sizes.double.programs import Node, parts_of
from paramcalc.sizes.implication import implied
from paramcalc.sizes.point import all_meet
from paramcalc.sizes.program import compile_expr, compiled
from paramcalc.sizes.symbols import Size, as_expr, substitute, symbol
from paramcalc.tracing.nodes import exactly
from paramcalc.tree.bind import rewritten
from paramcalc.tree.block import Block
from paramcalc.tree.evidence import Evidence
from paramcalc.tree.shapes import sizes_of

MOST = 10**6  # up to which all sizes are tried
FEW = 1_000  # which are tried first: most expressions that are not the same are told by them
MOST_BELOW = 10**9  # a constant of more digits is no fraction that a reader would know
REASON = "above, floating point may round to another number"


def plainly(tree: Block) -> Block:
    """Return a derived tree whose programs of one size are plain floors wherever both are the same up to a million.

    That bounds the tree: where a model beyond was built, or the two differ anywhere, the program stays.
    """
    points = [*tree.evidence.built, *tree.evidence.predicted] if tree.evidence else []
    bounds = {each: Condition(MOST, ">=", _size(each), REASON) for each in _programs(tree)}
    within = [each for each, bound in bounds.items() if all_meet(bound, points)]
    found = {each: plain for each in within if (plain := plain_of(each)) is not None}
    if not found:
        return tree
    plain = rewritten(tree, found)
    new = dict.fromkeys(bounds[each] for each in found if not implied(bounds[each], plain.preconditions))
    evidence = None if tree.evidence is None else _rewritten(tree.evidence, found)
    return replace(plain, conditions=(*plain.conditions, *new), evidence=evidence)


def _rewritten(evidence: Evidence, plain: dict[Any, Any]) -> Evidence:
    return replace(evidence, follows={name: substitute(size, plain) for name, size in evidence.follows.items()})


def _programs(tree: Block) -> list[Any]:
    """The programs of one size in the sizes of a tree."""
    import sympy

    from paramcalc.sizes.rounded64 import rounded64

    symbolic = dict.fromkeys(size for size in sizes_of(tree) if isinstance(size, sympy.Expr))
    programs = dict.fromkeys(part for size in symbolic for part in sorted(size.atoms(rounded64), key=str))
    return [each for each in programs if len(each.free_symbols) == 1]


def _size(program: Any) -> Any:
    """The size of a program of one."""
    (size,) = program.free_symbols
    return size


@lru_cache(maxsize=4_096)
def plain_of(program: Any) -> Size | None:
    """Return the plain expression that is the same as a program of one size for all sizes up to a million, or None.

    >>> from paramcalc.sizes.parse import parse_expression
    >>> print(plain_of(parse_expression("trunc64(0.594586*w)")), plain_of(parse_expression("trunc64(0.7*w)")))
    floor(297293*w/500000) None
    """
    for rational in (_simplest, _written) if _is_short(program.node) else ():
        expr = _exact(program, rational)
        if expr is not None and _same(program, expr):
            return expr
    return None


def _is_short(node: Node) -> bool:
    """Whether the constants of a program are fractions that a reader would know."""
    numbers = (part[1] for part in parts_of(node) if part[0] == "number")
    return all(_simplest(number).denominator <= MOST_BELOW for number in numbers)


def _written(number: float) -> Fraction:
    """A constant as its decimal digits say it."""
    return Fraction(repr(number))


def _simplest(number: float) -> Fraction:
    """The simplest fraction of which a constant is the nearest float: 0.3333333333333333 is a third."""
    near = (Fraction(number).limit_denominator(10**digits) for digits in range(1, 7))
    return next((each for each in near if float(each) == number), _written(number))


def _exact(program: Any, rational: Callable[[float], Fraction]) -> Size | None:
    """A program in exact arithmetic, None where that is no size."""

    def replaced(part: Node) -> Node:
        kind, *inside = part
        if kind == "number":
            return (kind, inside[0] if isinstance(inside[0], int) else rational(inside[0]))
        return part if kind == "symbol" else (kind, *map(replaced, inside))

    try:
        expr = exactly(replaced(program.node))
        sizes = {symbol(f"x{place}"): size for place, size in enumerate(program.sizes)}
        return None if expr is None else as_expr(substitute(expr, sizes), least=None)
    except (ParamcalcError, ArithmeticError, TypeError, ValueError):
        return None


def _same(program: Any, expr: Size) -> bool:
    """Whether a program and an expression are the same for all sizes up to a million."""
    try:
        return _same_in(range(1, FEW), program, expr) and _same_beyond(program, expr)
    except (ParamcalcError, ArithmeticError, ValueError):
        return False


def _same_in(sizes: range, program: Any, expr: Size) -> bool:
    name, computed, exact = _size(program).name, compiled(program), compiled(expr)
    return all(computed({name: size}) == exact({name: size}) for size in sizes)


def _same_beyond(program: Any, expr: Size) -> bool:
    """Whether they are the same for the larger sizes, in arrays where these compute as Python does."""
    try:
        import numpy as np
    except ImportError:
        return _same_in(range(FEW, MOST + 1), program, expr)
    name, sizes = _size(program).name, np.arange(FEW, MOST + 1, dtype=np.int64)
    inside = {f"x{place}": _values(size, name, sizes) for place, size in enumerate(program.sizes)}
    if not is_arrayed(program.node, {each: (int(array.min()), int(array.max())) for each, array in inside.items()}):
        return _same_in(range(FEW, MOST + 1), program, expr)
    return bool(np.all(array_at(program.node, inside) == _values(expr, name, sizes)))


def _values(expr: Any, name: str, sizes: Any) -> Any:
    """The values of an expression of one size, in Python's integers where others are too small."""
    exact = compile_expr(expr)
    return exact.run({name: sizes if exact.bound({name: MOST}) < 2**63 else sizes.astype(object)})
