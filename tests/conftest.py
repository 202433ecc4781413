"""One Hypothesis profile for all tests: no deadline, and the same examples every time in continuous integration.

With FIRST_FAILURE in the environment a test ends at the first example that fails, and looks for no smaller one.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from math import inf

import pytest
from hypothesis import HealthCheck, Phase, settings

from tests.clock import Clock

# For models as small as these threads wait longer than they compute, on a busy machine ten times as long.
os.environ.setdefault("OMP_NUM_THREADS", "1")

SMALLER = {Phase.shrink, Phase.explain} if os.environ.get("FIRST_FAILURE") else set()
settings.register_profile(
    "default",
    phases=[each for each in Phase if each not in SMALLER],
    max_examples=50,
    deadline=None,
    derandomize=bool(os.environ.get("CI")),
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("default")
settings.register_profile("same", settings.get_profile("default"), derandomize=True)


@pytest.fixture
def same_examples() -> Iterator[None]:
    """The same examples every time everywhere, for what is said of the smallest module that a search ends at."""
    settings.load_profile("same")
    yield
    settings.load_profile("default")


@pytest.fixture(autouse=True)
def _no_model_is_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Which models are built to derive a form depends on no clock: where they take long, smaller ones would be."""
    monkeypatch.setattr("paramcalc.derivation.models.prober.SLOW", inf)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """A clock in the place of time and of the timer of the process: it moves where it is looked at."""
    made = Clock()
    monkeypatch.setattr(time, "monotonic", made.monotonic)
    monkeypatch.setattr(time, "perf_counter", made.monotonic)
    monkeypatch.setattr(time, "sleep", made.sleep)
    monkeypatch.setattr(signal, "setitimer", made.setitimer)
    monkeypatch.setattr(signal, "getitimer", made.getitimer)
    return made
