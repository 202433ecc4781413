"""An integer that code computes in double precision is replayed exactly, in every form that it takes."""

from __future__ import annotations

import math
import pickle
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st

import paramcalc as pc
from paramcalc import Block, TensorSpec
from paramcalc.errors import InvalidValue
from paramcalc.sizes.double.programs import Node, never_negative, number_at, span, value_at
from paramcalc.sizes.parse import parse_exact, parse_expression
from paramcalc.sizes.program import compile_expr
from paramcalc.sizes.rounded64 import computed
from paramcalc.sizes.soundness import sound_size
from paramcalc.sizes.symbols import canonical, substitute, symbol

NAMES = ("a", "b")
constants = st.one_of(st.sampled_from([0.1, 0.5, 0.58, 0.7, 0.9, 1.15, 1.3, 8 / 3]), st.integers(1, 20))
leaves = st.one_of(st.sampled_from(NAMES).map(lambda name: ("symbol", name)), constants.map(lambda x: ("number", x)))


def inner(nodes: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    binary = st.tuples(st.sampled_from(["+", "-", "*", "/", "//", "%", "min", "max"]), nodes, nodes)
    return st.one_of(binary, st.tuples(st.sampled_from(["floor", "ceil", "round", "trunc", "float"]), nodes))


programs = st.tuples(st.sampled_from(["floor", "ceil", "round", "trunc"]), st.recursive(leaves, inner, max_leaves=8))
points = st.fixed_dictionaries({name: st.integers(1, 10**6) for name in NAMES})


def size_of(node: Node) -> Any:
    return canonical(computed(node, {name: symbol(name) for name in NAMES}))


def true_at(node: Node, point: Mapping[str, int]) -> int | None:
    try:
        return int(value_at(node, point))
    except (ArithmeticError, ValueError):
        return None


@given(programs, points)
@example(("trunc", ("*", ("number", 0.7), ("symbol", "a"))), {"a": 90, "b": 1})
def test_every_way_to_compute_it_is_what_python_computes(node: Node, point: dict[str, int]) -> None:
    true = true_at(node, point)
    try:
        size = size_of(node)
    except InvalidValue:
        assert true is None
        return
    if true is None:
        return
    whole = {symbol(name): value for name, value in point.items()}
    assert substitute(size, whole) == true
    assert substitute(substitute(size, {symbol("a"): point["a"]}), whole) == true
    again = parse_exact(str(size))
    assert again == size
    assert substitute(again, whole) == true
    assert compile_expr(size).run(point) == true
    arrays = {name: np.array([value, value]) for name, value in point.items()}
    if not isinstance(size, int) and size.free_symbols:
        assert compile_expr(size).run(arrays).tolist() == [true, true]


@given(programs, points)
def test_what_is_computed_lies_in_its_span(node: Node, point: dict[str, int]) -> None:
    low, high = span(node, {name: (1, value) for name, value in point.items()})
    for each in (point, dict.fromkeys(point, 1), {name: (value + 1) // 2 for name, value in point.items()}):
        true = true_at(node, each)
        assert true is None or low <= true <= high


@given(programs, points)
def test_what_is_never_negative_is_not(node: Node, point: dict[str, int]) -> None:
    true = true_at(node, point)
    if true is not None and never_negative(node, dict.fromkeys(NAMES, True)):
        assert true >= 0


def test_a_float_that_misses_the_exact_number_is_kept() -> None:
    size = parse_expression("trunc64(0.7*d)")
    exact = [substitute(size, {symbol("d"): d}) != math.floor(Fraction(7, 10) * d) for d in (10, 90)]
    assert exact == [False, True]
    tree = Block(own=(TensorSpec("weight", (size, 3)),))
    assert (tree.params, str(tree.params)) == (3 * size, "3*trunc64(0.7*d)")
    assert tree.bind(d=90).params == 3 * 62
    assert pc.from_json(pc.render(tree, "json")) == tree
    assert pc.evaluate(tree, {"d": np.array([10, 90])}).tolist() == [21, 186]
    assert pc.evaluate(tree, {"d": torch.tensor([10, 90])}).tolist() == [21, 186]
    assert r"\left\lfloor 0.7 \, d \right\rfloor" in pc.formula(tree).latex()
    assert pickle.loads(pickle.dumps(tree)) == tree  # our own


def test_sizes_that_are_no_symbols_have_letters_in_text() -> None:
    size: Any = parse_expression("floor64(0.9*n + 0.5*m, n=Max(8, 8*floor(w/8)), m=w*n_heads)")
    assert str(size) == "floor64(0.9*n + 0.5*m, n=Max(8, 8*floor(w/8)), m=n_heads*w)"
    assert parse_expression(str(size)) == size
    assert {each.name for each in size.free_symbols} == {"w", "n_heads"}
    assert substitute(size, {symbol("w"): 19, symbol("n_heads"): 3}) == math.floor(0.9 * 16 + 0.5 * 57)


def test_what_is_computed_of_integers_is_positive() -> None:
    common: Any = parse_expression("gcd(a, b)")
    assert common.is_positive
    assert sound_size(parse_expression("trunc64(0.7*a)")) == ()
    assert [str(each) for each in sound_size(parse_expression("trunc64(0.7*a - 3)"))] == ["trunc64(0.7*a - 3) >= 0"]


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("floor64()", "cannot read 'floor64\\(\\)'"),
        ("floor64(a, b)", "cannot read"),
        ("floor64(a, m=3)", "cannot read"),
        ("floor64(a, **b)", "cannot read"),
        ("gcd(a, 0.5)", "gcd\\(a, 0.5\\) is of fractions; expected integers"),
        ("floor64(eval('1'))", "cannot read"),
        ("floor64(a.real)", "cannot read 'a.real'"),
        ("floor64(True*a)", "cannot read 'True'"),
        ("floor64(1e400*a)", "cannot read"),
        ("floor64(m, m=a/2)", "is of fractions"),
        ("floor64(9**9**9)", "cannot be computed"),
        ("floor64(1/0)", "cannot be computed"),
        ("floor64(sqrt(a, b))", "cannot read"),
        ("min(a, b)", "cannot read"),
        ("holds64(a)", "holds64\\(a\\) is of no comparison; expected one, such as holds64\\(n < 0.9\\*v\\)"),
        ("holds64(0.5*a + 1)", "is of no comparison"),
        ("floor64(" + "a+" * 600 + "a)", "more than 500 operations"),
    ],
)
def test_what_is_no_program_is_refused(text: str, match: str) -> None:
    with pytest.raises(InvalidValue, match=match):
        parse_expression(text)


def test_what_cannot_be_computed_is_said_at_its_sizes() -> None:
    size = parse_expression("floor64(0.5/(a - 3))")
    with pytest.raises(InvalidValue, match="cannot be computed of 3: float division by zero"):
        substitute(size, {symbol("a"): 3})
    assert number_at(("<", ("/", ("number", 1), ("symbol", "a")), ("number", 2)), {"a": 0}) == 0


def test_a_comparison_is_one_where_it_holds() -> None:
    size = parse_expression("holds64(n < 0.9*v)")
    assert [substitute(size, {symbol("n"): n, symbol("v"): 10}) for n in (8, 9)] == [1, 0]
