"""Preconditions: what sizes must satisfy for a formula to hold, such as `embed_dim` divisible by `num_heads`."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, get_args

from paramcalc.errors import InvalidValue, PreconditionFailed
from paramcalc.sizes.sign import is_nonnegative
from paramcalc.sizes.symbols import Size, as_expr, canonical, short, substitute, symbol_names

Relation = Literal["divisible by", ">=", ">", "!=", "a power of"]
RELATIONS: tuple[Relation, ...] = get_args(Relation)
USUAL_MULTIPLES = (2, 4, 8, 16, 32, 64)  # of which code makes sizes multiples, or asks that they are


@dataclass(frozen=True)
class Condition:
    """A relation that two sizes must satisfy, with the reason why; a size may be a power of 2, of no other number.

    >>> from paramcalc.sizes.symbols import symbol
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
        if isinstance(self.left, int) and isinstance(self.right, int):
            return bool(related(self.left, self.relation, self.right))
        if self.relation == "!=":
            return self._differs()
        if self.relation == "a power of":
            return None
        if self.gap is None:
            return self._divides()
        if isinstance(self.gap, int):
            return self.gap >= 0
        answer: bool | None = True if is_nonnegative(self.gap) else self.gap.is_nonnegative
        return answer

    def _divides(self) -> bool | None:
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

    @cached_property
    def symbols(self) -> frozenset[str]:
        """The names of the symbols that the condition speaks of."""
        return symbol_names(self.left) | symbol_names(self.right)

    @cached_property
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


def related(left: Any, relation: Relation, right: Any) -> Any:
    """Whether two numbers are so related, or, in arrays of them, a mask of where they are.

    >>> related(96, "divisible by", 8), related(96, "a power of", 2), related(3, "!=", 3)
    (True, False, False)
    """
    return RELATED[relation](left, right)


def _divides(left: Any, right: Any) -> Any:
    """Whether a division leaves no remainder, by a mask or a product: `%` is several times slower on arrays."""
    if isinstance(right, int):
        if right > 0 and right & (right - 1) == 0:
            return (left & (right - 1)) == 0
        return left // right * right == left if right > 0 else left != left
    sound = right > 0
    divisor = right * sound + ~sound
    return sound & (left // divisor * divisor == left)


def _is_power(number: Any, _: int) -> Any:
    """Whether a number is a power of 2, 1 included."""
    return (number > 0) & (number & (number - 1) == 0)


RELATED: dict[Relation, Callable[[Any, Any], Any]] = {
    "divisible by": _divides,
    ">=": operator.ge,
    ">": operator.gt,
    "!=": operator.ne,
    "a power of": _is_power,
}


def primitive(expr: Size) -> Size:
    """Return an expression without the positive number that divides all its terms.

    >>> from paramcalc.sizes.symbols import symbol
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

    >>> from paramcalc.sizes.symbols import symbol
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
