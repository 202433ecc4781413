"""Numbers and shares as text: written out until they are long, exact, and rounded half up."""

from __future__ import annotations

import re
from collections.abc import Callable
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paramcalc import Block, breakdown, render
from paramcalc.rendering import numbers
from paramcalc.testing import block_trees as trees

DEPTHS = st.one_of(st.none(), st.integers(0, 4))


@pytest.mark.parametrize("shown", [numbers.count, numbers.size])
def test_a_number_is_written_out_until_it_is_long(shown: Callable[[int], str]) -> None:
    first = 2 ** (numbers.LONG - 1)  # of so many bits
    assert "digits" not in shown(first - 1)
    assert shown(first).startswith("an integer of about 3,011 digits")


@given(trees.blocks(symbolic=False), DEPTHS)
def test_bars_are_as_long_as_shares_to_an_eighth(tree: Block, depth: int | None) -> None:
    body = render(tree, "text", depth=depth).split("\n\n")[0]
    root, *below = breakdown(tree, depth=depth)
    rows = [root, *([row for row in below if not row.empty] or below)]
    for line, row in zip(body.splitlines(), rows, strict=True):
        bar = re.search(r"[█▏▎▍▌▋▊▉]*$", line)
        assert bar is not None
        assert re.fullmatch("█*[▏▎▍▌▋▊▉]?", bar[0])
        eighths = sum("▏▎▍▌▋▊▉█".index(each) + 1 for each in bar[0])
        exact = Fraction(row.params, max(tree.params, 1)) * 24 * 8
        assert abs(eighths - exact) <= Fraction(1, 2) or eighths == 1 > exact > 0
        assert (eighths > 0) == (row.params > 0)


def test_numbers_are_exact_and_round_half_up() -> None:
    assert numbers.count(12_345_678_901_234_567_890) == "12,345,678,901,234,567,890"
    assert [numbers.share(part, 2000) for part in (0, 1, 3, 2000)] == ["0.0%", "0.1%", "0.2%", "100.0%"]
    assert numbers.share(1, 2001) == "<0.1%"
    assert [numbers.size(value) for value in (999, 1000, 3_843_856, 10**12)] == [
        "999 B",
        "1.00 kB",
        "3.84 MB",
        "1.00 TB",
    ]
