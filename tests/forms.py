"""What is asked of a derived form: it says what is built, or does not hold; it never says anything else."""

from __future__ import annotations

from collections.abc import Callable

from torch import nn

from paramcalc.derivation.models.prediction import predicts
from paramcalc.errors import ParamcalcError
from paramcalc.sources.modules.torch_module import from_module
from paramcalc.tree.block import Block
from paramcalc.tree.evidence import Evidence


def evidence_of(tree: Block) -> Evidence:
    assert tree.evidence is not None
    return tree.evidence


def agrees(build: Callable[..., nn.Module], tree: Block, **point: int) -> bool:
    """Whether a form that holds at a point says what is built there."""
    return predicts(tree, point, from_module(build(**point)))


def says_or_refuses(build: Callable[..., nn.Module], tree: Block, **point: int) -> bool:
    """Whether a form holds at a point; what it says there must be what is built.

    Where sizes are fixed it says nothing of others.
    """
    if any(name in point and point[name] != value for name, value in evidence_of(tree).fixed.items()):
        return False
    try:
        tree.bind(**{name: point[name] for name in tree.symbols})
    except ParamcalcError:
        return False
    assert agrees(build, tree, **point), point
    return True


def opaque(value: int) -> int:
    """A number of which no trace is left."""
    return int(str(int(value)))
