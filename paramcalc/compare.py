"""Two trees side by side: what each component counts in one and in the other."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias

from paramcalc.breakdown import Row, breakdown
from paramcalc.paths import INDEX
from paramcalc.symbols import Size, canonical, same
from paramcalc.tree import Block

Key: TypeAlias = tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Change:
    """A component in two trees; None stands for a tree that does not have it."""

    path: str
    label: str
    before: Size | None
    after: Size | None

    @property
    def difference(self) -> Size:
        """What the second tree has more than the first."""
        return canonical((self.after or 0) - (self.before or 0))

    @property
    def changed(self) -> bool:
        """Whether the component is missing in one tree, or counts differently."""
        return self.before is None or self.after is None or not same(self.before, self.after)

    @property
    def relative(self) -> Fraction | None:
        """The difference as a part of the first count; None where that is zero, missing or symbolic."""
        if not self.before or not isinstance(self.before, int) or not isinstance(self.difference, int):
            return None
        return Fraction(self.difference, self.before) if self.after is not None else None


@dataclass(frozen=True, slots=True)
class Diff:
    """The components of two trees in order, and their totals."""

    changes: tuple[Change, ...]
    total: Change

    @property
    def differs(self) -> bool:
        """Whether any component differs, even where the totals agree."""
        return self.total.changed or any(change.changed for change in self.changes)


def diff(a: Block, b: Block, *, depth: int | None = 1) -> Diff:
    """Return how two trees differ, component by component, `depth` levels down.

    >>> from paramcalc.architectures import architecture
    >>> small = diff(architecture("amnl"), architecture("amnl", lstm_hidden=64))
    >>> [(change.label, change.difference) for change in small.changes if change.changed][0]
    ('BiLSTM Encoder', -428288)

    Raises InvalidValue for a depth that is not a whole number of 0 or more.
    """
    before, after = (_keyed(breakdown(tree, depth=depth)) for tree in (a, b))
    changes = [_change(before.get(key), after.get(key)) for key in _merged(list(before), list(after))]
    total, *components = changes
    return Diff(tuple(components), total)


def _keyed(rows: tuple[Row, ...]) -> dict[Key, Row]:
    """Rows by the names above and at them; numbered ones by their order, so that 12 layers are compared with 24."""
    keyed: dict[Key, Row] = {}
    above: list[Key] = [()]
    seen: Counter[tuple[Key, str]] = Counter()
    for row in rows:
        del above[row.level + 1 :]
        place = INDEX if row.place.isdigit() else row.place
        order = seen[above[-1], place]
        seen[above[-1], place] += 1
        key = (*above[-1], (place, order)) if row.level else ()
        keyed[key] = row
        above.append(key)
    return keyed


def _merged(a: list[Key], b: list[Key]) -> list[Key]:
    """All keys of both lists; what only the second has comes after what precedes it there."""
    merged, known = list(a), set(a)
    for number, key in enumerate(b):
        if key not in known:
            merged.insert(merged.index(b[number - 1]) + 1 if number else 0, key)
            known.add(key)
    return merged


def _change(before: Row | None, after: Row | None) -> Change:
    row = before or after
    assert row is not None
    return Change(row.path, row.label or row.layer, before.params if before else None, after.params if after else None)
