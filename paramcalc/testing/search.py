"""The smallest value that shows a failure, found by Hypothesis within a plain function call."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from hypothesis import Phase, find, settings
from hypothesis.errors import Flaky, NoSuchExample, Unsatisfiable
from hypothesis.strategies import SearchStrategy

from paramcalc.errors import InvalidType, InvalidValue

T = TypeVar("T")


def smallest(values: SearchStrategy[T], wrong: Callable[[T], bool], *, examples: int, where: str) -> T | None:
    """Return the smallest of the values found for which `wrong` is true, None where it is for none of `examples`.

    Whether the same values are tried every time is up to the Hypothesis profile of the caller. Nothing is kept in its
    database: unlike tests, these searches have no name to keep it by.

    >>> from hypothesis import strategies as st
    >>> smallest(st.integers(0, 10**6), lambda number: number > 99, examples=200, where="doctest")
    100

    Raises AssertionError where `wrong` is not the same when asked again, InvalidType or InvalidValue where the number
    of examples is no whole number of 1 or more, or where no value can be drawn.
    """
    __tracebackhide__ = True
    if isinstance(examples, bool) or not isinstance(examples, int):
        raise InvalidType(f"got {examples!r}", where=f"{where}, examples", expected="a whole number")
    if examples < 1:
        raise InvalidValue(f"got {examples}", where=f"{where}, examples", expected="1 or more")
    profile = settings(max_examples=examples, deadline=None, database=None, phases=(Phase.generate, Phase.shrink))
    try:
        return find(values, wrong, settings=profile)
    except NoSuchExample:
        return None
    except Flaky:
        raise AssertionError(f"{where}: asked twice about the same, it gives two answers") from None
    except Unsatisfiable:
        raise InvalidValue("all that was tried was refused", where=where, expected="some that are not") from None


def error_line(error: Exception) -> str:
    """Return an error as its class and its first line.

    >>> error_line(ZeroDivisionError("division by zero"))
    'ZeroDivisionError: division by zero'
    """
    first = (str(error).strip().splitlines() or [""])[0]
    return f"{type(error).__name__}: {first}" if first else type(error).__name__
