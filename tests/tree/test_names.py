"""No two places of a block have one name, seen without writing the copies out, as if they were."""

from __future__ import annotations

from itertools import product

import pytest

from paramcalc import Block, TensorSpec, symbol
from paramcalc.errors import InvalidValue
from paramcalc.tree.unique_names import first_clash

L, M = symbol("L"), symbol("M")
COUNTS = [
    (repeat * run, first, step, run)
    for repeat, first, step, run in product((1, 2, 3), (0, 1, 4), (1, 2, 3), (1, 2))
    if run <= step
]


def copies(name: str, count: tuple[int, int, int, int]) -> Block:
    repeat, first, step, run = count
    return Block(name, repeat=repeat, first=first, step=step, run=run)


def numbers(count: tuple[int, int, int, int]) -> list[int]:
    repeat, first, step, run = count
    return [first + step * (copy // run) + copy % run for copy in range(repeat)]


def clash(*children: Block) -> str | None:
    try:
        Block(children=children)
    except InvalidValue as error:
        return error.problem
    return None


def test_two_runs_of_copies_may_interleave_but_share_no_number() -> None:
    for one, other in product(COUNTS, COUNTS):
        a, b = numbers(one), numbers(other)
        apart = max(a) < min(b) or max(b) < min(a)
        if one[2] == other[2]:
            apart = apart or {each % one[2] for each in a}.isdisjoint(each % one[2] for each in b)
        found = clash(copies("x{}", one), copies("x{}", other))
        assert found == (None if apart else "two siblings are named 'x{}'"), (one, other)
        assert apart or one[2] != other[2] or not set(a).isdisjoint(b)


def test_no_copies_share_no_number() -> None:
    for count in COUNTS:
        assert clash(copies("x{}", (0, *count[1:])), copies("x{}", count)) is None
        assert clash(copies("x{}", count), copies("x{}", (0, *count[1:]))) is None
    assert clash(copies("x{}", (0, 0, 1, 1)), copies("x{}", (0, 0, 1, 1))) is None


@pytest.mark.parametrize(
    ("one", "other", "shared"),
    [
        (Block("x{}", repeat=L), Block("x{}", repeat=M), True),
        (Block("x{}", repeat=L), Block("x{}", repeat=3), True),
        (Block("x{}", repeat=L), Block("x{}", repeat=3, first=2), False),
        (Block("x{}", repeat=3), Block("x{}", repeat=M, first=3), False),
        (Block("x{}", repeat=L, step=2), Block("x{}", repeat=M, step=2, first=1), False),
        (Block("x{}", repeat=L, step=2, run=2), Block("x{}", repeat=M, step=2, first=1), False),
        (Block("x{}", repeat=L, first=M), Block("x{}", repeat=3, first=M), True),
        (Block("x{}", repeat=L, first=M), Block("x{}", repeat=3, first=L), False),
        (Block("x{}", repeat=3, step=L), Block("x{}", repeat=3, step=L, first=1), False),
        (Block("x{}", repeat=L), Block("x0"), True),
        (Block("x{}", repeat=L), Block("x1"), False),
        (Block("x{}", repeat=L, first=1), Block("x1"), True),
        (Block("x{}", repeat=L - 3), Block("x0"), False),
        (Block("x{}", repeat=3), Block("x2"), True),
        (Block("x{}", repeat=3), Block("x3"), False),
        (Block("x{}", repeat=3), Block("x02"), False),
        (Block("x", repeat=L), Block("x"), True),
        (Block("x", repeat=L), Block("y"), False),
        (Block("x", repeat=0), Block("x{}", repeat=3), False),
    ],
)
def test_copies_that_a_symbol_counts_share_what_is_certain(one: Block, other: Block, shared: bool) -> None:
    assert [clash(one, other) is not None, clash(other, one) is not None] == [shared, shared]


ENDS = ["", "a", "1", "2", "a1", "1a", "12", "21", "2a1", "112"]
TEMPLATES = [f"{head}{{}}{tail}" for head, tail in product(ENDS[:-1], ENDS)]


def test_two_templates_clash_where_they_give_one_name() -> None:
    digits = ["", "1", "2", "11", "12", "21", "112"]
    indices = {*range(130), *(int(f"{head}{middle}{tail}") for head, middle, tail in product(digits, "3", digits))}
    indices |= {int(f"{head}{tail}") for head, tail in product(digits[1:], digits[1:])}
    given = {each: {each.replace("{}", str(index)) for index in indices} for each in TEMPLATES}
    for number, one in enumerate(TEMPLATES):
        for other in TEMPLATES[:number]:
            shared = not given[one].isdisjoint(given[other])
            block = [Block(one, repeat=10**9), Block(other, repeat=10**9)]
            assert (clash(*block) is not None, clash(*block[::-1]) is not None) == (shared, shared), (one, other)


def test_tensors_and_children_share_the_names_of_a_block() -> None:
    w, group = TensorSpec("w", (1,)), Block("", own=(TensorSpec("w{}", (1,)),), repeat=3)
    assert first_clash(Block(own=(w,), children=(Block("v"), group))) is None
    assert Block(own=(w,), children=(group,)).params == 4
    for own, children, name in (
        ((w, w), (), "w"),
        ((w,), (Block("w"),), "w"),
        ((), (Block("v"), Block("u"), Block("u")), "u"),
        ((TensorSpec("w2", (1,)),), (group,), "w2"),
        ((), (Block("w2"), group), "w2"),
        ((), (group, group), "w{}"),
        ((), (Block("w{}", repeat=3), group), "w{}"),
        ((w,), (Block("", own=(w,), repeat=L),), "w"),
        ((TensorSpec("v", (1,)), w, w, TensorSpec("u", (1,))), (Block("u"),), "w"),
    ):
        with pytest.raises(InvalidValue) as caught:  # in full below
            Block("", "Kind", own, children)
        assert str(caught.value) == f"Kind: two siblings are named {name!r}; expected names that differ"
    with pytest.raises(InvalidValue, match=r"^Block: two siblings are named 'w\{\}'"):
        Block("", own=(TensorSpec("w{}", (1,)), TensorSpec("w{}", (2,))), repeat=3)
    assert Block("x{}", own=(w,), repeat=3).params == 3
