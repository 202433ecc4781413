"""Whether a polynomial is a sum of squares, and of terms that are not negative, in exact rational arithmetic.

A polynomial of degree 2 in some numbers is a quadratic form in them and 1: where no pivot of its symmetric matrix is
negative, it is a sum of squares of linear forms. So is one of higher degree, with products of numbers for numbers.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations
from typing import Any, TypeAlias

Powers: TypeAlias = tuple[int, ...]
Matrix: TypeAlias = list[list[Fraction]]


def is_sum_of_squares(poly: Any) -> bool:
    """Whether a polynomial of sympy, in real numbers, is a sum of squares and of products that are not negative.

    >>> from paramcalc.sizes.symbols import symbol
    >>> a, b = symbol("a"), symbol("b")
    >>> is_sum_of_squares((a**2 - a * b + b**2).as_poly()), is_sum_of_squares((a**2 - 3 * a * b + b**2).as_poly())
    (True, False)
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
