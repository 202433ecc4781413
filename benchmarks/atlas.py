"""The atlas: the closed form of the base model of every model type of transformers, or the reason there is none.

Rows are made in parallel, each in a process of its own, and written down as they come: a run that was interrupted goes
on where it stopped. `--write` makes the page docs/atlas.md of them.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, as_completed
from pathlib import Path

from atlas_row import Ask, Row, row
from tqdm import tqdm

HERE = Path(__file__).resolve().parent


def run(names: Sequence[str], ask: Ask, executor: Executor, rows: Path) -> list[Row]:
    """Return the rows of all model types, made by the executor and kept in a file where they are not there yet."""
    known = {each["model_type"]: each for each in read(rows)}
    left = [name for name in names if name not in known]
    futures = [executor.submit(row, name, ask) for name in left]
    with rows.open("a", encoding="utf-8") as file:
        for future in tqdm(as_completed(futures), total=len(futures), unit="model"):
            found = future.result()
            known[found["model_type"]] = found
            file.write(json.dumps(found) + "\n")
            file.flush()
    return [known[name] for name in names]


def read(rows: Path) -> list[Row]:
    """Return the rows in a file; a last line that was cut short is left out."""
    found = []
    for line in rows.read_text(encoding="utf-8").splitlines() if rows.exists() else ():
        try:
            found.append(json.loads(line))
        except ValueError:
            continue
    return found


def model_types() -> list[str]:
    """The model types that have a base model class."""
    from transformers import CONFIG_MAPPING, MODEL_MAPPING

    return sorted(name for name in CONFIG_MAPPING if CONFIG_MAPPING[name] in MODEL_MAPPING)


def summary(rows: Iterable[Row]) -> str:
    counts = Counter(each["outcome"] for each in rows)
    seconds = [each["seconds"] for each in rows if each["outcome"] in ("full", "fixed")]
    builds = [each["builds"] for each in rows if each["outcome"] in ("full", "fixed")]
    return f"{dict(counts)}, median {statistics.median(seconds)} s, {statistics.median(builds)} builds"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("types", nargs="*")
    parser.add_argument("--rows", type=Path, default=HERE / "atlas.jsonl")
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    parser.add_argument("--seconds", type=float, default=60)
    given = parser.parse_args()
    with ProcessPoolExecutor(given.workers) as executor:
        rows = run(given.types or model_types(), Ask(seconds=given.seconds), executor, given.rows)
    print(summary(rows))


if __name__ == "__main__":
    main()
