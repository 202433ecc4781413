"""A form holds on no path through the code that was not tried: what is compared elsewhere is found by tracing there."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from torch import nn

import paramcalc as pc
from paramcalc.derivation import paths
from paramcalc.derivation.fitting.clues import Clues
from paramcalc.sizes.conditions import Condition
from paramcalc.sizes.point import Point
from paramcalc.sizes.point import tested as holds_at
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


def equal_at_very_few(width: int, other: int, depth: int) -> nn.Module:
    """Sizes that are refused where two are equal, and only where there are few layers."""
    if (max(depth, 48) if depth > 2 else min(depth, 6)) == other:
        raise ValueError("both are equal")
    return nn.Linear(width, depth)


def dividing_by_none(width: int, depth: int) -> nn.Module:
    """A division by what is 0 where the width is large, though other numbers of layers are more."""
    return nn.Embedding(width, width // (depth // width if width > 100 and depth > 5 else max(width - 6, 5)))


TABLE = {16: 4, 24: 6, 32: 8, 64: 16}


def in_a_table(width: int, other: int) -> nn.Module:
    """A number of units for some widths, and one for all others."""
    return nn.Linear(other, TABLE.get(width, 8))


def in_a_table_here(width: int, other: int) -> nn.Module:
    return nn.Linear(other, {16: 4, 24: 6}.get(width, 8) if width not in {20, 60} else 3)


def far_and_deep(width: int, depth: int) -> nn.Module:
    return nn.ModuleList([nn.Linear(width, width, bias=width > 256 and depth > 12) for _ in range(depth)])


def far_and_shallow(width: int, depth: int) -> nn.Module:
    return nn.ModuleList([nn.Linear(width, width, bias=width > 300 and depth < 3) for _ in range(depth)])


def twice_and_large(width: int, other: int) -> nn.Module:
    return nn.Linear(width, other, bias=width == 2 * other and width > 64)


def a_part_of(width: int, other: int) -> nn.Module:
    return nn.Linear(width, other, bias=width / other == 1.5)


@pytest.mark.parametrize(
    ("build", "at", "points"),
    [
        (far_and_deep, {"width": 64, "depth": 4}, [(257, 13), (257, 12), (256, 13), (300, 15)]),
        (far_and_shallow, {"width": 64, "depth": 6}, [(301, 2), (301, 3), (300, 2), (400, 1)]),
        (twice_and_large, {"width": 16, "other": 30}, [(128, 64), (64, 32), (66, 33), (128, 65)]),
        (a_part_of, {"width": 20, "other": 10}, [(24, 16), (15, 10), (16, 10), (3, 2)]),
    ],
)
def test_what_is_compared_behind_another_path_is_tried(
    build: Callable[..., nn.Module], at: dict[str, int], points: list[tuple[int, int]]
) -> None:
    tree = pc.derive(build, at)
    first, second = at
    for one, other in (*points, tuple(at.values())):
        says_or_refuses(build, tree, **{first: one, second: other})
    assert says_or_refuses(build, tree, **at)


@pytest.mark.parametrize(
    ("build", "at"),
    [
        (odd_sizes_apart, {"width": 12, "other": 12}),
        (both_or_none, {"width": 64, "depth": 6}),
        (refusing_few, {"width": 60, "depth": 4}),
        (equal_at_few, {"width": 48, "depth": 6}),
        (dividing_by_none, {"width": 36, "depth": 4}),
        (in_a_table, {"width": 12, "other": 12}),
        (in_a_table_here, {"width": 12, "other": 12}),
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


def test_sizes_that_are_equal_on_one_path_alone_are_found() -> None:
    tree = pc.derive(equal_at_very_few, {"width": 12, "other": 12, "depth": 8})
    for depth in range(1, 8):
        for other in range(1, 60):
            says_or_refuses(equal_at_very_few, tree, width=3, other=other, depth=depth)


def refused_far_away(width: int, other: int) -> nn.Module:
    """One size that is refused, where another one is larger than most that are tried."""
    if other == (37 if width > 130 else 0):
        raise ValueError("not that one")
    return nn.Linear(width, other)


def test_what_a_path_compares_is_tried_on_that_path() -> None:
    tree = pc.derive(refused_far_away, {"width": 36, "other": 12})
    assert [str(each) for each in tree.preconditions] == ["130 >= width"]


def refused_where_least(width: int, other: int) -> nn.Module:
    """Sizes that are refused where both are the very smallest."""
    if max(width, width + other) < 5:
        raise ValueError("too small")
    return nn.GroupNorm(3, width + other)


def test_the_smallest_sizes_are_looked_at_together() -> None:
    tree = pc.derive(refused_where_least, {"width": 36, "other": 24})
    for width in range(1, 9):
        for other in range(1, 9):
            says_or_refuses(refused_where_least, tree, width=width, other=other)


def refused_where_equal(width: int, other: int) -> nn.Module:
    """Sizes that are refused where they are equal, and large."""
    if (other if width == other else 7) > 200:
        raise ValueError("equal, and too large")
    return nn.Linear(width, other)


def test_sizes_that_are_equal_on_a_path_are_moved_together() -> None:
    tree = pc.derive(refused_where_equal, {"width": 64, "other": 16})
    assert [str(each) for each in tree.preconditions] == ["width != other"]


def floored_quotient(width: int, depth: int) -> nn.Module:
    """Sizes that are refused on one path only, by a product of two."""
    quotient = depth // width if width > 6 and -(-width // 4) > 4 else width * -(-width // 4)
    if quotient % 3:
        raise ValueError("not in threes")
    return nn.Linear(width, depth)


def test_a_path_is_to_blame_for_refusals_of_which_nothing_else_tells() -> None:
    tree = pc.derive(floored_quotient, {"width": 96, "depth": 2})
    assert [str(each) for each in tree.preconditions][:2] == ["width > 6", "-floor(-width/4) > 4"]
    for width in range(1, 99):
        says_or_refuses(floored_quotient, tree, width=width, depth=3)


def on_a_path(width: int, depth: int) -> nn.Module:
    """What is compared on a path beside it changes nothing."""
    if width % 7 == 0 and depth > 5:
        assert width
    return nn.Linear(width, depth)


def test_a_path_on_which_the_form_holds_bounds_nothing() -> None:
    tree = pc.derive(on_a_path, {"width": 24, "depth": 9})
    assert tree.preconditions == ()
    assert agrees(on_a_path, tree, width=49, depth=3)


def unsayable(width: int, other: int) -> nn.Module:
    """Groups of which the code divides by a remainder: no condition says where that leaves one."""
    made = width // 32 * 32 if other % 8 else width % 4 + 1
    return nn.Conv1d(made, made, 3, groups=width % 2 + 1)


def test_a_comparison_of_which_the_opposite_cannot_be_written_bounds_nothing() -> None:
    tree = pc.derive(unsayable, {"width": 64, "other": 64})
    for width in range(1, 100):
        for other in (7, 8, 60, 64):
            says_or_refuses(unsayable, tree, width=width, other=other)


def followed(compared: list[Condition], points: list[Point]) -> list[Point]:
    """The points at which a build is traced, of code that compares these one after another until one holds."""

    def trace(point: Point) -> Clues:
        traced.append(point)
        outcomes = [holds_at(each)(point) for each in compared]
        met = outcomes.index(True) + 1 if True in outcomes else len(outcomes)
        return Clues(compared=tuple(zip(compared[:met], outcomes, strict=False)))

    traced: list[Point] = []
    known = paths.Paths(trace(dict.fromkeys(points[0], 1)), trace)
    traced.clear()
    while left := known.untraced(points, 1):
        answers, (point,) = left[0]
        known.follow(answers, point)
    return traced


def test_so_many_paths_are_traced_and_no_more() -> None:
    names = [f"s{number}" for number in range(40)]
    compared = [Condition(pc.symbol(name), ">", 64) for name in names]
    points: list[Point] = [{**dict.fromkeys(names, 1), name: 65} for name in names]
    assert followed(compared, points) == points[: paths.MOST]
    assert followed(compared[:5], points) == points[:5]


def test_of_comparisons_that_differ_by_a_number_a_few_are_followed() -> None:
    compared = [Condition(pc.symbol("s"), ">", number) for number in range(90, 50, -1)]
    points: list[Point] = [{"s": number} for number in range(91, 51, -1)]
    assert followed(compared, points) == points[: paths.OF_A_KIND]
