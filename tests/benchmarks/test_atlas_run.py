"""A run of the atlas: what goes wrong with one model costs one row at most, here and on a cluster."""

from __future__ import annotations

import inspect
import json
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.atlas.row import Ask, Row, row
from benchmarks.atlas.rows import made_with, others, read, write
from benchmarks.atlas.run import run
from benchmarks.atlas.workers import executor, packed
from tests.benchmarks import atlas_models
from tests.benchmarks.atlas_rows import ASK, MADE

FEW = ["gpt2", "no_such_type"]


def without_seconds(row: Row) -> Row:
    return {name: value for name, value in row.items() if name != "seconds"}


def test_what_goes_wrong_costs_one_row(tmp_path: Path) -> None:
    names = ["crash", "error", "good", "huge"]
    with ThreadPoolExecutor(2) as pool:
        found = run(names, replace(ASK, memory=2**33), pool, tmp_path / "rows", atlas_models.rows)
    assert [row["outcome"] for row in found] == ["none", "none", "full", "none"]
    assert [row.get("reason") for row in found] == [
        "its process died (exit status 3)",
        "LookupError: no such thing",
        None,
        "it takes more than 8 GiB",
    ]


def test_a_model_that_does_not_end_costs_one_row(tmp_path: Path) -> None:
    with ThreadPoolExecutor(1) as pool:
        found = run(["endless"], replace(ASK, patience=0.0), pool, tmp_path / "rows", atlas_models.rows)
    assert [(row["outcome"], row["reason"]) for row in found] == [("none", "no answer within 0 seconds")]


def test_a_worker_that_is_lost_is_not_held_against_the_model(tmp_path: Path) -> None:
    rows = tmp_path / "rows"
    with executor(1, None) as pool, pytest.raises(SystemExit, match=r"^\d rows were not made, run again"):
        run(["first", "lost", "last"], ASK, pool, rows, atlas_models.lost)
    assert "lost" not in rows.read_text("utf-8")
    with ThreadPoolExecutor(1) as pool:
        found = run(["first", "lost", "last"], ASK, pool, rows, atlas_models.misbehaved)
    assert [row["model_type"] for row in found] == ["first", "lost", "last"]


def test_a_run_goes_on_where_it_was_interrupted(tmp_path: Path) -> None:
    rows, asked = tmp_path / "rows", []

    def work(model_type: str, ask: Ask) -> Row:
        asked.append(model_type)
        return {"model_type": model_type, "outcome": "full"}

    lines = [
        made_with(ASK),
        {"model_type": "a", "outcome": "none"},
        {"model_type": "b", "outcome": "none"},
    ]
    rows.write_text("\n".join(map(json.dumps, lines))[:-7], encoding="utf-8")
    with ThreadPoolExecutor(1) as pool:
        found = run(["a", "b", "c"], ASK, pool, rows, work)
    assert asked == ["b", "c"]
    assert [row["outcome"] for row in found] == ["none", "full", "full"]
    with ThreadPoolExecutor(1) as pool:
        assert run(["a", "b", "c"], ASK, pool, rows, work) == found
        assert asked == ["b", "c"]
        with pytest.raises(SystemExit, match="delete it to begin anew"):
            run(["a"], Ask(builds=7), pool, rows, work)


def test_some_rows_are_made_anew_and_others_stay(tmp_path: Path) -> None:
    rows = tmp_path / "rows"
    write(rows, MADE, [{"model_type": "b"}, {"model_type": "a"}])
    assert read(rows) == (MADE, [{"model_type": "a"}, {"model_type": "b"}])
    ask = Ask(**MADE["limits"])
    assert others(rows, ask, ["a"]) == [{"model_type": "b"}]
    assert others(rows, ask, []) == []
    with pytest.raises(SystemExit, match="make all rows anew"):
        others(rows, ASK, ["a"])


def test_what_is_sent_to_a_cluster_loads_where_nothing_is_installed(tmp_path: Path) -> None:
    command = [sys.executable, "-S", "-c", "import benchmarks.atlas.row"]
    subprocess.run(command, env={"PYTHONPATH": str(packed(tmp_path))}, cwd=tmp_path, check=True)


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[str]:
    import dask
    from distributed import LocalCluster

    settings = {
        "distributed.worker.daemon": False,  # so that a worker may start a process for each row
        "distributed.comm.timeouts.connect": "10000s",
        "distributed.comm.timeouts.tcp": "10000s",
    }
    workers = {"n_workers": 2, "threads_per_worker": 1, "processes": True, "local_directory": str(tmp_path)}
    with dask.config.set(settings), LocalCluster(dashboard_address=":0", **workers) as local:
        yield local.scheduler_address


@pytest.mark.filterwarnings("ignore:Creating scratch directories")  # Dask says so on a busy machine
def test_a_cluster_makes_the_rows_of_the_process_pool(tmp_path: Path, cluster: str) -> None:
    def made(executor: Executor, name: str) -> list[Row]:
        return list(map(without_seconds, run(FEW, ASK, executor, tmp_path / name)))

    with executor(1, None) as pool, executor(None, cluster) as workers:
        here, there = made(pool, "here"), made(workers, "there")
        assert "benchmarks.zip" in workers.submit(inspect.getfile, row).result()
    assert here == there
    assert [row["outcome"] for row in here] == ["full", "unbuildable"]
