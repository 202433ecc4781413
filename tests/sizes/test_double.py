"""Programs compute what Python does, and what is said of one without computing it holds."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest

from paramcalc.errors import InvalidValue
from paramcalc.sizes.double.programs import (
    CALLED,
    COMPARED,
    MOST_BITS,
    ONE,
    OPERATIONS,
    PROGRAMS,
    Node,
    is_whole,
    names_in,
    never_negative,
    number_at,
    parts_of,
    replaced,
    span,
    value_at,
)
from paramcalc.sizes.parse import parse_expression
from paramcalc.sizes.symbols import substitute, symbol

A, B, C = (("symbol", name) for name in "abc")
HALF = ("number", 0.5)
PYTHON: dict[str, Callable[..., Any]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "//": lambda a, b: a // b,
    "%": lambda a, b: a % b,
    "**": lambda a, b: a**b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "floor": math.floor,
    "ceil": math.ceil,
    "round": round,
    "trunc": math.trunc,
    "float": float,
    "min": min,
    "max": max,
    "sqrt": math.sqrt,
    "log2": math.log2,
    "isqrt": math.isqrt,
    "gcd": math.gcd,
    "lcm": math.lcm,
}


def of(kind: str, *parts: Node) -> Node:
    return (kind, *parts)


def number(value: float) -> Node:
    return ("number", value)


@pytest.mark.parametrize("kind", sorted(OPERATIONS))
@pytest.mark.parametrize("sides", [(7, 2), (2, 7), (6, 6), (12, 8), (9, 3)])
def test_an_operation_is_that_of_python(kind: str, sides: tuple[int, int]) -> None:
    numbers = sides[: 1 if kind in ONE else 2]
    found = value_at((kind, *(("symbol", name) for name in "ab"[: len(numbers)])), dict(zip("ab", sides, strict=True)))
    true = PYTHON[kind](*numbers)
    assert (found, type(found)) == (true, type(true))


def test_every_operation_is_known() -> None:
    assert OPERATIONS.keys() == PYTHON.keys()
    assert {"floor64", "ceil64", "round64", "trunc64", "holds64", "isqrt", "gcd", "lcm"} == PROGRAMS
    assert {"floor", "ceil", "round", "trunc", "float", "sqrt", "log2", "isqrt"} == ONE


@pytest.mark.parametrize(
    ("base", "exponent", "bits"),
    [(1, MOST_BITS, MOST_BITS), (3, MOST_BITS // 2, MOST_BITS), (255, MOST_BITS // 8, MOST_BITS), (2, -5_000, 0)],
)
def test_a_power_of_integers_has_so_many_bits_and_no_more(base: int, exponent: int, bits: int) -> None:
    assert base.bit_length() * max(0, exponent) == bits
    power = of("**", number(base), B)
    assert value_at(power, {"b": exponent}) == base**exponent
    with pytest.raises(OverflowError, match="a power too large"):
        value_at(power, {"b": MOST_BITS + 1})
    with pytest.raises(InvalidValue, match=f"cannot be computed of {MOST_BITS + 1}: a power too large"):
        number_at(power, {"b": MOST_BITS + 1})


def test_no_other_operation_and_no_power_of_a_fraction_is_too_large() -> None:
    assert value_at(of("*", number(3), B), {"b": 2**5_000}) == 3 * 2**5_000
    assert value_at(of("**", HALF, B), {"b": 10_000}) == 0.0
    assert value_at(of("**", number(1.0), B), {"b": 10_000}) == 1.0


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("floor64(1/(a - 4))", "division by zero"),
        ("isqrt(a - 5)", "isqrt() argument must be nonnegative"),
        ("trunc64(log2(a - 4))", "math domain error"),
        ("gcd(a**-1, 4)", "'float' object cannot be interpreted as an integer"),
        ("trunc64((a - 9)**0.5)", "type complex doesn't define __trunc__ method"),
    ],
)
def test_what_cannot_be_computed_is_one_error(text: str, problem: str) -> None:
    with pytest.raises(InvalidValue) as caught:  # in full below
        substitute(parse_expression(text), {symbol("a"): 4})
    assert str(caught.value) == f"evaluate: a rounded number cannot be computed of 4: {problem}"


def test_what_cannot_be_computed_names_all_values_or_none() -> None:
    bad = of("//", A, of("-", B, B))
    with pytest.raises(InvalidValue, match=r"^evaluate: a rounded number cannot be computed of 4, 7: integer division"):
        number_at(bad, {"a": 4, "b": 7})
    with pytest.raises(InvalidValue, match=r"^evaluate: a rounded number cannot be computed: integer division"):
        number_at(of("//", number(1), number(0)), {})


@pytest.mark.parametrize("sign", sorted(COMPARED))
def test_a_comparison_of_what_cannot_be_computed_does_not_hold(sign: str) -> None:
    bad = of("/", number(1), A)
    assert number_at(of(sign, bad, number(2)), {"a": 0}) == 0
    assert number_at(of(sign, of("**", of("-", A, number(9)), HALF), number(2)), {"a": 0}) in (0, 1)
    assert number_at(of("<", bad, number(2)), {"a": 1}) == 1


FRACTION = of("/", A, B)


@pytest.mark.parametrize("kind", sorted(OPERATIONS))
def test_an_integer_is_seen_by_its_operation(kind: str) -> None:
    sides = (A, B) if kind not in ONE else (A,)
    fractions = (FRACTION, B) if kind not in ONE else (FRACTION,)
    always = {*COMPARED, "floor", "ceil", "round", "trunc", "isqrt", "gcd", "lcm"}
    of_integers = {"+", "-", "*", "//", "%", "**", "min", "max"}
    assert is_whole(of(kind, *sides)) == (kind in always | of_integers)
    assert is_whole(of(kind, *fractions)) == (kind in always)
    assert is_whole(of(kind, *reversed(fractions))) == (kind in always)


def test_a_number_is_an_integer_by_its_type() -> None:
    assert [is_whole(number(value)) for value in (3, 0, 3.0, 0.5)] == [True, True, False, False]
    assert is_whole(A)


def test_parts_come_from_the_outside_and_names_once() -> None:
    node = of("+", of("*", B, number(2)), of("floor", of("/", A, B)))
    assert list(parts_of(node)) == [
        node,
        of("*", B, number(2)),
        B,
        number(2),
        of("floor", of("/", A, B)),
        of("/", A, B),
        A,
        B,
    ]
    assert names_in(node) == ["b", "a"]
    assert names_in(number(3)) == []


def test_only_sizes_with_a_place_are_replaced() -> None:
    node = of("max", A, of("-", B, number(1)))
    assert replaced(node, {"a": number(3)}) == of("max", number(3), of("-", B, number(1)))
    assert replaced(node, {"a": B, "b": A}) == of("max", B, of("-", A, number(1)))
    assert replaced(node, {}) == node


@pytest.mark.parametrize("kind", sorted(OPERATIONS))
def test_what_may_be_negative_is_seen_by_its_operation(kind: str) -> None:
    def signs(*known: bool) -> bool:
        return (
            never_negative(of(kind, *"xyz"[: len(known)]), {})
            if not known
            else never_negative(
                of(kind, *(("symbol", name) for name, _ in zip("xyz", known, strict=False))),
                dict(zip("xyz", known, strict=False)),
            )
        )

    both, first, second, none = signs(True, True), signs(True, False), signs(False, True), signs(False, False)
    if kind in ("sqrt", "isqrt", "gcd", "lcm", *COMPARED):
        assert (both, first, second, none) == (True, True, True, True)
    elif kind == "max":
        assert (both, first, second, none) == (True, True, True, False)
    elif kind == "%":
        assert (both, first, second, none) == (True, False, True, False)
    elif kind in ("-", "log2"):
        assert (both, first, second, none) == (False, False, False, False)
    else:
        assert (both, first, second, none) == (True, False, False, False)


def test_a_number_is_seen_not_to_be_negative() -> None:
    assert [never_negative(number(value), {}) for value in (1, 0, 0.0, -1, -0.5)] == [True, True, True, False, False]


SPANS: list[tuple[Node, tuple[float, float]]] = [
    (A, (1, 8)),
    (number(-3), (-3, -3)),
    (of("+", A, B), (3, 11)),
    (of("-", A, B), (-2, 6)),
    (of("*", of("-", A, number(3)), of("-", B, number(7))), (-25, 10)),
    (of("%", A, B), (0, 3)),
    (of("%", A, number(-3)), (-3, 0)),
    (of("floor", A), (0, 9)),
    (of("ceil", A), (0, 9)),
    (of("round", A), (0, 9)),
    (of("trunc", A), (0, 9)),
    (of("min", A, B, number(5)), (1, 3)),
    (of("max", A, B, number(5)), (5, 8)),
    (of("gcd", A, of("-", B, number(12))), (0, 8)),
    (of("gcd", A, B), (0, 3)),
    (of("gcd", A, of("-", B, number(2))), (0, 8)),
    (of("gcd", of("-", A, number(4)), of("-", B, number(3))), (0, 4)),
    (of("log2", A), (-1_100, 1_100)),
    (of("log2", of("/", A, of("-", B, number(2)))), (-1_100, math.inf)),
    *((of(sign, A, B), (0, 1)) for sign in COMPARED),
]
ROUNDED_SPANS: list[tuple[Node, tuple[float, float]]] = [
    (of("/", A, B), (1 / 3, 4)),
    (of("/", A, of("-", number(0), B)), (-4, -1 / 3)),
    (of("//", A, B), (1 / 3 - 1, 5)),
    (of("**", A, B), (1, 512)),
    (of("**", B, of("-", A, number(2))), (1 / 3, 729)),
    (of("sqrt", of("+", B, number(2))), (2, math.sqrt(5))),
    (of("sqrt", of("-", A, number(4))), (0, 2)),
    (of("isqrt", of("+", A, number(1))), (math.sqrt(2) - 1, 4)),
    (of("*", HALF, A), (0.5, 4)),
    (of("float", A), (1, 8)),
]
ANYTHING = [
    of("/", A, of("-", B, number(2))),
    of("/", A, of("-", B, number(3))),
    of("//", A, of("-", B, number(2))),
    of("**", HALF, A),
    of("**", of("-", A, number(1)), B),
    of("lcm", A, B),
    of("*", of("/", A, of("-", B, number(2))), of("/", A, of("-", B, number(2)))),
]
AT = {"a": (1, 8), "b": (2, 3)}


@pytest.mark.parametrize(("node", "ends"), SPANS)
def test_a_span_of_integers_is_exact(node: Node, ends: tuple[float, float]) -> None:
    assert span(node, AT) == ends


@pytest.mark.parametrize(("node", "ends"), ROUNDED_SPANS)
def test_a_span_of_fractions_is_a_little_wider(node: Node, ends: tuple[float, float]) -> None:
    low, high = span(node, AT)
    assert (low, high) == pytest.approx(ends, rel=2**-40)
    assert low <= ends[0] - abs(ends[0]) * 2**-51
    assert high >= ends[1] + abs(ends[1]) * 2**-51


def test_a_logarithm_of_a_large_integer_is_within_its_span() -> None:
    node = of("log2", of("*", number(2**3_000), of("*", A, number(2**900))))
    low, high = span(node, AT)
    for a in (1, 8):
        found = value_at(node, {"a": a})
        assert found >= 3_900
        assert low <= found <= high


@pytest.mark.parametrize("node", ANYTHING)
def test_what_has_no_bound_spans_all_numbers(node: Node) -> None:
    assert span(node, AT) == (-math.inf, math.inf)


def test_a_span_of_what_has_no_bound_stays_one() -> None:
    endless = of("/", A, of("-", B, number(2)))
    for kind in ("+", "-", "*", "floor", "float"):
        assert span(of(kind, endless) if kind in CALLED else of(kind, endless, endless), AT) == (-math.inf, math.inf)
    assert span(of("*", number(0), endless), AT) == (0, 0)
    assert span(of("sqrt", of("+", A, of("max", number(0), endless))), AT) == pytest.approx((1, math.inf))
    unbounded = {"a": (1, math.inf), "b": (-math.inf, -math.inf)}
    assert span(of("+", A, B), unbounded) == (-math.inf, math.inf)
    assert span(of("-", B, B), unbounded) == (-math.inf, math.inf)
