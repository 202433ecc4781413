"""A live torch module as a tree: one pass over its modules, nothing run, nothing changed, no weight copied."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, count
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from paramcalc.errors import InvalidType, InvalidValue
from paramcalc.sources.modules.tensors import Described, Overlaps, is_unknown, packed_in, shape_of, spec_of
from paramcalc.sources.modules.titles import Reader, reader_of
from paramcalc.tree.block import Block
from paramcalc.tree.fold import fold as folded
from paramcalc.tree.node import INDEX
from paramcalc.tree.ties import relative

if TYPE_CHECKING:
    from torch import nn


def from_module(model: nn.Module, *, fold: bool = False) -> Block:
    """Return the tree of a torch module: every parameter and buffer once, at the module that owns it.

    Counts are those of torch's own `named_parameters()` and `named_buffers()`, whatever a class puts in their place:
    what is shared counts at its first place, its other places add 0 and name it. Sizes that torch does not know before
    the first forward are symbols named `unknown_...`. Weights packed by quantisation are found, and counted apart as
    "packed". With `fold`, equal neighbours become one block that repeats.

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
    try:
        tree = reading.tree(model)
    except AttributeError as error:
        raise InvalidValue(f"a module is not whole: {error}", where="from_module") from error
    notes = reading.overlaps.notes()
    if notes:
        tree = _Reading(notes).tree(model)
    return folded(tree) if fold else tree


Firsts: TypeAlias = dict[int, tuple[int, str]]


class _Open(NamedTuple):
    """A module whose children are being read: the number of its place, its tensors, what is left, what is done."""

    module: Any
    number: int
    reader: Reader
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
        self.parameters: Firsts = {}
        self.buffers: Firsts = {}
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
        names, parents, readers, numbers = self.names, self.parents, self.readers, {id(model): 0}
        stack = [self.open(model, 0)]
        while True:
            module, number, reader_, own_, left, done = stack[-1]
            for name, child in left:
                if child is None:
                    continue
                inner = len(names)
                names.append(name)
                parents.append(number)
                first = numbers.setdefault(id(child), inner)
                if first != inner and self.holds(child):
                    done.append(self.shared(child, inner, first))
                elif child._modules:
                    stack.append(self.open(child, inner))
                    break
                else:
                    reader = readers.get(type(child)) or self.reader(child)
                    bare = not (child._parameters or child._buffers or reader.packs)
                    own = () if bare else self.own(child, inner, reader)
                    done.append(self.block(child, inner, reader, own, ()))
            else:
                stack.pop()
                block = self.block(module, number, reader_, own_, tuple(done))
                if not stack:
                    return block
                stack[-1].done.append(block)

    def holds(self, module: Any) -> bool:
        """Whether a module holds anything that could be shared: an activation does not."""
        return bool(module._modules or module._parameters or module._buffers or self.reader(module).packs)

    def open(self, module: Any, number: int) -> _Open:
        """A module whose children are to be read."""
        reader = self.reader(module)
        return _Open(module, number, reader, self.own(module, number, reader), iter(module._modules.items()), [])

    def own(self, module: Any, number: int, reader: Reader) -> tuple[Described, ...]:
        """The tensors that a module owns, each with all that its TensorSpec will say."""
        parameters, buffers = module._parameters, module._buffers
        found: list[Described] = []
        if parameters:
            firsts, plain, see = self.parameters, self.overlaps.plain, self.overlaps.see
            for name, tensor in parameters.items():
                if tensor is None:
                    continue
                place = (number, name)
                if (
                    firsts.setdefault(id(tensor), place) is place
                    and type(tensor) in plain
                    and not (self.notes or tensor.is_nested)
                ):
                    # By far the most common, so without any further call.
                    found.append((name, tensor.shape, tensor.requires_grad, tensor.dtype, see(tensor, place), None, ""))
                else:
                    found.append(self.described(place, tensor, tensor.requires_grad, firsts))
        if buffers:
            hidden = getattr(module, "_non_persistent_buffers_set", ())
            for name, tensor in buffers.items():
                if tensor is not None:
                    role = "hidden" if name in hidden else "buffer"
                    self.buffers.setdefault(id(tensor), (number, name))
                    found.append(self.described((number, name), tensor, role, self.buffers))
        if reader.packs:
            found += packed_in(module)
        return tuple(found) if found else ()

    def described(self, place: tuple[int, str], tensor: Any, role: object, firsts: Firsts) -> Described:
        """Describe a tensor that stands at a place."""
        first, name = firsts[id(tensor)], place[1]
        note = self.notes.get(id(tensor), "")
        if first == place and type(tensor) in self.overlaps.plain and not tensor.is_nested:
            return (name, tensor.shape, role, tensor.dtype, self.overlaps.see(tensor, place), None, note)
        tied_to = None if first == place else relative(self.path(*place), self.path(*first))
        if is_unknown(tensor):
            return (name, (self.unknown(first),), role, tensor.dtype, 0, tied_to, note)
        shape, remark = shape_of(tensor)
        return (name, shape, role, tensor.dtype, 0, tied_to, note or remark)

    def unknown(self, place: tuple[int, str]) -> str:
        """The name of the symbol for the size of a tensor that torch does not know yet: one for each first place."""
        if place not in self.unknowns:
            word = "unknown_" + "".join(c if c.isascii() and c.isalnum() else "_" for c in self.path(*place))
            taken = set(self.unknowns.values())
            names = chain([word], (f"{word}_{number}" for number in count(2)))
            self.unknowns[place] = next(name for name in names if name not in taken)
        return self.unknowns[place]

    def reader(self, module: Any) -> Reader:
        """How modules of this class are read."""
        reader = self.readers.get(type(module))
        if reader is None:
            reader = self.readers[type(module)] = reader_of(module)
        return reader

    def block(
        self, module: Any, number: int, reader: Reader, own: tuple[Described, ...], children: tuple[Block, ...]
    ) -> Block:
        """The block of a module; equal ones are made once."""
        values = module.original_name if reader.scripted else reader.values(module.__dict__)
        name = self.names[number]
        key = (name, reader, values, own, *map(id, children)) if children else (name, reader, values, own)
        try:
            block = self.blocks.get(key)
        except TypeError:  # an attribute that is no plain value, such as an array
            key = (name, reader, repr(values), own, *map(id, children))
            block = self.blocks.get(key)
        if block is None:
            block = self.blocks[key] = self.made(module, number, key, children)
        return block

    def made(self, module: Any, number: int, key: tuple[Any, ...], children: tuple[Block, ...]) -> Block:
        """A block for a name and content not met before; the content may have been, under another name."""
        name, reader, values, own, *_ = key
        nameless = self.blocks.get(key[1:])
        if nameless is None:
            specs = tuple(spec_of(each) for each in own)
            self.check(number, tuple(spec.name for spec in specs))
            args = reader.title(specs, children, module.__dict__)
            kind = values if reader.scripted else reader.kind
            nameless = self.blocks[key[1:]] = Block("", kind, specs, children, args=args)
        self.check(number, (name,))
        return nameless.named(name)

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
