"""Write the generated parts of the README and the docs, or with --check tell which are stale.

Each part stands between `<!-- begin NAME -->` and `<!-- end NAME -->` and is replaced whole.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path

import paramcalc as pc
from benchmarks.atlas.page import pages
from benchmarks.atlas.rows import ROWS, read
from paramcalc.analysis.formula import formula
from paramcalc.architectures import AMNL
from paramcalc.layers import CATALOGUE, Layer
from paramcalc.rendering.diff import diff_table
from paramcalc.rendering.formula import variants
from paramcalc.targets.target import ALL, Request, load

ROOT = Path(__file__).parent.parent
PAGES = ("README.md", "docs/amnl.md", "docs/catalogue.md")
MARKED = re.compile(r"(<!-- begin ([a-z-]+) -->\n).*?(<!-- end \2 -->)", re.DOTALL)


def catalogue() -> str:
    """A line for every layer: its class, its count in general, and the conditions of that form."""
    lines = ["| Layer | Parameters | Holds for |", "|:------|:-----------|:----------|"]
    return "\n".join([*lines, *(_line(CATALOGUE[name]) for name in sorted(CATALOGUE))])


def _line(layer: Layer) -> str:
    block = layer.block()
    closed = formula(block, form="collected")
    holds = "; ".join(f"`{condition}`" for condition in block.preconditions)
    counts = "<br>".join([f"`{closed}`", *map(_variant, variants(layer, {}))])
    return f"| [{layer.name}]({layer.source}) | {counts} | {holds} |"


def _variant(row: list[str]) -> str:
    given, count, holds = row
    return f"{given}: `{count}`" + (f" for {holds}" if holds else "")


def latex(preset: str) -> str:
    """The closed form of AMNL in all its sizes, as a formula that GitHub renders."""
    target = load(f"amnl:{preset}", Request(vary=ALL))
    return f"```math\n{formula(target.block, form='collected', notation=target.notation).latex()}\n```"


def hidden() -> str:
    """The closed form of AMNL in its hidden size alone."""
    block = pc.architecture("amnl", lstm_hidden=pc.symbol("lstm_hidden"))
    return f"```math\nN(h) = {formula(block, notation=AMNL.notation).latex()}\n```"


def letters() -> str:
    """The letters that stand for the hyperparameters."""
    rows = [f"| ${letter}$ | `{name}` |" for name, letter in AMNL.notation.items()]
    return "\n".join(["| Letter | Hyperparameter |", "|:-------|:---------------|", *rows])


PARTS: dict[str, Callable[[], str]] = {
    "catalogue": catalogue,
    "amnl-components": lambda: pc.render(pc.architecture("amnl"), depth=1),
    "amnl-book": lambda: pc.render(pc.architecture("amnl")),
    "amnl-research": lambda: pc.render(pc.architecture("amnl", preset="research")),
    "amnl-hidden": hidden,
    "amnl-formula": lambda: latex("book"),
    "amnl-letters": letters,
    "amnl-halved": lambda: diff_table(
        pc.diff(pc.architecture("amnl"), pc.architecture("amnl", lstm_hidden=64)), "h = 128", "h = 64"
    ),
    "amnl-presets": lambda: diff_table(
        pc.diff(pc.architecture("amnl"), pc.architecture("amnl", preset="research")), "book", "research"
    ),
}


def current(text: str) -> str:
    """Return a page with every generated part as it should be."""
    return MARKED.sub(lambda match: f"{match[1]}{PARTS[match[2]]()}\n{match[3]}", text)


def atlas() -> dict[str, str]:
    """The pages of the atlas, made of its rows."""
    made, rows = read(ROWS)
    return {f"docs/{page}": text for page, text in pages(rows, made).items()}


def changes() -> dict[str, str | None]:
    """Return the pages that are out of date with their text as it should be; None for one that should not be there."""
    wanted: dict[str, str | None] = {page: current((ROOT / page).read_text(encoding="utf-8")) for page in PAGES}
    wanted |= atlas()
    there = {path.relative_to(ROOT).as_posix(): path for path in (ROOT / "docs").rglob("*.md")}
    there |= {page: ROOT / page for page in PAGES}
    wanted |= {page: None for page in there if page.startswith("docs/atlas/") and page not in wanted}
    texts = {page: path.read_text(encoding="utf-8") for page, path in there.items()}
    return {page: text for page, text in wanted.items() if texts.get(page) != text}


def stale() -> list[str]:
    """Return the pages that are out of date."""
    return list(changes())


def write() -> None:
    """Write the pages that are out of date."""
    for page, text in changes().items():
        if text is None:
            (ROOT / page).unlink()
        else:
            (ROOT / page).parent.mkdir(exist_ok=True)
            (ROOT / page).write_text(text, encoding="utf-8")


def main() -> None:
    """Write the pages, or with --check exit with 1 where one is stale."""
    if "--check" not in sys.argv[1:]:
        write()
    elif late := stale():
        sys.exit(f"stale: {', '.join(late)}; run python -m docs.generate")


if __name__ == "__main__":
    main()
