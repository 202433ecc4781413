"""Titles in a tree of expressions: arguments are shown where they are those of every model that was built.

The tensors of a block prove its title, as those of a live module do: the catalogue's layer of the arguments has them
too. What changes no tensor, such as a number of heads, is compared with the titles of the models.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any, TypeAlias

from paramcalc.errors import ParamcalcError
from paramcalc.layers.registry import CATALOGUE
from paramcalc.sizes.conditions import Condition
from paramcalc.sizes.point import Point, value_of
from paramcalc.sizes.symbols import Size, as_expr, is_expr, is_symbol, same, substitute, symbol
from paramcalc.tree.block import Block
from paramcalc.tree.node import Argument
from paramcalc.tree.paths import copies, counted, indexed, join
from paramcalc.tree.traverse import bottom_up

MOST_COPIES = 100  # of a block, which are listed; so many layers are in the catalogue's stacks one by one

Arguments: TypeAlias = tuple[Argument, ...]
Sizes: TypeAlias = "dict[str, tuple[Size, ...]]"  # by the name of a tensor: its shape, and the numbers of its copies


def with_true_titles(
    tree: Block, models: Iterable[tuple[Point, Block]] = (), conditions: Sequence[Condition] = ()
) -> Block:
    """Return a tree without arguments that models at some points do not have, or that make no such tensors.

    These are looked at where the conditions hold.

    >>> from paramcalc.layers import Linear
    >>> layer = Linear(4, 3)
    >>> with_true_titles(layer).title, with_true_titles(replace(layer, args=Linear(5, 3).args)).title
    ('Linear(4, 3)', 'Linear')
    """
    wrong = {number for point, model in models for number in _others(tree, point, model)}
    known = [*conditions, *tree.preconditions]

    def visit(block: Block, children: list[Block]) -> Block:
        right = id(block) not in wrong and (is_proven(block) or is_proven(_in_multiples(block, known)))
        return replace(block, children=tuple(children), args=block.args if right else ())

    return bottom_up(tree, visit)


def is_proven(block: Block) -> bool:
    """Whether the catalogue's layer of the arguments in a block's title has its tensors, by names and shapes.

    So it is where there are no arguments.
    """
    if not block.args:
        return True
    expected, found = _expected(block.kind, block.args), _sizes(block)
    if expected is None or expected.keys() != found.keys():
        return False
    return all(len(each) == len(found[name]) and all(map(same, each, found[name])) for name, each in expected.items())


def _in_multiples(block: Block, conditions: Iterable[Condition]) -> Block:
    """A block in which sizes that others divide are written as multiples of these, so that quotients are whole."""
    values: dict[Any, Size] = {}
    for condition in conditions:
        now = condition.bind(values) if condition.relation == "divisible by" else condition
        if now.relation != "divisible by" or not is_symbol(now.left):
            continue
        name = str(now.left)
        multiple = {now.left: as_expr(now.right * symbol(f"{name}_part"))}
        values = {**{each: substitute(size, multiple) for each, size in values.items()}, **multiple}
        block = block.bind(**{name: multiple[now.left]}) if name in block.symbols else block
    return block


@lru_cache(maxsize=1024)
def _expected(kind: str, args: Arguments) -> Sizes | None:
    """The sizes of the catalogue's layer of some arguments; None where it has no such layer."""
    if kind not in CATALOGUE:
        return None
    by_position = [each.value for each in args if not each.name]
    by_name = {each.name: each.value for each in args if each.name}
    try:
        return _sizes(CATALOGUE[kind].build(*by_position, **by_name))
    except ParamcalcError:
        return None


def _sizes(block: Block) -> Sizes:
    return bottom_up(block, _with_those_below)


def _with_those_below(block: Block, below: list[Sizes]) -> Sizes:
    """The sizes of a block's tensors by their names in it, those of its children for each copy that can be listed."""
    found: Sizes = {tensor.name: tensor.shape for tensor in block.own}
    for child, inside in zip(block.children, below, strict=True):
        if not child.repeated or (counted(child) and int(child.repeat) <= MOST_COPIES):
            for path, index in copies(child, None):
                found.update((join(path, indexed(name, index)), sizes) for name, sizes in inside.items())
        else:
            numbers = tuple(child.numbers.values())
            found.update((join(child.name, name), (*sizes, *numbers)) for name, sizes in inside.items())
    return found


def _others(tree: Block, point: Point, model: Block) -> Iterator[int]:
    """The blocks, by identity, of which the arguments at a point are not those in the model that was built there."""
    said: dict[int, Arguments | None] = {}
    named: dict[int, list[str]] = {}  # of the copies of blocks
    stack = [(tree, model)]
    while stack:
        block, there = stack.pop()
        if block.args and id(block) not in said:
            said[id(block)] = _at(block.args, point)
        if block.args and there.args and said[id(block)] != there.args:
            yield id(block)
        for child in block.children:
            if id(child) not in named:
                named[id(child)] = [name for name, _ in copies(_counted_at(child, point), None)]
            below = there.children_by_name
            stack += [(child, below[name]) for name in named[id(child)] if name in below]


def _counted_at(child: Block, point: Point) -> Block:
    """A block with the numbers of its copies at a point."""
    return child.unchecked(**{name: value_of(size)(point) for name, size in child.numbers.items()})


def _at(args: Arguments, point: Point) -> Arguments | None:
    """What arguments are at a point, without those that are the default there; None where they are no numbers."""
    try:
        found = [each._replace(value=_value_at(each.value, point)) for each in args]
    except ParamcalcError:
        return None
    return tuple(each for each in found if each.default is None or each.value != each.default)


def _value_at(value: object, point: Point) -> object:
    if isinstance(value, tuple):
        return tuple(_value_at(item, point) for item in value)
    return value_of(as_expr(value, least=None, whole=False))(point) if is_expr(value) else value
