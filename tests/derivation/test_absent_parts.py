"""Parts and copies that are there at some sizes only."""

from __future__ import annotations

import sympy
from hypothesis import given
from torch import nn

import paramcalc as pc
from paramcalc import Block, TensorSpec, symbol
from paramcalc.derivation.fitting.fitter import Fitter
from paramcalc.derivation.models.prediction import at_point, contents, predicts
from paramcalc.testing import block_trees as trees
from tests.forms import agrees, evidence_of, opaque, says_or_refuses


class Extra(nn.Module):
    """A norm that is there where there is more than one group, a head where there is one only."""

    def __init__(self, width: int, groups: int) -> None:
        super().__init__()
        self.layer = nn.Linear(width, groups)
        if opaque(groups) > 1:
            self.norm = nn.LayerNorm(width)
        else:
            self.head = nn.Linear(width, 7)


def test_parts_that_are_there_where_a_size_is_more_than_1_or_not() -> None:
    tree = pc.derive(Extra, {"width": 24, "groups": 1})
    assert evidence_of(tree).fixed == {}
    for groups in range(1, 9):
        assert agrees(Extra, tree, width=5, groups=groups)
    assert pc.from_json(pc.to_json(tree)) == tree
    assert [child.optional for child in tree.children] == [False, True, True]
    names = [path for path, _ in pc.unfold(tree.bind(width=5, groups=1)).walk()]
    assert names == ["", "layer", "head"]


def left(width: int, n_layers: int, first: int, last: int) -> nn.Module:
    """Layers that are left between the first and the last, if any."""
    between = max(0, opaque(n_layers) - opaque(first) - opaque(last))
    return nn.ModuleDict({"between": nn.ModuleList(nn.Linear(width, 4) for _ in range(between))})


def test_copies_that_are_none_below_a_sum() -> None:
    tree = pc.derive(left, {"width": 24, "n_layers": 12, "first": 3, "last": 4})
    assert evidence_of(tree).fixed == {}
    for n_layers in range(1, 12):
        for first in range(1, 6):
            says_or_refuses(left, tree, width=3, n_layers=n_layers, first=first, last=3)
    assert agrees(left, tree, width=3, n_layers=20, first=2, last=5)


def test_the_larger_of_0_and_a_sum() -> None:
    points = [{"a": a, "b": b} for a, b in ((9, 8), (7, 6), (5, 9), (2, 3), (11, 4), (6, 13), (4, 4), (10, 10))]
    wanted = sympy.Max(0, symbol("a") + 2 * symbol("b") - 14)
    assert Fitter(points).fit([max(0, each["a"] + 2 * each["b"] - 14) for each in points]) == wanted


def test_copies_that_take_a_name_twice_are_no_prediction() -> None:
    n, m = symbol("n"), symbol("m")
    layer = Block("{}", own=(TensorSpec("weight", (4,)),), repeat=n)
    tree = Block(children=(layer, Block("{}", own=(TensorSpec("weight", (4,)),), repeat=2, first=m)))

    def built(layers: int) -> Block:
        return pc.from_module(nn.ModuleList(nn.LayerNorm(4, bias=False) for _ in range(layers)))

    kinds = Block(children=tuple(Block(str(number), own=(TensorSpec("weight", (4,)),)) for number in range(5)))
    assert predicts(tree, {"n": 3, "m": 3}, kinds)
    assert not predicts(tree, {"n": 4, "m": 3}, kinds)
    assert not predicts(tree, {"n": 5, "m": 3}, built(5))


@given(trees.blocks(), trees.values())
def test_what_a_tree_says_is_what_it_lists(tree: Block, values: dict[str, int]) -> None:
    point = {name: values[name] for name in tree.symbols}
    tensors, shared = contents(at_point(tree, point))
    listed = dict(tree.bind(**point).tensors())
    assert tensors == {name: (each.shape, each.role, each.dtype, each.tied_to) for name, each in listed.items()}
    assert shared == {path: block.tied_to for path, block in tree.walk() if block.tied_to is not None}
