"""Words that look like numbers stay as they are, and counts that are only partly known are not measured."""

from __future__ import annotations

import pytest

import paramcalc as pc
from paramcalc import Block, TensorSpec, render
from paramcalc.analysis.diff import Change, Diff
from paramcalc.layers.registry import Layer
from paramcalc.rendering.diff import diff_table
from paramcalc.rendering.formula import layer_sheet
from paramcalc.rendering.table import table
from tests.rendering.sample_trees import NUMBERS, SYMBOLS, D, N


@pytest.mark.parametrize("name", ["1e3", "0x10", "007", "-0", "inf"])
def test_a_name_that_looks_like_a_number_stays_as_it_is(name: str) -> None:
    one = Block("", "", (TensorSpec("w", (2,)),), label=name)
    assert render(one, "text").split()[0] == name
    below = Block("", "", children=(Block("a", own=(TensorSpec("w", (2,)),)),), label=name)
    assert f"| **Total** | {name} " in render(below, "markdown")
    changes = Diff((Change("a", name, 1, 2),), Change("", "", 1, 2))
    assert f"| `a`       | {name} " in diff_table(changes, "x", "y")


def few(bias: bool = True) -> Block:
    """Few numbers."""
    return Block("", "Few", (TensorSpec("0", (3,)), *([TensorSpec("1", (9,))] if bias else [])))


def test_numbers_in_the_sheet_of_a_layer_are_words_of_its_columns() -> None:
    layer = Layer("Few", few, {}, ({"bias": False},))
    assert [line.rstrip() for line in layer_sheet(layer, {}, {}).splitlines()] == [
        "Few: Few numbers.",
        "",
        "Parameters: 12",
        "",
        "Tensor    Shape    Role",
        "--------  -------  ---------",
        "0         (3,)     Parameter",
        "1         (9,)     Parameter",
        "",
        "With        Parameters    Holds for",
        "----------  ------------  -----------",
        "bias=False  3",
        "",
        "Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.Few.html",
    ]


def test_a_part_of_unknown_size_has_no_bar_where_the_whole_is_known() -> None:
    parts = [Block(name, "P", (TensorSpec("w", (size,)),)) for name, size in (("x", N), ("y", 5 - N), ("z", 5))]
    lines = render(Block("", "Net", children=tuple(parts)), "text").splitlines()
    assert lines[0].split() == ["Net", "10", "100.0%", "█" * 24]
    assert [line.split("P")[1].split() for line in lines[1:4]] == [["n"], ["5", "-", "n"], ["5", "50.0%", "█" * 12]]


def test_values_may_be_of_the_symbols_that_they_take_the_places_of() -> None:
    tree = Block("", "Net", (TensorSpec("w", (D, N)),))
    assert str(table(tree, at={"d": 2 * D}).total.params) == "2*d*n"
    assert str(table(tree, at={"d": N + 1, "n": D}).total.params) == "d*n + d"


def test_formulas_are_there_where_they_are_asked_for() -> None:
    for tree in (NUMBERS, SYMBOLS):
        every = [*table(tree).lines, table(tree).total]
        assert {line.formula for line in every} == {""}
        asked = table(tree, symbolic=True)
        assert [line.formula for line in asked.lines] == [str(line.row.params) for line in asked.lines]
    assert (table(SYMBOLS).symbolic, table(SYMBOLS).nbytes) == (False, False)
    assert pc.render(SYMBOLS) == pc.render(SYMBOLS, symbolic=False, nbytes=False, depth=None, at=None)
