"""What was asked of predicted points and is so at none is named; what the conditions rule out is not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

import paramcalc as pc
from paramcalc.derivation.models.kinds import Kinds
from paramcalc.derivation.models.unmet import unmet
from paramcalc.sizes.conditions import Condition
from paramcalc.sizes.point import meets
from tests.derivation.kinds_of_points import GRID, is_so
from tests.forms import evidence_of

A, B = pc.symbol("a"), pc.symbol("b")
CONDITIONS = [
    *(Condition(A, sign, B) for sign in (">=", ">", "!=", "divisible by")),
    *(Condition(A, ">=", number) for number in (2, 3, 9)),
    *(Condition(number, ">=", A) for number in (15, 16, 31, 32)),
    *(Condition(size, "divisible by", number) for size in (A, B) for number in (2, 3, 4)),
    Condition(A + B, ">=", 2 * B + 1),
    Condition(12, "divisible by", A - B),
]
ASKED = [
    *("a of 32 or more", "a of 2 or less", "b of 4 or less", "b of 64 or more"),
    *("a equal to b", "a and b with a common factor", "a and b without a common factor"),
]


@given(st.lists(st.sampled_from(GRID), max_size=6), st.lists(st.sampled_from(CONDITIONS), max_size=2))
def test_what_is_asked_is_met_or_ruled_out_or_named(seen: list[tuple[int, int]], conditions: list[Condition]) -> None:
    kinds = Kinds({"a": 8, "b": 16}, ["a", "b"], {"a": 16, "b": 32}, {}, {"a": 1_000_000, "b": 40})
    points = [{"a": a, "b": b} for a, b in seen]
    for point in points:
        kinds.saw(point)
    named = unmet(kinds, conditions)
    inside = [point for point in ({"a": a, "b": b} for a, b in GRID) if meets(point, conditions)]
    for phrase in ASKED:
        met = any(is_so(phrase, point) for point in points)
        possible = any(is_so(phrase, point) for point in inside)
        assert not (phrase in named and met), phrase
        assert phrase in named or met or not possible, phrase


@pytest.mark.parametrize(
    ("conditions", "phrase"),
    [
        ([Condition(A, ">=", 3)], "a of 2 or less"),
        ([Condition(A, ">", 9)], "a of 2 or less"),
        ([Condition(A, "divisible by", 3)], "a of 2 or less"),
        ([Condition(31, ">=", A)], "a of 32 or more"),
        ([Condition(A, ">", B)], "a equal to b"),
        ([Condition(A, "!=", B)], "a equal to b"),
        (
            [Condition(A, "divisible by", 2), Condition(B, "divisible by", 2), Condition(B, "divisible by", 3)],
            "a and b without a common factor",
        ),
    ],
)
def test_what_conditions_rule_out_is_not_asked(conditions: list[Condition], phrase: str) -> None:
    kinds = Kinds({"a": 8, "b": 16}, ["a", "b"], {"a": 16, "b": 32}, {}, {"a": 1_000_000, "b": 1_000_000})
    assert set(unmet(kinds, [])) == set(ASKED) | {"more than 0 values of a", "more than 0 values of b"}
    assert set(unmet(kinds, [])) - set(unmet(kinds, conditions)) == {phrase}


def test_a_size_too_large_to_be_drawn_is_named_unless_it_came_up() -> None:
    kinds = Kinds({"a": 8}, ["a"], {"a": 16}, {}, {"a": 24})
    kinds.saw({"a": 2})
    assert unmet(kinds, []) == ("a of 32 or more",)
    kinds.saw({"a": 32})
    assert unmet(kinds, []) == ()


def test_few_values_are_named_with_how_many_there_should_be() -> None:
    kinds = Kinds({"a": 2}, ["a"], {"a": 4}, {"a": 3}, {"a": 1_000_000})
    for value in (9, 5, 2):
        kinds.saw({"a": value})
    assert unmet(kinds, []) == ("more than 3 values of a",)


def grouped(channels: int) -> nn.Module:
    return nn.GroupNorm(min(32, channels // 4), channels)


def test_a_derived_form_says_what_it_did_not_predict() -> None:
    far = evidence_of(pc.derive(grouped, {"channels": 48}))
    assert far.unmet == ("channels of 240 or more",)  # few odd sizes that large are multiples of 32
    assert evidence_of(pc.derive(nn.Linear, {"in_features": 4, "out_features": 3})).unmet == ()
