"""The solver at its edges: what it takes last, what it refuses first, and what it says then."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any

import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st

from paramcalc import Block, Condition, TensorSpec, formula, solve, symbol
from paramcalc.analysis import polynomial
from paramcalc.analysis.polynomial import intersect, largest_root, nonnegative
from paramcalc.analysis.solve import Solution, solution
from paramcalc.errors import InvalidType, InvalidValue, NoSolution
from paramcalc.sizes.parse import parse_exact
from paramcalc.sizes.symbols import LARGEST_DIMENSION

X, Y, Z = map(symbol, "xyz")
RANGE = "evaluate it over a range"


def block(size: Any, *conditions: Condition) -> Block:
    return Block(own=(TensorSpec("t", (size,)),), conditions=conditions)


def divides(left: Any, right: Any) -> Condition:
    return Condition(left, "divisible by", right)


SAID: list[tuple[Block, int, type[Exception], str]] = [
    (block(X * Y), 9, InvalidValue, "solve for x: y is free too; give every other symbol a value first"),
    (block(X * Y * Z), 9, InvalidValue, "solve for x: y, z are free too; give every other symbol a value first"),
    (
        block(X + parse_exact("ilog(2, x)")),
        9,
        InvalidValue,
        "solve: no bound on x within 9 parameters is known; try values with evaluate",
    ),
    (
        block(X, Condition(X**2, "a power of", 2)),
        9,
        InvalidValue,
        f"solve: x**2 a power of 2 is not solved for x within 9 parameters; {RANGE}",
    ),
    (
        block(X, divides(X**2 + X, 1_000_003)),
        10**8,
        InvalidValue,
        "solve: 1,000,003 candidates to try; expected at most 1,000,000",
    ),
    (
        block(X, divides(X**2 - 7, X + 1000)),
        10**9,
        InvalidValue,
        "solve: 1,000,000,000 candidates to try; expected at most 1,000,000",
    ),
    (
        block(5, divides(X**2 - 7, X + 3)),
        9,
        InvalidValue,
        "solve: no bound on x within 9 parameters is known; try values with evaluate",
    ),
    (
        block(5, divides(X, 3)),
        9_000,
        NoSolution,
        "no largest x within 9,000 parameters; every larger value that meets the conditions fits too",
    ),
    (
        block(5, divides(X, 3), Condition(X, ">", 10)),
        9,
        NoSolution,
        "no largest x within 9 parameters; every larger value that meets the conditions fits too",
    ),
    (block(X / 2), 0, NoSolution, "no x within 0 parameters; no value meets the conditions"),
    (
        block(5, divides(2 * X + 1, 2)),
        9,
        NoSolution,
        "no x within 9 parameters; x=1 would give 5, but 2*x + 1 divisible by 2 does not hold there",
    ),
    (
        block(X + parse_exact("12//x")),
        9,
        InvalidValue,
        f"solve: -x - floor(12/x) + 9 is no polynomial in x; {RANGE} instead",
    ),
    (block(X + 5_000), 3, NoSolution, "no x within 3 parameters; x=1 would give 5,001"),
    (
        block(X * 12 / (X + 1), divides(12, X + 1)),
        3,
        NoSolution,
        "no x within 3 parameters; x=1 would give 6",
    ),
]


@pytest.mark.parametrize(("tree", "budget", "error", "message"), SAID, ids=[row[-1] for row in SAID])
def test_what_cannot_be_solved_is_said_in_full(tree: Block, budget: int, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=f"^{re.escape(message)}$"):
        solve(tree, "x", budget=budget)


@pytest.mark.parametrize("budget", [True, 1.0, "5", None])
def test_a_budget_is_a_whole_number(budget: Any) -> None:
    message = re.escape(f"budget: got {budget!r}; expected a whole number of parameters")
    with pytest.raises(InvalidType, match=f"^{message}$"):
        solve(block(X), "x", budget=budget)


def test_limits_are_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    assert solve(block(X), "x", budget=2**70) == LARGEST_DIMENSION
    assert solve(block(X), "x", budget=1) == 1
    monkeypatch.setattr("paramcalc.analysis.solve.MOST_CANDIDATES", 100)
    assert solve(block(X, divides(X**2 - 7, X + 1)), "x", budget=100) == 5
    with pytest.raises(InvalidValue, match=r"^solve: 101 candidates to try; expected at most 100$"):
        solve(block(X, divides(X**2 - 7, X + 1)), "x", budget=101)
    assert solve(block(X, divides(X**2 + X, 100)), "x", budget=199) == 199
    with pytest.raises(InvalidValue, match=r"^solve: 101 candidates to try; expected at most 100$"):
        solve(block(X, divides(X**2 + X, 101)), "x", budget=200)


@pytest.mark.parametrize("most", [1, 6, 7, 1000])
def test_floors_with_many_remainders_are_solved_as_those_with_few(most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("paramcalc.analysis.solve.MOST_CLASSES", most)
    assert solve(block(X + parse_exact("x//6")), "x", budget=50) == 43
    assert solve(block(X + parse_exact("x//2//3")), "x", budget=50) == 43
    assert solve(block(X + parse_exact("x//7")), "x", budget=50) == 44
    assert solve(block(X + parse_exact("x//1001")), "x", budget=10**6) == 999_002
    assert solve(block(X + parse_exact("x//77//13")), "x", budget=10**6) == 999_002


def test_a_solution_says_what_the_count_alone_would_allow() -> None:
    at_most = Condition(40, ">=", X)
    assert solution(block(X, at_most), "x", budget=100) == Solution(40, 40, 100, (at_most,))
    assert solution(block(X, at_most), "x", budget=30) == Solution(30, 30, 30, (at_most,))
    assert solution(block(5, at_most), "x", budget=100) == Solution(40, 5, None, (at_most,))


@pytest.mark.parametrize(
    "condition",
    [
        Condition(X, ">", 99),
        Condition(40, ">", X),
        Condition(X, "!=", 100),
        Condition(100, "!=", X),
        Condition(X, "a power of", 2),
        Condition(X + 28, "a power of", 2),
        Condition(3 * X - 1, "a power of", 2),
        Condition(70 - X, "a power of", 2),
        divides(X, 7),
        divides(X + 1, 7),
        divides(60, X),
        divides(60, X - 3),
        divides(X**2 + 3, 7),
        divides(X - 10, X - 1),
        divides(sympy.Max(X, 103), 103),
        divides(sympy.Max(X, 3), 7),
    ],
)
def test_a_condition_decides_which_value_is_the_largest(condition: Condition) -> None:
    tree = block(X, condition)
    fitting = [value for value in range(1, 101) if condition.bind({X: value}).holds]
    if not fitting:
        with pytest.raises(NoSolution, match=r"^no x within 100 parameters"):
            solve(tree, "x", budget=100)
    else:
        assert solve(tree, "x", budget=100) == max(fitting)


def test_floors_and_ceilings_within_each_other_are_solved() -> None:
    for text in ("ceiling(x/3)*2 + 1", "(x//2 + 1)//3 + x", "ceiling((x//4)/3) + 2*x"):
        size: Any = parse_exact(text)
        for budget in (20, 31):
            expected = max(value for value in range(1, 90) if size.subs(X, value) <= budget)
            assert solve(block(size), "x", budget=budget) == expected


RUNS: list[Any] = [
    ([(1, 5), (8, None)], [(4, 9)], [(4, 5), (8, 9)]),
    ([(1, 5)], [(5, 9)], [(5, 5)]),
    ([(1, 5)], [(6, 9)], []),
    ([(3, None)], [(1, None)], [(3, None)]),
    ([(8, 9), (1, 2)], [(1, None)], [(1, 2), (8, 9)]),
    ([], [(1, None)], []),
]


@pytest.mark.parametrize(("a", "b", "both"), RUNS)
def test_runs_in_both_lists(a: Any, b: Any, both: Any) -> None:
    assert intersect(a, b) == intersect(b, a) == both


@given(st.lists(st.integers(-12, 40), max_size=5), st.integers(-3, 12), st.sampled_from([1, -1]))
def test_runs_end_and_begin_at_whole_roots(roots: list[int], low: int, sign: int) -> None:
    poly = sympy.Poly(sign * sympy.prod(X - root for root in roots), X)
    runs = nonnegative(poly, low)
    inside = [value for value in range(low, 45) if any(a <= value and (b is None or value <= b) for a, b in runs)]
    assert inside == [value for value in range(low, 45) if poly.eval(value) >= 0]
    assert all(b is not None and b + 1 < a for (_, b), (a, _) in pairwise(runs))
    assert largest_root(poly) == max(roots, default=None)


def test_the_largest_root_of_a_polynomial_that_only_touches_zero() -> None:
    for text, root in (("(x - 7)**2", 7), ("(2*x - 7)**2", 3), ("(2*x + 7)**2", -4), ("x**2 + 1", None), ("5", None)):
        assert largest_root(sympy.Poly(sympy.sympify(text, {"x": X}), X)) == root


@pytest.mark.parametrize("below", [0, 1])
@pytest.mark.parametrize("above", [0, 1])
def test_roots_may_lie_anywhere_between_the_integers_around_them(
    below: int, above: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = polynomial._root_spans

    def wider(poly: Any) -> list[tuple[int, int]]:
        return [(low - below, high + above) for low, high in known(poly)]

    monkeypatch.setattr(polynomial, "_root_spans", wider)
    for text, root in (("x**2 - 8", 2), ("8 - x**2", 2), ("x**2 - 2", 1), ("2*x - 7", 3), ("7 - 2*x", 3), ("x - 4", 4)):
        poly = sympy.Poly(sympy.sympify(text, {"x": X}), X)
        assert largest_root(poly) == root
        runs = nonnegative(poly, 1)
        inside = [value for value in range(1, 12) if any(a <= value and (b is None or value <= b) for a, b in runs)]
        assert inside == [value for value in range(1, 12) if poly.eval(value) >= 0]


@pytest.mark.parametrize(
    ("size", "leading", "remark"),
    [
        (X**2 + 3 * X, "x**2", "as x grows; within 10% of the count for x >= 27"),
        (X**2 - 30 * X + 400, "x**2", "as x grows; within 10% of the count for x >= 317"),
        (2 * X + 5, "2*x", "as x grows; within 10% of the count for x >= 23"),
        (9 * X + 1, "9*x", "as x grows; within 10% of the count for x >= 1"),
        (3 * X + 1, "3*x", "as x grows; within 10% of the count for x >= 3"),
        (3 * X, "3*x", "as x grows; within 10% of the count for x >= 1"),
        (7, "7", ""),
        (X * Y + X + Y, "x*y", "as x and y grow in proportion"),
        (X * Y + X**2 + Y, "x**2 + x*y", "as x and y grow in proportion"),
        (X * Y * Z + X * Y + 3, "x*y*z", "as x, y and z grow in proportion"),
    ],
)
def test_a_leading_term_says_how_far_it_goes(size: Any, leading: str, remark: str) -> None:
    closed = formula(block(size), form="leading")
    assert (str(closed), closed.remark) == (leading, remark)
    assert formula(block(size)).remark == formula(block(size), form="factored").remark == ""
