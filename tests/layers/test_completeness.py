"""The catalogue has every class of torch that owns tensors, with its signature and a docstring."""

from __future__ import annotations

import contextlib
import doctest
import inspect
import re
import sys
from collections.abc import Callable, Mapping
from typing import Any

import pytest
import torch
from torch import nn

from paramcalc.layers import CATALOGUE
from paramcalc.testing.layer_calls import STRATEGIES
from tests.agreement import torch_tensors

names = pytest.mark.parametrize("name", list(CATALOGUE))
LAZY = "its sizes are unknown before the first forward"
HANDED_IN = "its only tensor is one that the caller hands in, such as a weight for each class"
ABSTRACT = "a base class, of which nobody makes a layer"

# Classes of torch.nn that may hold tensors and are not in the catalogue, with the reason.
EXCEPTIONS = {
    **dict.fromkeys(("Module", "Container", "RNNBase", "RNNCellBase"), ABSTRACT),
    "DataParallel": "it wraps a module, which has a block of its own",
    "LazyLinear": LAZY,
    **{f"Lazy{kind}{n}d": LAZY for kind in ("Conv", "ConvTranspose", "BatchNorm", "InstanceNorm") for n in (1, 2, 3)},
    **dict.fromkeys(("BCELoss", "BCEWithLogitsLoss", "CrossEntropyLoss", "NLLLoss", "NLLLoss2d"), HANDED_IN),
    **dict.fromkeys(("MultiLabelSoftMarginLoss", "MultiMarginLoss"), HANDED_IN),
    **dict.fromkeys(("FractionalMaxPool2d", "FractionalMaxPool3d"), HANDED_IN),
}
GENERIC_ARGUMENTS: list[tuple[Any, ...]] = [(), (2,), (2, 2), (1, (2, 2))]
OWNING = re.compile(r"(Parameter|Buffer)\(|register_buffer|register_parameter")
OWNING_INSIDE = re.compile(rf"\b({'|'.join(CATALOGUE.keys() - {'Identity'})})\(")


def module_classes(namespace: Mapping[str, object]) -> dict[str, type[nn.Module]]:
    return {name: each for name, each in namespace.items() if isinstance(each, type) and issubclass(each, nn.Module)}


def is_stateless(cls: type[nn.Module]) -> bool:
    """Whether an instance has no tensors, and no line of the class or its bases would give it one."""
    bases = [base for base in cls.__mro__ if issubclass(base, nn.Module) and base is not nn.Module]
    sources = [(inspect.getsource(base), inspect.getsource(base.__init__)) for base in bases]
    if any(OWNING.search(whole) or OWNING_INSIDE.search(init) for whole, init in sources):
        return False
    for arguments in GENERIC_ARGUMENTS:
        with contextlib.suppress(TypeError, ValueError):
            return not torch_tensors(cls(*arguments))
    return False


def undescribed(namespace: Mapping[str, object]) -> list[str]:
    """The module classes that are neither in the catalogue, nor excepted, nor shown to be without tensors."""
    classes = module_classes(namespace)
    return [name for name in classes.keys() - CATALOGUE.keys() - EXCEPTIONS.keys() if not is_stateless(classes[name])]


def test_the_catalogue_has_every_class_of_torch_that_owns_tensors() -> None:
    assert len(module_classes(vars(nn))) > 150
    assert not undescribed(vars(nn))


def test_the_catalogue_and_the_exceptions_are_classes_of_torch() -> None:
    assert not (CATALOGUE.keys() | EXCEPTIONS.keys()) - module_classes(vars(nn)).keys()
    assert not CATALOGUE.keys() & EXCEPTIONS.keys()


class Owner(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(3))


class OwnerOnRequest(nn.Module):
    def __init__(self, affine: bool = False) -> None:
        super().__init__()
        self.register_buffer("mean", torch.empty(3) if affine else None)


class Wrapper(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.inner = nn.Linear(2, 2)


class WrapperOnRequest(nn.Module):
    def __init__(self, project: bool = False) -> None:
        super().__init__()
        self.inner = nn.Linear(2, 2) if project else None


class HardToBuild(nn.Module):
    def __init__(self, *, size: int) -> None:
        super().__init__()
        self.size = size


class Stateless(nn.Module):
    pass


@pytest.mark.parametrize("fake", [Owner, OwnerOnRequest, Wrapper, WrapperOnRequest, HardToBuild])
def test_a_class_with_tensors_is_noticed(fake: type[nn.Module]) -> None:
    assert undescribed({"Stateless": Stateless, "Fake": fake}) == ["Fake"]


def test_a_new_class_of_torch_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nn, "Owner", Owner, raising=False)
    monkeypatch.setattr(nn, "Stateless", Stateless, raising=False)
    assert undescribed(vars(nn)) == ["Owner"]


def plain(function: Callable[..., object]) -> list[tuple[str, str, object]]:
    """The arguments of a function as (name, kind, default); a default that is a function stands as its name."""
    return [
        (each.name, each.kind.name, getattr(each.default, "__name__", each.default))
        for each in inspect.signature(function).parameters.values()
    ]


def torch_signature(name: str) -> list[tuple[str, str, object]]:
    """The arguments of a torch class; those of RNN, LSTM and GRU, which hide them, come from their base."""
    if name not in ("RNN", "LSTM", "GRU"):
        return plain(getattr(nn, name))
    shared = [each for each in plain(nn.RNNBase) if each[0] != "mode" and (name == "LSTM" or each[0] != "proj_size")]
    only_in_rnn = [each for each in plain(nn.RNNCell) if each[0] == "nonlinearity"]
    if name != "LSTM":  # the position after `bidirectional` is that of proj_size, which these two do not have
        shared = [
            (each, "KEYWORD_ONLY" if each in ("device", "dtype") else kind, value) for each, kind, value in shared
        ]
    return [*shared[:3], *(only_in_rnn if name == "RNN" else ()), *shared[3:]]


@pytest.mark.parametrize("name", [name for name in CATALOGUE if name != "Identity"])  # takes anything and uses nothing
def test_signatures_agree_with_torch(name: str) -> None:
    assert plain(CATALOGUE[name].build) == torch_signature(name)


@names
def test_every_layer_is_documented(name: str) -> None:
    build = CATALOGUE[name].build
    for part in ("Shapes:", "Formula:", ">>>", f"Source: torch.nn.{name}."):
        assert part in (build.__doc__ or "")
    found = doctest.DocTestFinder().find(sys.modules[build.__module__])
    assert [test.examples for test in found if test.name.endswith(f".{name}")], f"the doctest of {name} is not run"


def test_every_layer_has_a_strategy() -> None:
    assert STRATEGIES.keys() == CATALOGUE.keys()
