"""Conditions are reduced to what they ask, and one that follows from others is not listed."""

from __future__ import annotations

from fractions import Fraction
from itertools import permutations
from typing import Any

import numpy as np
import pytest
import sympy

from paramcalc import symbol
from paramcalc.errors import InvalidType, InvalidValue, PreconditionFailed
from paramcalc.sizes.conditions import (
    RELATIONS,
    Condition,
    Relation,
    as_size,
    failed,
    primitive,
    related,
    require,
)
from paramcalc.sizes.implication import implied, needed
from paramcalc.sizes.parse import parse_exact, parse_expression
from paramcalc.sizes.program import compiled
from paramcalc.sizes.sign import is_nonnegative


def test_a_condition_is_reduced_to_what_it_asks() -> None:
    h, d = symbol("h"), symbol("d")
    assert str(Condition(6 * h, "divisible by", 8)) == "3*h divisible by 4"
    assert Condition(8 * h, "divisible by", 4).holds is True
    assert Condition(-3 * h, "divisible by", d) == Condition(3 * h, "divisible by", d)
    assert Condition(h * d, "divisible by", h).holds is True
    assert Condition(h, ">", d).holds is None
    assert Condition(h + d, ">", h).holds is True


def test_a_condition_that_follows_from_others_is_not_listed() -> None:
    h, n, m = map(symbol, "hnm")
    several = (Condition(h, "divisible by", 8), Condition(h, "divisible by", 32), Condition(h, "divisible by", 2 * n))
    weaker = (Condition(h, "divisible by", n), Condition(h * m, "divisible by", n), Condition(h, "divisible by", 4))
    for conditions in permutations((*several, *weaker)):
        assert set(needed(conditions)) == set(several[1:])
    assert needed((Condition(h, ">=", 32), several[1])) == (several[1],)
    assert len(needed((Condition(h, ">=", 33), several[1]))) == 2
    same = (Condition(n, ">=", 2), Condition(n, ">", 1), Condition(2 * n, ">=", 4))
    assert all(needed(each) == each[:1] for each in permutations(same))


def test_a_number_alone_is_as_it_is_beside_what_divides_all_terms() -> None:
    h = symbol("h")
    assert [primitive(each) for each in (6, 0, 6 * h, 4 * h - 6)] == [6, 0, h, 2 * h - 3]


@pytest.mark.parametrize(
    ("text", "certain"),
    [("-floor(-d/8)", True), ("-floor(1/2 - d/8)", True), ("-floor(3/2 - d/8)", False), ("-floor(d/8)", False)],
)
def test_a_negative_floor_is_0_or_more_where_what_is_rounded_is_below_1(text: str, certain: bool) -> None:
    size = parse_expression(text)
    assert is_nonnegative(size) is certain
    assert all(compiled(size)({"d": d}) >= 0 for d in range(1, 40)) is certain


G, H, N = map(symbol, "ghn")
# As it is written, what it asks, whether that is certain, and what is 0 or more where it holds.
KINDS: list[tuple[Any, Relation, Any, str, bool | None, str | None]] = [
    (2 * H, "divisible by", 8, "h divisible by 4", None, None),
    (6 * H, "divisible by", 4, "3*h divisible by 2", None, None),
    (4 * H, "divisible by", 2, "2*h divisible by 1", True, None),
    (4 * H - 8 * G, "divisible by", 8, "-2*g + h divisible by 2", None, None),
    (H / 2, "divisible by", 3, "h divisible by 6", None, None),
    (H / 3, "divisible by", G / 2, "2*h divisible by 3*g", None, None),
    (-2 * H, "divisible by", N, "2*h divisible by n", None, None),
    (3 * H, "divisible by", H, "3*h divisible by h", True, None),
    (G * H, "divisible by", H, "g*h divisible by h", True, None),
    (12, "divisible by", H, "12 divisible by h", None, None),
    (H * (H - 3), "divisible by", H - 3, "h**2 - 3*h divisible by h - 3", None, None),
    (H, "divisible by", 0, "h divisible by 0", False, None),
    (H, "divisible by", -2, "h divisible by -2", False, None),
    (7, "divisible by", 7, "7 divisible by 7", True, None),
    (7, "divisible by", 2, "7 divisible by 2", False, None),
    (7, "divisible by", 0, "7 divisible by 0", False, None),
    (7, "divisible by", -7, "7 divisible by -7", False, None),
    (0, "divisible by", 3, "0 divisible by 3", True, None),
    (H / 2, ">=", 3, "h >= 6", None, "h - 6"),
    (H / 2 - G / 3, ">", N / 5, "-10*g + 15*h > 6*n", None, "-10*g + 15*h - 6*n - 1"),
    (N / H, ">=", 1, "n >= h", None, "-h + n"),
    (2 * H, ">=", 6, "2*h >= 6", None, "h - 3"),
    (-2 * H, ">=", -6, "-2*h >= -6", None, "3 - h"),
    (H, ">=", 1, "h >= 1", True, "h - 1"),
    (H, ">=", 2, "h >= 2", None, "h - 2"),
    (H, ">", 0, "h > 0", True, "h - 1"),
    (H, ">", 1, "h > 1", None, "h - 2"),
    (H, ">=", H, "h >= h", True, "0"),
    (H, ">", H, "h > h", False, "-1"),
    (-H, ">=", 0, "-h >= 0", False, "-h"),
    (3, ">=", 3, "3 >= 3", True, "0"),
    (3, ">", 3, "3 > 3", False, "-1"),
    (H // 2, ">=", 0, "floor(h/2) >= 0", True, "floor(h/2)"),
    (H, "!=", H, "h != h", False, None),
    (H, "!=", H + 1, "h != h + 1", True, None),
    (H, "!=", 3, "h != 3", None, None),
    (H, "!=", -1, "h != -1", True, None),
    (H, "!=", G, "h != g", None, None),
    (3, "!=", 3, "3 != 3", False, None),
    (-H, "!=", 3, "-h != 3", True, None),
    (H, "a power of", 2, "h a power of 2", None, None),
    (8, "a power of", 2, "8 a power of 2", True, None),
    (1, "a power of", 2, "1 a power of 2", True, None),
    (6, "a power of", 2, "6 a power of 2", False, None),
    (0, "a power of", 2, "0 a power of 2", False, None),
    (-8, "a power of", 2, "-8 a power of 2", False, None),
    (-H, ">", -5, "-h > -5", None, "4 - h"),
]


@pytest.mark.parametrize(("left", "relation", "right", "text", "holds", "gap"), KINDS, ids=[each[3] for each in KINDS])
def test_a_condition_says_what_it_asks_and_whether_it_holds(
    left: Any, relation: Relation, right: Any, text: str, holds: bool | None, gap: str | None
) -> None:
    condition = Condition(left, relation, right)
    assert (str(condition), condition.holds) == (text, holds)
    assert (None if condition.gap is None else str(condition.gap)) == gap
    assert condition.symbols == {
        each for each in "ghn" if each in text.replace("divisible", "").replace("power", "").replace("floor", "")
    }


@pytest.mark.parametrize(("left", "relation", "right", "text", "holds", "gap"), KINDS, ids=[each[3] for each in KINDS])
def test_a_condition_asks_the_same_once_reduced(
    left: Any, relation: Relation, right: Any, text: str, holds: bool | None, gap: str | None
) -> None:
    condition = Condition(left, relation, right)
    for point in ((1, 1, 1), (2, 1, 3), (4, 6, 2), (3, 12, 4), (5, 24, 7)):
        values = {each: sympy.Integer(value) for each, value in zip((G, H, N), point, strict=True)}
        sides = [
            Fraction(int(sympy.numer(each)), int(sympy.denom(each)))
            for each in (sympy.sympify(side).xreplace(values) for side in (left, right))
        ]
        true = asked(relation, *sides)
        assert condition.bind(values).holds is true
        assert holds in (None, true)


def asked(relation: Relation, left: Fraction, right: Fraction) -> bool:
    if relation == "divisible by":
        return right > 0 and (left / right).denominator == 1
    if relation == "a power of":
        return left > 0 and bin(int(left)).count("1") == 1
    return {">=": left >= right, ">": left > right, "!=": left != right}[relation]


@pytest.mark.parametrize("relation", RELATIONS)
def test_numbers_and_arrays_are_related_alike(relation: Relation) -> None:
    numbers = [-8, -3, 0, 1, 2, 3, 4, 6, 8, 12, 16, 24]
    for right in (2,) if relation == "a power of" else (-2, -1, 0, 1, 2, 3, 4, 6, 8, 12):
        true = [asked(relation, Fraction(left), Fraction(right)) for left in numbers]
        assert [bool(related(left, relation, right)) for left in numbers] == true
        assert related(np.array(numbers), relation, right).tolist() == true
        if relation != "a power of":
            assert related(np.array(numbers), relation, np.full(len(numbers), right)).tolist() == true
            assert [bool(related(np.array([left]), relation, np.array([right]))[0]) for left in numbers] == true


def test_a_relation_is_one_that_is_known() -> None:
    with pytest.raises(InvalidValue) as caught:  # in full below
        Condition(3, "==", 4)  # type: ignore[arg-type]
    expected = "'divisible by' or '>=' or '>' or '!=' or 'a power of'"
    assert str(caught.value) == f"relation of a condition: got '=='; expected {expected}"
    for right in (3, H, 1):
        with pytest.raises(InvalidValue, match=rf"^right side of a condition: got {right}; expected 2$"):
            Condition(H, "a power of", right)
    for sides in ((2.5, 3), (3, 2.5)):
        with pytest.raises(InvalidType, match=r"^side of a condition: got float 2\.5"):
            Condition(sides[0], ">=", sides[1])


def test_a_reason_is_no_part_of_a_condition() -> None:
    assert Condition(H, ">", 3, "a reason") == Condition(H, ">", 3)
    assert hash(Condition(H, ">", 3, "a reason")) == hash(Condition(H, ">", 3))
    assert Condition(H, ">", 3).reason == ""
    assert Condition(H, ">", 3, "a reason").bind({H: G}).reason == "a reason"


@pytest.mark.parametrize(
    ("left", "relation", "right", "problem"),
    [
        (2, ">=", 3, "2 is not at least 3"),
        (2, ">", 2, "2 is not greater than 2"),
        (2, "!=", 2, "2 is not different from 2"),
        (3, "divisible by", 2, "3 is not divisible by 2"),
        (6, "a power of", 2, "6 is not a power of 2"),
        (-H, ">", 3, "-h is not greater than 3"),
        (10**40, "divisible by", 3, "an integer of about 41 digits is not divisible by 3"),
        (1_000, ">=", 2_000, "1,000 is not at least 2,000"),
    ],
)
def test_what_never_holds_is_refused_with_its_reason(left: Any, relation: Relation, right: Any, problem: str) -> None:
    with pytest.raises(PreconditionFailed) as caught:  # in full below
        require(left, relation, right, where="Layer", reason="a reason")
    assert str(caught.value) == f"Layer: {problem}; a reason"


def test_what_depends_on_symbols_is_a_condition() -> None:
    (condition,) = require(H - 3, ">=", 1, where="Layer", reason="a reason")
    assert (str(condition), condition.reason) == ("h - 3 >= 1", "a reason")
    assert require(H, ">=", 1, where="Layer", reason="a reason") == ()
    assert as_size(H, where="x") == (H, ())
    assert as_size(1, where="x") == (1, ())
    size, (condition,) = as_size(H - 3, where="x")
    assert (size, str(condition), condition.reason) == (H - 3, "h - 3 >= 1", "a size is 1 or more")
    for wrong, message in (
        (0, "got 0; expected a size of 1 or more"),
        (-H, "-h is negative; expected a size of 1 or more"),
    ):
        with pytest.raises(InvalidValue, match=rf"^x: {message}$"):
            as_size(wrong, where="x")


def test_a_broken_condition_names_the_values_of_its_symbols_alone() -> None:
    condition = Condition(H, "divisible by", G, "a reason")
    values: dict[str, Any] = {"h": 7, "g": 2, "n": 3}
    error = failed(condition, Condition(7, "divisible by", 2), values)
    assert str(error) == "g=2, h=7: 7 is not divisible by 2; expected h divisible by g; a reason"
    assert (
        str(failed(Condition(H, ">", 3), Condition(2, ">", 3), {"h": 2}))
        == "h=2: 2 is not greater than 3; expected h > 3"
    )


@pytest.mark.parametrize(
    ("text", "known"),
    [
        ("h + g", True),
        ("h - 1", True),
        ("h - 2", False),
        ("h//2 + g", True),
        ("(h - 1)//2", True),
        ("(h - 2)//2", False),
        ("-(h//2)", False),
        ("-((-h)//2)", True),
        ("-((1 - h)//2)", True),
        ("-((2 - h)//2)", True),
        ("-((4 - h)//2)", False),
        ("g - ((-h)//2)", True),
        ("-h", False),
        ("Max(h - 3, 0)", True),
        ("Min(h - 3, 2)", False),
    ],
)
def test_what_is_certainly_not_negative_is_seen(text: str, known: bool) -> None:
    expr: Any = parse_exact(text)
    assert is_nonnegative(expr) is known
    values = [int(expr.xreplace({H: sympy.Integer(h), G: sympy.Integer(1)})) for h in range(1, 9)]
    assert min(values) >= 0 or not known


@pytest.mark.parametrize(
    ("asked_for", "others", "follows"),
    [
        ((H, ">=", 3), [(H, ">", 2)], True),
        ((H, ">=", 3), [(H, ">=", 2)], False),
        ((H, ">", 3), [(H, ">=", 4)], True),
        ((H, ">", 3), [(H, ">=", 3)], False),
        ((H + G, ">=", 4), [(H, ">=", 3)], False),
        ((H, ">=", 8), [(H, "divisible by", 8)], True),
        ((H, ">=", 9), [(H, "divisible by", 8)], False),
        ((H, ">=", 8), [(G, "divisible by", 8)], False),
        ((H, ">=", 8), [(H * G, "divisible by", 8)], False),
        ((H, ">=", 2), [(H, "divisible by", N)], False),
        ((H, "!=", 3), [(H, ">", 3)], False),
        ((H, "a power of", 2), [(H, "divisible by", 2)], False),
        ((H, "divisible by", 4), [(H, "divisible by", 8)], True),
        ((H, "divisible by", 8), [(H, "divisible by", 4)], False),
        ((H * G, "divisible by", 8), [(H, "divisible by", 2), (G, "divisible by", 4)], True),
        ((H + G, "divisible by", 2), [(H, "divisible by", 2), (G, "divisible by", 4)], True),
        ((H + G, "divisible by", 2), [(H, "divisible by", 2)], False),
        ((H, "divisible by", N), [(H, "divisible by", 2 * N)], True),
        ((H, "divisible by", N), [(H, ">=", 2 * N)], False),
        ((G, "divisible by", 2), [(H * G, "divisible by", 2)], False),
        ((12, "divisible by", H), [(12, "divisible by", H)], False),
        ((H, ">=", 3), [(H, ">=", 3)], False),
    ],
)
def test_what_follows_is_seen(asked_for: tuple[Any, Relation, Any], others: list[Any], follows: bool) -> None:
    assert implied(Condition(*asked_for), [Condition(*each) for each in others]) is follows
