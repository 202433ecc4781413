"""The last integer within a budget that meets all conditions, found by halving runs of integers.

A run is left out only where bounds prove that it has none. Whatever has bounds can be asked, such as what code rounds
in double precision.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from paramcalc.analysis.interval import Interval, enclosure, multiples_in
from paramcalc.errors import InvalidValue, NoSolution, ParamcalcError
from paramcalc.sizes.conditions import Condition
from paramcalc.sizes.point import tested
from paramcalc.sizes.program import compiled
from paramcalc.sizes.symbols import LARGEST_DIMENSION, Size

MOST_RUNS = 100_000
FAR = (63, 80, 120, 200, 400)  # powers of 2 beyond which all larger integers are looked at as one run

Demand = Callable[[Interval], bool | None]  # whether all integers of a run meet it, or none, as far as bounds say


def last_within(params: Size, name: str, budget: int, conditions: Sequence[Condition], question: str) -> int | None:
    """Return the last integer for which the count is within the budget and all conditions hold, None for none.

    >>> from paramcalc.sizes.parse import parse_expression
    >>> last_within(parse_expression("trunc64(0.7*d)"), "d", 62, (), "d")
    90

    Raises NoSolution where every large integer does, InvalidValue where that is not known, or takes too long to tell.
    """
    demands = [_at_most(params, name, budget), *(_demand(each, name) for each in conditions)]
    _check_end(demands, question)

    def fits(value: int) -> bool:
        try:
            point = {name: value}
            count = params if isinstance(params, int) else compiled(params)(point)
            return count <= budget and all(tested(each)(point) for each in conditions)
        except (ParamcalcError, ArithmeticError):  # there is no such model
            return False

    runs, seen = [(1, LARGEST_DIMENSION)], 0
    while runs:
        low, high = runs.pop()
        seen += 1
        if seen > MOST_RUNS:
            raise InvalidValue(f"more than {MOST_RUNS:,} runs of values to try for {question}", where="solve")
        if low == high:
            if fits(low):
                return low
        elif all(demand((low, high)) is not False for demand in demands):
            middle = (low + high) // 2
            runs += [(low, middle), (middle + 1, high)]
    return None


def _check_end(demands: Sequence[Demand], question: str) -> None:
    """Refuse a question for which there may be no last integer."""
    for power in FAR:
        met = [demand((2**power, math.inf)) for demand in demands]
        if False in met:
            return
        if all(met):
            raise NoSolution(f"no largest {question}", advice="every larger value that meets the conditions fits too")
    raise InvalidValue(f"no bound on {question} is known", where="solve", advice="try values with evaluate")


def _at_most(params: Size, name: str, budget: int) -> Demand:
    bounds = enclosure(params)

    def met(run: Interval) -> bool | None:
        low, high = bounds({name: run})
        return False if low > budget else True if high <= budget else None

    return met


def _demand(condition: Condition, name: str) -> Demand:
    """What bounds say of a condition."""
    if condition.relation in ("divisible by", "a power of"):
        return _divided(condition, name)
    left_less_right = enclosure(condition.left - condition.right)
    least = 1 if condition.relation == ">" else 0

    def met(run: Interval) -> bool | None:
        low, high = left_less_right({name: run})
        if condition.relation == "!=":
            return False if low == high == 0 else True if low > 0 or high < 0 else None
        return False if high < least else True if low >= least else None

    return met


def _divided(condition: Condition, name: str) -> Demand:
    """What bounds say of a division without remainder, or of a power of 2: that there is none."""
    above, below = enclosure(condition.left), enclosure(condition.right)

    def met(run: Interval) -> bool | None:
        interval, (least, most) = above({name: run}), below({name: run})
        if condition.relation == "a power of":
            return None if _has_power(interval) else False
        if most < 1:
            return False
        return None if least != most or multiples_in(interval, int(least)) else False

    return met


def _has_power(interval: Interval) -> bool:
    """Whether there is a power of 2 from one end to the other."""
    low, high = interval
    if high < 1 or high == math.inf:
        return high == math.inf
    return 1 << int(high).bit_length() - 1 >= low
