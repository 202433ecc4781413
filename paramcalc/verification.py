"""Whether two trees hold the same tensors: name by name, both sides shown, symbols bound from the shapes they meet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from paramcalc.errors import InvalidValue, PreconditionFailed
from paramcalc.matching import bindings, general_tensor
from paramcalc.paths import child_of, tensor_of
from paramcalc.symbols import Size
from paramcalc.tensor import TensorSpec
from paramcalc.ties import absolute
from paramcalc.tree import Block

if TYPE_CHECKING:
    from torch import nn

WRAPPERS = {"DataParallel": "module", "DistributedDataParallel": "module", "OptimizedModule": "_orig_mod"}
ROLES = {"parameter": "a parameter", "frozen": "a frozen parameter", "buffer": "a buffer", "packed": "packed"}


@dataclass(frozen=True, slots=True)
class Difference:
    """What differs at a tensor: "shape", "role" or "tie", as each side has it; "missing" where one has None."""

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


def verify(tree: Block, other: Block | nn.Module, *, roles: bool = True) -> Verification:
    """Return how the tensors of a tree, such as a formula, differ from those of another tree or a live model.

    Names, shapes, roles and ties are compared, element types are not. Symbols of the first tree take the values that
    the shapes and the numbers of layers of the other determine. `roles=False` compares names and shapes alone, as for
    a checkpoint, which says neither what is a parameter nor what is tied and may leave out the later places of a tie.

    >>> from paramcalc.layers import Linear
    >>> from paramcalc.symbols import symbol
    >>> found = verify(Linear(symbol("i"), symbol("o")), Linear(4, 3))
    >>> found.holds, found.values
    (True, {'i': 4, 'o': 3})
    >>> verify(Linear(4, 3), Linear(4, 2)).differences[0]
    Difference(name='weight', what='shape', first='(3, 4)', second='(2, 4)')

    Raises InvalidValue where a size of the first tree is not determined by the other.
    """
    if not isinstance(other, Block):
        from paramcalc.sources.torch_module import from_module

        other = from_module(other)
    if other.symbols:
        names = ", ".join(sorted(other.symbols))
        raise InvalidValue(f"its sizes {names} are not known", where="verify", expected="a second tree of numbers")
    general, actual = _unwrapped(tree, other), _unwrapped(other, tree)
    values = bindings(general, actual)
    try:
        concrete = general.bind(**values)
    except PreconditionFailed as error:
        broken = Difference("", "condition", str(error), None)
        return Verification((broken,), 0, actual.params, values)
    _check_known(concrete)
    differences = _Comparison(general, concrete, actual, roles).differences()
    return Verification(tuple(differences), len(dict(actual.tensors())), actual.params, values)


def _check_known(concrete: Block) -> None:
    sizes = [size for _, block in concrete.walk() for size in (block.repeat, block.first)]
    sizes += [size for _, block in concrete.walk() for tensor in block.own for size in tensor.shape]
    unknown = {str(each) for size in sizes if not isinstance(size, int) for each in size.free_symbols}
    if unknown:
        named = ", ".join(sorted(unknown))
        raise InvalidValue(
            f"the shapes of the model do not determine {named}", where="verify", advice="bind it, or give --set"
        )


def _unwrapped(tree: Block, other: Block) -> Block:
    """The tree without the wrappers that add a prefix to every name; a checkpoint's only by the name they give."""
    while len(tree.children) == 1 and not tree.own:
        (child,) = tree.children
        if child.name != WRAPPERS.get(tree.kind) and (tree.kind or child.name not in WRAPPERS.values()):
            break
        if other.kind == tree.kind and child.name in other.children_by_name:
            break
        tree = child.named("")
    return tree


class _Comparison:
    """The tensors of both trees by name; what one tree shares is found at its first place."""

    def __init__(self, general: Block, first: Block, second: Block, roles: bool) -> None:
        self.general = general
        self.sides = (first, second)
        self.tensors = (dict(first.tensors()), dict(second.tensors()))
        self.roles = roles
        self.groups: tuple[dict[str, list[str]], ...] = ({}, {})
        for groups, tensors in zip(self.groups, self.tensors, strict=True):
            for name, tensor in tensors.items():
                groups.setdefault(tensor.tied_to or name, []).append(name)

    def differences(self) -> list[Difference]:
        found = []
        for name in dict.fromkeys([*self.tensors[0], *self.tensors[1]]):
            a, b = (self.at(side, name) for side in (0, 1))
            if a is None or b is None:
                if self.roles or not self.spared(0 if b is None else 1, name):
                    found.append(Difference(name, "missing", a and _shape(a[1]), b and _shape(b[1])))
            else:
                found += self.compared(name, a, b)
        return found

    def at(self, side: int, name: str) -> tuple[str, TensorSpec] | None:
        """The first place of the tensor of that name, and the tensor; in a shared block that of its first place."""
        tensor = self.tensors[side].get(name)
        if tensor is not None:
            return tensor.tied_to or name, tensor
        return _resolved(self.sides[side], self.tensors[side], name)

    def compared(self, name: str, a: tuple[str, TensorSpec], b: tuple[str, TensorSpec]) -> list[Difference]:
        (first, left), (second, right) = a, b
        if left.shape != right.shape:
            return [Difference(name, "shape", self.shape(name, left), _shape(right))]
        if not self.roles:
            return []
        if left.role != right.role:
            return [Difference(name, "role", ROLES[left.role], ROLES[right.role])]
        if first != second and not self.one_group(first, second):
            return [Difference(name, "tie", _tie(name, first), _tie(name, second))]
        return []

    def one_group(self, first: str, second: str) -> bool:
        """Whether both sides tie the same tensors, though they call another one the first."""
        here, there = self.at(0, second), self.at(1, first)
        return here is not None and there is not None and here[0] == first and there[0] == second

    def spared(self, side: int, name: str) -> bool:
        """Whether a tensor that only this side has is tied here to one that the other has: a file may leave it out."""
        group = self.groups[side][self.tensors[side][name].tied_to or name]
        return any(self.at(1 - side, each) is not None for each in group if each != name)

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


def _resolved(tree: Block, tensors: Mapping[str, TensorSpec], name: str) -> tuple[str, TensorSpec] | None:
    """The first place of a tensor below a shared block."""
    parts = name.split(".")
    for _ in range(len(parts) + 1):
        block: Block | None = tree
        for number, part in enumerate(parts):
            tensor = tensor_of(block, ".".join(parts[number:])) if block else None
            if tensor is not None:
                found = tensors[".".join(parts)]
                return found.tied_to or ".".join(parts), found
            block = child_of(block, part) if block else None
            if block is not None and block.tied_to is not None:
                parts = [*absolute(".".join(parts[:number]), block.tied_to).split("."), *parts[number + 1 :]]
                break
        else:
            return None
    return None
