"""Ties and shared modules agree where torch says that they are the same."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from torch import nn

import paramcalc as pc
from paramcalc.testing import modules
from paramcalc.tree.block import Block
from paramcalc.verification import comparison
from tests.tied import Tied
from tests.verification.comparing import found, shared_models
from tests.work import Steps, grows_linearly


def test_the_later_place_of_a_tie_may_be_missing_in_a_file() -> None:
    tree = pc.from_module(Tied())
    file = Block(children=(replace(tree.at("wte"), kind=""),))
    assert found(tree, file, roles=False) == []
    assert found(tree, file) == [("missing", "head.weight")]
    other = Block(children=(Block("head", own=(pc.TensorSpec("weight", (50, 8)),)),))
    assert found(tree, other, roles=False) == []


def test_another_first_place_is_the_same_tie() -> None:
    class Reversed(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.head = nn.Linear(8, 50, bias=False)
            self.wte = nn.Embedding(50, 8)
            self.wte.weight = self.head.weight

    assert found(pc.from_module(Tied()), Reversed()) == []


def test_shared_modules_are_compared_at_all_their_places() -> None:
    block = nn.Linear(3, 3)
    shared = nn.ModuleDict({"a": block, "b": block})
    apart = nn.ModuleDict({"a": nn.Linear(3, 3), "b": nn.Linear(3, 3)})
    tree = pc.from_module(shared)
    assert found(tree, shared) == []
    assert found(tree, apart) == [("tie", "b.weight"), ("tie", "b.bias")]
    assert found(pc.from_module(apart), shared) == [("tie", "b.weight"), ("tie", "b.bias")]
    assert found(tree, apart, roles=False) == []


def test_a_tensor_that_is_tied_to_another_one_differs_at_each_name() -> None:
    def model(*names: str) -> nn.Module:
        kept = {name: nn.Linear(3, 3, bias=False) for name in names}
        return nn.ModuleDict({place: kept[name] for place, name in zip("xab", names, strict=True)})

    assert found(pc.from_module(model("x", "a", "a")), model("x", "x", "b")) == [
        ("tie", "a.weight"),
        ("tie", "b.weight"),
    ]


def same_names(a: nn.Module, b: nn.Module) -> bool:
    """Whether torch itself gives both models the same names, in the same groups of one tensor."""

    def groups(model: nn.Module) -> set[frozenset[str]]:
        found: dict[int, set[str]] = defaultdict(set)
        for name, tensor in model.named_parameters(remove_duplicate=False):
            found[id(tensor)].add(name)
        return {frozenset(names) for names in found.values()}

    return groups(a) == groups(b)


def test_shared_modules_agree_where_torch_says_so() -> None:
    models = shared_models()
    for a in models:
        for b in models:
            for fold in (False, True):
                result = pc.verify(pc.from_module(a, fold=fold), b)
                assert result.holds == same_names(a, b), (a, b, result.differences)


@given(modules(), modules())
def test_random_models_agree_where_torch_says_so(a: nn.Module, b: nn.Module) -> None:
    result = pc.verify(pc.from_module(a), b)
    if result.holds:
        assert same_names(a, b)


def test_what_differs_at_a_shared_module_is_named() -> None:
    a, b = nn.Linear(2, 2), nn.Linear(2, 2)
    one, other, short = (nn.ModuleDict(each) for each in ({"a": a, "b": b, "c": a}, {"a": a, "b": b, "c": b}, {"a": a}))
    result = pc.verify(pc.from_module(one), other)
    assert [(each.name, each.first, each.second) for each in result.differences] == [
        ("c.weight", "tied to a.weight", "tied to b.weight"),
        ("c.bias", "tied to a.bias", "tied to b.bias"),
    ]
    names = ["b.weight", "b.bias", "c.weight", "c.bias"]
    assert found(pc.from_module(one), short) == [("missing", name) for name in names]
    assert found(pc.from_module(short), one) == [("missing", name) for name in names]
    longer = found(pc.from_module(nn.ModuleList([a] * 6)), nn.ModuleList([a] * 3))
    assert longer == [("missing", f"{index}.{name}") for index in (3, 4, 5) for name in ("weight", "bias")]


class Below(dict[str, Any]):
    """What is below a node, counted where a walk goes on to it."""

    steps = Steps()

    def values(self) -> Any:
        Below.steps.take(len(self))
        return super().values()

    def items(self) -> Any:
        Below.steps.take(len(self))
        return super().items()

    def get(self, *args: Any) -> Any:
        Below.steps.take()
        return super().get(*args)


def test_sharing_at_every_level_takes_no_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    def shared(levels: int) -> nn.Module:
        model: nn.Module = nn.Linear(2, 2)
        for _ in range(levels):
            model = nn.Sequential(model, model)
        return model

    def work(levels: int) -> Steps:
        """The steps of comparisons of such a model with another one, with more than that, and with nothing."""
        first, second = pc.from_module(shared(levels)), shared(levels)
        Below.steps = Steps(most=100_000)
        assert found(first, second) == []
        assert not pc.verify(first, nn.Sequential(second, nn.Linear(2, 2))).holds
        assert [what for what, _ in found(first, Block())] == ["missing", "missing"]
        return Below.steps

    node = comparison._Node
    monkeypatch.setattr(comparison, "_Node", lambda: node(below=Below()))
    assert grows_linearly(work, 100)


def test_a_module_that_contains_itself_is_compared() -> None:
    loop = nn.Sequential(nn.Linear(2, 2))
    loop.append(loop)
    tree = pc.from_module(nn.ModuleDict({"a": loop}))
    assert pc.verify(tree, tree).holds


@pytest.mark.parametrize("roles", [True, False])
def test_a_shared_module_without_tensors_is_no_difference(roles: bool) -> None:
    act = nn.Sequential(nn.ReLU())
    with_, without = ({"a": nn.Sequential(nn.Linear(2, 2), *more)} for more in ([act, act], []))
    one, other = (pc.from_module(nn.ModuleDict(each)) for each in (with_, without))
    assert found(one, other, roles=roles) == found(other, one, roles=roles) == []
