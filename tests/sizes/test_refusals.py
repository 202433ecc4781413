"""What is no size is refused in one sentence that says what it is; what is one is exact."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import sympy

from paramcalc.errors import InvalidType, InvalidValue
from paramcalc.sizes.logarithm import ilog, ipow
from paramcalc.sizes.parse import parse_expression
from paramcalc.sizes.symbols import (
    FUNCTION_NAMES,
    LARGEST_DIMENSION,
    as_expr,
    floored,
    is_symbol,
    remainder,
    short,
    substitute,
    symbol,
    total,
)

G, H = symbol("g"), symbol("h")
AN_INTEGER = "expected an integer or an expression of paramcalc.symbol"
A_POWER = "expected an integer or a logarithm as exponent"
INTEGERS = "expected integers in Max, Min, ilog and powers"
NO_SIZES: list[tuple[Any, str]] = [
    (True, "got the truth value True; expected an integer or a symbol"),
    (np.bool_(True), "got the truth value True; expected an integer or a symbol"),
    (3.5, f"got float 3.5; {AN_INTEGER}"),
    (3.0, f"got float 3.0; {AN_INTEGER}"),
    ("h", f"got str 'h'; {AN_INTEGER}"),
    (None, f"got NoneType None; {AN_INTEGER}"),
    ({"h": 3}, f"got dict {{'h': 3}}; {AN_INTEGER}"),
    ([1] * 99, f"got list [{'1, ' * 18}1,...; {AN_INTEGER}"),
    (
        sympy.Symbol("h"),
        "the symbol h was made outside paramcalc, with other assumptions; expected paramcalc.symbol('h')",
    ),
    (
        2 + sympy.Symbol("h") * G,
        "the symbol h was made outside paramcalc, with other assumptions; expected paramcalc.symbol('h')",
    ),
    (1.5 * H, "1.5*h holds a floating-point number; expected exact integers only"),
    (sympy.Float(2), "2.00000000000000 holds a floating-point number; expected exact integers only"),
    (1 / (H - 2), "1/(h - 2) divides by h - 2; expected a divisor of 1 or more always"),
    (2**H, f"2**h is no power; {A_POWER}"),
    (sympy.sqrt(H), f"sqrt(h) is no power; {A_POWER}"),
    (H**G, f"h**g is no power; {A_POWER}"),
    (ipow(2, H), f"2**h is no power; {A_POWER}"),
    (ipow(H - 2, ilog(H, 2)), f"(h - 2)**ilog(h, 2) is no power; {A_POWER}"),
    (sympy.Max(H / 2, 3), f"Max(3, h/2) is of fractions; {INTEGERS}"),
    (sympy.Min(H / 2, 3), f"Min(3, h/2) is of fractions; {INTEGERS}"),
    (ilog(H / 2, 2), f"ilog(h/2, 2) is of fractions; {INTEGERS}"),
    (sympy.sin(H), "sin(h) is no arithmetic; expected sums, products, powers and floors"),
    (sympy.pi, "pi is no arithmetic; expected sums, products, powers and floors"),
    (sympy.oo, "oo is no arithmetic; expected sums, products, powers and floors"),
    (sympy.Rational(1, 2), "1/2 is not always an integer; expected an integer, such as a // b"),
    (H + sympy.Rational(1, 2), "h + 1/2 is not always an integer; expected an integer, such as a // b"),
]


@pytest.mark.parametrize(("value", "message"), NO_SIZES, ids=[str(value)[:30] for value, _ in NO_SIZES])
@pytest.mark.parametrize("options", [{}, {"least": None, "whole": False}])
def test_what_is_no_size_is_refused_in_full(value: Any, message: str, options: dict[str, Any]) -> None:
    kind = InvalidValue if isinstance(value, sympy.Expr) else InvalidType
    with pytest.raises(kind) as caught:  # in full below
        as_expr(value, where="here", **options)
    assert str(caught.value) == f"here: {message}"


SIZES: list[Any] = [0, 1, LARGEST_DIMENSION, np.int64(3), sympy.Integer(5), H, H * G + 1, sympy.Max(H, 3), ilog(H, 2)]


@pytest.mark.parametrize("value", SIZES, ids=str)
def test_a_size_is_kept_and_a_number_is_an_int(value: Any) -> None:
    exact: Any = as_expr(value)
    assert exact == value
    assert type(exact) is int or exact.free_symbols


@pytest.mark.parametrize(
    ("value", "least", "message"),
    [
        (-1, 0, "got -1; expected a size of 0 or more"),
        (0, 1, "got 0; expected a size of 1 or more"),
        (4, 5, "got 4; expected a size of 5 or more"),
        (2**63, 0, "got 9,223,372,036,854,775,808; expected at most 2^63 - 1, as in torch"),
        (-(10**40), 0, "got a negative integer of about 41 digits; expected a size of 0 or more"),
        (10**40, 0, "got an integer of about 41 digits; expected at most 2^63 - 1, as in torch"),
        (-H, 0, "-h is negative; expected a size of 0 or more"),
        (-3 * H, 1, "-3*h is negative; expected a size of 1 or more"),
        (H / 2, 0, "h/2 is not always an integer; expected an integer, such as a // b"),
        (H - H - 2, 0, "got -2; expected a size of 0 or more"),
    ],
)
def test_a_size_lies_between_its_ends(value: Any, least: int, message: str) -> None:
    for given in (value, np.int64(value)) if type(value) is int and abs(value) < 2**63 else (value,):
        with pytest.raises(InvalidValue) as caught:  # in full below
            as_expr(given, least=least)
        assert str(caught.value) == f"size: {message}"
    assert as_expr(value, least=None, whole=False) == value


def test_the_least_size_is_one() -> None:
    for least in (0, 1, 5, LARGEST_DIMENSION):
        assert as_expr(least, least=least) == least
    assert as_expr(H - 5) == H - 5


@pytest.mark.parametrize("name", ["", "a b", "1a", "a.b", "class", "None", "лям", *sorted(FUNCTION_NAMES), "x y" * 40])
def test_a_symbol_is_named_by_an_identifier(name: str) -> None:
    expected = "an identifier such as 'lstm_hidden' that is neither a keyword nor a function name"
    with pytest.raises(InvalidValue, match=r"^symbol name: got ") as caught:
        symbol(name)
    assert (caught.value.problem, caught.value.expected) == (f"got {name[:60]!r}", expected)
    assert symbol("_private").name == "_private"


@pytest.mark.parametrize("name", [3, None, H, b"h"])
def test_a_name_is_text(name: Any) -> None:
    with pytest.raises(InvalidType) as caught:  # in full below
        symbol(name)
    assert str(caught.value) == f"symbol name: got {name!r}; expected a string"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (-1_000, "-1,000"),
        (10**30 - 1, ",".join(["999"] * 10)),
        (1 - 10**30, f"-{','.join(['999'] * 10)}"),
        (10**30, "an integer of about 31 digits"),
        (-(10**30), "a negative integer of about 31 digits"),
        (10**100, "an integer of about 101 digits"),
        (10**4_000, "an integer of about 4,001 digits"),
    ],
)
def test_a_long_number_is_shortened(value: int, text: str) -> None:
    assert short(value) == text


def test_a_total_is_the_sum() -> None:
    assert (total([]), total([3, 4]), total([H, 2, G, 3])) == (0, 7, G + H + 5)
    assert total([H, 2, -H, 3]) == 5
    assert type(total([H, 2, -H, 3])) is int


def test_a_symbol_alone_is_one() -> None:
    assert [is_symbol(each) for each in (H, 3, 2 * H, sympy.Integer(3))] == [True, False, False, False]


def test_quotients_of_numbers_are_numbers() -> None:
    for a in range(-7, 8):
        for b in (-3, -1, 1, 2, 5):
            assert (floored(a, b), remainder(a, b)) == (a // b, a % b)
            assert (type(floored(a, b)), type(remainder(a, b))) == (int, int)
    assert as_expr(sympy.Mod(H, 3)) == H - 3 * sympy.floor(H / 3)
    assert as_expr(sympy.Mod(H, 3) + sympy.Mod(G, 2)) == parse_expression("h % 3 + g % 2")


def test_symbols_are_replaced_all_at_once() -> None:
    for expr in (H + 2 * G, sympy.floor(H / 3) + G, sympy.ceiling(H / (G + 1))):
        swapped = substitute(expr, {H: G, G: H})
        assert substitute(swapped, {H: sympy.Integer(2), G: sympy.Integer(7)}) == substitute(
            expr, {H: sympy.Integer(7), G: sympy.Integer(2)}
        )
    assert substitute(3, {H: G}) == 3
    assert substitute(sympy.floor((H + 1) ** 2 / 2), {H: sympy.Integer(3)}) == 8
    assert type(substitute(sympy.floor(H / 2), {H: sympy.Integer(3)})) is int
