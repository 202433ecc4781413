"""Which conditions follow from others, and need not be said."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from paramcalc.sizes.conditions import Condition
from paramcalc.sizes.symbols import Size, canonical, is_symbol, substitute


def implied(condition: Condition, others: Iterable[Condition]) -> bool:
    """Tell whether an inequality follows from another one, by a gap that is never smaller, or a division from others.

    >>> from paramcalc.sizes.symbols import symbol
    >>> h, n = symbol("h"), symbol("n")
    >>> implied(Condition(h, ">=", 3), [Condition(h, ">", 3)])
    True
    >>> implied(Condition(h**2, "divisible by", n), [Condition(h, "divisible by", n)])
    True
    """
    if condition.relation == "divisible by":
        return _divides_too(condition, [each for each in others if each != condition])
    if condition.gap is None:
        return False
    others = [other for other in others if other != condition]
    gaps = [other.gap for other in others]
    slack = [canonical(condition.gap - gap) for gap in gaps if gap is not None]
    return any(isinstance(size, int) and size >= 0 for size in slack) or _least_multiple(condition.gap, others)


def _least_multiple(gap: Size, others: Iterable[Condition]) -> bool:
    """Whether a symbol must be a multiple of no less than a gap asks for: no symbol is below 1."""
    for each in others:
        if each.relation == "divisible by" and isinstance(each.right, int) and is_symbol(each.left):
            least = canonical(each.left - gap)
            if isinstance(least, int) and each.right >= least:
                return True
    return False


def needed(conditions: Sequence[Condition]) -> tuple[Condition, ...]:
    """Return the conditions that do not follow from others among them.

    >>> from paramcalc.sizes.symbols import symbol
    >>> h, n = symbol("h"), symbol("n")
    >>> print(*needed([Condition(h, "divisible by", n), Condition(h, "divisible by", 2 * n), Condition(n, ">=", 2)]))
    h divisible by 2*n n >= 2
    """
    left = list(dict.fromkeys(conditions))
    for each in reversed(left[:]):
        if implied(each, left):
            left.remove(each)
    return tuple(left)


def _divides_too(condition: Condition, others: Iterable[Condition]) -> bool:
    """Whether a division leaves no rest once the sizes that others divide are written as multiples."""
    if isinstance(condition.left, int):
        return False
    import sympy

    multiples = [
        (each.left, each.right * sympy.Symbol(f"{each.left} over {each.right}", positive=True, integer=True))
        for each in others
        if each.relation == "divisible by" and is_symbol(each.left)
    ]

    def whole(values: dict[Any, Any]) -> bool:
        quotient = sympy.expand(substitute(condition.left, values) / substitute(condition.right, values))
        return bool(quotient.is_integer)

    return any(whole(dict([*multiples, each])) for each in multiples)  # of a size with several, each in turn
