"""A symbolic table has the numbers of the bound tree, and rows of nothing for what is absent."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st

import paramcalc as pc
from paramcalc import Block, breakdown, render, symbol
from paramcalc.analysis.breakdown import Row
from paramcalc.rendering.table import table
from paramcalc.testing import block_trees as trees
from paramcalc.tree.totals import Totals

DEPTHS = st.one_of(st.none(), st.integers(0, 4))
A, B = symbol("a"), symbol("b")
LAYERS = st.sampled_from([pc.layers.Linear(A, 3), pc.layers.BatchNorm1d(B), pc.layers.LSTM(A, B, 2)])
H = symbol("h")


@st.composite
def with_blocks_that_may_be_absent(draw: st.DrawFn) -> Block:
    """A tree of which some blocks, or all copies of some, are there for some sizes only."""
    once = replace(draw(LAYERS), name="once", repeat=draw(st.sampled_from([sympy.Min(1, A - 1), sympy.Min(1, B // 3)])))
    several = Block("", "Layer", children=(draw(LAYERS).named("x"), once))
    copies = draw(st.sampled_from([A - 1, sympy.Max(0, B - 2), A // 2]))
    tree = draw(trees.blocks())
    return replace(tree, children=(*tree.children, Block("layers", children=(pc.repeated(several, copies),)), once))


def by_place(rows: Sequence[Row]) -> dict[tuple[str, ...], Row]:
    """Rows by the names of the blocks down to each, in which no range of copies stands."""
    found: dict[tuple[str, ...], Row] = {}
    above: list[str] = []
    for row in rows:
        above[row.level :] = [row.place]
        found[tuple(above)] = row
    assert len(found) == len(rows)
    return found


@given(with_blocks_that_may_be_absent(), trees.values(), DEPTHS)
def test_the_numbers_of_a_symbolic_table_are_those_of_the_bound_tree(
    tree: Block, values: dict[str, int], depth: int | None
) -> None:
    at = {name: value for name, value in values.items() if name in tree.symbols}
    shown = table(tree, symbolic=True, at=at, depth=depth)
    lines = [shown.total, *(shown.lines if shown.lines[0].row.level else ())]
    counts = {place: line.totals for place, line in zip(by_place([line.row for line in lines]), lines, strict=True)}
    actual = {place: row.totals for place, row in by_place(breakdown(tree.bind(**at), depth=depth)).items()}
    assert counts == {place: actual.get(place, Totals()) for place in counts}
    assert actual.keys() <= counts.keys()
    assert [line.formula for line in lines] == [str(row.params) for row in breakdown(tree, depth=depth)]


@pytest.mark.parametrize("style", ["text", "markdown", "csv"])
def test_a_block_that_is_absent_has_a_row_of_nothing(style: str) -> None:
    n = symbol("n")
    head = replace(pc.layers.Linear(4, 3), name="head", repeat=sympy.Min(1, n - 1))
    tree = Block("", "Net", children=(pc.layers.Linear(n, 2).named("body"), head))
    absent, there = (render(tree, style, symbolic=True, at={"n": number}) for number in (1, 2))
    row = {"text": r"head .* 0 +0.0%", "markdown": r"`head`.* 0 +\| +0.0%", "csv": r"head,.*,0,0.0%,"}[style]
    assert re.search(row, absent)
    assert not re.search(row, there)


def test_a_symbolic_table_without_values_has_no_numbers() -> None:
    text = render(pc.layers.Linear(symbol("d"), 3), symbolic=True)
    assert "Parameters |" not in text
    assert "`3*d + 3`" in text


def test_numbers_of_a_symbolic_csv_are_numbers() -> None:
    tree = pc.architecture("amnl", lstm_hidden=H)
    line = pc.render(tree, "csv", symbolic=True, at={"h": 64}, depth=0).splitlines()[1]
    counts = ["310724", "100.0%", "310724", "0", "515", "0", "1244968"]
    assert line.split(",")[5:] == [*counts, "yes", "", "48*h**2 + 944*h + 53700"]
