"""A run over model types: rows are made in parallel and kept as they come, so that one that was interrupted goes on."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import Executor, Future, as_completed
from pathlib import Path

from tqdm import tqdm

from benchmarks.atlas.row import Ask, Row, row
from benchmarks.atlas.rows import begun, made_with


def run(
    names: Sequence[str], ask: Ask, executor: Executor, rows: Path, work: Callable[[str, Ask], Row] = row
) -> list[Row]:
    """Return the rows of all model types, made by the executor and kept in a file where they are not there yet."""
    known = {each["model_type"]: each for each in begun(rows, made_with(ask))}
    futures = {executor.submit(work, name, ask): name for name in names if name not in known}
    lost = []
    try:
        with rows.open("a", encoding="utf-8") as file:
            for future in _shown(futures, len(names)):
                if future.exception() is not None:  # its worker was lost: that says nothing of the model
                    lost.append(f"{futures[future]}: {future.exception()!r}")
                    continue
                known[futures[future]] = future.result()
                print(json.dumps(future.result()), file=file, flush=True)
    finally:
        for future in futures:
            future.cancel()
    if lost:
        raise SystemExit(f"{len(lost)} rows were not made, run again; the first: {lost[0]}")
    return [known[name] for name in names]


def _shown(futures: Collection[Future[Row]], whole: int) -> Iterator[Future[Row]]:
    """Futures as they are done, with a bar that shows how far it is."""
    yield from tqdm(as_completed(futures), total=whole, initial=whole - len(futures), unit="model")


def model_types() -> list[str]:
    """The model types that have a base model class."""
    from transformers import CONFIG_MAPPING, MODEL_MAPPING

    return sorted(name for name in CONFIG_MAPPING if CONFIG_MAPPING[name] in MODEL_MAPPING)
