"""Two trees tensor by tensor: what agrees, and what differs, shown from both sides."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from torch import nn

import amnl_reference
import paramcalc as pc
from paramcalc.errors import InvalidType, InvalidValue
from paramcalc.rendering.verify import verification_text
from paramcalc.testing import block_trees as trees
from paramcalc.testing import modules
from paramcalc.tree.block import Block
from paramcalc.tree.tensor import ROLES
from paramcalc.verification.bindings import bindings
from tests.tied import Tied
from tests.verification.comparing import found


@pytest.mark.parametrize(
    "sizes", [{}, {"lstm_hidden": 64, "lstm_layers": 1}, {"n_features": 5, "conv_channels": (8, 16, 24)}]
)
def test_the_specification_binds_to_the_reference(sizes: dict[str, Any]) -> None:
    model = amnl_reference.build(**sizes)
    result = pc.verify(pc.architecture("amnl", symbolic=True), model)
    assert result.holds
    assert result.params == sum(each.numel() for each in model.parameters())
    book = {"lstm_hidden": 128, "lstm_layers": 2, "n_features": 17, "kernel_size": 3, "conv_channels_1": 128}
    expected = {**book, **sizes}
    channels = expected.pop("conv_channels", None)
    if channels is not None:
        expected["conv_channels_1"] = channels[1]
    assert {name: result.values[name] for name in expected} == expected


@given(modules())
def test_a_model_agrees_with_itself(model: nn.Module) -> None:
    tree = pc.from_module(model)
    assert pc.verify(tree, model).holds
    assert pc.verify(pc.fold(tree), model).holds
    assert pc.verify(tree, pc.fold(tree), roles=False).holds


@given(trees.blocks(), trees.values())
def test_a_bound_tree_agrees_with_the_values_it_was_bound_to(tree: Block, values: dict[str, int]) -> None:
    at = {name: value for name, value in values.items() if name in tree.symbols}
    assume(all(at.values()))
    concrete = tree.bind(**at)
    read = bindings(tree, concrete)
    result = pc.verify(tree, concrete)
    if any(each.what == "unknown" for each in result.differences):
        assert read.keys() < tree.symbols
    else:
        assert result.holds or read != at


@given(modules())
def test_one_changed_tensor_is_the_one_that_is_named(model: nn.Module) -> None:
    tree = pc.from_module(model)
    names = [name for name, tensor in tree.tensors() if tensor.tied_to is None]
    tied = {tensor.tied_to for _, tensor in tree.tensors()}
    names = [name for name in names if name not in tied]
    assume(names)
    name = names[len(names) // 2]
    owner, _, last = name.rpartition(".")
    with torch.device("meta"):
        module = model.get_submodule(owner)
        old = getattr(module, last)
        new = torch.empty((*old.shape, 2), dtype=old.dtype)
        setattr(module, last, nn.Parameter(new, requires_grad=old.requires_grad) if last in module._parameters else new)
    assert found(tree, model) == [("shape", name)]


@st.composite
def crossed(draw: st.DrawFn, levels: int = 2) -> Block:
    """Trees of few names, so that one may be that of a tensor on one side and of a module on the other."""
    own: list[pc.TensorSpec] = []
    children: list[Block] = []
    for name in draw(st.lists(st.sampled_from(["a", "b"]), unique=True)):
        if levels and draw(st.booleans()):
            children.append(draw(crossed(levels - 1)).named(name))
        else:
            shape = draw(st.sampled_from([(2,), (3,), (2, 1)]))
            own.append(pc.TensorSpec(name, shape, draw(st.sampled_from(ROLES))))
    return Block("", "Module", tuple(own), tuple(children))


@given(crossed(), crossed())
def test_what_differs_is_what_differs_in_the_lists_of_tensors(a: Block, b: Block) -> None:
    first, second = dict(a.tensors()), dict(b.tensors())
    expected = [("missing", name) for name in first.keys() ^ second.keys()]
    for name in first.keys() & second.keys():
        one, other = first[name], second[name]
        expected += [("shape", name)] if one.shape != other.shape else []
        expected += [("role", name)] if one.shape == other.shape and one.role != other.role else []
    assert sorted(found(a, b)) == sorted(expected)
    absent = {each.name: each.first is None for each in pc.verify(a, b).differences if each.what == "missing"}
    assert absent == {name: name in second for name in first.keys() ^ second.keys()}


def test_both_sides_are_shown() -> None:
    formula = pc.compose("Net", {"a": pc.layers.Linear(4, 3), "b": pc.layers.Linear(3, 2)})
    model = nn.ModuleDict({"a": nn.Linear(4, 3), "c": nn.Linear(3, 3, bias=False)})
    result = pc.verify(formula, model)
    assert verification_text(result, "formula", "model").splitlines() == [
        "only in formula: b.weight (2, 3)",
        "only in formula: b.bias (2,)",
        "only in model: c.weight (3, 3)",
    ]
    assert not result.holds
    short = verification_text(result, "net", "net", most=1)
    assert short.splitlines() == ["only in net (A): b.weight (2, 3)", "... and 2 more differences (--all shows them)"]


def test_roles_and_ties_are_compared_and_may_be_left_out() -> None:
    tied, untied = Tied(), Tied()
    untied.head.weight = nn.Parameter(untied.head.weight.detach().clone())
    frozen = Tied().requires_grad_(False)
    tree = pc.from_module(tied)
    assert found(tree, untied) == [("tie", "head.weight")]
    assert found(tree, frozen) == [("role", "wte.weight"), ("role", "head.weight")]
    assert found(tree, untied, roles=False) == []
    assert found(tree, frozen, roles=False) == []
    text = verification_text(pc.verify(tree, untied), "A", "B")
    assert text == "tie differs at head.weight: A has tied to wte.weight, B has a tensor of its own"


def test_wrappers_are_looked_through() -> None:
    tree = pc.architecture("amnl")
    assert pc.verify(tree, nn.DataParallel(amnl_reference.build())).holds
    saved = pc.from_module(nn.DataParallel(amnl_reference.build()))
    assert pc.verify(tree, replace(saved, kind=""), roles=False).holds
    assert pc.verify(saved, amnl_reference.build()).holds


def test_a_tree_of_several_copies_is_no_model() -> None:
    copies = [pc.repeated(pc.layers.Linear(3, 3), count) for count in (5, pc.symbol("n"))]
    copies.append(Block("", "Net", (pc.TensorSpec("weight_l{}", (3,)),), repeat=2))
    for tree in copies:
        with pytest.raises(InvalidValue, match=r"verify: a tree stands for (5|n|2) copies of itself; compare one copy"):
            pc.verify(tree, nn.Linear(3, 3))
        with pytest.raises(InvalidValue, match="copies of itself"):
            pc.verify(pc.layers.Linear(3, 3), tree)
    d = pc.symbol("d")
    assert pc.verify(pc.repeated(pc.layers.Linear(d, d), 1), nn.Linear(3, 3)).values == {"d": 3}


def layer_file(*indices: int) -> Block:
    layers = tuple(Block(str(index), own=(pc.TensorSpec("weight", (3, 3)),)) for index in indices)
    return Block(children=(Block("layers", children=layers),))


def test_a_name_with_a_large_number_is_a_difference() -> None:
    n = pc.symbol("n")
    layer = Block("", "Layer", (pc.TensorSpec("weight", (3, 3)),))
    formula = pc.compose("Net", {"layers": Block(children=(pc.repeated(layer, n),))})
    assert pc.verify(formula, layer_file(0, 1, 2), roles=False).values == {"n": 3}
    for index in ("9" * 8, "9" * 5_000):
        file = Block(children=(Block("layers", children=(Block(index, own=layer.own),)),))
        assert found(formula, file, roles=False) == [("unknown", "n")]
    assert ("missing", "layers.1.weight") in found(formula, layer_file(0, 5), roles=False)


def test_trees_too_large_to_list_are_refused() -> None:
    huge = pc.from_json(pc.to_json(Block(children=(pc.repeated(pc.layers.Linear(3, 3), 10**8),))))
    with pytest.raises(InvalidValue, match="a tree lists 200,000,000 tensors; expected at most 1,000,000"):
        pc.verify(huge, nn.Linear(3, 3))
    with pytest.raises(InvalidValue, match="a tree lists 200,000,000 tensors"):
        pc.verify(pc.layers.Linear(3, 3), huge)
    n = pc.symbol("n")
    layers = pc.repeated(pc.layers.Linear(3, 3), n)
    formula = Block("", "Net", (pc.TensorSpec("scale", (n,)),), (layers,))
    other = Block("", "Net", (pc.TensorSpec("scale", (10**8,)),))
    result = pc.verify(formula, other)
    assert "it would list 200,000,001 tensors" in verification_text(result, "formula", "model")


def test_the_tree_comes_first() -> None:
    swapped: Any = nn.Linear(3, 3)
    with pytest.raises(InvalidType, match="verify: got Linear first; expected a tree; give the tree first"):
        pc.verify(swapped, pc.layers.Linear(3, 3))
