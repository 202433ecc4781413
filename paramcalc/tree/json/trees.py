"""A tree as JSON, and back: blocks in order with their depth, sizes as integers or as expression text."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from paramcalc.errors import BadFile, ParamcalcError
from paramcalc.sizes.conditions import Condition
from paramcalc.sizes.parse import parse_exact
from paramcalc.sizes.symbols import Size, as_expr, is_expr, same, short
from paramcalc.tree.block import Block
from paramcalc.tree.json.evidence import evidence_in, evidence_out
from paramcalc.tree.json.values import as_text, checked_keys, size_in, size_out
from paramcalc.tree.json.versions import VERSION, check_entries, checked_version, upgraded
from paramcalc.tree.node import Argument
from paramcalc.tree.tensor import TensorSpec

FORMAT = "paramcalc-tree"
# A count of more terms is not stated beside the shapes: Python's parser does not read sums of some thousand terms.
MOST_STATED = 1_000
_BLOCK_KEYS = {
    "depth",
    "name",
    "kind",
    "label",
    "own",
    "repeat",
    "first",
    "run",
    "args",
    "conditions",
    "tied_to",
    "note",
    "step",
    "evidence",
}
_TENSOR_DEFAULTS = {"role": "parameter", "dtype": "float32", "tied_to": None, "note": "", "persistent": True}
_TENSOR_KEYS = {"name", "shape", *_TENSOR_DEFAULTS}


def to_json(block: Block) -> str:
    """Return a tree as JSON text that `from_json` reads back to an equal tree.

    >>> from paramcalc.architectures import architecture
    >>> from_json(to_json(architecture("amnl"))) == architecture("amnl")
    True
    """
    blocks: list[dict[str, Any]] = []
    stack = [(0, block)]
    while stack:
        depth, each = stack.pop()
        blocks.append(_block_out(each, depth))
        stack += ((depth + 1, child) for child in reversed(each.children))
    head: dict[str, Any] = {"format": FORMAT, "version": VERSION}
    if isinstance(block.params, int) or len(block.params.args) <= MOST_STATED:
        head["params"] = size_out(block.params)
    start = "".join(f"{json.dumps(key)}: {json.dumps(value)},\n  " for key, value in head.items())
    lines = ",\n    ".join(json.dumps(each) for each in blocks)
    return f'{{\n  {start}"blocks": [\n    {lines}\n  ]\n}}'


def from_json(text: str, *, where: str = "JSON") -> Block:
    """Return the tree in a JSON text; `where` names its source in errors.

    Earlier versions of the format are read too.

    Raises BadFile where the text is not JSON, not a tree of this format or of a newer version, where its shapes do not
    give the count that it states, or where an earlier version does not say which entry of a list a size is.
    """
    data = _load(text, where)
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise BadFile("the text is JSON, but no tree", where=where, expected=f'"format": "{FORMAT}" at the top')
    version = checked_version(data, where)
    blocks = data.get("blocks")
    if not isinstance(blocks, list) or not blocks:
        raise BadFile("no blocks", where=where, expected='a list "blocks", the root first')
    upgraded(blocks, version)
    try:
        tree = _built(blocks)
        stated = _count_in(data["params"]) if "params" in data else tree.params
    except (KeyError, TypeError, ValueError, AttributeError, LookupError, RecursionError) as error:
        raise BadFile(_reason(error), where=where, expected="a tree as paramcalc writes it") from None
    if not same(stated, tree.params):
        counts = [short(count) if isinstance(count, int) else str(count) for count in (stated, tree.params)]
        raise BadFile(f"it states {counts[0]} parameters, its shapes give {counts[1]}", where=where)
    check_entries(tree, version, where)
    return tree


def _load(text: str, where: str) -> Any:
    try:
        return json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise BadFile(f"not JSON: {_reason(error)}", where=where, expected="a tree saved as JSON") from None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    keys = [key for key, _ in pairs]
    if len(set(keys)) < len(keys):
        raise ValueError(f"a key stands twice among {', '.join(keys)[:60]}")
    return dict(pairs)


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no size")


def _reason(error: Exception) -> str:
    if isinstance(error, ParamcalcError):
        return str(error)
    return f"no {error}" if isinstance(error, KeyError) else str(error)[:200]


def _built(blocks: list[Any]) -> Block:
    """Build from the last block to the first, so that children are there before their parent."""
    depths = _depths(blocks)
    waiting: dict[int, list[Block]] = {}
    for number in range(len(blocks) - 1, -1, -1):
        depth = depths[number]
        children = tuple(reversed(waiting.pop(depth + 1, [])))
        waiting.setdefault(depth, []).append(_block_in(blocks[number], children, f"blocks[{number}]"))
    (root,) = waiting[0]
    if root.pending_ties:
        raise ValueError(f"{'.'.join(root.pending_ties[0].place)} is tied to a place that leads out of the tree")
    return root


def _depths(blocks: list[Any]) -> list[int]:
    """The depth of each block: 0 for the root alone, then at most one more than that of the block before."""
    depths: list[int] = []
    for number, block in enumerate(blocks):
        depth = checked_keys(block, _BLOCK_KEYS, f"blocks[{number}]").get("depth")
        lowest, highest = (1, depths[-1] + 1) if depths else (0, 0)
        if type(depth) is not int or not lowest <= depth <= highest:
            raise ValueError(f"blocks[{number}]: depth {depth!r}, where {lowest} to {highest} is possible")
        depths.append(depth)
    return depths


def _block_out(block: Block, depth: int) -> dict[str, Any]:
    data = {
        "name": block.name,
        "kind": block.kind,
        "label": block.label,
        "args": [_argument_out(tuple(each)) for each in block.args],
        "own": [_tensor_out(tensor) for tensor in block.own],
        "repeat": size_out(block.repeat),
        "first": size_out(block.first),
        "step": size_out(block.step),
        "run": size_out(block.run),
        "conditions": [_condition_out(each) for each in block.conditions],
        "tied_to": block.tied_to,
        "note": block.note,
        "evidence": None if block.evidence is None else evidence_out(block.evidence),
    }
    default: Mapping[str, Any] = {
        "args": [],
        "own": [],
        "conditions": [],
        "repeat": 1,
        "first": 0,
        "step": 1,
        "run": 1,
        "tied_to": None,
        "evidence": None,
    }
    return {"depth": depth, **{key: value for key, value in data.items() if value != default.get(key, "")}}


def _block_in(data: dict[str, Any], children: tuple[Block, ...], where: str) -> Block:
    try:
        return Block(
            name=as_text(data.get("name", "")),
            kind=as_text(data.get("kind", "")),
            own=tuple(_tensor_in(tensor) for tensor in data.get("own", [])),
            children=children,
            repeat=size_in(data.get("repeat", 1)),
            first=size_in(data.get("first", 0)),
            step=size_in(data.get("step", 1)),
            run=size_in(data.get("run", 1)),
            args=tuple(_titled(each) for each in data.get("args", [])),
            label=as_text(data.get("label", "")),
            conditions=tuple(_condition_in(each) for each in data.get("conditions", [])),
            tied_to=_optional(data.get("tied_to")),
            note=as_text(data.get("note", "")),
            evidence=evidence_in(data["evidence"]) if "evidence" in data else None,
        )
    except (KeyError, TypeError, ValueError, LookupError, RecursionError) as error:
        raise ValueError(f"{where}: {_reason(error)}") from None


def _tensor_out(tensor: TensorSpec) -> dict[str, Any]:
    data: dict[str, Any] = {"name": tensor.name, "shape": [size_out(size) for size in tensor.shape]}
    for key, default in _TENSOR_DEFAULTS.items():
        if getattr(tensor, key) != default:
            data[key] = getattr(tensor, key)
    return data


def _tensor_in(data: Any) -> TensorSpec:
    tensor = checked_keys(data, _TENSOR_KEYS, "a tensor")
    return TensorSpec(
        as_text(tensor["name"]),
        _shape_in(tensor["shape"]),
        tensor.get("role", "parameter"),
        as_text(tensor.get("dtype", "float32")),
        _optional(tensor.get("tied_to")),
        as_text(tensor.get("note", "")),
        _flag(tensor.get("persistent", True)),
    )


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError(f"persistent is {value!r}, neither true nor false")
    return value


def _condition_out(each: Condition) -> dict[str, Any]:
    sides = {"left": size_out(each.left), "right": size_out(each.right)}
    return {**sides, "relation": each.relation, "reason": each.reason}


def _condition_in(data: Any) -> Condition:
    each = checked_keys(data, {"left", "relation", "right", "reason"}, "a condition")
    return Condition(size_in(each["left"]), each["relation"], size_in(each["right"]), as_text(each.get("reason", "")))


def _count_in(data: Any) -> Size:
    """A count, which unlike a dimension has no bound."""
    return parse_exact(data) if isinstance(data, str) else as_expr(data, where="params", least=None)


def _shape_in(data: Any) -> tuple[Size, ...]:
    if not isinstance(data, list):
        raise TypeError(f"shape {data!r} is no list")
    return tuple(size_in(size) for size in data)


def _titled(data: Any) -> Argument:
    values = _argument_in(data)
    if not isinstance(values, tuple) or not 2 <= len(values) <= 3:
        raise TypeError(f"argument {data!r} is no list of name, value and default")
    return Argument(as_text(values[0]), *values[1:])


def _argument_out(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_argument_out(item) for item in value]
    return {"expr": str(value)} if is_expr(value) else value


def _argument_in(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(_argument_in(item) for item in value)
    if isinstance(value, dict):
        return parse_exact(as_text(checked_keys(value, {"expr"}, "an argument")["expr"]))
    return value


def _optional(value: Any) -> str | None:
    return None if value is None else as_text(value)
