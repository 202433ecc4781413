"""What a command prints is what the library says of the same trees, and its status is the answer."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from itertools import product
from typing import Any

import pytest

import paramcalc as pc
from paramcalc import Block, TensorSpec, symbol
from paramcalc.layers import CATALOGUE
from paramcalc.rendering.derived import derived_text
from paramcalc.rendering.diff import diff_table
from paramcalc.rendering.formula import formula_text, layer_sheet
from paramcalc.rendering.render import FORMATS
from paramcalc.rendering.verify import verification_text
from paramcalc.targets.target import Request, Target
from tests.cli.running import Run
from tests.tied import Tied

X = symbol("x")
EQUAL = Block("m", children=(*(pc.layers.Linear(4, 4).named(f"{number}") for number in range(3)),))
OPEN = Block("m", children=(pc.layers.Linear(X, 2).named("a"), pc.layers.Linear(2, 1).named("b")))
SYMBOLIC = Target(OPEN, {"x": 5}, {"x": "h"})
MANY = Block(own=tuple(TensorSpec(f"w{number}", (2,)) for number in range(25)))
OTHER = Block(own=tuple(TensorSpec(f"w{number}", (3,)) for number in range(25)))


@pytest.fixture
def targets(monkeypatch: pytest.MonkeyPatch) -> dict[str, Target]:
    """Targets by name, in place of those that are loaded."""
    known: dict[str, Target] = {}

    def load(text: str, request: Request, **_: object) -> Target:
        return known[text]

    monkeypatch.setattr("paramcalc.cli.commands.load", load)
    return known


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize(("said", "fold"), [((), None), (("--fold",), True), (("--no-fold",), False)])
def test_equal_layers_are_folded_for_people_or_where_it_is_said(
    run: Run, targets: dict[str, Target], form: str, said: tuple[str, ...], fold: bool | None
) -> None:
    targets["m"] = Target(EQUAL)
    folded = form in ("markdown", "text") if fold is None else fold
    out = run("table", "m", "--format", form, *said)
    assert out == f"{pc.render(pc.fold(EQUAL) if folded else EQUAL, form)}\n"


@pytest.mark.parametrize(
    ("depth", "nbytes", "symbolic"), [*product([None, 0, 1], [False, True], ["", "--symbolic", "--vary=x"])]
)
def test_a_table_has_the_columns_and_levels_that_are_asked_for(
    run: Run, targets: dict[str, Target], depth: int | None, nbytes: bool, symbolic: str
) -> None:
    targets["m"] = SYMBOLIC
    said = [*(["--depth", str(depth)] if depth is not None else []), *(["--bytes"] if nbytes else [])]
    out = run("table", "m", *said, *([symbolic] if symbolic else []))
    expected = pc.render(pc.fold(OPEN), "markdown", depth=depth, symbolic=bool(symbolic), at={"x": 5}, nbytes=nbytes)
    assert out == f"{expected}\n"


@pytest.mark.parametrize("form", [None, "collected", "expanded", "factored", "leading"])
@pytest.mark.parametrize("said", [{}, {"x": "y"}])
def test_a_formula_takes_the_letters_of_its_target_in_latex_alone(
    run: Run, targets: dict[str, Target], form: Any, said: dict[str, str]
) -> None:
    targets["m"] = SYMBOLIC
    words = ["formula", "m", *(["--form", form] if form else []), *(f"--notation={a}={b}" for a, b in said.items())]
    assert run(*words) == f"{formula_text(pc.formula(OPEN, form=form, notation=said))}\n"
    latex = pc.formula(OPEN, form=form, notation={"x": "h", **said}).latex()
    assert run(*words, "--format", "latex") == f"{latex}\n"


@pytest.mark.parametrize("settings", [{}, {"input_size": 3, "hidden_size": 5}])
@pytest.mark.parametrize("notation", [{}, {"num_layers": "L"}])
def test_a_layer_has_a_sheet_unless_a_form_or_latex_is_asked_for(
    run: Run, settings: dict[str, int], notation: dict[str, str]
) -> None:
    layer = CATALOGUE["LSTM"]
    said = [*(f"--set={name}={value}" for name, value in settings.items())]
    said += [f"--notation={name}={letter}" for name, letter in notation.items()]
    assert run("formula", "LSTM", *said) == f"{layer_sheet(layer, settings, notation)}\n"
    assert run("formula", "LSTM", "--vary", "num_layers", *said) == f"{layer_sheet(layer, settings, notation)}\n"
    for form in ("collected", "expanded"):
        closed: Any = pc.formula(layer.block(**settings), form=form, notation=notation)
        assert run("formula", "LSTM", *said, "--form", form) == f"{formula_text(closed)}\n"
        assert run("formula", "LSTM", *said, "--form", form, "--format", "latex") == f"{closed.latex()}\n"
    assert run("formula", "LSTM", *said, "--format", "latex") == (
        f"{pc.formula(layer.block(**settings), notation=notation).latex()}\n"
    )


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("formula LSTM --vary num_layer", "LSTM: unknown size 'num_layer'; did you mean 'num_layers'?"),
        ("formula Linear --vary in_features,x", "Linear: unknown size 'x'; known: in_features, out_features"),
        (
            "formula Linear --set in_features=3 --vary in_features",
            "Linear: unknown size 'in_features'; did you mean 'out_features'?",
        ),
        ("formula amnl --notation x=h --vary lstm_hidden", "notation: unknown size 'x'; known: lstm_hidden"),
        ("formula Linear --notation x=h", "notation: unknown size 'x'; known: in_features, out_features"),
    ],
)
def test_a_size_that_a_formula_does_not_have_is_refused(run: Run, words: str, message: str) -> None:
    run(*words.split(), status=2)
    assert run.err == f"paramcalc: {message}\n"


SOLVED: list[tuple[Callable[[], Block], str, str]] = [
    (lambda: pc.layers.Linear(X, 1000), "1.5M", "x = 1,499 gives 1,500,000 parameters, within 1,500,000\n"),
    (lambda: pc.layers.Linear(X, 1000), "1500999", "x = 1,499 gives 1,500,000 parameters, within 1,500,999\n"),
    (
        lambda: pc.layers.MultiheadAttention(X, 4),
        "1000",
        "x = 12 gives 624 parameters, within 1,000\n"
        "(the count alone would allow 15, but the model needs x divisible by 4)\n",
    ),
    (lambda: pc.layers.MultiheadAttention(X, 4), "624", "x = 12 gives 624 parameters, within 624\n"),
]


@pytest.mark.parametrize(("build", "budget", "said"), SOLVED)
def test_the_largest_size_is_said_and_what_the_count_alone_would_allow_where_that_is_more(
    run: Run, targets: dict[str, Target], build: Callable[[], Block], budget: str, said: str
) -> None:
    targets["m"] = Target(build())
    assert run("solve", "m", "x", "--budget", budget) == said


@pytest.mark.parametrize("depth", [None, 0, 1, 2])
@pytest.mark.parametrize("everything", [False, True])
def test_a_difference_is_that_of_the_second_target_from_the_first(
    run: Run, depth: int | None, everything: bool
) -> None:
    first, second = pc.architecture("amnl"), pc.architecture("amnl", preset="research")
    words = [*(["--depth", str(depth)] if depth is not None else []), *(["--all"] if everything else [])]
    result = pc.diff(first, second, depth=1 if depth is None else depth)
    out = run("diff", "amnl", "amnl:research", *words, status=1)
    assert out == f"{diff_table(result, 'amnl', 'amnl:research', everything=everything)}\n"
    same = run("diff", "amnl", "amnl", *words)
    result = pc.diff(first, first, depth=1 if depth is None else depth)
    assert same == f"{diff_table(result, 'amnl', 'amnl', everything=everything)}\n"


@pytest.mark.parametrize("everything", [False, True])
def test_20_differences_are_shown_or_all(run: Run, targets: dict[str, Target], everything: bool) -> None:
    targets |= {"a": Target(MANY), "b": Target(OTHER)}
    out = run("verify", "a", "b", *(["--all"] if everything else []), status=1)
    result = pc.verify(MANY, OTHER)
    assert out == f"{verification_text(result, 'a', 'b', most=None if everything else 20)}\n"
    assert len(out.splitlines()) == (25 if everything else 21)
    assert out.startswith("shape differs at w0: a has (2,), b has (3,)\n")


@pytest.mark.parametrize(("first", "second"), [*product([False, True], repeat=2)])
def test_what_a_checkpoint_does_not_know_is_not_compared(
    run: Run, targets: dict[str, Target], first: bool, second: bool
) -> None:
    buffer = Block(own=(TensorSpec("w", (2,), role="buffer"),))
    targets |= {"a": Target(Block(own=(TensorSpec("w", (2,)),)), roles=first), "b": Target(buffer, roles=second)}
    out = run("verify", "a", "b", status=1 if first and second else 0)
    assert out.startswith("role differs at w" if first and second else "equal: 1 tensors")


@pytest.mark.parametrize(("whole", "status"), [("a", 0), ("b", 1)])
def test_the_checkpoint_alone_may_lack_a_tensor_that_is_tied(
    run: Run, targets: dict[str, Target], whole: str, status: int
) -> None:
    model = pc.from_module(Tied())
    short = Block(children=(replace(model.at("wte"), kind=""),))
    targets |= {"a": Target(model, roles=whole == "a"), "b": Target(short, roles=whole == "b")}
    for words in (["a", "b"], ["b", "a"]):
        out = run("verify", *words, status=status)
        assert out.startswith("only in a: head.weight" if status else "equal: ")


@pytest.mark.parametrize(("terminal", "cleared"), [(True, "\r\033[K"), (False, "")])
@pytest.mark.parametrize("style", ["text", "latex", "json"])
def test_a_derivation_is_told_on_one_line_of_a_terminal_that_is_cleared_at_its_end(
    run: Run, monkeypatch: pytest.MonkeyPatch, style: str, terminal: bool, cleared: str
) -> None:
    def derived(text: str, at: object, vary: object, limits: object, report: Any) -> Block:
        assert (report is not None) == terminal
        if report is not None:
            assert report(1, "first") is None
            report(2, "second")
        return OPEN

    monkeypatch.setattr("paramcalc.targets.target.derived", derived)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal)
    closed = pc.formula(OPEN)
    answers = {"text": derived_text(OPEN, closed), "latex": closed.latex(), "json": pc.to_json(OPEN)}
    assert run("derive", "t", "--format", style) == f"{answers[style]}\n"
    told = "".join(f"\r\033[K{number} models built: {each} ..." for number, each in [(1, "first"), (2, "second")])
    assert run.err == (f"{told}{cleared}" if terminal else "")
    assert run("derive", "t", "--form", "expanded") == f"{derived_text(OPEN, pc.formula(OPEN, form='expanded'))}\n"
