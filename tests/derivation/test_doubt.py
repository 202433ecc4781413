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


def at_most(width: int) -> int:
    return min(width * 5 // 16 + 1, 70)


def unseen(value: int) -> int:
    """A number of which no trace is left, nor of how it was lost."""
    return len(range(value))


def near_a_third(width: int) -> int:
    return round(width * 0.25) * 9 // 26 + max(1, width // 4)


def two_shares(width: int) -> int:
    return round(width * 0.35) * 23 // 63 + max(1, width // 8)


def rounded_twice(width: int) -> int:
    return divisible(divisible(width * 1.1, 16) * 0.25, 16)


@pytest.mark.parametrize(
    ("hidden", "width", "forget"),
    [
        (at_least_one, 96, unseen),
        (at_most, 64, unseen),
        (near_a_third, 32, opaque),
        (two_shares, 32, opaque),
        (rounded_twice, 96, opaque),
    ],
)
def test_what_was_guessed_is_never_said_wrong(
    hidden: Callable[[int], int], width: int, forget: Callable[[int], int]
) -> None:
    def build(width: int, out: int) -> nn.Module:
        return nn.Linear(forget(hidden(forget(width))), out)

    try:
        tree = pc.derive(build, {"width": width, "out": 24})
    except NoForm:
        return
    for each in range(1, 8 * width):
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


def of_sixteen(width: int, out: int) -> bool:
    return width % 16 == 0


def of_few(width: int, out: int) -> bool:
    return width < 10


def of_a_power(width: int, out: int) -> bool:
    return width & (width - 1) == 0


def of_twice(width: int, out: int) -> bool:
    return width == 2 * out


@pytest.mark.parametrize(
    ("special", "width"), [(of_sixteen, 12), (of_sixteen, 100), (of_few, 100), (of_a_power, 100), (of_twice, 64)]
)
def test_sizes_that_code_forgets_are_tried_in_every_usual_kind(special: Callable[[int, int], bool], width: int) -> None:
    """A layer that stands at some sizes alone, of which the code tells nothing."""

    def build(width: int, out: int) -> nn.Module:
        more = [nn.Linear(width, 7)] if special(opaque(width), opaque(out)) else []
        return nn.ModuleList([nn.Linear(width, 3), nn.Embedding(out, 2), *more])

    try:
        tree = pc.derive(build, {"width": width, "out": 16}, vary=["width", "out"])
    except NoForm:
        return
    for each in range(1, 8 * width):
        for out in (1, 5, 16, each, max(1, each // 2)):
            says_or_refuses(build, tree, width=each, out=out)


def halved(width: int, i: int) -> int:
    return max(8, int(width // 2**i))


def shared_out(width: int, i: int) -> int:
    return max(8, width // (i + 1))


def in_common(width: int, i: int) -> int:
    return math.gcd(width, 2 ** (i + 1))


def thirds(width: int, i: int) -> int:
    return int(width // 3**i) or 1


@pytest.mark.parametrize(
    ("size", "width", "depth"),
    [
        (in_common, 40, 5),
        (in_common, 8, 4),
        (halved, 64, 8),
        (halved, 24, 5),
        (shared_out, 30, 5),
        (thirds, 40, 4),
        (thirds, 16, 6),
    ],
)
def test_layers_that_are_alike_by_chance_are_not_one(size: Callable[[int, int], int], width: int, depth: int) -> None:
    """The code tells another size of each layer, though many have the same number at the start."""

    def build(depth: int, width: int) -> nn.Module:
        return nn.ModuleList([nn.Linear(size(width, i), 4, bias=False) for i in range(depth)])

    try:
        tree = pc.derive(build, {"depth": depth, "width": width})
    except NoForm:
        return
    for each in (*range(width // 2, 6 * width), *range(6 * width, 50 * width, 97)):
        for layers in (1, depth, depth + 1, 2 * depth + 1, 17):
            says_or_refuses(build, tree, width=each, depth=layers)


@pytest.mark.parametrize(("width", "depth"), [(30, 4), (64, 6)])
def test_a_layer_that_is_seldom_there_is_seen_at_several_sizes(width: int, depth: int) -> None:
    """The 24th of layers is another one; at the start there are a few."""

    def build(depth: int, width: int) -> nn.Module:
        return nn.ModuleList([nn.Linear(width, 2 * width if i % 24 == 23 else width) for i in range(depth)])

    tree = pc.derive(build, {"depth": depth, "width": width})
    held = [
        says_or_refuses(build, tree, width=each, depth=layers)
        for each in (1, 2, 5, width)
        for layers in (1, 3, 23, 24, 25, 48)
    ]
    assert any(held)
