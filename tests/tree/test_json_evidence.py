"""What a derived form rests on reads back with it, and is checked."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given

import paramcalc as pc
from paramcalc import from_json, to_json
from paramcalc.cli import main
from paramcalc.errors import BadFile
from paramcalc.tree.evidence import Evidence
from tests.sample_evidence import EVIDENCE
from tests.tree.json_files import TREE, changed


@given(EVIDENCE, EVIDENCE)
def test_evidence_reads_back_at_every_block_that_has_any(whole: Evidence, part: Evidence) -> None:
    children = tuple(replace(child, evidence=part) for child in TREE.children)
    tree = replace(TREE, children=children, evidence=whole)
    again = from_json(to_json(tree))
    assert again == tree
    assert [each.evidence for _, each in again.walk()] == [each.evidence for _, each in tree.walk()]


def test_all_that_evidence_says_is_in_the_file_and_less_is_enough() -> None:
    tree = replace(TREE, evidence=Evidence((), (), ()))
    written = json.loads(to_json(tree))["blocks"][0]["evidence"]
    assert written.keys() == {each.name for each in fields(Evidence)}
    least: dict[str, Any] = {"built": [], "predicted": [], "refused": []}
    assert from_json(changed(["blocks", 0, "evidence"], least)).evidence == tree.evidence


def test_evidence_keeps_what_json_has_no_word_for_as_text() -> None:
    fixed = {"act": torch.relu, "scale": float("inf"), "kernels": (3, 5)}
    tree = replace(TREE, evidence=Evidence((), (), (), fixed=fixed))
    again = from_json(to_json(tree)).evidence
    assert again is not None
    assert again.fixed == {"act": torch.relu.__qualname__, "scale": "inf", "kernels": "(3, 5)"}


def test_a_derived_tree_is_the_same_after_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    at = {"widths": [12, 4], "dropout": 0.5, "act": torch.relu}
    tree = pc.derive(lambda widths, dropout, act: torch.nn.MultiheadAttention(*widths), at)
    again = from_json(to_json(tree))
    assert (again, again.evidence, again.preconditions) == (tree, tree.evidence, tree.preconditions)
    path = tmp_path / "tree.json"
    path.write_text(to_json(tree), encoding="utf-8")
    for arguments in (["table", str(path)], ["formula", str(path)], ["table", str(path), "--set", "widths_0=8"]):
        with pytest.raises(SystemExit) as stop:
            main(arguments)
        assert stop.value.code == 0, capsys.readouterr().err


GOOD_EVIDENCE = {
    "built": [{"d": 4}],
    "predicted": [{"d": 8}],
    "refused": [[{"d": 3}, "odd"]],
    "fixed": {"p": 0.1},
    "only": ["p"],
    "follows": {"e": "2*d"},
    "no_effect": ["k"],
    "left_out": ["head.weight"],
    "unmet": ["d equal to k"],
    "untraced": ["module:function"],
    "lost": ["d: int in module:function"],
    "builds": 9,
}
UNPROVEN = {
    "no object": ([], r"blocks\[0\]: evidence is no object"),
    "an unknown part": ({**GOOD_EVIDENCE, "believed": 1}, r"blocks\[0\]: evidence has the unknown key 'believed'"),
    "nothing": ({}, r"blocks\[0\]: evidence has no 'built'"),
    "points no list": ({**GOOD_EVIDENCE, "built": {"d": 4}}, r"blocks\[0\]: built is no list"),
    "a point no object": ({**GOOD_EVIDENCE, "predicted": [4]}, r"blocks\[0\]: 4 in predicted is no object"),
    "a size no number": ({**GOOD_EVIDENCE, "predicted": [{"d": [4]}]}, "d in predicted is neither a number nor a text"),
    "a refusal alone": ({**GOOD_EVIDENCE, "refused": ["odd"]}, "odd in refused is no pair of sizes and a reason"),
    "a reason no text": ({**GOOD_EVIDENCE, "refused": [[{"d": 3}, 4]]}, r"blocks\[0\]: 4 is no text"),
    "code": ({**GOOD_EVIDENCE, "follows": {"e": "exec('1')"}}, "e in follows: expression: cannot read"),
    "a name no text": ({**GOOD_EVIDENCE, "no_effect": [None]}, r"blocks\[0\]: None is no text"),
    "no list of names": ({**GOOD_EVIDENCE, "only": "p"}, r"blocks\[0\]: only is no list"),
    "no list of functions": ({**GOOD_EVIDENCE, "untraced": "f"}, r"blocks\[0\]: untraced is no list"),
    "no list of calls": ({**GOOD_EVIDENCE, "lost": {"d": "f"}}, r"blocks\[0\]: lost is no list"),
    "no list of kinds": ({**GOOD_EVIDENCE, "unmet": "d"}, r"blocks\[0\]: unmet is no list"),
    "a number of builds": ({**GOOD_EVIDENCE, "builds": -1}, r"blocks\[0\]: builds is -1, no number of models"),
}


@pytest.mark.parametrize("name", sorted(UNPROVEN))
def test_wrong_evidence_is_refused(name: str) -> None:
    evidence, message = UNPROVEN[name]
    assert from_json(changed(["blocks", 0, "evidence"], GOOD_EVIDENCE)).evidence is not None
    with pytest.raises(BadFile, match=message) as caught:
        from_json(changed(["blocks", 0, "evidence"], evidence))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("part", "value", "message"),
    [
        *(
            (each, {"d": 1}, f"{each} is no list")
            for each in ("built", "predicted", "refused", "only", "no_effect", "left_out")
        ),
        *((each, [4], f"4 in {each} is no object") for each in ("built", "predicted")),
        *(
            (each, [{"d": value}], f"d in {each} is neither a number nor a text")
            for each in ("built", "predicted")
            for value in ([4], {"a": 1})
        ),
        *(
            (each, {"d": value}, f"d in {each} is neither a number nor a text")
            for each in ("fixed", "layout")
            for value in ([4], {"a": 1})
        ),
        *((each, 4, f"4 in {each} is no object") for each in ("fixed", "layout", "follows")),
        ("refused", ["odd"], "odd in refused is no pair of sizes and a reason"),
        ("refused", ["ab"], "ab in refused is no pair of sizes and a reason"),
        ("refused", [[{"d": 3}]], "[{'d': 3}] in refused is no pair of sizes and a reason"),
        ("refused", [[{}, "a", "b"]], "[{}, 'a', 'b'] in refused is no pair of sizes and a reason"),
        ("refused", ["x" * 70], f"{'x' * 60} in refused is no pair of sizes and a reason"),
        ("refused", [[4, "odd"]], "4 in refused is no object"),
        ("fixed", "x" * 70, f"{'x' * 60} in fixed is no object"),
        (
            "follows",
            {"e": 2.5},
            "e in follows: size: got float 2.5; expected an integer or an expression of paramcalc.symbol",
        ),
        *(("builds", each, f"builds is {each}, no number of models") for each in (-1, True, 2.0, None)),
        ("builds", "x" * 70, f"builds is {'x' * 60}, no number of models"),
        ("only", [3], "3 is no text"),
    ],
)
def test_what_is_wrong_in_evidence_is_said_in_full(part: str, value: Any, message: str) -> None:
    with pytest.raises(BadFile) as caught:  # in full below
        from_json(changed(["blocks", 0, "evidence"], {**GOOD_EVIDENCE, part: value}))
    assert str(caught.value) == f"JSON: blocks[0]: {message}; expected a tree as paramcalc writes it"


@pytest.mark.parametrize("part", ["built", "predicted", "refused"])
def test_evidence_needs_its_points(part: str) -> None:
    evidence = {name: value for name, value in GOOD_EVIDENCE.items() if name != part}
    with pytest.raises(BadFile, match=rf"^JSON: blocks\[0\]: evidence has no '{part}'; "):
        from_json(changed(["blocks", 0, "evidence"], evidence))


def test_evidence_says_nothing_where_it_is_not_said() -> None:
    assert from_json(changed(["blocks", 0, "evidence"], {**GOOD_EVIDENCE, "builds": 0})).evidence is not None
    assert Evidence((), (), ()) == Evidence((), (), (), {}, (), {}, {}, (), (), (), (), (), 0)
