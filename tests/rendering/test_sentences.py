"""Differences, verifications, closed forms and layers as text, in full."""

from __future__ import annotations

import pytest

import paramcalc as pc
from paramcalc import Block, TensorSpec, symbol
from paramcalc.analysis.diff import Change, Diff
from paramcalc.analysis.formula import formula
from paramcalc.layers import CATALOGUE
from paramcalc.rendering.derived import derived_text, evidence_lines
from paramcalc.rendering.diff import diff_table
from paramcalc.rendering.formula import formula_text, layer_sheet, variants
from paramcalc.rendering.verify import verification_text
from paramcalc.tree.evidence import Evidence
from paramcalc.verification.comparison import Difference
from paramcalc.verification.verify import Verification
from tests.rendering.sample_trees import D

CHANGES = (
    Change("a_b", "x|y", 1000, 1500),
    Change("same", "Linear", 5, 5),
    Change("new|", "", None, 7),
    Change("gone", "Conv", 7, None),
    Change("less", "L", 1000, 1),
    Change("sym", "S", D, 2 * D),
    Change("none", "", 0, 1234567),
    Change("known", "", 4, D),
    Change("equal", "", D, D),
)
DIFFERENT = Diff(CHANGES, Change("", "", 12345, 2345))
DIFF = """\
| Path      | Component   |      a |         b |     Change |   Relative |
|:----------|:------------|-------:|----------:|-----------:|-----------:|
| `a_b`     | x\\|y        |  1,000 |     1,500 |       +500 |     +50.0% |
| `new\\|`   |             |   none |         7 |         +7 |            |
| `gone`    | Conv        |      7 |      none |         -7 |            |
| `less`    | L           |  1,000 |         1 |       -999 |     -99.9% |
| `sym`     | S           |      d |       2*d |          d |            |
| `none`    |             |      0 | 1,234,567 | +1,234,567 |            |
| `known`   |             |      4 |         d |      d - 4 |            |
| **Total** |             | 12,345 |     2,345 |    -10,000 |     -81.0% |"""
ALL = """\
| Path      | Component   |   net (A) |   net (B) |     Change |   Relative |
|:----------|:------------|----------:|----------:|-----------:|-----------:|
| `a_b`     | x\\|y        |     1,000 |     1,500 |       +500 |     +50.0% |
| `same`    | Linear      |         5 |         5 |          0 |       0.0% |
| `new\\|`   |             |      none |         7 |         +7 |            |
| `gone`    | Conv        |         7 |      none |         -7 |            |
| `less`    | L           |     1,000 |         1 |       -999 |     -99.9% |
| `sym`     | S           |         d |       2*d |          d |            |
| `none`    |             |         0 | 1,234,567 | +1,234,567 |            |
| `known`   |             |         4 |         d |      d - 4 |            |
| `equal`   |             |         d |         d |          0 |            |
| **Total** |             |    12,345 |     2,345 |    -10,000 |     -81.0% |"""


def test_a_diff_in_full() -> None:
    assert diff_table(DIFFERENT, "a", "b").splitlines() == DIFF.splitlines()
    assert diff_table(DIFFERENT, "net", "net", everything=True).splitlines() == ALL.splitlines()
    assert len(diff_table(Diff((), Change("", "", 3, 3)), "a", "b").splitlines()) == 3


SAID = [
    (Difference("", "condition", "why", None), "no model of a has the sizes of b: why"),
    (Difference("d", "unknown", None, None), "the shapes of b do not determine d of a; bind it, or give --set"),
    (Difference("w", "missing", None, "(2,)"), "only in b: w (2,)"),
    (Difference("w", "missing", "(2,)", None), "only in a: w (2,)"),
    (Difference("w", "shape", "(2,)", "(3,)"), "shape differs at w: a has (2,), b has (3,)"),
    (Difference("w", "role", "a buffer", "packed"), "role differs at w: a has a buffer, b has packed"),
]


@pytest.mark.parametrize(("difference", "said"), SAID)
def test_each_difference_is_a_sentence(difference: Difference, said: str) -> None:
    result = Verification((difference,), 1, 2, {})
    assert verification_text(result, "a", "b") == said
    alike = said.replace(" a ", " x (A) ").replace(" b ", " x (B) ").replace("a;", "x (A);")
    alike = alike.replace("b:", "x (B):").replace("in a:", "in x (A):")
    assert verification_text(result, "x", "x") == alike.replace("has x (A) buffer", "has a buffer")


def test_trees_that_agree_are_said_to_with_the_values_read() -> None:
    same = "equal: 1,234 tensors, 1,234,567 parameters"
    assert verification_text(Verification((), 1234, 1234567, {}), "a", "b") == same
    read = Verification((), 1234, 1234567, {"d": 4096, "n": 12})
    assert verification_text(read, "a", "b") == f"{same}\nwith d = 4,096, n = 12"


@pytest.mark.parametrize("number", [1, 19, 20, 21, 1041])
def test_20_differences_are_listed_unless_said(number: int) -> None:
    differences = tuple(Difference(f"w{place}", "missing", "(2,)", None) for place in range(number))
    result = Verification(differences, number, 0, {"d": 3})
    every = [f"only in a: w{place} (2,)" for place in range(number)]
    assert verification_text(result, "a", "b", most=None).splitlines() == [*every, "with d = 3"]
    more = [f"... and {number - 20:,} more differences (--all shows them)"] if number > 20 else []
    assert verification_text(result, "a", "b").splitlines() == [*every[:20], *more, "with d = 3"]
    none = [f"... and {number:,} more differences (--all shows them)", "with d = 3"]
    assert verification_text(result, "a", "b", most=0).splitlines() == none


def test_a_closed_form_is_followed_by_how_far_it_goes_and_where_it_holds() -> None:
    tree = pc.architecture("amnl", lstm_hidden=D)
    leading = ["48*d**2", "as d grows; within 10% of the count for d >= 223", "for d divisible by 4"]
    assert formula_text(formula(tree, form="leading")).splitlines() == leading
    assert formula_text(formula(tree)).splitlines() == ["48*d**2 + 944*d + 53700", "for d divisible by 4"]
    assert formula_text(formula(pc.layers.Linear(D, 3))) == "3*d + 3"


ATTENTION = """\
MultiheadAttention(embed_dim, num_heads): {summary}

Parameters: 4*E**2 + 4*E
for E divisible by num_heads

Tensor           Shape                     Role
---------------  ------------------------  ---------
in_proj_weight   (3*embed_dim, embed_dim)  Parameter
in_proj_bias     (3*embed_dim,)            Parameter
out_proj.weight  (embed_dim, embed_dim)    Parameter
out_proj.bias    (embed_dim,)              Parameter

With                  Parameters                      Holds for
--------------------  ------------------------------  -----------------------------------------------------
bias=False            4*E**2
add_bias_kv=True      4*E**2 + 6*E
kdim=kdim, vdim=vdim  2*E**2 + E*kdim + E*vdim + 4*E  2*E**2 - 2*E*kdim - 2*E*vdim + kdim**2 + vdim**2 >= 1

Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.MultiheadAttention.html"""
NORM = """\
BatchNorm1d(num_features, affine=False): {summary}

Parameters: 0

Tensor               Shape    Role
-------------------  -------  ------
running_mean                  Buffer
running_var                   Buffer
num_batches_tracked           Buffer

Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.BatchNorm1d.html"""
NOTHING = """\
Identity: {summary}

Parameters: 0

Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.Identity.html"""
SHEETS = [
    ("MultiheadAttention", {}, {"embed_dim": "E"}, ATTENTION),
    ("BatchNorm1d", {"affine": False}, {}, NORM),
    ("Identity", {}, {}, NOTHING),
]


@pytest.mark.parametrize(("name", "arguments", "notation", "sheet"), SHEETS)
def test_the_sheet_of_a_layer_in_full(
    name: str, arguments: dict[str, object], notation: dict[str, str], sheet: str
) -> None:
    layer = CATALOGUE[name]
    shown = layer_sheet(layer, arguments, notation)
    assert [line.rstrip() for line in shown.splitlines()] == sheet.replace("{summary}", layer.summary).splitlines()


@pytest.mark.parametrize("name", sorted(CATALOGUE))
def test_variants_hold_under_what_the_layer_does_not_ask_already(name: str) -> None:
    layer = CATALOGUE[name]
    always = set(layer.block().preconditions)
    rows = variants(layer, {})
    assert len(rows) == len(layer.variants)
    for (with_, count, holds), variant in zip(rows, layer.variants, strict=True):
        given = layer.symbols(variant)
        block = layer.block(**given)
        assert with_ == ", ".join(f"{key}={value}" for key, value in given.items())
        assert count == str(formula(block, form="collected"))
        assert holds == "; ".join(str(each) for each in block.preconditions if each not in always)


def evidence(**fields: object) -> Evidence:
    return Evidence(**{"built": ({"d": 1},), "predicted": (), "refused": (), **fields})  # type: ignore[arg-type]


def test_a_derived_form_is_followed_by_its_evidence() -> None:
    tree = pc.layers.Linear(D, symbol("o"))
    closed = formula(tree)
    assert derived_text(tree, closed) == formula_text(closed)
    proven = Block(tree.name, tree.kind, tree.own, evidence=evidence(builds=1234))
    lines = [formula_text(closed), "", *evidence_lines(evidence(builds=1234))]
    assert derived_text(proven, closed) == "\n".join(lines)
    assert lines[-1] == (
        "fitted to models of 1 size; predicted 0 others exactly, tensor by tensor (1,234 built in all)"
    )


def test_the_first_prediction_and_the_last_refusal_are_shown() -> None:
    points = ({"d": 1, "n": 2}, {"d": 3, "n": 4}, {"d": 5, "n": 6})
    refused = tuple((point, f"no {point['d']}") for point in points)
    plain = evidence_lines(evidence(built=points * 400, predicted=points[:1], refused=refused, builds=2))
    assert plain == [
        "fitted to models of 1,200 sizes; predicted 1 other exactly, tensor by tensor (2 built in all)",
        "such as d=1, n=2",
        "3 sizes refused, such as d=5, n=6: no 5",
    ]
    one = evidence_lines(evidence(predicted=points, refused=refused[:1]))
    assert one[1:] == ["such as d=1, n=2", "1 size refused, such as d=1, n=2: no 1"]


def test_a_layout_and_what_has_no_effect_are_shown_and_what_was_fixed_stands_with_the_form() -> None:
    held = evidence(fixed={"b": 1}, layout={"g": 2, "i": 3}, follows={"h": 4 * D}, no_effect=("x", "y"))
    assert evidence_lines(held)[1:] == ["layout: g=2, i=3", "no effect: x, y"]
    tree = Block("", "Net", (TensorSpec("w", (D,)),), evidence=held)
    said = derived_text(tree, formula(tree)).splitlines()
    assert said[:3] == ["d", "fixed: b=1", "given by others: h=4*d"]
    assert said[3:] == ["", *evidence_lines(held)]
    assert evidence_lines(evidence(left_out=("head",)))[1:] == ["no effect: unknown, since parts have no form"]
