"""Tensors that differ are named from both sides, whatever holds them."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from torch import nn

import paramcalc as pc
from paramcalc.errors import InvalidType, ParamcalcError
from paramcalc.testing import assert_same_tensors, modules
from tests.testing.checks import failure


@given(modules())
def test_a_module_has_its_own_tensors(model: nn.Module) -> None:
    tree = pc.from_module(model)
    for a, b in ((model, tree), (tree, model), (model, model.state_dict()), (model.state_dict(), tree)):
        assert_same_tensors(a, b)
    assert_same_tensors(model.state_dict(), dict(model.state_dict()))


@given(modules(), st.data())
def test_one_tensor_left_out_of_a_state_dict_is_noticed(model: nn.Module, data: st.DataObject) -> None:
    state = dict(model.state_dict())
    places = [name for name, tensor in pc.from_module(model).tensors() if not tensor.tied_to and name in state]
    shared = {tensor.tied_to for _, tensor in pc.from_module(model).tensors()}
    places = [name for name in places if name not in shared and not elsewhere(model, name)]
    assume(places)
    lost = data.draw(st.sampled_from(places))
    del state[lost]
    told = failure(lambda: assert_same_tensors(model, state))
    assert f"  only in a: {lost} " in told


def elsewhere(model: nn.Module, name: str) -> bool:
    """Whether a tensor stands in another place too, such as in a module that is shared."""
    named = [*model.named_parameters(remove_duplicate=False), *model.named_buffers(remove_duplicate=False)]
    tensor = dict(named)[name]
    return sum(each is tensor for _, each in named) > 1


def test_tensors_that_differ_are_named_from_both_sides() -> None:
    a, b = nn.Sequential(nn.Linear(3, 4)), nn.Sequential(nn.Linear(3, 5, bias=False))
    assert failure(lambda: assert_same_tensors(a, b)).splitlines() == [
        "a, Sequential, and b, Sequential, have different tensors:",
        "  shape differs at 0.weight: a has (4, 3), b has (5, 3)",
        "  only in a: 0.bias (4,)",
    ]
    told = failure(lambda: assert_same_tensors(b.state_dict(), pc.layers.Sequential(pc.layers.Linear(3, 5))))
    assert told.splitlines() == [
        "a, a state dict, and b, Sequential, have different tensors:",
        "  only in b: 0.bias (5,)",
    ]
    frozen = nn.Sequential(nn.Linear(3, 4)).requires_grad_(False)
    assert "role differs at 0.weight: a has a frozen parameter, b has a parameter" in failure(
        lambda: assert_same_tensors(frozen, a)
    )
    assert_same_tensors(frozen, a.state_dict())


def test_a_formula_may_stand_on_either_side() -> None:
    formula, model = pc.layers.Linear(pc.symbol("i"), pc.symbol("o")), nn.Linear(4, 3)
    assert_same_tensors(formula, model)
    assert_same_tensors(model, formula)
    square = pc.layers.Linear(pc.symbol("i"), pc.symbol("i"))
    told = failure(lambda: assert_same_tensors(model, square))
    assert told.startswith("a, Linear(4, 3), and b, Linear(i, i), have different tensors:")
    assert "shape differs at weight: b has (i, i) = (3, 3), a has (3, 4)" in told


def test_a_checkpoint_is_compared_as_a_state_dict_is() -> None:
    bare = pc.Block("", own=(pc.TensorSpec("weight", (3, 4)), pc.TensorSpec("bias", (3,))))
    assert_same_tensors(nn.Linear(4, 3).requires_grad_(False), bare)
    assert "b, a tree, without classes," in failure(lambda: assert_same_tensors(nn.Linear(4, 4), bare))


def test_many_differences_are_cut_short() -> None:
    told = failure(lambda: assert_same_tensors(nn.Sequential(*[nn.Linear(2, 2)] * 1), nn.ModuleDict(many())))
    assert len(told.splitlines()) == 22
    assert told.endswith("and 42 more lines")


def many() -> dict[str, nn.Module]:
    return {f"layer_{number}": nn.Linear(2, 2) for number in range(30)}


@pytest.mark.parametrize(
    ("other", "error", "message"),
    [
        (
            {"state_dict": {}},
            InvalidType,
            "assert_same_tensors, b: 'state_dict' leads to dict; expected a tensor; give",
        ),
        ({3: torch.zeros(3)}, InvalidType, "assert_same_tensors, b: a key is 3; expected a state dict"),
        (nn.Linear, InvalidType, "got the class Linear"),
        ({"a..b": torch.zeros(3)}, ParamcalcError, "words joined by single dots"),
    ],
)
def test_what_has_no_tensors_to_compare(other: Any, error: type[ParamcalcError], message: str) -> None:
    with pytest.raises(error, match=message):
        assert_same_tensors(nn.Linear(4, 3), other)


def test_extra_state_is_no_tensor() -> None:
    class Extra(nn.Linear):
        def get_extra_state(self) -> Any:
            return {"calls": 3}

    model = nn.Sequential(Extra(4, 3))
    assert "0._extra_state" in model.state_dict()
    assert_same_tensors(model, model.state_dict())
