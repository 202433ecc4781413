"""The width of each element type, by the name torch and safetensors give it."""

from __future__ import annotations

from paramcalc.errors import unknown_name

BITS: dict[str, int] = {
    "float64": 64,
    "float32": 32,
    "float16": 16,
    "bfloat16": 16,
    "float8_e4m3fn": 8,
    "float8_e4m3fnuz": 8,
    "float8_e5m2": 8,
    "float8_e5m2fnuz": 8,
    "float8_e8m0fnu": 8,
    "float6_e2m3fn": 6,
    "float6_e3m2fn": 6,
    "float4_e2m1fn": 4,
    "float4_e2m1fn_x2": 8,
    "complex32": 32,
    "complex64": 64,
    "complex128": 128,
    **{f"int{bits}": 8 if bits < 8 else bits for bits in (1, 2, 3, 4, 5, 6, 7, 8, 16, 32, 64)},
    **{f"uint{bits}": 8 if bits < 8 else bits for bits in (1, 2, 3, 4, 5, 6, 7, 8, 16, 32, 64)},
    **dict.fromkeys(("bits8", "bits1x8", "bits2x4", "bits4x2"), 8),
    "bits16": 16,
    "qint8": 8,
    "quint8": 8,
    "qint32": 32,
    "quint4x2": 4,
    "quint2x4": 2,
    "bool": 8,
}
ALIASES = {"float": "float32", "double": "float64", "half": "float16", "long": "int64", "int": "int32"}


def dtype_name(dtype: object) -> str:
    """Return the name of an element type given as a string or as a torch dtype; None is float32, as in torch.

    >>> dtype_name("torch.float16"), dtype_name("half"), dtype_name(None)
    ('float16', 'float16', 'float32')

    Raises UnknownName for anything else.
    """
    if dtype is None:
        return "float32"
    name = str(dtype).removeprefix("torch.")
    name = ALIASES.get(name, name)
    if name not in BITS:
        raise unknown_name("dtype", name, BITS)
    return name
