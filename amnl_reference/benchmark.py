"""Inference speed of AMNL by batch size: `python -m amnl_reference.benchmark`."""

from __future__ import annotations

import argparse
import math
import platform
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

import torch
from tabulate import tabulate

from amnl_reference.config import PRESETS
from amnl_reference.model import AMNL, build

CLAIM = 30_000
TIME_STEPS = 30
WARM_UP_CALLS = 3


class UsageError(ValueError):
    """A command line that cannot be run, in one sentence."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(message)


def samples_per_second(model: AMNL, batch_size: int, seconds: float, device: torch.device) -> float:
    """Measure the windows that `model` takes per second, its input already on the device, over at least `seconds`."""
    window = torch.randn(batch_size, TIME_STEPS, model.config.n_features, device=device)
    calls = 0
    with torch.inference_mode():
        for _ in range(WARM_UP_CALLS):
            model(window)
        _synchronize(device)
        start = time.perf_counter()
        while calls == 0 or time.perf_counter() - start < seconds:
            model(window)
            _synchronize(device)
            calls += 1
        elapsed = time.perf_counter() - start
    return calls * batch_size / elapsed


def report(preset: str, batch_sizes: Sequence[int], seconds: float, device: torch.device) -> str:
    """Return the table for one device, under a line that says what was measured on what."""
    model = build(preset).to(device).eval()
    threads = f"{torch.get_num_threads()} CPU threads"
    header = f"AMNL {preset}, float32, on {_device_name(device)}, torch {torch.__version__}, {threads}"
    rows = []
    for batch_size in batch_sizes:
        speed = samples_per_second(model, batch_size, seconds, device)
        milliseconds = 1000 * batch_size / speed
        rows.append([str(batch_size), f"{milliseconds:,.2f}", f"{speed:,.0f}", f"{CLAIM:,}", f"{speed / CLAIM:.2f}x"])
    names = ["batch size", "ms per batch", "samples/s", "claim", "times the claim"]
    return f"{header}\n\n{tabulate(rows, names, tablefmt='github', disable_numparse=True, stralign='right')}"


def _synchronize(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def _device_name(device: torch.device) -> str:
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def _batch_sizes(text: str) -> list[int]:
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isascii() and part.isdigit() and int(part) > 0 for part in parts):
        raise argparse.ArgumentTypeError(f"given {text!r}, expected positive integers such as 1,8,64")
    return [int(part) for part in parts]


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 < seconds < math.inf:
        raise argparse.ArgumentTypeError(f"given {text!r}, expected a positive number of seconds")
    return seconds


def _devices(choice: str) -> list[torch.device]:
    has_gpu = torch.cuda.is_available()
    if choice == "cuda" and not has_gpu:
        raise UsageError("argument --device: given 'cuda', but torch finds no GPU here; use cpu or all")
    names = {"cpu": ["cpu"], "cuda": ["cuda"], "all": ["cpu", "cuda"] if has_gpu else ["cpu"]}
    return [torch.device(name) for name in names[choice]]


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="python -m amnl_reference.benchmark", description="Measure how fast AMNL infers.")
    parser.add_argument("--preset", choices=list(PRESETS), default="book")
    parser.add_argument("--batch-sizes", type=_batch_sizes, default=[1, 8, 64, 256, 1024], metavar="N,N,...")
    parser.add_argument("--seconds", type=_seconds, default=1.0, help="time spent on each batch size")
    parser.add_argument("--device", choices=["cpu", "cuda", "all"], default="all", help="all: CPU, and GPU if any")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status: 0, or 2 for bad arguments."""
    try:
        arguments = _parser().parse_args(argv)
        devices = _devices(arguments.device)
    except UsageError as error:
        print(f"amnl_reference.benchmark: {error}.", file=sys.stderr)
        return 2
    for device in devices:
        print(report(arguments.preset, arguments.batch_sizes, arguments.seconds, device), end="\n\n")
    print(f"The claim is {CLAIM:,} samples per second, from a course that does not name its hardware.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
