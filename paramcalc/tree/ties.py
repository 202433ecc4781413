"""What is shared: how a tensor or a block names its first place, and the check that the place is there."""

from __future__ import annotations

from dataclasses import dataclass

from paramcalc.errors import InvalidValue
from paramcalc.sizes.symbols import Size
from paramcalc.tree.node import Node
from paramcalc.tree.paths import block_at, tensor_at


@dataclass(frozen=True, slots=True)
class Tie:
    """A shared tensor, or without a `shape` a shared block, on its way to the block that holds both places.

    That block is `levels` up from here; from it `target` leads down to the first place.
    """

    levels: int
    target: tuple[str, ...]
    place: tuple[str, ...]
    shape: tuple[Size, ...] | None

    def outside(self, name: str) -> Tie:
        """Return the tie as the parent of a block called `name` sees it; a nameless group is no level."""
        return Tie(self.levels - 1, self.target, (name, *self.place), self.shape) if name else self

    def check(self, root: Node, *, where: str) -> None:
        """Raise InvalidValue unless a first place of the same shape stands at the target, seen from `root`."""
        place, target = ".".join(self.place), ".".join(self.target)
        if "{}" in target:
            raise InvalidValue(
                f"{place} is tied to {target}", where=where, expected="one copy, such as layers.0.weight"
            )
        found = block_at(root, self.target) if self.shape is None else tensor_at(root, self.target)
        if found is None:
            raise InvalidValue(f"{place} is tied to {target}, which does not exist", where=where)
        if found.tied_to is not None:
            raise InvalidValue(f"{place} is tied to {target}, itself tied", where=where, expected="the first place")
        shape = getattr(found, "shape", None)
        if shape != self.shape:
            raise InvalidValue(
                f"{place} {self.shape} is tied to {target} {shape}", where=where, expected="equal shapes"
            )


def open_tie(name: str, text: str, shape: tuple[Size, ...] | None) -> Tie:
    """Return the tie that a text states, as the block that owns the named tensor or block sees it.

    >>> open_tie("weight", "..wte.weight", (2, 3)).target
    ('wte', 'weight')
    """
    path = text.lstrip(".")
    levels = len(text) - len(path) - 1
    if levels < 0 or not all(path.split(".")):
        raise InvalidValue(
            f"{name} is tied to {text!r}", expected="a relative path such as '.weight' or '..embedding.weight'"
        )
    return Tie(levels, tuple(path.split(".")), (name,), shape)


def relative(place: str, target: str) -> str:
    """Return the target as the block that owns the tensor at `place` names it.

    >>> relative("lm_head.weight", "wte.weight"), relative("a.b.w", "a.c.w")
    ('..wte.weight', '..c.w')
    """
    here, there = place.split(".")[:-1], target.split(".")
    shared = 0
    while shared < min(len(here), len(there) - 1) and here[shared] == there[shared]:
        shared += 1
    return "." * (len(here) - shared + 1) + ".".join(there[shared:])


def absolute(owner: str, tied_to: str) -> str:
    """Return a tie's target from the root, given the path of the block that owns the tensor.

    >>> absolute("lm_head", "..wte.weight")
    'wte.weight'
    """
    path = tied_to.lstrip(".")
    parts = owner.split(".") if owner else []
    up = len(tied_to) - len(path) - 1
    return ".".join([*parts[: len(parts) - up], path])
