"""Models built at points: within limits, with what was refused and why."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from paramcalc.errors import InvalidValue, PreconditionFailed
from paramcalc.sizes.point import Point
from paramcalc.tree.block import Block

SLOW = 0.5  # seconds a model, from which on smaller ones are built

Build: TypeAlias = Callable[[Mapping[str, int]], Block]
Report: TypeAlias = Callable[[int, str], None]


class Refused(InvalidValue):
    """Sizes for which the code builds no model."""


@dataclass(frozen=True)
class Refusal:
    """That the code builds no model at a point, and the reason that it gives."""

    reason: str

    def __str__(self) -> str:
        return self.reason


class Spent(InvalidValue):
    """The limits are reached."""


class Overdue(BaseException):
    """The time is over. It is no Exception, so that code which is run does not take it for an error of its own."""


@dataclass(frozen=True)
class Limits:
    """Where a derivation gives up: models built, and seconds.

    Raises InvalidValue for a limit that leaves nothing.
    """

    builds: int = 1000
    seconds: float = 300.0

    def __post_init__(self) -> None:
        if type(self.builds) is not int or self.builds < 1:
            raise InvalidValue(f"got {self.builds!r}", where="limits.builds", expected="an int of 1 or more")
        if not isinstance(self.seconds, int | float) or not self.seconds > 0:
            raise InvalidValue(f"got {self.seconds!r}", where="limits.seconds", expected="a number above 0")


@dataclass
class Prober:
    """Builds models, counts them, and reports what it does."""

    build: Build
    limits: Limits = field(default_factory=Limits)
    report: Report | None = None
    builds: int = 0
    spent: float = 0.0  # seconds
    found: dict[tuple[tuple[str, int], ...], Block | Refusal] = field(default_factory=dict)  # by point

    def __post_init__(self) -> None:
        self.started = time.monotonic()

    def turn_to(self, build: Build) -> None:
        """Build something else from now on."""
        self.build, self.found = build, {}

    @property
    def slow(self) -> bool:
        """Whether models take long to build."""
        return self.spent > SLOW * self.builds

    def at(self, point: Point, doing: str, *, anew: bool = False) -> Block | Refusal:
        """Return the tree that is built at a point, or why none is; it is built once, or `anew`.

        Raises Spent beyond the limits.
        """
        self.check()
        key = tuple(sorted(point.items()))
        if anew or key not in self.found:
            self.found[key] = self._built(point, doing)
        return self.found[key]

    def _built(self, point: Point, doing: str) -> Block | Refusal:
        self.builds += 1
        if self.report is not None:
            self.report(self.builds, doing)
        start = time.monotonic()
        try:
            return self.build(point)
        except (Refused, PreconditionFailed) as error:
            return Refusal(str(error))
        finally:
            self.spent += time.monotonic() - start

    def check(self) -> None:
        """Raise Spent where the limits are reached."""
        seconds = time.monotonic() - self.started
        if self.builds >= self.limits.builds or seconds > self.limits.seconds:
            raise Spent(
                f"no proof within {self.builds:,} builds and {seconds:.0f} seconds",
                where="derive",
                advice="vary fewer sizes, start from smaller ones, or raise the limits",
            )
