"""Runs of the command line."""

from __future__ import annotations

import pytest

from paramcalc.cli import main


class Run:
    """Runs the command line in this process and keeps what it printed."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self.capsys = capsys

    def __call__(self, *arguments: str, status: int = 0) -> str:
        with pytest.raises(SystemExit) as stop:
            main(arguments)
        self.out, self.err = self.capsys.readouterr()
        assert stop.value.code == status, self.err
        return self.out
