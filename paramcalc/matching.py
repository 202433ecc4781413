"""The values of a tree's symbols, read off the names and shapes of a tree that has numbers."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import TypeAlias

from paramcalc.paths import INDEX, join
from paramcalc.symbols import Size, substitute, symbol, symbol_names, sympified
from paramcalc.tensor import TensorSpec
from paramcalc.tree import Block

Equation: TypeAlias = tuple[Size, int]
Copies: TypeAlias = tuple[tuple[Size, Size, int], ...]  # repeat, first and step of each index


def bindings(general: Block, actual: Block) -> dict[str, int]:
    """Return the values that the shapes and the numbers of copies in `actual` give to the symbols of `general`.

    Each size of `general` that is linear in one unknown symbol gives it a value; where they disagree, the one that most
    of them give is taken. A symbol that no size determines has no value.

    >>> from paramcalc.layers import Linear, TransformerEncoder, TransformerEncoderLayer
    >>> from paramcalc.symbols import symbol
    >>> d, n = symbol("d"), symbol("n")
    >>> general = TransformerEncoder(TransformerEncoderLayer(d, 2, dim_feedforward=4 * d), n)
    >>> bindings(general, general.bind(d=6, n=3))
    {'d': 6, 'n': 3}
    """
    if not general.symbols:
        return {}
    equations = [equation for equation in _equations(general, actual) if not isinstance(equation[0], int)]
    values: dict[str, int] = {}
    while True:
        votes: dict[str, Counter[int]] = {}
        for size, number in equations:
            known = substitute(size, sympified(values)) if values else size
            for name, value in _solved(known, number):
                votes.setdefault(name, Counter())[value] += 1
        if not votes:
            return {name: values[name] for name in sorted(values)}
        values.update({name: counts.most_common(1)[0][0] for name, counts in votes.items()})


def general_tensor(general: Block, name: str) -> TensorSpec | None:
    """Return the tensor of a tree that stands for the name, whatever the index in it."""
    found = (tensor for template, tensor, _ in _templates(general) if _pattern(template).fullmatch(name))
    return next(found, None)


def _pattern(template: str) -> re.Pattern[str]:
    return re.compile("([0-9]+)".join(map(re.escape, template.split(INDEX))))


def _solved(size: Size, number: int) -> Iterator[tuple[str, int]]:
    """The value of the one symbol in a size that makes it the number, where the size is linear in it."""
    names = [] if isinstance(size, int) else list(symbol_names(size))
    if len(names) != 1:
        return
    unknown = symbol(names[0])
    poly = size.as_poly(unknown) if not isinstance(size, int) else None
    if poly is None or poly.degree() != 1:
        return
    slope, rest = poly.all_coeffs()
    value = (number - rest) / slope
    if value.is_Integer and value >= 1:
        yield names[0], int(value)


def _equations(general: Block, actual: Block) -> Iterator[Equation]:
    """Every size of a tensor or a number of copies, with the number that stands in its place."""
    shapes = {name: tensor.shape for name, tensor in actual.tensors()}
    for template, tensor, copies in _templates(general):
        pattern = _pattern(template)
        matches = [(pattern.fullmatch(name), shape) for name, shape in shapes.items()]
        found = [(tuple(map(int, match.groups())), shape) for match, shape in matches if match]
        found = [(indices, shape) for indices, shape in found if not _before(indices, copies)]
        for _, shape in found:
            if len(shape) == len(tensor.shape):
                yield from zip(tensor.shape, shape, strict=True)
        for number, (repeat, first, step) in enumerate(copies):
            if isinstance(first, int):
                yield repeat, max(((indices[number] - first) // step + 1 for indices, _ in found), default=0)


def _before(indices: tuple[int, ...], copies: Copies) -> bool:
    """Whether an index lies before the first copy that it would stand for, or between two."""
    pairs = zip(indices, copies, strict=True)
    return any(
        isinstance(first, int) and (index < first or (index - first) % step) for index, (_, first, step) in pairs
    )


def _templates(root: Block) -> Iterator[tuple[str, TensorSpec, Copies]]:
    """Every tensor with its path, `{}` for each index in it, and the copies and first index that each stands for."""
    stack: list[tuple[str, Block, Copies]] = [("", root, ())]
    while stack:
        path, block, copies = stack.pop()
        if block.repeated:
            copies = (*copies, (block.repeat, block.first, block.step))
        for tensor in block.own:
            yield join(path, tensor.name), tensor, copies
        stack += ((join(path, child.name), child, copies) for child in reversed(block.children))
