"""A block that stands for copies gives each its name, and what is asked at a name is that copy."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest

import paramcalc as pc
from paramcalc import Block, TensorSpec, symbol
from paramcalc.errors import InvalidValue, UnknownName
from paramcalc.tree.paths import copies, copy_at, counted, index_in, indices, join, tensor_at, unrolled
from paramcalc.tree.shapes import listed

L = symbol("L")
W = TensorSpec("weight", (2, 3))
COUNTS = list(product((1, 2, 5, 6), (0, 3), (1, 2, 3, 5), (1, 2, 3)))


def numbers(repeat: int, first: int, step: int, run: int) -> list[int]:
    return [first + step * (copy // run) + copy % run for copy in range(repeat)]


@pytest.mark.parametrize("count", [each for each in COUNTS if each[3] <= each[2]])
def test_copies_count_up_in_runs(count: tuple[int, int, int, int]) -> None:
    repeat, first, step, run = count
    expected = numbers(*count)
    block = Block("layer{}", "Linear", (W,), repeat=repeat, first=first, step=step, run=run)
    tree = Block(children=(block,))
    assert list(indices(block)) == expected
    assert unrolled("x{}y", block) == [f"x{number}y" for number in expected]
    assert [name for name, _ in tree.tensors()] == [f"layer{number}.weight" for number in expected]
    assert (tree.params, listed(tree)) == (6 * repeat, repeat)
    for number in range(max(expected) + 3):
        there = number in expected
        assert index_in("layer{}", f"layer{number}", block) == (number if there else None)
        assert (tree.find_block((f"layer{number}",)) is not None) is there
        assert tree.find((f"layer{number}", "weight")) == (W if there else None)
        if there:
            assert copy_at(block, number) == expected.index(number)
            one = tree.at(f"layer{number}")
            assert one == Block(f"layer{number}", "Linear", (W,))
            assert one.numbers == {"repeat": 1, "first": 0, "step": 1, "run": 1}


@pytest.mark.parametrize("count", [(3, 0, 1, 1), (3, 2, 2, 1), (4, 1, 3, 2)])
def test_tensors_of_a_nameless_group_are_its_parents(count: tuple[int, int, int, int]) -> None:
    repeat, first, step, run = count
    own = (TensorSpec("w_l{}", (2, 3)), TensorSpec("b_l{}", (2,)))
    group = Block("", own=own, repeat=repeat, first=first, step=step, run=run)
    tree = Block("", "RNN", (TensorSpec("head", (1,)),), (group, Block("", own=(TensorSpec("odd", (1,)),))))
    names = [f"{letter}_l{number}" for number in numbers(*count) for letter in "wb"]
    assert [name for name, _ in tree.tensors()] == ["head", *names, "odd"]
    assert dict(tree.tensors())[names[0]] == TensorSpec(names[0], (2, 3))
    assert [name for name, _ in pc.unfold(tree).tensors()] == ["head", *names, "odd"]
    assert tree.find(("odd",)) == TensorSpec("odd", (1,))
    for number in range(12):
        found = tree.find((f"b_l{number}",))
        assert (found == own[1]) if number in numbers(*count) else (found is None)
    assert tree.groups == tree.children
    assert tree.children_by_name == {}
    assert listed(tree) == 2 + 2 * repeat


def test_the_index_stands_for_copies_only() -> None:
    named, plain = Block("x", own=(TensorSpec("w", (1,)),)), Block("", own=(TensorSpec("w", (1,)),))
    assert [list(copies(each, None)) for each in (named, plain)] == [[("x", None)], [("", None)]]
    assert [list(copies(each, 3)) for each in (named, plain)] == [[("x", None)], [("", 3)]]
    assert unrolled("x", named) == ["x"]
    tied = Block("x{}", "K", (TensorSpec("a", (1,)), TensorSpec("w", (1,), tied_to=".a")), repeat=2)
    assert {name: tensor.tied_to for name, tensor in Block(children=(tied,)).tensors()} == {
        "x0.a": None,
        "x0.w": "x0.a",
        "x1.a": None,
        "x1.w": "x1.a",
    }


@pytest.mark.parametrize("changed", [{"repeat": L}, {"first": L}, {"step": L}, {"run": L}, {"repeat": L + 1}])
def test_copies_that_a_symbol_counts_cannot_be_listed(changed: dict[str, Any]) -> None:
    block = Block("x{}", "Kind", (W,), **{"repeat": 3, **changed})
    tree = Block(children=(block,))
    assert not counted(block)
    assert unrolled("x{}", block) == ["x{}"]
    assert pc.unfold(tree) == tree
    assert listed(tree) == (3 if block.repeat == 3 else 1)
    with pytest.raises(InvalidValue) as caught:  # in full below
        list(tree.tensors())
    assert str(caught.value) == f"{block.repeat} copies of 'x{{}}' cannot be listed; bind its symbols first"
    first_is_known = changed.keys() == {"repeat"}
    assert (tree.find(("x0", "weight")) is not None) is first_is_known
    assert tree.find(("x1", "weight")) is None
    if not first_is_known:
        assert copy_at(block, 0) is None
    group = Block("", "Kind", (TensorSpec("w{}", (1,)),), **{"repeat": 3, **changed})
    with pytest.raises(InvalidValue, match=r" copies of 'Kind' cannot be listed; bind its symbols first$"):
        list(Block(children=(group,)).tensors())


def test_a_number_of_copies_that_may_be_0_has_no_copy() -> None:
    tree = Block(children=(Block("x{}", own=(W,), repeat=L - 1),))
    assert tree.find(("x0", "weight")) is None
    assert Block(children=(Block("x{}", own=(W,), repeat=0),)).find(("x0", "weight")) is None


def test_a_tensor_with_dots_in_its_name_is_found() -> None:
    odd = TensorSpec("weight.absmax", (3,))
    tree = Block(children=(Block("a", children=(Block("b", own=(odd, W)),)),))
    assert tree.find(("a", "b", "weight", "absmax")) == odd
    assert tree.find(("a", "b", "weight")) == W
    for absent in (("a", "b", "weight", "more"), ("a", "weight"), ("a", "b"), ("c", "b", "weight"), ()):
        assert tree.find(absent) is None
    assert tensor_at(tree, ("a", "b", "weight", "absmax")) == odd
    assert (join("", "x"), join("a", ""), join("a", "x"), join("", "")) == ("x", "a", "a.x", "")


def test_a_path_that_leads_nowhere_names_60_that_do() -> None:
    tree = Block(children=(Block("zz", children=tuple(Block(f"b{number}") for number in range(80))),))
    assert (tree.at(""), tree.at("zz.b7").name) == (tree, "b7")
    for path in ("zz.b80", "zz.b7.x", "."):
        with pytest.raises(UnknownName, match=rf"^unknown block {path!r}; "):
            tree.at(path)
    with pytest.raises(UnknownName, match=r"known: zz, zz\.b0, zz\.b1, ") as caught:
        tree.at("?" * 9)
    assert caught.value.advice.endswith(", zz.b18, ...")
    for last, near in ((58, True), (59, False)):
        others = (Block(f"{'abcdefg'[number % 7]}{number}-long") for number in range(last))
        deep = Block(children=(*others, Block("quite_another_name")))
        assert len(list(deep.walk())) == last + 2
        with pytest.raises(UnknownName) as other:
            deep.at("quite_another_nam")
        assert ("did you mean" in other.value.advice) == (near or last + 1 <= 60)
