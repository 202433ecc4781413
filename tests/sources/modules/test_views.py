"""Parameters over one storage count each, and say what they share."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from paramcalc.sources.modules.torch_module import from_module
from tests.sources.modules.reading import assert_read


def test_views_over_one_storage_count_twice_and_say_so() -> None:
    data = torch.zeros(12)
    model = nn.ParameterDict(
        {
            "a": nn.Parameter(data),
            "b": nn.Parameter(data.view(3, 4)),
            "c": nn.Parameter(data[:5]),
            "wide": nn.Parameter(torch.zeros(2, 1).expand(2, 50)),
        }
    )
    assert_read(model)
    tensors = dict(from_module(model).tensors())
    assert tensors["a"].note == ""
    assert tensors["b"].note == "shares the storage of a, 12 elements stored"
    assert tensors["c"].note == "shares the storage of a, 12 elements stored"
    assert tensors["wide"].note == "2 elements stored"
    assert from_module(model).params == 12 + 12 + 5 + 100


def test_parts_of_one_storage_that_do_not_overlap_are_nothing_special() -> None:
    data = torch.zeros(10)
    model = nn.ParameterDict({"a": nn.Parameter(data[:5]), "b": nn.Parameter(data[5:])})
    assert {tensor.note for _, tensor in from_module(model).tensors()} == {""}


def test_equal_layers_of_which_one_has_a_view() -> None:
    layers = [nn.Linear(2, 2, bias=False) for _ in range(3)]
    layers[2].weight = nn.Parameter(layers[0].weight.data)
    notes = {name: tensor.note for name, tensor in from_module(nn.ModuleList(layers)).tensors()}
    assert notes == {"0.weight": "", "1.weight": "", "2.weight": "shares the storage of 0.weight, 4 elements stored"}


def test_views_without_a_common_element_share_nothing() -> None:
    base = torch.zeros(4, 6)
    model = nn.ParameterDict(
        {
            "a": nn.Parameter(base[:, :2]),
            "b": nn.Parameter(base[:, 2:]),
            "c": nn.Parameter(base[:, 1:3]),
        }
    )
    notes = {name: tensor.note for name, tensor in from_module(model).tensors()}
    assert notes == {"a": "", "b": "", "c": "shares the storage of a, 24 elements stored"}
    assert from_module(nn.ParameterList([nn.Parameter(torch.zeros(1).expand(9))])).own[0].note == "1 element stored"


@pytest.mark.parametrize("last", [1, 2])
def test_a_view_between_the_elements_of_another_shares_nothing(last: int) -> None:
    base = torch.zeros(9)
    model = nn.ParameterDict({"ends": nn.Parameter(base[::6]), "between": nn.Parameter(base[3 : 3 + last])})
    assert [tensor.note for _, tensor in from_module(model).tensors()] == ["", ""]
    model["reaching"] = nn.Parameter(base[4:8])
    notes = {name: tensor.note for name, tensor in from_module(model).tensors()}
    assert notes["reaching"].startswith("shares the storage of ")


def test_views_of_other_element_types_lie_over_one_another() -> None:
    model = nn.Module()
    numbers = torch.zeros(8)
    model.register_buffer("numbers", numbers[::2])  # bytes 0 to 3, 8 to 11, ...
    model.register_buffer("halves", numbers.view(torch.int16)[1::4])  # bytes 2 to 3, 10 to 11, ...
    notes = {name: tensor.note for name, tensor in from_module(model).tensors()}
    assert notes["halves"].startswith("shares the storage of numbers")
