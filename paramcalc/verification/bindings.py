"""The values of a tree's symbols, read off the names and shapes of a tree that has numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TypeAlias

from paramcalc.sizes.symbols import Size, substitute, symbol, symbol_names, sympified
from paramcalc.tree.block import Block
from paramcalc.tree.node import INDEX
from paramcalc.tree.paths import copies, copy_at, join, pattern_of
from paramcalc.tree.tensor import TensorSpec
from paramcalc.tree.ties import absolute

Equation: TypeAlias = tuple[Size, int]
Copies: TypeAlias = tuple[Block, ...]  # the block that each index counts copies of
MOST_ABSENT = 1_000  # copies that one name may claim beside those that the other tree has tensors for


def bindings(general: Block, actual: Block) -> dict[str, int]:
    """Return the values that the shapes and the numbers of copies in `actual` give to the symbols of `general`.

    Each size of `general` that is linear in one unknown symbol gives it a value; where they disagree, the one that most
    of them give is taken. A symbol that no size determines has no value.

    >>> from paramcalc.layers import Linear, TransformerEncoder, TransformerEncoderLayer
    >>> from paramcalc.sizes.symbols import symbol
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
    found = (tensor for template, tensor, _ in _templates(general) if pattern_of(template).fullmatch(name))
    return next((tensor for tensor in found if tensor is not None), None)


def shared_places(tree: Block) -> Iterator[tuple[str, str]]:
    """Yield (path, path of the first place) for every later place of a shared block, repeats unrolled.

    >>> a = Block("a", "Linear", (TensorSpec("weight", (3, 4)),))
    >>> list(shared_places(Block(children=(a, Block("b", "Linear", tied_to=".a")))))
    [('b', 'a')]
    """
    stack: list[tuple[str, Block, int | None]] = [("", tree, None)]
    while stack:
        path, block, index = stack.pop()
        if path and block.tied_to is not None:
            yield path, absolute(path.rpartition(".")[0], block.tied_to)
        for child in reversed(block.children):
            below = [(join(path, name), child, number) for name, number in copies(child, index)]
            stack += reversed(below)


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
    shapes |= {name: () for name, _ in shared_places(actual)}
    for template, tensor, levels in _templates(general):
        if template.count(INDEX) != len(levels):
            continue
        pattern = pattern_of(template)
        matches = [(pattern.fullmatch(name), shape) for name, shape in shapes.items()]
        found = [(tuple(map(int, match.groups())), shape) for match, shape in matches if match]
        found = [(indices, shape) for indices, shape in found if not _before(indices, levels)]
        for _, shape in found:
            if tensor is not None and len(shape) == len(tensor.shape):
                yield from zip(tensor.shape, shape, strict=True)
        for number, block in enumerate(levels):
            copies = [copy_at(block, indices[number]) for indices, _ in found]
            if _known(block):
                most = max((copy + 1 for copy in copies if copy is not None), default=0)
                if most <= len(shapes) + MOST_ABSENT:
                    yield block.repeat, most


def _before(indices: tuple[int, ...], levels: Copies) -> bool:
    """Whether an index lies before the first copy that it would stand for, or between two."""
    pairs = zip(indices, levels, strict=True)
    return any(copy_at(block, index) is None and _known(block) for index, block in pairs)


def _known(block: Block) -> bool:
    """Whether no symbol says how the copies of a block are numbered."""
    return all(isinstance(size, int) for size in (block.first, block.step, block.run))


def _templates(root: Block) -> Iterator[tuple[str, TensorSpec | None, Copies]]:
    """Every tensor, or None for a shared block, with its path, `{}` for each index, and the copies of each."""
    stack: list[tuple[str, Block, Copies]] = [("", root, ())]
    while stack:
        path, block, levels = stack.pop()
        if block.repeated and block is not root:
            levels = (*levels, block)
        if block.tied_to is not None:
            yield path, None, levels
        for tensor in block.own:
            yield join(path, tensor.name), tensor, levels
        stack += ((join(path, child.name), child, levels) for child in reversed(block.children))
