"""What layers do with their arguments: sizes with conditions, shapes, kernels, and tensors from shapes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

from paramcalc.errors import InvalidType, InvalidValue
from paramcalc.sizes.conditions import Condition, as_size
from paramcalc.sizes.symbols import Size, canonical
from paramcalc.tree.dtypes import dtype_name
from paramcalc.tree.tensor import Role, TensorSpec

Shape: TypeAlias = tuple[Size, ...]
Conditions: TypeAlias = tuple[Condition, ...]


def sizes(layer: str, **values: object) -> tuple[list[Size], Conditions]:
    """Return arguments as sizes of 1 or more, in order, and the conditions that symbolic ones bring.

    >>> sizes("Linear", in_features=3, out_features=4)
    ([3, 4], ())
    """
    checked: list[Size] = []
    conditions: Conditions = ()
    for name, value in values.items():
        size, extra = as_size(value, where=f"{layer}.{name}")
        checked.append(size)
        conditions += extra
    return checked, conditions


def as_shape(value: object, *, where: str) -> tuple[Shape, Conditions]:
    """Return a size, or a sequence of sizes, as a shape.

    >>> as_shape([5, 6], where="LayerNorm.normalized_shape")
    ((5, 6), ())
    """
    items = list(value) if isinstance(value, Iterable) and not isinstance(value, str) else [value]
    checked = [as_size(item, where=where) for item in items]
    return tuple(size for size, _ in checked), tuple(each for _, conditions in checked for each in conditions)


def kernel(value: object, dimensions: int, *, where: str) -> tuple[Shape, Conditions]:
    """Return a kernel size as one size a dimension; a single size stands for all of them.

    >>> kernel(3, 2, where="Conv2d.kernel_size")
    ((3, 3), ())
    """
    shape, conditions = as_shape(value, where=where)
    if isinstance(value, Iterable) and len(shape) != dimensions:
        raise InvalidValue(f"got {value!r}", where=where, expected=f"one size, or a tuple of {dimensions}")
    return (shape if isinstance(value, Iterable) else shape * dimensions), tuple(dict.fromkeys(conditions))


def divided(size: Size, by: Size) -> Size:
    """Return an exact quotient; that it is whole is the caller's condition.

    >>> divided(64, 4)
    16
    """
    return size // by if isinstance(size, int) and isinstance(by, int) else canonical(size / by)


def tensors(dtype: object = None, role: Role = "parameter", **shapes: Shape | None) -> tuple[TensorSpec, ...]:
    """Return a tensor for every shape, by name; None stands for a tensor that is not there.

    >>> [tensor.name for tensor in tensors(weight=(3, 4), bias=None)]
    ['weight']
    """
    return named_tensors(dtype, shapes, role)


def named_tensors(
    dtype: object, shapes: Mapping[str, Shape | None], role: Role = "parameter"
) -> tuple[TensorSpec, ...]:
    """Return what `tensors` does, from a mapping."""
    kind = dtype_name(dtype)
    return tuple(TensorSpec(name, shape, role, kind) for name, shape in shapes.items() if shape is not None)


def one_of(value: object, known: Sequence[str], *, where: str) -> None:
    """Raise InvalidValue where an argument is none of the words torch knows."""
    if value not in known:
        raise InvalidValue(f"got {value!r}", where=where, expected=" or ".join(map(repr, known)))


def probability(value: object, *, where: str) -> None:
    """Raise InvalidType or InvalidValue for a dropout that is no number from 0 to 1."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidType(f"got {value!r}", where=where, expected="a probability")
    if not 0 <= value <= 1:
        raise InvalidValue(f"got {value!r}", where=where, expected="a probability from 0 to 1")


def absent(value: object, *, where: str) -> None:
    """Raise InvalidType where an argument that takes a live tensor or module is given."""
    if value is not None:
        raise InvalidType(f"got {type(value).__name__}", where=where, expected="None: the catalogue reads sizes only")
