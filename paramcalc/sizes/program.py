"""An expression as a few array operations, with a bound on everything computed on the way."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeAlias

from paramcalc.errors import InvalidValue
from paramcalc.sizes.double.programs import number_at, span
from paramcalc.sizes.symbols import LARGEST_DIMENSION, Size

Values: TypeAlias = Mapping[str, Any]
Powers: TypeAlias = tuple[int, ...]


@dataclass(frozen=True)
class Program:
    """`run` computes an expression from ints or arrays; `bound` gives, from the largest values, a bound on `run`.

    No intermediate result exceeds the bound as long as every value is 1 or more.
    """

    run: Callable[[Values], Any]
    bound: Callable[[Mapping[str, int]], int]


def compile_expr(expr: Size) -> Program:
    """Return the program of an expression.

    >>> from paramcalc.sizes.symbols import symbol
    >>> program = compile_expr(48 * symbol("h") ** 2 + 944 * symbol("h") + 53700)
    >>> program.run({"h": 128}), program.bound({"h": 128})
    (960964, 960964)
    """
    if isinstance(expr, int):
        return Program(lambda _: expr, lambda _: abs(expr))
    import sympy

    from paramcalc.sizes.logarithm import ilog, ipow, logarithm
    from paramcalc.sizes.rounded64 import rounded64

    if expr.is_Symbol:
        return Program(lambda values: values[expr.name], lambda largest: largest[expr.name])
    if expr.func is ilog:
        x, base = (compile_expr(_as_size(side)) for side in expr.args)
        return Program(
            lambda values: logarithm(x.run(values), base.run(values)),
            lambda largest: max(x.bound(largest), base.bound(largest)),
        )
    if expr.func is ipow:
        base, power, x = (compile_expr(_as_size(side)) for side in (*expr.args, expr.args[1].args[0]))
        return Program(
            lambda values: base.run(values) ** power.run(values),
            lambda largest: max(2, base.bound(largest)) ** x.bound(largest).bit_length(),
        )
    if expr.func is rounded64:
        return _replayed(expr)
    numerator, denominator = sympy.fraction(sympy.together(expr))
    if denominator != 1:
        top, bottom = (compile_expr(_as_size(sympy.expand(side))) for side in (numerator, denominator))
        return _quotient(top, bottom, exact=True)
    if expr.func in (sympy.floor, sympy.ceiling):
        return _rounded(expr)
    if expr.func in (sympy.Max, sympy.Min):
        return _extreme([compile_expr(_as_size(side)) for side in expr.args], 1 if expr.func is sympy.Max else -1)
    return _polynomial(expr)


@lru_cache(maxsize=65_536)
def compiled(expr: Size) -> Callable[[Values], Any]:
    """Return what computes an expression, made once."""
    return compile_expr(expr).run


def _as_size(expr: Any) -> Size:
    return int(expr) if expr.is_Integer else expr


def _polynomial(expr: Any) -> Program:
    import sympy

    poly = sympy.Poly(sympy.expand(expr))
    if poly.gens == (expr,):
        raise InvalidValue(f"cannot evaluate {expr}", where="evaluate", expected="sums, products, floors, Min and Max")
    atoms = [compile_expr(atom) for atom in poly.gens]
    terms = {powers: int(coefficient) for powers, coefficient in poly.terms()}
    run = _horner(terms, [atom.run for atom in atoms])

    def bound(largest: Mapping[str, int]) -> int:
        sizes = [max(1, atom.bound(largest)) for atom in atoms]
        total = 0
        for powers, coefficient in terms.items():
            product = abs(coefficient)
            for size, power in zip(sizes, powers, strict=True):
                product *= size**power
            total += product
        return total

    return Program(run, bound)


def _horner(terms: Mapping[Powers, int], atoms: list[Callable[[Values], Any]]) -> Callable[[Values], Any]:
    """Take out the variable that stands in the most terms, again and again: x * (...) + rest."""
    counts = [sum(1 for powers in terms if powers[position]) for position in range(len(atoms))]
    if not any(counts):
        constant = sum(terms.values())
        return lambda _: constant
    position = counts.index(max(counts))
    inside, outside = {}, {}
    for powers, coefficient in terms.items():
        if powers[position]:
            inside[(*powers[:position], powers[position] - 1, *powers[position + 1 :])] = coefficient
        else:
            outside[powers] = coefficient
    variable, factor = atoms[position], _horner(inside, atoms)
    if not outside:
        return lambda values: _product(factor(values), variable(values))
    rest = _horner(outside, atoms)
    return lambda values: _sum(_product(factor(values), variable(values)), rest(values))


def _product(fresh: Any, other: Any) -> Any:
    """A product written into the first array where that can be, as in `_sum`."""
    if isinstance(fresh, int) or not (isinstance(other, int) or other.shape == fresh.shape):
        return fresh * other
    fresh *= other
    return fresh


def _sum(fresh: Any, other: Any) -> Any:
    """A sum written into the first array, which nobody else holds, where the second one broadcasts to it."""
    if isinstance(other, int) or getattr(other, "shape", ()) == getattr(fresh, "shape", None):
        fresh += other
        return fresh
    return fresh + other


def _quotient(top: Program, bottom: Program, *, exact: bool) -> Program:
    def run(values: Values) -> Any:
        above, below = top.run(values), bottom.run(values)
        quotient = above // below
        even = quotient * below == above
        if exact and not (even if isinstance(even, bool) else even.all()):
            raise InvalidValue(
                "a quotient is not whole", where="evaluate", advice="a condition of the formula is missing"
            )
        return quotient

    return Program(run, lambda largest: max(top.bound(largest), bottom.bound(largest)))


def _rounded(expr: Any) -> Program:
    import sympy

    numerator, denominator = sympy.fraction(sympy.together(expr.args[0]))
    sign = 1 if expr.func is sympy.floor else -1
    floor = _quotient(
        compile_expr(_as_size(sympy.expand(sign * numerator))), compile_expr(_as_size(denominator)), exact=False
    )
    return Program(lambda values: sign * floor.run(values), floor.bound)


def _replayed(expr: Any) -> Program:
    """A program in double precision, number by number: arrays would not round as Python does everywhere."""
    sizes = [compile_expr(size) for size in expr.sizes]
    positive = [bool(size.is_positive) for size in expr.sizes]
    names = [f"x{place}" for place in range(len(sizes))]

    def run(values: Values) -> Any:
        return elementwise(lambda *each: number_at(expr.node, dict(zip(names, each, strict=True))))(
            *(size.run(values) for size in sizes)
        )

    def bound(largest: Mapping[str, int]) -> int:
        most = [size.bound(largest) for size in sizes]
        known = {name: (1 if above else -each, each) for name, above, each in zip(names, positive, most, strict=True)}
        reach = max(map(abs, span(expr.node, known)))
        return max([*most, LARGEST_DIMENSION**2 if math.isinf(reach) else math.ceil(reach)])

    return Program(run, bound)


def _extreme(sides: list[Program], sign: int) -> Program:
    """The largest (sign 1) or smallest (sign -1) of some programs: half of a + b + |a - b|, or of a + b - |a - b|."""

    def run(values: Values) -> Any:
        result, *others = (side.run(values) for side in sides)
        for other in others:
            result = (result + other + sign * abs(result - other)) // 2
        return result

    return Program(run, lambda largest: 4 * max(side.bound(largest) for side in sides) * len(sides))


def elementwise(function: Callable[..., int]) -> Callable[..., Any]:
    """Return a function of ints as one of arrays too, NumPy's or their like, which has the type of the first of them.

    >>> import numpy as np
    >>> elementwise(lambda a, b: a % b)(np.array([7, 8]), 5)
    array([2, 3])
    """

    def run(*sides: Any) -> Any:
        array = next((side for side in sides if hasattr(side, "dtype")), None)
        if array is None:
            return function(*map(int, sides))
        import numpy as np

        each = np.frompyfunc(lambda *numbers: function(*map(int, numbers)), len(sides), 1)
        found = each(*(np.asarray(side) for side in sides))
        return array.new_tensor(found.tolist()) if hasattr(array, "new_tensor") else found.astype(array.dtype)

    return run
