"""A form holds on no path through the code that was not tried: what is compared elsewhere is found by tracing there."""

from __future__ import annotations

import pytest
from torch import nn

import paramcalc as pc
from tests.forms import agrees, evidence_of, says_or_refuses


def odd_sizes_apart(width: int, other: int) -> nn.Module:
    """A layer that is not there where one size is odd, and the other more than four times as large."""
    made = other * 5 if width > 4 * other else 16
    return nn.ModuleList([nn.Linear(width, other)] if made % 2 == 0 else [])


def both_or_none(width: int, depth: int) -> nn.Module:
    """A layer where the width is a multiple of the depth, and large: it is not looked at for others."""
    made = width // 16 * 16 if width % depth == 0 else 1
    layers: list[nn.Module] = [nn.Embedding(7, width)]
    return nn.ModuleList([*layers, nn.LayerNorm(made)] if made > 48 and depth > 3 else layers)


def refusing_few(width: int, depth: int) -> nn.Module:
    """Sizes that are refused by a product that is looked at only where another one is small."""
    if (width if width > 10 or width % 5 else 2 * width + 1) > 40 * depth:
        raise ValueError("too wide")
    made = int(width * 0.7) if width > 10 or width % 5 else width + width
    if made > width:
        raise ValueError("more than there is")
    return nn.Linear(made, depth)


def equal_at_few(width: int, depth: int) -> nn.Module:
    """A layer that is not there where two sizes meet, of which one is computed on a path of its own."""
    third = -(-width // 3) if depth % 4 == 0 else width + depth
    layers: list[nn.Module] = [nn.Linear(width, 3)]
    return nn.ModuleList([*layers, nn.Linear(depth, 3)] if depth != third else layers)


@pytest.mark.parametrize(
    ("build", "at"),
    [
        (odd_sizes_apart, {"width": 12, "other": 12}),
        (both_or_none, {"width": 64, "depth": 6}),
        (refusing_few, {"width": 60, "depth": 4}),
        (equal_at_few, {"width": 48, "depth": 6}),
    ],
    ids=lambda each: getattr(each, "__name__", ""),
)
def test_what_is_compared_on_another_path_is_tried(build: object, at: dict[str, int]) -> None:
    assert callable(build)
    tree = pc.derive(build, at)
    assert evidence_of(tree).fixed == {}
    first, second = at
    held = [
        says_or_refuses(build, tree, **{first: one, second: other}) for one in range(1, 100) for other in range(1, 20)
    ]
    assert sum(held) > 400


def on_a_path(width: int, depth: int) -> nn.Module:
    """What is compared on a path beside it changes nothing."""
    if width % 7 == 0 and depth > 5:
        assert width
    return nn.Linear(width, depth)


def test_a_path_on_which_the_form_holds_bounds_nothing() -> None:
    tree = pc.derive(on_a_path, {"width": 24, "depth": 9})
    assert tree.preconditions == ()
    assert agrees(on_a_path, tree, width=49, depth=3)
