"""Hostile, truncated and contradictory text is refused in one sentence."""

from __future__ import annotations

import json
import sys
from typing import Any

import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st
from sympy.functions.elementary.miscellaneous import MinMaxBase

import paramcalc as pc
from paramcalc import from_json, to_json
from paramcalc.errors import BadFile
from paramcalc.tree import paths
from tests.tree.json_files import GOOD, changed
from tests.work import counted

LINEAR = pc.layers.Linear
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
NESTED = "h"


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


def test_a_shape_in_json_is_a_list() -> None:
    text = pc.to_json(LINEAR(3, 4)).replace("[4, 3]", '"43"')
    with pytest.raises(BadFile, match="shape '43' is no list"):
        pc.from_json(text)


def hostile(**blocks: Any) -> str:
    return json.dumps({"format": "paramcalc-tree", "version": 1, "params": 0, "blocks": [{"depth": 0, **blocks}]})


for depth in range(12):
    NESTED = f"Max({NESTED}, ({NESTED})//2+{depth})"
TOO_LARGE = "the expression is too large to expand"
HOSTILE = {
    "fractions": (hostile(own=[{"name": "w", "shape": ["+".join(f"1/(a{i}+b{i})" for i in range(16))]}]), TOO_LARGE),
    "a wide maximum": (
        hostile(own=[{"name": "w", "shape": [f"Max({', '.join(f'a{i}*b{i}' for i in range(300))})"]}]),
        r"cannot read 'Max\(",
    ),
    "nested maxima": (hostile(own=[{"name": "w", "shape": [NESTED]}]), TOO_LARGE),
    "powers": (json.dumps({**json.loads(hostile()), "params": "(((((7/1)**64)**64)**64)**64)**64"}), TOO_LARGE),
    "a wide product": (
        hostile(own=[{"name": "w", "shape": [f"a{i} + b{i}" for i in range(22)]}]),
        "the product of its sizes has 4,194,304 terms",
    ),
    "deep arguments": (
        hostile().replace('"depth": 0', '"depth": 0, "args": ' + "[" * 600 + "]" * 600),
        "maximum recursion depth|no list of name, value and default",
    ),
    "degrees": (json.dumps({**json.loads(hostile()), "params": "((((h**64)**64)**64)**64)**64"}), TOO_LARGE),
}
ALGEBRA = [
    (sympy.Add, "flatten"),
    (sympy.Mul, "flatten"),
    (MinMaxBase, "_is_connected"),
    (sys.modules["sympy.core.assumptions"], "_ask"),
]


@pytest.mark.parametrize("name", sorted(HOSTILE))
def test_hostile_files_are_refused_at_once(name: str) -> None:
    text, message = HOSTILE[name]
    with counted(*ALGEBRA, most=1_000), pytest.raises(BadFile, match=message):
        pc.from_json(text)


def test_many_copies_are_not_listed() -> None:
    with counted((paths, "indices"), most=1_000):
        assert pc.from_json(hostile(name="{}", repeat=10**18)).params == 0
