"""A file that is damaged, or something else, ends in one sentence or a correct tree."""

from __future__ import annotations

import json
import pickle
import struct
import tarfile
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st

from paramcalc import Block
from paramcalc.errors import BadFile
from tests.sources.files.checkpoints import (
    CODES,
    FILE,
    GOOD,
    PICKLES,
    SIZE,
    STATE,
    Listed,
    listed,
    one,
    packed,
    read,
    saved,
)


def attempt(content: bytes, suffix: str = ".safetensors", *, fold: bool = False) -> Block | None:
    """The tree, or None where the file is refused in one line."""
    try:
        return read(content, suffix, fold=fold)
    except BadFile as error:
        line = str(error)
    assert line.isprintable()
    return None


def plain_tar() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        with tarfile.open(f"{folder}/x.tar", "w") as tar:
            tar.addfile(tarfile.TarInfo("storages"))
        return Path(f"{folder}/x.tar").read_bytes()


def overstated() -> bytes:
    """A file whose tensor claims more elements than the file has bytes."""
    with tempfile.TemporaryDirectory() as folder:
        torch.save({"w": torch.ones(200)}, f"{folder}/x.pt")
        with zipfile.ZipFile(f"{folder}/x.pt") as old, zipfile.ZipFile(f"{folder}/y.pt", "w") as new:
            for name in old.namelist():
                new.writestr(name, old.read(name).replace(b"K\xc8", b"M\xff\x7f"))
        return Path(f"{folder}/y.pt").read_bytes()


def plain_zip() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        with zipfile.ZipFile(f"{folder}/x.zip", "w") as file:
            file.writestr("a/b", "c")
        return Path(f"{folder}/x.zip").read_bytes()


def program() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        with zipfile.ZipFile(f"{folder}/x.pt", "w") as file:
            for name in ("version", "byteorder", "constants.pkl", "data.pkl"):
                file.writestr(f"x/{name}", "3")
        return Path(f"{folder}/x.pt").read_bytes()


NO_STATE: dict[str, tuple[Callable[[], bytes], str]] = {
    "list": (lambda: saved([torch.ones(2)]), "it holds a list; expected a state dict"),
    "tensor": (lambda: saved(torch.ones(2)), "it holds a Tensor; expected a state dict"),
    "number": (lambda: saved(3), "it holds a int; expected a state dict"),
    "no tensors": (
        lambda: saved({"epoch": 3, "x": {"w": torch.ones(2)}}),
        "it holds no tensors by name, only 'epoch', 'x'",
    ),
    "a number as a name": (lambda: saved({0: torch.ones(2)}), "a tensor is named 0; expected text"),
    "a tuple as a name": (lambda: saved({(0, 1): torch.ones(2)}), "a tensor is named a tuple; expected text"),
    "empty": (bytes, r"torch cannot read it \(EOFError\); expected a file that torch.save wrote"),
    "text": (lambda: b"hello world", "torch cannot read it .* fetch it again"),
    "a pickle": (lambda: pickle.dumps({"a": 1}), r"torch cannot read it \(UnpicklingError: Unsupported operand 149\)"),
    "truncated": (lambda: saved(STATE)[:-100], "torch cannot read it .*failed finding central directory"),
    "truncated old": (lambda: saved(STATE, zipped=False)[:-5], "torch cannot read it .*unexpected EOF"),
    "overstated": (overstated, "torch cannot read it .*not resizable"),
    "a tar": (plain_tar, "torch cannot read it"),
    "another zip": (plain_zip, "torch cannot read it"),
    "TorchScript": (program, "it is a TorchScript archive, a program; .* save model"),
}


@pytest.mark.parametrize("name", sorted(NO_STATE))
def test_files_without_a_state_dict_are_refused(name: str) -> None:
    content, message = NO_STATE[name]
    with pytest.raises(BadFile, match=rf"model\.pt: {message}") as caught:
        read(content(), ".pt")
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 600


TWICE = b'{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"w":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]}}'
DEEP = b'{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8],"x":' + b"[" * 50_000 + b"]" * 50_000 + b"}}"
DIGITS = b'{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8],"x":' + b"9" * 5_000 + b"}}"
WRONG = {
    "truncated": (
        packed(GOOD, SIZE - 1),
        "not fully covered; expected a file as safetensors writes it; .* fetch it again",
    ),
    "extra bytes": (packed(GOOD, SIZE + 1), "not fully covered"),
    "empty": (b"", "header too small"),
    "10 GB of header": (packed(GOOD, SIZE, length=10**10), "header too large"),
    "a header past the end": (packed(GOOD, 0, length=10**4), "invalid header length"),
    "truncated in the header": (packed(GOOD)[:60], "invalid header length"),
    "overlapping": (packed({**one("a"), **one("b", at=(4, 12))}, 12), "invalid offset for tensor `b`"),
    "past the end": (packed(one(shape=(3,), at=(0, 12)), 8), "not fully covered"),
    "bytes that are not the shape's": (packed(one(shape=(3,)), 8), "it cannot be read"),
    "a negative size": (packed(one(shape=(-2,)), 8), "it cannot be read: .* integer `-2`"),
    "an overflow": (packed(one(shape=(2**40, 2**40)), 8), "overflow"),
    "a size that is no int64": (
        packed(one(shape=(0, 2**63), at=(0, 0))),
        r"the tensor 'w' has the size 9,2.*; expected at most 2\^63 - 1",
    ),
    "a fraction": (packed(b'{"w":{"dtype":"F32","shape":[2.0],"data_offsets":[0,8]}}', 8), "it cannot be read"),
    "an unknown type": (packed(one(dtype="F33"), 8), "unknown variant `F33`"),
    "half a byte": (packed(one(shape=(3,), dtype="F4", at=(0, 2)), 2), "it cannot be read"),
    "a name twice": (packed(TWICE, 8), "the key 'w' stands twice; expected a header that names each tensor once"),
    "not JSON": (packed(b"hello"), "invalid JSON in header"),
    "a list": (packed(b"[]"), "invalid JSON in header"),
    "not text": (packed(b"\xff\xfe"), "it cannot be read"),
    "deep": (packed(DEEP, 8), "it cannot be read|not JSON"),
    "many digits": (packed(DIGITS, 8), "it cannot be read|digits"),
    "a pickle": (saved(STATE), "it cannot be read"),
    "a pointer": (
        b"version https://git-lfs.github.com/spec/v1\noid sha256:0",
        "a pointer of Git LFS; .*; run git lfs pull",
    ),
}


@pytest.mark.parametrize("name", sorted(WRONG))
def test_damaged_safetensors_are_refused(name: str) -> None:
    content, message = WRONG[name]
    with pytest.raises(BadFile, match=rf"model\.safetensors: .*({message})") as caught:
        read(content)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 600


def stated(content: bytes) -> Listed:
    """What a header says, read without the library."""
    header = json.loads(content[8 : 8 + struct.unpack("<Q", content[:8])[0]])
    header.pop("__metadata__", None)
    return {name: (tuple(each["shape"]), CODES[each["dtype"]]) for name, each in header.items()}


def damaged(content: bytes, changes: list[tuple[int, int]], end: int) -> bytes:
    hurt = bytearray(content[:end] if end else content)
    for position, byte in changes:
        hurt[position % max(len(hurt), 1) : position % max(len(hurt), 1) + 1] = bytes([byte])
    return bytes(hurt)


HEADER = len(FILE) - SIZE
changes = st.lists(
    st.tuples(st.integers(0, HEADER - 1), st.integers(0, 255) | st.sampled_from(b'0123456789",:[]{} .')), max_size=3
)


@given(changes, st.sampled_from([0, 0, 0, 20, HEADER, HEADER + 3]), st.booleans())
@settings(max_examples=300)
@example([(HEADER - 1, 32)], 0, False)
def test_any_damage_to_safetensors_is_an_error_or_a_correct_tree(
    hurt: list[tuple[int, int]], end: int, fold: bool
) -> None:
    content = damaged(FILE, hurt, end)
    tree = attempt(content, fold=fold)
    assert tree is None or listed(tree) == stated(content)


@given(st.sampled_from(PICKLES), st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 255)), min_size=1, max_size=3))
@settings(max_examples=200)
def test_any_damage_to_a_torch_file_is_an_error_or_a_tree(content: bytes, hurt: list[tuple[int, int]]) -> None:
    tree = attempt(damaged(content, hurt, 0), ".pt")
    assert tree is None or isinstance(tree.params, int)
