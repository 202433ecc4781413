"""A domain knows at any time what it would know had it been told all at once."""

from __future__ import annotations

from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st

from paramcalc.derivation.domain.domain import Domain
from paramcalc.sizes.conditions import Condition
from paramcalc.sizes.point import all_meet, meets
from paramcalc.sizes.symbols import symbol

BASE = {"a": 12, "b": 4}
A, B = symbol("a"), symbol("b")
POINTS = st.fixed_dictionaries({"a": st.integers(1, 24), "b": st.integers(1, 8)})
CONDITIONS = [Condition(A, "divisible by", B), Condition(A, ">=", 3), Condition(30, ">=", A), Condition(A, ">=", B)]
STEPS = st.lists(
    st.tuples(st.sampled_from(["accept", "refuse", "apart", "back", "bound", "release", "fix"]), POINTS), max_size=12
)


def told(domain: Domain, step: str, point: Mapping[str, int]) -> None:
    """Tell a domain something, as the search does: the base is never set apart (`Observations.set_apart`)."""
    condition = CONDITIONS[point["b"] % len(CONDITIONS)]
    if step == "accept" and meets(point, domain.certain):
        domain.accept(point)
    elif step == "refuse":
        domain.refuse(point, "the code says so")
    elif step == "apart" and point != BASE:
        domain.set_apart([each for each in domain.accepted[1:] if each["a"] == point["a"]] or [point], "another model")
    elif step == "back":
        domain.take_back([each for each, _ in domain.apart[:1]])
    elif step == "bound":
        domain.bound_by(condition)
    elif step == "release":
        domain.release(condition)
    elif step == "fix" and point["a"] > 20:
        domain.fix(BASE, ["b"])


def afresh(domain: Domain) -> tuple[Condition, ...]:
    """The conditions of a domain that was told the same at once."""
    new = Domain(domain.divisions, domain.branches, domain.divisors)
    new.bounds, new.accepted, new.refused, new.apart = domain.bounds, domain.accepted, domain.refused, domain.apart
    return new.conditions


@given(STEPS)
def test_conditions_are_those_of_what_is_known_now(steps: list[tuple[str, Mapping[str, int]]]) -> None:
    domain = Domain(branches=CONDITIONS[:2])
    domain.accept(BASE)
    for step, point in steps:
        told(domain, step, point)
        assert domain.conditions == afresh(domain), step
        assert all(all_meet(each, domain.accepted) for each in domain.conditions)
        assert set(domain.bounds) <= domain.confirmed


def test_a_range_beyond_which_another_model_is_built_is_not_said_to_be_refused() -> None:
    domain = Domain()
    for depth in (8, 6, 5):
        domain.accept({"depth": depth})
    domain.set_apart([{"depth": 4}], "fewer kinds of layers")
    (condition,) = domain.conditions
    assert (str(condition), condition.reason) == ("depth >= 5", "another model is built at other sizes")
