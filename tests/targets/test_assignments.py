"""NAME=VALUE on the command line: several in one text, entries of lists, and what is refused."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from paramcalc.errors import InvalidValue
from paramcalc.sizes.parse import ARITHMETIC
from paramcalc.targets.assignments import parse_arguments, parse_assignments, parse_letters

FORM = "name=integer, such as lstm_hidden=64,n_classes=5"
VALUE = "an integer, a flag or a list of them"
PAIR = "name=value, such as d_model=512"
LETTER = "name=letter, such as lstm_hidden=h"

REFUSED_ASSIGNMENTS = {
    "h": f"--set: got 'h'; expected {FORM}",
    "h,": f"--set: got 'h,'; expected {FORM}",
    "1": f"--set: got '1'; expected {FORM}",
    "h, k=1": f"--set: got 'h, k=1'; expected {FORM}",
    "*h": f"--set: got '*h'; expected {FORM}",
    "**h": f"--set: got '**h'; expected {FORM}",
    "k=1, **h": f"--set: got 'k=1, **h'; expected {FORM}",
    "h=1)(k=2": f"--set: got 'h=1)(k=2'; expected {FORM}",
    "h=1).k(l=2": f"--set: got 'h=1).k(l=2'; expected {FORM}",
    "h=1)+f(h=2": f"--set: got 'h=1)+f(h=2'; expected {FORM}",
    "h==1": f"--set: got 'h==1'; expected {FORM}",
    "h=": f"--set: cannot read 'h='; expected {ARITHMETIC}",
    "h=1;": f"--set: cannot read 'h=1;'; expected {ARITHMETIC}",
    "1=2": f"--set: cannot read '1=2'; expected {ARITHMETIC}",
    "h=1,h=2": "--set: h is given twice; expected each name once",
    "h=1,k=2,h=1": "--set: h is given twice; expected each name once",
    "h=x": f"--set h: got x; expected {VALUE}",
    "k=1,h=x": f"--set h: got x; expected {VALUE}",
    "h=1.5": f"--set h: got 1.5; expected {VALUE}",
    "h=1j": f"--set h: got 1j; expected {VALUE}",
    "h='1'": f"--set h: got '1'; expected {VALUE}",
    "h=b'1'": f"--set h: got b'1'; expected {VALUE}",
    "h=...": f"--set h: got ...; expected {VALUE}",
    "h=f(1)": f"--set h: got f(1); expected {VALUE}",
    "h=1+1": f"--set h: got 1 + 1; expected {VALUE}",
    "h={1}": f"--set h: got {{1}}; expected {VALUE}",
    "h=[h]": f"--set h: got h; expected {VALUE}",
    "h=(1, (2, 3.5))": f"--set h: got 3.5; expected {VALUE}",
    "h=+1": f"--set h: got +1; expected {VALUE}",
    "h=~1": f"--set h: got ~1; expected {VALUE}",
    "h=--1": f"--set h: got --1; expected {VALUE}",
    "h=-x": f"--set h: got -x; expected {VALUE}",
    "h=-1.5": f"--set h: got -1.5; expected {VALUE}",
    "h=-True": f"--set h: got -True; expected {VALUE}",
    "h=not 1": f"--set h: got not 1; expected {VALUE}",
    "x" * 60: f"--set: got '{'x' * 60}'; expected {FORM}",
    "x" * 61: f"--set: got '{'x' * 60}'; expected {FORM}",
    "**" + "x" * 59: f"--set: got '**{'x' * 58}'; expected {FORM}",
}
VALUES: dict[str, Any] = {
    "1": 1,
    "0": 0,
    "-1": -1,
    "- 7": -7,
    "1_000": 1000,
    "true": True,
    "True": True,
    "TRUE": True,
    "false": False,
    "False": False,
    "none": None,
    "None": None,
    "NONE": None,
    "()": (),
    "[]": [],
    "(3,)": (3,),
    "(3)": 3,
    "(2, -3)": (2, -3),
    "[4]": [4],
    "[4, [5, (6, 7)], none]": [4, [5, (6, 7)], None],
    "(true, 2)": (True, 2),
}
REFUSED_ARGUMENTS = {
    "h": f"--arg: got 'h'; expected {PAIR}",
    "": f"--arg: got ''; expected {PAIR}",
    "=1": f"--arg: got '=1'; expected {PAIR}",
    " =1": f"--arg: got ' =1'; expected {PAIR}",
    "2h=1": f"--arg: got '2h=1'; expected {PAIR}",
    "a.b=1": f"--arg: got 'a.b=1'; expected {PAIR}",
    "a b=1": f"--arg: got 'a b=1'; expected {PAIR}",
    "x" * 61: f"--arg: got '{'x' * 60}'; expected {PAIR}",
}
ARGUMENTS: dict[str, Any] = {
    "512": 512,
    "-3": -3,
    "0.1": 0.1,
    "true": True,
    "FALSE": False,
    "None": None,
    "gelu": "gelu",
    "'gelu'": "gelu",
    "a=b": "a=b",
    "": "",
    "a b": "a b",
    " 3 ": 3,
    "(3, 5)": (3, 5),
    "[true]": "[true]",
    "{'a': 1}": {"a": 1},
    "f(1)": "f(1)",
    "(" * 10_000: "(" * 10_000,
}
REFUSED_LETTERS = ["2h=x", "h", "h=", "=x", "h=1", "h=x y", "a=b,", "a.b=c", "", "hx", "h=_", "h={x}", "h==x", "h=x-y"]
LETTERS = ["h", "H", "h1", "h_1", "h_{12}", "\\alpha", "\\alpha_{h}", "dModel"]


def kind(value: Any) -> Any:
    """A value with its types, and those of its entries: True is no 1, and a list no tuple."""
    return (type(value), [kind(each) for each in value] if isinstance(value, list | tuple) else value)


@pytest.mark.parametrize("text", REFUSED_ASSIGNMENTS)
def test_wrong_assignments_are_refused(text: str) -> None:
    with pytest.raises(InvalidValue, match=f"^{re.escape(REFUSED_ASSIGNMENTS[text])}$"):
        parse_assignments(text)


@pytest.mark.parametrize("text", VALUES)
def test_a_value_is_an_integer_a_flag_or_a_list_of_them(text: str) -> None:
    found = parse_assignments(f"h={text}")
    assert list(found) == ["h"]
    assert kind(found["h"]) == kind(VALUES[text])


def test_assignments() -> None:
    assert parse_assignments("a=1, b=(2, 3), c=[4], d=true, e=False, f=-1, g=(), h=none") == {
        "a": 1,
        "b": (2, 3),
        "c": [4],
        "d": True,
        "e": False,
        "f": -1,
        "g": (),
        "h": None,
    }
    assert parse_assignments("") == {}


@pytest.mark.parametrize("text", REFUSED_ARGUMENTS)
def test_wrong_arguments_are_refused(text: str) -> None:
    with pytest.raises(InvalidValue, match=f"^{re.escape(REFUSED_ARGUMENTS[text])}$"):
        parse_arguments(["k=1", text])


@pytest.mark.parametrize("text", ARGUMENTS)
def test_an_argument_is_a_literal_a_flag_or_else_a_word(text: str) -> None:
    found = parse_arguments([f" h = {text}"])
    assert list(found) == ["h"]
    assert kind(found["h"]) == kind(ARGUMENTS[text])


def test_arguments_are_given_once_each() -> None:
    assert parse_arguments([]) == {}
    assert parse_arguments(["a=1", "b=1"]) == {"a": 1, "b": 1}
    with pytest.raises(InvalidValue, match=r"^--arg: a is given twice; expected each name once$"):
        parse_arguments(["a=1", "b=1", "a=1"])


@pytest.mark.parametrize("text", REFUSED_LETTERS)
def test_wrong_letters_are_refused(text: str) -> None:
    pair = text.split(",")[-1]
    with pytest.raises(InvalidValue, match=f"^{re.escape(f'--notation: got {pair!r}; expected {LETTER}')}$"):
        parse_letters(text)


@pytest.mark.parametrize("length", [59, 60, 61, 500])
def test_a_wrong_letter_is_shown_in_60_letters(length: int) -> None:
    with pytest.raises(InvalidValue, match=f"^--notation: got '{'x' * min(length, 60)}'; expected {LETTER}$"):
        parse_letters("x" * length)


@pytest.mark.parametrize("letter", LETTERS)
def test_a_letter_begins_with_a_letter_or_a_backslash(letter: str) -> None:
    assert parse_letters(f"a = {letter} ,b={letter}") == {"a": letter, "b": letter}


@pytest.mark.parametrize(
    "ask",
    [
        lambda where: parse_assignments("h", where=where),
        lambda where: parse_assignments("**h", where=where),
        lambda where: parse_assignments("h=1,h=1", where=where),
        lambda where: parse_assignments("h=", where=where),
        lambda where: parse_arguments(["h"], where=where),
        lambda where: parse_arguments(["h=1", "h=1"], where=where),
        lambda where: parse_letters("h", where=where),
    ],
)
def test_an_error_says_the_option_that_it_is_of(ask: Callable[[str], object]) -> None:
    with pytest.raises(InvalidValue, match=r"^--given: "):
        ask("--given")
    with pytest.raises(InvalidValue, match=r"^--given h: got x; "):
        parse_assignments("h=x", where="--given")
