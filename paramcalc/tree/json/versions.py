"""Trees in JSON as earlier versions of the format wrote them.

Version 1 said in a note that a buffer is not persistent, and what is left out of a derived form; architectures numbered
the entries of lists from 1 in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from paramcalc.errors import BadFile
from paramcalc.sizes.entries import entry_name, entry_of
from paramcalc.tree.block import Block

VERSION = 2
_HIDDEN = "not persistent"
_LEFT_OUT = re.compile(r"without (.+), for which there is no form", re.DOTALL)


def checked_version(data: dict[str, Any], where: str) -> int:
    """Return the version that a tree in JSON states.

    Raises BadFile for one that is not known: a newer one, or none at all.
    """
    version = data.get("version")
    if type(version) is not int or not 1 <= version <= VERSION:
        newer = type(version) is int and version > VERSION
        advice = "a newer paramcalc wrote it: upgrade" if newer else ""
        raise BadFile(f"version {version!r}", where=where, expected=f"version 1 to {VERSION}", advice=advice)
    return version


def upgraded(blocks: Iterable[Any], version: int) -> None:
    """Write what an earlier version says as this one does, in place; what is no block is left to the reader."""
    for block in blocks:
        if version == 1 and isinstance(block, dict):
            _say_what_is_hidden(block)
            _say_what_is_left_out(block)


def _say_what_is_hidden(block: dict[str, Any]) -> None:
    tensors = block.get("own")
    for tensor in tensors if isinstance(tensors, list) else ():
        if not isinstance(tensor, dict) or not isinstance(tensor.get("note"), str):
            continue
        first, *others = tensor["note"].split(", ")
        if first == _HIDDEN and tensor.get("role") == "buffer":
            tensor.update(note=", ".join(others), persistent=False)


def _say_what_is_left_out(block: dict[str, Any]) -> None:
    """What a note says is left out, of which it is unknown which sizes have no effect."""
    note, evidence = block.get("note"), block.get("evidence")
    found = _LEFT_OUT.fullmatch(note) if isinstance(note, str) else None
    if found is not None and isinstance(evidence, dict):
        evidence.update(left_out=found[1].split(", "), no_effect=[])


def check_entries(tree: Block, version: int, where: str) -> None:
    """Raise BadFile where an earlier version does not say which entry of a list a size is.

    Derived trees have numbered them from 0 ever since.
    """
    if version > 1 or tree.evidence is not None:
        return
    for name in sorted(tree.symbols):
        entry = entry_of(name)
        if entry is not None and entry[1] == 1 and entry_name(entry[0], 0) not in tree.symbols:
            raise BadFile(
                f"version 1 of the format does not say whether {name} is the first entry of {entry[0]} or the second",
                where=where,
                expected="entries of lists numbered from 0",
                advice="save the tree anew from where it came",
            )
