"""The page of counters: paramcalc has torch's tensors on every tricky model, and the page has today's numbers."""

from __future__ import annotations

import re
import tomllib
from contextlib import nullcontext
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

import paramcalc as pc
from benchmarks.counters import page, search
from benchmarks.counters.calls import COUNTERS
from benchmarks.counters.environment import REQUIREMENTS, ROOT
from benchmarks.counters.tricky_models import MODELS
from paramcalc.sources.modules.torch_module import from_module
from paramcalc.tree.dtypes import dtype_name
from tests.sample_code import built as from_code

PAGE = (ROOT / "docs" / "counters.md").read_text("utf-8")


def tables() -> dict[tuple[str, str, str], str]:
    """Every cell of the page, by section, first column and header."""
    cells: dict[tuple[str, str, str], str] = {}
    for section in PAGE.split("\n## ")[1:]:
        title = section.splitlines()[0]
        rows = [re.split(r"\s*\|\s*", line.strip("| ")) for line in section.splitlines() if line.startswith("|")]
        for row in rows[2:]:
            model, *truth = row[0].split("<br>")
            cells |= {(title, model, name.replace("<br>", ", ")): cell for name, cell in zip(rows[0], row, strict=True)}
            cells.update(((title, model, "truth"), number) for number in truth)
    return cells


CELLS = tables()
HERE = ("paramcalc", "torchinfo", "torchinfo, no input", "leaf walk", "requires_grad", "state_dict")


def number(text: str) -> int:
    return int(text.split("<br>")[0].replace(",", ""))


def said(model: str, name: str) -> Any:
    """What a counter answers now; the large models need no memory on the meta device."""
    tricky = MODELS[model]
    with torch.device("meta") if tricky.meta else nullcontext():
        return COUNTERS[name](tricky.build(), tricky.inputs())


def assert_cell(model: str, name: str, *, section: str, field: str, true: int) -> None:
    """Fail unless a cell of the page has what the counter says now, and how far that is off."""
    cell = CELLS[section, model, name]
    if cell == "error":
        with pytest.raises((ValueError, AttributeError), match=r"uninitialized parameter|no attribute 'numel'"):
            said(model, name)
        return
    value = getattr(said(model, name), field)
    expected = "unknown" if value is None else "✓" if value == true else f"{value:,}<br>{page.off(value, true)}"
    assert cell == expected


def built(model: str) -> nn.Module:
    """A tricky model, after a forward where it is lazy."""
    tricky = MODELS[model]
    with torch.device("meta") if tricky.meta else nullcontext():
        module: nn.Module = tricky.build()
        if any(nn.parameter.is_lazy(each) for each in module.parameters()):
            module(**tricky.inputs())
    return module


@pytest.mark.parametrize("model", MODELS)
def test_paramcalc_has_the_parameters_of_torch(model: str) -> None:
    module = built(model)
    tree = from_module(module)
    read = [(name, each.shape, each.role, each.dtype) for name, each in tree.tensors() if not each.tied_to]
    assert [row for row in read if row[2] in ("parameter", "frozen")] == [
        (name, tuple(each.shape), "parameter" if each.requires_grad else "frozen", dtype_name(each.dtype))
        for name, each in module.named_parameters()
    ]
    assert tree.params == sum(each.numel() for each in module.parameters())


@pytest.mark.parametrize("model", MODELS)
def test_the_page_has_the_counts_of_today(model: str) -> None:
    true = sum(each.numel() for each in built(model).parameters())
    assert number(CELLS["Tools", model, "truth"]) == number(CELLS["Scripts", model, "truth"]) == true
    for name in HERE:
        section = "Scripts" if name in page.SCRIPTS else "Tools"
        assert_cell(model, name, section=section, field="params", true=true)


@pytest.mark.parametrize("model", MODELS)
def test_the_page_has_the_bytes_of_today(model: str) -> None:
    stored = {name: said(model, name).nbytes for name in ("truth", "all tensors")}
    assert number(CELLS["Bytes", model, "Parameters"]) == stored["truth"]
    assert number(CELLS["Bytes", model, "All tensors"]) == stored["all tensors"]
    assert_cell(model, "torchinfo", section="Bytes", field="nbytes", true=stored["truth"])
    assert_cell(model, "paramcalc", section="Bytes", field="nbytes", true=stored["all tensors"])


def test_what_was_unknown_of_the_lazy_layer() -> None:
    tree = from_module(MODELS["Lazy layer"].build())
    assert f"`{tree.params}`" in PAGE
    assert tree.bind(unknown_0_weight=64 * 32, unknown_0_bias=32).params == number(
        CELLS["Tools", "Lazy layer", "truth"]
    )


def test_what_the_page_says_of_packed_weights_and_views() -> None:
    assert f"{from_module(built('Quantised')).totals.packed:,} weights more" in " ".join(PAGE.split())
    notes = [each.note for _, each in from_module(built("Two views")).tensors()]
    assert notes == ["", "shares the storage of 0.weight, 1,024 elements stored"]


def test_every_model_stands_in_every_table() -> None:
    assert {(title, model) for title, model, _ in CELLS} >= {
        (title, model) for title in ("Tools", "Scripts", "Bytes", "The models") for model in MODELS
    }
    assert {name for _, _, name in CELLS} >= {*page.TOOLS, *page.SCRIPTS, *page.BYTES}


def test_the_page_has_the_text_and_the_reasons_of_its_sources() -> None:
    template = Path(page.__file__).with_suffix(".md").read_text("utf-8")
    for piece in re.split(r"\$[a-z_]+", template):
        assert piece in PAGE
    assert page.reasons("count") in PAGE
    assert page.reasons("bytes") in PAGE


SMALLEST = re.findall(r"^(\*\*[^:]*): (.*)\n\n```python\n(model = .*(?:\n.*)*?)\n```", PAGE, re.MULTILINE)


def test_the_smallest_modules_are_counted_as_the_page_says() -> None:
    asked = set()
    for names, problem, code in SMALLEST:
        model = from_code(code)
        wrong, true = map(int, re.findall(r"\d+", problem))
        assert sum(each.numel() for each in model.parameters()) == pc.from_module(model).params == true
        for name in re.findall(r"\*\*(.*?)\*\*", names):
            asked.add(name)
            if name in HERE:
                assert COUNTERS[name](model, {}).params == wrong != true
    assert asked == set(search.SEARCHED) - {"paramcalc", "fvcore"}
    assert f"**paramcalc**, **fvcore**: none found among {search.EXAMPLES:,} random modules." in PAGE


@pytest.mark.usefixtures("same_examples")
@pytest.mark.parametrize("name", ["leaf walk", "requires_grad", "state_dict", "torchinfo, no input"])
def test_the_search_finds_the_counters_wrong_today(name: str) -> None:
    found = search.search(name)
    assert re.fullmatch(r"counts \d parameters where torch counts \d", found.problem)
    model = from_code(found.code)
    assert COUNTERS[name](model, {}).params != sum(each.numel() for each in model.parameters())


def test_the_versions_are_those_of_the_tests() -> None:
    lines = REQUIREMENTS.read_text("utf-8").splitlines()
    pins = dict(line.split("==") for line in lines if not line.startswith("#"))
    told = " ".join(PAGE.split())
    assert all(f"{name} {pins[name]}" in told for name in page.PACKAGES)
    tests = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]["test"]
    for name in ("torch", "torchinfo", "transformers"):
        assert f"{name}=={pins[name]}" in tests
        assert version(name).split("+")[0] == pins[name]


def test_a_wrong_number_without_a_reason_is_refused() -> None:
    answers = {(model, name): said("Embedding", "truth") for model in MODELS for name in COUNTERS}
    with pytest.raises(ValueError, match=r"a reason, but no error, for .*'AMNL'"):
        page.check_reasons(answers)
    wrong = answers | {("Embedding", "fvcore"): answers["Embedding", "truth"]._replace(params=1)}
    with pytest.raises(ValueError, match=r"no reason for \[\('fvcore', 'Embedding', 'count'\)\]"):
        page.check_reasons(wrong)
