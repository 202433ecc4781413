"""What the comparisons of traced sizes tell of a model: exact divisions, branches, and sizes that are equal."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from paramcalc.derivation.fitting.clues import Clues
from paramcalc.errors import ParamcalcError
from paramcalc.sizes.conditions import Condition
from paramcalc.sizes.double.programs import Node, is_whole
from paramcalc.sizes.program import compiled
from paramcalc.sizes.symbols import Size, canonical, symbol_names
from paramcalc.tracing.nodes import comparison_of, sound_expression

Comparison: TypeAlias = tuple[str, Node, Node, bool]
Turn: TypeAlias = tuple[Size, Node]

SIGNS = {"lt": "<", "le": "<=", "gt": ">", "ge": ">=", "eq": "==", "ne": "!="}
OTHERWISE = {"lt": "ge", "le": "gt", "gt": "le", "ge": "lt", "eq": "ne", "ne": "eq"}
REASON = "the code tests it"
NEAREST = 4  # of comparisons of one size with many numbers, as in a loop, so many are tried
EQUAL = 16  # the same of numbers to which it may be equal, as in a table


def told(met: Sequence[Comparison], divided: Iterable[Node], at: Mapping[str, Any]) -> Clues:
    """Return what the comparisons that were met tell, and the divisors, `at` being the sizes at which they were."""
    divisions: dict[Condition, None] = {}
    branches: dict[Condition, None] = {}
    equal: dict[tuple[Size, Size], None] = {}
    turns = _turns(met)
    for relation, left, right, outcome in dict.fromkeys(met):
        sides = _sides(left, right)
        if sides is None:
            branches |= _replayed(relation, left, right, outcome)
            continue
        if relation in ("ge", "gt", "le", "lt"):
            branches |= _condition(*_ordered(relation, *sides, outcome))
        elif (relation == "eq") != outcome:
            branches |= _condition(sides[0], "!=", sides[1])
        else:
            turn = _turn(left)
            exact = {} if turn is not None and turn[0] in turns else _exact(left, right, *sides)
            divisions |= exact
            if not exact and len(symbol_names(sides[0]) | symbol_names(sides[1])) > 1:
                equal[sides] = None
    divisors = dict.fromkeys(each for node in divided for each in _divisor(node))
    return Clues(
        divisions=tuple(divisions),
        branches=tuple(_few(list(branches), at)),
        divisors=tuple(divisors),
        equal=tuple(equal),
        compared=tuple(each for comparison in dict.fromkeys(met) for each in _compared(*comparison)),
    )


def _compared(relation: str, left: Node, right: Node, outcome: bool) -> list[tuple[Condition, bool]]:
    """A comparison as a condition, with whether it was met; none where it always turns out so."""
    sides = _sides(left, right)
    if sides is None:
        size = None if is_whole(left) and is_whole(right) else comparison_of(SIGNS[relation], left, right)
        return [] if size is None else [(each, outcome) for each in _condition(size, ">=", 1)]
    if relation in ("eq", "ne"):
        equal = (relation == "eq") == outcome
        parts = _sides(left[1], left[2]) if left[0] == "%" and right == ("number", 0) else None
        if parts is not None:
            return [(each, equal) for each in _condition(parts[0], "divisible by", parts[1])]
        return [(each, not equal) for each in _condition(sides[0], "!=", sides[1])]
    return [(each, outcome) for each in _condition(*_ordered(relation, *sides, True))]


def _turns(met: Sequence[Comparison]) -> set[Turn]:
    """What was divided in a loop, number after number, to see whose turn it is: none must leave no remainder."""
    divided: dict[Turn, set[int]] = {}
    for _, left, _, _ in met:
        turn = _turn(left)
        if turn is not None:
            (rest, divisor), number = turn
            divided.setdefault((rest, divisor), set()).add(number)
    return {turn for turn, numbers in divided.items() if any(number + 1 in numbers for number in numbers)}


def _turn(node: Node) -> tuple[Turn, int] | None:
    """What a number is added to before it is divided and by what, and the number; None where nothing is divided."""
    above = sound_expression(node[1]) if node[0] == "%" else None
    if above is None:
        return None
    number, rest = (above, 0) if isinstance(above, int) else above.as_coeff_Add()
    return ((rest, node[2]), int(number)) if number == int(number) else None


def _divisor(node: Node) -> dict[Condition, None]:
    """That a quotient rounded down, which the code divided by, is not 0."""
    import sympy

    sides = _sides(node[1], node[2]) if node[0] == "//" else None
    if sides is None:
        return {}
    above, below = sides
    while isinstance(above, sympy.floor):
        above, divisor = sympy.fraction(sympy.together(above.args[0]))
        below = canonical(divisor * below)
    return _condition(canonical(above), ">=", below)


def _sides(left: Node, right: Node) -> tuple[Size, Size] | None:
    a, b = sound_expression(left), sound_expression(right)
    return None if a is None or b is None else (a, b)


def _replayed(relation: str, left: Node, right: Node, outcome: bool) -> dict[Condition, None]:
    """A comparison of floats as it turned out, computed as the code does."""
    sign = SIGNS[relation] if outcome else SIGNS[OTHERWISE[relation]]
    size = None if is_whole(left) and is_whole(right) else comparison_of(sign, left, right)
    return {} if size is None else _condition(size, ">=", 1)


def _condition(left: Size, relation: Any, right: Size) -> dict[Condition, None]:
    """The condition, unless it always holds."""
    by = math.lcm(*(each.q for each in (left, right) if not isinstance(each, int) and each.is_Rational))
    try:
        if by != 1 and relation != "divisible by":  # no side is a fraction
            left, right = canonical(left * by), canonical(right * by)
        condition = Condition(left, relation, right, REASON)
        return {} if condition.holds is not None else {condition: None}
    except (ParamcalcError, ArithmeticError, TypeError, ValueError):
        return {}


def _ordered(relation: str, left: Size, right: Size, outcome: bool) -> tuple[Size, str, Size]:
    """A comparison as it turned out, with the larger side first."""
    strict = (relation in ("gt", "lt")) == outcome
    if (relation in ("ge", "gt")) != outcome:
        left, right = right, left
    return left, ">" if strict else ">=", right


def _exact(left: Node, right: Node, a: Size, b: Size) -> dict[Condition, None]:
    """The divisions that must leave no remainder where two sides are equal: a % b == 0, or a // b * b == a."""
    if left[0] == "%" and right == ("number", 0):
        sides = _sides(left[1], left[2])
        return {} if sides is None else _condition(sides[0], "divisible by", sides[1])
    difference = canonical(a - b)
    if isinstance(difference, int):
        return {}
    import sympy

    rounded = difference.atoms(sympy.floor)
    if not rounded or canonical(difference.xreplace({each: each.args[0] for each in rounded})) != 0:
        return {}
    quotients = [sympy.fraction(sympy.together(each.args[0])) for each in rounded]
    found: dict[Condition, None] = {}
    for above, below in quotients:
        found |= _condition(canonical(above), "divisible by", canonical(below))
    return found


def _few(branches: list[Condition], at: Mapping[str, Any]) -> list[Condition]:
    """The branches without those of a loop: of one size and many numbers, those with the nearest numbers."""
    groups: dict[tuple[str, object], list[tuple[int, Condition]]] = {}
    for each in branches:
        difference = canonical(each.left - each.right)
        constant = difference.as_coeff_Add()[0] if not isinstance(difference, int) else difference
        here = _at(difference, at)
        groups.setdefault((each.relation, abs(difference - constant)), []).append((abs(here), each))
    kept = {
        each
        for (relation, _), group in groups.items()
        for _, each in sorted(group, key=lambda pair: pair[0])[: EQUAL if relation == "!=" else NEAREST]
    }
    return [each for each in branches if each in kept]


def _at(size: Size, at: Mapping[str, Any]) -> int:
    try:
        return size if isinstance(size, int) else int(compiled(size)(at))
    except (ParamcalcError, ArithmeticError, KeyError):
        return 0
