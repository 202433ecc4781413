"""Which models are built to derive a form: within what is known of its domain, and no more than tell something."""

from __future__ import annotations

import operator
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

import paramcalc as pc
from paramcalc.derivation.domain.domain import Domain
from paramcalc.derivation.models.observations import Observations
from paramcalc.derivation.models.prober import Prober
from paramcalc.errors import NoForm
from paramcalc.sizes.conditions import Condition
from paramcalc.sizes.point import meets
from paramcalc.tree.block import Block
from tests.forms import evidence_of, opaque

TRIED_BEYOND = "what the code demands"  # a condition is broken to see whether it holds good


def grouped(most: int) -> Callable[..., nn.Module]:
    def build(width: int, heads: int) -> nn.Module:
        if width % heads:
            raise ValueError("heads divide the width")
        more = [nn.LSTM(width, 3)] if width > most else []
        return nn.Sequential(nn.Linear(width, width // heads), *more)

    return build


@pytest.mark.parametrize(("width", "heads", "most"), [(21, 3, 42), (35, 5, 52), (60, 12, 120), (32, 8, 82)])
def test_models_are_built_within_what_is_known(
    monkeypatch: pytest.MonkeyPatch, width: int, heads: int, most: int
) -> None:
    build = Observations.build
    tried: list[str] = []

    def watched(observations: Observations, point: Any, doing: str, **given: Any) -> Block | None:
        assert doing == TRIED_BEYOND or meets(point, observations.domain.conditions), (doing, point)
        tried.append(doing)
        return build(observations, point, doing, **given)

    monkeypatch.setattr(Observations, "build", watched)
    tree = pc.derive(grouped(most), {"width": width, "heads": heads})
    last = most // heads * heads
    assert tree.bind(width=last, heads=heads).params == last * (last // heads) + last // heads
    assert {TRIED_BEYOND, "the other side of a comparison", "points to predict"} <= set(tried)


@pytest.mark.parametrize("most", [80, 120])
def test_nothing_is_built_twice(monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    at = {"width": 60, "heads": 12}
    built: list[tuple[int, ...]] = []
    once = Prober._built

    def watched(prober: Prober, point: Any, doing: str) -> Any:
        built.append(tuple(point[name] for name in at))
        return once(prober, point, doing)

    monkeypatch.setattr(Prober, "_built", watched)
    tree = pc.derive(grouped(most), at)
    assert len(built) == evidence_of(tree).builds
    base = tuple(at.values())  # it may be built once more, to see that the model is the same
    assert not [point for point, times in Counter(built).items() if times > 1 and point != base]


@pytest.mark.parametrize("compare", [operator.gt, operator.eq])
def test_a_long_loop_of_comparisons_costs_no_more_than_a_short_one(compare: Callable[[int, int], bool]) -> None:
    def builds(comparisons: int) -> int:
        def build(width: int, stage: int) -> nn.Module:
            for number in range(comparisons):
                compare(stage, 7 * number + 3)
            return nn.Linear(width, stage)

        return evidence_of(pc.derive(build, {"width": 16, "stage": 100})).builds

    assert builds(20) == builds(40) == builds(80)


SIDES = st.tuples(st.sampled_from("ab"), st.sampled_from([">", ">="]), st.integers(0, 6), st.booleans())


@given(st.lists(SIDES, max_size=6))
def test_a_size_is_pinned_where_bounds_leave_one_value(sides: list[tuple[str, Any, int, bool]]) -> None:
    bounds: dict[str, list[Condition]] = {"a": [], "b": []}
    for name, relation, number, above in sides:
        size = pc.symbol(name)
        bounds[name].append(Condition(size, relation, number) if above else Condition(number, relation, size))
    domain = Domain()
    domain.bounds = (*bounds["a"], *bounds["b"])
    left = {name: [number for number in range(1, 9) if meets({name: number}, bounds[name])] for name in bounds}
    assert domain.pinned(["a", "b"]) == [name for name, values in left.items() if len(values) == 1]


def outside(width: int, kind: int, depth: int) -> nn.Module:
    return layers(width, depth, usual=opaque(kind) == 5)


def between(width: int, kind: int, depth: int) -> nn.Module:
    return layers(width, depth, usual=4 < kind < 6)


def layers(width: int, depth: int, *, usual: bool) -> nn.Module:
    """Layers of one class, or more of another one."""
    return nn.ModuleList(nn.Linear(width, 3) if usual else nn.RNN(width, 3) for _ in range(depth + (not usual)))


@pytest.mark.parametrize("build", [outside, between])
def test_a_size_that_no_other_value_may_have_is_fixed_at_once(build: Callable[..., nn.Module]) -> None:
    tree = pc.derive(build, {"width": 8, "kind": 5, "depth": 3})
    assert evidence_of(tree).fixed == {"kind": 5}
    assert evidence_of(tree).builds < 50


@pytest.mark.parametrize("usual", [lambda kind: opaque(kind) == 5, lambda kind: 4 < kind < 6])
def test_the_only_size_may_have_no_other_value(usual: Callable[[int], bool]) -> None:
    def build(kind: int) -> nn.Module:
        return nn.ModuleDict({"a": nn.Linear(8, 3)} if usual(kind) else {"b": nn.RNN(8, 8), "c": nn.LayerNorm(8)})

    with pytest.raises(NoForm, match="no other sizes build such a model"):
        pc.derive(build, {"kind": 5})
