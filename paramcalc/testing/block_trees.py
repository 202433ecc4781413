"""Random trees: symbolic sizes, repeats, nameless groups, ties, roles and element types."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

from hypothesis import strategies as st

from paramcalc.conditions import Condition
from paramcalc.paths import INDEX
from paramcalc.symbols import Size, symbol
from paramcalc.tensor import TensorSpec
from paramcalc.ties import absolute
from paramcalc.tree import Block, tie

SYMBOLS = ("a", "b", "c")
NAMES = ("wte", "lm_head", "fc1", "fc2", "norm", "attention")
TENSORS = ("weight", "bias", "scale")
DTYPES = ("float32", "float16", "bfloat16", "int64", "quint4x2")


# Strategies are made once: to make one anew for each draw takes longer than to draw.
@cache
def sizes(*, symbolic: bool) -> st.SearchStrategy[Size]:
    """Sizes of 1 or more: integers, and small expressions in a, b and c."""
    integers = st.integers(1, 6)
    if not symbolic:
        return integers
    symbols = st.sampled_from(SYMBOLS).map(symbol)
    expressions: st.SearchStrategy[Any] = st.one_of(
        symbols,
        st.tuples(integers, symbols).map(lambda pair: pair[0] * pair[1]),
        st.tuples(integers, symbols).map(lambda pair: pair[0] + pair[1]),
        st.tuples(symbols, symbols).map(lambda pair: pair[0] * pair[1]),
    )
    return st.one_of(integers, expressions)


def values() -> st.SearchStrategy[dict[str, int]]:
    """A value for each symbol."""
    return st.fixed_dictionaries({name: st.integers(1, 5) for name in SYMBOLS})


@cache
def specs(name: str, *, symbolic: bool) -> st.SearchStrategy[TensorSpec]:
    """Tensors of a name, of any role, element type and up to three dimensions."""
    return st.builds(
        TensorSpec,
        st.just(name),
        st.lists(sizes(symbolic=symbolic), max_size=3).map(tuple),
        st.sampled_from(["parameter", "parameter", "frozen", "buffer"]),
        st.sampled_from(DTYPES),
    )


def blocks(*, symbolic: bool = True) -> st.SearchStrategy[Block]:
    """Return a strategy for trees of up to four levels, with sizes and repeats in the symbols a, b and c.

    They have nameless groups of tensors, ties, frozen parameters, buffers, several element types, labels and
    conditions that all sizes meet. Without `symbolic`, sizes and repeats are integers.

    >>> from hypothesis import given
    >>> @given(blocks())
    ... def test_binding(tree):
    ...     assert isinstance(tree.bind(**dict.fromkeys(tree.symbols, 3)).params, int)
    >>> test_binding()
    """
    return _tied(symbolic=symbolic)


@st.composite
def _tied(draw: st.DrawFn, *, symbolic: bool) -> Block:
    tree = draw(_blocks(symbolic=symbolic, depth=3))
    for _ in range(draw(st.integers(0, 2))):
        pairs = tie_candidates(tree)
        if pairs:
            place, to = draw(st.sampled_from(pairs))
            tree = tie(tree, place, to=to)
    return tree


def tie_candidates(tree: Block) -> list[tuple[str, str]]:
    """The pairs of tensors outside repeats that could be tied, the later one first."""
    plain = [
        (f"{path}.{tensor.name}" if path else tensor.name, tensor)
        for path, block in tree.walk()
        if INDEX not in path and (block.name or not path)
        for tensor in block.own
        if INDEX not in tensor.name
    ]
    targets = {tensor.tied_to for _, tensor in tree_ties(tree)}
    return [
        (place, to)
        for number, (place, tensor) in enumerate(plain)
        for to, first in plain[:number]
        if tensor.tied_to is None and first.tied_to is None and tensor.shape == first.shape and place not in targets
    ]


def tree_ties(tree: Block) -> list[tuple[str, TensorSpec]]:
    """The tied tensors of a tree by the path of their block, ties named from the root."""
    return [
        (path, replace(tensor, tied_to=absolute(path, tensor.tied_to)))
        for path, block in tree.walk()
        for tensor in block.own
        if tensor.tied_to is not None
    ]


@cache
@st.composite
def _blocks(draw: st.DrawFn, *, symbolic: bool, depth: int) -> Block:
    names = draw(st.lists(st.sampled_from(TENSORS), max_size=3, unique=True))
    own = tuple(draw(specs(name, symbolic=symbolic)) for name in names)
    children: list[Block] = []
    if depth:
        inner = _blocks(symbolic=symbolic, depth=depth - 1)
        children += (
            draw(inner).named(name) for name in draw(st.lists(st.sampled_from(NAMES), max_size=3, unique=True))
        )
        if draw(st.booleans()):
            children.append(draw(_repeated(inner, symbolic=symbolic)))
        if draw(st.booleans()):
            children.append(draw(_group(symbolic=symbolic)))
    label = draw(st.sampled_from(["", "Encoder", "RUL | Head"]))
    conditions = draw(st.lists(_conditions(), max_size=1)) if symbolic else []
    return Block("", "Module", own, tuple(children), label=label, conditions=tuple(conditions))


@cache
@st.composite
def _repeated(draw: st.DrawFn, inner: st.SearchStrategy[Block], *, symbolic: bool) -> Block:
    repeat = draw(sizes(symbolic=symbolic))
    return replace(draw(inner), name=INDEX, repeat=repeat, first=draw(st.integers(0, 2)))


@cache
@st.composite
def _group(draw: st.DrawFn, *, symbolic: bool) -> Block:
    own = (draw(specs("weight_l{}", symbolic=symbolic)), draw(specs("bias_l{}", symbolic=symbolic)))
    return Block("", "layers", own, repeat=draw(sizes(symbolic=symbolic)), first=1)


@cache
def _conditions() -> st.SearchStrategy[Condition]:
    """Conditions that every value of the symbols meets, so that trees can be bound to anything."""
    symbols = st.sampled_from(SYMBOLS).map(symbol)
    return symbols.map(lambda each: Condition(each * (each + 1), "divisible by", 2, "one of two neighbours is even"))
