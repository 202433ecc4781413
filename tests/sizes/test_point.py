"""Points: which of their values can be varied, and which conditions they meet."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from paramcalc import symbol
from paramcalc.sizes.conditions import Condition
from paramcalc.sizes.parse import parse_exact
from paramcalc.sizes.point import all_meet, changed, is_varied, meets, value_of, varied
from paramcalc.sizes.point import tested as holds_at

H, N = symbol("h"), symbol("n")


@pytest.mark.parametrize(
    ("value", "can"),
    [(1, True), (2, True), (10**6, True), (0, False), (-1, False), (True, False), (1.0, False), ("1", False)],
)
def test_a_whole_number_of_1_or_more_can_be_varied(value: object, can: bool) -> None:
    assert is_varied(value) is can
    assert varied({"a": value, "b": 3, "c": None}) == ["a", "b"] if can else ["b"]
    assert not is_varied(np.int64(3))


def test_what_was_changed_is_named_in_order() -> None:
    base = {"a": 1, "b": 2, "c": 3}
    assert changed({"a": 4, "b": 2, "c": 5}, base, "cba") == ["c", "a"]
    assert changed({"a": 4, "b": 2, "c": 5}, base, "b") == []


def test_a_point_meets_conditions_where_all_hold() -> None:
    conditions = [Condition(H, "divisible by", N), Condition(H, ">", 4)]
    points = [{"h": 6, "n": 3}, {"h": 6, "n": 4}, {"h": 4, "n": 2}, {"h": 8, "n": 1}]
    assert [meets(point, conditions) for point in points] == [True, False, False, True]
    assert [[holds_at(each)(point) for each in conditions] for point in points[:3]] == [
        [True, True],
        [False, True],
        [True, False],
    ]
    assert all_meet(conditions[0], [points[0], points[2]]) is True
    assert all_meet(conditions[0], points) is False
    assert (all_meet(conditions[0], []), meets({}, [])) == (True, True)


@pytest.mark.parametrize(
    ("size", "value"),
    [(7, 7), (H, 6), (2 * H + N, 15), (H * N // 4, 4), (parse_exact("Max(h, n) - Min(h, n)"), 3), (H / N, 2)],
    ids=str,
)
def test_a_size_has_a_value_at_a_point(size: Any, value: int) -> None:
    assert value_of(size)({"h": 6, "n": 3}) == value


def test_a_symbol_alone_may_have_any_value() -> None:
    assert value_of(H)({"h": 0}) == 0
    assert value_of(H)({"h": -3, "other": 1}) == -3
