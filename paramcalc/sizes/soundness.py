"""When an expression is a size: it is whole, and not negative, and no divisor in it is 0."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from paramcalc.sizes.conditions import Condition, primitive
from paramcalc.sizes.sign import is_nonnegative


@lru_cache(maxsize=4096)
def sound_size(size: Any) -> tuple[Condition, ...]:
    """Return the conditions under which an expression is a size: it is whole, and not negative.

    >>> from paramcalc.sizes.symbols import symbol
    >>> print(*sound_size(symbol("h") / 2 - 1), sep=", ")
    h - 2 divisible by 2, h - 2 >= 0
    """
    import sympy

    from paramcalc.sizes.logarithm import ilog

    conditions: list[Condition] = []
    for x, base in sorted((each.args for each in size.atoms(ilog)), key=str):
        conditions.append(Condition(x, ">=", 1, "a logarithm is of 1 or more"))
        conditions.append(Condition(base, ">=", 2, "a logarithm is to a base of 2 or more"))
    if size.is_integer is not True:
        above, below = sympy.fraction(sympy.together(size))
        conditions += [] if below == 1 else [Condition(above, "divisible by", below, "a size is whole")]
    if not is_nonnegative(size):
        conditions.append(Condition(primitive(size), ">=", 0, "a size is not negative"))
    return tuple(condition for condition in conditions if not condition.holds)


def sound_divisor(condition: Condition) -> tuple[Condition, ...]:
    """Return the condition that the divisor of a division is 1 or more, where that is not certain."""
    divisor = condition.right
    if condition.relation != "divisible by" or isinstance(divisor, int) or divisor.is_positive:
        return ()
    return (Condition(divisor, ">=", 1, "a divisor is 1 or more"),)
