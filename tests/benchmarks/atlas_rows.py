"""The rows that the atlas keeps, for the tests of it."""

from __future__ import annotations

from typing import Any

from sympy import Integer

from benchmarks.atlas.rows import ROWS, read

MADE, FOUND = read(ROWS)
ROW_OF = {row["model_type"]: row for row in FOUND}
FORMED = [row for row in FOUND if "form" in row]


def at(size: Any, sizes: dict[str, int]) -> Any:
    if isinstance(size, int):
        return size
    return size.xreplace({name: Integer(sizes[str(name)]) for name in size.free_symbols})
