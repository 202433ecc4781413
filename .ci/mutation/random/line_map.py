"""The map from the lines of a package to the tests that run them, with how long each test takes."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mutation.copies import Copies
from mutation.mistakes import Refused
from mutation.parallel import in_order
from mutation.random import recorder
from mutation.random.sample import RandomMistake
from mutation.runs import run_pytest

SECONDS = 7200.0


@dataclass(frozen=True)
class Choice:
    """Tests for a mistake, how much work they are and how long they take, of how many, and why these."""

    tests: list[str]
    seconds: float
    waited: float
    of: int
    reason: str


class LineMap:
    """Which tests run a line; those that did not pass when the map was made tell nothing and are left out."""

    def __init__(self, record: dict[str, Any]) -> None:
        self.useless = set(record["useless"])
        tests = {name: test for name, test in record["tests"].items() if name not in self.useless}
        self.seconds: dict[str, float] = {name: test["seconds"] for name, test in tests.items()}
        self.waited: dict[str, float] = {name: test["waited"] for name, test in tests.items()}
        self.imported = {(file, line) for file, lines in record["imported"].items() for line in lines}
        self.tests: dict[str, dict[int, set[str]]] = defaultdict(lambda: defaultdict(set))
        for name, test in tests.items():
            for file, lines in test["lines"].items():
                for line in lines:
                    self.tests[file][line].add(name)

    def choice(self, mistake: RandomMistake, seconds: float) -> Choice:
        """Return the tests that should notice a mistake, the fastest first, as many as take some seconds.

        Each group of tests takes half of the time that is left, and the last one the rest.
        """
        file, change = mistake.file, mistake.change
        covering = self._running(file, change.lines) or self._running(file, change.around)
        groups = self._groups(mistake, covering)
        chosen: dict[str, None] = {}
        left = seconds
        for group in groups:
            within = left if group is groups[-1] else left / 2
            for name in sorted(group - chosen.keys(), key=self._by_time):
                if self.seconds[name] <= within or not chosen:
                    chosen[name] = None
                    within -= self.seconds[name]
                    left -= self.seconds[name]
        runs = "runs at import" if change.at_import else f"{len(covering) or 'no'} tests run it"
        return Choice(
            tests=list(chosen),
            seconds=seconds - left,
            waited=sum(self.waited[name] for name in chosen),
            of=len(set().union(*groups)),
            reason=runs,
        )

    def _groups(self, mistake: RandomMistake, covering: set[str]) -> list[set[str]]:
        """Return the tests that run the lines, and those of the module where they run at import too.

        All where the lines run at import alone, or in no test.
        """
        file, change = mistake.file, mistake.change
        imported = any((file, line) in self.imported for line in range(change.lines[0], change.lines[1] + 1))
        if covering and not change.at_import and not imported:
            return [covering]
        mirroring = {name for name in self.seconds if _mirrors(name, file)}
        using = {name for tests in self.tests[file].values() for name in tests}
        every = {*self.seconds} if change.at_import or not covering else set()
        return [covering, mirroring, using, every]

    def _running(self, file: str, lines: tuple[int, int]) -> set[str]:
        return {name for line in range(lines[0], lines[1] + 1) for name in self.tests[file].get(line, ())}

    def _by_time(self, name: str) -> tuple[float, str]:
        return self.seconds[name], name


def _mirrors(test: str, file: str) -> bool:
    """Return whether a test is of the module of a file by its name, or among the examples in its text."""
    path = test.split("::")[0]
    return path == file or Path(path).stem.removeprefix("test_") == Path(file).stem


def read_or_make(path: Path | None, copies: Copies, package: str) -> LineMap:
    """Return the map that a file holds, where it is of this code; or run all tests, and keep the map there."""
    digest = _digest(copies.all[0])
    if path is not None and path.exists():
        data = json.loads(path.read_text(encoding="utf-8"))
        if data["digest"] == digest:
            return LineMap(data)
        print(f"{path} is of other code, and made anew", flush=True)
    record = {"digest": digest, **_record(copies, package)}
    if path is not None:
        path.write_text(json.dumps(record), encoding="utf-8")
    return LineMap(record)


def _record(copies: Copies, package: str) -> dict[str, Any]:
    number = len(copies.all)
    parts = list(in_order(lambda shard: _record_part(copies, package, shard, number), range(number), number))
    return {
        "imported": parts[0]["imported"],
        "useless": [name for part in parts for name in part["useless"]],
        "tests": {name: test for part in parts for name, test in part["tests"].items()},
    }


def _record_part(copies: Copies, package: str, shard: int, shards: int) -> dict[str, Any]:
    with copies.one() as copy:
        file = copy.with_name(f"record-{shard}.json")
        variables = {
            recorder.FILE: str(file),
            recorder.SHARD: str(shard),
            recorder.SHARDS: str(shards),
            recorder.PACKAGE: package,
            "COVERAGE_CORE": "ctrace",  # others keep no contexts
        }
        ended = run_pytest(copy, ["-p", "mutation.random.recorder"], SECONDS, variables)
    if ended.code not in (0, 1):
        raise Refused(f"pytest ended with {ended.code}, without a record of the tests:\n{ended.output}")
    record: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return record


def _digest(root: Path) -> str:
    files: Iterable[Path] = sorted(each for each in root.rglob("*") if each.suffix in (".py", ".md", ".toml"))
    whole = hashlib.sha256()
    for file in files:
        whole.update(f"{file.relative_to(root)}\n".encode() + file.read_bytes())
    return whole.hexdigest()
