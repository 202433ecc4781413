"""The budget solver against trying every value."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import sympy
from hypothesis import assume, given
from hypothesis import strategies as st

import paramcalc as pc
from paramcalc import Block, TensorSpec, solve, symbol
from paramcalc.analysis.polynomial import intersect, largest_root, nonnegative
from paramcalc.analysis.solve import solution
from paramcalc.errors import InvalidType, InvalidValue, NoSolution, UnknownName
from paramcalc.layers import CATALOGUE
from paramcalc.sizes.conditions import RELATIONS, Condition, Relation
from paramcalc.sizes.parse import parse_exact
from tests.frozen import assert_frozen

X = symbol("x")
TRIED = 400
RULED_OUT = "no x within 3 parameters; x=3 would give 3, but x >= 5 does not hold there$"
H = symbol("h")


def tried(block: Block, name: str, budget: int) -> int | None:
    """The largest value up to a bound for which the conditions hold within the budget, by trying all of them."""
    values = np.arange(1, TRIED + 1)
    values = values[pc.admissible(block, {name: values})]
    fitting = values[pc.evaluate(block, {name: values}) <= budget]
    return int(fitting.max()) if fitting.size else None


def agrees(block: Block, budget: int) -> None:
    expected = tried(block, "x", budget)
    if expected is not None and expected > TRIED - 12:  # the divisions repeat after 12 at most
        return
    if expected is None:
        with pytest.raises(NoSolution, match="no x within"):
            solve(block, "x", budget=budget)
    else:
        assert solve(block, "x", budget=budget) == expected
        assert block.bind(x=expected).params <= budget


@given(st.lists(st.integers(0, 9), min_size=2, max_size=4), st.integers(1, 12), st.integers(0, 5), st.integers(0, 3000))
def test_growing_polynomials_with_a_division(coefficients: list[int], by: int, offset: int, budget: int) -> None:
    assume(any(coefficients[1:]))
    own = tuple(TensorSpec(f"t{power}", (count, *[X] * power)) for power, count in enumerate(coefficients))
    agrees(Block(own=own, conditions=(Condition(X + offset, "divisible by", by),)), budget)


@given(st.integers(1, 6), st.integers(-400, 400), st.integers(0, 5000))
def test_polynomials_that_fall_and_rise(square: int, linear: int, budget: int) -> None:
    size = square * X**2 + linear * X + 40_000
    agrees(Block(own=(TensorSpec("t", (size,)),)), 40_000 - 5000 + budget)


@given(st.integers(1, 7), st.integers(1, 7), st.integers(1, 400), st.integers(1, 5))
def test_floors(by: int, factor: int, budget: int, steps: int) -> None:
    floor = sympy.floor(factor * X / by)
    agrees(Block(own=(TensorSpec("t", (floor + 1,)), TensorSpec("u", (X // steps,)))), budget)


@given(st.integers(1, 60), st.integers(1, 3), st.integers(0, 4000))
def test_groups_stand_below_the_line(channels: int, kernel: int, budget: int) -> None:
    agrees(pc.layers.Conv1d(channels, 2 * channels, kernel, groups=X), budget)


@given(st.integers(1, 100), st.integers(1, 100), st.integers(0, 400))
def test_inequalities_bound_the_answer(low: int, high: int, budget: int) -> None:
    conditions = (Condition(X, ">", low), Condition(high, ">=", X))
    agrees(Block(own=(TensorSpec("t", (X,)),), conditions=conditions), budget)


@st.composite
def conditions(draw: st.DrawFn, relation: Any, near: int) -> Condition:
    """A condition on x, often one that begins or ends to hold near a value."""
    slope, constant = draw(st.sampled_from([*range(-6, 0), *range(1, 7)])), draw(st.integers(-20, 20))
    if relation == "a power of":
        return Condition(slope * X + constant, relation, 2)
    if relation == "divisible by":
        return Condition(slope * X + constant, relation, draw(st.integers(1, 12)))
    square = draw(st.integers(-1, 1))
    there = square * near**2 + slope * near + draw(st.integers(-2, 2))
    return Condition(square * X**2 + slope * X, relation, draw(st.just(there) | st.integers(-5, 200)))


@pytest.mark.parametrize("relation", RELATIONS)
def test_a_condition_of_each_relation(relation: Relation) -> None:
    @given(st.data(), st.none() | st.sampled_from(RELATIONS), st.integers(-5, 300))
    def holds(data: st.DataObject, other: Relation | None, budget: int) -> None:
        relations = [relation] if other is None else [relation, other]
        together = tuple(data.draw(conditions(each, budget)) for each in relations)
        agrees(Block(own=(TensorSpec("t", (X,)),), conditions=together), budget)

    holds()


def test_amnl_within_three_and_a_half_million() -> None:
    block = pc.architecture("amnl", lstm_hidden=symbol("lstm_hidden"))
    found = solution(block, "lstm_hidden", budget=3_500_000)
    assert (found.value, found.params, found.unconditional) == (256, 3_441_092, 258)
    assert block.bind(lstm_hidden=260).params > 3_500_000


def test_heads_change_no_count_but_are_bounded_by_the_width() -> None:
    assert solve(pc.architecture("amnl", num_heads=X), "x", budget=10**6) == 256


def test_a_huge_budget_is_exact() -> None:
    square = pc.layers.Linear(X, X, bias=False)
    assert solve(square, "x", budget=10**36 - 1) == 10**18 - 1
    assert solve(square, "x", budget=10**60) == 2**63 - 1


@pytest.mark.parametrize(
    ("block", "budget", "error", "message"),
    [
        (pc.layers.Linear(X, 3), 5, NoSolution, r"no x within 5 parameters; x=1 would give 6"),
        (pc.layers.Linear(3, 3), 5, UnknownName, "unknown symbol 'x'; there is no symbol at all"),
        (pc.layers.Linear(X, symbol("y")), 5, InvalidValue, "y is free too; give every other symbol a value first"),
        (pc.layers.BatchNorm1d(X, affine=False), 5, NoSolution, "no largest x within 5 parameters; every larger value"),
        (pc.layers.Linear(X, 3), 5.0, InvalidType, "budget: got 5.0"),
        (pc.layers.Linear(X, 3), True, InvalidType, "budget: got True"),
        (
            Block(own=(TensorSpec("t", (parse_exact("lcm(x, 8)"),)),)),
            9,
            InvalidValue,
            "no bound on x within 9 .* is known",
        ),
        (Block(own=(TensorSpec("t", (parse_exact("trunc64(9.5/x)"),)),)), 9, NoSolution, "no largest x within 9"),
        (Block(own=(TensorSpec("t", (X,)),), conditions=(Condition(X, ">=", 5),)), 3, NoSolution, RULED_OUT),
        (Block(own=(TensorSpec("t", (parse_exact("9*floor64(1.5*x)"),)),)), 8, NoSolution, "; x=1 would give 9$"),
    ],
)
def test_what_cannot_be_solved_is_said(block: Block, budget: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        solve(block, "x", budget=budget)


@given(st.integers(8, 200), st.integers(1, 50_000))
def test_the_width_of_an_adaptive_softmax(classes: int, budget: int) -> None:
    agrees(CATALOGUE["AdaptiveLogSoftmaxWithLoss"].build(X, classes, [classes // 4, classes // 2]), budget)


@given(st.lists(st.integers(-30, 30), min_size=1, max_size=5), st.integers(-40, 20))
def test_runs_where_a_polynomial_is_nonnegative(coefficients: list[int], low: int) -> None:
    poly = sympy.Poly(coefficients, X)
    runs = nonnegative(poly, low)
    for value in range(low, low + 120):
        inside = any(start <= value and (end is None or value <= end) for start, end in runs)
        assert inside == (poly.eval(value) >= 0)
    assert intersect(runs, runs) == runs


@given(st.lists(st.integers(-9, 9), min_size=2, max_size=5))
def test_the_largest_root_is_the_floor_of_the_last_real_root(coefficients: list[int]) -> None:
    assume(any(coefficients[:-1]))
    poly = sympy.Poly(coefficients, X)
    roots = [root for root in poly.sqf_part().nroots(n=30, maxsteps=200) if abs(sympy.im(root)) < 1e-12]
    found = largest_root(poly)
    if not roots:
        assert found is None
    else:
        last = max(sympy.re(root) for root in roots)
        near = round(float(last))
        exact = near if poly.eval(near) == 0 and abs(float(last) - near) < 1e-6 else sympy.floor(last)
        assert found == exact


def test_a_wide_division_is_solved_directly() -> None:
    block = pc.layers.MultiheadAttention(H, 1_000_003)
    value = pc.solve(block, "h", budget=10**18)
    assert value % 1_000_003 == 0
    assert block.bind(h=value).params <= 10**18 < block.bind(h=value + 1_000_003).params


def test_the_solver_does_not_say_none_where_one_may_be() -> None:
    block = Block(own=(TensorSpec("w", (H,)),), conditions=(Condition(H - 10, "divisible by", H + 1),))
    assert block.bind(h=10).params == 10
    assert pc.solve(block, "h", budget=1000) == 10
    nested = Block(own=(TensorSpec("w", (H,)), TensorSpec("v", (parse_exact("h//2//2"),))))
    assert pc.solve(nested, "h", budget=100) == max(h for h in range(200) if h + h // 2 // 2 <= 100)


def test_a_solution_cannot_be_changed() -> None:
    assert_frozen(solution(pc.layers.Linear(X, 3), "x", budget=100))
