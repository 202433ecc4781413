"""The JSON of a tree says what differs from a plain block and nothing more, and what is wrong in it is said in full."""

from __future__ import annotations

import json
from typing import Any

import pytest

from paramcalc import Block, TensorSpec, from_json, symbol, to_json
from paramcalc.errors import BadFile, InvalidValue
from paramcalc.sizes.conditions import Condition
from paramcalc.sizes.parse import MOST_BITS
from paramcalc.tree.evidence import Evidence, as_kept
from paramcalc.tree.json.values import size_out
from paramcalc.tree.node import Argument
from tests.tree.json_files import changed

N = symbol("n")
AS_WRITTEN = "expected a tree as paramcalc writes it"
BLOCKS: list[tuple[Block, dict[str, Any]]] = [
    (Block(), {}),
    (Block("", "K", label="l", note="n"), {"kind": "K", "label": "l", "note": "n"}),
    (Block("", own=(TensorSpec("w", (3, N)),)), {"own": [{"name": "w", "shape": [3, "n"]}]}),
    (
        Block("", own=(TensorSpec("w", (), "buffer", "int8", None, "n", persistent=False),)),
        {
            "own": [
                {"name": "w", "shape": [], "role": "buffer", "dtype": "int8", "note": "n", "persistent": False},
            ]
        },
    ),
    (Block("", args=(Argument("", 3), Argument("a", N, 2))), {"args": [["", 3, None], ["a", {"expr": "n"}, 2]]}),
    (Block("", args=(Argument("a", (N, 2), (1, 2)),)), {"args": [["a", [{"expr": "n"}, 2], [1, 2]]]}),
    (
        Block("", conditions=(Condition(N, ">", 2, "r"),)),
        {"conditions": [{"left": "n", "right": 2, "relation": ">", "reason": "r"}]},
    ),
]
COPIES: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({}, {}),
    ({"repeat": 0}, {"repeat": 0}),
    ({"repeat": N}, {"repeat": "n"}),
    ({"repeat": 2}, {"repeat": 2}),
    ({"first": 1}, {"first": 1}),
    ({"step": 2}, {"step": 2}),
    ({"step": 2, "run": 2}, {"step": 2, "run": 2}),
    ({"repeat": 0, "run": 0}, {"repeat": 0, "run": 0}),
    ({"first": N, "step": N, "run": N}, {"first": "n", "step": "n", "run": "n"}),
]


@pytest.mark.parametrize(("block", "data"), BLOCKS)
def test_a_block_is_written_without_what_is_usual(block: Block, data: dict[str, Any]) -> None:
    written = json.loads(to_json(block))
    assert written == {
        "format": "paramcalc-tree",
        "version": 2,
        "params": written["params"],
        "blocks": [{"depth": 0, **data}],
    }
    assert from_json(to_json(block)) == block


@pytest.mark.parametrize(("given", "data"), COPIES)
def test_copies_are_written_without_what_is_usual(given: dict[str, Any], data: dict[str, Any]) -> None:
    tree = Block(children=(Block("x{}", **given), Block("y", tied_to=".z"), Block("z")))
    assert json.loads(to_json(tree))["blocks"] == [
        {"depth": 0},
        {"depth": 1, "name": "x{}", **data},
        {"depth": 1, "name": "y", "tied_to": ".z"},
        {"depth": 1, "name": "z"},
    ]
    assert from_json(to_json(tree)) == tree


def test_the_text_has_a_line_for_each_block() -> None:
    tree = Block(own=(TensorSpec("w", (3,)),), children=(Block("a", children=(Block("b"),)), Block("c")))
    assert to_json(tree).splitlines() == [
        "{",
        '  "format": "paramcalc-tree",',
        '  "version": 2,',
        '  "params": 3,',
        '  "blocks": [',
        '    {"depth": 0, "own": [{"name": "w", "shape": [3]}]},',
        '    {"depth": 1, "name": "a"},',
        '    {"depth": 2, "name": "b"},',
        '    {"depth": 1, "name": "c"}',
        "  ]",
        "}",
    ]


NO_BLOCKS: list[Any] = [3, {"a": 1}, [], "ab"]
WRONG: list[tuple[list[Any], Any, str]] = [
    *(
        (["version"], version, f"version {version!r}; expected version 1 to 2")
        for version in (0, -1, 2.0, True, "2", None)
    ),
    *(
        (["version"], version, f"version {version}; expected version 1 to 2; a newer paramcalc wrote it: upgrade")
        for version in (3, 30)
    ),
    *((["blocks"], each, 'no blocks; expected a list "blocks", the root first') for each in NO_BLOCKS),
    (["format"], "x", 'the text is JSON, but no tree; expected "format": "paramcalc-tree" at the top'),
    *(
        (["blocks", 0, "depth"], depth, f"blocks[0]: depth {depth!r}, where 0 to 0 is possible; {AS_WRITTEN}")
        for depth in (-1, 1, None, False, 0.0)
    ),
    *(
        (["blocks", 1, "depth"], depth, f"blocks[1]: depth {depth!r}, where 1 to 1 is possible; {AS_WRITTEN}")
        for depth in (0, 2, True)
    ),
    (["blocks", 2, "depth"], 3, f"blocks[2]: depth 3, where 1 to 2 is possible; {AS_WRITTEN}"),
    *(
        (
            ["blocks", 1, "own", 0, "persistent"],
            each,
            f"blocks[1]: persistent is {each!r}, neither true nor false; {AS_WRITTEN}",
        )
        for each in (1, 0, None, "true")
    ),
    *(
        (["blocks", 1, "own", 0, key], 3, f"blocks[1]: 3 is no text; {AS_WRITTEN}")
        for key in ("note", "tied_to", "name", "dtype")
    ),
    *(
        (["blocks", 1, key], 3, f"blocks[1]: 3 is no text; {AS_WRITTEN}")
        for key in ("name", "kind", "label", "note", "tied_to")
    ),
    *(
        (
            ["blocks", 0, "args"],
            [each],
            f"blocks[0]: argument {each!r} is no list of name, value and default; {AS_WRITTEN}",
        )
        for each in (["a"], [], ["a", 1, 2, 3], "ab", "abc", 3)
    ),
    (["blocks", 0, "args"], [[3, 1, 2]], f"blocks[0]: 3 is no text; {AS_WRITTEN}"),
    (["blocks", 0, "args"], [["a", {"x": 1}]], f"blocks[0]: an argument has the unknown key 'x'; {AS_WRITTEN}"),
    (["blocks", 0, "args"], [["a", {"expr": 3}]], f"blocks[0]: 3 is no text; {AS_WRITTEN}"),
    (["blocks", 0, "conditions"], [3], f"blocks[0]: a condition is no object; {AS_WRITTEN}"),
    (["blocks", 0, "conditions"], [{"left": 1}], f"blocks[0]: no 'relation'; {AS_WRITTEN}"),
    (
        ["blocks", 0, "conditions"],
        [{"by": 1, "at": 2}],
        f"blocks[0]: a condition has the unknown key 'at'; {AS_WRITTEN}",
    ),
    (["blocks", 1, "own", 0], 3, f"blocks[1]: a tensor is no object; {AS_WRITTEN}"),
    (["blocks", 1, "own", 0, "shape"], 3, f"blocks[1]: shape 3 is no list; {AS_WRITTEN}"),
    (["blocks", 1, "evidence"], None, f"blocks[1]: evidence is no object; {AS_WRITTEN}"),
    (
        ["blocks", 1, "own", 0, "tied_to"],
        "...v",
        f"fc.weight is tied to a place that leads out of the tree; {AS_WRITTEN}",
    ),
]


@pytest.mark.parametrize(("path", "value", "message"), WRONG, ids=[f"{each[0][-1]} {each[1]}"[:40] for each in WRONG])
def test_what_is_wrong_in_a_file_is_said_in_full(path: list[Any], value: Any, message: str) -> None:
    for where in ("JSON", "file.json"):
        with pytest.raises(BadFile) as caught:
            from_json(changed(path, value), **({} if where == "JSON" else {"where": where}))
        assert str(caught.value) == f"{where}: {message}"


def test_less_is_enough() -> None:
    for value, default in ((1, None), (1, 2)):
        data = [["a", value]] if default is None else [["a", value, default]]
        assert from_json(changed(["blocks", 0, "args"], data)).args == (Argument("a", value, default),)
    stated = [{"left": "d", "relation": ">", "right": 2}]
    (condition,) = from_json(changed(["blocks", 0, "conditions"], stated)).conditions
    assert (str(condition), condition.reason) == ("d > 2", "")


def test_a_reason_of_the_library_is_shown_in_200_letters() -> None:
    with pytest.raises(BadFile) as caught:  # in full below
        from_json(changed(["blocks", 1, "k" * 300], 3))
    assert str(caught.value) == f"JSON: {'blocks[1] has the unknown key ' + repr('k' * 300)[:170]}; {AS_WRITTEN}"
    with pytest.raises(
        BadFile, match=r"^JSON: not JSON: a key stands twice among (k+, ){7}k+; expected a tree saved as JSON$"
    ):
        from_json("{" + ", ".join(['"kkkkkk": 1'] * 20) + "}")


def test_a_count_of_4096_bits_is_written_and_no_larger_one() -> None:
    assert size_out(2**MOST_BITS - 1) == 2**MOST_BITS - 1
    with pytest.raises(InvalidValue) as caught:  # in full below
        size_out(2**MOST_BITS)
    assert str(caught.value) == "JSON: the count is an integer of about 1,234 digits; expected at most 4,096 bits"


def test_a_value_is_kept_in_200_letters() -> None:
    assert as_kept(["x" * 300]) == f"['{'x' * 198}"
    for same in (None, True, 3, 0.5, "a  text" * 100):
        assert as_kept(same) is same
    others: list[tuple[object, str]] = [
        (float("nan"), "nan"),
        (float("-inf"), "-inf"),
        ([1, 2], "[1, 2]"),
        (len, "len"),
    ]
    for value, kept in others:
        assert as_kept(value) == kept


def version_1(**tensor: Any) -> str:
    blocks = [{"depth": 0, "own": [{"name": "w", "shape": [2], **tensor}]}]
    return json.dumps({"format": "paramcalc-tree", "version": 1, "blocks": blocks})


@pytest.mark.parametrize(
    ("role", "note", "persistent", "left"),
    [
        ("buffer", "not persistent", False, ""),
        ("buffer", "not persistent, a, b", False, "a, b"),
        ("buffer", "a, not persistent", True, "a, not persistent"),
        ("buffer", "a", True, "a"),
        ("buffer", "", True, ""),
        ("parameter", "not persistent", True, "not persistent"),
        ("parameter", "a", True, "a"),
    ],
)
def test_the_note_of_a_buffer_said_in_version_1_whether_it_is_persistent(
    role: str, note: str, persistent: bool, left: str
) -> None:
    text = version_1(role=role, note=note)
    (tensor,) = from_json(text).own
    assert (tensor.persistent, tensor.note, tensor.role) == (persistent, left, role)
    (tensor,) = from_json(text.replace('"version": 1', '"version": 2')).own
    assert (tensor.persistent, tensor.note) == (True, note)


def test_version_1_is_refused_where_it_holds_no_tree() -> None:
    for blocks, problem in (
        ([3], "blocks[0] is no object"),
        ([{"depth": 0, "own": [3]}], "blocks[0]: a tensor is no object"),
    ):
        text = json.dumps({"format": "paramcalc-tree", "version": 1, "blocks": blocks})
        with pytest.raises(BadFile) as caught:  # in full below
            from_json(text)
        assert str(caught.value) == f"JSON: {problem}; {AS_WRITTEN}"
    with pytest.raises(BadFile, match="3 is no text"):
        from_json(version_1(note=3))


@pytest.mark.parametrize(
    ("names", "refused"),
    [
        (["w_1"], True),
        (["w_1", "w_0"], False),
        (["w_2"], False),
        (["w_0"], False),
        (["w"], False),
        (["w_2", "v_1"], True),
    ],
)
def test_version_1_says_which_entry_a_size_is_where_there_is_a_first(names: list[str], refused: bool) -> None:
    tree = Block(own=(TensorSpec("w", tuple(map(symbol, names))),))
    text = to_json(tree).replace('"version": 2', '"version": 1')
    assert from_json(to_json(tree)) == tree
    derived = Block("", own=tree.own, evidence=Evidence((), (), ()))
    assert from_json(to_json(derived).replace('"version": 2', '"version": 1')) == derived
    if not refused:
        assert from_json(text) == tree
        return
    name = next(each for each in names if each.endswith("_1"))
    problem = f"version 1 of the format does not say whether {name} is the first entry of {name[0]} or the second"
    expected = "expected entries of lists numbered from 0; save the tree anew from where it came"
    with pytest.raises(BadFile) as caught:  # in full below
        from_json(text)
    assert str(caught.value) == f"JSON: {problem}; {expected}"
