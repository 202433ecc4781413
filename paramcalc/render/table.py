"""What every table shows: rows with their numbers, and the summary below them. Renderers only lay it out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from paramcalc.breakdown import Row, Term, breakdown
from paramcalc.render import numbers
from paramcalc.symbols import Size
from paramcalc.totals import Totals
from paramcalc.tree import Block


@dataclass(frozen=True)
class Line:
    """A row of the breakdown with what its columns hold."""

    row: Row
    layer: str
    shape: str
    formula: str
    totals: Totals
    share: str

    @property
    def params(self) -> Size:
        """The number of parameters, with the values that the table is for."""
        return self.totals.params


@dataclass(frozen=True)
class Table:
    """The lines below the root, the root's own line, its totals, and the domain of the formulas."""

    title: str
    lines: tuple[Line, ...]
    total: Line
    totals: Totals
    domain: tuple[str, ...]
    symbolic: bool

    @property
    def headers(self) -> tuple[str, ...]:
        """The columns after path, layer and shape: the formula where asked for, then numbers where there are any."""
        numeric = isinstance(self.totals.params, int) or not self.symbolic
        return (*(["Formula"] if self.symbolic else []), *(["Parameters", "Share"] if numeric else []))

    def cells(self, line: Line) -> dict[str, str]:
        """What a line holds in the columns of `headers`."""
        cells = {"Formula": line.formula, "Parameters": numbers.count(line.params), "Share": line.share}
        return {header: cells[header] for header in self.headers}

    @property
    def summary(self) -> tuple[tuple[str, str], ...]:
        """Trainable and frozen parameters, buffers, sizes in two element types, and the conditions."""
        totals = self.totals
        pairs = [("Trainable", numbers.count(totals.trainable))]
        if totals.frozen != 0:
            pairs.append(("Frozen", numbers.count(totals.frozen)))
        pairs.append(("Buffers", f"{numbers.count(totals.buffers)} elements"))
        if isinstance(totals.params, int):
            sizes = f"{numbers.size(4 * totals.params)} in float32, {numbers.size(2 * totals.params)} in float16"
            pairs.append(("Size of the parameters", sizes))
        if self.domain:
            pairs.append(("Holds for", " and ".join(self.domain)))
        return tuple(pairs)


def table(
    block: Block, *, depth: int | None = None, symbolic: bool = False, at: Mapping[str, object] | None = None
) -> Table:
    """Return the table of a tree; `at` gives its symbols the values that the numbers are for."""
    rows = breakdown(block, depth=depth)
    bound = breakdown(block.bind(**at), depth=depth) if at else rows
    shown = rows if symbolic else bound
    whole = bound[0].params
    lines = [_line(row, number, whole, symbolic=symbolic) for row, number in zip(shown, bound, strict=True)]
    domain = tuple(str(each) for each in block.preconditions) if symbolic or not at else ()
    title = block.label or block.title
    below = tuple(lines[1:]) if len(lines) > 1 else tuple(lines)
    return Table(title, below, lines[0], bound[0].totals, domain, symbolic)


def _line(row: Row, number: Row, whole: Size, *, symbolic: bool) -> Line:
    formula = str(row.params) if symbolic else ""
    shape = " + ".join(_term(term) for term in row.terms) if row.counted else ""
    return Line(row, _layer(row), shape, formula, number.totals, numbers.share(number.params, whole))


def _layer(row: Row) -> str:
    copies = "" if type(row.times) is int and row.times == 1 else f"{_factor(row.times)} × "
    return copies + row.layer


def _term(term: Term) -> str:
    """A shape as the product it counts: `2·(512×64)`, or the first place of a shared tensor."""
    product = "×".join(_factor(size) for size in term.shape) or "1"
    if term.tied_to:
        return f"{product} (tied to {term.tied_to})"
    if type(term.count) is int and term.count == 1:
        return product
    return f"{_factor(term.count)}·{product if len(term.shape) == 1 else f'({product})'}"


def _factor(size: Size) -> str:
    return str(size) if isinstance(size, int) or not size.is_Add else f"({size})"
