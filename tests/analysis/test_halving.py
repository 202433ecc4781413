"""The solver against trying every value, of forms that are no polynomials: numbers that code rounds, the larger one."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from paramcalc import Block, TensorSpec, solve, symbol
from paramcalc.analysis.interval import enclosure
from paramcalc.errors import InvalidValue, NoSolution, ParamcalcError
from paramcalc.sizes.conditions import RELATIONS, Condition
from paramcalc.sizes.double.programs import Node, value_at
from paramcalc.sizes.parse import parse_exact, parse_expression
from paramcalc.sizes.program import compiled
from paramcalc.sizes.rounded64 import computed
from paramcalc.sizes.symbols import LARGEST_DIMENSION, canonical
from tests.analysis.test_solve import conditions

X = symbol("x")
MOST = 300
numbers = st.sampled_from([0.1, 0.5, 0.58, 0.7, 0.9, 1.15, 1.3, 8 / 3, 64.0]) | st.integers(1, 20)
leaves = st.just(("symbol", "x")) | numbers.map(lambda number: ("number", number))


def inner(nodes: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    binary = st.tuples(st.sampled_from(["+", "-", "*", "/", "//", "%", "min", "max"]), nodes, nodes)
    return binary | st.tuples(st.sampled_from(["floor", "ceil", "round", "trunc", "float", "isqrt"]), nodes)


programs = st.tuples(st.sampled_from(["floor", "ceil", "round", "trunc"]), st.recursive(leaves, inner, max_leaves=6))


@st.composite
def forms(draw: st.DrawFn) -> Any:
    """An expression of a size with numbers that code rounds in it, whether it grows or not."""
    made: Any = 0
    for _ in range(draw(st.integers(1, 2))):
        try:
            made += draw(st.sampled_from([-3, -1, 1, 2, X, -X])) * computed(draw(programs), {"x": X})
        except InvalidValue:  # a program that computes nothing
            made += X
    others = ["0", "x**2", "40*x", "Max(x, 30)", "x//7", "ilog(x, 2)", "-x"]
    return canonical(made + parse_exact(draw(st.sampled_from(others))) + draw(st.integers(0, 500)))


def fits(block: Block, value: int, budget: int) -> bool:
    try:
        params = block.bind(x=value).params
    except ParamcalcError:
        return False
    assert isinstance(params, int)
    return params <= budget


@given(st.data(), forms(), st.integers(0, 900), st.none() | st.sampled_from(RELATIONS))
def test_the_solver_is_trying_every_value(data: st.DataObject, form: Any, budget: int, relation: Any) -> None:
    bounds = [Condition(MOST, ">=", X), *([data.draw(conditions(relation, 50))] if relation else [])]
    try:
        block = Block(own=(TensorSpec("t", (form,)), TensorSpec("u", (X,))), conditions=tuple(bounds))
    except ParamcalcError:  # a size that is negative for sure
        return
    expected = max((value for value in range(1, MOST + 1) if fits(block, value, budget)), default=None)
    if expected is None:
        with pytest.raises(NoSolution, match="no x within"):
            solve(block, "x", budget=budget)
    else:
        assert solve(block, "x", budget=budget) == expected


@given(forms(), st.integers(1, 10**18), st.integers(0, 10**9))
@example(parse_exact("trunc64(9.5*floor(0.7*x))"), 8, 5)
@example(parse_exact("trunc64(float(x))"), 2**60 + 63, 0)
@example(parse_exact("gcd(x, 30)"), 30, 100)
@example(parse_exact("gcd(x - 60, 30)"), 60, 0)
def test_what_has_bounds_lies_within_them(form: Any, low: int, width: int) -> None:
    if isinstance(form, int):
        return
    least, most = enclosure(form)({"x": (low, low + width)})
    for value in (low, low + width // 3, low + width):
        try:
            assert least <= compiled(form)({"x": value}) <= most
        except (ParamcalcError, ArithmeticError):
            continue


@settings(max_examples=30)
@given(st.sampled_from([0.1, 0.58, 0.7, 1.15]), st.integers(1, 50), st.integers(100, 10**17))
@example(0.7, 1, 125)
def test_a_large_budget_is_exact(constant: float, factor: int, budget: int) -> None:
    program = ("trunc", ("*", ("number", constant), ("symbol", "x")))
    block = Block(own=(TensorSpec("t", (factor, computed(program, {"x": X}))), TensorSpec("u", (5,))))
    found = solve(block, "x", budget=budget + 5)
    assert factor * value_at(program, {"x": found}) <= budget < factor * value_at(program, {"x": found + 1})


@pytest.mark.parametrize(
    ("text", "budget", "expected"),
    [
        ("trunc64(0.7*x)", 62, 90),
        ("floor64(0.7*x) + 100 - 2*gcd(x, 30)", 61, 30),
        ("floor(297293*x/500000)", 10**6, 1_681_844),
        ("Max(x, 30)", 40, 40),
        ("x**2*ilog(x, 2)", 10**6, 353),
        ("2**ilog(x, 2)", 100, 127),
    ],
)
def test_forms_that_are_no_polynomials(text: str, budget: int, expected: int) -> None:
    block = Block(own=(TensorSpec("t", (parse_expression(text),)),))
    assert fits(block, expected, budget)
    assert not any(fits(block, value, budget) for value in range(expected + 1, expected + 200))
    assert solve(block, "x", budget=budget) == expected


def test_a_division_is_found_without_trying_all_values() -> None:
    rounded = TensorSpec("t", (parse_expression("trunc64(0.7*x)"),))
    block = Block(own=(rounded,), conditions=(Condition(X + 3, "divisible by", 1_000_003),))
    found = solve(block, "x", budget=10**15)
    assert (found + 3) % 1_000_003 == 0
    assert math.trunc(0.7 * found) <= 10**15 < math.trunc(0.7 * (found + 1_000_003))
    power = Block(own=(rounded,), conditions=(Condition(X, "a power of", 2),))
    assert solve(power, "x", budget=10**15) == 2**50


def test_a_budget_beyond_all_sizes_gives_the_largest() -> None:
    block = Block(own=(TensorSpec("t", (parse_expression("trunc64(0.7*x)"),)),))
    assert solve(block, "x", budget=10**30) == LARGEST_DIMENSION


def test_too_many_values_to_try_are_refused() -> None:
    level = parse_expression("floor64(0.7*x) - floor64(0.7*x + 0.0) + 10 + gcd(x, 2)")
    block = Block(own=(TensorSpec("t", (level,)),), conditions=(Condition(10**12, ">=", X),))
    with pytest.raises(InvalidValue, match="more than 100,000 runs of values to try for x within 9 parameters"):
        solve(block, "x", budget=9)
