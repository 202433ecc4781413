"""The largest size within a budget, found exactly from the closed form: no model is built."""

from __future__ import annotations

import math
import numbers
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from paramcalc.analysis.halving import last_within
from paramcalc.analysis.polynomial import intersect, nonnegative
from paramcalc.errors import InvalidType, InvalidValue, NoSolution, ParamcalcError, unknown_name
from paramcalc.sizes.conditions import Condition, related
from paramcalc.sizes.symbols import LARGEST_DIMENSION, Size, substitute, symbol
from paramcalc.tree.block import Block

MOST_CLASSES = 1_000
MOST_CANDIDATES = 1_000_000


@dataclass(frozen=True)
class Solution:
    """The largest value within the budget, its count, and what the count alone would allow without the conditions."""

    value: int
    params: int
    unconditional: int | None
    conditions: tuple[Condition, ...]


def solve(block: Block, name: str, *, budget: int) -> int:
    """Return the largest integer for a symbol such that the count stays within the budget and every condition holds.

    >>> from paramcalc.architectures import architecture
    >>> solve(architecture("amnl", lstm_hidden=symbol("lstm_hidden")), "lstm_hidden", budget=3_500_000)
    256

    Raises NoSolution where even the smallest value is over the budget, or where every larger one fits too; UnknownName
    for a symbol that is not in the tree; InvalidValue where other symbols are free.
    """
    return solution(block, name, budget=budget).value


def solution(block: Block, name: str, *, budget: int) -> Solution:
    """Return what `solve` does, with the count and with the value that the count alone would allow."""
    if name not in block.symbols:
        raise unknown_name("symbol", name, block.symbols)
    if isinstance(budget, bool) or not isinstance(budget, numbers.Integral):
        raise InvalidType(f"got {budget!r}", where="budget", expected="a whole number of parameters")
    others = sorted(block.symbols - {name})
    if others:
        verb = "is" if len(others) == 1 else "are"
        problem = f"{', '.join(others)} {verb} free too"
        raise InvalidValue(problem, where=f"solve for {name}", advice="give every other symbol a value first")
    question = f"{name} within {int(budget):,} parameters"
    value = _largest(block.params, name, int(budget), block.preconditions, question)
    try:
        unconditional = _largest(block.params, name, int(budget), (), question)
    except (NoSolution, InvalidValue):
        unconditional = None
    if value is None:
        raise NoSolution(f"no {question}", advice=_why_none(block, name, unconditional, int(budget)))
    params = substitute(block.params, {symbol(name): value})
    assert params <= budget
    return Solution(value, params, unconditional, block.preconditions)


def _largest(params: Size, name: str, budget: int, conditions: tuple[Condition, ...], question: str) -> int | None:
    """The largest value, class by class: for x = period * (t - 1) + rest, floors and remainders are polynomial in t.

    Where they are not, or there are too many classes, runs of values are halved.
    """
    x = symbol(name)
    period = _period([params, *(side for each in conditions for side in (each.left, each.right))])
    if period is None:
        return last_within(params, name, budget, conditions, question)
    best: int | None = None
    for rest in range(1, period + 1):
        inside = {x: period * (x - 1) + rest}
        bound = [each.bind(inside) for each in conditions]
        found = _largest_in_class(substitute(params, inside), x, budget, bound, question)
        if found is not None:
            best = max(best or 0, period * (found - 1) + rest)
    return best


def _period(exprs: list[Size]) -> int | None:
    """After how many values the floors and ceilings of some expressions have gone through all their remainders.

    None where that takes too many, or where they hold what is not periodic, such as a number rounded by code.
    """
    import sympy

    from paramcalc.sizes.logarithm import ilog, ipow
    from paramcalc.sizes.rounded64 import rounded64

    symbolic = [expr for expr in exprs if not isinstance(expr, int)]
    if any(expr.has(rounded64, ilog, ipow, sympy.Max, sympy.Min) for expr in symbolic):
        return None
    period = math.lcm(*map(_steps, symbolic))
    return period if period <= MOST_CLASSES else None


def _steps(expr: Any) -> int:
    """The least common multiple of what outer floors divide by, each times that of the floors inside."""
    import sympy

    if isinstance(expr, sympy.floor | sympy.ceiling):
        below = sympy.denom(sympy.together(expr.args[0]))
        return (int(below) if below.is_Integer else 1) * _steps(expr.args[0])
    return math.lcm(*(_steps(argument) for argument in expr.args))


def _largest_in_class(params: Size, x: Any, budget: int, conditions: list[Condition], question: str) -> int | None:
    runs = nonnegative(_sign(budget - params, x), 1)
    divisions = [each for each in conditions if each.relation == "divisible by"]
    for each in conditions:
        gap = each.left - each.right - (1 if each.relation == ">" else 0)
        if each.relation == "!=":
            above, below = (nonnegative(_sign(side - 1, x), 1) for side in (gap, -gap))
            runs = intersect(runs, [*below, *above])
            continue
        if each.relation == "a power of":
            runs = intersect(runs, _powers(each, x, question))
            continue
        positive = isinstance(each.left, int) or each.left.is_positive
        if each not in divisions or (positive and not isinstance(each.right, int)):
            runs = intersect(runs, nonnegative(_sign(gap, x), 1))
    moduli = [each.right for each in divisions if isinstance(each.right, int)]
    cycle = math.lcm(*moduli) if len(moduli) == len(divisions) else None
    for low, high in reversed(runs):
        if high is None and cycle is None:
            raise InvalidValue(f"no bound on {question} is known", where="solve", advice="try values with evaluate")
        if high is None and _last(low, low + (cycle or 1) - 1, cycle, divisions, x) is not None:
            raise NoSolution(f"no largest {question}", advice="every larger value that meets the conditions fits too")
        found = None if high is None else _last(low, min(high, LARGEST_DIMENSION), cycle, divisions, x)
        if found is not None:
            return found
    return None


def _powers(condition: Condition, x: Any, question: str) -> list[tuple[int, int | None]]:
    """The values for which what is linear in them is a power of 2."""
    import sympy

    left = sympy.Poly(condition.left, x)
    if left.degree() != 1:
        raise InvalidValue(
            f"{condition} is not solved for {question}", where="solve", advice="evaluate it over a range"
        )
    slope, rest = map(int, left.all_coeffs())
    values = [((1 << number) - rest) // slope for number in range(64) if ((1 << number) - rest) % slope == 0]
    return [(value, value) for value in sorted(values) if value >= 1]


def _last(low: int, high: int, cycle: int | None, divisions: list[Condition], x: Any) -> int | None:
    """The last integer of a run for which all divisions come out even; after one cycle nothing new comes."""
    stop = low if cycle is None else max(low, high - cycle + 1)
    even = [(_value(each.left, x), _value(each.right, x)) for each in divisions]
    step = math.lcm(*(int(each.right) for each in divisions if each.left == x and isinstance(each.right, int)))
    if (high - stop) // step >= MOST_CANDIDATES:
        problem = f"{(high - stop) // step + 1:,} candidates to try"
        raise InvalidValue(problem, where="solve", expected=f"at most {MOST_CANDIDATES:,}")
    for candidate in range(high - high % step, stop - 1, -step):
        if all(related(left(candidate), "divisible by", right(candidate)) for left, right in even):
            return candidate
    return None


def _value(expr: Size, x: Any) -> Callable[[int], Any]:
    if isinstance(expr, int):
        return lambda _: expr
    if expr.is_polynomial(x):
        import sympy

        poly = sympy.Poly(expr, x)
        return lambda value: int(poly.eval(value))
    return lambda value: int(substitute(expr, {x: value}))


def _sign(expr: Size, x: Any) -> Any:
    """A polynomial that has the sign of the expression wherever x is 1 or more."""
    import sympy

    numerator, denominator = sympy.fraction(sympy.together(expr))
    if not numerator.is_polynomial(x) or not denominator.is_positive:
        raise InvalidValue(f"{expr} is no polynomial in {x}", where="solve", advice="evaluate it over a range instead")
    return sympy.Poly(numerator, x, domain="QQ")


def _why_none(block: Block, name: str, unconditional: int | None, budget: int) -> str:
    """What the budget or a condition rules out: the largest value that the count alone would allow, or else 1."""
    value = unconditional or 1
    at = {symbol(name): value}
    try:
        params = substitute(block.params, at)
        broken = next((each for each in block.preconditions if not each.bind(at).holds), None)
    except ParamcalcError:
        return "no value meets the conditions"
    if not isinstance(params, int):
        return "no value meets the conditions"
    said = f"{name}={value:,} would give {params:,}"
    return f"{said}, but {broken} does not hold there" if params <= budget and broken else said
