"""The JSON of a tree, and changes in it."""

from __future__ import annotations

import json
from typing import Any

import paramcalc as pc
from paramcalc import symbol, to_json

TREE = pc.compose(
    "Model", {"fc": pc.layers.Linear(symbol("d"), 3), "mha": pc.layers.MultiheadAttention(symbol("d"), 2)}
)
GOOD = to_json(TREE)
assert '"evidence"' not in GOOD  # as files were before there was any


def changed(path: list[Any], value: Any) -> str:
    data = json.loads(GOOD)
    place = data
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return json.dumps(data)
