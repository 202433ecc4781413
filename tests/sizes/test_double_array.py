"""A program computes of arrays what it computes of each number, or is known not to."""

from __future__ import annotations

import numpy as np
from hypothesis import assume, example, given
from hypothesis import strategies as st

from paramcalc.sizes.double.arrays import array_at, is_arrayed
from paramcalc.sizes.double.programs import Node
from tests.sizes.test_rounded64 import NAMES, programs, true_at

MOST = 10**6


@given(programs, st.lists(st.tuples(st.integers(1, MOST), st.integers(1, MOST)), min_size=1, max_size=20))
@example(("round", ("*", ("number", 0.5), ("symbol", "a"))), [(1, 1), (3, 1), (5, 1)])
def test_arrays_round_as_numbers_do(node: Node, points: list[tuple[int, int]]) -> None:
    assume(is_arrayed(node, dict.fromkeys(NAMES, (1, MOST))))
    each = [true_at(node, dict(zip(NAMES, point, strict=True))) for point in points]
    arrays = {name: np.array(values) for name, values in zip(NAMES, zip(*points, strict=True), strict=True)}
    try:
        found = np.broadcast_to(array_at(node, arrays), len(points)).tolist()
    except ArithmeticError:
        assert None in each
        return
    assert found == each


def test_what_arrays_compute_otherwise_is_known() -> None:
    size: Node = ("symbol", "a")
    square = ("*", size, size)
    powers = [("trunc", ("**", size, ("number", 0.5))), ("trunc", ("sqrt", size)), ("trunc", ("log2", size))]
    large = [("*", square, square), ("trunc", ("*", square, ("number", 1e9))), ("gcd", size, ("number", 8))]
    assert not any(is_arrayed(each, {"a": (1, MOST)}) for each in (*powers, *large))
    assert is_arrayed(("round", ("/", size, ("number", 3))), {"a": (1, MOST)})
