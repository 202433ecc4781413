"""Copies of the project, one for each worker, in which a mistake is planted for a while."""

from __future__ import annotations

import itertools
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import SimpleQueue

_SECONDS = itertools.count(1)


class Copies:
    """Some copies of a project in a folder."""

    def __init__(self, root: Path, folder: Path, number: int) -> None:
        self.all = [folder / f"copy-{each}" for each in range(number)]
        self._free: SimpleQueue[Path] = SimpleQueue()
        for copy in self.all:
            shutil.copytree(root, copy, ignore=shutil.ignore_patterns(".git", *_ignored(root)), symlinks=True)
            self._free.put(copy)

    @contextmanager
    def one(self) -> Iterator[Path]:
        """Lend a copy that nobody else works in."""
        copy = self._free.get()
        try:
            yield copy
        finally:
            self._free.put(copy)


@contextmanager
def planted(path: Path, text: str) -> Iterator[None]:
    """Let a file have another text for a while.

    Each text has a time of its own, long ago: Python takes a compiled file for current that agrees in time and size.
    """
    before, then = path.read_bytes(), path.stat()
    try:
        path.write_bytes(text.encode())
        second = next(_SECONDS)
        os.utime(path, (second, second))
        yield
    finally:
        path.write_bytes(before)
        os.utime(path, ns=(then.st_atime_ns, then.st_mtime_ns))


def _ignored(root: Path) -> list[str]:
    path = root / ".gitignore"
    return [line.strip("/") for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []
