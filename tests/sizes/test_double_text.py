"""Programs as text read back, and their LaTeX says the same."""

from __future__ import annotations

import ast

import pytest

from paramcalc.errors import InvalidValue
from paramcalc.sizes.double.programs import CALLED, ONE, Node
from paramcalc.sizes.double.text import node_latex, node_of_syntax, node_text

NAMES = {"a": "a", "b": "b", "c": "c"}
WRITTEN: dict[str, tuple[str, str]] = {
    "a+b": ("a + b", r"a + b"),
    "a-b": ("a - b", r"a - b"),
    "a*b": ("a*b", r"a \, b"),
    "a/b": ("a/b", r"\frac{a}{b}"),
    "a//b": ("a // b", r"\left\lfloor \frac{a}{b} \right\rfloor"),
    "a%b": ("a % b", r"a \bmod b"),
    "a**b": ("a ** b", r"a^{b}"),
    "a<b": ("a < b", r"a < b"),
    "a<=b": ("a <= b", r"a \le b"),
    "a>b": ("a > b", r"a > b"),
    "a>=b": ("a >= b", r"a \ge b"),
    "a==b": ("a == b", r"a = b"),
    "a!=b": ("a != b", r"a \ne b"),
    "floor(a)": ("floor(a)", r"\left\lfloor a \right\rfloor"),
    "ceil(a)": ("ceil(a)", r"\left\lceil a \right\rceil"),
    "round(a)": ("round(a)", r"\left\lfloor a \right\rceil"),
    "trunc(a)": ("trunc(a)", r"\operatorname{trunc}\left(a\right)"),
    "float(a)": ("float(a)", r"a"),
    "min(a, b)": ("min(a, b)", r"\min\left(a, b\right)"),
    "max(a, b, c)": ("max(a, b, c)", r"\max\left(a, b, c\right)"),
    "sqrt(a)": ("sqrt(a)", r"\sqrt{a}"),
    "log2(a)": ("log2(a)", r"\log_2\left(a\right)"),
    "isqrt(a)": ("isqrt(a)", r"\left\lfloor \sqrt{a} \right\rfloor"),
    "gcd(a, b)": ("gcd(a, b)", r"\gcd\left(a, b\right)"),
    "lcm(a, b)": ("lcm(a, b)", r"\operatorname{lcm}\left(a, b\right)"),
    "-a": ("0 - a", r"0 - a"),
    "a*-3": ("a*-3", r"a \cdot \left(-3\right)"),
    "0.25*a": ("0.25*a", r"0.25 \, a"),
    "(-2)**a": ("(-2) ** a", r"\left(-2\right)^{a}"),
    "2**-a": ("2 ** (0 - a)", r"2^{0 - a}"),
    "(-0.5)*a": ("-0.5*a", r"\left(-0.5\right) \, a"),
    "a-(b-c)": ("a - (b - c)", r"a - \left(b - c\right)"),
    "a-b-c": ("a - b - c", r"a - b - c"),
    "(a+b)*c": ("(a + b)*c", r"\left(a + b\right) \, c"),
    "(a+b)%c": ("(a + b) % c", r"\left(a + b\right) \bmod c"),
    "(a-b)**c": ("(a - b) ** c", r"\left(a - b\right)^{c}"),
    "(a*b)**c": ("(a*b) ** c", r"\left(a \, b\right)^{c}"),
    "(a/b)**c": ("(a/b) ** c", r"\left(\frac{a}{b}\right)^{c}"),
    "(a**b)**c": ("(a ** b) ** c", r"\left(a^{b}\right)^{c}"),
    "sqrt(a)**c": ("sqrt(a) ** c", r"\sqrt{a}^{c}"),
    "a*(b//c)": ("a*(b // c)", r"a \, \left\lfloor \frac{b}{c} \right\rfloor"),
    "a*(b%c)": ("a*(b % c)", r"a \, \left(b \bmod c\right)"),
    "a+(b-c)": ("a + (b - c)", r"a + \left(b - c\right)"),
    "a*b+c": ("a*b + c", r"a \, b + c"),
    "(a+b)/c": ("(a + b)/c", r"\frac{a + b}{c}"),
    "(a-b)//c": ("(a - b) // c", r"\left\lfloor \frac{a - b}{c} \right\rfloor"),
    "a<b+c": ("a < b + c", r"a < b + c"),
}


def read(text: str) -> Node:
    return node_of_syntax(ast.parse(text, mode="eval").body)


@pytest.mark.parametrize("text", WRITTEN)
def test_a_program_is_written_and_reads_back(text: str) -> None:
    node, (plain, latex) = read(text), WRITTEN[text]
    assert node_text(node, {}) == plain
    assert node_latex(node, NAMES) == latex
    assert read(plain) == node


def test_sizes_take_the_names_that_are_given() -> None:
    node = read("a*b + floor(a)")
    assert node_text(node, {"a": "h"}) == "h*b + floor(h)"
    assert node_latex(node, {"a": "h", "b": "k"}) == r"h \, k + \left\lfloor h \right\rfloor"


@pytest.mark.parametrize(("text", "value"), [("3", 3), ("0.5", 0.5), ("-3", -3), ("-0.5", -0.5), ("0", 0)])
def test_a_number_is_one_with_its_sign(text: str, value: float) -> None:
    assert read(text) == ("number", value)
    assert (node_text(("number", value), {}), node_latex(("number", value), {})) == (text, text)


NO_PROGRAMS = [
    "True",
    "None",
    "'a'",
    "1e999",
    "1j",
    "+a",
    "~a",
    "not a",
    "a @ b",
    "a << b",
    "a & b",
    "a and b",
    "a < b < c",
    "a in b",
    "a is b",
    "a if b else c",
    "a.real",
    "a[0]",
    "abs(a)",
    "math.floor(a)",
    "max(a, key=b)",
    "max(*a)",
    "floor(a, ndigits=b)",
]


@pytest.mark.parametrize("text", [*NO_PROGRAMS, *(f"-({text})" for text in NO_PROGRAMS)])
def test_nothing_but_arithmetic_is_a_program(text: str) -> None:
    with pytest.raises(InvalidValue, match=r"^program: cannot read ['\"].*; expected arithmetic on numbers and names"):
        read(text)


def test_what_is_read_is_said_where_something_else_stands() -> None:
    with pytest.raises(InvalidValue, match=r"cannot read 'a\.real'") as caught:
        read("3*floor(a.real)")
    assert (caught.value.where, caught.value.expected) == (
        "program",
        "arithmetic on numbers and names, comparisons, floor, ceil, round, trunc, float, min, max, sqrt, log2, isqrt, "
        "gcd, lcm",
    )


@pytest.mark.parametrize("name", sorted(CALLED))
@pytest.mark.parametrize("count", range(4))
def test_a_function_takes_one_number_or_several(name: str, count: int) -> None:
    text = f"{name}({', '.join('abc'[:count])})"
    if count == 1 if name in ONE else count > 1:
        assert read(text) == (name, *(("symbol", each) for each in "abc"[:count]))
    else:
        with pytest.raises(InvalidValue, match=f"cannot read '{name}"):
            read(text)
