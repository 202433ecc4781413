"""Sums are written a line for each part, with nothing after the last one but where they hold."""

from __future__ import annotations

from typing import Any

import pytest

from paramcalc import symbol
from paramcalc.errors import InvalidValue, UnknownName
from paramcalc.sizes.conditions import Condition, Relation
from paramcalc.sizes.entries import entry_name, entry_of, list_of
from paramcalc.sizes.write import (
    as_latex,
    as_text,
    check_letters,
    check_notation,
    condition_latex,
    condition_text,
    sum_latex,
    sum_text,
)

H, D = symbol("h"), symbol("d")
PARTS = [("encoder", 4 * H * D), ("head", 1 - H), ("tail", D)]


@pytest.mark.parametrize("number", [2, 3])
@pytest.mark.parametrize("asked", [0, 1])
def test_an_aligned_sum_has_a_line_for_each_part_and_one_for_where_it_holds(number: int, asked: int) -> None:
    conditions = [Condition(H, "divisible by", 8)][:asked]
    begin, *lines, end = sum_latex(PARTS[:number], conditions).splitlines()
    assert (begin, end) == (r"\begin{aligned}", r"\end{aligned}")
    assert len(lines) == number + asked
    assert [line.endswith(r" \\") for line in lines] == [True] * (len(lines) - 1) + [False]
    assert [rf"\text{{{label}}}" in line for (label, _), line in zip(PARTS[:number], lines, strict=False)] == [
        True
    ] * number
    assert ("for" in lines[-1]) == bool(asked)


def test_a_sum_of_one_part_is_one_line() -> None:
    assert sum_latex(PARTS[:1]) == "4 d h"
    assert sum_text(PARTS[:1]) == "4*d*h"


def test_a_sum_as_text_has_a_sign_for_each_part() -> None:
    assert sum_text(PARTS).splitlines() == ["# encoder", "  4*d*h", "# head", "+ 1 - h", "# tail", "+ d"]


N_CLASSES, W_2, CHANNELS_2 = symbol("n_classes"), symbol("w_2"), symbol("conv_channels_2")
LETTERS = {"conv_channels": "C", "w": "W", "n_classes": "K"}
WRITTEN: list[tuple[Any, dict[str, str] | None, str, str]] = [
    (H, None, "h", "h"),
    (H, {"h": "H"}, "H", "H"),
    (3, {"h": "H"}, "3", "3"),
    (symbol("ab"), None, "ab", r"\mathrm{ab}"),
    (N_CLASSES, {"h": "H"}, "n_classes", r"\mathrm{n\_classes}"),
    (N_CLASSES, LETTERS, "K", "K"),
    (W_2, None, "w_2", "w_{2}"),
    (W_2, LETTERS, "W_2", "W_{2}"),
    (symbol("w_02"), LETTERS, "w_02", r"\mathrm{w\_02}"),
    (symbol("w_0"), None, "w_0", "w_{0}"),
    (CHANNELS_2, None, "conv_channels_2", r"\mathrm{conv\_channels\_2}"),
    (CHANNELS_2, LETTERS, "C_2", "C_{2}"),
    (CHANNELS_2, {**LETTERS, "conv_channels_2": "D"}, "D", "D"),
    (2 * H * W_2, None, "2*h*w_2", "2 h w_{2}"),
    (2 * H * N_CLASSES, None, "2*h*n_classes", r"2 \, h \, \mathrm{n\_classes}"),
    (2 * H * N_CLASSES, LETTERS, "2*h*K", "2 h K"),
]


@pytest.mark.parametrize(("expr", "notation", "text", "latex"), WRITTEN)
def test_a_size_is_written_by_its_letter_or_else_its_name(
    expr: Any, notation: dict[str, str] | None, text: str, latex: str
) -> None:
    assert (as_text(expr, notation), as_latex(expr, notation)) == (text, latex)


@pytest.mark.parametrize(
    ("relation", "right", "text", "latex"),
    [
        ("divisible by", 8, "D divisible by 8", r"8 \mid D"),
        (">=", 8, "D >= 8", r"D \ge 8"),
        (">", 8, "D > 8", "D > 8"),
        ("!=", 8, "D != 8", r"D \ne 8"),
        ("a power of", 2, "D a power of 2", r"\log_2 D \in \mathbb{N}"),
        ("divisible by", H, "D divisible by h", r"h \mid D"),
    ],
)
def test_a_condition_is_written_with_its_sign(relation: Relation, right: Any, text: str, latex: str) -> None:
    condition = Condition(D, relation, right)
    assert (condition_text(condition, {"d": "D"}), condition_latex(condition, {"d": "D"})) == (text, latex)
    assert condition_text(condition) == text.replace("D", "d")
    assert condition_latex(condition) == latex.replace("D", "d")


def test_a_sum_is_written_in_full() -> None:
    parts = [("a_b & c%d#e$", H), ("x", -H), ("y", 1 - H)]
    conditions = [Condition(H, ">", 2), Condition(H, "!=", 4)]
    assert sum_latex(parts, conditions, {"h": "H"}).splitlines() == [
        r"\begin{aligned}",
        r"  N ={} &H && \text{a\_b \& c\%d\#e\$} \\",
        r"  &- H && \text{x} \\",
        r"  &+ 1 - H && \text{y} \\",
        r"  &\quad \text{for } H > 2,\; H \ne 4",
        r"\end{aligned}",
    ]
    assert sum_latex(parts[:1], conditions) == r"h \quad \text{for } h > 2,\; h \ne 4"
    assert sum_text(parts, {"h": "H"}) == "# a_b & c%d#e$\n  H\n# x\n- H\n# y\n+ 1 - H"


def test_two_sizes_have_two_letters() -> None:
    same = {"d": "x", "h": "x"}
    for write in (lambda: as_text(H * D, same), lambda: as_latex(H * D, same), lambda: check_notation("hd", same)):
        with pytest.raises(InvalidValue, match=r"^notation: d and h would both be written x; expected two letters$"):
            write()
    with pytest.raises(
        InvalidValue, match=r"^notation: a and w_2 would both be written w_\{2\}; expected two letters$"
    ):
        check_notation(["w_2", "b", "a"], {"a": "w_{2}"})
    check_notation("hd", {"d": "x", "h": "y", "g": "x"})


def test_a_letter_is_for_a_size_or_a_list_of_them() -> None:
    check_letters({"conv": "C", "h": "H", "conv_2": "D"}, ["h", "conv_2"])
    with pytest.raises(UnknownName, match=r"^notation: unknown size 'x'; known: conv, conv_2, h$"):
        check_letters({"h": "H", "x": "X"}, ["h", "conv_2"])


@pytest.mark.parametrize(
    ("name", "entry"),
    [
        ("w_0", ("w", 0)),
        ("w_10", ("w", 10)),
        ("a_1_2", ("a_1", 2)),
        ("w_01", None),
        ("w_", None),
        ("_1", None),
        ("w", None),
    ],
)
def test_an_entry_of_a_list_ends_in_its_number(name: str, entry: tuple[str, int] | None) -> None:
    assert entry_of(name) == entry
    assert list_of(name) == (name if entry is None else entry[0])
    assert entry is None or entry_name(*entry) == name
