"""The listed mistakes: `mistakes.toml` in the folder of tests of each room."""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

REQUIRED = {"title": str, "file": str, "before": str, "after": str, "tests": list}
OPTIONAL = {"shrink": bool}


class Refused(Exception):
    """What stands in a file of mistakes can not be planted."""


@dataclass(frozen=True)
class Mistake:
    """A replacement in one file, and the arguments for pytest with which it must be noticed.

    Tests end at their first example that fails, but for `shrink`: those are about the smallest example.
    """

    room: str
    title: str
    file: str
    before: str
    after: str
    tests: tuple[str, ...]
    shrink: bool = False

    def planted_in(self, text: str) -> str:
        """Return the text of the file with the mistake."""
        times = text.count(self.before)
        if times != 1:
            raise Refused(f"{self.title}: {self.before!r} stands {times} times in {self.file}")
        return text.replace(self.before, self.after)


def read_mistakes(root: Path) -> list[Mistake]:
    """Return the mistakes of all rooms in the order of their files."""
    found = [mistake for path in sorted((root / "tests").glob("*/mistakes.toml")) for mistake in _read(path)]
    twice = [title for title, times in Counter(each.title for each in found).items() if times > 1]
    if twice:
        raise Refused(f"several mistakes are called {', '.join(map(repr, twice))}")
    return found


def check(mistakes: Iterable[Mistake], root: Path) -> None:
    """Refuse the mistakes that have no place in their file, all at once."""
    faults = [fault for mistake in mistakes for fault in _faults(mistake, root)]
    if faults:
        raise Refused("\n".join(faults))


def _faults(mistake: Mistake, root: Path) -> Iterator[str]:
    path = root / mistake.file
    if not path.is_file():
        yield f"{mistake.title}: there is no file {mistake.file}"
        return
    try:
        mistake.planted_in(path.read_text(encoding="utf-8"))
    except Refused as fault:
        yield str(fault)


def _read(path: Path) -> Iterator[Mistake]:
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise Refused(f"{path}: {error}") from error
    if data.keys() != {"mistake"}:
        raise Refused(f"{path}: [[mistake]] tables and nothing else")
    for number, table in enumerate(data["mistake"], 1):
        _check_keys(table, f"{path}: mistake {number}")
        yield Mistake(path.parent.name, **{**table, "tests": tuple(table["tests"])})


def _check_keys(table: Mapping[str, object], where: str) -> None:
    types = {**REQUIRED, **OPTIONAL}
    for key, value in table.items():
        if not isinstance(value, types.get(key, ())):
            raise Refused(f"{where}: {key} = {value!r}")
    missing = REQUIRED.keys() - table.keys()
    if missing:
        raise Refused(f"{where}: no {', '.join(sorted(missing))}")
