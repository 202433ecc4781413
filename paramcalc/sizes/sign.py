"""Whether an expression is never negative, whatever positive integers its symbols stand for."""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from itertools import combinations
from typing import Any, TypeAlias

Powers: TypeAlias = tuple[int, ...]
Matrix: TypeAlias = list[list[Fraction]]

MOST_TERMS = 24  # of a polynomial that is taken apart: conditions that people read have fewer


@lru_cache(maxsize=16_384)
def is_nonnegative(expr: Any) -> bool:
    """Whether an expression is certainly 0 or more: what is not shown to be so may be, too.

    >>> from paramcalc.sizes.symbols import floored, symbol
    >>> a, b = symbol("a"), symbol("b")
    >>> is_nonnegative(a**2 - 4 * a * b + 4 * b**2), is_nonnegative(b * floored(a - 1, b) + b), is_nonnegative(a - b)
    (True, True, False)
    """
    if expr.is_nonnegative:
        return True
    import sympy

    if isinstance(expr, sympy.Min):
        return all(map(is_nonnegative, expr.args))
    if isinstance(expr, sympy.floor):
        return is_nonnegative(expr.args[0])
    if expr.is_Mul and _is_minus_floor(expr):
        constant, rest = expr.args[1].args[0].as_coeff_Add()
        return bool(constant < 1 and is_nonnegative(-rest))
    if expr.is_Add and all(map(is_nonnegative, expr.args)):
        return True
    return _has_bound(expr) or _has_sound_factors(expr)


def _is_minus_floor(product: Any) -> bool:
    """Whether a product is one of a number below 0 and a floor: what is rounded is negative then, and rounded up."""
    return bool(product.args[0].is_negative and len(product.args) == 2 and product.args[1].func.__name__ == "floor")


def _has_bound(expr: Any) -> bool:
    """Whether an expression is 0 or more with its rounded quotients, and its maxima, put at their bounds."""
    import sympy

    whole = expr.is_integer is True  # then it is 0 or more where it is above -1
    least = sum(map(_least, sympy.Add.make_args(expr))) + int(whole)
    symbols = sorted(least.free_symbols, key=str)
    if not symbols:
        return bool(least > 0 if whole else least >= 0)
    sides = sympy.fraction(sympy.together(least))
    if not all(side.is_polynomial(*symbols) for side in sides):
        return False
    more = {each: each + 1 for each in symbols if each.is_positive}  # these are not below 1
    above, below = (sympy.Poly(side.subs(more, simultaneous=True), *symbols) for side in sides)
    if whole and above.coeff_monomial(1) <= 0:
        return False
    return all(number >= 0 for each in (above, below) for number in each.coeffs())


def _least(term: Any) -> Any:
    """No more than a term with one rounded quotient, or one maximum with a number, ever is."""
    import sympy

    factor, rounded = term.as_independent(sympy.floor, sympy.Max, as_Add=False)
    if isinstance(rounded, sympy.Max) and factor.is_nonnegative:
        return factor * next((each for each in rounded.args if each.is_number), rounded)
    if not isinstance(rounded, sympy.floor):
        return term
    above, below = sympy.fraction(sympy.together(rounded.args[0]))
    if factor.is_nonpositive:
        return factor * above / below
    return factor * (above - below + 1) / below if factor.is_nonnegative else term


def _has_sound_factors(expr: Any) -> bool:
    """Whether an expression is a product of squares, of sums of them, and of what is 0 or more."""
    import sympy

    poly = expr.as_poly() if expr.is_Add else None
    if poly is None or len(poly.terms()) > MOST_TERMS or not all(each.is_extended_real for each in poly.gens):
        return False
    if not (poly.domain.is_ZZ or poly.domain.is_QQ):
        return False
    number, factors = sympy.factor_list(poly)
    if len(factors) == 1 and factors[0][1] == 1:
        return _is_sum_of_squares(poly)
    return bool(number > 0) and all(is_nonnegative(each.as_expr()) for each, times in factors if times % 2)


def _is_sum_of_squares(poly: Any) -> bool:
    """Whether a polynomial of sympy, in real numbers, is a sum of squares and of products that are not negative.

    One of degree 2 in some numbers is a quadratic form in them and 1: where no pivot of its symmetric matrix is
    negative, it is a sum of squares of linear forms. So is one of higher degree, with products of numbers for numbers.
    """
    positive = [bool(each.is_nonnegative) for each in poly.gens]
    left = {powers: Fraction(int(number.p), int(number.q)) for powers, number in poly.terms()}
    basis = [_halved(powers) for powers, number in left.items() if number > 0 and not any(each % 2 for each in powers)]
    matrix = [[left.pop(_times(each, each)) if each == other else Fraction() for other in basis] for each in basis]
    for i, j in combinations(range(len(basis)), 2):
        matrix[i][j] = matrix[j][i] = left.pop(_times(basis[i], basis[j]), Fraction()) / 2
    more = all(number > 0 and _not_negative(powers, positive) for powers, number in left.items())
    return more and _has_no_negative_pivot(matrix)


def _halved(powers: Powers) -> Powers:
    return tuple(each // 2 for each in powers)


def _times(one: Powers, other: Powers) -> Powers:
    return tuple(map(sum, zip(one, other, strict=True)))


def _not_negative(powers: Powers, positive: list[bool]) -> bool:
    """Whether a product of powers is 0 or more: all numbers that are there an odd number of times are."""
    return all(known or each % 2 == 0 for each, known in zip(powers, positive, strict=True))


def _has_no_negative_pivot(matrix: Matrix) -> bool:
    """Whether a symmetric matrix is positive semidefinite, by elimination: a pivot of 0 needs a row of them."""
    while matrix:
        (pivot, *row), *rest = matrix
        if pivot < 0 or (pivot == 0 and any(row)):
            return False
        matrix = [
            [number - (each[0] * other / pivot if pivot else 0) for number, other in zip(each[1:], row, strict=True)]
            for each in rest
        ]
    return True
