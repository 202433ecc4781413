"""Whether two trees hold the same tensors: name by name, both sides shown, symbols bound from the shapes they meet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Literal, TypeAlias

from paramcalc.errors import InvalidType, InvalidValue, ParamcalcError, unknown_name
from paramcalc.sizes.symbols import Size
from paramcalc.tree.block import Block
from paramcalc.tree.node import INDEX
from paramcalc.tree.shapes import listed, sizes_of
from paramcalc.verification.bindings import bindings
from paramcalc.verification.comparison import Comparison, Difference, Names

if TYPE_CHECKING:
    from torch import nn

Checkpoint: TypeAlias = Literal["", "first", "second", "both"]
FILES: Mapping[Checkpoint, tuple[bool, bool]] = {
    "": (False, False),
    "first": (True, False),
    "second": (False, True),
    "both": (True, True),
}
WRAPPERS = {"DataParallel": "module", "DistributedDataParallel": "module", "OptimizedModule": "_orig_mod"}
MOST_WRAPPERS = 3
MOST_LISTED = 1_000_000


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


def _files(tree: Block, other: Block, roles: bool, checkpoint: Checkpoint) -> tuple[bool, bool]:
    """Which of the two is the tree of a file."""
    if checkpoint not in FILES:
        raise unknown_name("side", str(checkpoint), [each for each in FILES if each], where="checkpoint")
    if roles or checkpoint:
        return FILES[checkpoint]
    return is_classless(tree), is_classless(other)


def checkpoint_of(first: bool, second: bool) -> Checkpoint:
    """Return the word for which of two trees are those of files.

    >>> checkpoint_of(True, False), checkpoint_of(False, False)
    ('first', '')
    """
    return next(word for word, files in FILES.items() if files == (first, second))


def is_classless(tree: Block) -> bool:
    """Whether a tree names no class, as that of a file does."""
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
    differences = Comparison(general, (Names(concrete), Names(actual)), files, strict).differences()
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
