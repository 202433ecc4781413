"""Sums are written a line for each part, with nothing after the last one but where they hold."""

from __future__ import annotations

import pytest

from paramcalc import symbol
from paramcalc.sizes.conditions import Condition
from paramcalc.sizes.write import sum_latex, sum_text

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
