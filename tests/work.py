"""Work counted in steps, in the place of seconds: it is the same however fast or busy a machine is."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from typing import Any

import pytest


@dataclass
class Steps:
    """How many steps were taken; one more than `most` ends the test."""

    most: int = 10**9
    taken: int = 0

    def take(self, number: int = 1) -> None:
        """Count some steps."""
        self.taken += number
        if self.taken > self.most:
            pytest.fail(f"more than {self.most:,} steps")


@contextmanager
def counted(*functions: tuple[Any, str], most: int = 10**9) -> Iterator[Steps]:
    """Count calls of functions, given as attributes, with the lengths of the lists that they take and what they yield.

    >>> import math
    >>> with counted((math, "prod"), most=10) as steps:
    ...     math.prod([2, 3, 4])
    24
    >>> steps.taken
    4
    """
    steps = Steps(most)
    with pytest.MonkeyPatch.context() as patch:
        for owner, name in functions:
            patch.setattr(owner, name, _counting(inspect.getattr_static(owner, name), steps))
        yield steps


def _counting(function: Any, steps: Steps) -> Any:
    if isinstance(function, classmethod):
        return classmethod(_counting(function.__func__, steps))

    @wraps(function)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        steps.take(1 + sum(len(each) for each in args if isinstance(each, list | tuple)))
        result = function(*args, **kwargs)
        return _each(result, steps) if inspect.isgenerator(result) else result

    return wrapped


def _each(items: Iterator[Any], steps: Steps) -> Iterator[Any]:
    for item in items:
        steps.take()
        yield item


def grows_linearly(work: Callable[[int], Steps], size: int) -> bool:
    """Whether twice as much takes no more than twice the steps, but for a tenth."""
    once, twice = work(size).taken, work(2 * size).taken
    assert once >= size, "nothing of it is counted"
    return twice <= 2.2 * once


class Word(str):
    """A text that counts how often it is compared and hashed, and that is split into such texts."""

    steps = Steps()

    def __eq__(self, other: object) -> bool:
        Word.steps.take()
        return str.__eq__(self, other)

    def __hash__(self) -> int:
        Word.steps.take()
        return str.__hash__(self)

    def split(self, *args: Any) -> list[str]:
        """The parts, each such a text."""
        return [Word(each) for each in str.split(self, *args)]
