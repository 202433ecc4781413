"""Each row of a breakdown says where a part stands, what it is, how many copies there are and what it owns."""

from __future__ import annotations

from typing import Any

import pytest

import paramcalc as pc
from paramcalc import Block, TensorSpec, breakdown, symbol
from paramcalc.analysis.breakdown import Row, Term, place, tensor_rows
from paramcalc.errors import InvalidValue
from paramcalc.tree.totals import Totals
from tests.frozen import assert_frozen

N = symbol("n")
NORM = Block(
    "norm",
    "Norm",
    (
        TensorSpec("scale", (4,)),
        TensorSpec("shift", (4,), "frozen", note="kept"),
        TensorSpec("again", (4,), tied_to=".scale"),
        TensorSpec("twin", (4,)),
        TensorSpec("mean", (4,), "buffer", persistent=False),
        TensorSpec("count", (), "buffer", "int64"),
        TensorSpec("q", (4, 3), "packed", "int8"),
        TensorSpec("z", (3,), "packed", "int32"),
    ),
    note="a note",
)
GROUP = Block(
    own=(TensorSpec("w_l{}", (2,)), TensorSpec("s_l{}", (), "buffer", note="a step")), repeat=3, first=1, kind="layers"
)
TIED = Block("fc", "Linear", (TensorSpec("weight", (3,)), TensorSpec("bias", (2, 3), tied_to="..weight")))
LAYER = Block(
    "{}",
    "Layer",
    (TensorSpec("weight", (2, 3)),),
    (TIED, GROUP, Block("act", "ReLU")),
    repeat=2,
    first=4,
    step=2,
    label="Many",
)
OWN = (
    TensorSpec("top", (7,), note="of all"),
    TensorSpec("stat", (7,), "buffer", note="a mean"),
    TensorSpec("pk", (7,), "packed", "int8"),
)
PAIR = Block(own=(TensorSpec("b{}", (5,)),), repeat=2)
CHILDREN = (NORM, LAYER, Block("plain"), Block("share", "Norm", tied_to=".norm"), PAIR)
TREE = Block("net", "Net", OWN, CHILDREN, label="The net")

PACKED = "packed outside parameters(): int8 "
NORM_NOTE = f"mean not persistent, {PACKED}q 4×3, int32 z 3, a note"
NORM_TERMS = (Term(2, (4,)), Term(1, (4,), None, "frozen, kept"), Term(1, (4,), "norm.scale"))
FC_TERMS = (Term(1, (3,)), Term(1, (2, 3), "[4..6 by 2].weight"))
PACKED_LAYER = "Packed (outside parameters())"

# path, place, name, level, layer, label, times, params, counted, terms, note, empty
ROWS: list[tuple[Any, ...]] = [
    ("", "net", "net", 0, "Net", "The net", 1, 59, False, (), f"{PACKED}pk 7", False),
    ("top", "top", "top", 1, "Parameter", "", 1, 7, True, (Term(1, (7,), None, "of all"),), "", False),
    ("stat", "stat", "stat", 1, "Buffer", "", 1, 0, True, (), "a mean", False),
    ("pk", "pk", "pk", 1, PACKED_LAYER, "", 1, 0, True, (), "", False),
    ("b[0..1]", "b{}", "b[0..1]", 1, "Parameter", "", 2, 10, True, (Term(1, (5,)),), "", False),
    ("norm", "norm", "norm", 1, "Norm", "", 1, 12, True, NORM_TERMS, NORM_NOTE, False),
    ("[4..6 by 2]", "{}", "[4..6 by 2]", 1, "Layer", "Many", 2, 30, False, (), "", False),
    ("[4..6 by 2].weight", "weight", "weight", 2, "Parameter", "", 2, 12, True, (Term(1, (2, 3)),), "", False),
    ("[4..6 by 2].w_l[1..3]", "w_l{}", "w_l[1..3]", 2, "Parameter", "", 6, 12, True, (Term(1, (2,)),), "", False),
    ("[4..6 by 2].s_l[1..3]", "s_l{}", "s_l[1..3]", 2, "Buffer", "", 6, 0, True, (), "a step", False),
    ("[4..6 by 2].fc", "fc", "fc", 2, "Linear", "", 2, 6, True, FC_TERMS, "", False),
    ("[4..6 by 2].act", "act", "act", 2, "ReLU", "", 2, 0, True, (), "", True),
    ("plain", "plain", "plain", 1, "", "", 1, 0, True, (), "", True),
    ("share", "share", "share", 1, "Norm", "", 1, 0, True, (), "shared with norm", False),
]


def shown(row: Row) -> tuple[Any, ...]:
    first = (row.path, row.place, row.name, row.level, row.layer, row.label, row.times, row.params)
    return (*first, row.counted, row.terms, row.note, row.empty)


def test_a_row_says_all_that_there_is_to_say() -> None:
    assert [shown(row) for row in breakdown(TREE)] == ROWS


def test_a_row_has_the_counts_of_all_copies() -> None:
    totals = {row.path: row.totals for row in breakdown(TREE)}
    assert totals["[4..6 by 2]"] == Totals(30, 0, 6, 0, 144)
    assert totals["[4..6 by 2].s_l[1..3]"] == Totals(buffers=6, nbytes=24)
    assert totals["norm"] == Totals(8, 4, 5, 15, 48 + 16 + 8 + 12 + 12)
    assert totals["share"] == Totals()


@pytest.mark.parametrize("depth", [0, 1, 2, 3])
def test_rows_end_at_a_depth_where_they_are_counted(depth: int) -> None:
    expected = [(path, counted or level == depth) for path, _, _, level, *_, counted, _, _, _ in ROWS if level <= depth]
    assert [(row.path, row.counted) for row in breakdown(TREE, depth=depth)] == expected


@pytest.mark.parametrize("depth", [-1, True, False, 1.0, "1"])
def test_a_depth_that_is_none_is_refused(depth: Any) -> None:
    with pytest.raises(InvalidValue, match=rf"^depth: got {depth!r}; expected a whole number of 0 or more$"):
        breakdown(TREE, depth=depth)


def test_each_tensor_has_a_row_of_its_own() -> None:
    rows = {row.path: row for row in tensor_rows(TREE)}
    names = "top stat pk b[0..1] norm.scale norm.shift norm.again norm.twin norm.mean norm.count norm.q norm.z"
    within = "weight w_l[1..3] s_l[1..3] fc.weight fc.bias"
    paths, inside = names.split(), within.split()
    assert list(rows) == [*paths, *(f"[4..6 by 2].{name}" for name in inside)]
    assert all((row.level, row.counted, row.label, row.empty) == (0, True, "", False) for row in rows.values())
    assert [rows[f"norm.{name}"].layer for name in ("shift", "mean", "q")] == [
        "Parameter (frozen)",
        "Buffer",
        PACKED_LAYER,
    ]
    assert rows["norm.shift"].terms == (Term(1, (4,), None, "kept"),)
    assert rows["norm.again"].terms == (Term(1, (4,), "norm.scale"),)
    assert (rows["norm.mean"].note, rows["norm.mean"].terms) == ("not persistent", ())
    assert [rows[f"[4..6 by 2].{name}"].times for name in inside] == [2, 6, 6, 2, 2]
    assert rows["[4..6 by 2].fc.bias"].terms[0].tied_to == "[4..6 by 2].weight"


@pytest.mark.parametrize(
    ("block", "name"),
    [
        (Block("fc"), "fc"),
        (Block("fc", repeat=N), "fc"),
        (Block("{}", repeat=1, first=5), "5"),
        (Block("h{}", repeat=12), "h[0..11]"),
        (Block("{}", repeat=3, first=1, step=4), "[1..9 by 4]"),
        (Block("{}", repeat=N), "[0..n - 1]"),
        (Block("{}", repeat=N, first=N, step=2), "[n..3*n - 2 by 2]"),
        (Block("{}", repeat=4, first=1, step=3, run=2), "[1.., 2 of every 3]"),
    ],
)
def test_copies_have_their_range_in_brackets(block: Block, name: str) -> None:
    assert place(block) == name


def test_the_root_is_named_by_its_name_or_else_its_label() -> None:
    assert [row.name for row in breakdown(Block("a", label="b"))] == ["a"]
    assert [row.name for row in breakdown(Block(label="b"))] == ["b"]


def test_copies_of_the_root_count_at_every_depth() -> None:
    tree = Block("{}", own=(TensorSpec("w", (4,)),), children=(pc.layers.Linear(3, 4).named("fc"),), repeat=5)
    for depth in (0, 1, None):
        rows = breakdown(tree, depth=depth)
        assert rows[0].params == tree.params == 100
        assert [row.times for row in rows] == [5] * len(rows)
        assert sum(row.params for row in rows if row.counted) == 100
    assert sum(row.params for row in tensor_rows(tree)) == 100


def test_a_leaf_owns_what_its_groups_own() -> None:
    group = Block(own=(TensorSpec("w{}", (3,)), TensorSpec("b{}", (2,)), TensorSpec("m{}", (9,), "buffer")), repeat=N)
    leaf = Block("rnn", "RNN", (TensorSpec("w", (3,)),), (group,))
    (_, row) = breakdown(Block(children=(leaf,)))
    assert row.terms == (Term(N + 1, (3,)), Term(N, (2,)))
    assert (row.path, row.counted, row.params) == ("rnn", True, 5 * N + 3)


def test_a_tie_within_copies_has_the_range_of_each() -> None:
    inner = Block("{}", own=(TensorSpec("a", (2,)), TensorSpec("b", (2,), tied_to=".a")), repeat=3)
    tree = Block(children=(Block("{}", children=(Block("h", children=(inner,)),), repeat=2),))
    (row,) = [row for row in breakdown(tree) if row.counted]
    assert row.terms == (Term(1, (2,)), Term(1, (2,), "[0..1].h.[0..2].a"))


@pytest.mark.parametrize(
    ("block", "empty"),
    [
        (Block("a"), True),
        (Block("a", children=(Block("b"),)), True),
        (Block("a", own=(TensorSpec("w", (0,)),)), False),
        (Block("a", note="read as it is"), False),
        (Block("a", children=(Block("b", own=(TensorSpec("w", ()),)), Block("c"))), False),
    ],
)
def test_a_module_is_empty_where_nothing_is_said_of_tensors(block: Block, empty: bool) -> None:
    assert breakdown(Block(children=(block,)), depth=1)[1].empty == empty


def test_rows_cannot_be_changed() -> None:
    assert_frozen(breakdown(TREE)[0])
    assert_frozen(Term(1, (3,)))
