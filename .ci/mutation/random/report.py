"""The random mode: a sample of mistakes is planted, and what lives is shown with its diff and counted."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from mutation.copies import Copies
from mutation.parallel import in_order
from mutation.random.equivalent import known, read_equivalent
from mutation.random.line_map import read_or_make
from mutation.random.sample import RandomMistake
from mutation.random.trial import Verdict, run_tests, tried


@dataclass(frozen=True)
class Settings:
    """How random mistakes are tried."""

    package: str
    jobs: int
    limit: float
    line_map: Path | None
    equivalent: Path


def try_random(mistakes: Sequence[RandomMistake], root: Path, folder: Path, settings: Settings) -> bool:
    """Print what becomes of each mistake, then the score and those that live; return whether none does."""
    reasons = read_equivalent(settings.equivalent)
    copies = Copies(root, folder, settings.jobs)
    start = time.monotonic()
    lines = read_or_make(settings.line_map, copies, settings.package)
    print(f"{len(lines.seconds)} tests mapped in {time.monotonic() - start:.0f} s", flush=True)
    if lines.useless:
        print(f"not used, as they did not pass: {', '.join(sorted(lines.useless))}", flush=True)

    planted = [each for each in mistakes if known(each, reasons) is None]
    verdicts = []
    for verdict in in_order(partial(tried, copies, lines, settings.limit), planted, settings.jobs):
        print(_line(verdict), flush=True)
        verdicts.append(verdict)
    _print_doubtful(verdicts, copies)
    _print_score(verdicts, len(mistakes))
    return all(each.died for each in verdicts)


def _line(verdict: Verdict) -> str:
    word = "dies " if verdict.died else "LIVES"
    line = f"{word}  {verdict.mistake.title}: {verdict.reason} [{verdict.seconds:.0f} s]"
    return line if verdict.died else f"{line}\n{verdict.mistake.diff}"


def _print_doubtful(verdicts: Sequence[Verdict], copies: Copies) -> None:
    """Tell which deaths say nothing, as their tests fail without a mistake too."""
    tests = sorted({verdict.test for verdict in verdicts if verdict.test})
    if not tests:
        return
    with copies.one() as copy:
        failing = set(run_tests(copy, tests, [], 3600, 7200)[1])
    for verdict in verdicts:
        if verdict.test in failing:
            print(f"doubtful  {verdict.mistake.title}: {verdict.test} fails without it too")


def _print_score(verdicts: Sequence[Verdict], drawn: int) -> None:
    living = [each for each in verdicts if not each.died]
    print("\nliving:" if living else "\nnone lives")
    for each in living:
        print(f"{each.mistake.title}\n{each.mistake.diff}")
    died, planted = len(verdicts) - len(living), len(verdicts)
    seconds = sum(each.seconds for each in verdicts) / max(1, planted)
    same = f", {drawn - planted} more are known to change nothing" if drawn > planted else ""
    print(f"{died} died of {planted} planted: {died / max(1, planted):.1%}{same}; {seconds:.1f} s each")
