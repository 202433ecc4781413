"""Preconditions: what sizes must satisfy for a formula to hold, such as `embed_dim` divisible by `num_heads`."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from paramcalc.errors import InvalidValue, PreconditionFailed
from paramcalc.symbols import Size, as_expr, canonical, short, substitute, symbol_names

Relation = Literal["divisible by", ">=", ">"]
RELATIONS: tuple[Relation, ...] = ("divisible by", ">=", ">")


@dataclass(frozen=True)
class Condition:
    """A relation that two sizes must satisfy, with the reason why.

    >>> from paramcalc.symbols import symbol
    >>> print(Condition(2 * symbol("h"), "divisible by", 8, "embed_dim is split over num_heads"))
    h divisible by 4
    """

    left: Size
    relation: Relation
    right: Size
    reason: str = ""

    def __post_init__(self) -> None:
        if self.relation not in RELATIONS:
            raise InvalidValue(
                f"got {self.relation!r}", where="relation of a condition", expected=" or ".join(map(repr, RELATIONS))
            )
        left, right = canonical(self.left), canonical(self.right)
        if self.relation == "divisible by" and isinstance(right, int) and right > 0 and not isinstance(left, int):
            left, right = _without_common_factor(left, right)
        object.__setattr__(self, "left", left)
        object.__setattr__(self, "right", right)

    @property
    def holds(self) -> bool | None:
        """True or False where that is certain, None where it depends on the value of a symbol."""
        if isinstance(self.left, int) and isinstance(self.right, int):
            return self._holds_for(self.left, self.right)
        if self.relation == "divisible by":
            quotient = canonical(self.left / self.right)
            return True if isinstance(quotient, int) or quotient.is_integer else None
        gap = canonical(self.left - self.right)
        if isinstance(gap, int):
            return self._holds_for(gap, 0)
        answer: bool | None = gap.is_positive if self.relation == ">" else gap.is_nonnegative
        return answer

    def _holds_for(self, left: int, right: int) -> bool:
        if self.relation == "divisible by":
            return right > 0 and left % right == 0
        return left > right if self.relation == ">" else left >= right

    @property
    def symbols(self) -> frozenset[str]:
        """The names of the symbols that the condition speaks of."""
        return symbol_names(self.left) | symbol_names(self.right)

    def bind(self, values: Mapping[Any, Any]) -> Condition:
        """Return the condition with symbols replaced; `values` is keyed by symbol."""
        return Condition(substitute(self.left, values), self.relation, substitute(self.right, values), self.reason)

    def __str__(self) -> str:
        return f"{self.left} {self.relation} {self.right}"


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
    return {"divisible by": "divisible by", ">=": "at least", ">": "greater than"}[relation]
