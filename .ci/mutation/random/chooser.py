"""A plugin for pytest that runs the tests of a list, in its order, and writes down which of them failed.

It limits the work, in seconds of the processor: how long a run takes depends on what else the machine does.
"""

from __future__ import annotations

import json
import os
import resource
from pathlib import Path

import pytest

FILE, FAILED, WORK = (f"MUTATION_{name}" for name in ("TESTS", "FAILED", "WORK"))


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests() -> None:
    """Limit the work from before the first import of the package."""
    resource.setrlimit(resource.RLIMIT_CPU, (int(os.environ[WORK]), resource.getrlimit(resource.RLIMIT_CPU)[1]))


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the tests of the list; one that has another name with a mistake is not run."""
    places = {name: place for place, name in enumerate(json.loads(Path(os.environ[FILE]).read_text(encoding="utf-8")))}
    config.hook.pytest_deselected(items=[each for each in items if each.nodeid not in places])
    items[:] = sorted((each for each in items if each.nodeid in places), key=lambda each: places[each.nodeid])


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Add a test that failed, a line each."""
    if report.failed:
        with Path(os.environ[FAILED]).open("a", encoding="utf-8") as file:
            file.write(f"{json.dumps(report.nodeid)}\n")
