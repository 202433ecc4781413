"""How composing and counting a Transformer encoder grows with its number of layers, folded and unfolded."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from statistics import median
from typing import Any

import paramcalc as pc
from benchmarks.common import Ratio, Samples, collector_off, machine, ratio, show
from benchmarks.common import seconds as timed
from paramcalc.layers import ModuleList, TransformerEncoder, TransformerEncoderLayer

SIZES = {10: 20, 100: 5, 1_000: 1, 10_000: 1}  # layers: runs in a round, unfolded
FOLDED_RUNS = 20
MOST_ROUNDS, LAST_START = 3, 30.0  # no round starts later, in seconds
HEADS, WIDTH = 8, 512

COMPOSE, TOTAL, BREAKDOWN, COLLECTED, FOLD = (
    "compose n layers built one by one",
    "total of these",
    "breakdown of these",
    "breakdown of these, garbage collector on",
    "fold of these",
)
UNFOLD = "unfold and total"
SYMBOLIC, SYMBOLIC_UNFOLD = "compose and total, symbolic d_model", "unfold and total, symbolic d_model"
FOLDED, FOLDED_SYMBOLIC, FOLDED_ROWS = "compose and total", "compose and total, symbolic d_model", "breakdown"


def seconds(call: Callable[[], object]) -> float:
    """The processor time of one call: the long ones would hardly find a machine without other work."""
    return timed(call, time.process_time)


def folded(n: int, width: Any) -> pc.Block:
    """An encoder whose layers are one block that repeats."""
    return TransformerEncoder(TransformerEncoderLayer(width, HEADS), n)


def unfolded(n: int, width: Any) -> pc.Block:
    """The same encoder with every layer built on its own."""
    layers = ModuleList([TransformerEncoderLayer(width, HEADS) for _ in range(n)])
    return pc.compose("TransformerEncoder", {"layers": layers})


def one_by_one(n: int) -> dict[str, float]:
    """The seconds of every step over an encoder that is built layer by layer."""
    trees: list[pc.Block] = []
    times = {COMPOSE: seconds(lambda: trees.append(unfolded(n, WIDTH)))}
    tree = trees[0]
    steps: dict[str, Callable[[], object]] = {
        TOTAL: lambda: tree.params,
        BREAKDOWN: lambda: pc.breakdown(tree),
        FOLD: lambda: pc.fold(tree),
    }
    times |= {name: seconds(step) for name, step in steps.items()}
    gc.collect()
    gc.enable()
    times[COLLECTED] = seconds(lambda: pc.breakdown(tree))
    gc.disable()
    return times


def unfolded_times(n: int) -> dict[str, float]:
    """The seconds of everything that is measured on unfolded encoders."""
    width = pc.symbol("d_model")
    whole, symbolic = folded(n, WIDTH), folded(n, width)
    return {
        **one_by_one(n),
        UNFOLD: seconds(lambda: pc.unfold(whole).params),
        SYMBOLIC: seconds(lambda: unfolded(n, width).params),
        SYMBOLIC_UNFOLD: seconds(lambda: pc.unfold(symbolic).params),
    }


def folded_times(n: int) -> dict[str, float]:
    """The seconds of everything that is measured on folded encoders."""
    tree, width = folded(n, WIDTH), pc.symbol("d_model")
    return {
        FOLDED: seconds(lambda: folded(n, WIDTH).params),
        FOLDED_SYMBOLIC: seconds(lambda: folded(n, width).params),
        FOLDED_ROWS: seconds(lambda: pc.breakdown(tree)),
    }


def measured(times: Callable[[int], dict[str, float]], samples: dict[int, Samples], runs: dict[int, int]) -> None:
    """Add one round: all sizes in turn, for each the medians of its runs."""
    for n, number in runs.items():
        with collector_off():
            series = [times(n) for _ in range(number)]
        for name in series[0]:
            samples[n].setdefault(name, []).append(median(each[name] for each in series))


def rounds() -> tuple[dict[int, Samples], dict[int, Samples], int]:
    """Measure for as long as there is time: the samples by number of layers, unfolded and folded, and the rounds."""
    plain: dict[int, Samples] = {n: {} for n in SIZES}
    repeats: dict[int, Samples] = {n: {} for n in SIZES}
    done, start = 0, time.perf_counter()
    while done < MOST_ROUNDS and time.perf_counter() - start < LAST_START:
        measured(unfolded_times, plain, SIZES)
        measured(folded_times, repeats, dict.fromkeys(SIZES, FOLDED_RUNS))
        done += 1
    return plain, repeats, done


def growth(samples: dict[int, Samples], name: str, n: int, *, per_layer: bool) -> Ratio:
    """The time at n layers over that at the fewest, in all or for each layer."""
    fewest = min(SIZES)
    share = fewest / n if per_layer else 1.0
    return ratio([share * each for each in samples[n][name]], samples[fewest][name])


def show_growth(title: str, samples: dict[int, Samples], *, per_layer: bool) -> None:
    """Print a table: a row for every step, a column for every number of layers but the fewest."""
    fewest, *larger = SIZES
    names = [title, *(f"{n:,} layers" for n in larger)]
    rows = [[name, *(str(growth(samples, name, n, per_layer=per_layer)) for n in larger)] for name in samples[fewest]]
    show(rows, names, texts=1)


def check() -> None:
    """Stop unless the encoders that are measured are the same model."""
    for n in (10, 100):
        for width in (WIDTH, pc.symbol("d_model")):
            whole, parts = folded(n, width), unfolded(n, width)
            same = pc.unfold(whole).children == parts.children and pc.fold(whole).children == pc.fold(parts).children
            if not same or whole.params != parts.params:
                raise SystemExit(f"compose: the folded and the unfolded encoder of {n} layers differ")


def main() -> None:
    """Measure and print."""
    check()
    plain, repeats, done = rounds()
    print(f"TransformerEncoder(TransformerEncoderLayer({WIDTH}, {HEADS}), n), {done} rounds in turn, processor time.")
    print(f"{machine('paramcalc', 'sympy')}.\n")
    print(f"Time per layer over that at {min(SIZES)} layers (1 is linear):\n")
    show_growth("Unfolded", plain, per_layer=True)
    print(f"Time in all over that at {min(SIZES)} layers (1 is constant):\n")
    show_growth("Folded", repeats, per_layer=False)


if __name__ == "__main__":
    main()
