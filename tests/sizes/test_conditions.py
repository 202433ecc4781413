"""Conditions are reduced to what they ask, and one that follows from others is not listed."""

from __future__ import annotations

from itertools import permutations

import pytest

from paramcalc import symbol
from paramcalc.sizes.conditions import Condition, primitive
from paramcalc.sizes.implication import needed
from paramcalc.sizes.parse import parse_expression
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
