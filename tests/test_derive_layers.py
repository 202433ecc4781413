"""Lists of layers whose number, kinds and order hang on sizes, and parts that are there at some sizes only."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import sympy
from hypothesis import given
from torch import nn

import paramcalc as pc
from paramcalc import Block, TensorSpec, symbol
from paramcalc.derivation.fitting.fitter import Fitter
from paramcalc.derivation.models.prediction import at_point, contents, predicts
from paramcalc.derivation.trees.exact_quotients import without_rounding
from paramcalc.derivation.trees.patterns import Turn, turn_of
from paramcalc.sizes.conditions import Condition
from paramcalc.sizes.parse import parse_exact
from paramcalc.sizes.symbols import floored, same
from paramcalc.testing import block_trees as trees
from tests.forms import agrees, evidence_of, opaque, says_or_refuses


class Wide(nn.Linear):
    pass


def every(width: int, n_layers: int, step: int, place: int) -> nn.Module:
    """Every so many-th layer is a wide one: the first, the last of so many, or the one after the first."""
    start = opaque(step) - 1 if place < 0 else 0
    turns = [number >= place and (number - max(place, 0)) % opaque(step) == start for number in range(n_layers)]
    return nn.ModuleList(Wide(width, 5) if wide else nn.Linear(width, 3) for wide in turns)


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


def places(width: int, n_layers: int, a: int, b: int) -> nn.Module:
    """Layers of which the code says, place by place, how wide they are; two of the widths are equal at the base."""
    widths = [a, b, a, 2 * a, b, b][:n_layers] + [a] * max(0, n_layers - 6)
    return nn.ModuleList(nn.Linear(width, each) for each in widths)


def test_layers_of_which_each_place_has_its_kind() -> None:
    tree = pc.derive(places, {"width": 24, "n_layers": 7, "a": 4, "b": 4})
    assert evidence_of(tree).fixed == {}
    held = [
        says_or_refuses(places, tree, width=5, n_layers=n_layers, a=a, b=b)
        for n_layers in range(1, 25)
        for a in (2, 3, 6)
        for b in (3, 4)
    ]
    assert all(held[6 * 6 :])


def levels(width: int, n_levels: int, a: int, b: int, c: int) -> nn.Module:
    """A layer for each level: of three, each from a size of its own, the next from the last of these, others alike."""
    first = [nn.Linear(each, width) for each in (a, b, c)]
    more = [nn.Linear(c if number == 0 else width, 2 * width) for number in range(n_levels - 3)]
    return nn.ModuleList([*first, *more])


def test_layers_of_the_last_kinds_may_be_missing_at_the_start() -> None:
    at = {"width": 24, "n_levels": 3, "a": 16, "b": 16, "c": 16}
    tree = pc.derive(levels, at)
    assert evidence_of(tree).fixed == {}
    held = [
        says_or_refuses(levels, tree, width=5, n_levels=n_levels, a=3, b=b, c=c)
        for n_levels in range(1, 12)
        for b in (3, 5)
        for c in (2, 3, 5)
    ]
    assert sum(held) > 40
    assert agrees(levels, tree, **at)


def windowed(width: int, n_layers: int, out: int) -> nn.Module:
    """Layers of which four are wide, the last one at the start too."""
    kinds = [Wide if number in (2, 5, 8, 11) else nn.Linear for number in range(n_layers)]
    return nn.ModuleDict({"layers": nn.ModuleList(kind(width, out) for kind in kinds)})


def test_layers_after_the_last_that_is_another_one() -> None:
    tree = pc.derive(windowed, {"width": 24, "n_layers": 12, "out": 8})
    assert evidence_of(tree).fixed == {}
    held = [says_or_refuses(windowed, tree, width=5, n_layers=n_layers, out=3) for n_layers in range(1, 40)]
    assert held[11]
    assert sum(held) > 20


def sharing(width: int, n_layers: int, out: int) -> nn.Module:
    """Layers with a norm of their own each, and with two layers that are the same in all."""
    first, second = nn.Linear(width, width), nn.ModuleDict({"inner": nn.Linear(width, out)})
    return nn.ModuleList(
        nn.ModuleDict({"first": first, "norm": nn.LayerNorm(width), "second": second}) for _ in range(n_layers)
    )


def test_layers_that_share_modules() -> None:
    tree = pc.derive(sharing, {"width": 24, "n_layers": 4, "out": 10})
    assert same(tree.params, parse_exact("width**2 + width + width*out + out + 2*width*n_layers"))
    assert evidence_of(tree).fixed == {}
    for n_layers in (1, 2, 7):
        assert agrees(sharing, tree, width=5, n_layers=n_layers, out=3)


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


def product(a: int, b: int, c: int, d: int, e: int) -> nn.Module:
    return nn.Linear(int(np.prod([a, b, c, d, e])), a)


def test_products_that_numpy_takes() -> None:
    plain = np.prod, math.log2
    tree = pc.derive(product, {"a": 4, "b": 6, "c": 5, "d": 8, "e": 3})
    assert str(tree.params) == "a**2*b*c*d*e + a"
    assert (np.prod, math.log2) == plain
    with pytest.raises(pc.errors.InvalidValue, match="no model at the sizes given"):
        pc.derive(lambda a: 1 / 0, {"a": 4})
    assert (np.prod, math.log2) == plain


def windows(image: int, patch: int, heads: int) -> nn.Module:
    """A table of pairs of places."""
    side = opaque(image // patch + 3 * heads)
    return nn.Embedding(side**2, heads)


def test_squares_of_what_the_code_met() -> None:
    tree = pc.derive(windows, {"image": 96, "patch": 8, "heads": 4})
    assert evidence_of(tree).fixed == {}
    assert agrees(windows, tree, image=64, patch=4, heads=3)


def relative(image: int, patch: int, heads: int) -> nn.Module:
    """A table of distances between places."""
    return nn.Embedding(2 * opaque(image // patch + 3 * heads) - 1, heads)


def test_small_multiples_of_what_the_code_met() -> None:
    tree = pc.derive(relative, {"image": 96, "patch": 8, "heads": 4})
    assert evidence_of(tree).fixed == {}
    assert agrees(relative, tree, image=64, patch=4, heads=3)


def divisible(width: int, heads: int, ratio: int) -> nn.Module:
    """Hidden units, a multiple of 8."""
    return nn.Linear(width, opaque(int(width * ratio / heads)) // 8 * 8)


def test_multiples_to_which_plain_numbers_are_rounded() -> None:
    tree = pc.derive(divisible, {"width": 96, "heads": 5, "ratio": 3})
    assert evidence_of(tree).fixed == {}
    for width in (32, 60, 101):
        says_or_refuses(divisible, tree, width=width, heads=7, ratio=5)
    assert agrees(divisible, tree, width=104, heads=3, ratio=4)


def chosen(width: int, n_layers: int, taken: list[int]) -> nn.Module:
    """Layers, and a head for each of those that are named."""
    layers = nn.ModuleList(nn.Linear(width, 3) for _ in range(n_layers))
    heads = nn.ModuleDict({str(number): nn.Linear(width, 2) for number in sorted(taken) if layers[number] is not None})
    return nn.ModuleDict({"layers": layers, "heads": heads})


@pytest.mark.parametrize("taken", [[0, 1, 2], [2, 0, 1]])
def test_a_list_of_all_places_holds_no_sizes(taken: list[int]) -> None:
    at: dict[str, Any] = {"width": 24, "n_layers": 3, "taken": taken}
    tree = pc.derive(chosen, at, vary=None)
    assert set(evidence_of(tree).layout) == {f"taken_{number}" for number, place in enumerate(taken) if place}
    assert "width" in tree.symbols


def test_quotients_inside_of_maxima_stay_rounded() -> None:
    a, b = symbol("a"), symbol("b")
    inside = floored(a, b)
    size = sympy.Max(inside, 1) + inside
    tree = Block(own=(TensorSpec("weight", (size,)),))
    whole = without_rounding(tree, [Condition(a, "divisible by", b)])
    assert str(whole.params) == "a/b + Max(1, floor(a/b))"


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


def test_a_field_that_is_read_elsewhere_only_is_a_size() -> None:
    """With every layer sparse, no layer has the width of dense ones."""
    sizes = {"num_hidden_layers": 12, "hidden_size": 64, "intermediate_size": 96, "num_experts": 4}
    heads = {"num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 16, "moe_intermediate_size": 48}
    tree = pc.derive_config({"model_type": "qwen3_moe", "vocab_size": 100, **sizes, **heads})
    assert {"decoder_sparse_step", "intermediate_size"} <= tree.symbols


def test_a_breakdown_shows_which_copies_are_others() -> None:
    def build(width: int, n_layers: int, step: int) -> nn.Module:
        return every(width, n_layers, step, -1)

    tree = pc.derive(build, {"width": 24, "n_layers": 12, "step": 3})
    lines = [line.split("  ")[0] for line in pc.render(tree, "text").splitlines()]
    assert "├─ [step - 1..step*floor(n_layers/step) - 1 by step]" in lines
    assert "└─ [0.., step - 1 of every step]" in lines
    bound = pc.render(tree.bind(width=5, n_layers=11, step=4), "text").splitlines()
    assert [line.split("  ")[0] for line in bound[1:3]] == ["├─ [3..7 by 4]", "└─ [0.., 3 of every 4]"]
