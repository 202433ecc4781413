"""Numbers and shares as text: written out until they are long, exact, and rounded half up."""

from __future__ import annotations

import re
from collections.abc import Callable
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paramcalc import Block, TensorSpec, breakdown, render, symbol
from paramcalc.rendering import numbers
from paramcalc.testing import block_trees as trees

DEPTHS = st.one_of(st.none(), st.integers(0, 4))


@pytest.mark.parametrize("shown", [numbers.count, numbers.plain, numbers.size])
def test_a_number_is_written_out_until_it_is_long(shown: Callable[[int], str]) -> None:
    first = 2**9_999  # of 10,000 bits
    assert "digits" not in shown(first - 1)
    assert shown(first).startswith("an integer of about 3,011 digits")


@pytest.mark.parametrize("symbolic", [False, True])
@pytest.mark.parametrize("form", ["markdown", "text", "csv"])
def test_a_count_that_is_too_long_to_write_is_named_by_its_length_in_every_column(form: str, symbolic: bool) -> None:
    tree = Block("", "Net", (TensorSpec("w", (10**18,) * 250),), (Block("a", "Net", (TensorSpec("v", (3,)),)),))
    shown = render(tree, form, symbolic=symbolic)
    columns = {"markdown": 1 + symbolic, "text": 1 + symbolic, "csv": 3 + symbolic}[form]
    row = next(line for line in shown.splitlines() if re.match(r"\W*w\W", line))
    assert row.count("an integer of about 4,501 digits") == columns


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


SIZES = [
    *((0, "0 B"), (1, "1 B"), (999, "999 B")),
    *((1_000, "1.00 kB"), (1_004, "1.00 kB"), (1_005, "1.01 kB"), (999_994, "999.99 kB"), (999_999, "1,000.00 kB")),
    *((10**6 - 1, "1,000.00 kB"), (10**6, "1.00 MB"), (3_843_856, "3.84 MB"), (10**9 - 1, "1,000.00 MB")),
    *((10**9, "1.00 GB"), (10**12 - 1, "1,000.00 GB"), (10**12, "1.00 TB"), (12_345 * 10**12, "12,345.00 TB")),
]


@pytest.mark.parametrize(("nbytes", "text"), SIZES)
def test_a_size_has_the_largest_unit_that_leaves_one_or_more(nbytes: int, text: str) -> None:
    assert numbers.size(nbytes) == text


SHARES = [
    *((0, 7, "0.0%"), (7, 7, "100.0%"), (14, 7, "200.0%"), (1, 3, "33.3%"), (2, 3, "66.7%")),
    *((1, 2000, "0.1%"), (1, 2001, "<0.1%"), (3, 2000, "0.2%"), (1999, 2000, "100.0%"), (1998, 2000, "99.9%")),
    *((1, 10**40, "<0.1%"), (0, 10**40, "0.0%"), (12345, 1, "1,234,500.0%")),
]


@pytest.mark.parametrize(("part", "whole", "text"), SHARES)
def test_a_share_is_in_percent_with_one_digit(part: int, whole: int, text: str) -> None:
    assert numbers.share(part, whole) == text


def test_a_share_of_nothing_or_of_what_is_not_known_is_empty() -> None:
    d = symbol("d")
    assert [numbers.share(*pair) for pair in ((0, 0), (3, 0), (d, 3), (3, d), (d, d), (0, d), (d, 0))] == [""] * 7


RATIOS = [
    *((Fraction(0), "0.0%"), (Fraction(1), "100.0%"), (Fraction(-1), "-100.0%"), (Fraction(1, 3), "33.3%")),
    *((Fraction(1, 2000), "0.1%"), (Fraction(-1, 2000), "-0.1%"), (Fraction(1, 2001), "0.0%")),
    *((Fraction(-1, 2001), "0.0%"), (Fraction(-2, 3), "-66.7%"), (Fraction(1234567, 1), "123,456,700.0%")),
]


@pytest.mark.parametrize(("ratio", "text"), RATIOS)
def test_a_ratio_is_rounded_half_away_from_zero_and_nothing_has_no_sign(ratio: Fraction, text: str) -> None:
    assert numbers.percent(ratio) == text


def test_a_count_has_separators_or_is_the_expression() -> None:
    d = symbol("d")
    counts = [0, 999, 1000, -1234567, d, 1000 * d]
    assert [numbers.count(value) for value in counts] == ["0", "999", "1,000", "-1,234,567", "d", "1000*d"]
    assert numbers.count(-(2**9_999)).startswith("a negative integer of about 3,011 digits")
    assert numbers.count(-(2**9_999) + 1).startswith("-")
    assert numbers.size(2**9_999) == "an integer of about 3,011 digits of bytes"


def bars(*parts: int) -> list[str]:
    """The bars of tensors of so many elements, that of the whole first."""
    tensors = [TensorSpec("w", (part,)) for part in parts]
    tree = Block("", "Net", children=tuple(Block(f"t{place}", "P", (each,)) for place, each in enumerate(tensors)))
    return [re.sub("[^█▏▎▍▌▋▊▉]", "", line) for line in render(tree, "text").split("\n\n")[0].splitlines()]


def test_a_bar_is_24_wide_in_eighths() -> None:
    assert bars(192) == ["█" * 24] * 2
    assert bars(191, 1) == ["█" * 24, "█" * 23 + "▉", "▏"]
    assert [bars(192 - part, part)[2] for part in range(10)] == ["", *"▏▎▍▌▋▊▉█", "█▏"]
    assert bars(1_000_000, 1, 0) == ["█" * 24, "█" * 24, "▏", ""]
    assert bars(0, 0) == ["", "", ""]
    assert bars(96, 96)[1:] == ["█" * 12] * 2


def drawn(*children: Block, name: str = "") -> Block:
    return Block(name, "M", (TensorSpec("w", (1,)),) if not children else (), children)


def test_guides_lead_to_each_name_past_what_still_follows() -> None:
    tree = drawn(
        drawn(drawn(drawn(name="c"), name="b"), drawn(name="d"), name="a"),
        drawn(drawn(drawn(name="g"), drawn(name="h"), name="f"), name="e"),
    )
    lines = render(tree, "text").split("\n\n")[0].splitlines()
    assert [line.split("  M")[0].rstrip() for line in lines[1:]] == [
        "├─ a",
        "│  ├─ b",
        "│  │  └─ c",
        "│  └─ d",
        "└─ e",
        "   └─ f",
        "      ├─ g",
        "      └─ h",
    ]


def test_what_is_said_of_a_layer_goes_on_below_after_72_letters() -> None:
    words = ["nine word"] * 20
    note = " ".join(words)
    tree = Block("", "Net", children=(Block("a", "Net", (TensorSpec("w", (2,)),), note=note),))
    further = render(tree, "text").split("\n\n")[0].splitlines()[1:]
    said = [line[6:].strip().split("  ")[0] for line in further]
    assert " ".join(said) == f"Net ({note})"
    assert all(60 < len(each) <= 72 for each in said[:-1])
    long = Block("", "Net", children=(Block("a", "N" * 100, (TensorSpec("w", (2,)),)),))
    assert "N" * 100 in render(long, "text")
    exact = Block("", "Net", children=(Block("a", " ".join(["N" * 35, "M" * 36]), (TensorSpec("w", (2,)),)),))
    assert len(render(exact, "text").split("\n\n")[0].splitlines()) == 2
    more = Block("", "Net", children=(Block("a", " ".join(["N" * 36, "M" * 36]), (TensorSpec("w", (2,)),)),))
    assert len(render(more, "text").split("\n\n")[0].splitlines()) == 3
