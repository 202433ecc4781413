"""A live module as a tree: every tensor of `named_parameters()` and `named_buffers()`, once, where it is owned."""

from __future__ import annotations

import pickle
import sys
import warnings

import torch
import torchinfo
from hypothesis import given
from torch import nn

import amnl_reference
import paramcalc as pc
from paramcalc.sources.modules.torch_module import from_module
from paramcalc.testing import modules
from paramcalc.testing.case import Case
from paramcalc.testing.layer_calls import modules_and_blocks
from tests.agreement import assert_agree, block_tensors
from tests.sources.modules.reading import assert_read
from tests.sources.modules.titles import expected_title
from tests.tied import Tied


@given(modules())
def test_any_module_is_read_as_torch_counts_it(model: nn.Module) -> None:
    tree = from_module(model)
    assert_read(model, tree)
    assert from_module(model) == tree
    assert pc.from_json(pc.to_json(tree)) == tree
    folded = from_module(model, fold=True)
    assert folded == pc.fold(tree)
    assert list(folded.tensors()) == list(tree.tensors())


@given(modules_and_blocks())
def test_a_catalogue_module_reads_as_the_catalogue_writes_it(case: Case) -> None:
    model, block = case.module(), case.block
    tree = from_module(model)
    assert_read(model, tree)
    assert_agree(tree, model)
    assert block_tensors(tree) == block_tensors(block)
    read = dict(tree.walk())
    for path, part in pc.unfold(block).walk():
        assert read[path].title == expected_title(part), path


def test_the_reference_reads_as_the_specification() -> None:
    tree, specification = from_module(amnl_reference.build()), pc.architecture("amnl")
    assert tree.params == 960_964
    assert dict(tree.tensors()) == dict(specification.tensors())
    assert not pc.diff(specification, tree, depth=1).total.changed


def test_a_chain_of_2000_modules_has_no_recursion_limit() -> None:
    model: nn.Module = nn.Linear(3, 3)
    for _ in range(2000):
        model = nn.Sequential(model)
    limit = sys.getrecursionlimit()
    tree = from_module(model)
    assert sys.getrecursionlimit() == limit
    assert tree.params == 12
    assert len(pc.breakdown(tree)) == 2001
    assert from_module(model, fold=True).params == 12


def test_a_recursive_u_net() -> None:
    class UNet(nn.Module):
        def __init__(self, width: int, depth: int) -> None:
            super().__init__()
            self.down = nn.Conv2d(width, 2 * width, 3)
            self.inner = UNet(2 * width, depth - 1) if depth else None
            self.up = nn.ConvTranspose2d(2 * width, width, 3)

    with torch.device("meta"):
        model = UNet(4, 5)
    assert_read(model)


def test_nested_tensors_are_counted_as_torch_counts_them() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        parts = [torch.zeros(2, 3), torch.zeros(4, 3)]
        model = nn.ParameterDict(
            {
                "strided": nn.Parameter(torch.nested.nested_tensor(parts)),
                "jagged": nn.Parameter(torch.nested.nested_tensor(parts, layout=torch.jagged)),
            }
        )
        tree = from_module(model)
        assert tree.params == sum(each.numel() for each in model.parameters()) == 36
    assert {tensor.note for _, tensor in tree.tensors()} == {"nested, without one shape"}


def test_element_types_of_every_width() -> None:
    names = ("complex128", "float8_e4m3fn", "uint4", "int4", "bool")
    dtypes: list[torch.dtype] = [getattr(torch, name) for name in names]
    model = nn.Module()
    for number, dtype in enumerate(dtypes):
        tensor = torch.empty(3, 5, dtype=dtype, device="meta")
        model.register_parameter(f"p{number}", nn.Parameter(tensor, requires_grad=False))
    model.register_buffer("sparse", torch.eye(4).to_sparse())
    assert_read(model)


def test_buffers_say_whether_they_are_persistent() -> None:
    model = nn.BatchNorm1d(3)
    model.register_buffer("mask", torch.zeros(7), persistent=False)
    tensors = dict(from_module(model).tensors())
    assert {name for name, tensor in tensors.items() if not tensor.persistent} == {"mask"}
    assert {tensor.note for tensor in tensors.values()} == {""}
    assert tensors["mask"].remark == "not persistent"


def test_a_module_without_parameters() -> None:
    assert_read(nn.Sequential(nn.ReLU(), nn.Dropout()))
    assert from_module(nn.ReLU()).params == 0
    assert "ReLU" in pc.render(from_module(nn.Sequential(nn.ReLU())))


def snapshot(model: nn.Module) -> dict[str, object]:
    seen: dict[str, object] = {}
    for path, module in model.named_modules(remove_duplicate=False):
        for name, value in vars(module).items():
            inner = {key: id(each) for key, each in value.items()} if isinstance(value, dict) else value
            seen[f"{path}:{name}"] = inner if isinstance(inner, dict | bool | int | float | str) else id(value)
    return seen


def test_reading_changes_nothing() -> None:
    model = nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4), nn.Dropout(), nn.LSTM(4, 4), Tied())
    model[1].eval()
    calls: list[str] = []
    model.register_forward_hook(lambda *_: calls.append("forward"))
    before, state, random = snapshot(model), pickle.dumps(model.state_dict()), torch.get_rng_state()
    from_module(model)
    from_module(model, fold=True)
    assert snapshot(model) == before
    assert pickle.dumps(model.state_dict()) == state
    assert torch.equal(torch.get_rng_state(), random)
    assert calls == []


def leaf_walk(model: nn.Module) -> int:
    """The count that many scripts make: the parameters of modules without children."""
    leaves = (module for module in model.modules() if not list(module.children()))
    return sum(each.numel() for leaf in leaves for each in leaf.parameters(recurse=False))


def test_the_leaf_walk_misses_what_we_count() -> None:
    model = amnl_reference.build()
    assert leaf_walk(model) == 763_588
    assert from_module(model).params == 960_964


def test_torchinfo_is_wrong_where_we_are_right() -> None:
    tied = Tied()
    assert torchinfo.summary(tied, verbose=0).total_params == 800
    assert from_module(tied).params == 400
    block = nn.Linear(3, 3)
    twice = nn.ModuleList([nn.Sequential(block), nn.Sequential(block)])
    assert torchinfo.summary(twice, verbose=0).total_params == 24
    assert from_module(twice).params == 12
    attention = nn.MultiheadAttention(8, 2)
    query = torch.zeros(3, 1, 8)
    assert torchinfo.summary(attention, input_data=(query, query, query), verbose=0).total_param_bytes == 0
    assert from_module(attention).nbytes == 4 * sum(each.numel() for each in attention.parameters())
