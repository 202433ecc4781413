"""Layers whose kind is said by their place, and places that are no sizes."""

from __future__ import annotations

from typing import Any

import pytest
from torch import nn

import paramcalc as pc
from paramcalc.derivation.models.prediction import predicts
from paramcalc.sizes.parse import parse_exact
from paramcalc.sizes.symbols import same
from paramcalc.sources.modules.torch_module import from_module
from tests.derivation.wide_layers import Wide, every
from tests.forms import agrees, evidence_of, opaque, says_or_refuses


def middle(width: int, n_layers: int, start: int, end: int) -> nn.Module:
    """Wide layers from one number to another, others before and after them."""
    kinds = [Wide if opaque(start) <= number <= opaque(end) else nn.Linear for number in range(n_layers)]
    return nn.ModuleList(kind(width, width) for kind in kinds)


def test_the_structure_of_the_base_is_kept_where_conditions_tell_it() -> None:
    at = {"width": 24, "n_layers": 28, "start": 1, "end": 27}
    tree = pc.derive(middle, at)
    assert evidence_of(tree).fixed == {}
    assert agrees(middle, tree, **at)
    for n_layers in range(1, 9):
        for start in range(1, 5):
            for end in (2, 6, 9):
                says_or_refuses(middle, tree, width=3, n_layers=n_layers, start=start, end=end)


def test_what_follows_from_the_number_of_layers_is_left_to_the_library() -> None:
    """The kinds of layers, and the layers that differ, stand in the default config as lists as long as there are."""
    nested = {"model_type": "embedding_gemma2"}
    tree = pc.derive_config(nested, vary=["text_config_num_hidden_layers"])
    for layers in (6, 7, 24, 31):
        assert tree.bind(text_config_num_hidden_layers=layers).params > 0


def staged(widths: list[int], n_stages: int, special: list[int], n_layers: int) -> nn.Module:
    stages = nn.ModuleList(nn.Linear(widths[number], 3) for number in range(n_stages))
    kinds = [Wide(widths[0], 5) if number in special else nn.Linear(widths[0], 7) for number in range(n_layers)]
    return nn.ModuleDict({"stages": stages, "layers": nn.ModuleList(kinds)})


def test_lengths_of_lists_and_places_of_layers_are_no_sizes() -> None:
    at = {"widths": [16, 32, 48], "n_stages": 3, "special": [2, 5], "n_layers": 9}
    tree = pc.derive(staged, at)
    evidence = evidence_of(tree)
    assert evidence.layout == {"n_stages": 3, "special_0": 2, "special_1": 5}
    assert tree.symbols == {"widths_0", "widths_1", "widths_2", "n_layers"}
    for n_layers in range(1, 15):
        built = from_module(staged([4, 5, 6], 3, [2, 5], n_layers))
        point = {"widths_0": 4, "widths_1": 5, "widths_2": 6, "n_layers": n_layers}
        assert predicts(tree, point, built) or n_layers < 7
    free = pc.derive(staged, at, vary=["widths", "n_layers"])
    assert evidence_of(free).layout == {}


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
