"""A wrong formula is shown the smallest sizes at which it is wrong; a right one passes."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import assume
from torch import nn

import paramcalc as pc
from paramcalc.errors import InvalidType, InvalidValue, ParamcalcError, UnknownName
from paramcalc.testing import assert_formula
from tests.testing.checks import failure

SIZES = {"L": (1, 6), "d": (8, 512, 8)}


def encoder(L: int, d: int) -> nn.Module:
    return nn.TransformerEncoder(nn.TransformerEncoderLayer(d, 8, 4 * d, batch_first=True), L)


def test_a_right_formula_passes() -> None:
    assert_formula(encoder, "12*L*d**2 + 13*L*d", over=SIZES)
    assert_formula(lambda d: pc.layers.Linear(d, 2 * d), "2*d**2 + 4*d//2", over={"d": (1, 9)})
    assert_formula(lambda d, heads: encoder(1, 8 * d), "768*d**2 + 104*d", over={"d": (1, 9), "heads": (1, 3)})
    assert_formula(lambda: nn.Linear(2, 2), "6", over={})


@pytest.mark.parametrize(
    ("formula", "place", "expected", "found"),
    [
        ("12*L*d**2 + 12*L*d", "L=1, d=8", "864", "872 parameters (+8)"),
        ("12*d**2 + 13*d", "L=2, d=8", "872", "1,744 parameters (+872)"),
        ("12*L*d**2 + 13*L*d + Max(0, d - 256)", "L=1, d=264", "839,792", "839,784 parameters (-8)"),
    ],
)
def test_a_wrong_formula_is_shown_the_smallest_sizes(formula: str, place: str, expected: str, found: str) -> None:
    told = failure(lambda: assert_formula(encoder, formula, over=SIZES))
    assert told.startswith(f"at {place} the formula {formula} gives {expected}, and encoder has {found}:\n\n")
    assert "TransformerEncoderLayer(" in told


def test_a_formula_that_is_no_whole_number_at_some_sizes() -> None:
    told = failure(lambda: assert_formula(lambda d: nn.Linear(d, d), "d*d + d/2", over={"d": (2, 9)}))
    assert told.startswith("at d=2 the formula d*d + d/2 gives 5, and <lambda> has 6 parameters (+1)")


def test_sizes_without_a_model_can_be_left_out() -> None:
    told = failure(lambda: assert_formula(encoder, "12*L*d**2 + 13*L*d", over={"L": (1, 6), "d": (8, 64)}))
    assert told.startswith("at L=1, d=9 encoder raises AssertionError: embed_dim must be divisible by num_heads; leave")

    def admitted(**sizes: int) -> nn.Module:
        assume(sizes["d"] % 8 == 0)
        return encoder(**sizes)

    assert_formula(admitted, "12*L*d**2 + 13*L*d", over={"L": (1, 6), "d": (8, 64)})
    with pytest.raises(InvalidValue, match="all that was tried was refused"):
        assert_formula(admitted, "12*L*d**2 + 13*L*d", over={"L": (1, 6), "d": (9, 15)})


def test_both_ends_of_a_range_are_included() -> None:
    seen: set[int] = set()

    def build(d: int) -> nn.Module:
        seen.add(d)
        return nn.Linear(d, 1)

    assert_formula(build, "d + 1", over={"d": (3, 12, 3)})
    assert seen == {3, 6, 9, 12}


@pytest.mark.parametrize(
    ("formula", "over", "error", "message"),
    [
        ("12*L*e**2", SIZES, UnknownName, "assert_formula, formula: unknown symbol 'e'; known: L, d"),
        ("12*L +", SIZES, InvalidValue, r"assert_formula, formula: cannot read '12\*L \+'"),
        ("__import__('os')", SIZES, InvalidValue, "assert_formula, formula: cannot read"),
        ("d", {**SIZES, "x": (1, 2)}, InvalidType, r"encoder cannot be called: got an unexpected keyword argument 'x'"),
        ("d", {"d": (1, 2)}, InvalidType, "missing a required argument: 'L'"),
        ("d", {"L": (1, 2), "d": (8,)}, InvalidType, r"over\['d'\]: got \(8,\); expected \(low, high\)"),
        ("d", {"L": (1, 2), "d": 8}, InvalidType, r"over\['d'\]: got 8; expected \(low, high\)"),
        ("d", {"L": (1, 2.5), "d": (8, 8)}, InvalidType, r"over\['L'\]: got \(1, 2.5\)"),
        ("d", {"L": (2, 1), "d": (8, 8)}, InvalidValue, r"over\['L'\]: got \(2, 1\); expected 0 <= low <= high"),
        ("d", {"L": (1, 2, 0), "d": (8, 8)}, InvalidValue, "a step of 1 or more"),
    ],
)
def test_what_is_no_formula_and_no_range(formula: str, over: Any, error: type[ParamcalcError], message: str) -> None:
    with pytest.raises(error, match=message):
        assert_formula(encoder, formula, over=over)


def test_a_factory_of_something_else() -> None:
    with pytest.raises(InvalidType, match=r"got int; expected a torch\.nn\.Module that is built"):
        assert_formula(lambda d: d, "d", over={"d": (1, 2)})
    with pytest.raises(InvalidValue, match="its sizes unknown_bias, unknown_weight are not known"):
        assert_formula(lambda d: nn.LazyLinear(d), "d", over={"d": (1, 2)})
