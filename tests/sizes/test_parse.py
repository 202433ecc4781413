"""Text that comes from outside: read as arithmetic, or refused; never run."""

from __future__ import annotations

import ast
import contextlib
import operator
import sys
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paramcalc import symbol
from paramcalc.errors import InvalidValue, ParamcalcError
from paramcalc.sizes.counts import parse_count
from paramcalc.sizes.parse import parse_exact, parse_expression
from paramcalc.sizes.symbols import same
from paramcalc.targets.assignments import parse_assignments, parse_letters
from paramcalc.testing import block_trees as trees


@given(trees.sizes(symbolic=True), trees.sizes(symbolic=True))
def test_the_text_of_an_expression_reads_back(a: object, b: object) -> None:
    for expr in (a, a + b, a * b + 1, (a + b) ** 3):  # type: ignore[operator]
        assert same(parse_expression(str(expr)), expr)


def test_a_long_sum_reads_back() -> None:
    number = sys.getrecursionlimit() + 100  # nested so deep
    terms = [f"a{each}*b{each % 7}" for each in range(number)]
    expr: Any = parse_expression(" + ".join(terms))
    assert len(expr.args) == number


def test_every_operator_is_exact() -> None:
    d = symbol("d")
    values = {
        "2*(d + 3)**2": lambda v: 2 * (v + 3) ** 2,
        "d // 4 + d % 3": lambda v: v // 4 + v % 3,
        "ceiling(d/3) + floor(d/3)": lambda v: -(-v // 3) + v // 3,
        "Max(d, 7) + Min(d, 7)": lambda v: max(v, 7) + min(v, 7),
        "-d + 100 - +d": lambda v: 100 - 2 * v,
        "Mod(d, 5)": lambda v: v % 5,
        "2**0 + d**1": lambda v: 1 + v,
    }
    for text, expected in values.items():
        expr: Any = parse_exact(text)
        for value in range(1, 30):
            assert expr.subs(d, value) == expected(value), text


NUMBERS = st.recursive(
    st.integers(0, 9).map(str),
    lambda inner: st.tuples(inner, st.sampled_from(["+", "-", "*", "/", "//", "%"]), inner).map(
        lambda parts: f"({' '.join(parts)})"
    ),
    max_leaves=5,
)


def computed(node: ast.expr) -> Fraction:
    """What Python computes with fractions in the place of integers."""
    if isinstance(node, ast.Constant):
        assert isinstance(node.value, int)
        return Fraction(node.value)
    assert isinstance(node, ast.BinOp)
    return Fraction(PYTHON[type(node.op)](computed(node.left), computed(node.right)))


PYTHON: dict[type[ast.operator], Any] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}


@given(NUMBERS)
def test_numbers_give_what_python_gives(text: str) -> None:
    try:
        expected = computed(ast.parse(text, mode="eval").body)
    except ZeroDivisionError:
        with pytest.raises(InvalidValue, match="expression: cannot compute it: division by zero; expected arithmetic"):
            parse_exact(text)
        return
    if expected.denominator == 1:
        assert parse_exact(text) == expected
    else:
        with pytest.raises(InvalidValue, match="is not always an integer"):
            parse_exact(text)


@pytest.mark.parametrize("division", ["/", "//", "%"])
def test_a_division_by_zero_is_said(division: str) -> None:
    for above in ("1", "h", "h*g + 2", "h - h"):
        for below in ("0", "(2 - 2)", "(h - h)", "(0*h)", "floor(1/2)"):
            with pytest.raises(InvalidValue, match="cannot compute it: division by zero"):
                parse_exact(f"({above}) {division} {below}")


HOSTILE = [
    "__import__('os').system('true')",
    "h.__class__",
    "(lambda: 1)()",
    "[1, 2]",
    "h if h else 1",
    "'text'",
    "1.5",
    "True",
    "None",
    "h @ h",
    "h & 1",
    "~h",
    "not h",
    "h == 1",
    "h := 3",
    "f(h)",
    "floor(h, evaluate=False)",
    "floor()",
    "exec('1')",
    "symbol('h')",
    "h**h",
    "(h+1)**-1",
    "h**2000",
    "h**(h-h)",
    "h//(h-2)",
    "1/(h-2)",
    "Max(h/2, 3)",
    "Max(" + ", ".join(f"a{i}" for i in range(300)) + ")",
    "Mod(h)",
    "floor(h, 2)",
    "2**64**64",
    "1/0",
    "h//0",
    "((a+b+c+d+e)**16)**16",
    "9" * 5000,
    "(" * 400 + "h" + ")" * 400,
    "-" * 9000 + "h",
    "h" + "+h" * 20_000,
    "",
    "h h",
    "class",
    "лямбда",
    "h; h",
    "h\nh",
    "h\x00",
]


@pytest.mark.parametrize("text", HOSTILE, ids=[text[:30] for text in HOSTILE])
def test_anything_but_arithmetic_is_refused(text: str) -> None:
    with pytest.raises(ParamcalcError, match=r"expected|too large"):
        parse_exact(text)


def test_a_refusal_says_where_the_text_stood() -> None:
    for parse in (parse_expression, parse_exact):
        with pytest.raises(ParamcalcError, match=r"^expression: "):
            parse("h +")
        with pytest.raises(ParamcalcError, match=r"^budget: "):
            parse("h +", where="budget")


def read_by_all(text: str) -> None:
    """Have a text read by every reader of one; only our own errors are let pass."""
    for parse in (parse_expression, parse_exact, parse_count, parse_assignments, parse_letters):
        with contextlib.suppress(ParamcalcError):
            parse(text)


@given(st.text(max_size=40))
def test_any_text_is_a_size_or_a_clear_error(text: str) -> None:
    read_by_all(text)


@given(st.text(alphabet="hd0123456789+-*/%()., =[]", max_size=25))
def test_any_arithmetic_like_text_is_a_size_or_a_clear_error(text: str) -> None:
    read_by_all(text)


def test_no_text_reaches_an_interpreter() -> None:
    """The package calls neither eval, exec, compile nor sympy's own parsers."""
    import pathlib

    import paramcalc

    calls: dict[str, list[str]] = {}
    package = pathlib.Path(paramcalc.__file__).parent
    for path in package.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                called = f".{name}" if isinstance(node.func, ast.Attribute) else name
                calls.setdefault(called, []).append(path.relative_to(package).as_posix())
    assert ".parse" in calls
    assert not calls.keys() & {"eval", "exec", "compile", ".parse_expr", ".lambdify", ".sympify", ".S"}
    assert set(calls[".parse"]) == {"sizes/parse.py"}
