"""The tensors that a checkpoint holds as a tree, read from names and shapes alone: the weights stay in their files."""

from __future__ import annotations

import os
import stat
from dataclasses import replace
from pathlib import Path, PureWindowsPath
from typing import Any

from paramcalc.errors import BadFile, InvalidType
from paramcalc.sources.files.endings import INDEX_SUFFIX, SUFFIXES, TORCH_SUFFIXES
from paramcalc.sources.files.safetensors import safetensors_entries, strict_json
from paramcalc.sources.files.state_names import Entry, one_line, shown, tree_of
from paramcalc.tree.block import Block
from paramcalc.tree.fold import fold as folded

LARGEST_INDEX = 100_000_000  # bytes, as safetensors bounds its headers
_INDEX = 'an index of shards: {"weight_map": {tensor name: file name}}'


def from_checkpoint(path: str | os.PathLike[str], *, fold: bool = False) -> Block:
    """Return the tensors of a checkpoint as a tree of blocks, with equal layers as one where `fold` is true.

    The path is that of a safetensors file, a file of torch.save (`.pt`, `.pth`, `.bin`, `.ckpt`) or the index of a
    sharded checkpoint (`model.safetensors.index.json`). Weights are not read, but for those of a torch file in the
    format before torch 1.6. Tensors of a torch file that share their memory are tied. A checkpoint knows no classes,
    so the blocks have no kind; the note of the root says what was assumed and left out.

    >>> import tempfile, numpy
    >>> from safetensors.numpy import save_file
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_file({"fc.weight": numpy.zeros((3, 4)), "fc.bias": numpy.zeros(3)}, f"{folder}/model.safetensors")
    ...     tree = from_checkpoint(f"{folder}/model.safetensors")
    >>> tree.params, [name for name, _ in tree.tensors()]
    (15, ['fc.bias', 'fc.weight'])

    Raises InvalidType for anything but a path; BadFile for a file that is missing, damaged, not what its name says, or
    that wants code to be run; InvalidValue where safetensors or torch is needed and not installed.
    """
    place = os.fspath(path) if isinstance(path, str | os.PathLike) else None
    if not isinstance(place, str):
        raise InvalidType(f"got {type(path).__name__}", where="checkpoint", expected="a path")
    file = Path(place)
    _check_file(file)
    entries, remarks = _sharded(file) if file.suffix.lower() == INDEX_SUFFIX else _tensors(file)
    remarks += [] if entries else ["holds no tensors"]
    tree = replace(tree_of(entries, where=one_line(place), note="; ".join(remarks)), label=one_line(file.name))
    return folded(tree) if fold else tree


def _check_file(path: Path) -> None:
    where = one_line(str(path))
    try:
        mode = path.stat().st_mode
        start = b""
        if stat.S_ISREG(mode):
            with path.open("rb") as file:
                start = file.read(24)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise BadFile(f"cannot read it: {reason}", where=where, expected="a checkpoint") from None
    if not stat.S_ISREG(mode):
        problem = "it is a folder" if stat.S_ISDIR(mode) else "it is no regular file"
        raise BadFile(problem, where=where, expected="a checkpoint", advice="name the file or the index in it")
    if start.startswith(b"version https://git-lfs"):
        raise BadFile("it is a pointer of Git LFS", where=where, expected="the checkpoint", advice="run git lfs pull")


def _tensors(path: Path) -> tuple[list[Entry], list[str]]:
    suffix = path.suffix.lower()
    if suffix in TORCH_SUFFIXES:
        from paramcalc.sources.files.torch_pickle import torch_entries

        return torch_entries(path)
    if suffix == ".safetensors":
        return safetensors_entries(path)
    expected = f"a name that ends in {', '.join(SUFFIXES)}, or {INDEX_SUFFIX} for an index of shards"
    raise BadFile("its name does not say how to read it", where=one_line(str(path)), expected=expected)


def _sharded(path: Path) -> tuple[list[Entry], list[str]]:
    """The tensors of all shards that an index names, each checked against what the index says."""
    where = one_line(str(path))
    stated = _weight_map(path, where)
    entries: list[Entry] = []
    remarks: dict[str, None] = {}
    found: dict[str, str] = {}
    for name in sorted(set(stated.values())):
        _check_shard(path, name, where)
        held, said = _tensors(path.with_name(name))
        for entry in held:
            if entry.name in found:
                shards = f"{shown(found[entry.name])} and {shown(name)}"
                raise BadFile(f"{shown(entry.name)} stands in two shards, {shards}", where=where, expected="one")
            found[entry.name] = name
        entries += held
        remarks.update(dict.fromkeys(said))
    _compare(stated, found, where)
    return entries, list(remarks)


def _weight_map(path: Path, where: str) -> dict[str, str]:
    if path.stat().st_size > LARGEST_INDEX:
        raise BadFile(f"it has {path.stat().st_size:,} bytes", where=where, expected=f"at most {LARGEST_INDEX:,}")
    data: Any = strict_json(path.read_bytes(), where=where, expected=_INDEX)
    stated = data.get("weight_map") if isinstance(data, dict) else None
    if not isinstance(stated, dict):
        raise BadFile("it has no weight_map", where=where, expected=_INDEX)
    for name, file in stated.items():
        if not isinstance(file, str):
            raise BadFile(f"the weight_map gives {shown(name)} {shown(file)}", where=where, expected=_INDEX)
    return stated


def _check_shard(index: Path, name: str, where: str) -> None:
    """Raise BadFile unless a shard is a file beside the index: an index may come from anywhere."""
    inside = PureWindowsPath(name).name == name and name not in {"", ".."}  # it parts names at both kinds of slashes
    if not inside or not name.isprintable():
        expected = "the name of a file in the same folder"
        raise BadFile(f"the weight_map names the file {shown(name)}", where=where, expected=expected)
    if not name.lower().endswith(SUFFIXES):
        expected = f"a name that ends in {', '.join(SUFFIXES)}"
        raise BadFile(f"the weight_map names the file {shown(name)}", where=where, expected=expected)
    try:
        _check_file(index.with_name(name))
    except BadFile as error:
        expected, advice = "every file that the weight_map names, beside the index", error.advice or "fetch it"
        problem = f"the shard {shown(name)}: {error.problem}"
        raise BadFile(problem, where=where, expected=expected, advice=advice) from None


def _compare(stated: dict[str, str], found: dict[str, str], where: str) -> None:
    for name, file in found.items():
        if name not in stated:
            problem = f"the shard {shown(file)} holds {shown(name)}, which the weight_map does not name"
        elif stated[name] != file:
            problem = f"the shard {shown(file)} holds {shown(name)}, which the weight_map puts in {shown(stated[name])}"
        else:
            continue
        raise BadFile(problem, where=where, expected="shards and index of one checkpoint")
    for name, file in stated.items():
        if name not in found:
            problem = f"the shard {shown(file)} lacks {shown(name)}, which the weight_map puts there"
            raise BadFile(problem, where=where, expected="shards and index of one checkpoint")
