"""A tree as text in one of the known formats; the register of formats."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from paramcalc.errors import unknown_name
from paramcalc.rendering.csv import csv
from paramcalc.rendering.markdown import markdown
from paramcalc.rendering.table import Table, table
from paramcalc.rendering.text import text
from paramcalc.tree.block import Block
from paramcalc.tree.json.trees import to_json

TABLES: dict[str, Callable[[Table], str]] = {"markdown": markdown, "text": text, "csv": csv}
FORMATS = (*TABLES, "json")


def render(
    block: Block,
    format: str = "markdown",  # noqa: A002  # the name that the command line and the docs use
    *,
    depth: int | None = None,
    symbolic: bool = False,
    at: Mapping[str, object] | None = None,
    nbytes: bool = False,
) -> str:
    """Return a tree as text in a format: "markdown", "text", "csv" or "json".

    `depth` limits the levels shown, `symbolic` adds a column of formulas, `nbytes` one of bytes, `at` gives the symbols
    of the tree the values that the numbers are for. JSON holds the whole tree and reads back to an equal one.

    >>> from paramcalc.architectures import architecture
    >>> print(render(architecture("amnl"), "csv", depth=1).splitlines()[2])
    cnn,1,FeatureExtractor,CNN Feature Extractor,,53184,5.5%,53184,0,515,0,214808,yes,

    Raises UnknownName for another format, InvalidValue for a depth that is not a whole number of 0 or more.
    """
    if format == "json":
        return to_json(block)
    if format not in TABLES:
        raise unknown_name("format", str(format), FORMATS)
    return TABLES[format](table(block, depth=depth, symbolic=symbolic, at=at, nbytes=nbytes))
