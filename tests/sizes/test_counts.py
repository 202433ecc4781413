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


def test_a_text_of_80_letters_is_read_and_no_longer_one() -> None:
    assert parse_count("7".ljust(80)) == 7
    with pytest.raises(InvalidValue, match="got '7  "):
        parse_count("7".ljust(81))


@pytest.mark.parametrize("suffix", ["K", "k", "M", "m", "B", "b", ""])
def test_a_suffix_is_a_power_of_1000_in_either_case(suffix: str) -> None:
    assert parse_count(f"1_2,000 {suffix}") == 12_000 * 1000 ** " KMB".index(suffix.upper() or " ")


def test_a_count_that_is_none_is_refused_in_full() -> None:
    expected = "; expected a whole number such as 3500000, 3,500,000 or 3.5M"
    for text, problem in (("x" * 50, f"got {'x' * 40!r}"), ("1.0005K", "got '1.0005K', a fraction of one")):
        with pytest.raises(InvalidValue) as caught:  # in full below
            parse_count(text, where="budget")
        assert str(caught.value) == f"budget: {problem}{expected}"
        with pytest.raises(InvalidValue, match=r"^count: got"):
            parse_count(text)
