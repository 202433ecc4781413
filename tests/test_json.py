"""Trees from files: hostile, truncated and contradictory text is refused in one sentence."""

from __future__ import annotations

import json
import re
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import paramcalc as pc
from paramcalc import Block, from_json, symbol, to_json
from paramcalc.cli import main
from paramcalc.errors import BadFile
from paramcalc.layers import CATALOGUE
from paramcalc.sizes.parse import parse_exact
from paramcalc.sizes.symbols import same
from paramcalc.testing import block_trees as trees
from paramcalc.tree.evidence import Evidence
from paramcalc.tree.json import trees as tree_json

TREE = pc.compose(
    "Model", {"fc": pc.layers.Linear(symbol("d"), 3), "mha": pc.layers.MultiheadAttention(symbol("d"), 2)}
)
GOOD = to_json(TREE)
assert '"evidence"' not in GOOD  # as files were before there was any


@pytest.mark.parametrize("name", sorted(CATALOGUE))
def test_every_layer_reads_back(name: str) -> None:
    layer = CATALOGUE[name]
    for block in (layer.block(), *(layer.block(**layer.symbols(variant)) for variant in layer.variants)):
        again = from_json(to_json(block))
        assert again == block
        assert (again.title, again.params, again.preconditions) == (block.title, block.params, block.preconditions)


def test_amnl_reads_back() -> None:
    for tree in (pc.architecture("amnl"), pc.architecture("amnl", symbolic=True)):
        assert from_json(to_json(tree)) == tree


def test_the_text_is_readable_json() -> None:
    data = json.loads(GOOD)
    assert (data["format"], data["version"]) == ("paramcalc-tree", 2)
    assert data["blocks"][1]["own"][0] == {"name": "weight", "shape": [3, "d"]}


def changed(path: list[Any], value: Any) -> str:
    data = json.loads(GOOD)
    place = data
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return json.dumps(data)


@given(trees.blocks(), st.data())
def test_a_count_is_stated_and_another_one_is_noticed(tree: Block, data: st.DataObject) -> None:
    written = json.loads(to_json(tree))
    stated = written["params"]
    assert same(parse_exact(str(stated)), tree.params)
    other = stated + 1 if isinstance(stated, int) else f"{stated} + 1"
    with pytest.raises(BadFile, match=r"it states .* parameters, its shapes give"):
        from_json(json.dumps({**written, "params": other}))
    tensors = [tensor for block in written["blocks"] for tensor in block.get("own", [])]
    counted = [each for each in tensors if each.get("role") != "buffer" and "tied_to" not in each]
    if counted:
        data.draw(st.sampled_from(counted))["shape"].append(2)
        with pytest.raises(BadFile):
            from_json(json.dumps(written))


def test_a_count_of_many_terms_is_not_stated(monkeypatch: pytest.MonkeyPatch) -> None:
    assert json.loads(GOOD)["params"] == str(TREE.params) == "4*d**2 + 7*d + 3"
    monkeypatch.setattr(tree_json, "MOST_STATED", 3)
    assert json.loads(to_json(TREE))["params"] == str(TREE.params)
    monkeypatch.setattr(tree_json, "MOST_STATED", 2)
    assert "params" not in json.loads(to_json(TREE))
    assert from_json(to_json(TREE)) == TREE


POINTS = st.dictionaries(st.sampled_from(["d", "n_layers", "widths_0"]), st.integers(1, 2**40), max_size=3)
PLAIN = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
FOLLOWED = st.sampled_from([7, symbol("d"), 2 * symbol("d") + 1, symbol("d") / 4, symbol("d") / symbol("n")])
EVIDENCE = st.builds(
    Evidence,
    built=st.lists(POINTS, max_size=3).map(tuple),
    predicted=st.lists(POINTS, max_size=3).map(tuple),
    refused=st.lists(st.tuples(POINTS, st.text()), max_size=3).map(tuple),
    fixed=st.dictionaries(st.text(), PLAIN, max_size=3),
    only=st.lists(st.text(), max_size=2).map(tuple),
    layout=st.dictionaries(st.text(), st.integers(), max_size=2),
    follows=st.dictionaries(st.text(), FOLLOWED, max_size=2),
    no_effect=st.lists(st.text(), max_size=2).map(tuple),
    builds=st.integers(0, 1000),
)


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
    "a number of builds": ({**GOOD_EVIDENCE, "builds": -1}, r"blocks\[0\]: builds is -1, no number of models"),
}


@pytest.mark.parametrize("name", sorted(UNPROVEN))
def test_wrong_evidence_is_refused(name: str) -> None:
    evidence, message = UNPROVEN[name]
    assert from_json(changed(["blocks", 0, "evidence"], GOOD_EVIDENCE)).evidence is not None
    with pytest.raises(BadFile, match=message) as caught:
        from_json(changed(["blocks", 0, "evidence"], evidence))
    assert "\n" not in str(caught.value)


WRONG = {
    "empty": ("", "not JSON"),
    "truncated": (GOOD[: len(GOOD) // 2], "not JSON"),
    "text": ("hello", "not JSON"),
    "deep": ("[" * 100_000, "not JSON"),
    "another file": ('{"a": 1}', 'expected "format": "paramcalc-tree"'),
    "a list": ("[1]", 'expected "format": "paramcalc-tree"'),
    "a newer version": (changed(["version"], 3), "version 3; expected version 1 to 2; a newer paramcalc wrote it"),
    "no version": (changed(["version"], None), "version None; expected version 1 to 2"),
    "no blocks": (changed(["blocks"], []), 'expected a list "blocks"'),
    "blocks no list": (changed(["blocks"], {}), 'expected a list "blocks"'),
    "a block no object": (changed(["blocks", 1], 3), r"blocks\[1\] is no object"),
    "an unknown key": (changed(["blocks", 1, "shapes"], 3), r"blocks\[1\] has the unknown key 'shapes'"),
    "no depth": (changed(["blocks", 0, "depth"], None), r"blocks\[0\]: depth None"),
    "depth skips": (changed(["blocks", 1, "depth"], 2), r"blocks\[1\]: depth 2, where 1 to 1"),
    "two roots": (changed(["blocks", 1, "depth"], 0), r"blocks\[1\]: depth 0, where 1 to 1"),
    "a float": (changed(["blocks", 1, "own", 0, "shape", 0], 3.0), r"blocks\[1\]: size: got float 3.0"),
    "negative": (changed(["blocks", 1, "own", 0, "shape", 0], -3), r"blocks\[1\]: size: got -3"),
    "enormous": (changed(["blocks", 1, "own", 0, "shape", 0], 10**30), r"blocks\[1\]: size: got .* at most 2\^63"),
    "true": (changed(["blocks", 1, "own", 0, "shape", 0], True), r"blocks\[1\]: size: got the truth value True"),
    "code": (changed(["blocks", 1, "own", 0, "shape", 0], "exec('1')"), r"blocks\[1\]: expression: cannot read"),
    "a shape of text": (changed(["blocks", 1, "own", 0, "shape"], "dd"), "shape 'dd' is no list"),
    "no shape": (changed(["blocks", 1, "own", 0], {"name": "w"}), r"blocks\[1\]: no 'shape'"),
    "a role": (changed(["blocks", 1, "own", 0, "role"], "weights"), r"blocks\[1\]: weight: unknown role"),
    "a role of another type": (changed(["blocks", 1, "own", 0, "role"], [1]), r"blocks\[1\]: weight: unknown role"),
    "a dtype": (changed(["blocks", 1, "own", 0, "dtype"], "float33"), r"blocks\[1\]: weight: unknown dtype"),
    "a tie to nowhere": (changed(["blocks", 1, "own", 0, "tied_to"], ".v"), r"blocks\[1\]: .*which does not exist"),
    "a tie out of the tree": (changed(["blocks", 1, "own", 0, "tied_to"], "...v"), "leads out of the tree"),
    "a repeat": (changed(["blocks", 1, "repeat"], 3), r"blocks\[1\]: .*expected one {} in each"),
    "a name": (changed(["blocks", 1, "name"], 3), r"blocks\[1\]: 3 is no text"),
    "a name twice": (changed(["blocks", 1, "name"], "mha"), "two siblings are named 'mha'"),
    "a condition": (changed(["blocks", 2, "conditions", 0, "relation"], "=="), r"blocks\[2\]: relation of a condition"),
    "another count": (changed(["params"], 3), r"it states 3 parameters, its shapes give 4\*d\*\*2"),
    "no count": (changed(["params"], None), "JSON: params: got NoneType None"),
    "a key twice": (GOOD.replace('"version": 2', '"version": 2, "version": 2'), "a key stands twice"),
    "not a number": (GOOD.replace('"version": 2', '"version": NaN'), "NaN is no size"),
    "many digits": (GOOD.replace('"version": 2', '"version": ' + "9" * 5000), "not JSON"),
}


@pytest.mark.parametrize("name", sorted(WRONG))
def test_wrong_files_are_refused(name: str) -> None:
    text, message = WRONG[name]
    with pytest.raises(BadFile, match=message) as caught:
        from_json(text)
    assert "\n" not in str(caught.value)


@given(st.integers(0, len(GOOD)), st.text(alphabet='{}[]",:0d*-', max_size=3))
def test_any_damage_is_an_error_or_another_tree(position: int, insertion: str) -> None:
    text = GOOD[:position] + insertion + GOOD[position + len(insertion) :]
    try:
        tree = from_json(text)
    except BadFile:
        return
    assert from_json(to_json(tree)) == tree


SAVED = Path(__file__).parent / "tree" / "saved"


def test_version_1_says_in_a_note_what_is_not_persistent() -> None:
    tree = from_json((SAVED / "version_1_module.json").read_text("utf-8"))
    assert {tensor.name: (tensor.persistent, tensor.note) for tensor in tree.own} == {
        "inv_freq": (False, ""),
        "mask": (True, ""),
    }
    assert (tree.params, tree.buffers) == (8 * 8 * 2 + 8 * 3, 5)
    assert from_json(to_json(tree)) == tree


def test_version_1_does_not_say_which_entry_of_a_list_a_size_is() -> None:
    text = (SAVED / "version_1_lists.json").read_text("utf-8")
    with pytest.raises(BadFile, match="whether conv_channels_1 is the first entry of conv_channels or the second"):
        from_json(text)
    from_zero = re.sub(
        r"(conv_channels|rul_hidden|health_hidden)_([1-9])", lambda each: f"{each[1]}_{int(each[2]) - 1}", text
    )
    assert from_json(from_zero) == pc.architecture("amnl", symbolic=True)


def test_derived_trees_of_version_1_number_lists_from_0() -> None:
    tree = from_json((SAVED / "version_1_derived.json").read_text("utf-8"))
    assert tree.symbols == {"width", "widths_1"}
    assert tree.bind(width=16, widths_1=24).params == 16 * 24 + 24 + 24 * 3 + 3
