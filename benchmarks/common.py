"""What the benchmarks share: timing in turn, ratios of the same round, the machine, tables and paragraphs."""

from __future__ import annotations

import gc
import os
import platform
import statistics
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from textwrap import fill
from typing import TypeAlias

from tabulate import tabulate

Samples: TypeAlias = dict[str, list[float]]
Clock: TypeAlias = Callable[[], float]


@dataclass(frozen=True)
class Ratio:
    """The median of the ratios of all rounds, and the lowest and highest of them."""

    median: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.median:.2f} ({self.low:.2f} to {self.high:.2f})"

    @property
    def cells(self) -> list[str]:
        """The three numbers, each as text."""
        return [f"{number:.2f}" for number in (self.median, self.low, self.high)]


def ratio(measured: Sequence[float], against: Sequence[float]) -> Ratio:
    """Return the ratio of two series, round by round: what slows a whole round down cancels."""
    each = [one / other for one, other in zip(measured, against, strict=True)]
    return Ratio(statistics.median(each), min(each), max(each))


def seconds(call: Callable[[], object], clock: Clock = time.perf_counter) -> float:
    """Return the time of one call; time.process_time leaves out what other processes take."""
    start = clock()
    call()
    return clock() - start


def in_turn(cases: Mapping[str, Callable[[], object]], rounds: int, clock: Clock = time.perf_counter) -> Samples:
    """Return the seconds of every case, all of them in turn, round after round: A B A B ..."""
    samples: Samples = {name: [] for name in cases}
    for _ in range(rounds):
        for name, call in cases.items():
            samples[name].append(seconds(call, clock))
    return samples


@contextmanager
def collector_off() -> Iterator[None]:
    """Keep the garbage collector from running inside, as timeit does; what is garbage already goes first."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def run_fresh(command: Sequence[str], environment: Mapping[str, str]) -> None:
    """Run a command as a process of its own, its output thrown away.

    Raises CalledProcessError where it fails.
    """
    subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, check=True)


def machine(*packages: str) -> str:
    """Return the processor, the interpreter and the versions of some packages, as one line of text."""
    versions = [f"{name} {version(name)}" for name in packages]
    interpreter = f"{platform.python_implementation()} {platform.python_version()}"
    return ", ".join([f"{_processor()} with {os.cpu_count()} cores", interpreter, *versions])


def show(rows: Sequence[Sequence[str]], names: Sequence[str], *, texts: int) -> None:
    """Print rows as a Markdown table: so many columns of text at the left, then numbers."""
    alignment = ["left"] * texts + ["right"] * (len(names) - texts)
    print(tabulate(rows, names, tablefmt="pipe", disable_numparse=True, colalign=alignment), end="\n\n")


def wrapped(text: str, indent: str = "") -> str:
    """Return a paragraph in lines of the length that the docs have."""
    return fill(text, 120, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
