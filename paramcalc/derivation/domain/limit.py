"""What a condition says of one size alone: the last one within, and the way from there."""

from __future__ import annotations

from typing import NamedTuple

from paramcalc.sizes.conditions import Condition
from paramcalc.sizes.symbols import is_symbol


class Limit(NamedTuple):
    """A bound on one size by a number: the last size within, and the step from there on inside."""

    name: str
    last: int
    step: int


def limit_of(condition: Condition) -> Limit | None:
    """Return the limit that a condition sets to one size, None where it sets none.

    >>> from paramcalc.sizes.symbols import symbol
    >>> limit_of(Condition(symbol("n"), ">", 2)), limit_of(Condition(48, ">=", symbol("n")))
    (Limit(name='n', last=3, step=1), Limit(name='n', last=48, step=-1))
    """
    left, right = condition.left, condition.right
    more = {">": 1, ">=": 0}.get(condition.relation)
    if more is not None and is_symbol(left) and isinstance(right, int):
        return Limit(str(left), right + more, 1)
    if more is not None and is_symbol(right) and isinstance(left, int):
        return Limit(str(right), left - more, -1)
    return None
