"""Parts of a formula and of a difference: under which names they stand, and what is left out."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

import paramcalc as pc
from paramcalc import Block, Condition, TensorSpec, diff, formula, symbol
from paramcalc.analysis.diff import Change
from paramcalc.analysis.formula import Form

H, K, N = map(symbol, "hkn")
LINEAR = pc.layers.Linear


def block(size: Any, *conditions: Condition) -> Block:
    return Block(own=(TensorSpec("t", (size,)),), conditions=conditions)


SEVEN = (TensorSpec("w", (7,)),)
INNER = {"a": block(H), "b": pc.layers.Identity(), "c": LINEAR(H, K)}
SUMS: list[tuple[Block, list[tuple[str, str]]]] = [
    (pc.compose("Net", INNER, own=SEVEN, label="The net"), [("The net", "7"), ("a", "h"), ("c", "h*k + k")]),
    (pc.compose("Net", {"a": block(H)}, own=SEVEN), [("Net", "7"), ("a", "h")]),
    (pc.compose("Net", {"a": block(H)}, own=(TensorSpec("b", (7,), "buffer"),)), [("a", "h")]),
    (Block("{}", "Net", SEVEN, (block(H).named("x"),), repeat=N), [("Net", "7*n"), ("x", "h*n")]),
    (Block("{}", "Net", SEVEN, (block(H).named("x"),), repeat=3), [("Net", "21"), ("x", "3*h")]),
    (Block("net", "Net", children=(Block("x", "Inner", SEVEN, label="Named"),)), [("Named", "7")]),
    (Block(children=(Block("", "Group", (TensorSpec("w{}", (H,)),), repeat=2),)), [("Group", "2*h")]),
    (Block(own=(*SEVEN, TensorSpec("v", (7,), tied_to=".w"), TensorSpec("f", (H,), "frozen"))), [("", "h + 7")]),
    (Block(), [("", "0")]),
]


@pytest.mark.parametrize(("tree", "parts"), SUMS)
def test_parts_are_named_by_label_name_or_class(tree: Block, parts: list[tuple[str, str]]) -> None:
    closed = formula(tree, form="collected")
    assert [(part.label, str(part.expr)) for part in closed.parts] == parts
    if len(parts) > 1:
        first, *rest = parts
        lines = [
            f"# {first[0]}",
            f"  {first[1]}",
            *(line for label, text in rest for line in (f"# {label}", f"+ {text}")),
        ]
        assert closed.lines().splitlines() == lines
        assert all(rf"\text{{{label}}}" in closed.latex() for label, _ in parts)


@pytest.mark.parametrize(
    ("size", "form", "text"),
    [
        (H**2 + 3 * H, "factored", "h*(h + 3)"),
        (H**2 + 3 * H, "expanded", "h**2 + 3*h"),
        (5, "factored", "5"),
        (5, "leading", "5"),
        (H * K + H, "factored", "h*(k + 1)"),
        (H * K + H, None, "h*k + h"),
    ],
)
def test_a_count_in_each_form(size: Any, form: Form | None, text: str) -> None:
    closed = formula(block(size), form=form)
    assert str(closed) == text
    assert closed.params == size


def test_the_form_goes_by_the_number_of_symbols() -> None:
    assert [formula(LINEAR(*sizes)).form for sizes in ((3, 4), (H, 4), (H, K))] == ["expanded", "expanded", "collected"]


def test_a_domain_is_all_conditions() -> None:
    closed = formula(block(H, Condition(H, "divisible by", 4), Condition(H, ">", K)), notation={"h": "d"})
    assert closed.domain == "d divisible by 4 and d > k"
    assert closed.notation == {"h": "d"}
    assert formula(block(H)).domain == ""
    assert formula(block(H)).notation == {}


BEFORE = pc.compose(
    "N",
    {
        "x": pc.compose("M", {"fc": LINEAR(2, 3), "0": LINEAR(1, 1), "1": LINEAR(2, 2)}),
        "y": pc.compose("M", {"fc": LINEAR(2, 5), "0": LINEAR(3, 3)}),
    },
)
AFTER = pc.compose(
    "N",
    {
        "first": LINEAR(1, 1),
        "x": pc.compose("M", {"fc": LINEAR(2, 4), "0": LINEAR(1, 1), "1": LINEAR(2, 3)}),
        "y": pc.compose("M", {"fc": LINEAR(2, 7), "new": LINEAR(1, 2), "0": LINEAR(3, 4)}),
        "z": LINEAR(9, 9),
    },
)
CHANGES = [
    Change("first", "Linear(1, 1)", None, 2),
    Change("x", "M", 17, 23),
    Change("x.fc", "Linear(2, 3)", 9, 12),
    Change("x.0", "Linear(1, 1)", 2, 2),
    Change("x.1", "Linear(2, 2)", 6, 9),
    Change("y", "M", 27, 41),
    Change("y.fc", "Linear(2, 5)", 15, 21),
    Change("y.new", "Linear(1, 2)", None, 4),
    Change("y.0", "Linear(3, 3)", 12, 16),
    Change("z", "Linear(9, 9)", None, 90),
]


def test_components_are_compared_by_the_names_above_and_at_them() -> None:
    for depth in (2, 3, None):
        found = diff(BEFORE, AFTER, depth=depth)
        assert list(found.changes) == CHANGES
        assert found.total == Change("", "N", 44, 156)
    assert list(diff(BEFORE, AFTER).changes) == [each for each in CHANGES if "." not in each.path]
    assert diff(BEFORE, AFTER, depth=0).changes == ()


def test_what_only_the_second_has_comes_after_what_precedes_it_there() -> None:
    a = pc.compose("N", {"a": LINEAR(1, 1), "p": LINEAR(1, 1), "last": LINEAR(1, 1)})
    b = pc.compose("N", {"a": LINEAR(1, 1), "q": LINEAR(1, 1), "r": LINEAR(1, 1), "last": LINEAR(1, 1)})
    assert [each.path for each in diff(a, b).changes] == ["a", "q", "r", "p", "last"]
    assert [each.path for each in diff(b, a).changes] == ["a", "p", "q", "r", "last"]


def test_what_is_gone_stays_in_its_place() -> None:
    found = diff(AFTER, BEFORE, depth=None)
    assert [(each.path, each.before, each.after) for each in found.changes] == [
        (each.path, each.after, each.before) for each in CHANGES
    ]


@pytest.mark.parametrize(
    ("before", "after", "difference", "changed", "relative"),
    [
        (4, 6, 2, True, Fraction(1, 2)),
        (4, 4, 0, False, Fraction(0)),
        (4, 1, -3, True, Fraction(-3, 4)),
        (0, 4, 4, True, None),
        (None, 4, 4, True, None),
        (4, None, -4, True, None),
        (4, 0, -4, True, Fraction(-1)),
        (H, H + 3, 3, True, None),
        (4, H, H - 4, True, None),
        (H * (H + 1), H**2 + H, 0, False, None),
        (None, 0, 0, True, None),
    ],
)
def test_a_change_is_what_the_second_has_more(
    before: Any, after: Any, difference: Any, changed: bool, relative: Fraction | None
) -> None:
    change = Change("a", "b", before, after)
    assert (change.difference, change.changed, change.relative) == (difference, changed, relative)


def test_trees_differ_in_a_component_or_in_the_total() -> None:
    def pair(first: int, second: int) -> Block:
        return pc.compose("N", {"a": LINEAR(1, first), "b": LINEAR(1, second)})

    assert diff(pair(2, 3), pair(3, 2)).differs
    assert not diff(pair(2, 3), pair(3, 2)).total.changed
    assert not diff(pair(2, 3), pair(2, 3)).differs
    assert diff(pair(2, 3), pair(2, 4), depth=0).differs
