"""A program computes what its expression says, of numbers and of arrays, and nothing on the way exceeds its bound."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest
import sympy
import torch

from paramcalc import symbol
from paramcalc.errors import InvalidValue
from paramcalc.sizes.parse import parse_exact
from paramcalc.sizes.program import compile_expr, compiled, elementwise

AT = {"h": 9, "g": 4, "n": 5}
# What is computed at these sizes, and the bound where they are the largest.
COMPUTED: dict[str, tuple[int, int]] = {
    "7": (7, 7),
    "-7": (-7, 7),
    "h": (9, 9),
    "-3*h": (-27, 27),
    "h*g": (36, 36),
    "h - g": (5, 13),
    "3*h**2*g - 2*h + 5": (959, 995),
    "h*g*n + h*g + h + g*n + 1": (246, 246),
    "(h*g)/(n + 1)": (6, 36),
    "h//4": (2, 9),
    "h**3//g": (182, 729),
    "-(-h//4)": (3, 9),
    "ceiling(h/4)": (3, 9),
    "(h - 20)//4": (-3, 14),
    "(h//2)*(g//2)": (8, 36),
    "Max(h, g)": (9, 72),
    "Max(h, 2)": (9, 72),
    "Min(h, g, n)": (4, 108),
    "ilog(h, 2)": (3, 9),
    "ilog(h, g)": (1, 9),
    "2**ilog(h, 2)": (8, 16),
    "h*3**ilog(g, 3)": (27, 243),
    "gcd(h, g)": (1, 9),
    "lcm(h, g)": (36, (2**63 - 1) ** 2),
    "trunc64(0.7*h)": (6, 9),
    "floor64(-0.7*h)": (-7, 9),
    "floor64(-1.7*h)": (-16, 17),
    "trunc64(0.7*n, n=h*g)": (25, 36),
    "trunc64(-0.7*n, n=h - g - 9)": (2, 22),
    "holds64(h < g)": (0, 9),
}


@pytest.mark.parametrize("text", COMPUTED)
def test_a_program_computes_its_expression_and_has_a_bound(text: str) -> None:
    program = compile_expr(parse_exact(text))
    assert (program.run(AT), program.bound(AT)) == COMPUTED[text]
    assert compiled(parse_exact(text))(AT) == COMPUTED[text][0]


@pytest.mark.parametrize("text", sorted(COMPUTED.keys() - {"(h*g)/(n + 1)", "7", "-7"}))
def test_arrays_are_computed_as_their_numbers_are_and_stay_as_they_were(text: str) -> None:
    expr: Any = parse_exact(text)
    program = compile_expr(expr)
    rows = list(product((1, 2, 9), (2, 4), (3, 5)))
    expected = [program.run(dict(zip("hgn", row, strict=True))) for row in rows]
    arrays = {name: np.array(column) for name, column in zip("hgn", zip(*rows, strict=True), strict=True)}
    before = {name: array.copy() for name, array in arrays.items()}
    assert np.broadcast_to(program.run(arrays), len(rows)).tolist() == expected
    tensors = {name: torch.tensor(array) for name, array in arrays.items()}
    assert torch.broadcast_to(torch.as_tensor(program.run(tensors)), (len(rows),)).tolist() == expected
    for name, array in before.items():
        assert arrays[name].tolist() == tensors[name].tolist() == array.tolist()
    assert all(abs(each) <= program.bound(AT) for each in expected)


@pytest.mark.parametrize(
    "text", ["h*g + n", "n + h*g", "h*g*n - g", "h - g*n + h*n", "Max(h, g*n)", "h + g", "n*h**2 + 1"]
)
def test_arrays_of_other_shapes_are_broadcast(text: str) -> None:
    run = compiled(parse_exact(text))
    h, g, n = np.array([[1], [2]]), np.array([3, 4, 5]), np.array(7)
    found = run({"h": h, "g": g, "n": n})
    full = np.broadcast_to(found, (2, 3)).tolist()
    assert full == [[run({"h": a, "g": b, "n": 7}) for b in (3, 4, 5)] for a in (1, 2)]
    assert (h.tolist(), g.tolist(), int(n)) == ([[1], [2]], [3, 4, 5], 7)


def test_a_quotient_is_whole_or_refused() -> None:
    run = compiled(parse_exact("h/g"))
    assert run({"h": 8, "g": 4}) == 2
    assert run({"h": np.array([8, 12]), "g": np.array([4, 3])}).tolist() == [2, 4]
    refusal = r"^evaluate: a quotient is not whole; a condition of the formula is missing$"
    for values in ({"h": 9, "g": 4}, {"h": np.array([8, 9]), "g": np.array([4, 4])}):
        with pytest.raises(InvalidValue, match=refusal):
            run(values)


def test_what_is_no_arithmetic_is_not_evaluated() -> None:
    with pytest.raises(InvalidValue) as caught:  # in full below
        compile_expr(sympy.sin(symbol("h")))
    assert str(caught.value) == "evaluate: cannot evaluate sin(h); expected sums, products, floors, Min and Max"


def test_a_function_of_ints_is_one_of_arrays() -> None:
    power = elementwise(lambda a, b: a**b)
    assert (power(2, 3), type(power(2, 3))) == (8, int)
    for dtype in (np.int32, np.int64, object):
        found = power(np.array([2, 3], dtype=dtype), np.array([3, 2], dtype=np.int64))
        assert (found.tolist(), found.dtype) == ([8, 9], np.dtype(dtype))
    assert power(2, np.array([3, 4])).tolist() == [8, 16]
    assert power(np.array([[2], [3]]), np.array([1, 2])).tolist() == [[2, 4], [3, 9]]
    found = power(torch.tensor([2, 3], dtype=torch.int32), 2)
    assert (found.tolist(), found.dtype) == ([4, 9], torch.int32)
    assert type(elementwise(lambda a: a)(np.array([7], dtype=object)).tolist()[0]) is int
