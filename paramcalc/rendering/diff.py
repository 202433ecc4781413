"""Two trees side by side, as a Markdown table."""

from __future__ import annotations

from paramcalc.analysis.diff import Change, Diff
from paramcalc.rendering.markdown import code, escaped
from paramcalc.rendering.numbers import count, percent
from paramcalc.sizes.symbols import Size


def diff_table(diff: Diff, a: str, b: str, *, everything: bool = False) -> str:
    """Return what differs between the trees called `a` and `b`, or with `everything` all of it, and the totals."""
    from tabulate import tabulate

    shown = [change for change in diff.changes if everything or change.changed]
    rows = [_cells(change, code(change.path), escaped(change.label)) for change in shown]
    rows.append(_cells(diff.total, "**Total**", ""))
    first, second = (f"{a} (A)", f"{b} (B)") if a == b else (a, b)
    headers = ["Path", "Component", first, second, "Change", "Relative"]
    align = ["left", "left", "right", "right", "right", "right"]
    return tabulate(rows, headers=headers, tablefmt="pipe", colalign=align, disable_numparse=True)


def _cells(change: Change, path: str, label: str) -> list[str]:
    relative = change.relative
    share = "" if relative is None else percent(relative) if relative <= 0 else f"+{percent(relative)}"
    return [path, label, _side(change.before), _side(change.after), _signed(change.difference), share]


def _side(value: Size | None) -> str:
    return "none" if value is None else count(value)


def _signed(value: Size) -> str:
    return f"{value:+,}" if isinstance(value, int) and value else count(value)
