"""A tree for the terminal, with a bar for each share."""

from __future__ import annotations

from fractions import Fraction

from paramcalc.rendering.table import Line, Table, printable

BAR = 24
WIDTH = 72


def text(table: Table) -> str:
    """Return the table as an indented tree: name, layer or formula, parameters, share and a bar of the share."""
    from tabulate import tabulate

    lines = table.shown if table.shown[0].row.level else ()
    rows = [_cells(table.title, table.total, table)]
    rows += [_cells(guide + line.row.name, line, table) for guide, line in zip(_guides(lines), lines, strict=True)]
    align = ["left", "left", *("right" for header in table.headers if header != "Formula"), "left"]
    widths = [None, WIDTH, *(None for _ in align[2:])]
    body = tabulate(
        rows,
        tablefmt="plain",
        colalign=align,
        disable_numparse=True,
        preserve_whitespace=True,
        maxcolwidths=widths,
        break_long_words=False,
    )
    summary = "\n".join(printable(f"{name}: {value}") for name, value in table.summary)
    return "\n".join(line.rstrip() for line in body.splitlines()) + f"\n\n{summary}"


def _cells(name: str, line: Line, table: Table) -> list[str]:
    cells = table.cells(line)
    layer = line.row.label or line.layer if line.row.level else ""
    layer += f" ({line.remark})" if line.remark else ""
    if "Bytes" in cells:
        cells["Bytes"] += " B"
    return [printable(name), printable(cells.pop("Formula", layer)), *cells.values(), _bar(line, table)]


def _bar(line: Line, table: Table) -> str:
    whole = table.total.params
    if not isinstance(line.params, int) or not isinstance(whole, int) or not whole:
        return ""
    eighths = round(Fraction(line.params, whole) * BAR * 8)
    full, rest = divmod(max(eighths, 1 if line.params else 0), 8)
    return "█" * full + ("" if rest == 0 else "▏▎▍▌▋▊▉"[rest - 1])


def _guides(lines: tuple[Line, ...]) -> list[str]:
    """The lines of the tree to the left of each name: drawn from below, where it is known what still follows."""
    guides: list[str] = []
    open_levels: set[int] = set()
    for line in reversed(lines):
        level = line.row.level
        open_levels = {each for each in open_levels if each <= level}
        stems = "".join("│  " if each in open_levels else "   " for each in range(1, level))
        guides.append(f"{stems}{'├─ ' if level in open_levels else '└─ '}")
        open_levels.add(level)
    return guides[::-1]
