"""The parts of a closed form: which module has which parameters, in terms short enough to read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, TypeAlias

from paramcalc.sizes.symbols import Size, canonical
from paramcalc.tree.block import Block
from paramcalc.tree.node import INDEX
from paramcalc.tree.paths import numbered

SHORT = 9  # names in the expression of a part, above which it is divided
SHOWN = 3  # kinds of layers whose numbers are named
OTHERS = "others"


class Span(NamedTuple):
    """Numbers of copies, from the first to the last one in steps."""

    first: Size
    last: Size
    step: Size

    def __str__(self) -> str:
        return f"{self.first}" if self.first == self.last or self.step != 1 else f"{self.first}..{self.last}"


class Place(NamedTuple):
    """One name of a path, and the copies that it stands for."""

    name: str
    spans: tuple[Span, ...] = ()

    def __str__(self) -> str:
        if len(self.spans) == 1 and isinstance(self.spans[0].last, int) and self.spans[0].first == self.spans[0].last:
            return self.name.replace(INDEX, str(self.spans[0].last))
        shown = [str(each) for each in self.spans[:SHOWN]]
        shown += [".."] if any(each.step != 1 for each in self.spans) or len(self.spans) > SHOWN else []
        return self.name.replace(INDEX, f"[{', '.join(shown)}]")


Path: TypeAlias = tuple[Place, ...]


class Part(NamedTuple):
    """So many copies of the parameters of one module."""

    path: Path
    times: Size
    each: Size


def parts(tree: Block) -> list[dict[str, str]]:
    """Return the parts of a tree, which add up to its parameters: its children, and theirs where one is too long."""
    found: list[Part] = []
    for part in _divided((), tree, 1):
        known = next((number for number, each in enumerate(found) if _together(each, part) is not None), None)
        if known is None:
            found.append(part)
        else:
            found[known] = _together(found[known], part) or part
    return [{"path": ".".join(map(str, each.path)), "times": str(each.times), "each": str(each.each)} for each in found]


def _together(one: Part, other: Part) -> Part | None:
    """Two parts as one: the same module in layers of two kinds, or in two layers."""
    if one.each != other.each or [each.name for each in one.path] != [each.name for each in other.path]:
        return None
    differing = [number for number, pair in enumerate(zip(one.path, other.path, strict=True)) if pair[0] != pair[1]]
    if len(differing) != 1:
        return None
    (number,) = differing
    place = Place(one.path[number].name, _joined(one.path[number].spans, other.path[number].spans))
    path = (*one.path[:number], place, *one.path[number + 1 :])
    return Part(path, canonical(one.times + other.times), one.each)


def _joined(spans: tuple[Span, ...], others: tuple[Span, ...]) -> tuple[Span, ...]:
    last, following = spans[-1], others[0]
    if last.step == following.step == 1 and canonical(last.last + 1 - following.first) == 0:
        return (*spans[:-1], Span(last.first, following.last, 1), *others[1:])
    return (*spans, *others)


def _divided(path: Path, block: Block, times: Size) -> Iterator[Part]:
    """The parts below a block; small ones together, as the others, at the end."""
    counted = [child for child in block.children if collected(child) != 0]
    small = [child for child in counted if _is_linear(child.repeat * collected(child))]
    together = small if len(small) > 1 or own(block) != 0 else []
    for child in counted:
        if not any(child is each for each in together):
            yield from _part((*path, _place(child)), child, canonical(times * child.repeat))
    rest = canonical(own(block) + sum(child.repeat * collected(child) for child in together))
    if rest != 0:
        yield Part((*path, Place(OTHERS)), times, rest)


def _place(block: Block) -> Place:
    if block.repeated:
        last = canonical(block.first + block.step * (block.repeat - 1))
        return Place(block.name, (Span(block.first, last, block.step),))
    template = numbered(block.name)
    if template is None:
        return Place(block.name)
    name, number = template
    return Place(name, (Span(number, number, 1),))


def _part(path: Path, block: Block, times: Size) -> Iterator[Part]:
    whole = collected(block)
    if names_in(whole) > SHORT and any(collected(child) != 0 for child in block.children):
        yield from _divided(path, block, times)
    else:
        yield Part(path, times, whole)


def own(block: Block) -> Size:
    """The parameters that a block owns beside its children."""
    return canonical(sum(tensor.counted for tensor in block.own if tensor.is_parameter))


def collected(block: Block) -> Size:
    """The parameters of one copy of a block, repeated children as a number times a bracket."""
    size: Size = own(block) + sum(child.repeat * collected(child) for child in block.children)
    return size


def names_in(size: Size) -> int:
    """How many names stand in an expression, each as often as it is written."""
    if isinstance(size, int):
        return 0
    return 1 if size.is_Symbol else sum(names_in(each) for each in size.args)


def _is_linear(size: Size) -> bool:
    """Whether an expression is that of vectors, next to matrices."""
    if isinstance(size, int):
        return True
    import sympy

    symbols = sorted(size.free_symbols, key=str)
    return bool(size.is_polynomial(*symbols)) and sympy.Poly(size, *symbols).total_degree() <= 1
