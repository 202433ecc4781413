"""Whether two trees hold the same tensors: name by name, both sides shown, symbols bound from the shapes they meet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import TYPE_CHECKING, Literal, TypeAlias

from paramcalc.errors import InvalidType, InvalidValue, ParamcalcError, unknown_name
from paramcalc.matching import bindings, general_tensor, shared_places
from paramcalc.sizes.symbols import Size
from paramcalc.tree.block import Block
from paramcalc.tree.node import INDEX
from paramcalc.tree.paths import join
from paramcalc.tree.shapes import listed, sizes_of
from paramcalc.tree.tensor import TensorSpec

if TYPE_CHECKING:
    from torch import nn

Checkpoint: TypeAlias = Literal["", "first", "second", "both"]
FILES: Mapping[str, tuple[bool, bool]] = {
    "": (False, False),
    "first": (True, False),
    "second": (False, True),
    "both": (True, True),
}
WRAPPERS = {"DataParallel": "module", "DistributedDataParallel": "module", "OptimizedModule": "_orig_mod"}
MOST_WRAPPERS = 3
MOST_LISTED = 1_000_000
ROLES = {"parameter": "a parameter", "frozen": "a frozen parameter", "buffer": "a buffer", "packed": "packed"}


@dataclass(frozen=True, slots=True)
class Difference:
    """What differs at a tensor: "shape", "role" or "tie", as each side has it; "missing" where one has None.

    "condition" stands for a condition of the first tree that the sizes of the second break, "unknown" for the symbol
    `name` of the first that the second does not determine.
    """

    name: str
    what: str
    first: str | None
    second: str | None


@dataclass(frozen=True, slots=True)
class Verification:
    """The differences of two trees, the number of tensors compared, and the values that the symbols took."""

    differences: tuple[Difference, ...]
    tensors: int
    params: Size
    values: Mapping[str, int]

    @property
    def holds(self) -> bool:
        """Whether the trees agree in every tensor."""
        return not self.differences


def verify(tree: Block, other: Block | nn.Module, *, roles: bool = True, checkpoint: Checkpoint = "") -> Verification:
    """Return how the tensors of a tree, such as a formula, differ from those of another tree or a live model.

    Names, shapes, roles and ties are compared, element types are not. Symbols of the first tree take the values that
    the shapes and the numbers of layers of the other determine. `roles=False` compares names and shapes alone.
    `checkpoint` says which tree is that of a file, which says neither what is a parameter nor what is tied: names and
    shapes are compared, and the file may leave out all but one place of what the other shares, and what is not
    persistent there. With `roles=False` alone, a tree without any classes is taken for that of a file.

    >>> from paramcalc.layers import Linear
    >>> from paramcalc.sizes.symbols import symbol
    >>> found = verify(Linear(symbol("i"), symbol("o")), Linear(4, 3))
    >>> found.holds, found.values
    (True, {'i': 4, 'o': 3})
    >>> verify(Linear(4, 3), Linear(4, 2)).differences[0]
    Difference(name='weight', what='shape', first='(3, 4)', second='(2, 4)')

    Raises InvalidType where the first is no tree, InvalidValue where a size of the second is not known, or where a tree
    stands for several copies or lists more than a million tensors; UnknownName for another word in `checkpoint`.
    """
    if not isinstance(tree, Block):
        advice = "give the tree first and the model second, or make a tree of it with from_module"
        raise InvalidType(f"got {type(tree).__name__} first", where="verify", expected="a tree", advice=advice)
    if not isinstance(other, Block):
        from paramcalc.sources.modules.torch_module import from_module

        other = from_module(other)
    _check(tree, other)
    files = _files(tree, other, roles, checkpoint)
    best: Verification | None = None
    for general, actual in _readings(tree, other):
        found = _verified(general, actual, files, roles and not checkpoint)
        if found.holds:
            return found
        if best is None or _rank(found) < _rank(best):
            best = found
    assert best is not None
    return best


def _check(*trees: Block) -> None:
    """Raise InvalidValue for a tree that is no one model, or too large to be listed, or for a last one with symbols."""
    for tree in trees:
        if tree.repeat != 1 or (tree.repeated and not tree.name):
            advice = "compare one copy, or a block that holds them all"
            raise InvalidValue(f"a tree stands for {tree.repeat} copies of itself", where="verify", advice=advice)
        many = listed(tree)
        if many > MOST_LISTED:
            raise InvalidValue(f"a tree lists {many:,} tensors", where="verify", expected=f"at most {MOST_LISTED:,}")
    names = ", ".join(_unknown(trees[-1]))
    if names:
        raise InvalidValue(f"its sizes {names} are not known", where="verify", expected="a second tree of numbers")


def _files(tree: Block, other: Block, roles: bool, checkpoint: str) -> tuple[bool, bool]:
    """Which of the two is the tree of a file."""
    if checkpoint not in FILES:
        raise unknown_name("side", str(checkpoint), [each for each in FILES if each], where="checkpoint")
    if roles or checkpoint:
        return FILES[checkpoint]
    return _classless(tree), _classless(other)


def _classless(tree: Block) -> bool:
    return not any(block.kind for _, block in tree.walk())


def _verified(general: Block, actual: Block, files: tuple[bool, bool], strict: bool) -> Verification:
    """The comparison of two trees as they stand."""
    values = bindings(general, actual)
    tensors = sum(1 for _ in actual.tensors())
    try:
        concrete = general.bind(**values)
    except ParamcalcError as error:
        return Verification((Difference("", "condition", str(error), None),), 0, actual.params, values)
    unknown = tuple(Difference(name, "unknown", None, None) for name in _unknown(concrete))
    if unknown:
        return Verification(unknown, 0, actual.params, values)
    if listed(concrete) > MOST_LISTED:
        many = f"it would list {listed(concrete):,} tensors, more than {MOST_LISTED:,}"
        return Verification((Difference("", "condition", many, None),), 0, actual.params, values)
    differences = _Comparison(general, (_Names(concrete), _Names(actual)), files, strict).differences()
    return Verification(tuple(differences), tensors, actual.params, values)


def _unknown(tree: Block) -> list[str]:
    """The symbols in the sizes of a tree; those in its arguments and conditions alone change no tensor."""
    return sorted({str(each) for size in sizes_of(tree) if not isinstance(size, int) for each in size.free_symbols})


def _rank(found: Verification) -> tuple[bool, int]:
    """How far from agreeing two trees are."""
    return any(each.what == "unknown" for each in found.differences), len(found.differences)


def _readings(tree: Block, other: Block) -> list[tuple[Block, Block]]:
    """Both trees as they stand, then without wrappers: those looked through least come first."""
    pairs = product(enumerate(_unwrapped(tree)), enumerate(_unwrapped(other)))
    ordered = sorted(pairs, key=lambda pair: pair[0][0] + pair[1][0])
    return [(general, actual) for (_, general), (_, actual) in ordered]


def _unwrapped(tree: Block) -> Iterator[Block]:
    """The tree, then without the wrappers that add a prefix to every name; a checkpoint's by the name they give."""
    yield tree
    for _ in range(MOST_WRAPPERS):
        if len(tree.children) != 1 or tree.own:
            return
        (child,) = tree.children
        known = child.name == WRAPPERS.get(tree.kind) or (not tree.kind and child.name in WRAPPERS.values())
        if not known or child.tied_to is not None or INDEX in child.name:
            return
        tree = child.named("")
        yield tree


@dataclass(slots=True, eq=False)
class _Node:
    """What a name leads to: a tensor with the first place of it, the names below, and whether any tensor is there."""

    below: dict[str, _Node] = field(default_factory=dict)
    tensor: TensorSpec | None = None
    first: str = ""
    full: bool = False

    def at(self, path: str) -> _Node:
        """The node at a path below, made where there is none."""
        node = self
        for word in path.split("."):
            node = node.below.setdefault(word, _Node())
        return node


class _Names:
    """The names of a tree, word by word; what is shared is one node to which several words lead."""

    def __init__(self, tree: Block) -> None:
        self.root = _Node()
        for name, tensor in tree.tensors():
            node = self.root.at(name)
            node.tensor, node.first = tensor, tensor.tied_to or name
        for place, first in shared_places(tree):
            owner, _, word = place.rpartition(".")
            parent = self.root.at(owner) if owner else self.root
            parent.below[word] = self.root.at(first)
        self._fill()

    def _fill(self) -> None:
        """Mark the nodes with a tensor at them or below, from the tensors up."""
        above: dict[int, list[_Node]] = {id(self.root): []}
        stack, filled = [self.root], []
        while stack:
            node = stack.pop()
            filled += [node] if node.tensor else []
            for child in node.below.values():
                stack += [] if id(child) in above else [child]
                above.setdefault(id(child), []).append(node)
        while filled:
            node = filled.pop()
            if not node.full:
                node.full = True
                filled += above[id(node)]


@dataclass(slots=True)
class _Found:
    """A difference; for a missing tensor, the side that has it and its node."""

    difference: Difference
    side: int = 0
    node: _Node | None = None


class _Comparison:
    """The names of both trees, walked together: nodes that were met together once are not met again."""

    def __init__(self, general: Block, names: tuple[_Names, _Names], files: tuple[bool, bool], strict: bool) -> None:
        self.general = general
        self.names = names
        self.files = files
        self.strict = strict
        self.partners: tuple[dict[str, str], dict[str, str]] = ({}, {})
        self.places: tuple[dict[str, str], dict[str, str]] = ({}, {})

    def differences(self) -> list[Difference]:
        found: list[_Found] = []
        met: set[tuple[int, int]] = set()
        stack = [("", self.names[0].root, self.names[1].root)]
        nothing = _Node()
        while stack:
            path, a, b = stack.pop()
            if not (a.full and b.full):
                found += [*self.missing(0, path, a), *self.missing(1, path, b)]
            elif (id(a), id(b)) not in met:
                met.add((id(a), id(b)))
                found += self.at(path, a, b)
                words = dict.fromkeys([*a.below, *b.below])
                below = [(join(path, word), a.below.get(word, nothing), b.below.get(word, nothing)) for word in words]
                stack += reversed(below)
        return [each.difference for each in found if each.node is None or not self.spared(each.side, each.node)]

    def missing(self, side: int, path: str, node: _Node) -> Iterator[_Found]:
        """Every tensor at or below a node that the other side has no name for, each once."""
        stack, met = [(path, node)] if node.full else [], set()
        while stack:
            path, node = stack.pop()
            if id(node) not in met and node.full:
                met.add(id(node))
                if node.tensor:
                    yield self.absent(side, path, node)
                below = [(join(path, word), child) for word, child in node.below.items()]
                stack += reversed(below)

    def absent(self, side: int, path: str, node: _Node) -> _Found:
        """That a tensor stands on this side only."""
        assert node.tensor is not None
        shape = _shape(node.tensor)
        sides = (shape, None) if side == 0 else (None, shape)
        return _Found(Difference(path, "missing", *sides), side, node)

    def spared(self, side: int, node: _Node) -> bool:
        """Whether a file may leave out what this side has: it has another place of it, or never holds it."""
        assert node.tensor is not None
        return self.files[1 - side] and (node.first in self.partners[side] or "not persistent" in node.tensor.note)

    def at(self, name: str, a: _Node, b: _Node) -> Iterator[_Found]:
        """What differs in the tensors at a name that both sides have."""
        if a.tensor and b.tensor:
            difference = self.compared(name, (a.first, a.tensor), (b.first, b.tensor))
            for side, first, partner in ((0, a.first, b.first), (1, b.first, a.first)):
                self.partners[side].setdefault(first, partner)
                self.places[side].setdefault(first, name)
            if difference:
                yield _Found(difference)
        elif a.tensor or b.tensor:
            yield self.absent(0, name, a) if a.tensor else self.absent(1, name, b)

    def compared(self, name: str, a: tuple[str, TensorSpec], b: tuple[str, TensorSpec]) -> Difference | None:
        (first, left), (second, right) = a, b
        if left.shape != right.shape:
            return Difference(name, "shape", self.shape(first, left), _shape(right))
        if not self.strict:
            return None
        if left.role != right.role:
            return Difference(name, "role", ROLES[left.role], ROLES[right.role])
        if self.partners[0].get(first, second) != second or self.partners[1].get(second, first) != first:
            places = (self.places[0].get(first, name), self.places[1].get(second, name))
            return Difference(name, "tie", _tie(name, places[0]), _tie(name, places[1]))
        return None

    def shape(self, name: str, tensor: TensorSpec) -> str:
        """The shape of the first side: as a formula where it is one, and what that gives here."""
        formula = general_tensor(self.general, name)
        if formula is None or formula.shape == tensor.shape:
            return _shape(tensor)
        return f"{_shape(formula)} = {_shape(tensor)}"


def _shape(tensor: TensorSpec) -> str:
    return f"({', '.join(map(str, tensor.shape))}{',' if len(tensor.shape) == 1 else ''})"


def _tie(name: str, first: str) -> str:
    return "a tensor of its own" if first == name else f"tied to {first}"
