"""A Markdown table as GitHub reads it."""

from __future__ import annotations

from paramcalc.rendering.table import Line, Table, printable

CODE = ("Holds for", "Fixed", "Given by others")  # lines of the summary with names of sizes


def markdown(table: Table) -> str:
    """Return the table in Markdown: subtotals and total in bold, the summary as a list below."""
    from tabulate import tabulate

    shapes = [_shape(line) for line in table.shown]
    shape = any(shapes)
    headers = ["Path", "Layer", *(["Shape"] if shape else []), *table.headers]
    align = ["right" if header in ("Parameters", "Share", "Bytes") else "left" for header in headers]
    rows = [
        [code(line.row.path), _layer(line), *([text] if shape else []), *_numbers(table, line)]
        for line, text in zip(table.shown, shapes, strict=True)
    ]
    total = _numbers(table, table.total, total=True)
    rows.append(["**Total**", escaped(table.title), *([""] if shape else []), *total])
    body = tabulate(rows, headers=headers, tablefmt="pipe", colalign=align, disable_numparse=True)
    summary = "\n".join(f"- {name}: {code(text) if name in CODE else escaped(text)}" for name, text in table.summary)
    return f"{body}\n\n{summary}"


def _layer(line: Line) -> str:
    row = line.row
    return f"**{escaped(row.label)}**" if row.label and row.level <= 1 else code(line.layer)


def _shape(line: Line) -> str:
    """A shape of numbers as it is; one with symbols in code style, since `*` and `_` would be markup."""
    text = line.shape or (f"({line.remark})" if line.remark else "")
    return code(text) if "*" in text or "_" in text else escaped(text)


def _numbers(table: Table, line: Line, *, total: bool = False) -> list[str]:
    bold = total or not line.row.counted
    return [
        code(text) if header == "Formula" else f"**{text}**" if bold and text else text
        for header, text in table.cells(line).items()
    ]


def code(text: str) -> str:
    """Return a text in code style, empty where it is."""
    return f"`{escaped(text)}`" if text else ""


def escaped(text: str) -> str:
    """Return a text that does not break out of its cell."""
    return printable(text).replace("|", "\\|")
