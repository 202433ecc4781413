"""README and docs show the public surface alone: `pc.__all__`, `pc.layers`, `pc.errors`, `pc.testing`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import paramcalc as pc

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
PARTS = {"layers": pc.layers.__all__, "testing": pc.testing.__all__, "errors": dir(pc.errors)}


def names_shown(text: str) -> Iterator[tuple[str, str]]:
    """The names of paramcalc that a page uses, each with the part of the surface that it is said to be in."""
    for module, names in re.findall(r"\bfrom paramcalc([\w.]*) import ([\w, ]+)", text):
        yield from ((module.removeprefix("."), name.strip()) for name in names.split(","))
    for prefix in (r"\bpc\.", r"\bparamcalc\.(?=errors\.|testing\b|layers\b)"):
        for first, second in re.findall(rf"{prefix}(\w+)(?:\.(\w+))?", text):
            yield ("", first)
            if first in PARTS and second:
                yield (first, second)


def strays(text: str) -> list[str]:
    """The names that are not of the public surface."""
    found = dict.fromkeys(names_shown(text))
    return [
        f"{part}.{name}".strip(".") for part, name in found if name not in PARTS.get(part, () if part else pc.__all__)
    ]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_pages_show_the_public_surface_alone(page: Path) -> None:
    assert strays(page.read_text("utf-8")) == []


def test_what_is_not_public_is_seen() -> None:
    text = "from paramcalc.tree.block import Block\n>>> pc.fold(tree), pc.layers.Lineer(3, 4), pc.symbols\n"
    found = strays(f"{text}from paramcalc import Block, Predicate\n")
    assert found == ["tree.block.Block", "Predicate", "layers.Lineer", "symbols"]
    assert {name for _, name in names_shown((ROOT / "README.md").read_text("utf-8"))} >= {"evaluate", "LSTM", "solve"}


def test_every_public_name_is_on_a_page() -> None:
    shown = {name for page in PAGES for _, name in names_shown(page.read_text("utf-8"))}
    returned = {name for name in pc.__all__ if name[0].isupper()}  # by the functions that pages show
    assert set(pc.__all__) - shown <= returned
