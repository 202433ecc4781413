"""The rows that the atlas keeps, for the tests of it."""

from __future__ import annotations

from benchmarks.atlas.row import Ask
from benchmarks.atlas.rows import ROWS, read

MADE, FOUND = read(ROWS)
ROW_OF = {row["model_type"]: row for row in FOUND}
FORMED = [row for row in FOUND if "form" in row]
ASK = Ask(seconds=10_000.0, patience=100_000.0, memory=2**34)  # no machine is as busy as that
