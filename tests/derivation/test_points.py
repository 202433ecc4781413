"""Points are drawn where a condition is broken, wherever that is."""

from __future__ import annotations

from paramcalc import symbol
from paramcalc.derivation.models.sampler import Sampler
from paramcalc.sizes.conditions import Condition

WIDTH = symbol("width")


def test_a_condition_is_broken_far_away() -> None:
    point = Sampler({"width": 64, "out": 9}, ["width", "out"]).breaking(Condition(5_000, ">=", WIDTH, "too wide"), [])
    assert point is not None
    assert point["width"] > 5_000


def test_a_condition_is_broken_that_is_so_at_one_size_alone() -> None:
    odd = Condition((WIDTH - 613) ** 2, ">=", 1, "another model")
    point = Sampler({"width": 64, "out": 9}, ["width", "out"]).breaking(odd, [])
    assert point is not None
    assert point["width"] == 613


def test_a_condition_is_broken_right_behind_it_first() -> None:
    sampler = Sampler({"width": 64, "out": 9}, ["width", "out"])
    assert sampler.breaking(Condition(100, ">=", WIDTH, "too wide"), [], near=True) == {"width": 101, "out": 9}
