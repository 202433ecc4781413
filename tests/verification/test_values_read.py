"""Which sizes of a tree give a symbol its value, and which are passed over."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import sympy
from torch import nn

import paramcalc as pc
from paramcalc import Block, TensorSpec, symbol
from paramcalc.sizes.symbols import Size
from paramcalc.verification.bindings import bindings, general_tensor, shared_places
from tests.verification.comparing import found

A, B, N, M = symbol("a"), symbol("b"), symbol("n"), symbol("m")


def net(**shapes: tuple[Size, ...]) -> Block:
    return Block("", "Net", tuple(TensorSpec(name, shape) for name, shape in shapes.items()))


def layers(*indices: int, size: int = 3) -> Block:
    """Layers of these numbers."""
    return Block("", "Net", children=tuple(layer(str(index), size) for index in indices))


def layer(name: str, size: Size) -> Block:
    return Block(name, "Layer", (TensorSpec("w", (size,)),))


SOLVED: list[tuple[Size, int, dict[str, int]]] = [
    (A, 1, {"a": 1}),
    (A, 0, {}),
    (2 * A, 6, {"a": 3}),
    (2 * A, 7, {}),
    (2 * A, 1, {}),
    (A + 3, 4, {"a": 1}),
    (A + 3, 3, {}),
    (A + 3, 2, {}),
    (10 - A, 4, {"a": 6}),
    (3 * A - 1, 5, {"a": 2}),
    (A**2, 9, {}),
    (A * B, 9, {}),
    (A + B, 9, {}),
    (A // 2, 9, {}),
    (7, 7, {}),
    (7, 8, {}),
]


@pytest.mark.parametrize(("size", "number", "values"), SOLVED)
def test_a_size_that_is_linear_in_one_symbol_gives_it_a_whole_value_of_1_or_more(
    size: Size, number: int, values: dict[str, int]
) -> None:
    assert bindings(net(w=(size,)), net(w=(number,))) == values


def test_a_value_that_is_known_leaves_others_to_be_read() -> None:
    general = net(x=(A + B + N,), y=(A + B,), z=(A,))
    assert bindings(general, net(x=(9,), y=(5,), z=(3,))) == {"a": 3, "b": 2, "n": 4}
    assert list(bindings(net(x=(B,), y=(A,)), net(x=(2,), y=(3,)))) == ["a", "b"]
    assert bindings(net(x=(A * B,), y=(A,)), net(x=(6,), y=(3,))) == {"a": 3, "b": 2}
    # What is read first stays, whatever a later equation says.
    assert bindings(net(x=(A,), y=(A + B,), z=(A + 2 * B,)), net(x=(3,), y=(5,), z=(5,))) == {"a": 3, "b": 2}


def test_of_as_many_votes_the_first_is_taken_and_else_the_most() -> None:
    assert bindings(net(x=(A,), y=(A,)), net(x=(5,), y=(4,))) == {"a": 5}
    assert bindings(net(x=(A,), y=(A,), z=(A,)), net(x=(5,), y=(4,), z=(4,))) == {"a": 4}
    assert bindings(net(x=(A, A + 1)), net(x=(5, 6))) == {"a": 5}


def test_a_tensor_of_another_number_of_dimensions_says_nothing() -> None:
    assert bindings(net(x=(A, B)), net(x=(5,))) == {}
    assert bindings(net(x=(A,)), net(x=(5, 6))) == {}
    assert bindings(net(x=(A,), y=(B,)), net(x=(5, 6), y=(7,))) == {"b": 7}
    assert bindings(net(x=(A,)), net(y=(5,))) == {}


@pytest.mark.parametrize(("indices", "number"), [((0,), 1), ((0, 1, 2), 3), ((0, 2), 3), ((5,), 6), ((), None)])
def test_the_number_of_copies_is_one_more_than_the_last_index(indices: tuple[int, ...], number: int | None) -> None:
    general = Block("", "Net", children=(pc.repeated(layer("", 3), N),))
    assert bindings(general, layers(*indices)) == ({} if number is None else {"n": number})


def test_an_index_before_the_first_copy_or_between_two_says_nothing() -> None:
    by_3 = Block("", "Net", children=(Block("{}", "Layer", (TensorSpec("w", (A,)),), repeat=N, first=2, step=3),))
    others, own = layers(0, 1, 3, size=5), layers(2, 5)
    actual = Block("", "Net", children=(*others.children, *own.children))
    assert bindings(by_3, actual) == {"a": 3, "n": 2}
    runs = Block("", "Net", children=(Block("{}", "Layer", (TensorSpec("w", (A,)),), repeat=N, step=3, run=2),))
    assert bindings(runs, layers(0, 1, 3, 4, 6)) == {"a": 3, "n": 5}
    assert bindings(runs, Block("", "Net", children=(*layers(2, 5, size=5).children, layer("0", 3)))) == {
        "a": 3,
        "n": 1,
    }


@pytest.mark.parametrize("repeat", [N, 10 - N])
@pytest.mark.parametrize("numbers", [{"first": M}, {"step": M}, {"step": M, "run": M}])
def test_copies_that_a_symbol_numbers_have_no_number_that_could_be_read(repeat: Size, numbers: dict[str, Any]) -> None:
    general = Block("", "Net", children=(Block("{}", "Layer", (TensorSpec("w", (A,)),), repeat=repeat, **numbers),))
    assert bindings(general, layers(0, 1, 2)) == {"a": 3}


@pytest.mark.parametrize(("last", "read"), [(3, True), (4, True), (5, False), (50, False)])
def test_a_name_may_claim_some_absent_copies(last: int, read: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("paramcalc.verification.bindings.MOST_ABSENT", 3)
    general = Block("", "Net", children=(pc.repeated(layer("", 3), N),))
    assert bindings(general, layers(0, last)) == ({"n": last + 1} if read else {})


def test_both_indices_of_copies_of_copies_are_read() -> None:
    inner = Block("{}", "Layer", (TensorSpec("w", (A,)),), repeat=M)
    general = Block("", "Net", children=(Block("{}", "Stack", children=(inner,), repeat=N),))
    assert bindings(general, general.bind(n=2, m=4, a=7)) == {"a": 7, "m": 4, "n": 2}


def test_a_block_that_may_be_absent_has_no_index_to_read() -> None:
    head = replace(layer("head", A), repeat=sympy.Min(1, N - 1))
    general = Block("", "Net", children=(layer("body", N), head))
    actual = Block("", "Net", children=(layer("body", 2), layer("head", 7)))
    assert bindings(general, actual) == {"n": 2}


def test_only_places_of_what_is_shared_are_copies_without_tensors() -> None:
    one = nn.Linear(3, 3, bias=False)
    general = Block("", "Net", children=(pc.repeated(pc.layers.Linear(3, 3, bias=False), N),))
    assert bindings(general, pc.from_module(nn.ModuleList([one] * 3))) == {"n": 1}
    assert bindings(general, pc.from_module(nn.ModuleList([nn.Linear(3, 3, bias=False) for _ in range(3)]))) == {"n": 3}
    shared = Block("{}", "Linear", repeat=N, first=1, tied_to=".0")
    general = Block("", "Net", children=(pc.layers.Linear(3, 3, bias=False).named("0"), shared))
    assert bindings(general, pc.from_module(nn.ModuleList([one] * 3))) == {"n": 2}


def test_the_tensor_that_stands_for_a_name_is_found_behind_shared_blocks() -> None:
    weight = TensorSpec("w", (2 * A,))
    later = Block("{}", "Pair", children=(Block("w", "Layer", tied_to="...x"),), repeat=N, first=1)
    tree = Block("", "Net", children=(later, Block("x", "Layer", (weight,)), Block("0", "Pair", (weight,))))
    assert general_tensor(tree, "0.w") == weight
    assert general_tensor(tree, "x.w") == weight
    assert general_tensor(tree, "3.w") is None
    assert general_tensor(tree, "x") is None


def test_every_later_place_is_told_in_order_with_its_first() -> None:
    pair = Block("{}", "Pair", children=(Block("a", own=(TensorSpec("w", (1,)),)), Block("b", tied_to=".a")), repeat=2)
    tree = Block("", "Net", children=(pair, Block("c", tied_to=".0.a"), Block("d", tied_to=".1.a")))
    assert list(shared_places(tree)) == [("0.b", "0.a"), ("1.b", "1.a"), ("c", "0.a"), ("d", "1.a")]


def test_what_no_size_determines_is_unknown() -> None:
    assert found(net(x=(2 * A,)), net(x=(7,))) == [("unknown", "a")]
    assert found(net(x=(B, A)), net(x=(7,))) == [("unknown", "a"), ("unknown", "b")]
