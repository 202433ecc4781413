"""What an expression in text may cost is bounded before anything is expanded, at exactly the limits that are named."""

from __future__ import annotations

import ast

import pytest

from paramcalc.errors import InvalidValue
from paramcalc.sizes.parse import (
    ARGUMENTS,
    ARITHMETIC,
    MOST_ARGUMENTS,
    MOST_BELOW,
    MOST_BITS,
    MOST_CHARACTERS,
    MOST_DEGREE,
    MOST_DEPTH,
    MOST_TERMS,
    Part,
    _Reader,
    parse_exact,
    parse_expression,
    source,
    syntax,
)
from paramcalc.sizes.symbols import symbol

H = symbol("h")
COSTS: dict[str, tuple[int, ...]] = {
    # terms, bits of a coefficient, degree, sums below a line, functions in functions
    "7": (1, 3, 0, 0, 0),
    "h": (1, 1, 1, 0, 0),
    "-h": (1, 1, 1, 0, 0),
    "h + g": (2, 1, 1, 0, 0),
    "h - 3": (2, 2, 1, 0, 0),
    "5*h": (1, 5, 1, 0, 0),
    "(h + 1)*(g + 2)": (4, 6, 2, 0, 0),
    "1/h": (1, 3, 1, 0, 0),
    "1/(h + 1)": (2, 4, 1, 1, 0),
    "h//3": (1, 4, 1, 0, 1),
    "h % 3": (1, 4, 1, 0, 1),
    "h//3//2": (1, 7, 1, 0, 2),
    "h//(g//2)": (1, 6, 2, 0, 2),
    "(h + 1)//(g + 1)": (4, 5, 2, 0, 1),
    "(h + 1)**3": (8, 15, 3, 0, 0),
    "(h//2)**2": (1, 10, 2, 0, 1),
    "h**-2": (1, 4, 2, 0, 0),
    "h**0": (1, 0, 0, 0, 0),
    "(1/(h + 1))**2": (4, 14, 2, 2, 0),
    "2**ilog(h, 2)": (1, 2, 0, 0, 2),
    "(1/(h + 1))**ilog(1/(g + 1), 2)": (2, 4, 1, 2, 2),
    "(h//2//2//2)**ilog(h, 2)": (1, 10, 1, 0, 4),
    "Max(h, g + 1, 9)": (2, 4, 1, 0, 1),
    "floor(1/(h + 1) + 1/(g + 1))": (4, 4, 1, 2, 1),
    "gcd(h, 6)": (1, 64, 1, 0, 1),
    "floor64(0.5*3)": (1, 64, 1, 0, 1),
    "floor64(0.5*n, n=h//2)": (1, 64, 1, 0, 2),
    "floor64(0.5*n*m, n=h//2, m=g)": (1, 64, 1, 0, 2),
}


def read(text: str) -> Part:
    return _Reader("here")._read(ast.parse(text, mode="eval").body)


@pytest.mark.parametrize("text", COSTS)
def test_the_cost_of_a_part_is_that_of_what_it_is_made_of(text: str) -> None:
    assert tuple(read(text))[1:] == COSTS[text]


AT_MOST = {"terms": MOST_TERMS, "bits": MOST_BITS, "degree": MOST_DEGREE, "below": MOST_BELOW, "depth": MOST_DEPTH}


def test_the_limits_are_reached_and_not_passed() -> None:
    assert list(AT_MOST.values()) == [10_000, 4_096, 1_024, 8, 4]
    reader, most = _Reader("here"), Part(H, *AT_MOST.values())
    assert reader._bounded(most) is most
    for name, limit in AT_MOST.items():
        with pytest.raises(InvalidValue, match=r"^here: the expression is too large to expand; write it smaller$"):
            reader._bounded(most._replace(**{name: limit + 1}))


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        (f"{2**4096 - 1} - h", f"{2**4096} - h"),
        ("h**1024", "h*h**1024"),
        ("h**512*g**512", "h**512*g**513"),
        ("h//2//2//2//2", "h//2//2//2//2//2"),
        ("Max(h//2//2//2, 1)", "Max(h//2//2//2//2, 1)"),
        ("gcd(n, 2, n=h//2//2//2)", "gcd(n, 2, n=h//2//2//2//2)"),
        ("+".join(f"1/(a{each} + 1)" for each in range(8)), "+".join(f"1/(a{each} + 1)" for each in range(9))),
        ("(a + b)**9*(c + 1)", "(a + b + c + d + e + f + g)**5"),
    ],
)
def test_an_expression_at_a_limit_is_read_and_one_beyond_is_not(good: str, bad: str) -> None:
    assert parse_exact(good) is not None
    with pytest.raises(InvalidValue, match=r"^expression: the expression is too large to expand; write it smaller$"):
        parse_exact(bad)


@pytest.mark.parametrize("sign", ["", "-"])
def test_a_power_has_no_exponent_beyond_the_limit(sign: str) -> None:
    assert parse_exact(f"h**{sign}{MOST_DEGREE}") == H ** int(f"{sign}{MOST_DEGREE}")
    with pytest.raises(InvalidValue, match=rf"^expression: cannot read 'h \*\* .*{MOST_DEGREE + 1}\)?'; expected"):
        parse_exact(f"h**{sign}{MOST_DEGREE + 1}")


def test_only_one_term_is_divided_by() -> None:
    assert parse_exact("9*3**-2") == 1
    assert parse_exact("9*(3*h)**-2") == H**-2
    with pytest.raises(InvalidValue, match=r"cannot read '\(h \+ 1\) \*\* \(-1\)'"):
        parse_exact("9*(h + 1)**-1")
    assert parse_exact("(h + 1)**0") == 1


@pytest.mark.parametrize("name", sorted(ARGUMENTS))
@pytest.mark.parametrize("count", [0, 1, 2, 3, MOST_ARGUMENTS, MOST_ARGUMENTS + 1])
def test_a_function_takes_as_many_arguments_as_it_has(name: str, count: int) -> None:
    fewest, most = {"floor": (1, 1), "ceiling": (1, 1), "Mod": (2, 2), "ilog": (2, 2)}.get(name, (1, 16))
    text = f"{name}({', '.join(str(each + 2) for each in range(count))})"
    if fewest <= count <= most:
        assert isinstance(parse_exact(text), int)
    else:
        with pytest.raises(InvalidValue, match=rf"^expression: cannot read '{name}\(.*; expected arithmetic"):
            parse_exact(text)


def test_a_text_has_so_many_letters_and_no_more() -> None:
    assert parse_exact("h".ljust(MOST_CHARACTERS)) == H
    with pytest.raises(InvalidValue, match=r"^expression: got 100,001 characters; expected at most 100,000$"):
        parse_exact("h".ljust(MOST_CHARACTERS + 1))


def test_a_text_that_is_no_code_is_quoted_in_60_letters() -> None:
    for shown, quoted in (("", "h +" + "h" * 57), ("given", "given"), ("x" * 70, "x" * 60)):
        with pytest.raises(InvalidValue, match="cannot read") as caught:
            syntax("h +" + "h" * 100 + " +", where="here", shown=shown)
        assert (caught.value.problem, caught.value.expected) == (f"cannot read {quoted!r}", ARITHMETIC)
    assert ARITHMETIC == "arithmetic on integers and names: + - * / // % **, floor, ceiling, Min, Max, Mod, ilog"


def test_code_that_is_too_deep_has_no_text() -> None:
    node: ast.expr = ast.Name("h")
    assert source(node) == "h"
    for _ in range(10_000):
        node = ast.UnaryOp(ast.USub(), node)
    assert source(node) == "an expression nested too deep"


def test_quotients_on_a_condition_are_for_exact_texts_only() -> None:
    assert str(parse_exact("64/h")) == "64/h"
    assert parse_exact("-3") == -3
    assert parse_exact(str(2**63)) == 2**63
    with pytest.raises(
        InvalidValue, match=r"^here: 64/h is not always an integer; expected an integer, such as a // b$"
    ):
        parse_expression("64/h", where="here")
    with pytest.raises(InvalidValue, match=r"^here: got -3; expected a size of 0 or more$"):
        parse_expression("-3", where="here")
