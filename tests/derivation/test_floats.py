"""What code finds in floating point is said where it is right, and never beyond."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import nn

import paramcalc as pc
from paramcalc.errors import ParamcalcError
from tests.forms import agrees, evidence_of, opaque, says_or_refuses


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


def split(width: int, n_heads: int) -> nn.Module:
    """The size of all heads, by way of a float."""
    return nn.Linear(width, n_heads * int(width / n_heads))


def split_plainly(width: int, n_heads: int) -> nn.Module:
    """The same by the method, which makes an integer without a memory."""
    return nn.Linear(width, n_heads * (width / n_heads).__int__())


@pytest.mark.parametrize("build", [split, split_plainly])
def test_int_of_a_quotient_keeps_its_trace_in_a_product(build: Callable[..., nn.Module]) -> None:
    tree = pc.derive(build, {"width": 128, "n_heads": 4})
    assert evidence_of(tree).fixed == {}
    assert evidence_of(tree).builds < 60
    assert agrees(build, tree, width=96, n_heads=6)


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


def shared_rope(width: int, head_dim: int, rope_dim: int, n_layers: int) -> nn.Module:
    """As a config with a share of the head as a float: a table for each pair that is turned, rounded up."""
    table = nn.Embedding((int(head_dim * (rope_dim / head_dim)) + 1) // 2, 3)
    return nn.ModuleList([table, *(nn.Linear(width, head_dim) for _ in range(n_layers))])


def test_what_floating_point_misses_is_said() -> None:
    tree = pc.derive(shared_rope, {"width": 24, "head_dim": 512, "rope_dim": 64, "n_layers": 3})
    assert evidence_of(tree).fixed == {}
    assert tree.preconditions == ()
    assert int(49 * (1 / 49)) == 0
    for head_dim in (49, 98, 133, 192, 512):
        for rope_dim in range(1, head_dim, 7 if head_dim != 133 else 1):
            assert agrees(shared_rope, tree, width=5, head_dim=head_dim, rope_dim=rope_dim, n_layers=2)
