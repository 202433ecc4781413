"""All that a command line says of its targets reaches them, whatever the command."""

from __future__ import annotations

from typing import Any

import click
import pytest

import paramcalc as pc
from paramcalc import Block, symbol
from paramcalc.analysis.formula import FORMS, Form
from paramcalc.cli.commands import commands
from paramcalc.rendering.render import FORMATS
from paramcalc.targets.target import ALL, Request, Target
from tests.cli.running import Run

TREE = Block(children=(pc.layers.Linear(symbol("x"), 1),))
ONE = ("--set", "a=1,b=2", "--set", "c=3", "--arg", "d=4", "--arg", "e=f", "--device", "cpu")
SET, GIVEN = {"a": 1, "b": 2, "c": 3}, {"d": 4, "e": "f"}
FIRST = ("--set-a", "a=1,b=2", "--set-a", "c=3", "--arg-a", "d=4", "--arg-a", "e=f")
SECOND = ("--set-b", "a=1,b=2", "--set-b", "c=3", "--arg-b", "d=4", "--arg-b", "e=f")
UNSAID = Request()

LOADED: list[tuple[tuple[str, ...], dict[str, Request]]] = [
    (("table", "t"), {"t": UNSAID}),
    (("table", "t", "--symbolic"), {"t": Request(vary=ALL)}),
    (("table", "t", "--vary", "x"), {"t": Request(vary=["x"])}),
    (("table", "t", "--vary", "x", "--symbolic"), {"t": Request(vary=["x"])}),
    (("table", "t", "--vary", "x, y,,z", "--vary", " ,u"), {"t": Request(vary=["x", "y", "z", "u"])}),
    (("table", "t", "--vary", " , "), {"t": UNSAID}),
    (("table", "t", *ONE), {"t": Request(SET, (), GIVEN, "cpu")}),
    (("formula", "t"), {"t": Request(vary=ALL)}),
    (("formula", "t", "--vary", "x", *ONE), {"t": Request(SET, ["x"], GIVEN, "cpu")}),
    (("solve", "t", "x", "--budget", "5"), {"t": Request(vary=["x"])}),
    (("solve", "t", "x", "--budget", "5", *ONE[:4]), {"t": Request(SET, ["x"])}),
    (("diff", "s", "t"), {"s": UNSAID, "t": UNSAID}),
    (("diff", "s", "t", *FIRST), {"s": Request(SET, (), GIVEN), "t": UNSAID}),
    (("diff", "s", "t", *SECOND), {"s": UNSAID, "t": Request(SET, (), GIVEN)}),
    (("diff", "s", "t", "--device", "cpu"), {"s": Request(device="cpu"), "t": Request(device="cpu")}),
    (("verify", "s", "t"), {"s": UNSAID, "t": UNSAID}),
    (("verify", "s", "t", "--symbolic"), {"s": Request(vary=ALL), "t": UNSAID}),
    (("verify", "s", "t", *SECOND), {"s": UNSAID, "t": Request(SET, (), GIVEN)}),
    (
        ("verify", "s", "t", "--symbolic", *FIRST),
        {"s": Request(SET, ALL, GIVEN), "t": UNSAID},
    ),
]

ASKED: list[tuple[str, dict[str, Any]]] = [
    ("", {}),
    ("--at a=1,w=[2,3] --at b=4", {"at": {"a": 1, "w": [2, 3], "b": 4}}),
    ("--arg c=5 --arg d=e", {"at": {"c": 5, "d": "e"}}),
    ("--at a=1 --arg a=2 --arg b=3", {"at": {"a": 2, "b": 3}}),
    ("--vary a,b --vary c", {"vary": ["a", "b", "c"]}),
    ("--builds 7", {"builds": 7}),
    ("--seconds 7", {"seconds": 7.0}),
    ("--seconds 0.5 --builds 1", {"seconds": 0.5, "builds": 1}),
]


@pytest.mark.parametrize(("words", "requests"), LOADED, ids=lambda each: " ".join(each))
def test_what_is_said_of_a_target_reaches_it(
    run: Run, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], requests: dict[str, Request]
) -> None:
    seen: dict[str, Request] = {}

    def load(text: str, request: Request, **_: object) -> Target:
        seen[text] = request
        return Target(TREE.bind(x=2) if words[0] == "verify" else TREE)

    monkeypatch.setattr("paramcalc.cli.commands.load", load)
    run(*words)
    plain = {text: (each.settings, tuple(each.vary), each.arguments, each.device) for text, each in seen.items()}
    assert list(seen) == list(requests)
    assert plain == {text: (e.settings, tuple(e.vary), e.arguments, e.device) for text, e in requests.items()}


@pytest.mark.parametrize(("words", "said"), ASKED)
def test_what_is_said_of_a_derivation_reaches_it(
    run: Run, monkeypatch: pytest.MonkeyPatch, words: str, said: dict[str, Any]
) -> None:
    seen: list[tuple[Any, ...]] = []

    def derived(text: str, at: Any, vary: Any, limits: Any, report: Any) -> Block:
        seen.append((text, at, vary, limits.builds, limits.seconds, report))
        return TREE

    monkeypatch.setattr("paramcalc.targets.target.derived", derived)
    run("derive", "t", *words.split())
    given = {"at": {}, "vary": None, "builds": 1000, "seconds": 300.0, **said}
    assert seen == [("t", given["at"], given["vary"], given["builds"], given["seconds"], None)]


REFUSED = {
    "table amnl --set x": "--set: got 'x'; ",
    "diff amnl amnl --set-a x": "--set-a: got 'x'; ",
    "diff amnl amnl --set-b x": "--set-b: got 'x'; ",
    "diff amnl amnl --arg-a x": "--arg-a: got 'x'; ",
    "diff amnl amnl --arg-b x": "--arg-b: got 'x'; ",
    "derive amnl --at x": "--at: got 'x'; ",
    "derive amnl --arg x": "--arg: got 'x'; ",
    "derive amnl --form x": f"--form: unknown form 'x'; known: {', '.join(FORMS)}\n",
    "formula amnl --form x": f"--form: unknown form 'x'; known: {', '.join(FORMS)}\n",
    "formula amnl --notation x": "--notation: got 'x'; ",
    "formula amnl --format json": "'--format': 'json' is not one of 'text', 'latex'",
    "derive amnl --format csv": "'--format': 'csv' is not one of 'text', 'latex', 'json'",
    "table amnl --device x": "'--device': 'x' is not one of 'meta', 'cpu'",
    "table amnl --depth -1": "'--depth': -1 is not in the range x>=0",
    "diff amnl amnl --depth -1": "'--depth': -1 is not in the range x>=0",
    "derive amnl --builds x": "'--builds': 'x' is not a valid integer",
    "derive amnl --builds 0": "limits.builds: got 0; ",
    "derive amnl --seconds 0": "limits.seconds: got 0.0; ",
    "solve amnl lstm_hidden": "Missing option '--budget'",
    "solve amnl lstm_hidden --budget x": "--budget: got 'x'; ",
}


@pytest.mark.parametrize("command", REFUSED)
def test_the_option_that_is_refused_is_named(run: Run, command: str) -> None:
    assert run(*command.split(), status=2) == ""
    assert REFUSED[command] in run.err


@pytest.mark.parametrize("form", FORMS)
def test_every_form_is_taken(run: Run, form: Form) -> None:
    block = pc.architecture("amnl", lstm_hidden=symbol("lstm_hidden"))
    out = run("formula", "amnl", "--vary", "lstm_hidden", "--form", form)
    assert out.startswith(pc.formula(block, form=form).lines())


def test_every_option_says_what_it_is_for(run: Run) -> None:
    for name, command in commands.commands.items():
        text = " ".join(run(name, "-h").split())
        for option in command.params:
            if isinstance(option, click.Option):
                metavar = f" {option.metavar}" if option.metavar else ""
                assert f"{option.opts[0]}{metavar} " in text, (name, option.name)


def test_the_formats_and_forms_are_in_the_help(run: Run) -> None:
    assert f"One of {', '.join(FORMATS)}." in " ".join(run("table", "-h").split())
    assert f"One of {', '.join(FORMS)}." in " ".join(run("formula", "-h").split())
    assert f"One of {', '.join(FORMS)}." in " ".join(run("derive", "-h").split())


def test_help_is_as_wide_as_the_terminal_up_to_100_letters(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def lines(columns: int) -> list[str]:
        monkeypatch.setenv("COLUMNS", str(columns))
        return [*run("-h").splitlines(), *(line for name in commands.commands for line in run(name, "-h").splitlines())]

    assert all(max(map(len, lines(columns))) <= columns for columns in (60, 99, 100))
    assert lines(60) != lines(99) != lines(100) == lines(101) == lines(300)
