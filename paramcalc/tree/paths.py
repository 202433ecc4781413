"""Names in a tree: where a path leads, and which copies a repeated name stands for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import TypeVar

from paramcalc.errors import InvalidValue
from paramcalc.tree.node import INDEX, Node
from paramcalc.tree.tensor import TensorSpec

N = TypeVar("N", bound=Node)
NUMBER = "(0|[1-9][0-9]{0,17})"  # as an index is written in a name
_LAST = re.compile(rf"(.*?){NUMBER}")
_ANY = re.compile(r"[0-9]+")


def numbered(name: str) -> tuple[str, int] | None:
    """Return a name that ends in a number as the template of its run and that number, None for any other.

    >>> numbered("layer12"), numbered("layer")
    (('layer{}', 12), None)
    """
    found = _LAST.fullmatch(name)
    return None if found is None else (found[1] + INDEX, int(found[2]))


def template_of(name: str) -> str:
    """Return a name, or a path, with {} in the place of every number.

    >>> template_of("layers.3.weight_ih_l0")
    'layers.{}.weight_ih_l{}'
    """
    return _ANY.sub(INDEX, name)


def pattern_of(template: str) -> re.Pattern[str]:
    """Return what matches the names that a template stands for, a group for each index.

    >>> pattern_of("layers.{}.weight").fullmatch("layers.12.weight").groups()
    ('12',)
    """
    return re.compile(NUMBER.join(map(re.escape, template.split(INDEX))))


def join(path: str, name: str) -> str:
    """Return a path with one more name; a nameless group adds none."""
    return f"{path}.{name}" if path and name else path or name


def unrolled(name: str, block: Node) -> list[str]:
    """Return a name once for every copy of its block, the index filled in; as it is where the number is symbolic."""
    if not (block.repeated and counted(block)):
        return [name]
    return [name.replace(INDEX, str(index)) for index in indices(block)]


def counted(block: Node) -> bool:
    """Whether the copies of a block can be listed: no symbol says how many there are, or how they are numbered."""
    return all(isinstance(size, int) for size in block.numbers.values())


def indices(block: Node) -> Iterator[int]:
    """Yield the index of every copy of a block whose copies can be listed."""
    repeat, first, step, run = (int(size) for size in block.numbers.values())
    return (first + copy // run * step + copy % run for copy in range(repeat))


def copies(child: Node, index: int | None) -> Iterator[tuple[str, int | None]]:
    """Yield the name of every copy of a child, with the index that its own tensors take where it has no name."""
    if not child.repeated:
        yield indexed(child.name, index), None if child.name else index
    elif counted(child):
        for number in indices(child):
            yield child.name.replace(INDEX, str(number)), None if child.name else number
    else:
        raise InvalidValue(
            f"{child.repeat} copies of {child.name or child.title!r} cannot be listed", advice="bind its symbols first"
        )


def indexed(name: str, index: int | None) -> str:
    """Return a name with the index filled in, where there is one."""
    return name if index is None else name.replace(INDEX, str(index))


def block_at(root: N, parts: tuple[str, ...]) -> N | None:
    """Return the block at a path given in parts, or None."""
    block: N | None = root
    for part in parts:
        block = child_of(block, part) if block else None
    return block


def tensor_at(root: Node, parts: tuple[str, ...]) -> TensorSpec | None:
    """Return the tensor at a path given in parts, or None; its own name may have dots."""
    block: Node | None = root
    for number, part in enumerate(parts):
        tensor = tensor_of(block, ".".join(parts[number:])) if block else None
        if tensor is not None:
            return tensor
        block = child_of(block, part) if block else None
    return None


def child_of(block: N, name: str) -> N | None:
    """Return the child of that name, one copy of a repeated one, or None."""
    if name in block.children_by_name:
        return block.children_by_name[name]
    for child in block.repeating:
        if index_in(child.name, name, child) is not None:
            return replace(child, name=name, repeat=1, first=0, step=1, run=1)
    return None


def tensor_of(block: Node, name: str) -> TensorSpec | None:
    """Return the tensor that the block owns under that name, in a nameless group too, or None."""
    grouped = block.repeated and not block.name
    for tensor in block.own:
        if tensor.name == name or (grouped and index_in(tensor.name, name, block) is not None):
            return tensor
    found = (tensor_of(child, name) for child in block.groups)
    return next((tensor for tensor in found if tensor is not None), None)


def index_in(template: str, name: str, block: Node) -> int | None:
    """Return the index for which a template gives the name, None where the block has no such copy."""
    match = pattern_of(template).fullmatch(name)
    if match is None:
        return None
    copies = block.repeat if isinstance(block.repeat, int) else int(block.repeat.is_positive is True)
    copy = copy_at(block, int(match[1]))
    return int(match[1]) if copy is not None and copy < copies else None


def copy_at(block: Node, index: int) -> int | None:
    """Return which copy an index stands for, where there are enough; None for none, or where a symbol says it."""
    _, first, step, run = block.numbers.values()
    if not (isinstance(first, int) and isinstance(step, int) and isinstance(run, int)) or index < first:
        return None
    turn, place = divmod(index - first, step)
    return turn * run + place if place < run else None
