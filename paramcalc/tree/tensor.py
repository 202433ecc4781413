"""The leaf of the tree: a named tensor with a symbolic shape."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from paramcalc.errors import InvalidValue, unknown_name
from paramcalc.sizes.symbols import Size, as_expr
from paramcalc.tree.dtypes import BITS

Role = Literal["parameter", "frozen", "buffer", "packed"]
MOST_TERMS = 10_000
ROLES: tuple[Role, ...] = ("parameter", "frozen", "buffer", "packed")


@dataclass(frozen=True, slots=True)
class TensorSpec:
    """A named tensor: its shape, its role, its element type and, where it is shared, its first place.

    `shape` holds sizes (ints or expressions), `role` is "parameter", "frozen" (it does not require grad), "buffer", or
    "packed" (held by a quantised module outside `parameters()` and `buffers()`). `tied_to` names the first place of a
    shared tensor the way a relative import does: ".weight" lies in the same block, "..wte.weight" in its parent. A tied
    tensor counts 0. A buffer that is not `persistent` is in no state dict. `note` is a remark for the reader.

    >>> TensorSpec("weight", (4, 3)).size
    12

    Raises InvalidType or InvalidValue for a shape that is not made of sizes; UnknownName for an unknown role or dtype.
    """

    name: str
    shape: tuple[Size, ...]
    role: Role = "parameter"
    dtype: str = "float32"
    tied_to: str | None = None
    note: str = ""
    persistent: bool = True

    def __post_init__(self) -> None:
        if not self.name or ("." in self.name and not all(self.name.split("."))):
            raise InvalidValue(f"got {self.name!r}", where="name of a tensor", expected="words joined by single dots")
        if self.role not in ROLES:
            raise unknown_name("role", str(self.role), ROLES, where=self.name)
        if self.dtype not in BITS:
            raise unknown_name("dtype", str(self.dtype), BITS, where=self.name)
        if any(type(size) is not int or size < 0 for size in self.shape):
            object.__setattr__(self, "shape", _checked(self.shape, where=f"shape of {self.name}"))

    @property
    def size(self) -> Size:
        """The number of elements of the shape, tied or not."""
        return math.prod(self.shape)

    @property
    def counted(self) -> Size:
        """The number of elements that this place adds: 0 where the tensor is tied."""
        return 0 if self.tied_to else self.size

    @property
    def remark(self) -> str:
        """What there is to say of the tensor beside its shape and role."""
        return ", ".join(filter(None, ["" if self.persistent else "not persistent", self.note]))

    @property
    def is_parameter(self) -> bool:
        """Whether the tensor is a parameter, frozen or not."""
        return self.role in ("parameter", "frozen")


def _checked(shape: tuple[Size, ...], *, where: str) -> tuple[Size, ...]:
    sizes = tuple(
        size if type(size) is int and size >= 0 else as_expr(size, where=where, whole=False) for size in shape
    )
    terms = math.prod(len(size.args) for size in sizes if not isinstance(size, int) and size.is_Add)
    if terms > MOST_TERMS:
        raise InvalidValue(
            f"the product of its sizes has {terms:,} terms", where=where, expected=f"at most {MOST_TERMS:,}"
        )
    return sizes
