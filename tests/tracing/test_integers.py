"""Integers that remember how they were made compute as others do, and stay in the call."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest
import torch
from torch import nn

import paramcalc as pc
from paramcalc.errors import InvalidValue
from paramcalc.sizes.double.programs import value_at
from paramcalc.tracing import integers
from paramcalc.tracing.integers import Trace, TracedFloat, TracedInt
from paramcalc.tracing.nodes import expression_of


def current_mode() -> object:
    mode: Any = torch.overrides
    return mode._get_current_function_mode()


def test_traced_integers_stay_in_the_call() -> None:
    kept: list[Any] = []

    def build(width: int) -> nn.Module:
        model = nn.Linear(width, 2 * width)
        kept.append(model)
        return model

    tree = pc.derive(build, {"width": 8})
    assert int is int
    assert [type(each.value) for each in pc.from_module(nn.Linear(8, 16)).args] == [int, int]
    assert not any(isinstance(size, TracedInt) for _, tensor in tree.tensors() for size in tensor.shape)
    assert current_mode() is None
    with pytest.raises(InvalidValue, match="no model at the sizes given"):
        pc.derive(lambda width: 1 / 0, {"width": 8})
    assert current_mode() is None
    assert torch.empty(1).device.type == "cpu"


def test_traced_arithmetic_is_that_of_integers() -> None:
    trace = Trace()
    d, n = trace.integer("d", 24), trace.integer("n", 5)
    made: list[Any] = [d + n, 3 * d - n, d // n, -(-d // n), d % n, (d + 63) // 64 * 64, round(d / 7), d**2, 2 - d]
    for value in made:
        assert value_at(value.node, {"d": 24, "n": 5}) == int(value)
        for point in ({"d": 24, "n": 5}, {"d": 7, "n": 3}, {"d": 100, "n": 9}):
            size = expression_of(value.node)
            assert size is not None
            bound: Any = size
            exact = value_at(value.node, point)
            assert int(bound.subs({pc.symbol("d"): point["d"], pc.symbol("n"): point["n"]})) == exact
    half = d / 2
    assert copy.deepcopy([d, half])[1] is half
    assert copy.copy(half) is half
    assert [type(each) for each in pickle.loads(pickle.dumps([d, half]))] == [int, float]  # our own
    assert value_at((2**n).node, {"d": 24, "n": 7}) == 128
    assert [each[0] for each in trace.met] == []
    assert (d % 4 == 0) is True
    assert trace.met[-1][0] == "eq"


def test_arithmetic_without_end_is_not_traced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(integers, "MOST_STEPS", 100)
    steps = []
    widths = set()

    def build(width: int, height: int) -> nn.Module:
        widths.add(int.__index__(width))
        odd = width == 1237
        for number in range(200):
            width += 0 * number
            steps.append(isinstance(width, TracedInt))
        return nn.Linear(width + 0 * odd, height)

    tree = pc.derive(build, {"width": 24, "height": 40})
    assert tree.params == pc.symbol("width") * pc.symbol("height") + pc.symbol("height")
    assert steps.count(True) == 100 * 2  # at the start, and where the comparison turns out otherwise
    assert 1237 in widths  # what was compared before is tried


@pytest.mark.parametrize("exponent", [-2, -1, 0, 1, 2, 3, 7, 0.5])
def test_powers_of_traced_integers_are_those_of_integers(exponent: float) -> None:
    traced = Trace().integer("d", 24)
    made, plain = traced**exponent, 24**exponent
    assert (made, type(made) in (float, TracedFloat)) == (plain, type(plain) is float)
    if exponent == 3:
        assert pow(traced, 3, 5) == pow(24, 3, 5)


def test_a_power_of_two_traced_integers_depends_on_both() -> None:
    trace = Trace()
    made = trace.integer("d", 24) ** trace.integer("n", 3)
    assert made == 24**3
    assert [value_at(made.node, {"d": d, "n": n}) for d, n in ((7, 3), (24, 2), (5, 4))] == [343, 576, 625]


def test_of_the_ways_to_a_number_the_first_few_are_kept_and_all_logarithms() -> None:
    trace = Trace()
    ways: list[Any] = [("symbol", f"s{number}") for number in range(2 * integers.MOST_SEEN)]
    logarithms: list[Any] = [("floor", ("log2", ("symbol", f"t{number}"))) for number in range(3)]
    for node in [*ways, *logarithms, ("floor", ("symbol", "u"))]:
        trace.saw(5, node)
    assert list(trace.seen[5]) == [*ways[: integers.MOST_SEEN], *logarithms]
    trace.saw(6, ways[-1])
    assert list(trace.seen[6]) == [ways[-1]]
