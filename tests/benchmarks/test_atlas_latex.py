"""Expressions of the atlas as LaTeX: signs, brackets and lines are those of the text."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from benchmarks.atlas.latex import WIDTH, latex, lines, parsed, width

PAGES = Path(__file__).parent.parent.parent / "docs" / "atlas"

TEXTS = {
    "12*n**2*L + 13*n": r"12 \, L \, n^{2} + 13 \, n",
    "-3*a*b/4 + c": r"c - \frac{3 \, a \, b}{4}",
    "(-a + b)*(c - 1)": r"(b - a) \, (c - 1)",
    "a - (b - c)": "a + c - b",
    "floor(L/8 + 3/4)**2*a": r"a \, \lfloor (L + 6) / 8 \rfloor^{2}",
    "Max(a, 2)*b**2/c**2": r"\frac{b^{2} \, \max(a, 2)}{c^{2}}",
    "-(a + b)*c": r"-c \, (a + b)",
    "floor((a + b)/c)*floor(3*a*b/c)": r"\lfloor (a + b) / c \rfloor \, \lfloor 3 \, a \, b / c \rfloor",
    "Mod(a, 4) + ceiling(b/3)": r"(a \bmod 4) + \lceil b / 3 \rceil",
}


@pytest.mark.parametrize("text", TEXTS)
def test_an_expression_as_latex(text: str) -> None:
    assert latex(parsed(text), {name: name for name in re.findall(r"\b[a-zL]\b", text)}) == TEXTS[text]


def test_a_long_bracket_is_broken_between_terms() -> None:
    names = {f"size_{number}": f"s_{{{number}}}" for number in range(40)}
    broken = lines(parsed("L"), parsed(" + ".join(names)), {**names, "L": "L"})
    assert len(broken) > 1
    assert all(width(line) <= WIDTH for line in broken)
    assert "".join(broken) == rf"L \bigl({' + '.join(names.values())}\bigr)"


def test_numbers_in_a_product_are_one_number() -> None:
    names = {"d": "d", "f": "f"}
    assert lines(parsed("35"), parsed("5*d"), names) == [r"175 \, d"]
    assert lines(parsed("2"), parsed("3*d*f/4"), names) == [r"\frac{6 \, d \, f}{4}"]
    for path in PAGES.glob("*.md"):
        assert not re.search(r"(?<![{_^\d])\d+ \\, \d", path.read_text("utf-8")), path
