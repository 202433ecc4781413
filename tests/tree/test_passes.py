"""A pass visits each block once, children first, and keeps its answers where they hold under any name."""

from __future__ import annotations

from typing import Any

import pytest

import paramcalc as pc
from paramcalc import Block, TensorSpec, fold, symbol, unfold
from paramcalc.tree.fold import grouped, runs_of
from paramcalc.tree.preconditions import preconditions_of, symbols_in
from paramcalc.tree.shapes import dimensions, listed, shape_text, sizes_of
from paramcalc.tree.ties import absolute, open_tie, relative
from paramcalc.tree.totals import totals_of
from paramcalc.tree.traverse import bottom_up

L = symbol("L")
W = TensorSpec("w", (2, 3))
LINEAR = pc.layers.Linear


def noted(tree: Block, **options: bool) -> list[str]:
    seen: list[str] = []

    def visit(block: Block, below: list[int]) -> int:
        seen.append(block.name)
        return 1 + sum(below)

    bottom_up(tree, visit, **options)
    return seen


def test_a_block_that_stands_in_several_places_is_visited_once() -> None:
    leaf = Block("leaf")
    pair = Block("pair", children=(leaf, Block("x", children=(leaf,))))
    root = Block("root", children=(pair, Block("y", children=(pair, leaf))))
    assert sorted(noted(root)) == ["leaf", "pair", "root", "x", "y"]
    order = noted(root)
    for _, block in root.walk():
        assert all(order.index(child.name) < order.index(block.name) for child in block.children)
    assert bottom_up(root, lambda _, below: 1 + sum(below)) == 11  # places, not blocks
    wide: Block = Block("b")
    for number in range(60):
        wide = Block(f"b{number}", children=(wide, Block("c", children=(wide,))))
    assert listed(wide) == 2**60


def test_answers_are_kept_where_that_is_asked() -> None:
    calls: list[str] = []

    def visit(block: Block, _: list[int]) -> int:
        calls.append(block.name)
        return 7

    tree = Block("root", children=(Block("a"),))
    assert [bottom_up(tree, visit) for _ in range(2)] == [7, 7]
    assert calls == ["a", "root"] * 2
    assert tree.recall(visit) is None
    calls.clear()
    assert [bottom_up(tree, visit, keep=True) for _ in range(2)] == [7, 7]
    assert calls == ["a", "root"]
    assert (tree.recall(visit), tree.children[0].recall(visit)) == (7, 7)
    assert bottom_up(Block("more", children=(tree,)), visit, keep=True) == 7
    assert calls == ["a", "root", "more"]
    calls.clear()
    assert bottom_up(tree, visit) == 7
    assert calls == ["a", "root"]
    assert tree.named("other").recall(visit) == 7
    assert tree.unchecked(name="other").recall(visit) is None


@pytest.mark.parametrize("pass_over", [lambda tree: tree.totals, hash, lambda tree: tree.symbols, preconditions_of])
def test_what_a_tree_says_of_itself_is_kept(pass_over: Any) -> None:
    tree = Block("root", children=(LINEAR(L, L).named("a"), Block("b", own=(W,))))
    pass_over(tree)
    assert all(block.__dict__.get("_kept") for _, block in tree.walk())


def test_an_answer_is_that_of_the_fields_alone() -> None:
    tree = Block("root", children=(LINEAR(L, 3).named("a"),))
    assert bottom_up(tree, totals_of, keep=True) == tree.totals == bottom_up(tree, totals_of)
    assert symbols_in(tree) == {"L"}
    assert tree.named("other").totals == tree.totals
    assert tree.bind(L=3).totals.params == 12


def test_sizes_are_those_of_tensors_and_of_copies() -> None:
    tree = Block(own=(W,), children=(Block("x{}", own=(TensorSpec("v", (5, L)),), repeat=7, first=2, step=4, run=3),))
    assert dimensions(tree) == [2, 3, 5, L]
    assert sizes_of(tree) == [2, 3, 5, L, 1, 0, 1, 1, 7, 2, 4, 3]
    assert [shape_text(each) for each in ((), (3,), (3, L))] == ["()", "(3,)", "(3, L)"]


@pytest.mark.parametrize(
    ("tree", "number"),
    [
        (Block(), 1),
        (Block(own=(W,)), 1),
        (Block(own=(W, TensorSpec("v", (1,)))), 2),
        (Block(children=(Block("a"), Block("b", own=(W,)))), 2),
        (Block(own=(W,), children=(Block("a"),)), 2),
        (Block(children=(Block("x{}", repeat=5),)), 5),
        (Block(children=(Block("x{}", own=(W,), repeat=L),)), 1),
        (Block(children=(Block("x{}", own=(W,), repeat=0),)), 1),
        (Block("", own=(W,), children=(Block("x{}", own=(W,), repeat=0),)), 1),
    ],
)
def test_tensors_and_blocks_without_any_are_listed(tree: Block, number: int) -> None:
    assert listed(tree) == number


@pytest.mark.parametrize(
    ("place", "target", "tied_to"),
    [
        ("w", "v", ".v"),
        ("a.w", "a.v", ".v"),
        ("a.w", "v", "..v"),
        ("w", "a.v", ".a.v"),
        ("a.w", "b.v", "..b.v"),
        ("a.b.w", "a.c.v", "..c.v"),
        ("a.b.c.w", "a.x.c.v", "...x.c.v"),
        ("a.b.w", "b.b.v", "...b.b.v"),
        ("a.b.w", "a.b", "..b"),
        ("a.w", "a", "..a"),
        ("a.b.w", "a.b.c.v", ".c.v"),
    ],
)
def test_a_relative_path_leads_back(place: str, target: str, tied_to: str) -> None:
    assert relative(place, target) == tied_to
    assert absolute(place.rpartition(".")[0], tied_to) == target
    made = open_tie("w", tied_to, None)
    assert (made.levels, ".".join(made.target), made.place) == (
        tied_to.count(".", 0, len(tied_to) - len(tied_to.lstrip("."))) - 1,
        tied_to.lstrip("."),
        ("w",),
    )
    assert (made.outside("a").levels, made.outside("a").place) == (made.levels - 1, ("a", "w"))
    assert made.outside("") is made


def names(tree: Block) -> list[tuple[str, Any, Any]]:
    return [(child.name, child.repeat, child.first) for child in tree.children]


ONE, OTHER = LINEAR(4, 4), LINEAR(4, 5)
PAIR = pc.compose("Pair", {"0": ONE, "1": ONE})
FOLDS: dict[str, tuple[dict[str, Block], list[tuple[str, int, int]]]] = {
    "none": ({}, []),
    "one": ({"0": ONE}, [("0", 1, 0)]),
    "two": ({"0": ONE, "1": ONE}, [("{}", 2, 0)]),
    "from 5": ({"x5": ONE, "x6": ONE}, [("x{}", 2, 5)]),
    "a gap": ({"0": ONE, "2": ONE}, [("0", 1, 0), ("2", 1, 0)]),
    "down": ({"1": ONE, "0": ONE}, [("1", 1, 0), ("0", 1, 0)]),
    "others": ({"0": ONE, "1": OTHER, "2": ONE}, [("0", 1, 0), ("1", 1, 0), ("2", 1, 0)]),
    "other names": ({"a0": ONE, "b1": ONE}, [("a0", 1, 0), ("b1", 1, 0)]),
    "no numbers": ({"a": ONE, "b": ONE}, [("a", 1, 0), ("b", 1, 0)]),
    "zeros": ({"00": ONE, "01": ONE}, [("0{}", 2, 0)]),
    "apart": (
        {"a": ONE, "0": ONE, "1": ONE, "b": ONE, "2": ONE, "3": ONE},
        [("a", 1, 0), ("{}", 2, 0), ("b", 1, 0), ("{}", 2, 2)],
    ),
    "alike once folded": ({"0": PAIR, "1": pc.fold(PAIR)}, [("{}", 2, 0)]),
    "one alike once folded": ({"a": OTHER, "0": PAIR, "1": pc.fold(PAIR)}, [("a", 1, 0), ("{}", 2, 0)]),
}


@pytest.mark.parametrize("case", FOLDS)
def test_equal_neighbours_that_count_up_are_one_block(case: str) -> None:
    children, folded = FOLDS[case]
    tree = pc.compose("List", children)
    found = fold(tree)
    assert names(found) == folded
    assert list(found.tensors()) == list(tree.tensors())
    assert fold(found) == found
    assert list(unfold(found).tensors()) == list(tree.tensors())


def test_a_tree_without_equal_neighbours_is_the_same_object() -> None:
    tree = pc.compose("List", {"a": ONE, "b": pc.compose("Inner", {"0": ONE, "2": ONE})})
    assert fold(tree) is tree
    assert fold(ONE) is ONE
    more = pc.compose("List", {"a": tree, "b": pc.compose("Inner", {"0": ONE, "1": ONE})})
    assert fold(more).children[0] is more.children[0]
    assert grouped(ONE, 1) is ONE


def test_copies_are_no_neighbours_of_what_counts_up() -> None:
    copies = Block("x{}", own=(W,), repeat=3)
    tree = Block(children=(copies, Block("x3", own=(W,)), Block("x4", own=(W,))))
    assert names(fold(tree)) == [("x{}", 3, 0), ("x{}", 2, 3)]
    once = Block(children=(Block("1x{}1", own=(W,)), Block("1x{}2", own=(W,))))
    assert fold(once) == once
    assert [len(run) for run in runs_of([copies, copies, Block("a"), Block("a")])] == [1, 1, 1, 1]


def test_names_that_could_be_one_once_folded_stay_apart() -> None:
    tree = pc.compose("List", {"a10": ONE, "a11": ONE, "a1": OTHER, "a2": OTHER})
    assert list(fold(tree).tensors()) == list(tree.tensors())
    inner = pc.compose("List", {"a10": PAIR, "a11": PAIR, "a1": OTHER, "a2": OTHER})
    assert list(fold(inner).tensors()) == list(inner.tensors())
    assert names(fold(inner))[0][0] in ("a{}", "a10")


@pytest.mark.parametrize(
    ("block", "written"),
    [
        (Block("x{}", "K", (W,), repeat=2), ["x0", "x1"]),
        (Block("x{}y", "K", (W,), repeat=2, first=3), ["x3y", "x4y"]),
        (Block("x{}", "K", (W,), repeat=4, step=3, run=2), ["x0", "x1", "x3", "x4"]),
        (Block("x0{}", "K", (W,), repeat=2), ["x00", "x01"]),
        (Block("x{}", "K", (W,)), ["x0"]),
        (Block("x{}", "K", (W,), repeat=0), []),
        (Block("x", "K", (W,), repeat=0), []),
        (Block("x{}", "K", (W,), repeat=L), ["x{}"]),
        (Block("x", "K", (W,), repeat=L), ["x"]),
        (Block("x", "K", (W,)), ["x"]),
    ],
)
def test_copies_that_can_be_listed_are_written_out(block: Block, written: list[str]) -> None:
    tree = unfold(Block(children=(block,)))
    assert [child.name for child in tree.children] == written
    assert all(child == Block(child.name, "K", (W,)) for child in tree.children if block.repeat != L)
    assert block.repeat != L or tree.children == (block,)
