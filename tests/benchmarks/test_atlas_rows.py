"""The rows of the atlas say what is derived today, and every form has its count."""

from __future__ import annotations

import re
from typing import Any

import pytest
from sympy import Integer

from benchmarks.atlas.row import Ask, Row, row
from benchmarks.atlas.rows import ROWS, made_with
from benchmarks.atlas.run import model_types
from benchmarks.atlas.section import count
from benchmarks.atlas.workers import executor
from paramcalc.sizes.conditions import RELATIONS, Condition
from paramcalc.sizes.parse import parse_exact
from paramcalc.sizes.point import meets
from paramcalc.sizes.symbols import canonical
from tests.benchmarks.atlas_rows import ASK, FORMED, FOUND, MADE, ROW_OF

SAMPLE = ["gpt2", "bert", "t5", "clip", "vit", "opt", "whisper"]


def condition(text: str) -> Condition:
    relation = next(each for each in RELATIONS if f" {each} " in text)
    left, right = text.split(f" {relation} ")
    return Condition(parse_exact(left), relation, parse_exact(right))


def at(size: Any, sizes: dict[str, int]) -> Any:
    if isinstance(size, int):
        return size
    return size.xreplace({name: Integer(sizes[str(name)]) for name in size.free_symbols})


@pytest.fixture(scope="module")
def made_now() -> dict[str, Row]:
    with executor(2, None) as pool:
        return dict(zip(SAMPLE, pool.map(row, SAMPLE, [ASK] * len(SAMPLE)), strict=True))


@pytest.mark.parametrize("model_type", SAMPLE)
def test_a_row_says_what_is_derived_today(model_type: str, made_now: dict[str, Row]) -> None:
    told, now = ROW_OF[model_type], made_now[model_type]
    names = ("class", "params", "outcome", "free", "fixed", "follows", "no_effect", "further")
    assert {name: told[name] for name in names} == {name: now[name] for name in names}
    assert canonical(parse_exact(told["form"]) - parse_exact(now["form"])) == 0
    assert set(map(condition, told["holds"])) == set(map(condition, now["holds"]))
    assert told["parts"] == now["parts"]


def test_every_model_type_has_a_row_and_no_form_is_wrong() -> None:
    assert list(ROW_OF) == model_types()
    assert not [row["model_type"] for row in FOUND if row["outcome"] == "wrong"]


def test_the_rows_are_in_order_and_name_no_place_of_a_machine() -> None:
    assert list(ROW_OF) == sorted(ROW_OF)
    text = ROWS.read_text("utf-8")
    assert text.count("\n") == len(FOUND) + 1
    assert not re.search(r"(?<![\w.])/(home|root|tmp|usr|var|work)/", text)
    assert made_with(Ask()) == MADE


@pytest.mark.parametrize("row", FORMED, ids=lambda row: row["model_type"])
def test_a_form_has_the_count_of_the_default_config(row: Row) -> None:
    sizes = row["free"]
    assert at(parse_exact(row["form"]), sizes) == row["params"]
    assert meets(sizes, [condition(text) for text in row["holds"]])
    assert sum(count(part["times"])(sizes) * count(part["each"])(sizes) for part in row["parts"]) == row["params"]
    assert row["predicted"] >= 8 or not sizes


def test_the_parts_add_up_to_the_form() -> None:
    for name in SAMPLE:
        row = ROW_OF[name]
        whole = sum(parse_exact(f"({part['times']})*({part['each']})") for part in row["parts"])
        assert canonical(whole - parse_exact(row["form"])) == 0
