"""What was guessed is doubted: each case is said wrong where one reason for doubt is left out."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
from torch import nn

import paramcalc as pc
from paramcalc.errors import NoForm
from tests.forms import opaque, says_or_refuses


def divisible(value: float, divisor: int) -> int:
    """As mobile networks round widths."""
    rounded = max(divisor, int(value + divisor / 2) // divisor * divisor)
    return rounded + divisor if rounded < 0.9 * value else rounded


def at_least_one(width: int) -> int:
    return max(1, width * 20 // 32)


def near_a_third(width: int) -> int:
    return round(width * 0.25) * 9 // 26 + max(1, width // 4)


def two_shares(width: int) -> int:
    return round(width * 0.35) * 23 // 63 + max(1, width // 8)


def rounded_twice(width: int) -> int:
    return divisible(divisible(width * 1.1, 16) * 0.25, 16)


@pytest.mark.parametrize(
    ("hidden", "width"), [(at_least_one, 96), (near_a_third, 32), (two_shares, 32), (rounded_twice, 96)]
)
def test_what_was_guessed_is_never_said_wrong(hidden: Callable[[int], int], width: int) -> None:
    def build(width: int, out: int) -> nn.Module:
        return nn.Linear(opaque(hidden(opaque(width))), out)

    try:
        tree = pc.derive(build, {"width": width, "out": 24})
    except NoForm:
        return
    for each in range(1, 4 * width):
        says_or_refuses(build, tree, width=each, out=3)


def parted(a: int, b: int, out: int) -> nn.Module:
    """A layer between two sizes, where they are not the same."""
    return nn.ModuleList([nn.Linear(a, out), nn.Linear(b, out), *([nn.Linear(a, b)] if str(a) != str(b) else [])])


def divided(a: int, b: int, out: int) -> nn.Module:
    """A size over what it has in common with another one, of which no trace is left."""
    return nn.ModuleList([nn.Linear(a, out), nn.Linear(b, opaque(a) // math.gcd(opaque(a), opaque(b)))])


@pytest.mark.parametrize("build", [parted, divided])
@pytest.mark.parametrize(("a", "b"), [(35, 64), (80, 81)])
def test_sizes_are_tried_equal_and_with_common_factors(build: Callable[..., nn.Module], a: int, b: int) -> None:
    try:
        tree = pc.derive(build, {"a": a, "b": b, "out": 9}, vary=["a", "b", "out"])
    except NoForm:
        return
    for one in (1, 2, 3, 6, 24, a, b, 2 * b):
        for other in (1, 2, 3, 6, 24, a, b, 2 * b):
            says_or_refuses(build, tree, a=one, b=other, out=5)
