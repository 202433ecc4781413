"""Trees from files: hostile, truncated and contradictory text is refused in one sentence."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import paramcalc as pc
from paramcalc import from_json, symbol, to_json
from paramcalc.errors import BadFile
from paramcalc.layers import CATALOGUE

TREE = pc.compose(
    "Model", {"fc": pc.layers.Linear(symbol("d"), 3), "mha": pc.layers.MultiheadAttention(symbol("d"), 2)}
)
GOOD = to_json(TREE)


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
    assert (data["format"], data["version"]) == ("paramcalc-tree", 1)
    assert data["blocks"][1]["own"][0] == {"name": "weight", "shape": [3, "d"]}


def changed(path: list[Any], value: Any) -> str:
    data = json.loads(GOOD)
    place = data
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return json.dumps(data)


WRONG = {
    "empty": ("", "not JSON"),
    "truncated": (GOOD[: len(GOOD) // 2], "not JSON"),
    "text": ("hello", "not JSON"),
    "deep": ("[" * 100_000, "not JSON"),
    "another file": ('{"a": 1}', 'expected "format": "paramcalc-tree"'),
    "a list": ("[1]", 'expected "format": "paramcalc-tree"'),
    "another version": (changed(["version"], 2), "version 2; expected version 1"),
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
    "a key twice": (GOOD.replace('"version": 1', '"version": 1, "version": 1'), "a key stands twice"),
    "not a number": (GOOD.replace('"version": 1', '"version": NaN'), "NaN is no size"),
    "many digits": (GOOD.replace('"version": 1', '"version": ' + "9" * 5000), "not JSON"),
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
