"""Comma-separated values for spreadsheets: plain numbers, one line a row."""

from __future__ import annotations

import csv as standard
import io

from paramcalc.rendering.numbers import plain
from paramcalc.rendering.table import Line, Table

_COUNTS = ("trainable", "frozen", "buffers", "packed", "bytes")
COLUMNS = ("path", "level", "layer", "label", "shape", "params", "share", *_COUNTS, "counted", "remark")


def csv(table: Table) -> str:
    """Return the table as CSV, the root first with an empty path; the rows that are `counted` add up to it."""
    out = io.StringIO()
    writer = standard.writer(out, lineterminator="\n")
    writer.writerow([*COLUMNS, *(["formula"] if table.symbolic else [])])
    lines = table.lines if table.lines[0].row.level else ()
    for line in (table.total, *lines):
        writer.writerow([*_cells(line), *([line.formula] if table.symbolic else [])])
    return out.getvalue().rstrip("\n")


def _cells(line: Line) -> list[object]:
    row, totals = line.row, line.totals
    counts = (totals.trainable, totals.frozen, totals.buffers, totals.packed, totals.nbytes)
    start = [row.path, row.level, line.layer, row.label, line.shape, plain(line.params), line.share]
    return [*start, *map(plain, counts), "yes" if row.counted else "no", line.remark]
