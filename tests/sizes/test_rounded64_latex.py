"""What code rounds is, in LaTeX, the arithmetic that it does, in its order; a note says once what the brackets mean."""

from __future__ import annotations

import math
import re

import pytest
import sympy
from hypothesis import assume, example, given

import paramcalc as pc
from paramcalc import Block, TensorSpec
from paramcalc.errors import InvalidValue
from paramcalc.rendering.formula import formula_text
from paramcalc.sizes.double.programs import Node, parts_of
from paramcalc.sizes.parse import parse_exact, parse_expression
from paramcalc.sizes.rounded64 import computed
from paramcalc.sizes.symbols import symbol
from paramcalc.sizes.write import as_latex
from tests.sizes.test_rounded64 import NAMES, points, programs, true_at

FUNCTIONS = {"floor": math.floor, "ceil": math.ceil, "round": round, "trunc": math.trunc, "max": max, "min": min}
READ = [
    (r"\\frac\{([^{}]*)\}\{([^{}]*)\}", r"((\1)/(\2))"),
    (r"\\left\\lfloor ((?:(?!\\left|\\right)[^{}])*) \\right\\rfloor", r"floor(\1)"),
    (r"\\left\\lceil ((?:(?!\\left|\\right)[^{}])*) \\right\\rceil", r"ceil(\1)"),
    (r"\\left\\lfloor ((?:(?!\\left|\\right)[^{}])*) \\right\\rceil", r"round(\1)"),
    (r"\\left\(((?:(?!\\left|\\right)[^{}])*)\\right\)", r"(\1)"),
    (r"\^\{([^{}]*)\}", r"**(\1)"),
]


def read(latex: str) -> str:
    """LaTeX as Python text: brackets from the inside out, then the signs."""
    text = latex.replace("_{64}", "").replace(r"\operatorname{trunc}", "trunc")
    text = text.replace(r"\max", "max").replace(r"\min", "min")
    before = ""
    while before != text:
        before = text
        for pattern, replacement in READ:
            text = re.sub(pattern, replacement, text)
    return text.replace(r"\,", "*").replace(r"\cdot", "*").replace(r"\bmod", "%")


@given(programs, points)
@example(("trunc", ("*", ("number", 0.9), ("+", ("symbol", "a"), ("symbol", "b")))), {"a": 7, "b": 9})
@example(("trunc", ("*", ("+", ("symbol", "a"), ("symbol", "b")), ("number", 0.9))), {"a": 7, "b": 9})
@example(("floor", ("-", ("symbol", "a"), ("-", ("symbol", "b"), ("number", 0.5)))), {"a": 9, "b": 4})
@example(("floor", ("*", ("trunc", ("-", ("symbol", "a"), ("number", 7.5))), ("number", 3))), {"a": 1, "b": 4})
def test_latex_is_the_same_arithmetic(node: Node, point: dict[str, int]) -> None:
    true = true_at(node, point)
    try:
        size = computed(node, {name: symbol(name) for name in NAMES})
    except InvalidValue:
        return
    if true is None:
        return
    assume(all(part[0] != "//" for part in parts_of(node)))  # in LaTeX it is a quotient that is rounded
    text = read(as_latex(size))
    assert eval(text, {**FUNCTIONS, **point}) == true, text  # our own


@pytest.mark.parametrize(
    ("text", "latex"),
    [
        ("trunc64(0.7*d)**2", r"\left\lfloor 0.7 \, d \right\rfloor_{64}^{2}"),
        ("trunc64(0.7*n, n=d + w)", r"\left\lfloor 0.7 \, \left(d + w\right) \right\rfloor_{64}"),
        ("trunc64(0.7*d - 9)", r"\operatorname{trunc}_{64}\left( 0.7 \, d - 9 \right)"),
        ("round64((2*d)**0.5)", r"\left\lfloor \left(2 \, d\right)^{0.5} \right\rceil_{64}"),
        ("d*holds64(n < 0.9*v)", r"d \left[ n < 0.9 \, v \right]_{64}"),
        ("trunc64(d*1e-05)", r"\left\lfloor d \cdot \left(1 \cdot 10^{-5}\right) \right\rfloor_{64}"),
        ("gcd(d, 8)**2", r"\gcd\left(d, 8\right)^{2}"),
        ("ilog(d + 1, 2)**2", r"\left\lfloor \log_{2} \left(d + 1\right) \right\rfloor^{2}"),
        ("(2**ilog(d, 2))**2", r"\left(2^{\left\lfloor \log_{2} d \right\rfloor}\right)^{2}"),
    ],
)
def test_powers_and_sums_keep_their_brackets(text: str, latex: str) -> None:
    assert as_latex(parse_exact(text)) == latex


def of_sizes(*texts: str) -> Block:
    return Block(own=tuple(TensorSpec(f"t{place}", (parse_expression(text),)) for place, text in enumerate(texts)))


def test_a_note_says_once_what_is_rounded() -> None:
    tree = of_sizes("trunc64(0.7*d)", "trunc64(0.9*d)", "round64(0.7*d)", "floor(d/3)")
    note = "trunc64 is Python's int, computed in double precision"
    both = "round64 is Python's round, trunc64 is Python's int, computed in double precision"
    assert formula_text(pc.formula(tree)).splitlines()[1:] == [f"where {both}"]
    assert pc.formula(tree).latex().count("double precision") == 1
    assert pc.formula(of_sizes("trunc64(0.7*d)")).latex() == (
        r"\left\lfloor 0.7 \, d \right\rfloor_{64} \quad \text{where } \left\lfloor \cdot \right\rfloor_{64} "
        r"\text{ is Python's math.floor, computed in double precision}"
    )
    assert f"- Rounded: {note}" in pc.render(of_sizes("trunc64(0.7*d)"), "markdown", symbolic=True).splitlines()
    assert f"Rounded: {note}" in pc.render(of_sizes("trunc64(0.7*d)"), "text", symbolic=True).splitlines()


@pytest.mark.parametrize("style", ["markdown", "text"])
def test_what_is_exact_has_no_note(style: str) -> None:
    tree = of_sizes("floor(d/3)", "gcd(d, 8)")
    assert "double precision" not in pc.render(tree, style, symbolic=True) + pc.formula(tree).latex()
    assert "double precision" not in pc.render(of_sizes("trunc64(0.7*d)"), style, at={"d": 90})
    assert "double" not in formula_text(pc.formula(of_sizes("d*d"))) + pc.formula(of_sizes("d*d")).latex()


def test_a_condition_has_its_note_too() -> None:
    holds: sympy.Expr = parse_exact("holds64(d < 0.9*80)")
    tree = Block(own=(TensorSpec("t", (symbol("d"),)),), conditions=(pc.Condition(holds, ">=", 1),))
    note = "where holds64 is 1 where the comparison holds, else 0, computed in double precision"
    assert formula_text(pc.formula(tree)).splitlines()[2:] == [note]
