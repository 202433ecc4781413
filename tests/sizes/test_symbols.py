"""Symbols may have any name, and remainders and quotients of them are those of Python."""

from __future__ import annotations

from typing import Any

import sympy

import paramcalc as pc
from paramcalc import Block, TensorSpec, symbol
from paramcalc.sizes.parse import parse_exact

H = symbol("h")
N = symbol("n")
LINEAR = pc.layers.Linear


def test_remainders_are_those_of_python() -> None:
    expr: Any = parse_exact("(6*h-2)**2 % 6 + Mod(h*n, 7)")
    for h in range(1, 20):
        assert expr.subs({H: h, N: 3}) == (6 * h - 2) ** 2 % 6 + h * 3 % 7
    block = LINEAR(sympy.Mod(H * H, 6) + 1, 4)
    for t in range(1, 6):
        bound = block.bind(h=6 * symbol("t") - 2)
        assert (bound.bind(t=t) if bound.symbols else bound).params == block.bind(h=6 * t - 2).params
    quotient = Block(own=(TensorSpec("w", (H**2 // 6 + 1,)),))
    for t in range(1, 6):
        assert quotient.bind(h=6 * symbol("t") - 2).bind(t=t).params == quotient.bind(h=6 * t - 2).params
    assert parse_exact("((6*h-2)**2) // 6 - floor((6*h-2)**2/6)") == 0
    remainder = Block(own=(TensorSpec("w", (H + sympy.Mod(H**2, 6),)),))
    assert pc.solve(remainder, "h", budget=161) == max(h for h in range(1, 162) if h + h * h % 6 <= 161)


def test_a_symbol_may_have_any_name() -> None:
    for name in ("self", "E", "I", "pi", "S", "N", "oo", "beta", "Q"):
        block = LINEAR(symbol(name), 4)
        assert pc.from_json(pc.to_json(block)) == block
        assert block.bind(**{name: 3}).params == 16
