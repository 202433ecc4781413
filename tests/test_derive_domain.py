"""For which sizes a derived form holds: what code refuses, where it builds another model, what is fixed."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

import paramcalc as pc
from paramcalc.derivation.domain.domain import Domain
from paramcalc.derivation.models import prediction, prober
from paramcalc.derivation.models.observations import Observations
from paramcalc.derivation.models.prediction import predicts
from paramcalc.derivation.models.prober import Prober, Refused
from paramcalc.errors import NoForm, ParamcalcError
from paramcalc.sizes.conditions import Condition
from paramcalc.sources.modules.torch_module import from_module
from tests.forms import agrees, evidence_of, opaque, says_or_refuses


@pytest.mark.parametrize(("odd", "head_dim"), [(4, 16), (4, 32), (4, 64), (16, 16), (16, 12)])
def test_a_condition_that_very_small_sizes_need_not_meet(odd: int, head_dim: int) -> None:
    def heads(width: int, head_dim: int, n_heads: int, n_layers: int) -> nn.Module:
        if opaque(head_dim) > odd and opaque(head_dim) % 2:
            raise ValueError("an odd head")
        return nn.ModuleList(nn.Linear(width, head_dim * n_heads) for _ in range(n_layers))

    tree = pc.derive(heads, {"width": 64, "head_dim": head_dim, "n_heads": 4, "n_layers": 3})
    assert [str(each) for each in tree.preconditions] == ["head_dim divisible by 2"]
    assert evidence_of(tree).fixed == {}
    assert evidence_of(tree).builds < 70


def test_what_explains_refusals_though_a_few_very_small_sizes_break_it() -> None:
    domain = Domain()
    for size in (16, 12, 3, 6, 32):
        domain.accept({"head_dim": size, "width": 60})
    for size in (7, 21):
        domain.refuse({"head_dim": size, "width": 60}, "an odd head")
    assert str(domain.division_with_exceptions()) == "head_dim divisible by 2"
    for size in (1, 5):
        domain.accept({"head_dim": size, "width": 60})
    assert domain.division_with_exceptions() is None


def quantised(codes: int, width: int, extra: int) -> nn.Module:
    if opaque(codes) & (opaque(codes) - 1):
        raise ValueError("the number of codes must be a power of 2")
    return nn.ModuleDict({"codes": nn.Embedding(codes, width), "out": nn.Linear(width, extra)})


def test_a_size_that_must_be_a_power_of_two() -> None:
    tree = pc.derive(quantised, {"codes": 1024, "width": 24, "extra": 40})
    assert [str(each) for each in tree.preconditions] == ["codes a power of 2"]
    assert evidence_of(tree).fixed == {}
    with pytest.raises(ParamcalcError, match="1536 is not a power of 2"):
        tree.bind(codes=1536)
    assert pc.solve(tree.bind(width=16, extra=4), "codes", budget=10**6) == 2**15
    with pytest.raises(ParamcalcError, match="codes a power of 2"):
        pc.evaluate(tree, {"codes": np.array([512, 1000]), "width": 16, "extra": 4})


def squared(codes: int, width: int, extra: int) -> nn.Module:
    if math.isqrt(opaque(codes)) ** 2 != opaque(codes):
        raise ValueError("the number of codes must be a square")
    return nn.ModuleDict({"codes": nn.Embedding(codes, width), "out": nn.Linear(width, extra)})


def test_a_size_that_is_refused_for_no_reason_that_can_be_said_is_fixed() -> None:
    tree = pc.derive(squared, {"codes": 144, "width": 24, "extra": 40})
    assert evidence_of(tree).fixed == {"codes": 144}
    assert tree.symbols == {"width", "extra"}
    assert evidence_of(tree).only == ("codes",)
    assert agrees(squared, tree, codes=144, width=7, extra=9)


def irregular(codes: int, width: int) -> nn.Module:
    if opaque(codes).bit_count() % 2:
        raise ValueError("every other number, in no order")
    return nn.Embedding(codes, width)


def test_a_size_of_which_some_values_are_refused_again_and_again_is_fixed() -> None:
    tree = pc.derive(irregular, {"codes": 153, "width": 24})
    assert evidence_of(tree).fixed == {"codes": 153}
    assert evidence_of(tree).only == ()


def pinned(width: int, mode: int) -> nn.Module:
    if opaque(mode) != 3:
        raise ValueError("no such mode")
    return nn.Linear(width, 3 * width)


def test_a_size_that_can_have_one_value_only_is_named() -> None:
    evidence = evidence_of(pc.derive(pinned, {"width": 24, "mode": 3}))
    assert (evidence.fixed, evidence.only) == ({"mode": 3}, ("mode",))
    with pytest.raises(ParamcalcError, match="built with another mode"):
        pc.derive(pinned, {"width": 24, "mode": 3}, vary=["width", "mode"])


def test_other_values_are_tried_before_a_size_is_said_to_have_one_only() -> None:
    def build(at: Mapping[str, int]) -> pc.Block:
        if at["mode"] != 3:
            raise Refused("no such mode")
        return pc.layers.Linear(at["width"], 3)

    base = {"width": 24, "mode": 3}
    observations = Observations(Prober(build), base, ("width", "mode"), Domain())
    observations.keep(base, build(base))
    assert not observations.takes_no_other("width")
    assert observations.takes_no_other("mode")
    assert observations.prober.builds == 3


def paired(width: int, n_heads: int) -> nn.Module:
    if opaque(width) % (2 * opaque(n_heads)):
        raise ValueError("heads have an even width")
    return nn.Linear(width, 3 * width)


def test_a_size_that_must_be_a_multiple_of_twice_another() -> None:
    tree = pc.derive(paired, {"width": 96, "n_heads": 4})
    assert [str(each) for each in tree.preconditions] == ["width divisible by 2*n_heads"]


class Wide(nn.Linear):
    pass


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


class Turning(nn.Module):
    """Layers of two kinds in turn; every other one of the second kind asks for a table that all share."""

    def __init__(self, width: int, n_layers: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList((nn.Linear, Wide)[number % 2](width, width) for number in range(n_layers))
        if opaque(n_layers) > 3:
            self.table = nn.Embedding(8, width)


@pytest.mark.parametrize(("n_layers", "few", "period"), [(20, 5, 4), (24, 6, 5), (32, 7, 4)])
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


class Steps(nn.Module):
    """A table whose length torch finds in floating point."""

    def __init__(self, width: int, depth: int, end: int) -> None:
        import torch

        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(width, 3) for _ in range(depth))
        self.register_buffer("steps", torch.arange(0, end, 4 / width))


def twice(width: int, depth: int) -> nn.Module:
    return Steps(width, depth, 2)


def test_lengths_found_in_floating_point_have_no_form() -> None:
    at = {"width": 64, "depth": 4}
    evidence = evidence_of(tree := pc.derive(twice, at))
    assert evidence.fixed == {"width": 64}
    assert tree.symbols == {"depth"}
    with pytest.raises(ParamcalcError, match="width reach a length that torch finds in floating point"):
        pc.derive(twice, at, vary=["width"])


@pytest.mark.parametrize("width", [64, 195])
def test_lengths_found_in_floating_point_have_a_form_as_long_as_it_is_right(width: int) -> None:
    def steps(width: int, depth: int) -> nn.Module:
        return Steps(width, depth, 1)

    tree = pc.derive(steps, {"width": width, "depth": 4})
    assert tree.symbols == {"width", "depth"}
    assert "195 >= width" in [str(each) for each in tree.preconditions]
    for each in range(1, 260):
        says_or_refuses(steps, tree, width=each, depth=2)
    assert (
        dict(Steps(196, 1, 1).named_buffers())["steps"].numel() == 50
    )  # not 49: the table of 196 / 4 steps has one more


def test_lengths_found_in_floating_point_have_no_form_beyond() -> None:
    tree = pc.derive(lambda width, depth: Steps(width, depth, 1), {"width": 256, "depth": 4})
    assert evidence_of(tree).fixed == {"width": 256}


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


class Shared(nn.Module):
    """A tied head, and a size that cannot be said together with the others."""

    def __init__(self, vocab: int, width: int, kinds: int) -> None:
        super().__init__()
        self.embed = nn.Embedding(vocab, width)
        self.head = nn.Linear(width, vocab, bias=False)
        self.head.weight = self.embed.weight
        self.codes = nn.Embedding(1 + (7919 * opaque(kinds)).bit_count(), 3)


def test_ties_hold_also_where_one_size_alone_is_changed() -> None:
    tree = pc.derive(Shared, {"vocab": 96, "width": 24, "kinds": 5})
    assert evidence_of(tree).fixed == {"kinds": 5}
    assert agrees(Shared, tree, vocab=11, width=7, kinds=5)


def test_what_follows_from_the_number_of_layers_is_left_to_the_library() -> None:
    """The kinds of layers, and the layers that differ, stand in the default config as lists as long as there are."""
    nested = {"model_type": "embedding_gemma2"}
    tree = pc.derive_config(nested, vary=["text_config_num_hidden_layers"])
    for layers in (6, 7, 24, 31):
        assert tree.bind(text_config_num_hidden_layers=layers).params > 0


def rotary(head_dim: int, rope_dim: int, width: int) -> nn.Module:
    """The code has the rotary share as a float: times the head, it may come out a little below the whole number."""
    share = opaque(rope_dim) / opaque(head_dim)
    return nn.ModuleList([nn.Linear(width, head_dim), nn.Embedding((int(opaque(head_dim) * share) + 1) // 2, 3)])


def test_what_floating_point_rounds_down_holds_for_even_sizes() -> None:
    assert int(133 * (61 / 133)) != 61 or int(49 * (1 / 49)) != 1
    tree = pc.derive(rotary, {"head_dim": 192, "rope_dim": 48, "width": 24})
    assert evidence_of(tree).fixed == {}
    assert "rope_dim divisible by 2" in [str(each) for each in tree.preconditions]
    for rope_dim in range(1, 97):
        for head_dim in (49, 98, 133, 192, 200):
            says_or_refuses(rotary, tree, head_dim=head_dim, rope_dim=rope_dim, width=5)


def at_least(width: int, n_heads: int, out: int) -> nn.Module:
    """A table of frequencies as long as half a head, or a number."""
    return nn.ModuleList([nn.Linear(width, out), nn.Embedding(len(range(0, max(width // (2 * n_heads), 32), 2)), 3)])


def test_a_form_keeps_to_the_larger_of_two_where_both_are_equal_at_the_base() -> None:
    at = {"width": 768, "n_heads": 12, "out": 9}
    tree = pc.derive(at_least, at)
    assert evidence_of(tree).fixed == {}
    assert "floor(width/(2*n_heads)) >= 32" in [str(each) for each in tree.preconditions]
    assert len(evidence_of(tree).predicted) == 8  # nothing is rounded then
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


def together(a: int, b: int, **others: int) -> nn.Module:
    """A table that grows, by no rule, where two sizes are both small; sixteen others have a layer each."""
    rows = 5 if opaque(a) + opaque(b) > 40 else 5 + (7919 * opaque(a) * opaque(b)).bit_count()
    layers = {name: nn.Linear(size, 3) for name, size in others.items()}
    return nn.ModuleDict({**layers, "a": nn.Linear(a, 2), "b": nn.Linear(b, 2), "codes": nn.Embedding(rows, 3)})


def test_of_many_sizes_those_are_fixed_that_make_the_difference_together() -> None:
    tree = pc.derive(together, {"a": 36, "b": 36, **{f"other_{number}": 24 for number in range(16)}})
    assert set(evidence_of(tree).fixed) <= {"a", "b"}
    assert {f"other_{number}" for number in range(16)} <= tree.symbols


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


def halved(factor: int, width: int) -> nn.Module:
    """As many layers as the factor can be halved."""
    return nn.ModuleList(nn.Linear(width, 3) for _ in range(opaque(factor).bit_length() - 1))


def test_a_number_of_layers_that_grows_as_a_logarithm_is_never_said_wrong() -> None:
    tree = pc.derive(halved, {"factor": 8, "width": 24})
    assert any(says_or_refuses(halved, tree, factor=factor, width=3) for factor in range(8, 130))


def grown(n_layers: int, width: int) -> nn.Module:
    """A model that has a table once there are very many layers."""
    layers = nn.ModuleList(nn.Linear(width, 3) for _ in range(n_layers))
    return nn.ModuleDict({"layers": layers, **({"table": nn.Embedding(8, width)} if opaque(n_layers) > 40 else {})})


def test_many_more_layers_than_at_the_base_are_tried() -> None:
    tree = pc.derive(grown, {"n_layers": 12, "width": 24})
    assert tree.symbols == {"n_layers", "width"}
    for n_layers in range(1, 120):
        says_or_refuses(grown, tree, n_layers=n_layers, width=3)


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
    assert evidence_of(tree).builds < 80
    for number in range(1, 20):
        says_or_refuses(tabled, tree, n_layers=number, width=3, out=5)


def scaled(width: int, rate: int, n_heads: int, out: int) -> nn.Module:
    """Layers of an attention with a smaller width, whose heads are not to be of none."""
    head = width // rate // n_heads
    assert head**-0.5 <= 1
    return nn.ModuleList([nn.Linear(width, out), nn.Linear(out, rate), nn.Linear(n_heads, out)])


def shared_out(width: int, rate: int, n_heads: int, out: int) -> nn.Module:
    """The same, of which one divides by the width of a head."""
    assert out / (width // rate // n_heads) > 0
    return nn.ModuleList([nn.Linear(width, out), nn.Linear(out, rate), nn.Linear(n_heads, out)])


@pytest.mark.parametrize("build", [scaled, shared_out])
def test_what_the_code_divides_by_is_not_zero(build: Callable[..., nn.Module]) -> None:
    tree = pc.derive(build, {"width": 256, "rate": 2, "n_heads": 8, "out": 20})
    assert [str(each) for each in tree.preconditions] == ["width >= n_heads*rate"]
    assert evidence_of(tree).builds < 60
    assert agrees(build, tree, width=21, rate=3, n_heads=7, out=5)
    assert not says_or_refuses(lambda **_: nn.Module(), tree, width=20, rate=3, n_heads=7, out=5)


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


def split(width: int, n_heads: int) -> nn.Module:
    """The size of all heads, by way of a float."""
    return nn.Linear(width, n_heads * int(width / n_heads))


def test_int_of_a_quotient_keeps_its_trace_in_a_product() -> None:
    tree = pc.derive(split, {"width": 128, "n_heads": 4})
    assert evidence_of(tree).fixed == {}
    assert evidence_of(tree).builds < 60
    assert agrees(split, tree, width=96, n_heads=6)


def frequencies(width: int, n_heads: int, n_layers: int) -> nn.Module:
    model = nn.Module()
    model.register_buffer("frequencies", 1 / 100 ** torch.arange(0, 1, 4 / (width // n_heads)))
    model.layers = nn.ModuleList(nn.Linear(width, width) for _ in range(n_layers))
    return model


def test_a_length_that_was_traced_needs_no_further_condition() -> None:
    tree = pc.derive(frequencies, {"width": 384, "n_heads": 6, "n_layers": 12})
    conditions = {str(each) for each in tree.preconditions}
    assert conditions == {"195 >= floor(width/n_heads)", "width divisible by n_heads"}
    assert len(evidence_of(tree).predicted) == 24  # its length is rounded up
    for n_heads in (1, 3, 8):
        for head_dim in (1, 2, 3, 5, 7, 194):
            assert says_or_refuses(frequencies, tree, width=n_heads * head_dim, n_heads=n_heads, n_layers=2)


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


def adjusted(width: int, out: int) -> nn.Module:
    """Three quarters of a width, in eighths, and one more where that takes off a tenth of it, as some widths do."""
    wanted = 0.75 * width
    rounded = max(8, int(wanted + 4) // 8 * 8)
    made = rounded + 8 if rounded < 0.9 * wanted else rounded
    return nn.ModuleList([nn.Conv2d(3, made, 3), nn.Linear(made, out)])


def test_no_odd_fraction_is_taken_for_what_rounds_some_sizes() -> None:
    tree = pc.derive(adjusted, {"width": 64, "out": 10})
    for width in range(1, 200):
        says_or_refuses(adjusted, tree, width=width, out=3)


def in_blocks(codes: int, width: int) -> nn.Module:
    if opaque(codes) % 64:
        raise ValueError("codes come in blocks of 64")
    return nn.Embedding(codes, width)


def test_a_size_that_must_be_a_multiple_of_64() -> None:
    tree = pc.derive(in_blocks, {"codes": 320, "width": 24})
    assert [str(each) for each in tree.preconditions] == ["codes divisible by 64"]
    assert evidence_of(tree).fixed == {}


def bordered(image: int, border: int, width: int) -> nn.Module:
    if opaque(image) < 2 * opaque(border):
        raise ValueError("the borders are wider than the image")
    return nn.Linear(image, width * border)


def test_a_size_that_must_be_twice_another_one_at_least() -> None:
    tree = pc.derive(bordered, {"image": 40, "border": 18, "width": 5})
    assert [str(each) for each in tree.preconditions] == ["image >= 2*border"]
    assert evidence_of(tree).fixed == {}


def switched(mode: int, width: int) -> nn.Module:
    return nn.Linear(width, {1: 7, 2: 9, 3: 4, 4: 8, 5: 3, 6: 1}[opaque(mode)])


def test_a_size_of_which_others_are_taken_is_not_said_to_have_one_value_only() -> None:
    evidence = evidence_of(pc.derive(switched, {"mode": 2, "width": 24}))
    assert (evidence.fixed, evidence.only) == ({"mode": 2}, ())


def routed(width: int, experts: int, groups: int, chosen: int) -> nn.Module:
    """Experts in groups of which some are chosen: one of one, at the start."""
    if not 1 <= chosen <= groups:
        raise ValueError("more groups are chosen than there are")
    if experts % groups:
        raise ValueError("the groups do not divide the experts")
    return nn.ModuleList([nn.Linear(width, experts), nn.Embedding(opaque(7 * width // 5), 2)])


def test_a_size_that_can_be_changed_with_another_one_only_is_not_fixed() -> None:
    def build(at: Mapping[str, int]) -> pc.Block:
        if at["chosen"] > at["groups"]:
            raise Refused("more groups are chosen than there are")
        return pc.layers.Linear(at["groups"], 3)

    base = {"groups": 1, "chosen": 1}
    compared = Condition(pc.symbol("groups"), ">=", pc.symbol("chosen"))
    observations = Observations(Prober(build), base, ("groups", "chosen"), Domain(branches=[compared]))
    for point in (base, {"groups": 3, "chosen": 2}):
        observations.keep(point, build(point))
    observations.domain.refuse({"groups": 1, "chosen": 2}, "more groups are chosen than there are")
    observations.one_by_one()
    assert observations.names == ("groups", "chosen")


def test_the_groups_of_which_some_are_chosen_vary_with_them() -> None:
    tree = pc.derive(routed, {"width": 40, "experts": 24, "groups": 1, "chosen": 1})
    assert evidence_of(tree).fixed == {}
    assert "groups >= chosen" in [str(each) for each in tree.preconditions]


def shared_rope(width: int, head_dim: int, rope_dim: int, n_layers: int) -> nn.Module:
    """As a config with a share of the head as a float: a table for each pair that is turned, rounded up."""
    table = nn.Embedding((int(head_dim * (rope_dim / head_dim)) + 1) // 2, 3)
    return nn.ModuleList([table, *(nn.Linear(width, head_dim) for _ in range(n_layers))])


def test_what_floating_point_misses_is_looked_for() -> None:
    tree = pc.derive(shared_rope, {"width": 24, "head_dim": 512, "rope_dim": 64, "n_layers": 3})
    assert evidence_of(tree).fixed == {}
    assert "rope_dim divisible by 2" in [str(each) for each in tree.preconditions]
    for head_dim in (49, 98, 133, 192, 512):
        for rope_dim in range(1, head_dim, 7):
            says_or_refuses(shared_rope, tree, width=5, head_dim=head_dim, rope_dim=rope_dim, n_layers=2)


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


def test_no_size_below_one_is_tried() -> None:
    built = []

    def noted(width: int, mode: int) -> nn.Module:
        built.append((int(width), int(mode)))
        return choosy(width, mode)

    pc.derive(noted, {"width": 24, "mode": 3})
    assert min(min(sizes) for sizes in built) == 1


def odd_table(width: int, height: int, depth: int) -> nn.Module:
    """Three layers, whatever comparisons of two sizes say, and a table where the third is odd."""
    wide, deep = width > 20, depth > 20
    layers = {"wide": nn.Linear(width, 3), "tall": nn.Linear(height, 5), "deep": nn.Linear(depth, 5)}
    return nn.ModuleDict(layers | ({"table": nn.Embedding(7, 3)} if opaque(height) % 2 and {wide, deep} else {}))


@pytest.mark.parametrize("width", [24, 36])
def test_a_comparison_is_not_to_blame_for_what_another_size_changes(width: int) -> None:
    tree = pc.derive(odd_table, {"width": width, "height": 52, "depth": width})
    assert [str(each) for each in tree.preconditions] == ["height divisible by 2"]


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


def ragged(width: int, kinds: list[int]) -> nn.Module:
    """Tables with numbers of rows that no expression says."""
    rows = [1 + (7919 * opaque(kind)).bit_count() for kind in kinds]
    return nn.ModuleDict({f"table_{number}": nn.Embedding(each, width) for number, each in enumerate(rows)})


def test_of_a_list_that_gives_way_again_and_again_all_entries_are_fixed() -> None:
    kinds = [40 + number for number in range(9)]
    tree = pc.derive(ragged, {"width": 24, "kinds": kinds})
    assert evidence_of(tree).fixed == {f"kinds_{number}": kind for number, kind in enumerate(kinds)}
    assert evidence_of(tree).builds < 200


def divisible(value: float) -> int:
    """The nearest multiple of 8, as networks for phones have it."""
    return max(8, int(value + 4) // 8 * 8)


def twice_rounded(width: int, groups: int, times: int) -> nn.Module:
    if opaque(width) % groups:
        raise ValueError("channels are grouped")
    return nn.Linear(width * times, divisible(divisible(opaque(width) * opaque(times)) * 0.25))


@pytest.mark.parametrize("width", [96, 192, 384])
def test_what_is_rounded_twice_unseen_is_never_said_wrong(width: int) -> None:
    sizes = {"width": width, "groups": 2, "times": 1}
    try:
        tree = pc.derive(twice_rounded, sizes)
    except NoForm:
        return
    for other in range(2, 3 * width, 2):
        says_or_refuses(twice_rounded, tree, **{**sizes, "width": other})


def test_a_size_that_comparisons_bound_on_both_sides_is_not_fixed() -> None:
    tree = pc.derive(nn.AdaptiveLogSoftmaxWithLoss, {"in_features": 64, "n_classes": 1000, "cutoffs": [100, 500]})
    assert evidence_of(tree).fixed == {}


def test_a_division_that_few_tiny_models_break_is_preferred_to_several_guesses() -> None:
    def point(head: int, wide: int, rank: int) -> dict[str, int]:
        return {"head": head, "wide": wide, "rank": rank}

    domain = Domain()
    for built in (point(64, 128, 192), point(32, 96, 64), point(1, 5, 3), point(128, 256, 128), point(6, 6, 12)):
        domain.accept(built)
    for odd in (point(21, 72, 42), point(45, 45, 7), point(7, 35, 9), point(9, 80, 18), point(15, 11, 30)):
        domain.refuse(odd, "no odd heads")
    assert set(map(str, domain.conditions)) == {"wide divisible by head", "rank divisible by head"}
    assert str(domain.division_with_exceptions()) == "head divisible by 2"
    domain.accept(point(3, 9, 6))
    assert domain.division_with_exceptions() is None  # two of five


def test_no_size_is_to_blame_where_a_form_has_no_meaning() -> None:
    tree = pc.derive_config({"model_type": "audio-spectrogram-transformer"})  # a length is short of one patch
    assert evidence_of(tree).fixed == {}
    assert "max_length" in tree.symbols


def test_more_copies_than_could_be_listed_are_no_prediction(monkeypatch: pytest.MonkeyPatch) -> None:
    def listed(_: object) -> None:
        raise AssertionError("they would be listed")

    n = pc.symbol("n")
    many = pc.compose("ModuleList", {"x": pc.layers.Linear(3, 3)})
    tree = replace(many, children=(pc.repeated(pc.layers.Linear(3, 3), n**4),))
    monkeypatch.setattr(prediction, "contents", listed)
    assert not predicts(tree, {"n": 1000}, from_module(nn.ModuleList([nn.Linear(3, 3)])))
