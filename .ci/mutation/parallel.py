"""Work for a few threads, whose results come in the order of the tasks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from mutation.runs import stop_all

Task = TypeVar("Task")
Result = TypeVar("Result")


def in_order(work: Callable[[Task], Result], tasks: Sequence[Task], jobs: int) -> Iterator[Result]:
    """Yield the result of each task; an interruption ends what runs."""
    with ThreadPoolExecutor(jobs) as pool:
        results = [pool.submit(work, task) for task in tasks]
        try:
            for result in results:
                yield result.result()
        except BaseException:
            for result in results:
                result.cancel()
            stop_all()
            raise
