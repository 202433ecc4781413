"""What single cells and lines of the summary say, one thing at a time."""

from __future__ import annotations

from dataclasses import FrozenInstanceError

import pytest

import paramcalc as pc
from paramcalc import Block, TensorSpec, render, symbol
from paramcalc.errors import UnknownName
from paramcalc.rendering.markdown import code, escaped
from paramcalc.rendering.render import FORMATS
from paramcalc.rendering.table import Table, printable, table
from paramcalc.sizes.conditions import Condition
from paramcalc.sizes.symbols import Size
from tests.rendering.sample_trees import NUMBERS, SYMBOLS, D, N


def summary(tree: Block, *, nbytes: bool = False) -> dict[str, str]:
    return dict(table(tree, nbytes=nbytes).summary)


def body(tree: Block, form: str = "text") -> list[str]:
    return render(tree, form).split("\n\n")[0].splitlines()


def shape_of(*own: TensorSpec) -> str:
    return table(Block("", "Net", own)).lines[0].shape


SHAPES: list[tuple[str, list[TensorSpec]]] = [
    ("1", [TensorSpec("a", ())]),
    ("2·(1)", [TensorSpec("a", ()), TensorSpec("b", ())]),
    ("3", [TensorSpec("a", (3,))]),
    ("2·3", [TensorSpec("a", (3,)), TensorSpec("b", (3,))]),
    ("2·(3×4)", [TensorSpec("a", (3, 4)), TensorSpec("b", (3, 4))]),
    ("3×4 + 4×3 + 3", [TensorSpec("a", (3, 4)), TensorSpec("b", (4, 3)), TensorSpec("c", (3,))]),
    ("(d + 1)×2*d×d*n×7", [TensorSpec("a", (D + 1, 2 * D, D * N, 7))]),
    ("0×3", [TensorSpec("a", (0, 3))]),
    ("3 (x)", [TensorSpec("a", (3,), note="x")]),
    ("3 + 4 (x)", [TensorSpec("a", (3,), note="x"), TensorSpec("b", (4,), note="x")]),
    ("3 (x) + 4 (y)", [TensorSpec("a", (3,), note="x"), TensorSpec("b", (4,), note="y")]),
    ("3 + 4 (y)", [TensorSpec("a", (3,)), TensorSpec("b", (4,), note="y")]),
    ("3 (frozen, x) + 5", [TensorSpec("a", (3,), "frozen", note="x"), TensorSpec("b", (5,))]),
    ("3 + 3 (tied to a)", [TensorSpec("a", (3,)), TensorSpec("b", (3,), tied_to=".a")]),
    ("3 + 3 (tied to a, x)", [TensorSpec("a", (3,)), TensorSpec("b", (3,), tied_to=".a", note="x")]),
    ("", [TensorSpec("a", (3,), "buffer")]),
]


@pytest.mark.parametrize(("expected", "own"), SHAPES)
def test_shapes_are_the_sum_that_they_count(expected: str, own: list[TensorSpec]) -> None:
    assert shape_of(*own) == expected


def test_so_many_tensors_of_a_symbolic_number_are_a_product() -> None:
    assert table(pc.layers.LSTM(2, 3, N)).lines[0].shape == "12×2 + (2*n - 1)·(12×3) + 2*n·12"


COPIES: list[tuple[Size, str]] = [
    (1, "Linear(2, 3)"),
    (2, "2 × Linear(2, 3)"),
    (N, "n × Linear(2, 3)"),
    (N + 1, "(n + 1) × Linear(2, 3)"),
    (2 * N, "2*n × Linear(2, 3)"),
]


@pytest.mark.parametrize(("copies", "layer"), COPIES)
def test_the_number_of_copies_stands_before_the_layer(copies: Size, layer: str) -> None:
    tree = Block("", "Net", children=(pc.repeated(pc.layers.Linear(2, 3), copies),))
    assert [line.layer for line in table(tree).lines] == [layer]


def test_copies_of_what_has_no_class_are_their_number() -> None:
    tree = Block("", "Net", children=(Block("{}", own=(TensorSpec("w", (2,)),), repeat=3),))
    assert [line.layer for line in table(tree).lines] == ["3 ×"]


REMARKS = Block(
    "",
    "Net",
    (TensorSpec("a", (2,), note="x"), TensorSpec("b", (2,), "buffer", note="y", persistent=False)),
    (
        Block("c", "Linear", (TensorSpec("v", (2,), note="x"), TensorSpec("w", (3,), note="x"))),
        Block("d", "Linear", (TensorSpec("v", (2,), note="x"), TensorSpec("w", (3,), note="z")), note="z"),
        Block("e", "Linear", tied_to=".c"),
        Block("f", "Net", children=(pc.layers.Linear(1, 1).named("g"),), note="whole"),
    ),
    note="of all",
)


def test_each_remark_is_said_once_and_that_of_the_root_below() -> None:
    shown = table(REMARKS)
    remarks = {line.row.path: line.remark for line in [shown.total, *shown.lines]}
    expected = {"": "", "a": "x", "b": "not persistent, y", "c": "x", "d": "x, z", "e": "shared with c", "f": "whole"}
    assert remarks == {**expected, "f.g": ""}
    assert shown.note == "of all"
    assert [line.split("|")[3].strip() for line in body(REMARKS, "markdown")[2:]] == [
        *("2 (x)", "(not persistent, y)", "2 + 3 (x)", "2 (x) + 3 (z)", "(shared with c)", "(whole)", "1×1 + 1", ""),
    ]
    assert body(REMARKS)[1].split()[1:4] == ["a", "Parameter", "(x)"]


def test_a_tree_of_one_block_is_its_own_line() -> None:
    one = pc.layers.Linear(2, 3)
    assert body(one) == ["Linear(2, 3)    9  100.0%  ████████████████████████"]
    assert [line.split("|")[1:3] for line in body(one, "markdown")[2:]] == [
        ["           ", " `Linear(2, 3)` "],
        [" **Total** ", " Linear(2, 3)   "],
    ]
    assert len(body(one, "csv")) == 2
    assert [line.row.path for line in table(one).lines] == [""]
    assert table(pc.layers.Linear(2, 3), depth=0).lines[0] == table(pc.layers.Linear(2, 3), depth=0).total


def test_modules_without_tensors_are_left_out_unless_there_are_no_others() -> None:
    none, act = pc.layers.Identity(), pc.layers.Identity().named("act")
    assert [line.row.path for line in table(pc.layers.Sequential(none, none)).shown] == ["0", "1"]
    assert [line.row.path for line in table(Block("", "Net", (TensorSpec("w", (1,)),), (act,))).shown] == ["w"]
    assert "Not shown" not in summary(pc.layers.Sequential(none, none))
    some = {1: "1 module without tensors", 2: "2 modules without tensors", 1234: "1,234 modules without tensors"}
    for copies, said in some.items():
        tree = Block("", "Net", (TensorSpec("w", (1,)),), (pc.repeated(none, copies),))
        assert summary(tree)["Not shown"] == said
    tree = Block("", "Net", (TensorSpec("w", (1,)),), (pc.repeated(none, N), act))
    assert summary(tree)["Not shown"] == "n + 1 modules without tensors"


def held(*tensors: tuple[int, str, str]) -> Block:
    own = tuple(
        TensorSpec(f"t{place}", (size,), role, dtype)  # type: ignore[arg-type]
        for place, (size, role, dtype) in enumerate(tensors)
    )
    return Block("", "Net", own)


SIZES: list[tuple[str, list[tuple[int, str, str]]]] = [
    ("0 B in float32, 0 B in float16", []),
    ("12 B in float32, 6 B in float16", [(3, "parameter", "float32")]),
    ("28 B in float32, 14 B in float16", [(3, "parameter", "float32"), (4, "frozen", "float32")]),
    ("12 B in float32, 6 B in float16", [(3, "parameter", "float32"), (4, "buffer", "int64")]),
    ("12 B in float32, 6 B in float16", [(3, "parameter", "float32"), (4, "packed", "int8")]),
    ("6 B in float16", [(3, "parameter", "float16")]),
    ("6 B in float16", [(3, "frozen", "float16")]),
    ("14 B in float16", [(3, "parameter", "float16"), (4, "frozen", "float16"), (9, "buffer", "float32")]),
    ("16 B in float32 + 6 B in float16", [(4, "parameter", "float32"), (3, "frozen", "float16")]),
]


@pytest.mark.parametrize(("said", "tensors"), SIZES)
def test_the_size_is_that_of_the_types_that_parameters_have(said: str, tensors: list[tuple[int, str, str]]) -> None:
    assert summary(held(*tensors))["Size of the parameters"] == said


def test_bytes_are_said_by_role_where_there_are_any() -> None:
    every = [(1000, "parameter", "float16"), (500, "frozen", "float16"), (2, "buffer", "int64"), (3, "packed", "int8")]
    assert summary(held(*every), nbytes=True) == {
        "Trainable": "1,000",
        "Frozen": "500",
        "Buffers": "2 elements",
        "Packed": "3 elements outside parameters()",
        "Bytes of parameters": "3.00 kB in float16",
        "Bytes of buffers": "16 B in int64",
        "Bytes of packed tensors": "3 B in int8",
    }
    assert list(summary(held((1, "buffer", "float32")), nbytes=True)) == ["Trainable", "Buffers", "Bytes of buffers"]
    assert list(summary(held((1, "parameter", "float32")))) == ["Trainable", "Buffers", "Size of the parameters"]


def test_conditions_are_said_of_formulas_and_of_symbols_without_values() -> None:
    tree = Block(
        "", "Net", (TensorSpec("w", (D,)),), conditions=(Condition(D, "divisible by", 4), Condition(D, ">=", 8))
    )
    said = ("d divisible by 4", "d >= 8")
    assert (
        table(tree).domain
        == table(tree, symbolic=True).domain
        == table(tree, symbolic=True, at={"d": 8}).domain
        == said
    )
    assert table(tree, at={"d": 8}).domain == ()
    assert table(tree, at={}).domain == said
    assert dict(table(tree).summary)["Holds for"] == "d divisible by 4 and d >= 8"


def test_a_table_is_called_by_its_label_or_else_its_class() -> None:
    assert [table(each).title for each in (NUMBERS, SYMBOLS, Block(), pc.layers.Linear(2, 3))] == [
        *("A net", "Net", "Block", "Linear(2, 3)")
    ]


TEXTS = [
    ("", "", "", ""),
    ("a", "a", "a", "`a`"),
    ("a|b||c", "a|b||c", "a\\|b\\|\\|c", "`a\\|b\\|\\|c`"),
    ("a\nb\x1b[1m", "a b [1m", "a b [1m", "`a b [1m`"),
    ("é ×", "é ×", "é ×", "`é ×`"),
]


@pytest.mark.parametrize(("text", "plain", "cell", "styled"), TEXTS)
def test_no_text_breaks_out_of_its_line_or_cell(text: str, plain: str, cell: str, styled: str) -> None:
    assert (printable(text), escaped(text), code(text)) == (plain, cell, styled)


def test_a_shape_with_markup_is_in_code_style() -> None:
    trees = [(D, "d"), (2 * D, "`2*d`"), (symbol("d_k"), "`d_k`"), (D + 1, "(d + 1)")]
    for size, cell in trees:
        assert body(Block("", "Net", (TensorSpec("w", (size,)),)), "markdown")[2].split("|")[3].strip() == cell
    noted = Block("", "Net", (TensorSpec("w", (2,), note="a|b"),))
    assert "| 2 (a\\|b) |" in body(noted, "markdown")[2]


def test_labels_are_bold_in_the_first_two_levels() -> None:
    inner = Block("c", "Two", (TensorSpec("w", (2,)),), label="In|ner")
    tree = Block("", "Net", children=(Block("b", "One", children=(inner,), label="Ou|ter"),), label="All")
    assert "| **In\\|ner** |" in body(inner, "markdown")[2]
    rows = body(tree, "markdown")[2:]
    assert "**Ou\\|ter**" in rows[0]
    assert "`Two`" in rows[1]
    assert "In" not in rows[1]
    assert "| All" in rows[2]


def test_tables_and_their_lines_do_not_change() -> None:
    shown: Table = table(NUMBERS)
    for value in (shown, shown.total):
        with pytest.raises(FrozenInstanceError, match="cannot assign to field 'share'"):
            value.share = ""  # type: ignore[misc, union-attr]


@pytest.mark.parametrize(
    ("name", "advice"), [("markdwn", "did you mean 'markdown'?"), ("x", f"known: {', '.join(FORMATS)}")]
)
def test_an_unknown_format_is_said_in_full(name: str, advice: str) -> None:
    assert FORMATS == ("markdown", "text", "csv", "json")
    with pytest.raises(UnknownName, match="unknown format") as caught:
        render(NUMBERS, name)
    assert str(caught.value) == f"unknown format '{name}'; {advice}"
