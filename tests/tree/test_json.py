"""Trees as text: readable JSON, with counts that are noticed where they are wrong."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

import paramcalc as pc
from paramcalc import Block, from_json, to_json
from paramcalc.errors import BadFile
from paramcalc.layers import CATALOGUE
from paramcalc.sizes.parse import parse_exact
from paramcalc.sizes.symbols import same
from paramcalc.testing import block_trees as trees
from paramcalc.tree.json import trees as tree_json
from tests.tree.json_files import GOOD, TREE


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
