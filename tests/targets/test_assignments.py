"""NAME=VALUE on the command line: several in one text, entries of lists, and what is refused."""

from __future__ import annotations

import pytest

from paramcalc.errors import InvalidValue
from paramcalc.targets.assignments import parse_assignments, parse_letters


@pytest.mark.parametrize(
    "text",
    ["h", "h=", "h=x", "h=1.5", "h='1'", "h=1;", "h=f(1)", "**h", "h=1)+f(h=2", "1=2", "h=[h]", "h=1,h=2", "h==1"],
)
def test_wrong_assignments_are_refused(text: str) -> None:
    with pytest.raises(InvalidValue, match="--set"):
        parse_assignments(text)


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


@pytest.mark.parametrize("text", ["2h=x", "h", "h=", "=x", "h=1", "h=x y", "a=b,", "a.b=c"])
def test_wrong_letters_are_refused(text: str) -> None:
    with pytest.raises(InvalidValue, match="expected name=letter, such as lstm_hidden=h"):
        parse_letters(text)
