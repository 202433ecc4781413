"""A clock that moves where it is looked at, in the place of the one on the wall."""

from __future__ import annotations

import signal
from math import inf

TICK = 1 / 128  # seconds that pass at each look


class Clock:
    """A clock that rings as the timer of a process does; `now` is what it says."""

    def __init__(self) -> None:
        self.now = 0.0
        self.due, self.again = inf, 0.0

    def monotonic(self) -> float:
        """What it says after a tick, as time.monotonic."""
        self.wait(TICK)
        return self.now

    def sleep(self, seconds: float) -> None:
        """Let time pass, tick by tick, as time.sleep."""
        end = self.now + seconds
        while self.now < end:
            self.wait(min(TICK, end - self.now))

    def wait(self, seconds: float) -> None:
        """Let some time pass, and ring where it is due."""
        self.now += seconds
        if self.now >= self.due:
            self.due = self.now + self.again if self.again else inf
            signal.raise_signal(signal.SIGALRM)

    def setitimer(self, which: int, seconds: float, interval: float = 0.0) -> tuple[float, float]:
        """Say when to ring, as signal.setitimer."""
        before = self.getitimer(which)
        self.due, self.again = self.now + seconds if seconds else inf, interval
        return before

    def getitimer(self, which: int) -> tuple[float, float]:
        """In how much time it rings, and how often from then on, as signal.getitimer."""
        assert which == signal.ITIMER_REAL
        return (self.due - self.now, self.again) if self.due < inf else (0.0, 0.0)
