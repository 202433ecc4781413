"""Shards make one tree; an index that does not fit them, or leads out of its folder, is refused."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
import torch

from paramcalc.errors import BadFile
from paramcalc.sources.files import checkpoint
from paramcalc.sources.files.checkpoint import from_checkpoint
from paramcalc.sources.files.state_names import ASSUMED
from tests.sources.files.checkpoints import header_of, listed, packed


@pytest.fixture
def shards(tmp_path: Path) -> Path:
    (tmp_path / "m-1.safetensors").write_bytes(packed(*header_of({"b.w": ((2,), "F32"), "a.w": ((3,), "F32")})))
    (tmp_path / "m-2.safetensors").write_bytes(packed(*header_of({"a.b": ((4,), "F16")})))
    write_index(tmp_path, {"a.w": "m-1.safetensors", "a.b": "m-2.safetensors", "b.w": "m-1.safetensors"})
    return tmp_path


def write_index(folder: Path, weight_map: object) -> Path:
    path = folder / "model.safetensors.index.json"
    path.write_text(json.dumps({"metadata": {"total_size": 28}, "weight_map": weight_map}), encoding="utf-8")
    return path


def test_shards_make_one_tree(shards: Path) -> None:
    tree = from_checkpoint(shards / "model.safetensors.index.json")
    assert listed(tree) == {"b.w": ((2,), "float32"), "a.w": ((3,), "float32"), "a.b": ((4,), "float16")}
    assert [name for name, _ in tree.tensors()] == ["b.w", "a.w", "a.b"]
    assert tree.note == ASSUMED


def test_shards_of_torch_make_one_tree(tmp_path: Path) -> None:
    shared = torch.ones(2)
    torch.save({"a.w": shared, "b.w": shared.detach(), "_extra_state": None}, tmp_path / "p-1.bin")
    torch.save({"model": {"c.w": torch.ones(3)}}, tmp_path / "p-2.bin")
    tree = from_checkpoint(write_index(tmp_path, {"a.w": "p-1.bin", "b.w": "p-1.bin", "c.w": "p-2.bin"}))
    assert tree.params == 5
    assert dict(tree.tensors())["b.w"].tied_to == "a.w"
    assert tree.note == f"left out: '_extra_state'; {ASSUMED}; under 'model'"


A, B = "m-1.safetensors", "m-2.safetensors"
WRONG_MAPS: dict[str, tuple[object, str]] = {
    "a missing shard": (
        {"a.w": A, "a.b": "m-3.safetensors", "b.w": A},
        "the shard 'm-3.safetensors': .*No such file.* fetch it",
    ),
    "a missing tensor": ({"a.w": A, "a.b": B, "b.w": A, "c.w": A}, r"the shard 'm-1.safetensors' lacks 'c\.w', which"),
    "an extra tensor": ({"a.w": A, "a.b": B}, r"holds 'b\.w', which the weight_map does not name; expected shards and"),
    "another shard": (
        {"a.w": A, "a.b": B, "b.w": B},
        r"'m-1.safetensors' holds 'b\.w', which the weight_map puts in 'm-2",
    ),
    "a list": (["a.w"], 'it has no weight_map; expected an index of shards: {"weight_map"'),
    "nothing": (None, "it has no weight_map"),
    "a number": ({"a.w": 3}, r"the weight_map gives 'a\.w' 3; expected"),
    "a list of files": ({"a.w": [A]}, r"the weight_map gives 'a\.w' a list; expected"),
    "an index in an index": ({"a.w": "model.safetensors.index.json"}, "the weight_map names the file 'model.saf"),
    "a folder": ({"a.w": "folder.bin"}, "the shard 'folder.bin': it is a folder"),
    "a long name": ({"a.w": "x" * 300 + ".bin"}, "the shard 'xxx.*: .*name too long"),
    "an empty tensor name": ({"": A}, "which the weight_map does not name"),
}
OUTSIDE = [
    "/m/x.safetensors",
    "../x.bin",
    "..",
    ".",
    "",
    "a/../x.bin",
    r"..\x.bin",
    r"C:x.bin",
    r"\\x\y.bin",
    "x/",
    "x\0.bin",
    "a\nb.bin",
    "\ud800.bin",
]


@pytest.mark.parametrize("name", sorted(WRONG_MAPS))
def test_an_index_that_does_not_fit_its_shards_is_refused(shards: Path, name: str) -> None:
    (shards / "folder.bin").mkdir()
    weight_map, message = WRONG_MAPS[name]
    with pytest.raises(BadFile, match=rf"index\.json: {message}|index\.json: .*{message}") as caught:
        from_checkpoint(write_index(shards, weight_map))
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("name", OUTSIDE)
def test_an_index_leads_to_no_other_folder(shards: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    path = write_index(shards, {"a.w": name})
    opened: list[Path] = []
    monkeypatch.setattr(checkpoint, "_tensors", opened.append)
    with pytest.raises(
        BadFile, match=r"the weight_map names the file .*; expected the name of a file in the same folder"
    ) as caught:
        from_checkpoint(path)
    assert str(caught.value).isprintable()
    assert not opened


def test_a_tensor_in_two_shards_is_refused(shards: Path) -> None:
    (shards / B).write_bytes(packed(*header_of({"a.b": ((4,), "F16"), "a.w": ((3,), "F32")})))
    with pytest.raises(
        BadFile, match=r"'a\.w' stands in two shards, 'm-1.safetensors' and 'm-2.safetensors'; expected one"
    ):
        from_checkpoint(shards / "model.safetensors.index.json")


def test_a_damaged_shard_is_named(shards: Path) -> None:
    os.truncate(shards / B, (shards / B).stat().st_size - 1)
    with pytest.raises(BadFile, match=r"m-2\.safetensors: it cannot be read: .*not fully covered"):
        from_checkpoint(shards / "model.safetensors.index.json")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ('{"weight_map": {}, "weight_map": {}}', "the key 'weight_map' stands twice; expected an index of shards"),
        ('{"weight_map": {"a": "x.bin", "a": "x.bin"}}', "the key 'a' stands twice"),
        ('{"weight_map": {}, "x": NaN}', "NaN is no number"),
        ("\udcff", "not JSON"),
        ("[]", "it has no weight_map"),
    ],
)
def test_an_index_that_is_none_is_refused(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "model.safetensors.index.json"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(BadFile, match=message):
        from_checkpoint(path)


def test_an_index_has_bounds(tmp_path: Path) -> None:
    path = write_index(tmp_path, {})
    assert from_checkpoint(path).note == "holds no tensors"
    os.truncate(path, 100_000_001)
    with pytest.raises(BadFile, match="it has 100,000,001 bytes; expected at most 100,000,000"):
        from_checkpoint(path)
