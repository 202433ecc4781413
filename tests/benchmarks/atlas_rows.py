"""The rows that the atlas keeps, for the tests of it."""

from __future__ import annotations

from benchmarks.atlas.rows import ROWS, read

MADE, FOUND = read(ROWS)
ROW_OF = {row["model_type"]: row for row in FOUND}
FORMED = [row for row in FOUND if "form" in row]
