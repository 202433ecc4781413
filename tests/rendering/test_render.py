"""Rendered tables: parsed again, their columns add up at every depth."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import paramcalc as pc
from paramcalc import Block, TensorSpec, breakdown, render, symbol
from paramcalc.analysis.breakdown import tensor_rows
from paramcalc.errors import InvalidValue, UnknownName
from paramcalc.rendering.derived import evidence_lines
from paramcalc.rendering.diff import diff_table
from paramcalc.sizes.symbols import canonical, same
from paramcalc.testing import block_trees as trees
from paramcalc.tree.evidence import Evidence
from tests.sample_evidence import EVIDENCE

DEPTHS = st.one_of(st.none(), st.integers(0, 4))


@given(trees.blocks(), DEPTHS)
def test_rows_add_up_to_the_total_at_every_depth(tree: Block, depth: int | None) -> None:
    rows = [row.totals for row in breakdown(tree, depth=depth) if row.counted]
    for count in ("params", "trainable", "frozen", "buffers", "nbytes"):
        assert same(sum(getattr(totals, count) for totals in rows), getattr(tree.totals, count)), count


@given(trees.blocks(), DEPTHS)
def test_every_subtotal_is_the_sum_of_the_rows_below_it(tree: Block, depth: int | None) -> None:
    rows = breakdown(tree, depth=depth)
    for number, row in enumerate(rows):
        below: list[Any] = []
        for other in rows[number + 1 :]:
            if other.level <= row.level:
                break
            below += [other.params] if other.level == row.level + 1 else []
        if not row.counted:
            assert same(canonical(sum(below)), row.params)


@given(trees.blocks())
def test_tensor_rows_add_up(tree: Block) -> None:
    rows = tensor_rows(tree)
    assert same(sum(row.params for row in rows), tree.params)
    assert same(sum(row.totals.buffers for row in rows), tree.buffers)


@given(trees.blocks(symbolic=False), DEPTHS)
def test_markdown_read_again_adds_up(tree: Block, depth: int | None) -> None:
    header, rule, *lines = render(tree, "markdown", depth=depth).split("\n\n")[0].splitlines()
    cells = [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]
    columns = [cell.strip() for cell in header.split("|")[1:-1]]
    assert columns in (["Path", "Layer", "Shape", "Parameters", "Share"], ["Path", "Layer", "Parameters", "Share"])
    assert re.fullmatch(r"(\|:-+){2,3}(\|-+:){2}\|", rule)
    assert {len(row) for row in cells} == {len(columns)}
    *rows, total = cells
    plain = [row[-2] for row in rows if not row[-2].startswith("**")]
    assert sum(int(number.replace(",", "")) for number in plain) == tree.params
    assert total[-2] == f"**{tree.params:,}**"


@given(trees.blocks(symbolic=False), DEPTHS)
def test_csv_read_again_adds_up(tree: Block, depth: int | None) -> None:
    rows = list(csv.DictReader(io.StringIO(render(tree, "csv", depth=depth))))
    assert len(rows) == len(breakdown(tree, depth=depth))
    assert int(rows[0]["params"]) == tree.params
    for column, count in {"params": tree.params, "buffers": tree.buffers, "trainable": tree.trainable_params}.items():
        assert sum(int(row[column]) for row in rows if row["counted"] == "yes") == count


LONG = "w" * 70
TIED = TensorSpec("tied", (2,), tied_to=f".{LONG}")
WRAPPED = Block(own=(TensorSpec(LONG, (2,)), TIED), children=(pc.layers.Linear(2, 2).named("fc"),))


@given(trees.blocks(symbolic=False), DEPTHS)
@example(WRAPPED, None)
def test_text_has_a_line_for_every_row(tree: Block, depth: int | None) -> None:
    body, summary = render(tree, "text", depth=depth).split("\n\n")
    root, *below = breakdown(tree, depth=depth)
    rows = [root, *([row for row in below if not row.empty] or below)]
    left_out = sum(row.times for row in below if row.empty) if len(rows) <= len(below) else 0
    plural = "" if left_out == 1 else "s"
    assert (f"Not shown: {left_out} module{plural} without tensors" in summary) == (left_out > 0)
    # What is said of a layer goes on below its line where it is long.
    first, *further = body.splitlines()
    lines = [first, *(line for line in further if "─" in line)]
    assert all(line.startswith(" ") for line in further if line not in lines)
    assert len(lines) == len(rows)
    for line, row in zip(lines, rows, strict=True):
        assert f"{row.params:,}" in line.split()
        assert line.count("─") == (1 if row.level else 0)


def test_the_shape_column_is_the_arithmetic_of_the_count() -> None:
    rows = csv.DictReader(io.StringIO(render(pc.architecture("amnl"), "csv")))
    counted = [row for row in rows if row["counted"] == "yes"]
    assert len(counted) > 10
    for row in counted:
        arithmetic = row["shape"].replace("×", "*").replace("·", "*")
        assert re.fullmatch(r"[\d*+() ]+", arithmetic)
        assert sum(_product(term) for term in arithmetic.split(" + ")) == int(row["params"])


def _product(term: str) -> int:
    result = 1
    for factor in re.findall(r"\d+", term):
        result *= int(factor)
    return result


def test_repeated_layers_are_one_row_with_their_number() -> None:
    stack = pc.layers.TransformerEncoder(pc.layers.TransformerEncoderLayer(8, 2, 16), 12)
    rows = {row.path: row for row in breakdown(stack)}
    assert rows["layers.[0..11].linear1"].params == 12 * (8 * 16 + 16)
    assert "`12 × Linear(8, 16)`" in render(stack)
    symbolic = pc.layers.TransformerEncoder(pc.layers.TransformerEncoderLayer(8, 2, 16), symbol("L"))
    assert "`L × Linear(8, 16)`" in render(symbolic)
    assert "layers.[0..L - 1]" in render(symbolic)


def test_a_tied_tensor_is_a_visible_row_that_adds_nothing() -> None:
    model = pc.compose("LM", {"wte": pc.layers.Embedding(50, 8), "lm_head": pc.layers.Linear(8, 50, bias=False)})
    rows = {row.path: row for row in breakdown(pc.tie(model, "lm_head.weight", to="wte.weight"))}
    assert rows["lm_head"].params == 0
    assert rows["lm_head"].terms[0].tied_to == "wte.weight"
    assert "50×8 (tied to wte.weight)" in render(pc.tie(model, "lm_head.weight", to="wte.weight"))


def test_a_table_without_parameters_has_no_shares() -> None:
    assert "%" not in render(pc.layers.Sequential(pc.layers.Identity()))


@pytest.mark.parametrize("format_", ["markdwn", "", "pdf"])
def test_unknown_formats_are_refused(format_: str) -> None:
    with pytest.raises(UnknownName, match=r"unknown format .*(did you mean|known:)"):
        render(pc.layers.Linear(1, 1), format_)


@pytest.mark.parametrize("depth", [-1, 1.0, True, "2"])
def test_a_wrong_depth_is_refused(depth: object) -> None:
    with pytest.raises(InvalidValue, match="expected a whole number of 0 or more"):
        breakdown(pc.layers.Linear(1, 1), depth=depth)  # type: ignore[arg-type]


@given(EVIDENCE)
def test_all_that_a_derived_form_rests_on_is_said_below_it(evidence: Evidence) -> None:
    def many(items: Sequence[object], word: str) -> str:
        return f"{len(items)} {word if len(items) == 1 else f'{word}s'}"

    def pairs(values: Mapping[str, object]) -> str:
        return ", ".join(f"{name}={value}" for name, value in values.items())

    def some(items: Sequence[str], between: str = ", ") -> str:
        more = [f"and {len(items) - 4} more"] if len(items) > 4 else []
        return between.join([*items[:4], *more])

    built, predicted = many(evidence.built, "size"), many(evidence.predicted, "other")
    proof = f"fitted to models of {built}; predicted {predicted} exactly, tensor by tensor"
    expected = [
        f"{proof} ({evidence.builds:,} built in all)",
        *(f"such as {pairs(point)}" for point in evidence.predicted[:1]),
        *([f"none predicted with {some(evidence.unmet)}"] if evidence.unmet else []),
        *([f"not traced: {some(evidence.untraced)}"] if evidence.untraced else []),
        *([f"no longer traced: {some(evidence.lost, '; ')}"] if evidence.lost else []),
        *(f"{many(evidence.refused, 'size')} refused, such as {pairs(at)}: {why}" for at, why in evidence.refused[-1:]),
        *([f"layout: {pairs(evidence.layout)}"] if evidence.layout else []),
        *([f"no effect: {', '.join(evidence.no_effect)}"] if evidence.no_effect else []),
        *(["no effect: unknown, since parts have no form"] if evidence.left_out else []),
    ]
    assert evidence_lines(evidence) == expected


def test_what_is_equal_in_a_diff_has_no_sign() -> None:
    a, b = pc.architecture("amnl"), pc.architecture("amnl", lstm_hidden=64)
    lines = diff_table(pc.diff(a, b), "a", "b", everything=True).splitlines()[2:]
    changes = {line.split("|")[1].strip(): line.split("|")[5].strip() for line in lines}
    assert changes["`cnn`"] == "0"
    assert changes["`lstm`"] == "-428,288"
    assert all(text == "0" or text[0] in "+-" for text in changes.values())
