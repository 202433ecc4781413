"""What makes the rows: processes here, or the workers of a Dask cluster, which get the code of the atlas."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from zipfile import ZipFile

HERE = Path(__file__).parent


@contextmanager
def executor(workers: int | None, scheduler: str | None) -> Iterator[Executor]:
    """Return what runs the work: so many processes, or where an address is given the cluster of that scheduler."""
    if scheduler is None:
        with ProcessPoolExecutor(workers, get_context("spawn")) as pool:
            yield pool
        return
    from distributed import Client

    with Client(scheduler) as client:
        with tempfile.TemporaryDirectory() as folder:
            client.upload_file(str(packed(Path(folder))))
        yield client.get_executor(pure=False)


def packed(folder: Path) -> Path:
    """Return the code of the atlas as a zip file, which Dask puts on the path of its workers, now and later ones."""
    path = folder / "benchmarks.zip"
    with ZipFile(path, "w") as file:
        for each in (HERE.parent / "__init__.py", *sorted(HERE.glob("*.py"))):
            file.write(each, each.relative_to(HERE.parent.parent))
    return path
