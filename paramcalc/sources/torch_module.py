"""A live torch module as a tree: one pass over its modules, nothing run, nothing changed, no weight copied."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, count
from typing import TYPE_CHECKING, Any, NamedTuple

from paramcalc.errors import InvalidType, InvalidValue
from paramcalc.fold import fold as folded
from paramcalc.paths import INDEX
from paramcalc.sources.tensors import Described, Overlaps, is_unknown, packed_in, spec_of
from paramcalc.sources.titles import Reader, reader_of
from paramcalc.ties import relative
from paramcalc.tree import Block

if TYPE_CHECKING:
    from torch import nn


def from_module(model: nn.Module, *, fold: bool = False) -> Block:
    """Return the tree of a torch module: every parameter and buffer once, at the module that owns it.

    Counts are those of `named_parameters()` and `named_buffers()`: what is shared counts at its first place, its other
    places add 0 and name it. Sizes that torch does not know before the first forward are symbols named `unknown_...`.
    Weights packed by quantisation are found, and counted apart as "packed". With `fold`, equal neighbours become one
    block that repeats.

    >>> from torch import nn
    >>> tree = from_module(nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1)))
    >>> [(name, tensor.shape) for name, tensor in tree.tensors()]
    [('0.weight', (8, 4)), ('0.bias', (8,)), ('2.weight', (1, 8)), ('2.bias', (1,))]
    >>> tree.params
    49

    Raises InvalidType for anything but a module, InvalidValue where a module contains itself at the root or a name
    holds `{}`, which stands for the index of repeated blocks.
    """
    import torch

    if not isinstance(model, torch.nn.Module):
        got = f"the class {model.__name__}" if isinstance(model, type) else type(model).__name__
        raise InvalidType(f"got {got}", where="from_module", expected="a torch.nn.Module that is built")
    reading = _Reading({})
    tree = reading.tree(model)
    notes = reading.overlaps.notes()
    if notes:
        tree = _Reading(notes).tree(model)
    return folded(tree) if fold else tree


class _Open(NamedTuple):
    """A module whose children are being read: the number of its place, its tensors, what is left, what is done."""

    module: Any
    number: int
    own: tuple[Described, ...]
    left: Iterator[tuple[str, Any]]
    done: list[Block]


class _Reading:
    """One pass over a model in the order of `named_modules`; equal modules become one and the same block."""

    def __init__(self, notes: dict[int, str]) -> None:
        self.notes = notes
        self.overlaps = Overlaps(self.path)
        self.names: list[str] = [""]
        self.parents: list[int] = [-1]
        self.readers: dict[type, Reader] = {}
        self.blocks: dict[object, Block] = {}
        self.parameters: dict[int, tuple[int, str]] = {}
        self.buffers: dict[int, tuple[int, str]] = {}
        self.unknowns: dict[tuple[int, str], str] = {}

    def path(self, number: int, name: str = "") -> str:
        """The qualified name of a place, or of a tensor there."""
        parts = [name] if name else []
        while number > 0:
            parts.append(self.names[number])
            number = self.parents[number]
        return ".".join(reversed(parts))

    def tree(self, model: Any) -> Block:
        """Read the model; what a module owns when it is met, its block when its children are done."""
        numbers = {id(model): 0}
        stack = [_Open(model, 0, self.own(model, 0), iter(model._modules.items()), [])]
        while True:
            module, number, own, left, done = stack[-1]
            for name, child in left:
                if child is None:
                    continue
                inner = len(self.names)
                self.names.append(name)
                self.parents.append(number)
                first = numbers.setdefault(id(child), inner)
                if first != inner:
                    done.append(self.shared(child, inner, first))
                elif child._modules:
                    stack.append(_Open(child, inner, self.own(child, inner), iter(child._modules.items()), []))
                    break
                else:
                    done.append(self.block(child, inner, self.own(child, inner), ()))
            else:
                stack.pop()
                block = self.block(module, number, own, tuple(done))
                if not stack:
                    return block
                stack[-1].done.append(block)

    def own(self, module: Any, number: int) -> tuple[Described, ...]:
        """The tensors that a module owns, each with all that its TensorSpec will say."""
        found: list[Described] = []
        for name, tensor in module._parameters.items():
            if tensor is not None:
                found.append(self.described(number, name, tensor, tensor.requires_grad, self.parameters))
        if module._buffers:
            for name, tensor in module._buffers.items():
                if tensor is not None:
                    role = "hidden" if name in module._non_persistent_buffers_set else "buffer"
                    found.append(self.described(number, name, tensor, role, self.buffers))
        if self.reader(module).packs:
            found += packed_in(module)
        return tuple(found) if found else ()

    def described(
        self, number: int, name: str, tensor: Any, role: object, firsts: dict[int, tuple[int, str]]
    ) -> Described:
        """Describe a tensor, and remember it."""
        place = (number, name)
        first = firsts.setdefault(id(tensor), place)
        tied_to = None if first is place else relative(self.path(number, name), self.path(*first))
        note = self.notes.get(id(tensor), "") if self.notes else ""
        if type(tensor) in self.overlaps.plain:
            nbytes = 0 if tied_to else self.overlaps.see(tensor, place)
            return (name, tensor.shape, role, tensor.dtype, nbytes, tied_to, note)
        shape = (self.unknown(first),) if is_unknown(tensor) else tensor.shape
        return (name, shape, role, tensor.dtype, 0, tied_to, note)

    def unknown(self, place: tuple[int, str]) -> str:
        """The name of the symbol for the size of a tensor that torch does not know yet: one for each first place."""
        if place not in self.unknowns:
            word = "unknown_" + "".join(c if c.isalnum() else "_" for c in self.path(*place))
            taken = set(self.unknowns.values())
            names = chain([word], (f"{word}_{number}" for number in count(2)))
            self.unknowns[place] = next(name for name in names if name not in taken)
        return self.unknowns[place]

    def reader(self, module: Any) -> Reader:
        """How modules of this class are read."""
        kind = type(module)
        reader = self.readers.get(kind)
        if reader is None:
            reader = self.readers[kind] = reader_of(kind)
        return reader

    def block(self, module: Any, number: int, own: tuple[Described, ...], children: tuple[Block, ...]) -> Block:
        """The block of a module; equal ones are made once."""
        reader = self.reader(module)
        kind = module.original_name if reader.scripted else reader.kind
        values = reader.values(module.__dict__) if reader.arguments else ()
        content = (kind, reader, values, own, tuple([id(child) for child in children]) if children else ())
        name = self.names[number]
        block = self.blocks.get((name, content))
        if block is None:
            block = self.blocks.get(content)
            if block is None:
                specs = tuple(spec_of(each) for each in own)
                self.check(number, (name, *(spec.name for spec in specs)))
                args = reader.title(specs, children, values)
                block = self.blocks[content] = Block("", kind, specs, children, args=args)
            block = self.blocks[name, content] = block.named(name)
        return block

    def check(self, number: int, names: tuple[str, ...]) -> None:
        """Raise InvalidValue where a name holds `{}`."""
        for name in names:
            if INDEX in name:
                path = self.path(number)
                raise InvalidValue(f"got the name {name!r}", where=path, expected=f"one without {INDEX}, an index here")

    def shared(self, module: Any, number: int, first: int) -> Block:
        """The block of a module that stands elsewhere already."""
        if first == 0:
            raise InvalidValue(f"{self.path(number)} is the model itself", where="from_module", expected="a tree")
        name = self.names[number]
        self.check(number, (name,))
        return Block(name, self.reader(module).kind, tied_to=relative(self.path(number), self.path(first)))
