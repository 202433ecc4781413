"""The names of two trees, walked together: what differs in the tensors that they lead to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from paramcalc.tree.block import Block
from paramcalc.tree.paths import join
from paramcalc.tree.shapes import shape_text
from paramcalc.tree.tensor import TensorSpec
from paramcalc.verification.bindings import general_tensor, shared_places

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


class Names:
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


class Comparison:
    """The names of both trees, walked together: nodes that were met together once are not met again."""

    def __init__(self, general: Block, names: tuple[Names, Names], files: tuple[bool, bool], strict: bool) -> None:
        self.general = general
        self.names = names
        self.files = files
        self.strict = strict
        self.partners: tuple[dict[str, str], dict[str, str]] = ({}, {})
        self.places: tuple[dict[str, str], dict[str, str]] = ({}, {})

    def differences(self) -> list[Difference]:
        """Return what differs, in the order of the names, without what a file may leave out."""
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
        shape = shape_text(node.tensor.shape)
        sides = (shape, None) if side == 0 else (None, shape)
        return _Found(Difference(path, "missing", *sides), side, node)

    def spared(self, side: int, node: _Node) -> bool:
        """Whether a file may leave out what this side has: it has another place of it, or never holds it."""
        assert node.tensor is not None
        return self.files[1 - side] and (node.first in self.partners[side] or not node.tensor.persistent)

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
        """Return how two tensors of one name differ, each with its first place; None where they do not."""
        (first, left), (second, right) = a, b
        if left.shape != right.shape:
            return Difference(name, "shape", self.shape(first, left), shape_text(right.shape))
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
            return shape_text(tensor.shape)
        return f"{shape_text(formula.shape)} = {shape_text(tensor.shape)}"


def _tie(name: str, first: str) -> str:
    return "a tensor of its own" if first == name else f"tied to {first}"
