"""What a block is made of: its fields, and what they say by themselves."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from paramcalc.sizes.symbols import Size
from paramcalc.tree.tensor import TensorSpec

if TYPE_CHECKING:
    from paramcalc.sizes.conditions import Condition
    from paramcalc.tree.evidence import Evidence

INDEX = "{}"  # stands in a name for the index of a copy


class Argument(NamedTuple):
    """An argument of a class as its title shows it: by position without a name, not at all where it is the default."""

    name: str
    value: object
    default: object = None


@dataclass(frozen=True, eq=False, repr=False)
class Node:
    """The fields of a block, which `Block` describes and checks; passes over a tree need no more than these."""

    name: str = ""
    kind: str = ""
    own: tuple[TensorSpec, ...] = ()
    children: tuple[Self, ...] = ()
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
    def children_by_name(self) -> Mapping[str, Self]:
        """The children that have a name, by it."""
        return {child.name: child for child in self.children if child.name}

    @cached_property
    def repeating(self) -> tuple[Self, ...]:
        """The children that have a name and stand for several; those of one template have numbers of their own."""
        return tuple(child for child in self.children if child.name and child.repeated)

    @cached_property
    def groups(self) -> tuple[Self, ...]:
        """The children without a name, which group repeated tensors of this block."""
        return tuple(child for child in self.children if not child.name)

    @property
    def title(self) -> str:
        """The class and its arguments as one would write them, such as `Linear(256, 128)`."""
        shown = ", ".join(f"{each.name}={each.value}" if each.name else str(each.value) for each in self.args)
        return f"{self.kind or 'Block'}({shown})" if shown else self.kind or self.label or "Block"

    def content(self) -> tuple[object, ...]:
        """Everything that a block says but for its name and its children."""
        said = (self.kind, self.label, self.args, self.conditions, self.tied_to, self.note)
        return (*said, self.own, *self.numbers.values())

    def recall(self, question: Hashable) -> Any:
        """Return what was kept as the answer to a question, None where nothing was."""
        return self.__dict__.get("_kept", {}).get(question)

    def keep(self, question: Hashable, answer: object) -> None:
        """Keep an answer that the block's fields and children give, whatever its name: they never change."""
        self.__dict__.setdefault("_kept", {})[question] = answer

    def unchecked(self, **changes: object) -> Self:
        """Return the block with other fields that the caller knows to be sound: nothing is checked again."""
        made = object.__new__(type(self))
        made.__dict__.update({each: self.__dict__[each] for each in _FIELDS}, **changes)
        return made

    def renamed(self, name: str) -> Self:
        """Return the block under another name, with all that was kept."""
        made = self.unchecked(name=name)
        if "_kept" in self.__dict__:
            made.__dict__["_kept"] = self.__dict__["_kept"]
        return made


_FIELDS = tuple(each.name for each in fields(Node))
