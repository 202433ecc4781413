"""A random mistake, tried: planted in a copy, and held against the tests that should notice it."""

from __future__ import annotations

import json
import signal
import time
from dataclasses import dataclass
from pathlib import Path

from mutation.copies import Copies, planted
from mutation.random import chooser
from mutation.random.line_map import Choice, LineMap
from mutation.random.sample import RandomMistake
from mutation.runs import Ended, run_pytest

PLUGIN = ["-p", "mutation.random.chooser"]


@dataclass(frozen=True)
class Verdict:
    """Whether a mistake died, of what, and the test that noticed it."""

    mistake: RandomMistake
    died: bool
    reason: str
    seconds: float
    test: str = ""


def tried(copies: Copies, lines: LineMap, limit: float, mistake: RandomMistake) -> Verdict:
    """Return what became of a mistake."""
    start = time.monotonic()
    choice = lines.choice(mistake, limit)
    with copies.one() as copy, planted(copy / mistake.file, mistake.after):
        ended, failed = run_tests(copy, choice.tests, ["-x"], 60 + 3 * choice.seconds, 600 + 3 * choice.waited)
    died, reason = _judged(ended, failed, choice)
    return Verdict(mistake, died, reason, time.monotonic() - start, failed[0] if failed else "")


def run_tests(copy: Path, tests: list[str], options: list[str], work: float, wait: float) -> tuple[Ended, list[str]]:
    """Run some tests by their names, in their order, and return which failed."""
    chosen, failed = copy.with_name(f"{copy.name}-tests.json"), copy.with_name(f"{copy.name}-failed")
    chosen.write_text(json.dumps(tests), encoding="utf-8")
    failed.write_text("", encoding="utf-8")
    variables = {
        chooser.FILE: str(chosen),
        chooser.FAILED: str(failed),
        chooser.WORK: str(int(work)),
        "FIRST_FAILURE": "1",
    }
    files = list(dict.fromkeys(name.split("::")[0] for name in tests))
    ended = run_pytest(copy, [*PLUGIN, *options, *files], wait, variables)
    return ended, [json.loads(line) for line in failed.read_text(encoding="utf-8").splitlines()]


def _judged(ended: Ended, failed: list[str], choice: Choice) -> tuple[bool, str]:
    if ended.code in (None, -signal.SIGXCPU):
        return True, "no end"
    if ended.code == 1:
        return True, failed[0] if failed else "tests can not be collected"
    if ended.code == 2:
        return True, "tests can not be collected"
    if not 0 <= ended.code <= 5:
        return True, f"pytest ended with {ended.code}"
    if ended.code:
        return False, f"pytest ended with {ended.code}: {ended.last_line}"
    return False, f"{choice.reason}; {len(choice.tests)} of {choice.of} passed, in {choice.seconds:.0f} s"
