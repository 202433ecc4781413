"""Numbers of layers and sizes that grow as a logarithm have a form, or none; never a wrong one."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
from torch import nn

import paramcalc as pc
from paramcalc.errors import PreconditionFailed
from tests.forms import agrees, opaque, says_or_refuses


def halved(factor: int, width: int) -> nn.Module:
    """As many layers as the factor can be halved."""
    return nn.ModuleList(nn.Linear(width, 3) for _ in range(opaque(factor).bit_length() - 1))


def test_a_number_of_layers_that_grows_as_a_logarithm_is_never_said_wrong() -> None:
    tree = pc.derive(halved, {"factor": 8, "width": 24})
    assert any(says_or_refuses(halved, tree, factor=factor, width=3) for factor in range(8, 130))


def halving(factor: int, width: int) -> nn.Module:
    """As many layers as the factor can be halved."""
    return nn.ModuleList(nn.Linear(width, 3) for _ in range(int(math.log2(factor))))


@pytest.mark.parametrize("factor", [8, 2, 64])
def test_a_number_of_layers_that_is_a_logarithm(factor: int) -> None:
    tree = pc.derive(halving, {"factor": factor, "width": 24})
    assert str(tree.params) == "3*width*ilog(factor, 2) + 3*ilog(factor, 2)"
    for each in (1, 2, 3, 4, 7, 8, 9, 31, 32, 1000):
        assert agrees(halving, tree, factor=each, width=5)


def wide(factor: int, width: int) -> nn.Module:
    """A size that is a multiple of a logarithm and more, of which nothing but the value reaches the layer."""
    return nn.Linear(opaque(5 * int(math.log2(factor)) + 3), width)


def wide_of_plain(factor: int, width: int) -> nn.Module:
    """The same, computed from a logarithm that is a plain number."""
    return nn.Linear(5 * opaque(int(math.log2(factor))) + 3, width)


@pytest.mark.parametrize("build", [wide, wide_of_plain])
def test_a_size_that_is_a_multiple_of_a_logarithm_and_more(build: Callable[..., nn.Module]) -> None:
    tree = pc.derive(build, {"factor": 8, "width": 24})
    assert str(tree.params) == "5*width*ilog(factor, 2) + 4*width"
    for each in (1, 2, 3, 4, 7, 8, 9, 31, 32, 1000):
        assert agrees(build, tree, factor=each, width=5)


def subsampled(factor: int, width: int, features: int, stride: int) -> nn.Module:
    """Convolutions that stride over the features as often as a factor says, and a layer for what is left of them."""
    layers = int(math.log2(factor))
    convolutions = nn.ModuleList(nn.Conv1d(width, width, 3) for _ in range(layers))
    return nn.ModuleDict({"layers": convolutions, "out": nn.Linear(features // stride**layers, width)})


def test_what_is_left_after_striding_as_often_as_a_factor_says() -> None:
    tree = pc.derive(subsampled, {"factor": 8, "width": 24, "features": 80, "stride": 2})
    assert tree.symbols == {"factor", "width", "features", "stride"}
    held = 0
    for factor in (1, 2, 4, 8, 16, 13):
        for features in (16, 54, 80):
            for stride in (1, 2, 3):
                point = {"factor": factor, "width": 3, "features": features, "stride": stride}
                try:
                    params = tree.bind(**point).params
                except PreconditionFailed:
                    continue
                held += 1
                assert params == sum(each.numel() for each in subsampled(**point).parameters())
                assert agrees(subsampled, tree, **point)
    assert held > 20
