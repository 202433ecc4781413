"""Where code builds another model, a condition bounds the form, and only the size that it is about."""

from __future__ import annotations

import pytest
import torch
from torch import nn

import paramcalc as pc
from tests.forms import agrees, evidence_of, opaque, says_or_refuses


def rest(width: int, first: int, second: int) -> nn.Module:
    """Layers in three lists: as many as asked for in the first two, and what is left of twelve in the third."""
    shares = {"first": opaque(first), "second": opaque(second)}
    shares["third"] = max(0, 12 - sum(shares.values()))
    return nn.ModuleDict({name: nn.ModuleList(nn.Linear(width, 4) for _ in range(n)) for name, n in shares.items()})


@pytest.mark.parametrize("at", [{"width": 8, "first": 2, "second": 1}, {"width": 24, "first": 4, "second": 4}])
def test_a_form_ends_where_a_number_of_copies_would_be_negative(at: dict[str, int]) -> None:
    tree = pc.derive(rest, at)
    assert [str(each) for each in tree.preconditions] == ["-first - second + 12 >= 0"]
    assert evidence_of(tree).fixed == {}
    assert agrees(rest, tree, **at)
    for first in range(1, 14):
        for second in range(1, 14):
            says_or_refuses(rest, tree, width=3, first=first, second=second)


def at_least(width: int, n_heads: int, out: int) -> nn.Module:
    """A table of frequencies as long as half a head, or a number."""
    return nn.ModuleList([nn.Linear(width, out), nn.Embedding(len(range(0, max(width // (2 * n_heads), 32), 2)), 3)])


def test_a_form_keeps_to_the_larger_of_two_where_both_are_equal_at_the_base() -> None:
    at = {"width": 768, "n_heads": 12, "out": 9}
    tree = pc.derive(at_least, at)
    assert evidence_of(tree).fixed == {}
    assert "floor(width/(2*n_heads)) >= 32" in [str(each) for each in tree.preconditions]
    assert len(evidence_of(tree).predicted) < 32  # nothing is rounded then
    assert agrees(at_least, tree, **at)
    for width in (64, 256, 640, 768, 1024):
        for n_heads in (1, 4, 8, 12, 16):
            says_or_refuses(at_least, tree, width=width, n_heads=n_heads, out=3)


def longer(a_width: int, a_heads: int, b_width: int, b_heads: int, out: int) -> nn.Module:
    sizes = [(a_width, a_heads), (b_width, b_heads)]
    tables = [nn.Embedding(max(width // (2 * heads), 32), 3) for width, heads in sizes]
    return nn.ModuleList([nn.Linear(a_width, out), nn.Linear(b_width, out), *tables])


def test_no_condition_stays_that_an_earlier_form_needed() -> None:
    tree = pc.derive(longer, {"a_width": 768, "a_heads": 12, "b_width": 768, "b_heads": 12, "out": 5})
    conditions = {str(each) for each in tree.preconditions}
    assert conditions == {"a_width divisible by 2*a_heads", "b_width divisible by 2*b_heads"}
    for heads in (1, 5, 7, 12, 13):
        widths = {"a_width": 2 * heads, "b_width": 66 * heads}
        assert says_or_refuses(longer, tree, **widths, a_heads=heads, b_heads=heads, out=3)


def feed(n_feeds: int, **widths: int) -> nn.Module:
    """Ten layers, and a list of further ones with a norm, that are not there where the list would be empty."""
    layers: dict[str, nn.Module] = {name: nn.Linear(width, 3) for name, width in widths.items()}
    if opaque(n_feeds) > 1:
        layers["norm"] = nn.LayerNorm(widths["width_1"])
        layers["feeds"] = nn.ModuleList(nn.Linear(widths["width_0"], 5) for _ in range(n_feeds - 1))
    return nn.ModuleDict(layers)


def test_a_module_that_is_not_there_at_a_small_size_bounds_that_size_alone() -> None:
    tree = pc.derive(feed, {"n_feeds": 4, **{f"width_{number}": 24 for number in range(10)}})
    assert [str(each) for each in tree.preconditions] == ["n_feeds >= 2"]
    assert evidence_of(tree).builds < 100


@pytest.mark.parametrize("least", [2, 3, 4, 6, 9])
@pytest.mark.parametrize("n_layers", [12, 26, 60])
def test_the_fewest_layers_of_a_model_are_found(n_layers: int, least: int) -> None:
    def tabled(n_layers: int, width: int, out: int) -> nn.Module:
        model = nn.Module()
        model.layers = nn.ModuleList(nn.Linear(width, out) for _ in range(n_layers))
        for name in ("short", "long") if opaque(n_layers) >= least else ("short",):
            model.register_buffer(name, torch.zeros(width))
        return model

    tree = pc.derive(tabled, {"n_layers": n_layers, "width": 24, "out": 9})
    assert [str(each) for each in tree.preconditions] == [f"n_layers >= {least}"]
    assert evidence_of(tree).builds < 100
    for number in range(1, 20):
        says_or_refuses(tabled, tree, n_layers=number, width=3, out=5)


def with_more_above(width: int, out: int, traced: bool) -> nn.Module:
    """One layer, and from some width on a second one."""
    more = width > 100 if traced else opaque(width) > 150
    return nn.ModuleList([nn.Linear(width, out), *([nn.Linear(out, out)] if more else [])])


@pytest.mark.parametrize(("traced", "most"), [(True, 100), (False, 150)])
def test_a_layer_that_is_there_above_a_size_bounds_the_form(traced: bool, most: int) -> None:
    def build(width: int, out: int) -> nn.Module:
        return with_more_above(width, out, traced)

    tree = pc.derive(build, {"width": 64, "out": 10})
    assert [str(each) for each in tree.preconditions] == [f"{most} >= width"]
    assert str(tree.params) == "out*width + out"


def odd_table(width: int, height: int, depth: int) -> nn.Module:
    """Three layers, whatever comparisons of two sizes say, and a table where the third is odd."""
    wide, deep = width > 20, depth > 20
    layers = {"wide": nn.Linear(width, 3), "tall": nn.Linear(height, 5), "deep": nn.Linear(depth, 5)}
    return nn.ModuleDict(layers | ({"table": nn.Embedding(7, 3)} if opaque(height) % 2 and {wide, deep} else {}))


@pytest.mark.parametrize("width", [24, 36])
def test_a_comparison_is_not_to_blame_for_what_another_size_changes(width: int) -> None:
    tree = pc.derive(odd_table, {"width": width, "height": 52, "depth": width})
    assert [str(each) for each in tree.preconditions] == ["height divisible by 2"]


def test_both_sides_of_a_comparison_are_tried() -> None:
    def build(inner: int, outer: int) -> nn.Module:
        layers = [nn.Embedding(10, inner), nn.Linear(outer, outer)]
        return nn.Sequential(*layers, *([nn.Linear(inner, outer)] if inner != outer else []))

    found = pc.derive(build, {"inner": 48, "outer": 64})
    assert [str(each) for each in found.preconditions] == ["inner != outer"]
    with pytest.raises(pc.errors.PreconditionFailed, match="8 is not different from 8"):
        found.bind(inner=8, outer=8)
    assert pc.from_json(pc.to_json(found)) == found
