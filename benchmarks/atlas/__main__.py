"""Make the rows of the atlas and write its pages, or make some rows anew."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from benchmarks.atlas.row import Ask
from benchmarks.atlas.rows import ROWS, made_with, others, write
from benchmarks.atlas.run import model_types, run
from benchmarks.atlas.workers import executor
from docs import generate


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.atlas", description=__doc__)
    parser.add_argument("types", nargs="*", help="only these; the rows of others stay as they are")
    parser.add_argument("--rows", type=Path, default=ROWS, help="where the rows go; the docs are made of the default")
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    parser.add_argument("--scheduler", help="the address of a Dask scheduler, such as tcp://10.0.0.1:8786")
    parser.add_argument("--seconds", type=float, default=Ask().seconds)
    given = parser.parse_args()
    ask = Ask(seconds=given.seconds, patience=4 * given.seconds + 60)
    kept = others(given.rows, ask, given.types)
    part = given.rows.with_suffix(".some.jsonl" if given.types else ".part.jsonl")
    if given.types:
        part.unlink(missing_ok=True)
    with executor(given.workers, given.scheduler) as workers:
        found = run(given.types or model_types(), ask, workers, part)
    write(given.rows, made_with(ask), [*kept, *found])
    part.unlink()
    if given.rows == ROWS:
        generate.write()


if __name__ == "__main__":
    main()
