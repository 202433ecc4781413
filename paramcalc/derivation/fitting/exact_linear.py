"""Straight lines, factors and sums of multiples that exact numbers follow."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import TypeAlias

Vector: TypeAlias = tuple[Fraction, ...]

PLAIN = 256  # the largest number below the line of a factor that is tried
RIVAL = 64  # the largest number below the line of a factor that is held against one of a product, which is not rounded
LARGEST = 1 << 22  # no size is as large at which factors are to be told apart
USUAL = {*range(1, 17), 32, 64}  # numbers below the line that need no more reason than that they fit
PRIME = 2**61 - 1  # numbers modulo it tell at once that most sums do not fit


def line_through(x: Vector, y: Vector) -> tuple[Fraction, Fraction] | None:
    """The slope and the intercept of the line through all pairs."""
    other = next((number for number in range(1, len(x)) if x[number] != x[0]), None)
    if other is None or len(set(x)) < 3:  # there is a line through any two
        return None
    slope = (y[other] - y[0]) / (x[other] - x[0])
    rest = y[0] - slope * x[0]
    fits = slope != 0 and all(slope * a + rest == b for a, b in zip(x, y, strict=True))
    return (slope, rest) if fits else None


def _range_of_factors(x: Vector, y: Sequence[int], low: Fraction, high: Fraction) -> tuple[Fraction, Fraction] | None:
    """The ends between which a factor must lie by which every x comes between y + low and y + high, None for none."""
    least, most = (y[0] + low) / x[0], (y[0] + high) / x[0]
    for value, other in zip(y, x, strict=True):
        least, most = max(least, (value + low) / other), min(most, (value + high) / other)
        if least >= most or most <= 0:
            return None
    return least, most


def factor_between(x: Vector, y: Sequence[int], low: Fraction, high: Fraction, *, closed_low: bool) -> Fraction | None:
    """The simplest factor by which every x comes between y + low and y + high, None where none is plain.

    A range of any factors holds one with so large a number below the line, by chance, unless it is as narrow as that.
    """
    found = _range_of_factors(x, y, low, high)
    if found is None:
        return None
    least, most = found
    for below in range(1, PLAIN + 1):
        above = -(-least.numerator * below // least.denominator)
        candidate = Fraction(above, below)
        if candidate == least and not closed_low:
            candidate = Fraction(above + 1, below)
        if candidate > 0 and (candidate < most or (candidate == most and not closed_low)):
            return candidate if below in USUAL or (most - least) * below**2 <= 1 else None
    return None


def factors_between(
    x: Vector, y: Sequence[int], low: Fraction, high: Fraction, *, closed_low: bool, few_digits: bool
) -> list[Fraction]:
    """The least factor and the largest by which every x comes between y + low and y + high, just inside of an open end.

    What both of them round alike, every factor between them does. Where they are to have few digits, they are the least
    and the largest of those.
    """
    found = _range_of_factors(x, y, low, high)
    if found is None:
        return []
    least, most = found
    if few_digits:
        return _with_few_digits(least, most, closed_low)
    if closed_low:
        most -= Fraction(1, most.denominator * LARGEST)
    else:
        least += Fraction(1, least.denominator * LARGEST)
    return [each for each in (least, most) if each > 0]


def _with_few_digits(least: Fraction, most: Fraction, closed_low: bool) -> list[Fraction]:
    """The least and the largest factor of a range that have few digits."""
    found: set[Fraction] = set()
    for below in range(1, RIVAL + 1):
        first, last = -(-least.numerator * below // least.denominator), most.numerator * below // most.denominator
        found |= {Fraction(above, below) for above in (first, first + 1, last - 1, last)}
    inside = [
        each for each in found if each > 0 and (least < each < most or (each == least if closed_low else each == most))
    ]
    return [min(inside), max(inside)] if inside else []


def adds_up(columns: list[list[int]], values: list[int]) -> bool:
    """Whether, modulo a prime, multiples of the columns and of 1 add up to the values."""
    rows = [[*entries, 1, value] for *entries, value in zip(*columns, values, strict=True)]
    for pivot in range(len(columns) + 1):
        chosen = next((row for row in rows if row[pivot]), None)
        if chosen is None:
            return False
        scale = pow(chosen[pivot], -1, PRIME)
        rest = []
        for row in rows:
            if row is not chosen:
                factor = row[pivot] * scale % PRIME
                rest.append([(a - factor * b) % PRIME for a, b in zip(row, chosen, strict=True)] if factor else row)
        rows = rest
    return not any(row[-1] for row in rows)


def solved(columns: list[Vector], values: Vector, *, all_used: bool = True) -> list[Fraction] | None:
    """The numbers by which the columns and 1 add up to the values; but for the last, none may be 0 if all are used."""
    size = len(columns) + 1
    rows = [[column[number] for column in columns] + [Fraction(1), values[number]] for number in range(len(values))]
    for pivot in range(size):
        chosen = next((row for row in range(pivot, len(rows)) if rows[row][pivot] != 0), None)
        if chosen is None:
            return None
        rows[pivot], rows[chosen] = rows[chosen], rows[pivot]
        scale = rows[pivot][pivot]
        rows[pivot] = [entry / scale for entry in rows[pivot]]
        for number, row in enumerate(rows):
            if number != pivot and row[pivot] != 0:
                factor = row[pivot]
                rows[number] = [a - factor * b for a, b in zip(row, rows[pivot], strict=True)]
    if any(row[-1] != 0 for row in rows[size:]):
        return None
    numbers = [rows[number][-1] for number in range(size)]
    return numbers if all(numbers[:-1]) or not all_used else None
