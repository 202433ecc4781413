"""Preconditions: what sizes must satisfy for a formula to hold, such as `embed_dim` divisible by `num_heads`."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Literal

from paramcalc.errors import InvalidValue, PreconditionFailed
from paramcalc.symbols import Size, as_expr, canonical, short, substitute, symbol_names

Relation = Literal["divisible by", ">=", ">", "!=", "a power of"]
RELATIONS: tuple[Relation, ...] = ("divisible by", ">=", ">", "!=", "a power of")


@dataclass(frozen=True)
class Condition:
    """A relation that two sizes must satisfy, with the reason why; a size may be a power of 2, of no other number.

    >>> from paramcalc.symbols import symbol
    >>> print(Condition(2 * symbol("h"), "divisible by", 8, "embed_dim is split over num_heads"))
    h divisible by 4
    >>> Condition(96, "a power of", 2).holds
    False
    """

    left: Size
    relation: Relation
    right: Size
    reason: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        if self.relation not in RELATIONS:
            raise InvalidValue(
                f"got {self.relation!r}", where="relation of a condition", expected=" or ".join(map(repr, RELATIONS))
            )
        where = "side of a condition"
        left = as_expr(self.left, where=where, least=None, whole=False)
        right = as_expr(self.right, where=where, least=None, whole=False)
        left, right = _whole_sides(left, right, crosswise=self.relation == "divisible by")
        if self.relation == "a power of" and right != 2:
            raise InvalidValue(f"got {right}", where="right side of a condition", expected="2")
        if self.relation == "divisible by" and isinstance(right, int) and right > 0 and not isinstance(left, int):
            left, right = _without_common_factor(left, right)
        if self.relation == "divisible by" and not isinstance(left, int) and _is_minus(left):
            left = canonical(-left)
        object.__setattr__(self, "left", left)
        object.__setattr__(self, "right", right)

    @property
    def holds(self) -> bool | None:
        """True or False where that is certain, None where it depends on the value of a symbol."""
        if self.relation == "!=":
            return self._differs()
        if self.relation == "a power of":
            return is_power(self.left) if isinstance(self.left, int) else None
        if self.gap is None:
            return self._divides()
        if isinstance(self.gap, int):
            return self.gap >= 0
        answer: bool | None = True if _is_nonnegative(self.gap) else self.gap.is_nonnegative
        return answer

    def _divides(self) -> bool | None:
        if isinstance(self.left, int) and isinstance(self.right, int):
            return self.right > 0 and self.left % self.right == 0
        if isinstance(self.right, int) and self.right < 1:
            return False
        quotient = canonical(self.left / self.right)
        whole = isinstance(quotient, int) or quotient.is_integer
        return True if whole and (isinstance(self.right, int) or self.right.is_positive) else None

    def _differs(self) -> bool | None:
        difference = canonical(self.left - self.right)
        if isinstance(difference, int):
            return difference != 0
        return True if difference.is_zero is False else None

    @property
    def symbols(self) -> frozenset[str]:
        """The names of the symbols that the condition speaks of."""
        return symbol_names(self.left) | symbol_names(self.right)

    @property
    def gap(self) -> Size | None:
        """What is 0 or more where the condition holds, without a common factor; None where there is none."""
        if self.relation not in (">=", ">"):
            return None
        return primitive(canonical(self.left - self.right - (1 if self.relation == ">" else 0)))

    def bind(self, values: Mapping[Any, Any]) -> Condition:
        """Return the condition with symbols replaced; `values` is keyed by symbol."""
        return Condition(substitute(self.left, values), self.relation, substitute(self.right, values), self.reason)

    def __str__(self) -> str:
        return f"{self.left} {self.relation} {self.right}"


def is_power(number: Any) -> Any:
    """Whether an int is a power of 2, 1 included, or each one in an array."""
    return (number > 0) & (number & (number - 1) == 0)


def _is_nonnegative(expr: Any) -> bool:
    """Whether an expression is certainly 0 or more, also where floors of negative numbers round up."""
    if expr.is_nonnegative:
        return True
    if expr.is_Add:
        return all(map(_is_nonnegative, expr.args))
    if expr.is_Mul and expr.args[0].is_negative and len(expr.args) == 2 and expr.args[1].func.__name__ == "floor":
        constant, rest = expr.args[1].args[0].as_coeff_Add()
        return bool(constant < 1 and _is_nonnegative(-rest))
    return bool(expr.func.__name__ == "floor" and _is_nonnegative(expr.args[0]))


def primitive(expr: Size) -> Size:
    """Return an expression without the positive number that divides all its terms.

    >>> from paramcalc.symbols import symbol
    >>> primitive(3 * symbol("h") - 6)
    h - 2
    """
    return expr if isinstance(expr, int) else canonical(expr.as_content_primitive()[1])


def _whole_sides(left: Size, right: Size, *, crosswise: bool) -> tuple[Size, Size]:
    """Both sides times the denominators of both: each its own for a division, which compares the product."""
    below_left, below_right = _denominator(left), _denominator(right)
    if below_left == 1 and below_right == 1:
        return left, right
    if crosswise:
        return canonical(left * below_left * below_right), canonical(right * below_right * below_left)
    both = below_left * below_right
    return canonical(left * both), canonical(right * both)


def _denominator(size: Any) -> Any:
    if isinstance(size, int) or size.is_integer is True:
        return 1
    import sympy

    return sympy.denom(sympy.together(size))


def _is_minus(size: Any) -> bool:
    """Whether a size is a product with a number below 0."""
    return bool(size.is_Mul and size.args[0].is_negative)


def _without_common_factor(left: Any, right: int) -> tuple[Any, int]:
    import sympy

    content, primitive = left.as_content_primitive()
    if not (isinstance(content, sympy.Integer) and content > 1):
        return left, right
    common = math.gcd(int(content), right)
    return canonical(primitive * (int(content) // common)), right // common


def require(left: Size, relation: Relation, right: Size, *, where: str, reason: str) -> tuple[Condition, ...]:
    """Return the condition where it depends on symbols, nothing where it always holds.

    >>> require(512, "divisible by", 8, where="MultiheadAttention", reason="embed_dim is split over num_heads")
    ()

    Raises PreconditionFailed where it never holds.
    """
    condition = Condition(left, relation, right, reason)
    holds = condition.holds
    if holds is False:
        shown = [short(side) if isinstance(side, int) else str(side) for side in (left, right)]
        raise PreconditionFailed(f"{shown[0]} is not {_words(relation)} {shown[1]}", where=where, advice=reason)
    return () if holds else (condition,)


def as_size(value: object, *, where: str) -> tuple[Size, tuple[Condition, ...]]:
    """Return a value as a size of 1 or more, with the condition under which that is so.

    >>> from paramcalc.symbols import symbol
    >>> size, conditions = as_size(symbol("h") - 3, where="Linear.in_features")
    >>> print(*conditions)
    h - 3 >= 1

    Raises InvalidType or InvalidValue where the value is no size, zero included.
    """
    size = as_expr(value, where=where, least=1)
    if isinstance(size, int):
        return size, ()
    return size, require(size, ">=", 1, where=where, reason="a size is 1 or more")


def failed(condition: Condition, bound: Condition, values: Mapping[str, Size]) -> PreconditionFailed:
    """Return the error for a condition that turned out false once symbols had values."""
    given = ", ".join(f"{name}={values[name]}" for name in sorted(condition.symbols & values.keys()))
    return PreconditionFailed(
        f"{bound.left} is not {_words(bound.relation)} {bound.right}",
        where=given,
        expected=str(condition),
        advice=condition.reason,
    )


def _words(relation: Relation) -> str:
    return {">=": "at least", ">": "greater than", "!=": "different from"}.get(relation, relation)


@lru_cache(maxsize=4096)
def sound_size(size: Any) -> tuple[Condition, ...]:
    """Return the conditions under which an expression is a size: it is whole, and not negative.

    >>> from paramcalc.symbols import symbol
    >>> print(*sound_size(symbol("h") / 2 - 1), sep=", ")
    h - 2 divisible by 2, h - 2 >= 0
    """
    import sympy

    from paramcalc.logarithm import ilog

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
    if _is_nonnegative(size):
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
