"""The listed mistakes, tried: each must let one of its tests fail."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from mutation.copies import Copies, planted
from mutation.mistakes import Mistake, check
from mutation.parallel import in_order
from mutation.runs import run_pytest

SECONDS = 1800.0


def try_listed(mistakes: Sequence[Mistake], root: Path, folder: Path, jobs: int) -> bool:
    """Print what becomes of each mistake, and return whether all of them die."""
    check(mistakes, root)
    copies = Copies(root, folder, min(jobs, len(mistakes)))
    living = 0
    for mistake, reason in zip(mistakes, in_order(partial(why_alive, copies), mistakes, jobs), strict=True):
        print(f"{'LIVES' if reason else 'dies '}  {mistake.title}{': ' + reason if reason else ''}", flush=True)
        living += bool(reason)
    print(f"{len(mistakes) - living} passed, {living} failed")
    return not living


def why_alive(copies: Copies, mistake: Mistake) -> str:
    """Return why a mistake lives, or an empty text where a test dies of it."""
    variables = {} if mistake.shrink else {"FIRST_FAILURE": "1"}
    with copies.one() as copy:
        path = copy / mistake.file
        with planted(path, mistake.planted_in(path.read_text(encoding="utf-8"))):
            ended = run_pytest(copy, ["-x", *mistake.tests], SECONDS, variables)
    if ended.code == 1:
        return ""
    return f"pytest ended with {ended.code}: {ended.last_line}" if ended.code is not None else "pytest did not end"
