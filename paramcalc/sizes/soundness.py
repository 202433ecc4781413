"""When an expression is a size: it is whole, and not negative, and no divisor in it is 0."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from paramcalc.sizes.conditions import Condition, is_nonnegative, primitive


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
    if not _never_negative(size):
        conditions.append(Condition(primitive(size), ">=", 0, "a size is not negative"))
    return tuple(condition for condition in conditions if not condition.holds)


def _never_negative(size: Any) -> bool:
    """Whether the symbols alone say that a size is not negative, rounded quotients put at their bounds."""
    if is_nonnegative(size):
        return True
    import sympy

    if isinstance(size, sympy.Min):
        return all(map(_never_negative, size.args))
    if isinstance(size, sympy.floor) and _never_negative(size.args[0]):
        return True
    whole = size.is_integer is True  # then it is 0 or more where it is above -1
    least = sum(map(_least, sympy.Add.make_args(size))) + int(whole)
    symbols = sorted(least.free_symbols, key=str)
    if not symbols:
        return bool(least > 0 if whole else least >= 0)
    sides = sympy.fraction(sympy.together(least))
    if not all(side.is_polynomial(*symbols) for side in sides):
        return False
    more = {each: each + 1 for each in symbols}  # no symbol is below 1
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


def sound_divisor(condition: Condition) -> tuple[Condition, ...]:
    """Return the condition that the divisor of a division is 1 or more, where that is not certain."""
    divisor = condition.right
    if condition.relation != "divisible by" or isinstance(divisor, int) or divisor.is_positive:
        return ()
    return (Condition(divisor, ">=", 1, "a divisor is 1 or more"),)
