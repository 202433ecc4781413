"""What `paramcalc.evaluate` takes over a million configurations, as a multiple of the polynomial written by hand."""

from __future__ import annotations

import ctypes
import time
from collections.abc import Callable
from typing import Any, TypeAlias

import dask.array
import numpy as np
import torch

import paramcalc as pc
from benchmarks.common import collector_off, in_turn, machine, ratio, show

Array: TypeAlias = Any
Case: TypeAlias = Callable[[], Array]
from_array: Callable[..., Array] = dask.array.from_array

CONFIGURATIONS, ROUNDS, CHUNKS = 1_000_000, 31, 8
NAMES = ("lstm_hidden", "lstm_layers", "n_features", "n_classes")

NUMPY, BY_HAND, CHECKED = "NumPy array", "NumPy by hand", "NumPy by hand, with the same checks"
DASK, TORCH, TORCH_BY_HAND = f"Dask array of {CHUNKS} chunks, computed", "torch tensor", "torch by hand"
PAIRS = [(NUMPY, BY_HAND), (NUMPY, CHECKED), (DASK, NUMPY), (TORCH, TORCH_BY_HAND), (TORCH, NUMPY)]

# The size from which glibc's malloc takes an array's memory from the system and gives it back at once. Fresh memory
# comes first: once the process keeps large pieces, it uses them again.
MEMORY = {"Ratio, memory fresh": 2**20, "Ratio, memory kept": 32 * 2**20}
TRIM_THRESHOLD, MMAP_THRESHOLD = -1, -3


def hand_written(hidden: Array, *others: Array) -> Array:
    """The count of AMNL as a person would write it: in the hidden size, or also in layers, features and classes."""
    if not others:
        return 48 * hidden**2 + 944 * hidden + 53700
    layers, features, classes = others
    return 24 * hidden**2 * layers + 16 * hidden * layers + 912 * hidden + 192 * features + 65 * classes + 50241


def checked(*sizes: Array) -> Array:
    """The same after what `evaluate` checks: sizes of 1 or more, no overflow, heads that divide the attention."""
    if any(each.min() < 1 for each in sizes):
        raise ValueError("a size is below 1")
    if hand_written(*(int(each.max()) for each in sizes)) >= 2**63:
        raise ValueError("a count could overflow")
    if (sizes[0] & 3).any():
        raise ValueError("lstm_hidden is not divisible by 4")
    return hand_written(*sizes)


def configurations(number: int) -> list[Array]:
    """So many hyperparameters of a million models, at random."""
    random = np.random.default_rng(0)
    hidden = 4 * random.integers(1, 257, CONFIGURATIONS)
    return [hidden, *(random.integers(1, high, CONFIGURATIONS) for high in (9, 65, 101))][:number]


def cases(number: int) -> dict[str, Case]:
    """Every way to the same counts, in so many symbols."""
    names = NAMES[:number]
    block = pc.architecture("amnl", **{name: pc.symbol(name) for name in names})
    numpy = configurations(number)
    lazy = [from_array(each, chunks=CONFIGURATIONS // CHUNKS) for each in numpy]
    tensors = [torch.from_numpy(each) for each in numpy]

    def evaluated(sizes: list[Array]) -> Array:
        return pc.evaluate(block, dict(zip(names, sizes, strict=True)))

    return {
        NUMPY: lambda: evaluated(numpy),
        BY_HAND: lambda: hand_written(*numpy),
        CHECKED: lambda: checked(*numpy),
        DASK: lambda: evaluated(lazy).compute(),
        TORCH: lambda: evaluated(tensors),
        TORCH_BY_HAND: lambda: hand_written(*tensors),
    }


def check(calls: dict[str, Case]) -> None:
    """Stop unless all answers are equal."""
    right = calls[BY_HAND]()
    for name, call in calls.items():
        if not np.array_equal(np.asarray(call()), right):
            raise SystemExit(f"evaluate: the counts of {name} are not those of {BY_HAND}")


def set_threshold(size: int) -> bool:
    """Set from which size on memory is fresh, smaller pieces being kept; False where the C library has no switch."""
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return False
    return bool(mallopt(TRIM_THRESHOLD, 2**30) and mallopt(MMAP_THRESHOLD, size))


def measured(number: int) -> list[str]:
    """The ratios for so many symbols: every pair in turn, with nothing between."""
    calls = cases(number)
    check(calls)
    cells = []
    for a, b in PAIRS:
        pair = {a: calls[a], b: calls[b]}
        in_turn(pair, 1)
        samples = in_turn(pair, ROUNDS, time.perf_counter if DASK in pair else time.process_time)
        cells.append(str(ratio(samples[a], samples[b])))
    return cells


def main() -> None:
    """Measure and print."""
    torch.set_num_threads(1)  # as NumPy; two threads wait for each other where the machine has other work
    rows = [[f"{number}", a, b] for number in (1, 4) for a, b in PAIRS]
    for size in MEMORY.values():
        known = set_threshold(size)
        with collector_off():
            cells = [cell for number in (1, 4) for cell in measured(number)]
        for row, cell in zip(rows, cells, strict=True):
            row.append(cell if known else f"{cell}, memory as it comes")
    print(f"AMNL for {CONFIGURATIONS:,} configurations, the median of {ROUNDS} rounds in turn (lowest to highest).")
    print("Processor time, but for Dask, which has threads of its own, the wall clock.")
    print(f"{machine('paramcalc', 'numpy', 'dask', 'torch', 'sympy')}.\n")
    show(rows, ["Symbols", "evaluate of", "Against", *MEMORY], texts=3)


if __name__ == "__main__":
    main()
