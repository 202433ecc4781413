"""Whether two models hold the same tensors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, TypeAlias

from paramcalc.rendering.verify import verification_text
from paramcalc.testing.trees import Model, model_tree, state_tree
from paramcalc.tree.block import Block
from paramcalc.verification.verify import checkpoint_of, is_classless, verify

State: TypeAlias = Mapping[str, Any]
MOST_LINES = 20


class _Side(NamedTuple):
    """One of the two models: its tree, what it is, and whether it is a file, which knows neither roles nor ties."""

    name: str
    tree: Block
    what: str
    file: bool


def assert_same_tensors(a: Model | State, b: Model | State) -> None:
    """Fail unless two models have the same tensors: names, shapes, roles (parameter, frozen, buffer) and ties.

    Each is a tree, a torch module or a state dict. A state dict knows neither roles nor ties, and not all tensors: with
    one, names and shapes are compared; it may leave out buffers that are not persistent, and all places but one of what
    is shared. So may a tree without any classes, such as that of a checkpoint. Symbols of one tree take the values that
    the other determines. Element types are not compared.

    >>> import paramcalc as pc
    >>> from torch import nn
    >>> assert_same_tensors(pc.layers.Linear(pc.symbol("i"), pc.symbol("o")), nn.Linear(4, 3))
    >>> assert_same_tensors(nn.Linear(4, 3), nn.Linear(4, 3).state_dict())
    >>> assert_same_tensors(nn.Linear(4, 3), pc.layers.Linear(4, 2))
    Traceback (most recent call last):
    AssertionError: a, Linear(4, 3), and b, Linear(4, 2), have different tensors:
      shape differs at weight: a has (3, 4), b has (2, 4)
      shape differs at bias: a has (3,), b has (2,)

    Raises AssertionError where they differ; InvalidType for anything else, InvalidValue where both have open sizes.
    """
    __tracebackhide__ = True
    first, second = _side("a", a), _side("b", b)
    if second.tree.symbols and not first.tree.symbols:
        first, second = second, first  # the one with symbols is the formula
    found = verify(first.tree, second.tree, checkpoint=checkpoint_of(first.file, second.file))
    if found.holds:
        return
    lines = verification_text(found, first.name, second.name, most=None).splitlines()
    more = [f"and {len(lines) - MOST_LINES:,} more lines"] if len(lines) > MOST_LINES else []
    told = "".join(f"\n  {line}" for line in [*lines[:MOST_LINES], *more])
    sides = " and ".join(f"{side.name}, {side.what}," for side in sorted((first, second), key=lambda side: side.name))
    raise AssertionError(f"{sides} have different tensors:{told}")


def _side(name: str, given: Model | State) -> _Side:
    if isinstance(given, Mapping):
        return _Side(name, state_tree(given, where=f"assert_same_tensors, {name}"), "a state dict", file=True)
    tree = model_tree(given)
    file = is_classless(tree)
    return _Side(name, tree, f"{tree.label or 'a tree'}, without classes" if file else tree.title, file)
