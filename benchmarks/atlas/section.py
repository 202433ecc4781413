"""A section of the atlas: what is known of one model type."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from itertools import accumulate, pairwise
from typing import Any

from benchmarks.atlas.latex import latex, lines, parsed, width
from benchmarks.atlas.letters import Letter, letters
from paramcalc.sizes.parse import parse_exact
from paramcalc.sizes.program import Values, compiled

LONG = 12  # characters of a number of copies, above which it has a name
SPANS = r"\[(.*?)\]"

FORMED = {
    "full": "A form in all sizes.",
    "fixed": "A form with some fields held at their defaults.",
}
WITHOUT = {
    "none": "No closed form was found",
    "wrong": "A form was found and then refuted",
    "unbuildable": "Not built from its default config",
}


def section(row: Mapping[str, Any]) -> str:
    """Return the section of a row."""
    formed = row["outcome"] in FORMED
    blocks = [f"## {row['model_type']}", _head(row), *(_formed(row) if formed else [_reason(row)])]
    return "\n\n".join(filter(None, blocks)) + "\n"


def _head(row: Mapping[str, Any]) -> str:
    if "params" not in row:
        return ""
    counted = f"`{row['class']}`, **{row['params']:,}** parameters at the default config."
    return f"{counted} {FORMED.get(row['outcome'], '')}".strip()


def _reason(row: Mapping[str, Any]) -> str:
    reason = row["reason"].replace("`", "'")
    return f"{WITHOUT[row['outcome']]}: `{reason}`"


def _formed(row: Mapping[str, Any]) -> list[str]:
    shown = _counted(row)
    named = letters([*shown, *row["follows"]])
    return [
        formula(row, {name: letter.latex for name, letter in named.items()}),
        _sizes(row, {name: named[name] for name in shown}),
        "\n".join(f"- {line}" for line in _remarks(row)),
        f"<details><summary>As text</summary>\n\n```text\n{row['form']}\n```\n\n</details>",
    ]


def _counted(row: Mapping[str, Any]) -> list[str]:
    """The free fields that the count depends on; others stand in conditions only."""
    texts = [row["form"], *(part["times"] for part in row["parts"])]
    texts += [span for part in row["parts"] for span in re.findall(SPANS, part["path"])]
    words = set(re.findall(r"[A-Za-z_]\w*", " ".join(texts)))
    return [name for name in row["free"] if name in words]


def formula(row: Mapping[str, Any], named: Mapping[str, str]) -> str:
    """The formula, a line for each part, with its share at the default sizes and its module."""
    numbers = _numbers([part["times"] for part in row["parts"]], named)
    known = {**named, **{name: name for name in numbers.values()}}
    shown = []
    for part in row["parts"]:
        times, each = parsed(part["times"]), parsed(part["each"])
        share = count(part["times"])(row["free"]) * count(part["each"])(row["free"]) / max(1, row["params"])
        first, *rest = lines(ast.Name(numbers[part["times"]]) if part["times"] in numbers else times, each, known)
        label = rf"&& \scriptsize {_percent(share)} \enspace {_place(part['path'], named)}"
        shown += [f"{first} {label}", *(rf"\quad {{}} {line.strip()}" for line in rest)]
    signed = [_joined(number, line) for number, line in enumerate(shown)]
    return _aligned(signed) + (f"\n\nwith\n\n{_aligned(_definitions(numbers, named))}" if numbers else "")


@cache
def count(text: str) -> Callable[[Values], Any]:
    """Return what computes an expression in text; many parts of the atlas have the same one."""
    return compiled(parse_exact(text))


def _aligned(shown: Sequence[str]) -> str:
    body = " \\\\\n".join(shown)
    return f"```math\n\\begin{{aligned}}\n{body}\n\\end{{aligned}}\n```"


def _definitions(numbers: Mapping[str, str], named: Mapping[str, str]) -> list[str]:
    found = []
    for times, name in numbers.items():
        first, *rest = lines(ast.Constant(1), parsed(times), named)
        found += [rf"{name} ={{}} & {first}", *(rf"& \quad {{}} {line.strip()}" for line in rest)]
    return found


def _numbers(times: Sequence[str], named: Mapping[str, str]) -> dict[str, str]:
    """A name for each number of copies that is long or stands in several lines."""
    long = [each for each in dict.fromkeys(times) if width(latex(parsed(each), named)) > LONG]
    return {each: f"n_{{{number}}}" for number, each in enumerate(long, 1)}


def _joined(number: int, line: str) -> str:
    if number == 0:
        return rf"N ={{}} & \phantom{{+}} {line}"
    return rf"& {line}" if line.startswith((r"\quad", "-")) else f"& + {line}"


def _place(path: str, named: Mapping[str, str]) -> str:
    """The path of a part; numbers of layers in letters."""
    pieces = re.split(SPANS, path)
    found = [_typed(pieces[0])]
    for spans, after in zip(pieces[1::2], pieces[2::2], strict=True):
        found.append(f"[{', '.join(_span(each, named) for each in apart(spans))}]{_typed(after)}")
    return "".join(found)


def apart(spans: str) -> list[str]:
    """The ranges of copies in a text, which commas stand between; those in brackets belong to an expression."""
    depths = list(accumulate((letter == "(") - (letter == ")") for letter in spans))
    cuts = [number for number, letter in enumerate(spans) if letter == "," and depths[number] == 0]
    return [spans[start + 1 : end].strip() for start, end in pairwise([-1, *cuts, len(spans)])]


def _span(text: str, named: Mapping[str, str]) -> str:
    ends = text.split("..")
    return r" \ldots ".join(latex(parsed(end), named) if end else "" for end in ends) if any(ends) else r"\ldots"


def _typed(text: str) -> str:
    escaped = text.replace("_", r"\_")
    return rf"\mathtt{{{escaped}}}" if text else ""


def _percent(share: float) -> str:
    percent = 100 * share
    return rf"{percent:.1f}\%".rjust(6, " ").replace(" ", r"\phantom{0}") if percent >= 0.05 else r"{<}\,0.1\%"


def _sizes(row: Mapping[str, Any], shown: Mapping[str, Letter]) -> str:
    sizes = [f"| {letter.html} | `{name}` | {row['free'][name]:,} |" for name, letter in shown.items()]
    return "\n".join(["| Letter | Field | Default |", "|:--|:--|--:|", *sizes]) if sizes else ""


def _remarks(row: Mapping[str, Any]) -> list[str]:
    found = []
    if row["holds"]:
        found.append(f"**Holds where** {'; '.join(map(_condition, row['holds']))}.")
    held = {name: value for name, value in row["fixed"].items() if name not in row["only"]}
    only = {name: value for name, value in row["fixed"].items() if name in row["only"]}
    kept = (("Held at their defaults", held), ("All other values are refused", only), ("Laid out by", row["layout"]))
    for title, values in kept:
        if values:
            found.append(f"**{title}**: {', '.join(f'`{name}` = {value}' for name, value in values.items())}.")
    if row["follows"]:
        follows = ", ".join(f"`{name}` = `{size}`" for name, size in row["follows"].items())
        found.append(f"**Follow from others**: {follows}.")
    if row["no_effect"]:
        found.append(f"**Without effect** on the count: {', '.join(f'`{name}`' for name in row['no_effect'])}.")
    unseen = row["predicted"] + row["further"]
    found.append(
        f"**Evidence**: fitted to {row['built']} models; predicted {unseen} others, tensor by tensor "
        f"({row['predicted']} in the proof, {row['further']} drawn anew). Built {row['builds']} models for the proof."
    )
    return found


def _condition(text: str) -> str:
    words_of = {"divisible by": "is divisible by", "a power of": "is a power of", ">=": "≥", "!=": "≠", ">": ">"}
    for relation, words in words_of.items():
        left, found, right = text.partition(f" {relation} ")
        if found:
            return f"`{left}` {words} `{right}`"
    raise ValueError(f"cannot read the condition {text!r}")
