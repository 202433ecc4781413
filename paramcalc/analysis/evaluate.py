"""The count for many configurations at once: exact integers or an error, on arrays that follow NumPy's protocols."""

from __future__ import annotations

import numbers
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeAlias

from paramcalc.errors import CountOverflow, InvalidType, InvalidValue, PreconditionFailed, unknown_name
from paramcalc.sizes.conditions import Condition, as_size, related
from paramcalc.sizes.program import Program, Values, compile_expr
from paramcalc.sizes.symbols import LARGEST_DIMENSION, Size
from paramcalc.tree.block import Block

CHUNK = 65_536
_INTEGER = re.compile(r"(torch\.)?u?int\d+|object")


@dataclass(frozen=True)
class _Question:
    """What is computed from the values: the count after its checks, or the mask of the conditions."""

    params: Program
    conditions: tuple[tuple[Condition, Program, Program], ...]

    @property
    def programs(self) -> tuple[Program, ...]:
        return (self.params, *(side for _, left, right in self.conditions for side in (left, right)))


_Answer: TypeAlias = Callable[[_Question, Values], Any]


def evaluate(block: Block, values: Mapping[str, Any]) -> Any:
    """Return the parameter count for a value, or an array of values, for each symbol; arrays are broadcast.

    Works on NumPy arrays, torch tensors, Dask arrays (lazily) and their like; arrays of Python integers (dtype object)
    have no bound.

    >>> import numpy as np
    >>> from paramcalc.architectures import architecture
    >>> from paramcalc.sizes.symbols import symbol
    >>> evaluate(architecture("amnl", lstm_hidden=symbol("lstm_hidden")), {"lstm_hidden": np.array([64, 128])})
    array([310724, 960964])

    Raises UnknownName for a name that is no symbol of the tree, InvalidValue for a symbol without a value or a size
    below 1, InvalidType for values that are not integers, PreconditionFailed where a configuration is impossible,
    CountOverflow where a count would not fit 64 bits.
    """
    return _answer(block, values, _counts)


def admissible(block: Block, values: Mapping[str, Any]) -> Any:
    """Return, for each configuration, whether every condition of the formula holds: a mask for `evaluate`.

    >>> import numpy as np
    >>> from paramcalc.architectures import architecture
    >>> from paramcalc.sizes.symbols import symbol
    >>> admissible(architecture("amnl", lstm_hidden=symbol("lstm_hidden")), {"lstm_hidden": np.array([64, 66])})
    array([ True, False])

    Raises as `evaluate` does, but for conditions.
    """
    return _answer(block, values, _mask)


def _answer(block: Block, values: Mapping[str, Any], answer: _Answer) -> Any:
    for name in values:
        if name not in block.symbols:
            raise unknown_name("symbol", name, block.symbols, where="evaluate")
    missing = sorted(block.symbols - values.keys())
    if missing:
        raise InvalidValue(f"no value for {', '.join(missing)}", where="evaluate", expected="one for every symbol")
    checked = {name: _checked(name, value) for name, value in values.items()}
    question = _question(block.params, block.preconditions)
    sizes = {name: value for name, value in checked.items() if isinstance(value, int)}
    arrays = {name: value for name, value in checked.items() if name not in sizes}
    names = tuple(arrays)

    def compute(*parts: Any) -> Any:
        return _computed(answer, question, sizes, dict(zip(names, parts, strict=True)))

    lazy = next((array for array in arrays.values() if hasattr(array, "map_blocks")), None)
    if lazy is None:
        return compute(*arrays.values())
    aligned = [array if hasattr(array, "map_blocks") else lazy * 0 + array for array in arrays.values()]
    return aligned[0].map_blocks(compute, *aligned[1:], dtype="int64" if answer is _counts else "bool")


@lru_cache(maxsize=64)
def _question(params: Size, conditions: tuple[Condition, ...]) -> _Question:
    checks = tuple((each, compile_expr(each.left), compile_expr(each.right)) for each in conditions)
    return _Question(compile_expr(params), checks)


def _checked(name: str, value: Any) -> Any:
    """An int, or an array of integers; whether they are 1 or more is seen where the array is computed."""
    if not hasattr(value, "dtype") or not getattr(value, "shape", ()):
        size, _ = as_size(value.item() if hasattr(value, "dtype") else value, where=name)
        if not isinstance(size, int):
            raise InvalidType(f"got {size}", where=name, expected="integers, or an array of them")
        return size
    if not _INTEGER.fullmatch(str(value.dtype)):
        raise InvalidType(f"got an array of {value.dtype}", where=name, expected="integers, or an array of them")
    return value


def _computed(answer: _Answer, question: _Question, sizes: Values, arrays: Values) -> Any:
    prepared, narrow, bits = _prepared(question, sizes, arrays)
    open_conditions = tuple(each for each in question.conditions if not _shown_by(bits, each[0]))
    result = _in_chunks(answer, _Question(question.params, open_conditions), sizes, prepared)
    return _narrowed(result) if narrow and answer is _counts else result


def _shown_by(bits: Mapping[str, int], condition: Condition) -> bool:
    """Whether the bits that occur in any value show that a power of two divides all of them."""
    left, right = condition.left, condition.right
    if condition.relation != "divisible by" or not isinstance(right, int) or isinstance(left, int):
        return False
    return right > 0 and right & (right - 1) == 0 and left.is_Symbol and bits.get(left.name, 1) & (right - 1) == 0


def _in_chunks(answer: _Answer, question: _Question, sizes: Values, arrays: Values) -> Any:
    """The answer, by pieces that fit the processor's cache where the arrays are NumPy's and of one shape."""
    numpy = sys.modules.get("numpy")
    first: Any
    first, *others = arrays.values() if arrays else (None,)
    alike = all(type(array) is type(first) and array.shape == first.shape for array in others)
    if numpy is None or type(first) is not numpy.ndarray or not alike or first.size <= CHUNK:
        return answer(question, {**sizes, **arrays})
    flat = {name: array.reshape(-1) for name, array in arrays.items()}
    result: Any = None
    for start in range(0, first.size, CHUNK):
        piece = slice(start, start + CHUNK)
        part = answer(question, {**sizes, **{name: array[piece] for name, array in flat.items()}})
        result = numpy.empty(first.size, part.dtype) if result is None else result
        result[piece] = part
    return result.reshape(first.shape)


def _counts(question: _Question, values: Values) -> Any:
    for condition, left, right in question.conditions:
        _require_all(condition, related(left.run(values), condition.relation, right.run(values)))
    counts = question.params.run(values)
    own = isinstance(counts, int) or any(counts is value for value in values.values())
    return _zeros(values) + counts if own else counts


def _mask(question: _Question, values: Values) -> Any:
    mask: Any = _zeros(values) == 0
    for condition, left, right in question.conditions:
        mask = mask & related(left.run(values), condition.relation, right.run(values))
    return mask


def _zeros(values: Values) -> Any:
    """Zeros in the shape that the values broadcast to; 0 where none is an array."""
    return sum((array * 0 for array in values.values() if not isinstance(array, int)), start=0)


def _prepared(question: _Question, sizes: Values, arrays: Values) -> tuple[dict[str, Any], bool, dict[str, int]]:
    """The arrays, wide enough for every result on the way; whether that took Python integers; and `_bits` of each."""
    if not arrays:
        return {}, False, {}
    arrays = {name: _integers(name, array) for name, array in arrays.items()}
    for name, array in arrays.items():
        low = 1 if 0 in array.shape else int(array.min())
        if low < 1:
            raise InvalidValue(f"got {low}", where=name, expected="sizes of 1 or more")
    bits = {name: _bits(array) for name, array in arrays.items()}
    exact = any(str(array.dtype) == "object" for array in arrays.values())
    fits = _fits(question, {**sizes, **bits})
    if not fits and not exact:
        fits = _fits(question, {**sizes, **{name: _largest(array) for name, array in arrays.items()}})
    dtype = "int64" if fits and not exact else "object"
    return {name: _as(array, dtype) for name, array in arrays.items()}, dtype == "object" and not exact, bits


def _fits(question: _Question, largest: Mapping[str, int]) -> bool:
    return all(program.bound(largest) <= LARGEST_DIMENSION for program in question.programs)


def _bits(array: Any) -> int:
    """All bits that occur in the values, or more: in one pass a bound on the largest, and what divides all of them."""
    numpy = sys.modules.get("numpy")
    if numpy is not None and type(array) is numpy.ndarray and array.size:
        return int(numpy.bitwise_or.reduce(array, axis=None))
    return (1 << _largest(array).bit_length()) - 1


def _largest(array: Any) -> int:
    return 1 if 0 in array.shape else int(array.max())


def _as(array: Any, dtype: str) -> Any:
    if str(array.dtype).endswith(dtype) and not str(array.dtype).endswith("u" + dtype):
        return array
    if hasattr(array, "astype"):
        return array.astype(dtype)
    if dtype == "int64" and hasattr(array, "long"):
        return array.long()
    raise CountOverflow(
        "a count could exceed 2^63 - 1", where="evaluate", advice="use a NumPy array of dtype object for exact integers"
    )


def _integers(name: str, array: Any) -> Any:
    """An array of objects as one of Python integers, which never wrap."""
    if str(array.dtype) != "object":
        return array
    result = array.copy()
    for index, value in enumerate(array.flat):
        if isinstance(value, bool) or not isinstance(value, numbers.Integral):
            raise InvalidType(f"got {type(value).__name__} {str(value)[:40]!r}", where=name, expected="integers")
        result.flat[index] = int(value)
    return result


def _narrowed(counts: Any) -> Any:
    if 0 not in counts.shape and counts.max() > LARGEST_DIMENSION:
        raise CountOverflow(
            f"the count {counts.max():,} exceeds 2^63 - 1", where="evaluate", advice="use arrays of dtype object"
        )
    return counts.astype("int64")


def _require_all(condition: Condition, holds: Any) -> None:
    if not (holds if isinstance(holds, bool) else holds.all()):
        bad = 1 if isinstance(holds, bool) else int((~holds).sum())
        raise PreconditionFailed(
            f"{bad:,} configuration{' breaks' if bad == 1 else 's break'} a condition",
            where=", ".join(sorted(condition.symbols)) or "evaluate",
            expected=str(condition),
            advice="; ".join(filter(None, [condition.reason, "`admissible` tells which ones do not"])),
        )
