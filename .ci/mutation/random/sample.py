"""A seeded sample of the small changes of a package, its rooms alike however large they are."""

from __future__ import annotations

import difflib
import random
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mutation.random.places import Change, changes
from mutation.random.source import Source


@dataclass(frozen=True)
class RandomMistake:
    """One small change of a file, with the text of the file before and after."""

    file: str
    change: Change
    before: str
    after: str

    @property
    def title(self) -> str:
        """Return where it is, and its kind."""
        return f"{self.file}:{self.change.line} {self.change.kind}"

    @property
    def diff(self) -> str:
        """Return the lines that are not the same."""
        sides = (self.before.splitlines(), self.after.splitlines())
        return "\n".join(list(difflib.unified_diff(*sides, lineterm="", n=0))[2:])

    def lines(self, sign: str) -> str:
        """Return the lines that went (-) or came (+), each without the spaces around it."""
        return "\n".join(line[1:].strip() for line in self.diff.splitlines() if line.startswith(sign))


def rooms(root: Path, package: str) -> dict[str, list[str]]:
    """Return the files of each folder right within a package; those beside the folders are a room of their own."""
    found: dict[str, list[str]] = defaultdict(list)
    for path in sorted((root / package).rglob("*.py")):
        parts = path.relative_to(root).parts
        found[parts[1] if len(parts) > 2 else package].append("/".join(parts))
    return dict(found)


def sample(root: Path, files: Mapping[str, Sequence[str]], number: int, seed: int) -> list[RandomMistake]:
    """Return a sample: a room each time, a file of it, and one of the changes there that was not drawn yet."""
    chance = random.Random(seed)
    left = {room: {file: _shuffled(root, file, chance) for file in names} for room, names in files.items()}
    found: list[RandomMistake] = []
    while len(found) < number and left:
        room = chance.choice(list(left))
        file = chance.choice(list(left[room]))
        drawn = next(left[room][file], None)
        if drawn is not None:
            found.append(drawn)
            continue
        del left[room][file]
        if not left[room]:
            del left[room]
    return found


def _shuffled(root: Path, file: str, chance: random.Random) -> Iterator[RandomMistake]:
    text = (root / file).read_text(encoding="utf-8")
    source = Source(text)
    some = list(changes(source))
    chance.shuffle(some)
    seen: set[str] = set()
    for change in some:
        after = source.edited(change.edit)
        if after is not None and after not in seen:
            seen.add(after)
            yield RandomMistake(file, change, text, after)
