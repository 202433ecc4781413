"""Checkpoints for tests: files of both formats as bytes, read through a folder of their own."""

from __future__ import annotations

import json
import struct
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from paramcalc import Block
from paramcalc.sources.files.checkpoint import from_checkpoint
from paramcalc.tree.dtypes import BITS

Header = Mapping[str, Any]
Listed = dict[str, tuple[tuple[int, ...], str]]
CODES = {
    "F64": "float64",
    "F32": "float32",
    "F16": "float16",
    "BF16": "bfloat16",
    "F8_E4M3": "float8_e4m3fn",
    "F8_E5M2": "float8_e5m2",
    "F8_E8M0": "float8_e8m0fnu",
    "F8_E4M3FNUZ": "float8_e4m3fnuz",
    "F8_E5M2FNUZ": "float8_e5m2fnuz",
    "F6_E2M3": "float6_e2m3fn",
    "F6_E3M2": "float6_e3m2fn",
    "F4": "float4_e2m1fn",
    "C64": "complex64",
    "I64": "int64",
    "I32": "int32",
    "I16": "int16",
    "I8": "int8",
    "U64": "uint64",
    "U32": "uint32",
    "U16": "uint16",
    "U8": "uint8",
    "BOOL": "bool",
}


def packed(header: Header | bytes, data: int = 0, *, length: int | None = None) -> bytes:
    """A safetensors file of a header and so many bytes of data."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + bytes(data)


def one(
    name: str = "w", shape: tuple[int, ...] = (2,), dtype: str = "F32", at: tuple[int, int] = (0, 8)
) -> dict[str, Any]:
    return {name: {"dtype": dtype, "shape": list(shape), "data_offsets": list(at)}}


def header_of(tensors: Listed) -> tuple[dict[str, Any], int]:
    """The header for tensors with the codes of safetensors, one behind the other, and the bytes that they take."""
    header: dict[str, Any] = {}
    end = 0
    for name, (shape, code) in tensors.items():
        start, end = end, end + int(np.prod(shape, dtype=object)) * BITS[CODES[code]] // 8
        header |= one(name, shape, code, (start, end))
    return header, end


def read(content: bytes, suffix: str = ".safetensors", *, fold: bool = False) -> Block:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"model{suffix}"
        path.write_bytes(content)
        return from_checkpoint(path, fold=fold)


def saved(value: Any, *, zipped: bool = True) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.pt"
        torch.save(value, path, _use_new_zipfile_serialization=zipped)
        return path.read_bytes()


def listed(tree: Block) -> Listed:
    found = {name: (tuple(int(size) for size in spec.shape), spec.dtype) for name, spec in tree.tensors()}
    assert len(found) == len(list(tree.tensors()))
    return found


def roles(tree: Block) -> dict[str, str]:
    return {name: spec.role for name, spec in tree.tensors()}


STATE = {"fc.w": torch.ones(2, 3), "fc.b": torch.ones(2)}
GOOD, SIZE = header_of(
    {"layers.0.w": ((2, 3), "F32"), "layers.1.w": ((2, 3), "F32"), "norm": ((), "I64"), "e": ((0, 3), "F16")}
)
FILE = packed(GOOD, SIZE)
PICKLES = [saved({**STATE, "t": STATE["fc.w"].detach()}, zipped=zipped) for zipped in (True, False)]
