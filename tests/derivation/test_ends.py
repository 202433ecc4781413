"""Small and large sizes are tried, so that a form is not said where another model is built."""

from __future__ import annotations

from dataclasses import replace

import pytest
from torch import nn

import paramcalc as pc
from paramcalc.derivation.models import prediction, prober
from paramcalc.derivation.models.prediction import predicts
from paramcalc.sources.modules.torch_module import from_module
from tests.forms import agrees, evidence_of, opaque, says_or_refuses


class Guarded(nn.Module):
    """Four pairs of sizes of which one must divide the other, and a table that is there from three layers on."""

    def __init__(self, n_layers: int, **sizes: int) -> None:
        super().__init__()
        for number in range(4):
            if opaque(sizes[f"width_{number}"]) % opaque(sizes[f"heads_{number}"]):
                raise ValueError("the heads do not divide the width")
        widths = [sizes[f"width_{number}"] for number in range(4)]
        self.layers = nn.ModuleList(nn.Linear(sum(widths), 3) for _ in range(n_layers))
        if opaque(n_layers) > 2:
            self.table = nn.Embedding(8, widths[0])


def test_few_layers_are_tried_also_where_many_sizes_must_divide_others() -> None:
    at = {f"{name}_{number}": size for name, size in (("width", 768), ("heads", 12)) for number in range(4)}
    tree = pc.derive(Guarded, {"n_layers": 12, **at})
    for n_layers in range(1, 6):
        says_or_refuses(Guarded, tree, n_layers=n_layers, **at)
    assert agrees(Guarded, tree, n_layers=3, **at)


def grown(n_layers: int, width: int) -> nn.Module:
    """A model that has a table once there are very many layers."""
    layers = nn.ModuleList(nn.Linear(width, 3) for _ in range(n_layers))
    return nn.ModuleDict({"layers": layers, **({"table": nn.Embedding(8, width)} if opaque(n_layers) > 40 else {})})


def test_many_more_layers_than_at_the_base_are_tried() -> None:
    tree = pc.derive(grown, {"n_layers": 12, "width": 24})
    assert tree.symbols == {"n_layers", "width"}
    for n_layers in range(1, 120):
        says_or_refuses(grown, tree, n_layers=n_layers, width=3)


def stacks(width: int, **layers: int) -> nn.Module:
    """Stacks of layers, one of which has a norm that is not there at one layer, and another one beyond twenty."""
    stack = {name: nn.ModuleList(nn.Linear(width, 3) for _ in range(number)) for name, number in layers.items()}
    if opaque(layers.get("few", 2)) > 1:
        stack["few_norm"] = nn.ModuleList([nn.LayerNorm(width)])
    if opaque(layers.get("many", 2)) > 20:
        stack["many_norm"] = nn.ModuleList([nn.LayerNorm(width)])
    return nn.ModuleDict(stack)


def test_small_sizes_are_tried_at_their_ends_together() -> None:
    plain = {f"stack_{number}": 4 for number in range(8)}
    tree = pc.derive(stacks, {"width": 24, **plain})
    assert tree.preconditions == ()
    assert evidence_of(tree).builds < 30
    assert agrees(stacks, tree, width=5, **dict.fromkeys(plain, 1))


@pytest.mark.parametrize("odd", ["few", "many"])
def test_a_small_size_with_an_end_of_its_own_is_found_among_others(odd: str) -> None:
    sizes = {"width": 24, **{f"stack_{number}": 4 for number in range(4)}, odd: 5}
    tree = pc.derive(stacks, sizes)
    assert {name for each in tree.preconditions for name in each.symbols} == {odd}
    assert all(says_or_refuses(stacks, tree, **{**sizes, odd: number}) for number in range(2, 21))
    for number in (1, 21, 22, 40):
        says_or_refuses(stacks, tree, **{**sizes, odd: number})
    for name in sizes:
        assert agrees(stacks, tree, **{**sizes, name: 1}) or name == odd == "few"


def choosy(width: int, mode: int) -> nn.Module:
    if opaque(mode) in (2, 7):
        raise ValueError("no such mode")
    return nn.Linear(width, 5)


@pytest.mark.parametrize(("width", "mode"), [(24, 3), (3, 3), (4, 4)])
def test_no_size_below_one_is_tried(width: int, mode: int) -> None:
    built = []

    def noted(width: int, mode: int) -> nn.Module:
        built.append((int(width), int(mode)))
        return choosy(width, mode)

    pc.derive(noted, {"width": width, "mode": mode})
    assert min(min(sizes) for sizes in built) == 1


@pytest.mark.parametrize("slow", [False, True])
def test_where_models_take_long_no_larger_ones_are_built(monkeypatch: pytest.MonkeyPatch, slow: bool) -> None:
    monkeypatch.setattr(prober, "SLOW", 0.0 if slow else 1e9)
    widest = 0

    def noted(width: int, height: int) -> nn.Module:
        nonlocal widest
        widest = max(widest, int(width), int(height))
        return nn.Linear(width, height)

    tree = pc.derive(noted, {"width": 240, "height": 243})
    assert tree.symbols == {"width", "height"}
    assert (widest <= 243 + 16) == slow


def test_more_copies_than_could_be_listed_are_no_prediction(monkeypatch: pytest.MonkeyPatch) -> None:
    def listed(_: object) -> None:
        raise AssertionError("they would be listed")

    n = pc.symbol("n")
    many = pc.compose("ModuleList", {"x": pc.layers.Linear(3, 3)})
    tree = replace(many, children=(pc.repeated(pc.layers.Linear(3, 3), n**4),))
    monkeypatch.setattr(prediction, "contents", listed)
    assert not predicts(tree, {"n": 1000}, from_module(nn.ModuleList([nn.Linear(3, 3)])))
