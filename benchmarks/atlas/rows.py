"""The file of the rows: what they were made with in its first line, then a row in each."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeAlias

from benchmarks.atlas.row import Ask, Row

ROWS = Path(__file__).with_name("rows.jsonl")

Made: TypeAlias = Mapping[str, Any]


def made_with(ask: Ask) -> Made:
    """The versions and limits that rows are made with."""
    names = ("paramcalc", "torch", "transformers")
    return {"versions": {name: version(name).split("+")[0] for name in names}, "limits": asdict(ask)}


def read(rows: Path) -> tuple[Made, list[Row]]:
    """Return what finished rows were made with, and the rows."""
    made, *found = (json.loads(line) for line in rows.read_text(encoding="utf-8").splitlines())
    return made, found


def write(rows: Path, made: Made, found: Sequence[Row]) -> None:
    ordered = sorted(found, key=lambda each: str(each["model_type"]))
    rows.write_text("".join(f"{json.dumps(each)}\n" for each in [made, *ordered]), encoding="utf-8")


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


def others(rows: Path, ask: Ask, types: Sequence[str]) -> list[Row]:
    """The rows that stay where only some are made anew."""
    if not types or not rows.exists():
        return []
    made, found = read(rows)
    if made != made_with(ask):
        raise SystemExit(f"{rows} was made with {made}, and not {made_with(ask)}: make all rows anew")
    return [each for each in found if each["model_type"] not in types]
