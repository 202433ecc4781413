"""The exit status, and the one sentence for whatever was wrong, whatever the streams are."""

from __future__ import annotations

import io
import sys
from types import SimpleNamespace
from typing import Any

import click
import pytest

from paramcalc.cli import main
from paramcalc.errors import BadFile, InvalidValue, NoSolution, ParamcalcError, UnknownName
from tests.cli.running import Run

ENDS: list[tuple[BaseException, int, str]] = [
    (NoSolution("no x", where="solve", advice="give more"), 1, "paramcalc: solve: no x; give more\n"),
    (InvalidValue("got 3", where="f", expected="4"), 2, "paramcalc: f: got 3; expected 4\n"),
    (UnknownName("unknown"), 2, "paramcalc: unknown\n"),
    (BadFile("no tree"), 2, "paramcalc: no tree\n"),
    (ParamcalcError("of two\n lines"), 2, "paramcalc: of two lines\n"),
    (click.UsageError("no such\n\n  option"), 2, "paramcalc: no such option\n"),
    (click.ClickException("wrong"), 2, "paramcalc: wrong\n"),
    (click.Abort(), 130, ""),
    (OSError(5, "Input/output error"), 2, "paramcalc: cannot read what was asked for: Input/output error\n"),
    (OSError(5, "Input/output error", "a.pt"), 2, "paramcalc: a.pt: Input/output error\n"),
    (OSError(5, "Input/output error", ""), 2, "paramcalc: cannot read what was asked for: Input/output error\n"),
    (OSError("odd"), 2, "paramcalc: cannot read what was asked for: OSError\n"),
    (TimeoutError(), 2, "paramcalc: cannot read what was asked for: TimeoutError\n"),
    (BrokenPipeError(32, "Broken pipe"), 2, "paramcalc: cannot read what was asked for: Broken pipe\n"),
    (BrokenPipeError(), 2, "paramcalc: cannot read what was asked for: BrokenPipeError\n"),
]
UNWRITTEN: list[tuple[BaseException, int, str]] = [
    (OSError(28, "No space left on device"), 2, "paramcalc: cannot write: No space left on device\n"),
    (OSError(28, "No space left on device", "a.pt"), 2, "paramcalc: cannot write: No space left on device\n"),
    (OSError("odd"), 2, "paramcalc: cannot write: OSError\n"),
    (BrokenPipeError(32, "Broken pipe"), 130, ""),
    (BrokenPipeError(), 130, ""),
]


class Refusing(io.StringIO):
    """A stream that cannot be written to."""

    def __init__(self, error: BaseException) -> None:
        super().__init__()
        self.error = error

    def write(self, _: str) -> int:
        raise self.error


@pytest.fixture
def ends(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """How the commands end, in place of running any: what is raised or returned."""
    found: list[Any] = []

    def run(arguments: object, *, prog_name: str, standalone_mode: bool) -> Any:
        assert (arguments, prog_name, standalone_mode) == (["given"], "paramcalc", False)
        if isinstance(found[0], BaseException):
            raise found[0]
        return found[0]

    monkeypatch.setattr("paramcalc.cli.entry.commands", SimpleNamespace(main=run))
    return found


def ended(capsys: pytest.CaptureFixture[str], arguments: list[str] | None = None) -> tuple[object, str, str]:
    with pytest.raises(SystemExit) as stop:
        main(["given"] if arguments is None else arguments)
    return (stop.value.code, *capsys.readouterr())


@pytest.mark.parametrize(("error", "status", "said"), ENDS, ids=lambda each: repr(each))
def test_an_error_is_one_sentence_and_its_status(
    ends: list[Any], capsys: pytest.CaptureFixture[str], error: BaseException, status: int, said: str
) -> None:
    ends.append(error)
    assert ended(capsys) == (status, "", said)


@pytest.mark.parametrize(("returned", "status"), [(None, 0), (0, 0), (1, 1), (3, 3), ("text", 0), ([], 0), (2.5, 0)])
def test_a_command_that_returns_no_status_is_a_success(
    ends: list[Any], capsys: pytest.CaptureFixture[str], returned: object, status: int
) -> None:
    ends.append(returned)
    assert ended(capsys) == (status, "", "")


@pytest.mark.parametrize(("error", "status", "said"), UNWRITTEN, ids=lambda each: repr(each))
def test_output_that_cannot_be_written_is_said_but_for_a_reader_that_left(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, error: BaseException, status: int, said: str
) -> None:
    monkeypatch.setattr(sys, "stdout", Refusing(error))
    assert ended(capsys, ["table", "amnl"]) == (status, "", said)


def test_the_arguments_are_those_of_the_process_where_none_are_given(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = run("table", "amnl")
    monkeypatch.setattr(sys, "argv", ["paramcalc", "table", "amnl"])
    with pytest.raises(SystemExit, match=r"^0$"):
        main()
    assert run.capsys.readouterr().out == expected


@pytest.mark.parametrize("name", ["stdout", "stderr"])
def test_letters_that_a_stream_does_not_have_are_replaced(
    name: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    written = io.BytesIO()
    stream = io.TextIOWrapper(written, encoding="latin-1")
    monkeypatch.setattr(sys, name, stream)

    words, status = (["table", "amnl", "--format", "text"], 0) if name == "stdout" else (["table", "█"], 2)
    assert ended(capsys, words)[0] == status
    stream.flush()
    assert b"?" in written.getvalue()


def test_streams_that_cannot_be_told_how_are_written_to(monkeypatch: pytest.MonkeyPatch) -> None:
    out, err = io.StringIO(), io.StringIO()
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setattr(sys, "stderr", err)
    for words in (["--version"], ["tabel"]):
        with pytest.raises(SystemExit):
            main(words)
    assert out.getvalue().startswith("paramcalc, version ")
    assert err.getvalue().startswith("paramcalc: No such command 'tabel'")
