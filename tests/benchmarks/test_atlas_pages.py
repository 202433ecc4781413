"""The pages of the atlas: letters, sections, links, and formulas that a browser draws."""

from __future__ import annotations

import re
from pathlib import Path

from benchmarks.atlas.letters import letters
from benchmarks.atlas.page import anchor, pages
from benchmarks.atlas.section import apart
from tests.benchmarks.atlas_rows import FORMED, MADE, ROW_OF

DOCS = Path(__file__).parent.parent.parent / "docs"


def test_ranges_of_copies_are_parted_at_commas_outside_of_brackets() -> None:
    texts = ["0..n - 1, n..n + m - 1", "3..Min(1, Max(3, n) - 3) + 2", "0.., k - 1 of every k", "4"]
    assert list(map(apart, texts)) == [
        ["0..n - 1", "n..n + m - 1"], ["3..Min(1, Max(3, n) - 3) + 2"], ["0..", "k - 1 of every k"], ["4"],
    ]  # fmt: skip


def test_no_two_sizes_of_a_model_have_one_letter() -> None:
    for row in FORMED:
        named = letters([*row["free"], *row["follows"]])
        assert (
            len({letter.latex for letter in named.values()})
            == len({letter.html for letter in named.values()})
            == len(named)
        )
    clash = letters(["hidden_size", "d_model", "num_filters", "intermediate_size", "depths_0", "num_layers"])
    assert [letter.latex for letter in clash.values()] == [
        "d", "L_{0}", r"d_{\text{hidden size}}", "f", r"f_{\text{filters}}", "L",
    ]  # fmt: skip


def test_links_lead_to_sections() -> None:
    texts = {path.name: path.read_text("utf-8") for path in (DOCS / "atlas").glob("*.md")}
    links = re.findall(r"\]\(atlas/(\w\.md)#([^)]+)\)", (DOCS / "atlas.md").read_text("utf-8"))
    assert [name for _, name in links] == list(map(anchor, ROW_OF))
    headings = {page: [anchor(name) for name in re.findall(r"^## (.*)$", text, re.M)] for page, text in texts.items()}
    assert all(name in headings[page] for page, name in links)
    assert all(len(text.encode()) < 400_000 for text in texts.values())


def test_no_formula_is_longer_than_what_browsers_draw() -> None:
    for path in (DOCS / "atlas").glob("*.md"):
        for drawn in re.findall(r"^```math\n(.*?)^```$", path.read_text("utf-8"), re.M | re.S):
            assert drawn.count("\n") <= 100, (path, drawn[:200])


def test_a_section_for_every_outcome() -> None:
    known = ROW_OF["gpt2"]
    formed = {**known, "model_type": "held", "outcome": "fixed", "fixed": {"x": 3}, "follows": {"y": "2*n_embd"}}
    none = {"model_type": "none", "outcome": "none", "reason": "its `process` died"}
    wrong = {**known, "model_type": "wrong", "outcome": "wrong", "reason": "wte.weight is 1, not 2"}
    unbuilt = {"model_type": "unbuilt", "outcome": "unbuildable", "reason": "no timm"}
    texts = pages([formed, none, wrong, unbuilt], MADE)
    assert list(texts) == ["atlas.md", "atlas/h.md", "atlas/n.md", "atlas/u.md", "atlas/w.md"]
    assert "**Held at their defaults**: `x` = 3." in texts["atlas/h.md"]
    assert "**Follow from others**: `y` = `2*n_embd`." in texts["atlas/h.md"]
    assert "No closed form was found: `its 'process' died`" in texts["atlas/n.md"]
    assert "wte.weight is 1, not 2" in texts["atlas/w.md"]
    assert "math" not in texts["atlas/w.md"]
    assert "Not built from its default config: `no timm`" in texts["atlas/u.md"]
