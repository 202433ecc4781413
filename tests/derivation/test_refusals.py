"""What code refuses becomes a condition that says why."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pytest
from torch import nn

import paramcalc as pc
from paramcalc.derivation.domain.domain import Domain
from paramcalc.derivation.models.observations import Observations
from paramcalc.derivation.models.prober import Prober, Refused
from paramcalc.errors import ParamcalcError
from paramcalc.sizes.conditions import Condition
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


def paired(width: int, n_heads: int) -> nn.Module:
    if opaque(width) % (2 * opaque(n_heads)):
        raise ValueError("heads have an even width")
    return nn.Linear(width, 3 * width)


def test_a_size_that_must_be_a_multiple_of_twice_another() -> None:
    tree = pc.derive(paired, {"width": 96, "n_heads": 4})
    assert [str(each) for each in tree.preconditions] == ["width divisible by 2*n_heads"]


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


@pytest.mark.parametrize("step", [11, 17])
def test_no_size_that_was_seen_to_be_refused_is_within_a_form(step: int) -> None:
    def build(width: int, other: int, depth: int) -> nn.Module:
        if (opaque(width) * 7 + opaque(other)) % step == 3:
            raise ValueError("a rule that no condition says")
        return nn.Linear(width, other * depth)

    tree = pc.derive(build, {"width": 24, "other": 20, "depth": 3})
    for point, _ in evidence_of(tree).refused:
        assert not says_or_refuses(build, tree, **point)


def rooted(a: int, b: int, c: int) -> nn.Module:
    """As attention is, by the root of the size of a head: that of each part must not be 0."""
    scales = (a // b) ** -0.5, (c // b) ** -0.5
    return nn.Sequential(nn.Linear(a, c), nn.Softplus(*scales))


def test_what_code_divides_by_is_never_0() -> None:
    tree = pc.derive(rooted, {"a": 64, "b": 4, "c": 96})
    assert {str(each) for each in tree.preconditions} == {"a >= b", "c >= b"}
    assert evidence_of(tree).builds < 50
