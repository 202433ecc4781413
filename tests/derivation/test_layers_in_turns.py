"""Layers that take turns, by a rhythm that is fixed or a size."""

from __future__ import annotations

import pytest
from torch import nn

import paramcalc as pc
from paramcalc.derivation.models.prediction import predicts
from paramcalc.derivation.trees.patterns import Cycle, Turn, cycle_of, turn_of
from paramcalc.errors import NoForm
from tests.derivation.wide_layers import Wide, every
from tests.forms import agrees, evidence_of, opaque, says_or_refuses


class Turning(nn.Module):
    """Layers of two kinds in turn; every other one of the second kind asks for a table that all share."""

    def __init__(self, width: int, n_layers: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList((nn.Linear, Wide)[number % 2](width, width) for number in range(n_layers))
        if opaque(n_layers) > 3:
            self.table = nn.Embedding(8, width)


@pytest.mark.parametrize(("n_layers", "few", "period"), [(16, 4, 2), (20, 5, 3), (26, 5, 2), (32, 7, 4)])
def test_fewer_layers_than_two_turns_are_all_tried(n_layers: int, few: int, period: int) -> None:
    def turns(width: int, n_layers: int) -> nn.Module:
        plain = opaque(n_layers) == few
        widths = [3 if number % period < period - 1 or plain else 5 for number in range(n_layers)]
        return nn.ModuleList(nn.Linear(width, each) for each in widths)

    try:
        tree = pc.derive(turns, {"width": 24, "n_layers": n_layers})
    except NoForm:
        return
    for number in range(1, 40):
        says_or_refuses(turns, tree, width=24, n_layers=number)


def test_small_numbers_of_layers_in_turns_are_all_tried() -> None:
    tree = pc.derive(Turning, {"width": 24, "n_layers": 12})
    for n_layers in range(1, 20):
        says_or_refuses(Turning, tree, width=5, n_layers=n_layers)
    assert agrees(Turning, tree, width=5, n_layers=4)


@pytest.mark.parametrize("place", [0, -1, 1])
def test_every_so_many_th_layer_is_another_one(place: int) -> None:
    def build(width: int, n_layers: int, step: int) -> nn.Module:
        return every(width, n_layers, step, place)

    tree = pc.derive(build, {"width": 24, "n_layers": 12, "step": 3})
    assert evidence_of(tree).fixed == {}
    points = [(n_layers, step) for n_layers in range(1, 15) for step in range(1, 9)]
    held = [says_or_refuses(build, tree, width=5, n_layers=n_layers, step=step) for n_layers, step in points]
    assert sum(held) > len(held) / 2
    assert agrees(build, tree, width=7, n_layers=20, step=6)
    assert pc.from_json(pc.to_json(tree)) == tree
    bound = tree.bind(width=5, n_layers=11, step=4)
    built = pc.from_module(build(5, 11, 4))
    assert dict(pc.unfold(bound).tensors()) == dict(built.tensors())


def test_layers_that_are_all_equal_take_no_turns() -> None:
    sizes = [{"k": 2}, {"k": 3}, {"k": 4}]
    assert turn_of(["aaaaaa", "aaaaa", "aaaaaaa"], sizes) is None
    assert turn_of(["abababa", "abbabb", "abbbabbb"], sizes) == Turn("k", 0)
    assert turn_of(["bababab", "bbabba", "bbbabbba"], sizes) == Turn("k", -1)
    assert turn_of(["xabab", "xabba", "xabbbab"], sizes) == Turn("k", 1)
    assert turn_of(["abababa", "abbabb", "aabbabb"], sizes) is None


def test_layers_that_take_turns() -> None:
    def build(width: int, depth: int) -> nn.Module:
        return nn.Sequential(*(part for _ in range(depth) for part in (nn.Linear(width, width), nn.ReLU())))

    found = pc.derive(build, {"width": 32, "depth": 3})
    assert str(found.params) == "depth*width**2 + depth*width"
    assert [name for name, _ in found.bind(width=2, depth=3).tensors()][::2] == ["0.weight", "2.weight", "4.weight"]
    assert pc.from_json(pc.to_json(found)) == found


def test_layers_with_a_rhythm() -> None:
    def build(width: int, depth: int) -> nn.Module:
        first, last = [nn.Linear(width, 3)], [nn.Linear(width, 5)]
        between = [nn.Linear(width, 7 if each % 4 == 3 else 2) for each in range(depth)]
        return nn.Sequential(*first, *between, *last)

    found = pc.derive(build, {"width": 32, "depth": 12})
    for depth in (1, 3, 4, 11, 30):
        assert predicts(found, {"width": 9, "depth": depth}, pc.from_module(build(9, depth)))


@pytest.mark.parametrize("period", range(1, 20))
def test_cycles_of_up_to_16_layers_are_found(period: int) -> None:
    kinds = [number % period for number in range(2 * period + 1)]
    assert cycle_of([kinds, kinds[:period]]) == (Cycle(0, period, 0) if period <= 16 else None)
