"""The atlas: the closed form of the base model of every model type of transformers, or the reason there is none.

Rows are made in parallel, each in a process of its own, and kept as they come, so that a run that was interrupted goes
on where it stopped. When all are there they are written in order, and the pages of the docs with them.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import runpy
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor, as_completed
from dataclasses import asdict
from importlib.metadata import version
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from atlas_row import Ask, Row, row
from tqdm import tqdm

HERE = Path(__file__).resolve().parent
ROWS = HERE / "atlas.jsonl"
SENT = ("atlas_parts.py", "atlas_row.py")  # what workers elsewhere need besides paramcalc

Made = Mapping[str, Any]


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


def begun(rows: Path, made: Made) -> list[Row]:
    """Return the rows of a run that was interrupted, without a last line that was cut short; else begin a file."""
    lines = rows.read_text(encoding="utf-8").splitlines() if rows.exists() else []
    found = []
    for line in lines:
        with contextlib.suppress(ValueError):
            found.append(json.loads(line))
    if found and found[0] != made:
        raise SystemExit(f"{rows} was made with {found[0]}, and not {made}: delete it to begin anew")
    rows.write_text("".join(f"{json.dumps(each)}\n" for each in found or [made]), encoding="utf-8")
    return found[1:]


def read(rows: Path) -> tuple[Made, list[Row]]:
    """Return what finished rows were made with, and the rows."""
    made, *found = (json.loads(line) for line in rows.read_text(encoding="utf-8").splitlines())
    return made, found


def write(rows: Path, made: Made, found: Sequence[Row]) -> None:
    ordered = sorted(found, key=lambda each: str(each["model_type"]))
    rows.write_text("".join(f"{json.dumps(each)}\n" for each in [made, *ordered]), encoding="utf-8")


def made_with(ask: Ask) -> Made:
    """The versions and limits that rows are made with."""
    names = ("paramcalc", "torch", "transformers")
    return {"versions": {name: version(name).split("+")[0] for name in names}, "limits": asdict(ask)}


def model_types() -> list[str]:
    """The model types that have a base model class."""
    from transformers import CONFIG_MAPPING, MODEL_MAPPING

    return sorted(name for name in CONFIG_MAPPING if CONFIG_MAPPING[name] in MODEL_MAPPING)


@contextlib.contextmanager
def executor(workers: int | None, scheduler: str | None) -> Iterator[Executor]:
    """Processes here, or the workers of a Dask cluster, which get the code of the rows."""
    if scheduler is None:
        with ProcessPoolExecutor(workers, get_context("spawn")) as pool:
            yield pool
        return
    from distributed import Client

    with Client(scheduler) as client:
        for name in SENT:
            client.upload_file(str(HERE / name), load=False)
        yield client.get_executor(pure=False)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
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
        runpy.run_path(str(HERE.parent / "docs" / "generate.py"))["write"]()


def others(rows: Path, ask: Ask, types: Sequence[str]) -> list[Row]:
    """The rows that stay where only some are made anew."""
    if not types or not rows.exists():
        return []
    made, found = read(rows)
    if made != made_with(ask):
        raise SystemExit(f"{rows} was made with {made}, and not {made_with(ask)}: make all rows anew")
    return [each for each in found if each["model_type"] not in types]


if __name__ == "__main__":
    main()
