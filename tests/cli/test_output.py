"""Output that cannot be written is said, and a reader that closes early is no error."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.running import Run


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (FileNotFoundError(2, "No such file or directory", "/x/y"), "/x/y: No such file or directory"),
        (OSError(5, "Input/output error"), "cannot read what was asked for: Input/output error"),
        (BrokenPipeError(), "cannot read what was asked for: BrokenPipeError"),
    ],
)
def test_only_printing_fails_to_write(run: Run, monkeypatch: pytest.MonkeyPatch, error: OSError, said: str) -> None:
    def refuse(*_: object) -> None:
        raise error

    monkeypatch.setattr("paramcalc.cli.commands.load", refuse)
    run("table", "amnl", status=2)
    assert run.err == f"paramcalc: {said}\n"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no full device here")
def test_a_full_disk_is_said() -> None:
    for words in (["table", "amnl"], ["--help"]):
        with Path("/dev/full").open("w") as full:
            command = [sys.executable, "-m", "paramcalc", *words]
            result = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
        assert (result.returncode, result.stderr) == (2, "paramcalc: cannot write: No space left on device\n")


def test_a_reader_that_closes_early_is_no_error() -> None:
    command = f"{sys.executable} -m paramcalc table amnl | head -1"
    result = subprocess.run(["bash", "-c", f"set -o pipefail; {command}"], capture_output=True, text=True, check=False)
    assert result.stdout.startswith("| Path")
    assert "Traceback" not in result.stderr
