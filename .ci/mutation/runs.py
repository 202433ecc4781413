"""Runs of pytest in a copy of the project: within a time, within memory, and ended with all that they started."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

TOOLS = Path(__file__).parent.parent
_RUNNING: set[subprocess.Popen[bytes]] = set()


@dataclass(frozen=True)
class Ended:
    """How pytest ended: with a code, or with none where it took too long."""

    code: int | None
    output: str

    @property
    def last_line(self) -> str:
        """Return the line that sums it up."""
        return (self.output.strip().splitlines() or [""])[-1]


def run_pytest(copy: Path, arguments: Sequence[str], seconds: float, variables: Mapping[str, str]) -> Ended:
    """Run pytest on the code of a copy, whatever is installed."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments]
    environment = {
        **{name: value for name, value in os.environ.items() if name != "FIRST_FAILURE"},
        "CI": "true",
        "PYTHONPATH": os.pathsep.join([str(copy), str(TOOLS)]),
        **variables,
    }
    with tempfile.TemporaryFile() as output:  # a pipe would stay open for as long as anything that was started
        process = subprocess.Popen(
            command, cwd=copy, env=environment, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
        )
        code = _wait(process, seconds)
        output.seek(0)
        return Ended(code, output.read().decode(errors="replace"))


def limit_memory(gigabytes: float) -> None:
    """Limit the memory of what this process starts, and its own."""
    most = int(gigabytes * 2**30)
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    resource.setrlimit(resource.RLIMIT_AS, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))


def stop_all() -> None:
    """End the runs that other threads wait for."""
    for process in tuple(_RUNNING):
        _end(process)


def _wait(process: subprocess.Popen[bytes], seconds: float) -> int | None:
    _RUNNING.add(process)
    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired:
        return None
    finally:
        _end(process)
        _RUNNING.discard(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
