"""Ask every counter about every model, each time in a process of its own, and print the page; see environment.py."""

from __future__ import annotations

import multiprocessing
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import TypeVar

from benchmarks.counters.calls import COUNTERS, Answer, answer
from benchmarks.counters.page import page
from benchmarks.counters.search import SEARCHED, search_again
from benchmarks.counters.tricky_models import MODELS

T = TypeVar("T")


def measured() -> str:
    """Return the page."""
    answers: dict[tuple[str, str], Answer] = {}
    for model in MODELS:
        print(model, file=sys.stderr)
        died = Answer(error="the process died")
        answers |= {(model, name): alone(answer, model, name, died=died) for name in COUNTERS}
    print("the smallest modules", file=sys.stderr)
    return page(answers, {name: alone(search_again, name) for name in SEARCHED})


def alone(ask: Callable[..., T], *about: str, died: T | None = None) -> T:
    """Ask in a new process: counters leave hooks and patched functions behind, the more so when they fail.

    Where the process dies the answer is `died`, or an error where that is not given.
    """
    kind = "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"
    context = multiprocessing.get_context(kind)
    if kind == "forkserver":
        context.set_forkserver_preload(["torch", "transformers"])
    try:
        with ProcessPoolExecutor(1, mp_context=context) as pool:
            return pool.submit(ask, *about).result()
    except BrokenProcessPool:
        if died is None:
            raise
        return died


if __name__ == "__main__":
    sys.stdout.write(measured())
