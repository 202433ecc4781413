"""The atlas: its rows say what is derived today, every form has its count, and one model costs one row at most."""

from __future__ import annotations

import importlib
import json
import re
import sys
from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sympy import Integer

import paramcalc as pc
from paramcalc.conditions import RELATIONS, Condition
from paramcalc.expression import parse_exact
from paramcalc.sampling import meets
from paramcalc.symbols import canonical
from paramcalc.tree import Block
from tests import atlas_models

ROOT = Path(__file__).parent.parent
sys.path.append(str(ROOT / "benchmarks"))  # where the scripts, and the processes that they start, find each other
atlas: Any = importlib.import_module("atlas")
atlas_letters: Any = importlib.import_module("atlas_letters")
atlas_math: Any = importlib.import_module("atlas_math")
atlas_parts: Any = importlib.import_module("atlas_parts")
atlas_page: Any = importlib.import_module("atlas_page")
atlas_section: Any = importlib.import_module("atlas_section")
atlas_row: Any = importlib.import_module("atlas_row")

MADE, FOUND = atlas.read(atlas.ROWS)
ROWS = {row["model_type"]: row for row in FOUND}
FORMED = [row for row in FOUND if "form" in row]
SAMPLE = ["gpt2", "bert", "t5", "clip", "vit", "opt", "whisper"]
FEW = ["gpt2", "no_such_type"]
ASK = atlas_row.Ask(seconds=10_000.0, patience=100_000.0, memory=2**34)  # no machine is as busy as that


def condition(text: str) -> Condition:
    relation = next(each for each in RELATIONS if f" {each} " in text)
    left, right = text.split(f" {relation} ")
    return Condition(parse_exact(left), relation, parse_exact(right))


def at(size: Any, sizes: dict[str, int]) -> Any:
    if isinstance(size, int):
        return size
    return size.xreplace({name: Integer(sizes[str(name)]) for name in size.free_symbols})


def without_seconds(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name != "seconds"}


@pytest.fixture(scope="module")
def made_now() -> dict[str, Any]:
    with atlas.executor(2, None) as pool:
        return dict(zip(SAMPLE, pool.map(atlas_row.row, SAMPLE, [ASK] * len(SAMPLE)), strict=True))


@pytest.mark.parametrize("model_type", SAMPLE)
def test_a_row_says_what_is_derived_today(model_type: str, made_now: dict[str, Any]) -> None:
    told, now = ROWS[model_type], made_now[model_type]
    names = ("class", "params", "outcome", "free", "fixed", "follows", "no_effect", "further")
    assert {name: told[name] for name in names} == {name: now[name] for name in names}
    assert canonical(parse_exact(told["form"]) - parse_exact(now["form"])) == 0
    assert set(map(condition, told["holds"])) == set(map(condition, now["holds"]))
    assert told["parts"] == now["parts"]


def test_every_model_type_has_a_row_and_no_form_is_wrong() -> None:
    assert list(ROWS) == atlas.model_types()
    assert not [row["model_type"] for row in FOUND if row["outcome"] == "wrong"]


def test_the_rows_are_in_order_and_name_no_place_of_a_machine() -> None:
    assert list(ROWS) == sorted(ROWS)
    text = atlas.ROWS.read_text("utf-8")
    assert text.count("\n") == len(FOUND) + 1
    assert not re.search(r"(?<![\w.])/(home|root|tmp|usr|var|work)/", text)
    assert atlas.made_with(atlas_row.Ask()) == MADE


@pytest.mark.parametrize("row", FORMED, ids=lambda row: row["model_type"])
def test_a_form_has_the_count_of_the_default_config(row: dict[str, Any]) -> None:
    sizes = row["free"]
    assert at(parse_exact(row["form"]), sizes) == row["params"]
    assert meets(sizes, [condition(text) for text in row["holds"]])
    parts = [(atlas_math.parsed(part["times"]), atlas_math.parsed(part["each"])) for part in row["parts"]]
    assert sum(atlas_math.value(times, sizes) * atlas_math.value(each, sizes) for times, each in parts) == row["params"]
    assert row["predicted"] >= 8 or not sizes


def test_ranges_of_copies_are_parted_at_commas_outside_of_brackets() -> None:
    texts = ["0..n - 1, n..n + m - 1", "3..Min(1, Max(3, n) - 3) + 2", "0.., k - 1 of every k", "4"]
    assert list(map(atlas_section.apart, texts)) == [
        ["0..n - 1", "n..n + m - 1"], ["3..Min(1, Max(3, n) - 3) + 2"], ["0..", "k - 1 of every k"], ["4"],
    ]  # fmt: skip


def test_the_parts_add_up_to_the_form() -> None:
    for name in SAMPLE:
        row = ROWS[name]
        whole = sum(parse_exact(f"({part['times']})*({part['each']})") for part in row["parts"])
        assert canonical(whole - parse_exact(row["form"])) == 0


def test_the_same_part_of_layers_of_two_kinds_is_one_part(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(atlas_parts, "SHORT", 1)
    d, f, n, m = map(pc.symbol, "dfnm")
    sizes = {"a": d, "b": f, "c": 1}
    attention, dense, sparse = (replace(pc.layers.Linear(d, size), name=name) for name, size in sizes.items())
    layers = [
        Block("{}", children=(attention, dense), repeat=n),
        Block("{}", children=(attention, sparse), repeat=m, first=n),
    ]
    assert atlas_parts.parts(Block("model", children=tuple(layers))) == [
        {"path": "[0..m + n - 1].a", "times": "m + n", "each": "d**2 + d"},
        {"path": "[0..n - 1].b", "times": "n", "each": "d*f + f"},
        {"path": "[n..m + n - 1].c", "times": "m", "each": "d + 1"},
    ]


def test_the_same_part_of_several_layers_is_one_part(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(atlas_parts, "SHORT", 1)
    d, n = pc.symbol("d"), pc.symbol("n")
    widths = {"in": n, "0": d, "1": n, "2": d, "3": d, "head7": n}
    layers = tuple(pc.layers.Linear(d, width).named(name) for name, width in widths.items())
    assert atlas_parts.parts(Block("model", children=layers)) == [
        {"path": "in", "times": "1", "each": "d*n + n"},
        {"path": "[0, 2..3]", "times": "3", "each": "d**2 + d"},
        {"path": "1", "times": "1", "each": "d*n + n"},
        {"path": "head7", "times": "1", "each": "d*n + n"},
    ]


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
    node = atlas_math.parsed(text)
    assert atlas_math.latex(node, {name: name for name in re.findall(r"\b[a-zL]\b", text)}) == TEXTS[text]
    sizes = {"a": 3, "b": 5, "c": 7, "L": 25, "n": 2}
    assert atlas_math.value(node, sizes) == at(parse_exact(text), sizes)


def test_a_long_bracket_is_broken_between_terms() -> None:
    names = {f"size_{number}": f"s_{{{number}}}" for number in range(40)}
    broken = atlas_math.lines(atlas_math.parsed("L"), atlas_math.parsed(" + ".join(names)), {**names, "L": "L"})
    assert len(broken) > 1
    assert all(atlas_math.width(line) <= atlas_math.WIDTH for line in broken)
    assert "".join(broken) == rf"L \bigl({' + '.join(names.values())}\bigr)"


def test_numbers_in_a_product_are_one_number() -> None:
    names = {"d": "d", "f": "f"}
    assert atlas_math.lines(atlas_math.parsed("35"), atlas_math.parsed("5*d"), names) == [r"175 \, d"]
    assert atlas_math.lines(atlas_math.parsed("2"), atlas_math.parsed("3*d*f/4"), names) == [r"\frac{6 \, d \, f}{4}"]
    for path in (ROOT / "docs" / "atlas").glob("*.md"):
        assert not re.search(r"(?<![{_^\d])\d+ \\, \d", path.read_text("utf-8")), path


def test_no_two_sizes_of_a_model_have_one_letter() -> None:
    for row in FORMED:
        named = atlas_letters.letters([*row["free"], *row["follows"]])
        assert (
            len({letter.latex for letter in named.values()})
            == len({letter.html for letter in named.values()})
            == len(named)
        )
    clash = atlas_letters.letters(
        ["hidden_size", "d_model", "num_filters", "intermediate_size", "depths_0", "num_layers"]
    )
    assert [letter.latex for letter in clash.values()] == [
        "d", "L_{0}", r"d_{\text{hidden size}}", "f", r"f_{\text{filters}}", "L",
    ]  # fmt: skip


def test_links_lead_to_sections() -> None:
    texts = {path.name: path.read_text("utf-8") for path in (ROOT / "docs" / "atlas").glob("*.md")}
    links = re.findall(r"\]\(atlas/(\w\.md)#([^)]+)\)", (ROOT / "docs" / "atlas.md").read_text("utf-8"))
    assert [name for _, name in links] == list(map(atlas_page.anchor, ROWS))
    headings = {
        page: [atlas_page.anchor(name) for name in re.findall(r"^## (.*)$", text, re.M)] for page, text in texts.items()
    }
    assert all(name in headings[page] for page, name in links)
    assert all(len(text.encode()) < 400_000 for text in texts.values())


def test_no_formula_is_longer_than_what_browsers_draw() -> None:
    for path in (ROOT / "docs" / "atlas").glob("*.md"):
        for drawn in re.findall(r"^```math\n(.*?)^```$", path.read_text("utf-8"), re.M | re.S):
            assert drawn.count("\n") <= 100, (path, drawn[:200])


def test_a_section_for_every_outcome() -> None:
    formed = {**ROWS["gpt2"], "model_type": "held", "outcome": "fixed", "fixed": {"x": 3}, "follows": {"y": "2*n_embd"}}
    none = {"model_type": "none", "outcome": "none", "reason": "its `process` died"}
    wrong = {**ROWS["gpt2"], "model_type": "wrong", "outcome": "wrong", "reason": "wte.weight is 1, not 2"}
    unbuilt = {"model_type": "unbuilt", "outcome": "unbuildable", "reason": "no timm"}
    texts = atlas_page.pages([formed, none, wrong, unbuilt], MADE)
    assert list(texts) == ["atlas.md", "atlas/h.md", "atlas/n.md", "atlas/u.md", "atlas/w.md"]
    assert "**Held at their defaults**: `x` = 3." in texts["atlas/h.md"]
    assert "**Follow from others**: `y` = `2*n_embd`." in texts["atlas/h.md"]
    assert "No closed form was found: `its 'process' died`" in texts["atlas/n.md"]
    assert "wte.weight is 1, not 2" in texts["atlas/w.md"]
    assert "math" not in texts["atlas/w.md"]
    assert "Not built from its default config: `no timm`" in texts["atlas/u.md"]


def test_what_goes_wrong_costs_one_row(tmp_path: Path) -> None:
    names = ["crash", "error", "good", "huge"]
    with ThreadPoolExecutor(2) as pool:
        found = atlas.run(names, replace(ASK, memory=2**33), pool, tmp_path / "rows", atlas_models.rows)
    assert [row["outcome"] for row in found] == ["none", "none", "full", "none"]
    assert [row.get("reason") for row in found] == [
        "its process died (exit status 3)",
        "LookupError: no such thing",
        None,
        "it takes more than 8 GiB",
    ]


def test_a_model_that_does_not_end_costs_one_row(tmp_path: Path) -> None:
    with ThreadPoolExecutor(1) as pool:
        found = atlas.run(["endless"], replace(ASK, patience=0.0), pool, tmp_path / "rows", atlas_models.rows)
    assert [(row["outcome"], row["reason"]) for row in found] == [("none", "no answer within 0 seconds")]


def test_a_worker_that_is_lost_is_not_held_against_the_model(tmp_path: Path) -> None:
    rows = tmp_path / "rows"
    with atlas.executor(1, None) as pool, pytest.raises(SystemExit, match=r"^\d rows were not made, run again"):
        atlas.run(["first", "lost", "last"], ASK, pool, rows, atlas_models.lost)
    assert "lost" not in rows.read_text("utf-8")
    with ThreadPoolExecutor(1) as pool:
        found = atlas.run(["first", "lost", "last"], ASK, pool, rows, atlas_models.misbehaved)
    assert [row["model_type"] for row in found] == ["first", "lost", "last"]


def test_a_run_goes_on_where_it_was_interrupted(tmp_path: Path) -> None:
    rows, asked = tmp_path / "rows", []

    def work(model_type: str, ask: Any) -> dict[str, Any]:
        asked.append(model_type)
        return {"model_type": model_type, "outcome": "full"}

    lines = [
        MADE | atlas.made_with(ASK),
        {"model_type": "a", "outcome": "none"},
        {"model_type": "b", "outcome": "none"},
    ]
    rows.write_text("\n".join(map(json.dumps, lines))[:-7], encoding="utf-8")
    with ThreadPoolExecutor(1) as pool:
        found = atlas.run(["a", "b", "c"], ASK, pool, rows, work)
    assert asked == ["b", "c"]
    assert [row["outcome"] for row in found] == ["none", "full", "full"]
    with ThreadPoolExecutor(1) as pool:
        assert atlas.run(["a", "b", "c"], ASK, pool, rows, work) == found
        assert asked == ["b", "c"]
        with pytest.raises(SystemExit, match="delete it to begin anew"):
            atlas.run(["a"], atlas_row.Ask(builds=7), pool, rows, work)


def test_some_rows_are_made_anew_and_others_stay(tmp_path: Path) -> None:
    rows = tmp_path / "rows"
    atlas.write(rows, MADE, [{"model_type": "b"}, {"model_type": "a"}])
    assert atlas.read(rows) == (MADE, [{"model_type": "a"}, {"model_type": "b"}])
    ask = atlas_row.Ask(**MADE["limits"])
    assert atlas.others(rows, ask, ["a"]) == [{"model_type": "b"}]
    assert atlas.others(rows, ask, []) == []
    with pytest.raises(SystemExit, match="make all rows anew"):
        atlas.others(rows, ASK, ["a"])


@pytest.fixture
def cluster() -> Iterator[str]:
    import dask
    from distributed import LocalCluster

    settings = {
        "distributed.worker.daemon": False,  # so that a worker may start a process for each row
        "distributed.comm.timeouts.connect": "10000s",
        "distributed.comm.timeouts.tcp": "10000s",
    }
    with (
        dask.config.set(settings),
        LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as local,
    ):
        yield local.scheduler_address


def test_a_cluster_makes_the_rows_of_the_process_pool(tmp_path: Path, cluster: str) -> None:
    def made(executor: Executor, name: str) -> list[dict[str, Any]]:
        return list(map(without_seconds, atlas.run(FEW, ASK, executor, tmp_path / name)))

    with atlas.executor(1, None) as pool, atlas.executor(None, cluster) as workers:
        here, there = made(pool, "here"), made(workers, "there")
    assert here == there
    assert [row["outcome"] for row in here] == ["full", "unbuildable"]
