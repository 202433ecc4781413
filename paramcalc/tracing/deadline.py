"""The end of the time that a derivation has, also in the midst of a model that is being built."""

from __future__ import annotations

import contextlib
import gc
import signal
import threading
import time
from collections.abc import Iterator
from contextvars import ContextVar
from importlib import import_module
from math import inf
from types import FrameType

from paramcalc.derivation.models.prober import Overdue, Spent

AGAIN = 0.2  # seconds after which the timer rings once more, for code that swallows what it raised
SOON = 0.001  # seconds after which it does so where what it raised would be passed over
LONGEST = 10**8  # seconds that timers can count

_END: ContextVar[float] = ContextVar("end", default=inf)


def check_time() -> None:
    """Raise Overdue where the time is over; called wherever a tensor is made."""
    if time.monotonic() > _END.get():
        raise Overdue


@contextlib.contextmanager
def within(seconds: float) -> Iterator[None]:
    """Run code for so many seconds at most.

    What is beyond them ends at the next tensor that it makes; in the main thread of a process that uses no timer signal
    of its own it ends at once.

    Raises Spent then.
    """
    for name in ("sympy", "torch"):
        import_module(name)  # before the time starts: an import that is cut off cannot be made again
    outer = _END.get()
    end = _END.set(min(outer, time.monotonic() + seconds))
    try:
        with _timer(max(SOON, min(seconds, outer - time.monotonic())), outer):
            yield
    except Overdue:
        if time.monotonic() > outer:
            raise
        advice = "vary fewer sizes, start from smaller ones, or raise the limits"
        raise Spent(f"no proof within {seconds:g} seconds", where="derive", advice=advice) from None
    finally:
        _END.reset(end)


@contextlib.contextmanager
def _timer(seconds: float, outer: float) -> Iterator[None]:
    """A signal when the seconds are over; signals are as before afterwards, that of an outer time too."""
    inner = _is_possible() and signal.getsignal(signal.SIGALRM) is _ring
    if seconds > LONGEST or not (inner or _timer_is_free()):
        yield
        return
    signal.signal(signal.SIGALRM, _ring)
    signal.setitimer(signal.ITIMER_REAL, seconds, AGAIN)
    try:
        yield
    finally:
        if inner:
            signal.setitimer(signal.ITIMER_REAL, max(SOON, outer - time.monotonic()), AGAIN)
        else:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, signal.SIG_DFL)


def _is_possible() -> bool:
    """Whether there is such a signal, and this thread may take it."""
    return hasattr(signal, "setitimer") and threading.current_thread() is threading.main_thread()


def _timer_is_free() -> bool:
    """Whether there is such a signal, this thread may take it, and nothing else uses it."""
    if not _is_possible():
        return False
    return signal.getsignal(signal.SIGALRM) is signal.SIG_DFL and signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def _ring(_: int, frame: FrameType | None) -> None:
    """Raise Overdue, but not yet where Python would pass over it: in what the garbage collector calls."""
    passing = {getattr(each, "__code__", None) for each in gc.callbacks}
    while frame is not None:
        if frame.f_code in passing or frame.f_code.co_name == "__del__":
            signal.setitimer(signal.ITIMER_REAL, SOON, AGAIN)
            return
        frame = frame.f_back
    raise Overdue
