"""Counts with and without a suffix are read exactly, or refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paramcalc.errors import InvalidValue
from paramcalc.sizes.counts import parse_count


@given(st.integers(0, 10**30))
def test_counts_read_back(value: int) -> None:
    assert parse_count(str(value)) == parse_count(f"{value:,}") == value


@pytest.mark.parametrize(
    ("text", "value"), [("3.5M", 3_500_000), ("1K", 1000), ("7b", 7 * 10**9), ("0.25M", 250_000), (" 12 ", 12)]
)
def test_counts_with_a_suffix(text: str, value: int) -> None:
    assert parse_count(text) == value


@pytest.mark.parametrize("text", ["", "3.5", "3.5Q", "-1", "1e6", "3.5MM", "M", "1.0000001M", "٣", "9" * 90])
def test_wrong_counts_are_refused(text: str) -> None:
    with pytest.raises(InvalidValue, match="expected a whole number such as 3500000"):
        parse_count(text)
