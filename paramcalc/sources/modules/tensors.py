"""What a torch tensor says of itself: shape, role, element type, the storage it shares, weights packed in objects."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

from paramcalc.sizes.symbols import symbol
from paramcalc.tree.dtypes import BITS, dtype_name
from paramcalc.tree.paths import join
from paramcalc.tree.tensor import Role, TensorSpec

# Name, shape (or the name of what is unknown), role (whether a parameter requires grad, or "buffer", "hidden" for one
# that is not persistent, "packed"), element type, bytes of its storage (0 where that says nothing), tie, remark. A
# plain tuple, for millions of them are made.
Described: TypeAlias = tuple[str, Any, object, Any, int, str | None, str]
COMPARED = 100_000  # elements of two views that are compared one by one
ROLES: dict[object, Role] = {True: "parameter", False: "frozen", "buffer": "buffer", "hidden": "buffer"}


def spec_of(described: Described) -> TensorSpec:
    """Return a described tensor as the leaf of a tree.

    Raises UnknownName for an element type without a known width.
    """
    name, size, role, kind, nbytes, tied_to, note = described
    dtype = dtype_name(kind)
    notes = [note]
    if size and isinstance(size[0], str):
        shape: tuple[Any, ...] = (symbol(size[0]),)
        notes.append("unknown until the first forward")
    else:
        shape = tuple(map(int, size))
        if not note and nbytes and math.prod(shape) * BITS[dtype] > 8 * nbytes:
            notes.append(f"{_elements(8 * nbytes // BITS[dtype])} stored")
    return TensorSpec(
        name,
        shape,
        ROLES.get(role, "packed"),
        dtype,
        tied_to,
        ", ".join(filter(None, notes)),
        persistent=role != "hidden",
    )


def is_unknown(tensor: Any) -> bool:
    """Whether a tensor of a lazy module has no shape yet."""
    kind = type(tensor)
    return hasattr(kind, "materialize") and hasattr(kind, "cls_to_become")


class Overlaps:
    """The storages of all tensors, to find those that lie over one another though they are different objects."""

    def __init__(self, path: Callable[[int, str], str]) -> None:
        import torch

        self.path = path
        # Other classes of tensors (sparse, distributed, fake, quantised by a library) have no storage of their own.
        self.plain = {torch.Tensor, torch.nn.Parameter}
        self.first: dict[int, tuple[Any, tuple[int, str]]] = {}
        self.more: dict[int, list[tuple[Any, tuple[int, str]]]] = {}

    def see(self, tensor: Any, place: tuple[int, str]) -> int:
        """Note where a tensor is stored and return the bytes of its storage; 0 where it has none."""
        try:
            storage = tensor.untyped_storage()
        except (NotImplementedError, RuntimeError):  # sparse and mkldnn tensors have none
            return 0
        here = (tensor, place)
        known = self.first.setdefault(storage._cdata, here)
        if known is not here:
            self.more.setdefault(storage._cdata, [known]).append(here)
        nbytes: int = storage.nbytes()
        return nbytes

    def notes(self) -> dict[int, str]:
        """Return the remark for every tensor that lies over an earlier one, by the identity of the tensor."""
        found: dict[int, str] = {}
        for tensors in self.more.values():
            spans: list[tuple[int, int, Any, tuple[int, str]]] = []
            for tensor, place in tensors:
                start, end = _span(tensor)
                near = [each for each in spans if start < each[1] and each[0] < end]
                under = next((each[3] for each in near if _overlap(tensor, each[2])), None)
                if under is not None:
                    stored = tensor.untyped_storage().nbytes() // tensor.dtype.itemsize
                    found[id(tensor)] = f"shares the storage of {self.path(*under)}, {_elements(stored)} stored"
                spans.append((start, end, tensor, place))
        return found


def _span(tensor: Any) -> tuple[int, int]:
    """The bytes of its storage that a tensor reaches, from the first to behind the last."""
    size = tensor.dtype.itemsize
    start = tensor.storage_offset()
    if tensor.numel() == 0:
        return start * size, start * size
    last = start + sum((length - 1) * step for length, step in zip(tensor.shape, tensor.stride(), strict=True))
    return start * size, (last + 1) * size


def _overlap(a: Any, b: Any) -> bool:
    """Whether two tensors over one storage, whose spans meet, have an element in common.

    That is so where both fill their spans; else their elements are compared, as far as they are few.
    """
    if all(each.numel() * each.dtype.itemsize >= _span(each)[1] - _span(each)[0] for each in (a, b)):
        return True
    if a.dtype.itemsize != b.dtype.itemsize or a.numel() + b.numel() > COMPARED:
        return True
    return not _places(a).isdisjoint(_places(b))


def _places(tensor: Any) -> set[int]:
    places = {tensor.storage_offset()}
    for length, step in zip(tensor.shape, tensor.stride(), strict=True):
        places = {place + number * step for place in places for number in range(length)}
    return places


def _elements(count: int) -> str:
    return f"{count:,} element{'' if count == 1 else 's'}"


def shape_of(tensor: Any) -> tuple[tuple[int, ...], str]:
    """The shape of a tensor of an unusual class, and a remark; all its elements in a row where it has no plain one."""
    try:
        return tuple(map(int, tensor.shape)), ""
    except (AttributeError, RuntimeError, TypeError, ValueError):
        return (tensor.numel(),), "nested, without one shape"


def packed_in(module: Any) -> list[Described]:
    """Return the tensors that a quantised module keeps in packed objects or plain attributes, outside `parameters()`.

    torch shows packed weights only by unpacking them: one module at a time, and the unpacked copy is dropped at once.
    """
    import torch

    found: list[Described] = []
    seen: dict[tuple[int, tuple[int, ...]], Any] = {}  # with the tensors, for memory that is free is given out again
    for attribute, value in _attributes(module):
        if not isinstance(value, torch.ScriptObject | torch.Tensor):
            continue
        alone = attribute in ("_packed_params", "_packed_weight")
        for number, (part, tensor) in enumerate(_unpacked(value)):
            key = (tensor.data_ptr(), tuple(tensor.shape))
            if key not in seen:
                seen[key] = tensor
                name = part if alone else join(attribute, part)
                if name in {each[0] for each in found}:
                    name = f"{name}_{number}"
                found.append((name, tensor.shape, "packed", tensor.dtype, 0, None, ""))
    return found


_PACKED = ("_packed_params", "_packed_weight", "_packed_weight_ih", "_packed_weight_hh", "param")


def _attributes(module: Any) -> Iterator[tuple[str, Any]]:
    """The attributes that may hold packed weights; a scripted module keeps its own where `vars` does not look."""
    yield from ((name, value) for name, value in vars(module).items() if name != "_c")
    for name in _PACKED:
        if name not in vars(module) and "_c" in vars(module) and hasattr(module, name):
            yield name, getattr(module, name)


def packs(module: Any) -> bool:
    """Whether modules of the class of this one may keep weights in packed objects."""
    import torch

    homes = [str(each.__module__) for each in type(module).__mro__]
    quantised = any(home.startswith("torch.ao.nn.") and ".quantized" in home for home in homes)
    return quantised or any(isinstance(value, torch.ScriptObject) for _, value in _attributes(module))


def _unpacked(value: Any, part: str = "") -> Iterator[tuple[str, Any]]:
    """Every tensor in a packed object, with the name of its part where it has one."""
    import torch

    script: Any = torch.ScriptObject
    if isinstance(value, torch.Tensor):
        yield part, value
    elif isinstance(value, script) and "unpack" in value._method_names():
        parts = value.unpack()
        for name, inner in zip(("weight", "bias"), parts if isinstance(parts, tuple) else (parts,), strict=False):
            yield from _unpacked(inner, name)
    elif isinstance(value, script) and "__getstate__" in value._method_names():
        yield from _unpacked(value.__getstate__())
    elif isinstance(value, tuple | list):
        for inner in value:
            yield from _unpacked(inner, "weight" if isinstance(inner, script) else "bias")
