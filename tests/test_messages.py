"""Errors that list names list them in the order of the alphabet, the same in every run."""

from __future__ import annotations

from collections.abc import Callable

import pytest

import paramcalc as pc
from paramcalc import Block, Condition, TensorSpec, symbol
from paramcalc.errors import ParamcalcError, unknown_name
from paramcalc.testing.trees import whole_count

NAMES = "qwertyuiop"
SIZES = [symbol(name) for name in NAMES]
TREE = Block(own=tuple(TensorSpec(name, (size,)) for name, size in zip(NAMES, SIZES, strict=True)))
MANY = Block(own=TREE.own, conditions=(Condition(sum(SIZES), ">=", 1_000, "a reason"),))
ONES = dict.fromkeys(NAMES, 1)

QUESTIONS: dict[str, tuple[Callable[[], object], str]] = {
    "evaluate": (lambda: pc.evaluate(TREE, {}), "evaluate: no value for {}; expected"),
    "evaluate beyond a condition": (lambda: pc.evaluate(MANY, ONES), "{}: 1 configuration breaks a condition"),
    "bind": (lambda: TREE.bind(nothing=3), "unknown symbol 'nothing'; known: {}"),
    "bind beyond a condition": (lambda: MANY.bind(**ONES), "{}: 10 is not at least 1000"),
    "solve": (lambda: pc.solve(Block(children=(TREE, pc.layers.Linear(symbol("x"), 1))), "x", budget=3), "{} are free"),
    "verify": (lambda: pc.verify(Block(), TREE), "verify: its sizes {} are not known"),
    "count": (lambda: whole_count(TREE), "its sizes {} are not known"),
}


@pytest.mark.parametrize("question", QUESTIONS)
def test_names_are_in_order(question: str) -> None:
    ask, words = QUESTIONS[question]
    with pytest.raises(ParamcalcError) as caught:
        ask()
    listed = [", ".join(sorted(NAMES)), ", ".join(f"{name}=1" for name in sorted(NAMES))]
    assert any(words.format(names) in str(caught.value) for names in listed), str(caught.value)


@pytest.mark.parametrize("length", [59, 60, 61, 62, 500])
def test_a_long_name_is_shown_in_60_letters(length: int) -> None:
    shown = str(unknown_name("symbol", "x" * length, [])).split("'")[1]
    assert shown == ("x" * length if length <= 60 else "x" * 57 + "...")
    assert len(shown) <= 60


@pytest.mark.parametrize("number", [1, 19, 20, 21, 22, 40])
def test_of_many_known_names_20_are_listed(number: int) -> None:
    known = [f"size_{each}" for each in range(number)]
    listed = str(unknown_name("symbol", "?", known)).partition("known: ")[2]
    assert listed.split(", ") == [*known[:20], *(["..."] if number > 20 else [])]


def test_of_the_names_that_are_near_the_two_nearest_are_offered() -> None:
    known = ["n_classes", "lstm_hidden", "lstm_hiden_", "lstm_hid"]
    assert unknown_name("symbol", "lstm_hiden", known).advice == "did you mean 'lstm_hiden_' or 'lstm_hidden'?"
