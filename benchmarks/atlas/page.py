"""The pages of the atlas, made of its rows: docs/atlas.md, and one page for each first letter."""

from __future__ import annotations

import re
import statistics
from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import Path
from string import Template
from typing import Any

from tabulate import tabulate

from benchmarks.atlas.section import section
from benchmarks.common import wrapped

KINDS = {
    "full": ("all sizes", "a closed form in every size, that is every integer field that the model reads and can vary"),
    "fixed": ("some held", "a closed form with some fields held at their defaults"),
    "none": ("none", "no closed form found, for the reason given"),
    "wrong": ("refuted", "a form that failed at a further point, and is not given"),
    "unbuildable": (
        "not built",
        "no model from the default config: it needs packages, or values without default",
    ),
}


def pages(rows: Sequence[Mapping[str, Any]], made: Mapping[str, Any]) -> dict[str, str]:
    """Return the text of every page of the atlas by its path below docs."""
    rows = sorted(rows, key=lambda row: row["model_type"])
    found = {"atlas.md": overview(rows, made)}
    for letter, group in groupby(rows, key=lambda row: page_of(row["model_type"])):
        found[letter] = detail(list(group))
    return found


def page_of(model_type: str) -> str:
    return f"atlas/{model_type[0].lower()}.md"


def overview(rows: Sequence[Mapping[str, Any]], made: Mapping[str, Any]) -> str:
    text = Path(__file__).with_suffix(".md").read_text(encoding="utf-8")
    return Template(text).substitute(
        number=len(rows),
        outcomes=outcomes(rows),
        evidence=evidence([row for row in rows if "form" in row]),
        versions=versions(made),
        types=table(rows),
    )


def outcomes(rows: Sequence[Mapping[str, Any]]) -> str:
    numbers = {kind: sum(row["outcome"] == kind for row in rows) for kind in KINDS}
    return "\n".join(f"| {KINDS[kind][1]} | {number:,} |" for kind, number in numbers.items() if number)


def evidence(formed: Sequence[Mapping[str, Any]]) -> str:
    """How much was built for the forms, as a paragraph."""
    builds, seconds = (statistics.median(row[name] for row in formed) for name in ("builds", "seconds"))
    unseen = [row["predicted"] + row["further"] for row in formed]
    return wrapped(
        f"A form was fitted to a few models and then predicted others that it had not seen, tensor by tensor: names, "
        f"shapes, roles and ties: {sum(unseen):,} in all, {statistics.median(unseen):.0f} a form in the median. A form "
        f"took {builds:.0f} builds and {seconds:.1f} seconds in the median, on one core."
    )


def versions(made: Mapping[str, Any]) -> str:
    names = ", ".join(f"{name} {version}" for name, version in made["versions"].items())
    limits = made["limits"]
    return wrapped(
        f"Made with {names}. Limits of a derivation: {limits['builds']:,} builds and {limits['seconds']:.0f} seconds; "
        f"of its process, {limits['memory'] / 2**30:.0f} GiB and {limits['patience']:.0f} seconds. Each form was "
        f"checked at up to {limits['further']} further points, drawn at random within its conditions."
    )


def table(rows: Sequence[Mapping[str, Any]]) -> str:
    """The model types with links to their sections."""
    names = ["Model type<br>and class", "Parameters<br>in millions", "Form in", "Fields", "Builds", "Seconds"]
    alignment = ["left", "right", "left", "right", "right", "right"]
    return tabulate([_line(row) for row in rows], names, tablefmt="pipe", disable_numparse=True, colalign=alignment)


def _line(row: Mapping[str, Any]) -> list[str]:
    name = row["model_type"]
    link = f"[{name}]({page_of(name)}#{anchor(name)})" + (f"<br>{row['class']}" if "class" in row else "")
    params = f"{row['params'] / 10**6:,.2f}" if "params" in row else ""
    seconds = f"{row['seconds']:.1f}" if "seconds" in row else ""
    fields = str(len(row["free"])) if "free" in row else ""
    return [link, params, KINDS[row["outcome"]][0], fields, str(row.get("builds", "")), seconds]


def anchor(name: str) -> str:
    """What a page calls the heading of a model type: letters, digits, - and _ of it."""
    return re.sub(r"[^a-z0-9_-]", "", name.lower())


def detail(rows: Sequence[Mapping[str, Any]]) -> str:
    """The page of the model types with one first letter."""
    first = rows[0]["model_type"][0].upper()
    links = " · ".join(f"[{row['model_type']}](#{anchor(row['model_type'])})" for row in rows)
    head = (
        "<!-- Written by `python -m docs.generate` from benchmarks/atlas/rows.jsonl. -->\n"
        f"# The atlas: {first}\n\n"
        "[All model types](../atlas.md) · [How to read it](../atlas.md#how-to-read-it)\n\n"
        f"{links}\n"
    )
    return "\n".join([head, *map(section, rows)])
