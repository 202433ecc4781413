"""What every table shows: rows with their numbers, and the summary below them. Renderers only lay it out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from paramcalc.analysis.breakdown import Row, Term, breakdown
from paramcalc.analysis.scope import Scope, scope_of
from paramcalc.analysis.storage import Stored, storage
from paramcalc.rendering import numbers
from paramcalc.sizes.conditions import as_size
from paramcalc.sizes.symbols import Size, sympified, total
from paramcalc.sizes.write import rounding_note, sides_of
from paramcalc.tree.block import Block
from paramcalc.tree.shapes import sizes_of
from paramcalc.tree.totals import Totals, substituted


@dataclass(frozen=True)
class Line:
    """A row of the breakdown with what its columns hold; `remark` says what is special about it."""

    row: Row
    layer: str
    shape: str
    remark: str
    formula: str
    totals: Totals
    share: str

    @property
    def params(self) -> Size:
        """The number of parameters, with the values that the table is for."""
        return self.totals.params


@dataclass(frozen=True)
class Table:
    """The lines below the root, the root's own line, what is stored, the domain of the formulas, and a remark.

    `nbytes` says whether there is a column of bytes.
    """

    title: str
    lines: tuple[Line, ...]
    total: Line
    stored: tuple[Stored, ...]
    domain: tuple[str, ...]
    scope: Scope
    rounding: str
    note: str
    symbolic: bool
    nbytes: bool

    @property
    def totals(self) -> Totals:
        """The counts of the whole tree."""
        return self.total.totals

    @property
    def shown(self) -> tuple[Line, ...]:
        """The lines to show to people: without the modules that have no tensors; the summary says how many."""
        if all(line.row.empty for line in self.lines):
            return self.lines
        return tuple(line for line in self.lines if not line.row.empty)

    @property
    def headers(self) -> tuple[str, ...]:
        """The columns after path, layer and shape: the formula where asked for, then numbers where there are any."""
        numeric = isinstance(self.totals.params, int) or not self.symbolic
        counts = ["Parameters", "Share", *(["Bytes"] if self.nbytes else [])]
        return (*(["Formula"] if self.symbolic else []), *(counts if numeric else []))

    def cells(self, line: Line) -> dict[str, str]:
        """What a line holds in the columns of `headers`."""
        cells = {
            "Formula": line.formula,
            "Parameters": numbers.count(line.params),
            "Share": line.share,
            "Bytes": numbers.count(line.totals.nbytes),
        }
        return {header: cells[header] for header in self.headers}

    @property
    def summary(self) -> tuple[tuple[str, str], ...]:
        """Trainable and frozen parameters, buffers, bytes, the conditions, what is held, and remarks."""
        totals = self.totals
        hidden = total([] if self.shown is self.lines else [line.row.times for line in self.lines if line.row.empty])
        pairs = {
            "Trainable": numbers.count(totals.trainable),
            "Frozen": numbers.count(totals.frozen) if totals.frozen != 0 else "",
            "Buffers": f"{numbers.count(totals.buffers)} elements",
            "Packed": f"{numbers.count(totals.packed)} elements outside parameters()" if totals.packed != 0 else "",
            "Size of the parameters": "" if self.nbytes else _sizes(totals.params, self.stored),
            **(_bytes(self.stored) if self.nbytes else {}),
            "Holds for": " and ".join(self.domain),
            **{title.capitalize(): text for title, text in self.scope.texts().items() if title != "without a form"},
            "Rounded": self.rounding,
            "Not shown": _left_out(hidden),
            "Note": self.note,
        }
        return tuple((name, text) for name, text in pairs.items() if text)


def table(
    block: Block,
    *,
    depth: int | None = None,
    symbolic: bool = False,
    at: Mapping[str, object] | None = None,
    nbytes: bool = False,
) -> Table:
    """Return the table of a tree; `at` gives its symbols the values that the numbers are for."""
    numbered = block.bind(**at) if at else block
    rows = breakdown(block if symbolic else numbered, depth=depth)
    counts = _with_values(rows, at) if symbolic and at else [row.totals for row in rows]
    whole = counts[0].params
    lines = [_line(row, totals, whole, symbolic=symbolic) for row, totals in zip(rows, counts, strict=True)]
    return Table(
        title=block.label or block.title,
        lines=tuple(lines[1:]) if len(lines) > 1 else tuple(lines),
        total=lines[0],
        stored=storage(numbered),
        domain=tuple(str(each) for each in block.preconditions) if symbolic or not at else (),
        scope=scope_of(block),
        rounding=rounding_note(_shown(block if symbolic or not at else numbered)),
        note=block.note,
        symbolic=symbolic,
        nbytes=nbytes,
    )


def _shown(block: Block) -> list[Size]:
    """The sizes in a tree, and those of its conditions."""
    return [*sizes_of(block), *sides_of(block.preconditions)]


def printable(text: str) -> str:
    """Return a text on one line, without what a terminal would take for a command."""
    return text if text.isprintable() else "".join(each if each.isprintable() else " " for each in text)


def _with_values(rows: Sequence[Row], at: Mapping[str, object]) -> list[Totals]:
    """The counts of the rows where symbols have values: a row stays where there are no copies of its block then."""
    values = sympified({name: as_size(value, where=name)[0] for name, value in at.items()})
    return [substituted(row.totals, values) for row in rows]


def _line(row: Row, totals: Totals, whole: Size, *, symbolic: bool) -> Line:
    formula = numbers.plain(row.params) if symbolic else ""
    shape = _shapes(row.terms) if row.counted else ""
    remarks = [*(_remark(term) for term in row.terms), row.note] if row.level else []
    remark = ", ".join(dict.fromkeys(filter(None, remarks)))
    return Line(row, _layer(row), shape, remark, formula, totals, numbers.share(totals.params, whole))


def _sizes(params: Size, stored: tuple[Stored, ...]) -> str:
    """The bytes of the parameters: as they are, or where all are float32 or their types unsaid in two types."""
    held = [each for each in stored if each.role in ("parameter", "frozen")]
    if not isinstance(params, int):
        return ""
    if {each.dtype for each in held} <= {"float32"}:
        return f"{numbers.size(4 * params)} in float32, {numbers.size(2 * params)} in float16"
    return _by_dtype(held)


def _left_out(modules: Size) -> str:
    if isinstance(modules, int):
        return f"{modules:,} module{'s' if modules > 1 else ''} without tensors" if modules else ""
    return f"{modules} modules without tensors"


def _bytes(stored: tuple[Stored, ...]) -> dict[str, str]:
    names = {"parameters": ("parameter", "frozen"), "buffers": ("buffer",), "packed tensors": ("packed",)}
    held = {name: [each for each in stored if each.role in roles] for name, roles in names.items()}
    return {f"Bytes of {name}": _by_dtype(each) for name, each in held.items()}


def _by_dtype(stored: list[Stored]) -> str:
    sums: dict[str, Size] = {}
    for each in stored:
        sums[each.dtype] = sums.get(each.dtype, 0) + each.nbytes
    return " + ".join(f"{_size(nbytes)} in {dtype}" for dtype, nbytes in sums.items())


def _size(nbytes: Size) -> str:
    return numbers.size(nbytes) if isinstance(nbytes, int) else f"{nbytes} B"


def _layer(row: Row) -> str:
    copies = "" if type(row.times) is int and row.times == 1 else f"{_factor(row.times)} × "
    return (copies + row.layer).rstrip()


def _shapes(terms: tuple[Term, ...]) -> str:
    """The shapes as the sum they count, with what is special about each, or once about all."""
    remarks = {_remark(term) for term in terms}
    if len(remarks) == 1 and len(terms) > 1 and "" not in remarks:
        return f"{' + '.join(map(_product, terms))} ({remarks.pop()})"
    return " + ".join(f"{_product(term)} ({_remark(term)})" if _remark(term) else _product(term) for term in terms)


def _product(term: Term) -> str:
    """A shape as the product it counts, such as `2·(512×64)`."""
    product = "×".join(_factor(size) for size in term.shape) or "1"
    if type(term.count) is not int or term.count != 1:
        return f"{_factor(term.count)}·{product if len(term.shape) == 1 else f'({product})'}"
    return product


def _remark(term: Term) -> str:
    return ", ".join(filter(None, [f"tied to {term.tied_to}" if term.tied_to else "", term.note]))


def _factor(size: Size) -> str:
    return str(size) if isinstance(size, int) or not size.is_Add else f"({size})"
