"""The page docs/counters.md: tables of what all counters answered, and the reasons for what is wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from string import Template
from typing import TypeAlias

from packaging.version import Version
from tabulate import tabulate

from benchmarks.common import wrapped
from benchmarks.counters.calls import Answer
from benchmarks.counters.reasons import REASONS
from benchmarks.counters.search import EXAMPLES, Found
from benchmarks.counters.tricky_models import MODELS

Answers: TypeAlias = Mapping[tuple[str, str], Answer]

TOOLS = ("paramcalc", "torchinfo", "torchinfo, no input", "fvcore", "ptflops", "thop", "calflops")
SCRIPTS = ("leaf walk", "requires_grad", "state_dict")
BYTES = {"torchinfo": "truth", "accelerate": "all tensors", "paramcalc": "all tensors"}
PRINTED = ("paramcalc", "torchinfo", "fvcore", "ptflops", "thop", "calflops", "accelerate")
PACKAGES = ("torch", "transformers", "torchinfo", "fvcore", "ptflops", "thop", "calflops", "accelerate")
RIGHT = "✓"


def page(answers: Answers, found: Mapping[str, Found]) -> str:
    """Return the whole page. Raises ValueError where a wrong number has no reason, or a reason no wrong number."""
    check_reasons(answers)
    text = Path(__file__).with_suffix(".md").read_text(encoding="utf-8")
    return Template(text).substitute(
        number=len(MODELS),
        versions=versions(),
        tools=counts(answers, TOOLS),
        scripts=counts(answers, SCRIPTS),
        nbytes=sizes(answers),
        printed=printed(answers, ("AMNL", "GPT-2 small", "Attention")),
        count_reasons=reasons("count"),
        byte_reasons=reasons("bytes"),
        unknown=answers["Lazy layer", "paramcalc"].printed,
        errors=errors(answers),
        smallest=smallest(found),
        models=table(["Model", "What is tricky"], [[name, tricky.about] for name, tricky in MODELS.items()]),
    )


def versions() -> str:
    """What was measured, as a sentence."""
    names = []
    for name in PACKAGES:
        try:
            names.append(f"{name} {Version(version(name)).public}")
        except PackageNotFoundError:
            names.append(f"{name}, which pip could not install")
    return wrapped(f"Measured with {', '.join(names)}.")


def cell(answer: Answer, given: int | None, true: int | None) -> str:
    """A number as right, as wrong and by how much, as unknown, or as an error."""
    if answer.error:
        return "error"
    if given is None or true is None:
        return "unknown"
    return RIGHT if given == true else f"{given:,}<br>{off(given, true)}"


def off(given: int, true: int) -> str:
    """The difference in percent of the truth, with as many digits as show that there is one."""
    percent = 100 * (given - true) / true
    return f"{percent:+.{1 if abs(percent) >= 0.1 else 2}f}%".replace("-", "\N{MINUS SIGN}")


def counts(answers: Answers, names: Sequence[str]) -> str:
    """The table of parameters, for some counters; the truth stands under the model, or the page is too wide."""
    rows = []
    for model in MODELS:
        true = answers[model, "truth"].params
        given = [answers[model, name] for name in names]
        rows.append([f"{model}<br>{true:,}", *(cell(each, each.params, true) for each in given)])
    return table(["Model<br>and truth", *(name.replace(", ", "<br>") for name in names)], rows)


def sizes(answers: Answers) -> str:
    """The table of bytes: two truths, and each counter against that which it claims."""
    rows = []
    for model in MODELS:
        true = {name: answers[model, name].nbytes for name in ("truth", "all tensors")}
        cells = [cell(answers[model, name], answers[model, name].nbytes, true[BYTES[name]]) for name in BYTES]
        rows.append([model, f"{true['truth']:,}", cells[0], f"{true['all tensors']:,}", *cells[1:]])
    return table(["Model", "Parameters", "torchinfo", "All tensors", "accelerate", "paramcalc"], rows)


def printed(answers: Answers, models: Sequence[str]) -> str:
    """The table of what is printed by default."""
    rows = [[name, *(answers[model, name].printed or "error" for model in models)] for name in PRINTED]
    return table(["Counter", *models], rows)


def reasons(kind: str) -> str:
    """The reasons for the errors of one table, as a list."""
    lines = []
    for each in REASONS:
        if each.table == kind:
            names = " and ".join(dict.fromkeys(name.partition(",")[0] for name in each.counters))
            lines.append(wrapped(f"- **{names}** on {', '.join(each.models)}: {each.text}", "  "))
    return "\n".join(lines)


def errors(answers: Answers) -> str:
    """The errors, each with those who raised it."""
    raised: dict[tuple[str, str], list[str]] = {}
    for (model, name), answer in answers.items():
        if answer.error:
            raised.setdefault((model, answer.error), []).append(name)
    lines: dict[tuple[str, str], list[str]] = {}
    for (model, error), names in raised.items():
        lines.setdefault((", ".join(names), error), []).append(model)
    told = [f"- **{names}** on {', '.join(models)}: `{error}`" for (names, error), models in lines.items()]
    return "\n".join(wrapped(line, "  ") for line in told)


def smallest(found: Mapping[str, Found]) -> str:
    """The smallest module that each counter counts wrong, counters of the same one together; then those without."""
    names: dict[Found, list[str]] = {}
    for name, each in found.items():
        names.setdefault(each, []).append(f"**{name}**")
    right = names.pop(Found(), [])
    blocks = [f"{', '.join(each)}: {known.problem}\n\n```python\n{known.code}\n```" for known, each in names.items()]
    none = wrapped(f"{', '.join(right)}: none found among {EXAMPLES:,} random modules.")
    return "\n\n".join([*blocks, *([none] if right else [])])


def check_reasons(answers: Answers) -> None:
    """Raise ValueError where wrong numbers and those that have a reason are not the same."""
    wrong = set()
    for (model, name), answer in answers.items():
        true = answers[model, "truth"].params
        if answer.params not in (None, true):
            wrong.add((name, model, "count"))
        if name in BYTES and answer.nbytes not in (None, answers[model, BYTES[name]].nbytes):
            wrong.add((name, model, "bytes"))
    told = {(name, model, each.table) for each in REASONS for name in each.counters for model in each.models}
    told = {each for each in told if not answers[each[1], each[0]].error}
    if wrong != told:
        raise ValueError(f"no reason for {sorted(wrong - told)}; a reason, but no error, for {sorted(told - wrong)}")


def table(names: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table: the first column text, numbers at the right."""
    texts = 2 if names[-1] == "What is tricky" else 1
    alignment = ["left"] * texts + ["right"] * (len(names) - texts)
    return tabulate(rows, names, tablefmt="pipe", disable_numparse=True, colalign=alignment)
