"""An error says what was given, where, what was expected and what to do next: each part where it is given."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection

import pytest

from paramcalc import errors
from paramcalc.errors import NoForm, ParamcalcError, shortened, unknown_name

KINDS = [each for _, each in inspect.getmembers(errors, inspect.isclass) if issubclass(each, ParamcalcError)]
STANDARD = {
    "BadFile": ValueError,
    "CountOverflow": OverflowError,
    "InvalidType": TypeError,
    "InvalidValue": ValueError,
    "NoForm": ValueError,
    "NoSolution": ValueError,
    "ParamcalcError": Exception,
    "PreconditionFailed": ValueError,
    "UnknownName": LookupError,
}
SENTENCES = [
    ({}, "got 3"),
    ({"where": "f.x"}, "f.x: got 3"),
    ({"expected": "4"}, "got 3; expected 4"),
    ({"advice": "give 4"}, "got 3; give 4"),
    ({"where": "f.x", "expected": "4"}, "f.x: got 3; expected 4"),
    ({"where": "f.x", "advice": "give 4"}, "f.x: got 3; give 4"),
    ({"expected": "4", "advice": "give 4"}, "got 3; expected 4; give 4"),
    ({"where": "f.x", "expected": "4", "advice": "give 4"}, "f.x: got 3; expected 4; give 4"),
]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize(("parts", "sentence"), SENTENCES)
def test_the_parts_that_are_given_are_one_sentence(
    kind: Callable[..., ParamcalcError], parts: dict[str, str], sentence: str
) -> None:
    error = kind("got 3", **parts)
    assert str(error) == sentence
    assert error.args == ("got 3",)
    assert (error.problem, error.where, error.expected, error.advice) == (
        "got 3",
        *(parts.get(each, "") for each in ("where", "expected", "advice")),
    )


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_an_error_is_told_by_its_problem_whether_that_is_given_by_place_or_by_name(
    kind: Callable[..., ParamcalcError],
) -> None:
    assert kind("got 3").args == kind(problem="got 3").args == ("got 3",)


def test_every_error_is_a_standard_one_too() -> None:
    assert {each.__name__: issubclass(each, STANDARD[each.__name__]) for each in KINDS} == dict.fromkeys(STANDARD, True)


def test_code_without_a_form_carries_what_is_proven_of_it() -> None:
    assert NoForm("no form").proven is None
    assert NoForm("no form", proven="a tree").proven == "a tree"


@pytest.mark.parametrize(("length", "shown"), [(0, ""), (59, "x" * 59), (60, "x" * 60), (61, "x" * 57 + "...")])
def test_a_text_is_shortened_to_60_letters(length: int, shown: str) -> None:
    assert shortened("x" * length) == shown


@pytest.mark.parametrize(("most", "shown"), [(3, "..."), (5, "ab..."), (6, "abc..."), (7, "abcdefg"), (8, "abcdefg")])
def test_a_text_is_shortened_from_its_end(most: int, shown: str) -> None:
    assert shortened("abcdefg", most) == shown


@pytest.mark.parametrize(
    ("known", "listed"),
    [
        (["two", "one"], "known: two, one"),
        (("two", "one"), "known: two, one"),
        ({"two": 2, "one": 1}, "known: two, one"),
        ({"two", "one", "six", "ten"}, "known: one, six, ten, two"),
        (frozenset({"two", "one", "six", "ten"}), "known: one, six, ten, two"),
        (["one"], "known: one"),
        ([], "there is no size at all"),
        (["one", "THREE"], "known: one, THREE"),
    ],
)
def test_known_names_are_listed_in_their_order_and_sets_sorted(known: Collection[str], listed: str) -> None:
    error = unknown_name("size", "???", known, where="here")
    assert str(error) == f"here: unknown size '???'; {listed}"
    assert (error.where, error.advice, error.expected) == ("here", listed, "")


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("lstm", "did you mean 'LSTM'?"),
        ("LSTM_HIDEN", "did you mean 'lstm_hidden'?"),
        ("n_classses", "did you mean 'n_classes'?"),
    ],
)
def test_near_names_are_found_whatever_their_capitals(name: str, advice: str) -> None:
    assert unknown_name("size", name, ["LSTM", "lstm_hidden", "n_classes"]).advice == advice


def test_of_three_near_names_two_are_offered() -> None:
    offered = unknown_name("size", "width", ["width_c", "width_b", "width_a"]).advice
    assert offered.count("width_") == 2
    assert offered.count(" or ") == 1
