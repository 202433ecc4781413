"""The changes that are known to change nothing, with the reasons: `equivalent.toml`.

[[equivalent]]
file = "package/module.py"
before = "the lines as they are"
after = "the lines as they would be"
why = "why nobody could tell"
"""

from __future__ import annotations

import tomllib
from pathlib import Path

from mutation.mistakes import Refused
from mutation.random.sample import RandomMistake

KEYS = {"file", "before", "after", "why"}


def read_equivalent(path: Path) -> dict[tuple[str, str, str], str]:
    """Return the reason for each change, named by its file and its lines before and after without spaces around."""
    if not path.exists():
        return {}
    tables = tomllib.loads(path.read_text(encoding="utf-8")).get("equivalent", [])
    for number, table in enumerate(tables, 1):
        if table.keys() != KEYS or not table["why"]:
            raise Refused(f"{path}: equivalent {number} needs {', '.join(sorted(KEYS))}")
    return {(each["file"], _stripped(each["before"]), _stripped(each["after"])): each["why"] for each in tables}


def known(mistake: RandomMistake, reasons: dict[tuple[str, str, str], str]) -> str | None:
    """Return why a mistake changes nothing, where that is known."""
    return reasons.get((mistake.file, mistake.lines("-"), mistake.lines("+")))


def _stripped(text: str) -> str:
    return "\n".join(line.strip() for line in text.strip().splitlines())
