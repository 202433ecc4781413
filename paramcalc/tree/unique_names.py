"""The names that stand beside each other in a block: which two are the same, without writing repeats out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from paramcalc.tree.node import INDEX, Node
from paramcalc.tree.paths import counted, index_in


class Place(NamedTuple):
    """A name in a block, and the block whose copies it counts where `{}` stands in it."""

    name: str
    block: Node | None


def first_clash(block: Node) -> str | None:
    """Return a name that two tensors or children of a block share or could share, None where there is none.

    >>> from paramcalc.tree.block import Block
    >>> first_clash(Block(children=(Block("{}", repeat=10**9), Block("head"))))
    """
    names = [*(tensor.name for tensor in block.own), *(child.name for child in block.children)]
    if all(names) and len(set(names)) == len(names) and INDEX not in "".join(names):
        return None
    places = list(_places(block))
    plain = [each.name for each in places if each.block is None]
    counted = [(each.name, each.block) for each in places if each.block is not None]
    if len(set(plain)) < len(plain):
        return Counter(plain).most_common(1)[0][0]
    for name in plain if counted else ():
        if any(index_in(template, name, copies) is not None for template, copies in counted):
            return name
    for number, (template, copies) in enumerate(counted):
        for other, others in counted[:number]:
            if _overlap(copies, others) if template == other else _ambiguous(template, other):
                return template
    return None


def _places(block: Node) -> Iterator[Place]:
    group = block if block.repeated and not (block.name or block.optional) else None
    yield from (Place(tensor.name, group) for tensor in block.own)
    for child in block.children:
        if child.name:
            yield Place(child.name, child if child.repeated and not child.optional else None)
        else:
            yield from _places(child)


def _overlap(a: Node, b: Node) -> bool:
    """Whether two runs of copies share an index; where that depends on a symbol it is seen once it has a value."""
    gap = a.first - b.first
    if a.step == b.step and all(isinstance(size, int) for size in (gap, a.step, a.run, b.run)):
        after = gap % a.step  # from one of b to the next of a
        if b.run <= after and a.run <= a.step - after:
            return False
    if not (counted(a) and counted(b)):
        return bool(a.first == b.first)
    ends = [each.first + (each.repeat - 1) // each.run * each.step + each.run - 1 for each in (a, b) if each.repeat]
    return bool(a.repeat and b.repeat and a.first <= ends[1] and b.first <= ends[0])


def _ambiguous(a: str, b: str) -> bool:
    """Whether two templates could give one name, as `a{}` and `a1{}` do.

    The longer head has a part x that the shorter one lacks, and one tail a part y; digits must stand for both.
    """
    (head_a, tail_a), (head_b, tail_b) = sorted((a.split(INDEX), b.split(INDEX)), key=lambda pair: len(pair[0]))
    if not head_b.startswith(head_a):
        return False
    x = head_b[len(head_a) :]
    if tail_b.endswith(tail_a):
        y = tail_b[: len(tail_b) - len(tail_a)]
        return _digits(x) and _digits(y)
    if not tail_a.endswith(tail_b):
        return False
    y = tail_a[: len(tail_a) - len(tail_b)]
    shared = (x[cut:] for cut in range(1, len(x) + 1) if x[:cut].isdigit())
    return (_digits(x) and _digits(y)) or any(y.startswith(part) and y[len(part) :].isdigit() for part in shared)


def _digits(text: str) -> bool:
    return not text or text.isdigit()
