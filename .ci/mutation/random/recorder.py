"""A plugin for pytest that records how long each test takes, and which lines of the package it runs.

Lines that run while modules are imported, before the tests, are recorded apart. What a fixture of several tests runs
counts for the first of them.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import time
from collections import defaultdict
from collections.abc import Generator
from functools import _lru_cache_wrapper
from pathlib import Path

import coverage
import pytest

FILE, SHARD, SHARDS, PACKAGE = (f"MUTATION_{name}" for name in ("FILE", "SHARD", "SHARDS", "PACKAGE"))


class Recorder:
    """The lines and the times of each test of a run."""

    def __init__(self) -> None:
        self.root = Path.cwd()
        self.package = os.environ[PACKAGE]
        self.coverage = coverage.Coverage(data_file=None, config_file=False, source=[self.package])
        self.times: dict[str, dict[str, float]] = {}
        self.useless: set[str] = set()
        self.caches: list[_lru_cache_wrapper[object]] = []
        self.modules = 0

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items[:] = items[int(os.environ[SHARD]) :: int(os.environ[SHARDS])]

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        self.forget()
        self.coverage.switch_context(item.nodeid)
        work, start = _work(), time.perf_counter()
        try:
            return (yield)
        finally:
            self.times[item.nodeid] = {"seconds": _work() - work, "waited": time.perf_counter() - start}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if not report.passed:
            self.useless.add(report.nodeid)

    def pytest_sessionfinish(self) -> None:
        self.coverage.stop()
        lines = self.lines()
        record = {
            "imported": lines.pop("", {}),
            "useless": sorted(self.useless),
            "tests": {name: {**times, "lines": lines.get(name, {})} for name, times in self.times.items()},
        }
        Path(os.environ[FILE]).write_text(json.dumps(record), encoding="utf-8")

    def lines(self) -> dict[str, dict[str, list[int]]]:
        """Return the lines of each file that ran in each context."""
        data = self.coverage.get_data()
        found: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
        for file in data.measured_files():
            name = Path(file).relative_to(self.root).as_posix()
            for line, contexts in data.contexts_by_lineno(file).items():
                for context in contexts:
                    found[context][name].append(line)
        return found

    def forget(self) -> None:
        """Clear what the package and sympy remember, so that no test is spared lines that an earlier one ran."""
        if len(sys.modules) != self.modules:
            self.modules = len(sys.modules)
            ours = ("sympy", self.package)
            every = [each for each in gc.get_objects() if type(each) is _lru_cache_wrapper]
            self.caches = [each for each in every if (getattr(each, "__module__", None) or "").split(".")[0] in ours]
        for cache in self.caches:
            cache.cache_clear()


def _work() -> float:
    """Return the time of the processor so far, which other work on the machine does not lengthen."""
    return sum(os.times()[:4])


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Record from before the first import of the package."""
    recorder = Recorder()
    early_config.pluginmanager.register(recorder)
    recorder.coverage.start()
