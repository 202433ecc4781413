"""Values at the edge of what is evaluated, and all that is said of those beyond."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import dask.array as da
import numpy as np
import pytest
import torch

import paramcalc as pc
from paramcalc import Block, Condition, TensorSpec, admissible, evaluate, symbol
from paramcalc.errors import ParamcalcError

H, K = symbol("h"), symbol("k")
INTEGERS = "expected integers, or an array of them"
TELLS = "`admissible` tells which ones do not"


def block(size: Any, *conditions: Condition) -> Block:
    return Block(own=(TensorSpec("t", (size,)),), conditions=conditions)


class Shaped:
    """A value of some shape, of no element type."""

    shape = (3,)

    def __repr__(self) -> str:
        return "shaped"


FOURS = block(H, Condition(H, "divisible by", 4, "a reason"))
BARE = block(H, Condition(5, ">=", H))
WIDER = block(H, Condition(H, ">", K, "why"))
SIZE = "an integer or an expression of paramcalc.symbol"
BREAKS = "{}: 1 configuration breaks a condition; expected {}; {}"
BREAK = "{}: {} configurations break a condition; expected {}; {}"
FOUR = ("h", "h divisible by 4", f"a reason; {TELLS}")

SAID: list[tuple[Block, dict[str, Any], str]] = [
    (FOURS, {}, "evaluate: no value for h; expected one for every symbol"),
    (WIDER, {}, "evaluate: no value for h, k; expected one for every symbol"),
    (FOURS, {"h": 4, "g": 3}, "evaluate: unknown symbol 'g'; known: h"),
    (FOURS, {"h": 6}, BREAKS.format(*FOUR)),
    (FOURS, {"h": np.int64(6)}, BREAKS.format(*FOUR)),
    (FOURS, {"h": np.array(6)}, BREAKS.format(*FOUR)),
    (FOURS, {"h": np.array([6, 4])}, BREAKS.format(*FOUR)),
    (FOURS, {"h": np.array([6, 4, 7])}, BREAK.format("h", 2, *FOUR[1:])),
    (FOURS, {"h": np.arange(1, 2001)}, BREAK.format("h", "1,500", *FOUR[1:])),
    (BARE, {"h": np.array([5, 6])}, BREAKS.format("h", "5 >= h", TELLS)),
    (WIDER, {"h": np.array([5, 6]), "k": 8}, BREAK.format("h, k", 2, "h > k", f"why; {TELLS}")),
    (block(5, Condition(H, ">", K)), {"h": 1, "k": 1}, BREAKS.format("h, k", "h > k", TELLS)),
    (FOURS, {"h": np.array([6.0])}, f"h: got an array of float64; {INTEGERS}"),
    (FOURS, {"h": np.array([True])}, f"h: got an array of bool; {INTEGERS}"),
    (FOURS, {"h": np.array(["4"])}, f"h: got an array of <U1; {INTEGERS}"),
    (FOURS, {"h": torch.tensor([4.0])}, f"h: got an array of torch.float32; {INTEGERS}"),
    (FOURS, {"h": K}, f"h: got k; {INTEGERS}"),
    (FOURS, {"h": 6.0}, f"h: got float 6.0; expected {SIZE}"),
    (FOURS, {"h": np.float64(3)}, f"h: got float 3.0; expected {SIZE}"),
    (FOURS, {"h": Shaped()}, f"h: got Shaped shaped; expected {SIZE}"),
    (FOURS, {"h": True}, "h: got the truth value True; expected an integer or a symbol"),
    (FOURS, {"h": 0}, "h: got 0; expected a size of 1 or more"),
    (FOURS, {"h": np.array([0, 4])}, "h: got 0; expected sizes of 1 or more"),
    (FOURS, {"h": torch.tensor([-1, 4])}, "h: got -1; expected sizes of 1 or more"),
    (FOURS, {"h": np.array([4, 2.5], object)}, "h: got float '2.5'; expected integers"),
    (FOURS, {"h": np.array([True, 4], object)}, "h: got bool 'True'; expected integers"),
    (FOURS, {"h": np.array(["3" * 50], object)}, f"h: got str '{'3' * 40}'; expected integers"),
    (
        block(H**2),
        {"h": np.array([2**32])},
        "evaluate: the count 18,446,744,073,709,551,616 exceeds 2^63 - 1; use arrays of dtype object",
    ),
    (
        block(3 * H**2),
        {"h": torch.tensor([2**31])},
        "evaluate: a count could exceed 2^63 - 1; use a NumPy array of dtype object for exact integers",
    ),
]


@pytest.mark.parametrize(("tree", "values", "message"), SAID, ids=[row[-1] for row in SAID])
def test_values_that_are_none_are_told_in_full(tree: Block, values: dict[str, Any], message: str) -> None:
    with pytest.raises(ParamcalcError, match=f"^{re.escape(message)}$"):
        evaluate(tree, values)


def test_a_mask_is_no_error() -> None:
    assert admissible(FOURS, {"h": 6}) is False
    assert admissible(FOURS, {"h": 8}) is True
    assert admissible(block(H), {"h": np.array([1, 2])}).tolist() == [True, True]
    assert admissible(WIDER, {"h": np.array([8, 9]), "k": 8}).tolist() == [False, True]
    both = block(H, Condition(H, "divisible by", 4), Condition(H, ">", 4))
    assert admissible(both, {"h": np.array([4, 5, 8])}).tolist() == [False, False, True]
    assert admissible(FOURS, {"h": torch.tensor([4, 6])}).tolist() == [True, False]


def test_lazy_answers_say_their_type_before_they_are_computed() -> None:
    dask: Any = da
    lazy = {"h": dask.from_array(np.array([4, 8]), chunks=1)}
    assert evaluate(FOURS, lazy).dtype == np.int64
    assert admissible(FOURS, lazy).dtype == np.bool_
    assert evaluate(FOURS, lazy).compute().tolist() == [4, 8]
    assert admissible(FOURS, {"h": dask.from_array(np.array([4, 6]), chunks=1)}).compute().tolist() == [True, False]


def test_the_answer_has_the_type_and_the_shape_of_the_question() -> None:
    assert evaluate(FOURS, {"h": 8}) == 8
    assert type(evaluate(FOURS, {"h": np.array(8)})) is int
    for values in (
        np.array([[4, 8], [12, 16]]),
        np.array([[4, 8], [12, 16]], "uint8"),
        torch.tensor([[4, 8], [12, 16]]),
    ):
        answer = evaluate(FOURS, {"h": values})
        assert answer.tolist() == [[4, 8], [12, 16]]
        assert str(answer.dtype).endswith("int64")
        assert not str(answer.dtype).endswith("uint64")
    assert evaluate(FOURS, {"h": np.array([4, 8], object)}).dtype == object
    assert evaluate(FOURS, {"h": np.array([4, 8], "uint64")}).dtype == np.int64


def test_the_largest_value_decides_where_its_bits_are_too_many() -> None:
    cubes = block(3 * H**2)
    assert evaluate(cubes, {"h": torch.tensor([1_300_000_000])}).tolist() == [3 * 1_300_000_000**2]
    assert evaluate(cubes, {"h": np.array([1_300_000_000, 5])}).tolist() == [3 * 1_300_000_000**2, 75]
    edge = block(H + 2**63 - 1 - 2**40)
    assert evaluate(edge, {"h": np.array([2**40])}).tolist() == [2**63 - 1]
    with pytest.raises(ParamcalcError, match=r"^evaluate: the count 9,223,372,036,854,775,808 exceeds"):
        evaluate(edge, {"h": np.array([2**40 + 1])})


@pytest.mark.parametrize("size", [1, 7, 8, 9, 16, 17])
def test_pieces_are_put_together_in_order(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("paramcalc.analysis.evaluate.CHUNK", 8)
    h = np.arange(1, size + 1)
    tree = pc.layers.Linear(H, K)
    assert evaluate(tree, {"h": h, "k": h[::-1].copy()}).tolist() == [
        int((a + 1) * b) for a, b in zip(h, h[::-1], strict=True)
    ]
    assert evaluate(tree, {"h": h, "k": 3}).tolist() == [3 * (int(a) + 1) for a in h]
    assert admissible(FOURS, {"h": h}).tolist() == [each % 4 == 0 for each in range(1, size + 1)]


@pytest.mark.parametrize(
    ("first", "second"), [((6, 1), (1, 5)), ((1, 5), (6, 1)), ((2, 6), (6,)), ((6,), (2, 6)), ((9,), (1,))]
)
def test_more_than_a_piece_of_values_of_other_shapes_is_broadcast(
    first: tuple[int, ...], second: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("paramcalc.analysis.evaluate.CHUNK", 4)
    h, k = (np.arange(1, np.prod(shape) + 1).reshape(shape) for shape in (first, second))
    assert evaluate(pc.layers.Linear(H, K), {"h": h, "k": k}).tolist() == ((h + 1) * k).tolist()
    assert admissible(WIDER, {"h": h, "k": k}).tolist() == (h > k).tolist()


@pytest.mark.parametrize("by", [1, 2, 4, 6, 8, 64])
def test_a_division_that_all_values_share_holds_for_all(by: int) -> None:
    tree = block(H, Condition(H, "divisible by", by))
    for factor in (by, 2 * by, 3 * by):
        values = factor * np.arange(1, 6)
        assert evaluate(tree, {"h": values}).tolist() == values.tolist()
    if by > 1:
        with pytest.raises(ParamcalcError, match=r"^h: 1 configuration breaks a condition"):
            evaluate(tree, {"h": np.array([by, by + 1])})
    shifted = block(H, Condition(H + 1, "divisible by", 4), Condition(12, "divisible by", H))
    assert admissible(shifted, {"h": np.array([3, 4, 8, 7])}).tolist() == [True, False, False, False]


class Narrow:
    """An array of a library that knows neither how to make it wider nor how to hold Python integers."""

    dtype, shape = "int32", (1,)

    def __getattr__(self, name: str) -> Callable[[], int]:
        if name not in ("max", "min"):
            raise AttributeError(name)
        return lambda: 3


def test_an_array_that_cannot_be_made_wider_is_told() -> None:
    with pytest.raises(ParamcalcError, match=r"^evaluate: a count could exceed 2\^63 - 1; use a NumPy array"):
        evaluate(block(H), {"h": Narrow()})


def test_values_stand_for_all_symbols_of_conditions_too() -> None:
    tree = block(5, Condition(H, ">", K))
    assert evaluate(tree, {"h": np.array([3, 4]), "k": np.array([1, 2])}).tolist() == [5, 5]
    assert evaluate(tree, {"h": 3, "k": 2}) == 5
