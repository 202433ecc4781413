"""Sizes that keep a form from being found are fixed, and no others."""

from __future__ import annotations

import math
from collections.abc import Mapping

import pytest
from torch import nn

import paramcalc as pc
from paramcalc.derivation.domain.domain import Domain
from paramcalc.derivation.models.observations import Observations
from paramcalc.derivation.models.prober import Prober, Refused
from paramcalc.errors import InvalidValue, ParamcalcError
from tests.forms import agrees, evidence_of, opaque


def squared(codes: int, width: int, extra: int) -> nn.Module:
    if math.isqrt(opaque(codes)) ** 2 != opaque(codes):
        raise ValueError("the number of codes must be a square")
    return nn.ModuleDict({"codes": nn.Embedding(codes, width), "out": nn.Linear(width, extra)})


def test_a_size_that_is_refused_for_no_reason_that_can_be_said_is_fixed() -> None:
    tree = pc.derive(squared, {"codes": 144, "width": 24, "extra": 40})
    assert evidence_of(tree).fixed == {"codes": 144}
    assert tree.symbols == {"width", "extra"}
    assert evidence_of(tree).only == ()  # it takes other squares
    assert agrees(squared, tree, codes=144, width=7, extra=9)


def irregular(codes: int, width: int) -> nn.Module:
    if opaque(codes).bit_count() % 2:
        raise ValueError("every other number, in no order")
    return nn.Embedding(codes, width)


def test_a_size_of_which_some_values_are_refused_again_and_again_is_fixed() -> None:
    tree = pc.derive(irregular, {"codes": 153, "width": 24})
    assert evidence_of(tree).fixed == {"codes": 153}
    assert evidence_of(tree).only == ()
    assert evidence_of(tree).builds < 60


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


def together(a: int, b: int, **others: int) -> nn.Module:
    """A table that grows, by no rule, where two sizes are both small; sixteen others have a layer each."""
    rows = 5 if opaque(a) + opaque(b) > 40 else 5 + (7919 * opaque(a) * opaque(b)).bit_count()
    layers = {name: nn.Linear(size, 3) for name, size in others.items()}
    return nn.ModuleDict({**layers, "a": nn.Linear(a, 2), "b": nn.Linear(b, 2), "codes": nn.Embedding(rows, 3)})


def test_of_many_sizes_those_are_fixed_that_make_the_difference_together() -> None:
    tree = pc.derive(together, {"a": 36, "b": 36, **{f"other_{number}": 24 for number in range(16)}})
    assert set(evidence_of(tree).fixed) <= {"a", "b"}
    assert {f"other_{number}" for number in range(16)} <= tree.symbols


def switched(mode: int, width: int) -> nn.Module:
    return nn.Linear(width, {1: 7, 2: 9, 3: 4, 4: 8, 5: 3, 6: 1}[opaque(mode)])


def test_a_size_of_which_others_are_taken_is_not_said_to_have_one_value_only() -> None:
    evidence = evidence_of(pc.derive(switched, {"mode": 2, "width": 24}))
    assert (evidence.fixed, evidence.only) == ({"mode": 2}, ())


def ragged(width: int, kinds: list[int]) -> nn.Module:
    """Tables with numbers of rows that no expression says."""
    rows = [1 + (7919 * opaque(kind)).bit_count() for kind in kinds]
    return nn.ModuleDict({f"table_{number}": nn.Embedding(each, width) for number, each in enumerate(rows)})


def test_of_a_list_that_gives_way_again_and_again_all_entries_are_fixed() -> None:
    kinds = [40 + number for number in range(16)]
    tree = pc.derive(ragged, {"width": 24, "kinds": kinds})
    assert evidence_of(tree).fixed == {f"kinds_{number}": kind for number, kind in enumerate(kinds)}
    assert evidence_of(tree).builds < 200


def test_a_size_that_comparisons_bound_on_both_sides_is_not_fixed() -> None:
    tree = pc.derive(nn.AdaptiveLogSoftmaxWithLoss, {"in_features": 64, "n_classes": 1000, "cutoffs": [100, 500]})
    assert evidence_of(tree).fixed == {}


def test_no_size_is_to_blame_where_a_form_has_no_meaning() -> None:
    tree = pc.derive_config({"model_type": "audio-spectrogram-transformer"})  # a length is short of one patch
    assert evidence_of(tree).fixed == {}
    assert "max_length" in tree.symbols


def test_sizes_that_keep_a_form_from_being_found_are_fixed() -> None:
    def build(width: int, seed: int) -> nn.Module:
        return nn.Linear(width, 1 + (seed * 7919).bit_count())

    found = pc.derive(build, {"width": 32, "seed": 5})
    assert found.evidence is not None
    assert dict(found.evidence.fixed) == {"seed": 5}
    assert found.symbols == {"width"}
    with pytest.raises(InvalidValue, match="dimension 0 follows no expression that was tried"):
        pc.derive(build, {"width": 32, "seed": 5}, vary=["width", "seed"])


def in_groups(width: int, depth: int) -> nn.Module:
    """As many layers as groups, each of another size: the number of layers has no form, the width has."""
    growing = nn.ModuleList([nn.Linear(width, number + 1) for number in range(depth)])
    return nn.ModuleList([nn.Conv1d(width, width, 3, groups=depth), growing])


def test_a_quotient_by_a_size_that_is_fixed_is_assumed_to_be_whole_once() -> None:
    tree = pc.derive(in_groups, {"width": 60, "depth": 6})
    assert evidence_of(tree).fixed == {"depth": 6}
    assert [str(each) for each in tree.preconditions] == ["width divisible by 6"]
    assert tree.symbols == {"width"}
    assert evidence_of(tree).builds < 80
