"""The header of a safetensors file: names, shapes and element types, without the weights."""

from __future__ import annotations

import json
from collections import Counter
from importlib import import_module
from pathlib import Path
from typing import Any

from paramcalc.errors import BadFile, InvalidValue
from paramcalc.sizes.symbols import LARGEST_DIMENSION
from paramcalc.sources.files.state_names import ASSUMED, Entry, one_line, role_of, shown

DTYPES = {
    "F64": "float64",
    "F32": "float32",
    "F16": "float16",
    "BF16": "bfloat16",
    "F8_E4M3": "float8_e4m3fn",
    "F8_E4M3FNUZ": "float8_e4m3fnuz",
    "F8_E5M2": "float8_e5m2",
    "F8_E5M2FNUZ": "float8_e5m2fnuz",
    "F8_E8M0": "float8_e8m0fnu",
    "F6_E2M3": "float6_e2m3fn",
    "F6_E3M2": "float6_e3m2fn",
    "F4": "float4_e2m1fn",
    "C64": "complex64",
    "BOOL": "bool",
    **{f"I{bits}": f"int{bits}" for bits in (8, 16, 32, 64)},
    **{f"U{bits}": f"uint{bits}" for bits in (8, 16, 32, 64)},
}


def safetensors_entries(path: Path) -> tuple[list[Entry], list[str]]:
    """Return the tensors that the header of a safetensors file lists, in its order, and what was assumed of them.

    Raises BadFile where the file is not one that safetensors writes, or names a tensor twice; InvalidValue where
    safetensors or numpy is not installed.
    """
    try:
        for library in ("numpy", "safetensors"):
            import_module(library)
        from safetensors import SafetensorError, safe_open
    except ImportError as error:
        raise InvalidValue(
            f"{error.name} is not installed", where=one_line(str(path)), advice="pip install safetensors numpy"
        ) from None
    try:
        # The library judges the header as a whole; only then are its length and its JSON fit to be read once more.
        with safe_open(str(path), framework="numpy") as file:
            entries = [_entry(name, file.get_slice(name), path) for name in _names(path)]
            return entries, [ASSUMED] if entries else []
    except (SafetensorError, OSError) as error:
        reason = str(error).removeprefix("Error while deserializing header: ")
        raise BadFile(
            f"it cannot be read: {one_line(reason)}",
            where=one_line(str(path)),
            expected="a file as safetensors writes it",
            advice="if its download was cut off, fetch it again",
        ) from None


def strict_json(data: bytes, *, where: str, expected: str) -> Any:
    """Return what a JSON text says.

    Raises BadFile where it is not JSON, or where an object has a key twice, so that readers could differ on it.
    """
    try:
        return json.loads(data.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        reason = one_line(str(error)) if type(error) is ValueError else f"not JSON: {one_line(str(error))}"
        raise BadFile(reason, where=where, expected=expected) from None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        twice, _ = Counter(key for key, _ in pairs).most_common(1)[0]
        raise ValueError(f"the key {shown(twice)} stands twice")
    return found


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no number")


def _names(path: Path) -> list[str]:
    with path.open("rb") as file:
        header = file.read(int.from_bytes(file.read(8), "little"))
    said = strict_json(header, where=one_line(str(path)), expected="a header that names each tensor once")
    return [name for name in said if name != "__metadata__"]


def _entry(name: str, tensor: Any, path: Path) -> Entry:
    dtype = DTYPES.get(tensor.get_dtype())
    if dtype is None:
        raise BadFile(
            f"the tensor {shown(name)} has the element type {tensor.get_dtype()}",
            where=one_line(str(path)),
            expected=f"one of {', '.join(DTYPES)}",
        )
    shape = tuple(tensor.get_shape())
    if max(shape, default=0) > LARGEST_DIMENSION:  # beside a size of 0 the library takes any other
        raise BadFile(
            f"the tensor {shown(name)} has the size {max(shape):,}",
            where=one_line(str(path)),
            expected="at most 2^63 - 1",
        )
    return Entry(name, shape, dtype, role_of(name, dtype))
