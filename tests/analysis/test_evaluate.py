"""Vectorised counts against binding one configuration after the other."""

from __future__ import annotations

from typing import Any

import dask.array as da
import numpy as np
import pytest
import sympy
import torch
from hypothesis import given
from hypothesis import strategies as st

import paramcalc as pc
from paramcalc import Block, TensorSpec, admissible, evaluate, symbol
from paramcalc.analysis.evaluate import CHUNK
from paramcalc.errors import CountOverflow, InvalidType, InvalidValue, PreconditionFailed, UnknownName
from paramcalc.layers import CATALOGUE
from paramcalc.testing import block_trees as trees

HIDDEN = symbol("lstm_hidden")
AMNL = pc.architecture("amnl", lstm_hidden=HIDDEN)
COLUMNS = st.lists(trees.values(), min_size=1, max_size=6)
H = symbol("h")
N = symbol("n")
K = symbol("k")
LINEAR = pc.layers.Linear


def columns(tree: Block, rows: list[dict[str, int]]) -> dict[str, Any]:
    return {name: np.array([row[name] for row in rows]) for name in sorted(tree.symbols)}


@given(trees.blocks(), COLUMNS)
def test_evaluate_is_bind_for_every_configuration(tree: Block, rows: list[dict[str, int]]) -> None:
    expected = [tree.bind(**{name: row[name] for name in tree.symbols}).params for row in rows]
    arrays = columns(tree, rows)
    if not arrays:
        assert evaluate(tree, {}) == expected[0]
        return
    assert evaluate(tree, arrays).tolist() == expected
    assert evaluate(tree, {name: torch.tensor(array) for name, array in arrays.items()}).tolist() == expected
    assert evaluate(tree, {name: array.astype(object) for name, array in arrays.items()}).tolist() == expected
    lazy = evaluate(tree, {name: da.from_array(array, chunks=2) for name, array in arrays.items()})
    assert isinstance(lazy, da.Array)
    assert lazy.compute().tolist() == expected
    assert [evaluate(tree, {name: int(array[0]) for name, array in arrays.items()})] == expected[:1]


@given(st.integers(1, 30), st.integers(1, 3), st.lists(st.integers(1, 30), min_size=1, max_size=8))
def test_quotients_are_exact_where_the_conditions_hold(channels: int, kernel: int, groups: list[int]) -> None:
    tree = pc.layers.Conv1d(channels, 2 * channels, kernel, groups=symbol("g"))
    array = np.array(groups)
    mask = admissible(tree, {"g": array})
    assert mask.tolist() == [channels % each == 0 for each in groups]
    if mask.all():
        assert evaluate(tree, {"g": array}).tolist() == [tree.bind(g=each).params for each in groups]
    else:
        with pytest.raises(PreconditionFailed, match=r"divisible by g|g: .* break"):
            evaluate(tree, {"g": array})


@given(st.lists(st.tuples(st.integers(1, 90), st.integers(60, 99)), min_size=1, max_size=5))
def test_floors_are_those_of_python(pairs: list[tuple[int, int]]) -> None:
    tree = CATALOGUE["AdaptiveLogSoftmaxWithLoss"].build(symbol("d"), symbol("n"), [10, 50])
    d, n = (np.array(column) for column in zip(*pairs, strict=True))
    assert evaluate(tree, {"d": d, "n": n}).tolist() == [tree.bind(d=a, n=b).params for a, b in pairs]


@given(st.lists(st.integers(1, 40), min_size=1, max_size=5))
def test_rounding_and_extremes(sizes: list[int]) -> None:
    x = symbol("x")
    exprs = (sympy.ceiling(x / 7), sympy.Max(x, 9), sympy.Min(3 * x, 50), sympy.Mod(x, 6) + 1)
    tree = Block(own=tuple(TensorSpec(f"t{number}", (expr, x)) for number, expr in enumerate(exprs)))
    expected = [sum((-(-v // 7), max(v, 9), min(3 * v, 50), v % 6 + 1)) * v for v in sizes]
    assert evaluate(tree, {"x": np.array(sizes)}).tolist() == expected


def test_large_arrays_are_computed_piece_by_piece() -> None:
    h = 4 * np.arange(1, 2 * CHUNK + 100)
    assert (evaluate(AMNL, {"lstm_hidden": h}) == 48 * h**2 + 944 * h + 53_700).all()
    grid = h[: 2 * (len(h) // 2)].reshape(2, -1)
    assert evaluate(AMNL, {"lstm_hidden": grid}).shape == grid.shape


def test_arrays_are_broadcast() -> None:
    tree = pc.layers.Linear(symbol("i"), symbol("o"))
    values = {"i": np.arange(1, 4)[:, None], "o": np.arange(1, 6)[None, :]}
    assert evaluate(tree, values).tolist() == [[i * o + o for o in range(1, 6)] for i in range(1, 4)]
    mixed = {"i": da.arange(1, 4, chunks=2)[:, None], "o": np.arange(1, 6)[None, :]}
    assert evaluate(tree, mixed).compute().tolist() == evaluate(tree, values).tolist()


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16", "uint32", "int32", "uint64", "int64"])
def test_narrow_integers_do_not_wrap(dtype: str) -> None:
    assert evaluate(AMNL, {"lstm_hidden": np.array([100], dtype)}).tolist() == [48 * 10_000 + 94_400 + 53_700]


@pytest.mark.parametrize("dtype", [torch.int8, torch.uint8, torch.int16, torch.int32])
def test_narrow_torch_integers_do_not_wrap(dtype: torch.dtype) -> None:
    assert evaluate(AMNL, {"lstm_hidden": torch.tensor([100], dtype=dtype)}).tolist() == [628_100]


@given(st.lists(st.integers(1, 2**40), min_size=1, max_size=4))
def test_counts_are_exact_or_an_error(quarters: list[int]) -> None:
    expected = [48 * (4 * q) ** 2 + 944 * (4 * q) + 53_700 for q in quarters]
    array = 4 * np.array(quarters)
    assert evaluate(AMNL, {"lstm_hidden": array.astype(object)}).tolist() == expected
    if max(expected) < 2**63:
        assert evaluate(AMNL, {"lstm_hidden": array}).tolist() == expected
    else:
        with pytest.raises(CountOverflow, match="exceeds 2\\^63 - 1; use arrays of dtype object"):
            evaluate(AMNL, {"lstm_hidden": array})
        with pytest.raises(CountOverflow, match="could exceed 2\\^63 - 1"):
            evaluate(AMNL, {"lstm_hidden": torch.tensor(array)})


def test_a_bound_that_no_configuration_reaches_is_no_error() -> None:
    tree = pc.layers.Linear(symbol("i"), symbol("o"), bias=False)
    i, o = np.array([2**61, 2]), np.array([1, 2**61])
    assert evaluate(tree, {"i": i, "o": o}).tolist() == [2**61, 2**62]


def test_a_symbol_that_changes_no_count_still_gives_an_array() -> None:
    tree = pc.architecture("amnl", num_heads=symbol("n"))
    assert evaluate(tree, {"n": np.array([1, 2, 8])}).tolist() == [960_964] * 3
    assert admissible(tree, {"n": np.array([1, 3, 8])}).tolist() == [True, False, True]


def test_dask_errors_come_when_it_computes() -> None:
    lazy = evaluate(AMNL, {"lstm_hidden": da.from_array(np.array([4, 6]), chunks=1)})
    with pytest.raises(PreconditionFailed, match="expected lstm_hidden divisible by 4"):
        lazy.compute()


def test_an_empty_array_gives_an_empty_array() -> None:
    for dtype in (int, object, "uint8"):
        assert evaluate(AMNL, {"lstm_hidden": np.array([], dtype)}).tolist() == []
        assert admissible(AMNL, {"lstm_hidden": np.array([], dtype)}).tolist() == []


@pytest.mark.parametrize(
    ("values", "error", "message"),
    [
        ({}, InvalidValue, "no value for lstm_hidden"),
        ({"lstm_hiden": 4}, UnknownName, "did you mean 'lstm_hidden'"),
        ({"lstm_hidden": np.array([4, 0])}, InvalidValue, "lstm_hidden: got 0; expected sizes of 1 or more"),
        ({"lstm_hidden": np.array([4.0])}, InvalidType, "got an array of float64"),
        ({"lstm_hidden": np.array([True])}, InvalidType, "got an array of bool"),
        ({"lstm_hidden": torch.tensor([4.0])}, InvalidType, "got an array of torch.float32"),
        ({"lstm_hidden": [4, 8]}, InvalidType, "got list"),
        ({"lstm_hidden": HIDDEN}, InvalidType, "expected integers"),
        ({"lstm_hidden": 6}, PreconditionFailed, "1 configuration breaks a condition"),
        ({"lstm_hidden": np.array([4, 6, 7])}, PreconditionFailed, "2 configurations break a condition"),
    ],
)
def test_wrong_values_are_refused(values: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        evaluate(AMNL, values)


def test_arrays_of_objects_hold_python_integers() -> None:
    square = LINEAR(H, K)
    array = np.array([np.int64(2**40)], dtype=object)
    assert pc.evaluate(square, {"h": array, "k": array}).tolist() == [2**80 + 2**40]
    for wrong in (2.5, True, "3", None):
        with pytest.raises(InvalidType, match="h: got "):
            pc.evaluate(LINEAR(H, 2), {"h": np.array([3, wrong], dtype=object)})


def test_plain_integers_have_no_bound() -> None:
    assert pc.evaluate(LINEAR(H, 4), {"h": 2**61}) == 2**63 + 4
    assert pc.evaluate(LINEAR(H, K), {"h": np.array([], int), "k": 2**62}).tolist() == []


def test_the_result_is_not_the_callers_array() -> None:
    array = np.array([1, 2, 3])
    result = pc.evaluate(pc.layers.PReLU(H), {"h": array})
    result += 1
    assert array.tolist() == [1, 2, 3]


def test_large_sizes_are_judged_alike() -> None:
    square = Block(own=(TensorSpec("w", (H * H,)),))
    assert square.bind(h=2**40).params == pc.evaluate(square, {"h": 2**40}) == 2**80
    assert pc.solve(square, "h", budget=2**80) == 2**40
    shifted = Block(children=(Block("{}", own=(TensorSpec("w", (4,)),), repeat=2, first=N - 3),))
    assert not pc.admissible(shifted, {"n": np.array([1])}).any()
