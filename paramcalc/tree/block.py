"""The one tree: blocks that hold named tensors with symbolic shapes. Every count is derived from these shapes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice

from paramcalc.errors import InvalidType, InvalidValue, unknown_name
from paramcalc.sizes.conditions import Condition
from paramcalc.sizes.symbols import Size, as_expr
from paramcalc.tree.bind import with_values
from paramcalc.tree.node import INDEX, Argument, Node
from paramcalc.tree.paths import block_at, copies, indexed, join, tensor_at
from paramcalc.tree.preconditions import preconditions_of, symbols_in
from paramcalc.tree.tensor import TensorSpec
from paramcalc.tree.ties import Tie, absolute, open_tie, relative
from paramcalc.tree.totals import Totals, totals_of
from paramcalc.tree.traverse import bottom_up
from paramcalc.tree.unique_names import first_clash


@dataclass(frozen=True, eq=False, repr=False)
class Block(Node):
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
        if pending:
            self.keep("ties", tuple(pending))

    @property
    def pending_ties(self) -> tuple[Tie, ...]:
        """The ties that lead out of the block, to be met by an ancestor."""
        ties: tuple[Tie, ...] = self.recall("ties") or ()
        return ties

    def __repr__(self) -> str:
        return f"<Block {self.name or self.label or 'root'}: {self.title}>"

    @property
    def totals(self) -> Totals:
        """The counts of the block with all its copies, by role, and their bytes."""
        return bottom_up(self, totals_of, keep=True)

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
        return symbols_in(self)

    @cached_property
    def preconditions(self) -> tuple[Condition, ...]:
        """Every condition of the tree, each once: where they hold, the counts are those of a real model.

        They include that no size or number of copies is negative, that quotients are whole and that divisors are 1 or
        more, where the symbols alone do not say so.
        """
        return preconditions_of(self)

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
        return tensor_at(self, parts)

    def find_block(self, parts: tuple[str, ...]) -> Block | None:
        """Return the block at a path given in parts, or None."""
        return block_at(self, parts)

    def named(self, name: str) -> Block:
        """Return the block under another name."""
        if name == self.name:
            return self
        if self.repeated or "." in name or INDEX in name:
            return replace(self, name=name)
        return self.renamed(name)  # nothing that is checked depends on the name

    def bind(self, /, **values: object) -> Block:
        """Return the tree with symbols replaced by integers or by other expressions.

        >>> from paramcalc.sizes.symbols import symbol
        >>> Block("fc", "Linear", (TensorSpec("weight", (3, symbol("d"))),)).bind(d=5).params
        15

        Raises UnknownName for a symbol that is not in the tree, PreconditionFailed where a condition of the formula is
        broken, a dimension that is not a whole number included.
        """
        return with_values(self, values)

    def _local(self) -> tuple[object, ...]:
        return (self.name, *self.content(), len(self.children))

    def __hash__(self) -> int:
        return hash((self.name, bottom_up(self, _hashed, keep=True)))

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
    if not block.repeated:  # an integer of another type than int, which was 1
        return
    names = [block.name] if block.name else [tensor.name for tensor in block.own]
    if block.children and not block.name:
        raise InvalidValue("children in a repeated block without a name", where=block.title, expected="tensors only")
    single = block.repeat == 0 or not isinstance(block.repeat, int)
    if not all(name.count(INDEX) == 1 for name in names) and not (single and INDEX not in "".join(names)):
        raise InvalidValue(f"got {names}", where="names in a repeated block", expected="one {} in each, for the index")


def _hashed(block: Block, below: list[int]) -> int:
    """The hash of all that a block says but for its name."""
    return hash((block.content(), *(child.name for child in block.children), *below))
