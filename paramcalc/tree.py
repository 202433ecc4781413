"""The one tree: blocks that hold named tensors with symbolic shapes. Every count is derived from these shapes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from paramcalc.binding import bound
from paramcalc.errors import InvalidType, InvalidValue, unknown_name
from paramcalc.paths import INDEX, child_of, copies, indexed, join, tensor_of
from paramcalc.siblings import first_clash
from paramcalc.sizes.conditions import Condition
from paramcalc.sizes.implication import needed
from paramcalc.sizes.soundness import sound_divisor, sound_size
from paramcalc.sizes.symbols import Size, as_expr, is_expr, symbol_names
from paramcalc.tensor import TensorSpec
from paramcalc.ties import Tie, absolute, open_tie, relative
from paramcalc.totals import Totals, totals_of
from paramcalc.traverse import bottom_up

if TYPE_CHECKING:
    from paramcalc.evidence import Evidence


class Argument(NamedTuple):
    """An argument of a class as its title shows it: by position without a name, not at all where it is the default."""

    name: str
    value: object
    default: object = None


@dataclass(frozen=True, eq=False, repr=False)
class Block:
    """A module, as a value: the tensors it owns, then its children.

    A block stands for `repeat` copies; their names count up from `first` by `step` where `{}` stands in the name, or in
    runs of `run` that follow each other, each a `step` after the one before. Without `{}` there is one or none. A block
    without a name groups repeated tensors of its parent (`weight_ih_l{}`): there `{}` stands in their names. `kind` is
    the class, `args` its arguments, `label` what people call it, `conditions` what its sizes must satisfy. A module
    that stands in several places is whole at the first; the other blocks hold nothing and name it in `tied_to`, the way
    a tensor does. `note` is a remark for the reader, `evidence` what a derived tree rests on; it is no part of
    equality.

    >>> linear = Block("fc", "Linear", (TensorSpec("weight", (3, 4)), TensorSpec("bias", (3,))))
    >>> linear.params, linear.nbytes
    (15, 60)

    Raises InvalidValue where two siblings share a name or a tie leads nowhere.
    """

    name: str = ""
    kind: str = ""
    own: tuple[TensorSpec, ...] = ()
    children: tuple[Block, ...] = ()
    repeat: Size = 1
    first: Size = 0
    args: tuple[Argument, ...] = ()
    label: str = ""
    conditions: tuple[Condition, ...] = ()
    tied_to: str | None = None
    note: str = ""
    step: Size = 1
    run: Size = 1
    evidence: Evidence | None = None

    def __post_init__(self) -> None:
        if "." in self.name:
            raise InvalidValue(f"got {self.name!r}", where="name of a block", expected="a word without dots")
        if self.repeated:
            _check_repeat(self)
        twice = first_clash(self)
        if twice is not None:
            raise InvalidValue(f"two siblings are named {twice!r}", where=self.title, expected="names that differ")
        tied = [tensor for tensor in self.own if tensor.tied_to is not None]
        ties = [open_tie(tensor.name, str(tensor.tied_to), tensor.shape) for tensor in tied]
        ties += [tie.outside(child.name) for child in self.children for tie in child.pending_ties]
        for tie in ties:
            if tie.levels == 0:
                tie.check(self, where=self.title)
        pending = [tie for tie in ties if tie.levels > 0]
        if self.tied_to is not None:
            pending.append(_open_share(self))
        self.__dict__["pending_ties"] = tuple(pending)

    @property
    def pending_ties(self) -> tuple[Tie, ...]:
        """The ties that lead out of the block, to be met by an ancestor."""
        ties: tuple[Tie, ...] = self.__dict__["pending_ties"]
        return ties

    @property
    def repeated(self) -> bool:
        """Whether the block stands for a number of copies that its names count."""
        return type(self.repeat) is not int or self.repeat != 1 or self._indexed

    @property
    def optional(self) -> bool:
        """Whether a size says that the block is there once or not at all: no name counts its copies."""
        return self.repeated and not self._indexed

    @property
    def _indexed(self) -> bool:
        return INDEX in self.name if self.name else any(INDEX in tensor.name for tensor in self.own)

    @property
    def numbers(self) -> dict[str, Any]:
        """How many copies there are, and how they are numbered, as the block's arguments."""
        return {"repeat": self.repeat, "first": self.first, "step": self.step, "run": self.run}

    @cached_property
    def children_by_name(self) -> Mapping[str, Block]:
        """The children that have a name, by it."""
        return {child.name: child for child in self.children if child.name}

    @cached_property
    def groups(self) -> tuple[Block, ...]:
        """The children without a name, which group repeated tensors of this block."""
        return tuple(child for child in self.children if not child.name)

    @property
    def title(self) -> str:
        """The class and its arguments as one would write them, such as `Linear(256, 128)`."""
        shown = ", ".join(f"{each.name}={each.value}" if each.name else str(each.value) for each in self.args)
        return f"{self.kind or 'Block'}({shown})" if shown else self.kind or self.label or "Block"

    def __repr__(self) -> str:
        return f"<Block {self.name or self.label or 'root'}: {self.title}>"

    @property
    def totals(self) -> Totals:
        """The counts of the block with all its copies, by role, and their bytes."""
        return bottom_up(self, totals_of, keep="_totals")

    @property
    def params(self) -> Size:
        """The number of parameters, frozen ones included: an int, or an expression where a size is symbolic."""
        return self.totals.params

    @property
    def trainable_params(self) -> Size:
        """The number of parameters that require grad."""
        return self.totals.trainable

    @property
    def buffers(self) -> Size:
        """The number of elements in buffers, such as running statistics."""
        return self.totals.buffers

    @property
    def nbytes(self) -> Size:
        """The bytes of all parameters and buffers in their own element types."""
        return self.totals.nbytes

    @property
    def symbols(self) -> frozenset[str]:
        """The names of the symbols in shapes, repeats and conditions."""
        return bottom_up(self, _symbols, keep="_symbols")

    @cached_property
    def preconditions(self) -> tuple[Condition, ...]:
        """Every condition of the tree, each once: where they hold, the counts are those of a real model.

        They include that no size or number of copies is negative, that quotients are whole and that divisors are 1 or
        more, where the symbols alone do not say so.
        """
        conditions: tuple[Condition, ...] = bottom_up(self, _conditions, keep="_conditions")
        return needed(conditions)

    def walk(self) -> Iterator[tuple[str, Block]]:
        """Yield (path, block) for the block itself and everything below it, parents first."""
        stack: list[tuple[str, Block]] = [("", self)]
        while stack:
            path, block = stack.pop()
            yield path, block
            stack += ((join(path, child.name), child) for child in reversed(block.children))

    def tensors(self) -> Iterator[tuple[str, TensorSpec]]:
        """Yield (qualified name, tensor) with repeats unrolled (`layers.0.weight`, ...) and ties named from the root.

        Raises InvalidValue where a number of repeats is symbolic: bind it first.
        """
        stack: list[tuple[str, Block, int | None]] = [("", self, None)]
        while stack:
            path, block, index = stack.pop()
            for tensor in block.own:
                name = indexed(tensor.name, index)
                if tensor.tied_to is not None:
                    yield join(path, name), replace(tensor, name=name, tied_to=absolute(path, tensor.tied_to))
                else:
                    yield join(path, name), tensor if index is None else replace(tensor, name=name)
            for child in reversed(block.children):
                below = [(join(path, name), child, number) for name, number in copies(child, index)]
                stack += reversed(below)

    def at(self, path: str) -> Block:
        """Return the block at a path such as "encoder.lstm" or "layers.3".

        Raises UnknownName where there is none, with near matches.
        """
        block = self.find_block(tuple(path.split(".")) if path else ())
        if block is None:
            raise unknown_name("block", path, [known for known, _ in self.walk() if known][:60])
        return block

    def find(self, parts: tuple[str, ...]) -> TensorSpec | None:
        """Return the tensor at a path given in parts, or None; its own name may have dots."""
        block: Block | None = self
        for number, part in enumerate(parts):
            tensor = tensor_of(block, ".".join(parts[number:])) if block else None
            if tensor is not None:
                return tensor
            block = child_of(block, part) if block else None
        return None

    def find_block(self, parts: tuple[str, ...]) -> Block | None:
        """Return the block at a path given in parts, or None."""
        block: Block | None = self
        for part in parts:
            block = child_of(block, part) if block else None
        return block

    def named(self, name: str) -> Block:
        """Return the block under another name."""
        if name == self.name:
            return self
        if self.repeated or "." in name or INDEX in name:
            return replace(self, name=name)
        twin = object.__new__(Block)  # nothing that is checked or kept but the hash depends on the name
        twin.__dict__.update(self.__dict__, name=name)
        twin.__dict__.pop("_hash", None)
        return twin

    def bind(self, /, **values: object) -> Block:
        """Return the tree with symbols replaced by integers or by other expressions.

        >>> from paramcalc.sizes.symbols import symbol
        >>> Block("fc", "Linear", (TensorSpec("weight", (3, symbol("d"))),)).bind(d=5).params
        15

        Raises UnknownName for a symbol that is not in the tree, PreconditionFailed where a condition of the formula is
        broken, a dimension that is not a whole number included.
        """
        return bound(self, values)

    def _local(self) -> tuple[object, ...]:
        return (self.name, *self.content(), len(self.children))

    def content(self) -> tuple[object, ...]:
        """Everything that a block says but for its name and its children."""
        said = (self.kind, self.label, self.args, self.conditions, self.tied_to, self.note)
        return (*said, self.own, *self.numbers.values())

    def __hash__(self) -> int:
        return bottom_up(self, lambda block, hashes: hash((block._local(), *hashes)), keep="_hash")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Block):
            return NotImplemented
        stack = [(self, other)]
        while stack:
            a, b = stack.pop()
            if a is b:
                continue
            if hash(a) != hash(b) or a._local() != b._local():
                return False
            stack += zip(a.children, b.children, strict=True)
        return True


def compose(
    kind: str,
    children: Mapping[str, Block],
    *,
    own: tuple[TensorSpec, ...] = (),
    label: str = "",
    args: tuple[Argument, ...] = (),
    conditions: tuple[Condition, ...] = (),
) -> Block:
    """Return a block of the given kind whose children take the names under which they are given.

    >>> fc = Block("", "Linear", (TensorSpec("weight", (3, 4)),))
    >>> [path for path, _ in compose("MLP", {"fc1": fc, "fc2": fc}).walk()]
    ['', 'fc1', 'fc2']
    """
    named = tuple(block.named(plain_name(name, where=kind)) for name, block in children.items())
    return Block("", kind, own, named, args=args, label=label, conditions=conditions)


def _tensor_places(root: Block) -> list[str]:
    """The first tensors by the paths that `walk` gives, copies not written out."""
    places = (join(path, tensor.name) for path, block in root.walk() for tensor in block.own)
    return list(islice(places, 1000))


def plain_name(name: object, *, where: str) -> str:
    """Return a name that a user gave to a child or a tensor.

    Raises InvalidType or InvalidValue for anything but a word without dots and without the `{}` of repeated blocks.
    """
    if not isinstance(name, str):
        raise InvalidType(f"got the name {name!r}", where=where, expected="a string")
    if not name or "." in name or INDEX in name:
        raise InvalidValue(f"got the name {name!r}", where=where, expected="a word without dots and {}")
    return name


def repeated(block: Block, repeat: Size, *, first: Size = 0) -> Block:
    """Return a block that stands for `repeat` copies of the given one, named by their index."""
    return replace(block, name=INDEX, repeat=repeat, first=first)


def tie(root: Block, place: str, to: str) -> Block:
    """Return the tree with the tensor at `place` shared with the one at `to`, so that `place` adds 0.

    >>> wte = Block("", "Embedding", (TensorSpec("weight", (50, 8)),))
    >>> head = Block("", "Linear", (TensorSpec("weight", (50, 8)),))
    >>> tie(compose("LM", {"wte": wte, "head": head}), "head.weight", to="wte.weight").params
    400

    Raises UnknownName where there is no such tensor outside repeats, InvalidValue where the shapes differ.
    """
    *path, name = place.split(".")
    chain = [root]
    for part in path:
        inner = next((child for child in chain[-1].children if child.name == part), None)
        if inner is None:
            raise unknown_name("tensor", place, _tensor_places(root))
        chain.append(inner)
    if all(tensor.name != name for tensor in chain[-1].own):
        raise unknown_name("tensor", place, _tensor_places(root))
    target = relative(place, to)
    tied = [replace(tensor, tied_to=target) if tensor.name == name else tensor for tensor in chain[-1].own]
    block = replace(chain[-1], own=tuple(tied))
    for parent in reversed(chain[:-1]):
        children = (block if child.name == block.name else child for child in parent.children)
        block = replace(parent, children=tuple(children))
    return block


def _open_share(block: Block) -> Tie:
    if block.own or block.children:
        raise InvalidValue(f"it is shared with {block.tied_to!r} and holds tensors of its own", where=block.title)
    tie = open_tie(block.name, block.tied_to or "", None)
    return replace(tie, levels=tie.levels + 1, place=())


def _check_repeat(block: Block) -> None:
    object.__setattr__(block, "repeat", as_expr(block.repeat, where=f"repeat of {block.name!r}"))
    object.__setattr__(block, "first", as_expr(block.first, where=f"first index of {block.name!r}"))
    object.__setattr__(block, "step", as_expr(block.step, where=f"step of {block.name!r}", least=1))
    object.__setattr__(block, "run", as_expr(block.run, where=f"run of {block.name!r}"))
    if block.run == 0 and block.repeat != 0:
        raise InvalidValue(f"{block.repeat} copies in runs of 0", where=block.name, expected="runs of 1 or more")
    names = [block.name] if block.name else [tensor.name for tensor in block.own]
    if block.children and not block.name:
        raise InvalidValue("children in a repeated block without a name", where=block.title, expected="tensors only")
    single = block.repeat == 0 or not isinstance(block.repeat, int)
    if not all(name.count(INDEX) == 1 for name in names) and not (single and INDEX not in "".join(names)):
        raise InvalidValue(f"got {names}", where="names in a repeated block", expected="one {} in each, for the index")


def _symbols(block: Block, below: list[frozenset[str]]) -> frozenset[str]:
    sizes = [*block.numbers.values(), *(size for tensor in block.own for size in tensor.shape)]
    sizes += [size for argument in block.args for size in _sizes(argument.value)]
    names = [symbol_names(size) for size in sizes if not isinstance(size, int)]
    return frozenset().union(*names, *(condition.symbols for condition in block.conditions), *below)


def _at_most_one(size: Any) -> bool:
    """Whether the symbols alone say that a size is no more than 1."""
    function = type(size).__name__
    if function in ("Min", "Max"):
        return (any if function == "Min" else all)(map(_at_most_one, size.args))
    return size <= 1 if isinstance(size, int) else (1 - size).is_nonnegative is True


def _sizes(argument: object) -> list[Any]:
    """The expressions in an argument: itself, or the entries of a tuple."""
    if isinstance(argument, tuple):
        return [size for item in argument for size in _sizes(item)]
    return [argument] if is_expr(argument) else []


def _conditions(block: Block, below: list[tuple[Condition, ...]]) -> tuple[Condition, ...]:
    own = [condition for each in block.conditions for condition in (*sound_divisor(each), each)]
    sizes = [size for tensor in block.own for size in tensor.shape if not isinstance(size, int)]
    sizes += [size for size in block.numbers.values() if not isinstance(size, int)]
    derived = [condition for size in sizes for condition in sound_size(size)]
    if block.optional and not _at_most_one(block.repeat):
        derived.append(Condition(1, ">=", block.repeat, "without a number in its name there is one or none"))
    return tuple(dict.fromkeys([*own, *(each for conditions in below for each in conditions), *derived]))
