"""What explains that sizes are refused: guesses that hold for all models that were built, and for none refused."""

from __future__ import annotations

from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st

from paramcalc.derivation.domain.explanations import Guesses, explained, with_exceptions
from paramcalc.sizes.conditions import Condition
from paramcalc.sizes.point import all_meet, meets
from paramcalc.sizes.symbols import symbol

NAMES = ("a", "b", "c")
POINTS = st.fixed_dictionaries({name: st.integers(1, 24) for name in NAMES})
A, B = symbol("a"), symbol("b")


@given(st.lists(POINTS, min_size=1, max_size=6), st.lists(POINTS, max_size=6))
def test_conditions_are_met_by_what_is_built_and_refuse_something(
    accepted: list[Mapping[str, int]], refused: list[Mapping[str, int]]
) -> None:
    left = list(refused)
    for condition in explained(accepted, refused, (), (), Guesses()):
        assert all_meet(condition, accepted)
        assert not all_meet(condition, left)  # none that says nothing new
        left = [point for point in left if meets(point, [condition])]


@given(st.lists(st.tuples(st.sampled_from(["build", "refuse", "forget"]), POINTS), max_size=12), POINTS)
def test_guesses_that_are_kept_are_those_that_would_be_made_anew(
    steps: list[tuple[str, Mapping[str, int]]], base: Mapping[str, int]
) -> None:
    accepted, refused, kept = [base], [], Guesses()
    for step, point in steps:
        if step == "build":
            accepted.append({**base, "a": point["a"]} if point["b"] % 2 else point)
        elif step == "refuse":
            refused.append(point)
        else:
            accepted = [base, *accepted[2:]]
        for ranges_first in (False, True):
            found = explained(accepted, refused, (), (), kept, ranges_first=ranges_first)
            assert found == explained(accepted, refused, (), (), Guesses(), ranges_first=ranges_first)


def test_what_is_known_and_what_is_likely_come_first() -> None:
    accepted = [{"a": 24, "b": 8}, {"a": 36, "b": 6}, {"a": 48, "b": 24}]
    refused = [{"a": 24, "b": 7}]
    divides = Condition(A, "divisible by", B)
    assert explained(accepted, refused, [divides], (), Guesses()) == ()
    assert explained(accepted, refused, (), [Condition(2 * A, ">", B), divides], Guesses()) == (divides,)
    assert explained(accepted, refused, (), (), Guesses()) == (Condition(B, "divisible by", 2),)


def test_a_range_is_what_was_built() -> None:
    accepted = [{"a": 7, "b": 7}, {"a": 5, "b": 20}, {"a": 11, "b": 3}]
    assert explained(accepted, [{"a": 13, "b": 7}], (), (), Guesses(), ranges_first=True) == (Condition(11, ">=", A),)
    assert explained(accepted, [{"a": 4, "b": 7}], (), (), Guesses(), ranges_first=True) == (Condition(A, ">=", 5),)


def test_what_is_mostly_so_is_broken_by_fewer_models_than_it_refuses() -> None:
    refused = [{"a": size} for size in (9, 15, 21)]
    built = [{"a": size} for size in (8, 10, 12)]
    even = Condition(A, "divisible by", 2)
    assert with_exceptions([*built, {"a": 1}, {"a": 3}, {"a": 5}], refused) == even
    assert with_exceptions([*built, {"a": 1}, {"a": 3}, {"a": 5}, {"a": 7}], refused) is None
    assert with_exceptions(built, refused[:1]) is None
