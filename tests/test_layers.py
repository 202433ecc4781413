"""The layer catalogue against torch.nn: every tensor of every class, the symbolic law, refusals, and completeness."""

from __future__ import annotations

import contextlib
import doctest
import inspect
import re
import sys
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from paramcalc.errors import InvalidType, InvalidValue, ParamcalcError, PreconditionFailed
from paramcalc.layers import CATALOGUE
from paramcalc.sizes.symbols import substitute, symbol, sympified
from paramcalc.testing.case import Case
from paramcalc.testing.layer_calls import STRATEGIES, cases, modules_and_blocks
from paramcalc.tree.fold import unfold
from tests.agreement import assert_agree, differences, torch_tensors

names = pytest.mark.parametrize("name", list(CATALOGUE))


@names
@settings(max_examples=100)
@given(data=st.data())
def test_every_tensor_agrees_with_torch(name: str, data: st.DataObject) -> None:
    case = data.draw(cases(name))
    assert_agree(case.block, case.module())


@settings(max_examples=150)
@given(case=modules_and_blocks())
def test_every_tensor_of_nested_containers_agrees_with_torch(case: Case) -> None:
    assert_agree(case.block, case.module())


def bound_is_built(case: Case, chosen: set[str]) -> None:
    """Fail unless the block with some sizes symbolic becomes, once they are bound, the block built of integers."""
    values = {name: size for name, size in case.sizes().items() if name in chosen}
    general, built = case.general(chosen).block, case.block
    for count in ("params", "trainable_params", "buffers", "nbytes"):
        assert substitute(getattr(general, count), sympified(values)) == getattr(built, count)
    unused = values.keys() - general.symbols  # the activation of a Transformer whose two stacks are given
    assert all(name.startswith("activation_") for name in unused)
    bound = unfold(general.bind(**{name: value for name, value in values.items() if name not in unused}))
    assert list(bound.tensors()) == list(built.tensors())
    assert bound.title == built.title
    assert bound == unfold(built)


@names
@given(data=st.data())
def test_symbols_bound_to_integers_give_the_block_of_integers(name: str, data: st.DataObject) -> None:
    case = data.draw(cases(name))
    known = sorted(case.sizes())
    bound_is_built(case, data.draw(st.sets(st.sampled_from(known)) if known else st.just(set())))


@given(data=st.data(), case=modules_and_blocks())
def test_symbols_of_nested_containers_bound_to_integers_do_likewise(data: st.DataObject, case: Case) -> None:
    known = sorted(case.sizes())
    bound_is_built(case, data.draw(st.sets(st.sampled_from(known)) if known else st.just(set())))


def test_agreement_names_both_sides_of_a_difference() -> None:
    lines = differences(Case("Linear", (3, 4)).block, Case("Linear", (3, 4), {"bias": False}).module())
    assert lines == ["paramcalc has Row(name='bias', shape=(4,), role='parameter', dtype='float32'); torch has None"]


def test_agreement_sees_a_frozen_parameter_and_an_element_type() -> None:
    block = Case("Embedding", (3, 4)).block
    assert differences(block, Case("Embedding", (3, 4), {"_freeze": True}).module())
    assert differences(block, Case("Embedding", (3, 4), {"dtype": torch.float16}).module())


TORCH_ERRORS = (ValueError, TypeError, RuntimeError, AssertionError, ArithmeticError, KeyError)
NEGATIVE = "negative dimension"
CUTOFFS = "cutoffs should be a sequence of unique, positive integers sorted"
RISING = "cutoffs rise strictly and stay below n_classes"
CONVOLUTIONS = "Conv1d Conv2d Conv3d ConvTranspose1d ConvTranspose2d ConvTranspose3d"
LAYERS = "TransformerEncoderLayer TransformerDecoderLayer"
Refused = tuple[Case, str, str]


def of_class(value: object) -> str | None:
    return value.name if isinstance(value, Case) else None


def refused(classes: str, args: tuple[object, ...], theirs: str, ours: str, **kwargs: object) -> list[Refused]:
    """A row for each of the classes: a call, what torch says of it and what paramcalc says."""
    return [(Case(name, args, kwargs), theirs, ours) for name in classes.split()]


REFUSED: list[Refused] = [
    *refused("MultiheadAttention Transformer", (10, 3), "must be divisible by num_heads", "10 is not divisible by 3"),
    *refused(LAYERS, (10, 3), "must be divisible by num_heads", "10 is not divisible by 3"),
    *refused("Transformer", (), "must be divisible by num_heads", "9 is not divisible by 8", d_model=9),
    *refused("MultiheadAttention", (0, 1), "must be greater than 0", "embed_dim: got 0"),
    *refused("MultiheadAttention", (4, 0), "must be greater than 0", "num_heads: got 0"),
    *refused("MultiheadAttention", (4, -1), "must be greater than 0", "num_heads: got -1"),
    *refused("MultiheadAttention", (4, 2), NEGATIVE, "kdim: got -1", kdim=-1),
    *refused("TransformerEncoderLayer", (4, 2, -1), NEGATIVE, "got -1"),
    *refused("TransformerEncoder TransformerDecoder", (3, 2), "not a Module subclass", "got int; expected a Block"),
    *refused(CONVOLUTIONS, (3, 4, 1), "in_channels must be divisible", "in_channels is split over groups", groups=2),
    *refused(CONVOLUTIONS, (4, 3, 1), "out_channels must be divisible", "out_channels is split over groups", groups=2),
    *refused(CONVOLUTIONS, (4, 4, 1), "groups must be a positive integer", "groups: got 0", groups=0),
    *refused(CONVOLUTIONS, (4, 4, 1), "groups must be a positive integer", "groups: got -1", groups=-1),
    *refused(CONVOLUTIONS, (-1, 4, 1), NEGATIVE, "in_channels: got -1"),
    *refused(CONVOLUTIONS, (4, -1, 1), NEGATIVE, "out_channels: got -1"),
    *refused(CONVOLUTIONS, (4, 4, -1), NEGATIVE, "kernel_size: got -1"),
    *refused("Conv2d", (4, 4, 1), "padding_mode must be one of", "padding_mode: got 'mirror'", padding_mode="mirror"),
    *refused("Conv2d", (4, 4, 1), "Invalid padding string", "padding: got 'full'", padding="full"),
    *refused("ConvTranspose2d", (4, 4, 1), 'Only "zeros"', "padding_mode: got 'reflect'", padding_mode="reflect"),
    *refused("RNN LSTM GRU", (0, 4), "input_size must be greater than zero", "input_size: got 0"),
    *refused("RNN LSTM GRU", (4, 0), "hidden_size must be greater than zero", "hidden_size: got 0"),
    *refused("RNN LSTM GRU", (4, 4, 0), "num_layers must be greater than zero", "num_layers: got 0"),
    *refused("RNN LSTM GRU", (-1, 4), "input_size must be greater than zero", "input_size: got -1"),
    *refused("RNN LSTM GRU", (4, -1), "hidden_size must be greater than zero", "hidden_size: got -1"),
    *refused("RNN LSTM GRU", (4, 4), "dropout should be a number in range", "dropout: got 1.5", dropout=1.5),
    *refused("RNN LSTM GRU", (4, 4), "dropout should be a number in range", "dropout: got True", dropout=True),
    *refused("RNN LSTM GRU", (4, 4), "bias should be of type bool", "got 1; expected True or False", bias=1),
    *refused("RNN GRU", (4, 4), "only supported for LSTM", "unexpected keyword argument 'proj_size'", proj_size=2),
    *refused("LSTM", (4, 4), "proj_size has to be smaller", "4 is not greater than 4", proj_size=4),
    *refused("LSTM", (4, 4), "proj_size has to be smaller", "proj_size is smaller than hidden_size", proj_size=5),
    *refused("LSTM", (4, 4), "proj_size should be a positive integer or zero", "got -1", proj_size=-1),
    *refused("LSTM", (4, 4), "unexpected keyword", "unexpected keyword argument 'nonlinearity'", nonlinearity="relu"),
    *refused("RNN", (4, 4), "Unknown nonlinearity 'sin'", "nonlinearity: got 'sin'", nonlinearity="sin"),
    *refused("RNNCell LSTMCell GRUCell", (-1, 4), NEGATIVE, "input_size: got -1"),
    *refused("RNNCell LSTMCell GRUCell", (4, -1), NEGATIVE, "hidden_size: got -1"),
    *refused("Linear", (-1, 4), NEGATIVE, "in_features: got -1"),
    *refused("Linear", (4, -1), NEGATIVE, "out_features: got -1"),
    *refused("Linear", (2.0, 4), "must be tuple of ints", "got float 2.0"),
    *refused("Linear", ("2", 4), "must be tuple of ints", "got str '2'"),
    *refused("Linear", (4,), "missing 1 required", "missing a required argument: 'out_features'"),
    *refused("Linear", (4, 4), "unexpected keyword", "unexpected keyword argument 'biass'", biass=False),
    *refused("Bilinear", (0, 4, 4), "in1_features must be > 0", "in1_features: got 0"),
    *refused("Bilinear", (4, -1, 4), NEGATIVE, "in2_features: got -1"),
    *refused("PReLU BatchNorm1d BatchNorm2d BatchNorm3d SyncBatchNorm", (-1,), NEGATIVE, "got -1"),
    *refused("InstanceNorm1d InstanceNorm2d InstanceNorm3d", (-1,), NEGATIVE, "got -1", affine=True),
    *refused("BatchNorm2d", (4, 1e-5, 0.1, True, True, None, None, False), "positional", "too many positional"),
    *refused("LayerNorm RMSNorm", (-1,), NEGATIVE, "normalized_shape: got -1"),
    *refused("LayerNorm RMSNorm", ([4, -1],), NEGATIVE, "normalized_shape: got -1"),
    *refused("GroupNorm", (2, 5), "must be divisible by num_groups", "5 is not divisible by 2"),
    *refused("GroupNorm", (0, 5), "modulo by zero", "num_groups: got 0"),
    *refused("Embedding EmbeddingBag", (5, 4), "within num_embeddings", "5 is not at least 6", padding_idx=5),
    *refused("Embedding EmbeddingBag", (5, 4), "within num_embeddings", "5 is not at least 6", padding_idx=-6),
    *refused("Embedding EmbeddingBag", (-1, 4), NEGATIVE, "num_embeddings: got -1"),
    *refused("AdaptiveLogSoftmaxWithLoss", (4, 9, []), "length larger than 0", "expected a list of one or more sizes"),
    *refused("AdaptiveLogSoftmaxWithLoss", (4, 9, [0, 3]), CUTOFFS, "cutoffs: got 0"),
    *refused("AdaptiveLogSoftmaxWithLoss", (4, 9, [5, 3]), CUTOFFS, RISING),
    *refused("AdaptiveLogSoftmaxWithLoss", (4, 9, [3, 3]), CUTOFFS, RISING),
    *refused("AdaptiveLogSoftmaxWithLoss", (4, 9, [3, 9]), CUTOFFS, RISING),
    *refused("AdaptiveLogSoftmaxWithLoss", (4, 9, [3]), NEGATIVE, "div_value: got -2.0", div_value=-2.0),
    *refused("LinearCrossEntropyLoss", (4, -1), NEGATIVE, "num_classes: got -1"),
    *refused("LinearCrossEntropyLoss", (4, 4, (2,)), "positional arguments", "too many positional arguments"),
    *refused("Sequential", (3,), "not a Module subclass", "got int; expected a Block"),
    *refused("ModuleList", ([3],), "not a Module subclass", "got int; expected a Block"),
    *refused("ModuleDict", ({"a": 3},), "not a Module subclass", "got int; expected a Block"),
    *refused("ModuleDict", ({"a.b": Case("Linear", (3, 4))},), "module name can", "expected a word without dots"),
]


@pytest.mark.parametrize(("case", "theirs", "ours"), REFUSED, ids=of_class)
def test_what_torch_refuses_is_refused(case: Case, theirs: str, ours: str) -> None:
    with pytest.raises(TORCH_ERRORS, match=re.escape(theirs)):
        case.module()
    with pytest.raises(ParamcalcError, match=re.escape(ours)):
        _ = case.block


def size_arguments(name: str) -> list[str]:
    parameters = inspect.signature(CATALOGUE[name].build).parameters.values()
    return [each.name for each in parameters if "Size" in str(each.annotation)]


NO_SIZES = pytest.mark.parametrize("value", [True, 2.0, "2"])


@NO_SIZES
@pytest.mark.parametrize(("name", "argument"), [(name, each) for name in CATALOGUE for each in size_arguments(name)])
def test_a_size_of_another_type_is_refused(name: str, argument: str, value: object) -> None:
    with pytest.raises(InvalidType, match=rf"got .*\b({type(value).__name__}|{value})\b"):
        CATALOGUE[name].block(**{argument: value})


@NO_SIZES
@pytest.mark.parametrize(
    ("name", "argument", "shape"),
    [
        ("Conv2d", "kernel_size", lambda value: (3, value)),
        ("ConvTranspose3d", "kernel_size", lambda value: [value, 3, 3]),
        ("LayerNorm", "normalized_shape", lambda value: (3, value)),
        ("RMSNorm", "normalized_shape", lambda value: [value]),
        ("AdaptiveLogSoftmaxWithLoss", "cutoffs", lambda value: [1, value]),
        ("LinearCrossEntropyLoss", "out_features", lambda value: (value,)),
        ("ParameterList", "values", lambda value: [(2, value)]),
        ("ParameterDict", "parameters", lambda value: {"weight": (2, value)}),
    ],
)
def test_a_size_of_another_type_is_refused_inside_a_shape(
    name: str, argument: str, shape: Callable[[object], object], value: object
) -> None:
    with pytest.raises(InvalidType, match=rf"got .*\b({type(value).__name__}|{value})\b"):
        CATALOGUE[name].block(**{argument: shape(value)})


b, c, d, g, h, n = map(symbol, "bcdghn")


@pytest.mark.parametrize("zero", [np.int64(0), h - h])
def test_zero_is_zero_in_another_guise(zero: object) -> None:
    with pytest.raises(InvalidValue, match="in_features: got 0"):
        _ = Case("Linear", (zero, 4)).block
    assert Case("LSTM", (3, 4), {"proj_size": zero}).block.params == Case("LSTM", (3, 4)).block.params


Sizes = dict[str, int]
Condition = tuple[Case, str, Sizes, str, Sizes]


def condition(
    classes: str, args: tuple[object, ...], text: str, bad: Sizes, message: str, good: Sizes, **kwargs: object
) -> list[Condition]:
    """A row for each of the classes: a call, its condition, sizes that break it, the message, good sizes."""
    return [(Case(name, args, kwargs), text, bad, message, good) for name in classes.split()]


CONDITIONS: list[Condition] = [
    *condition("MultiheadAttention", (d, h), "d divisible by h", {"d": 10, "h": 3}, "10 is not", {"d": 9, "h": 3}),
    *condition("MultiheadAttention", (d, 4), "d divisible by 4", {"d": 6}, "6 is not divisible by 4", {"d": 8}),
    *condition("MultiheadAttention", (6, h), "6 divisible by h", {"h": 4}, "6 is not divisible by 4", {"h": 6}),
    *condition("MultiheadAttention", (d, 1), "d**2 - 16*d + 64 >= 1", {"d": 8}, "torch packs", {"d": 9}, kdim=8),
    *condition(LAYERS, (d, 8), "d divisible by 8", {"d": 9}, "9 is not divisible by 8", {"d": 16}),
    *condition("Transformer", (16, h), "16 divisible by h", {"h": 5}, "16 is not divisible by 5", {"h": 16}),
    *condition(CONVOLUTIONS, (c, 6, 3), "c divisible by g", {"c": 4, "g": 3}, "4 is not", {"c": 9, "g": 3}, groups=g),
    *condition(CONVOLUTIONS, (6, d, 3), "d divisible by g", {"d": 4, "g": 3}, "4 is not", {"d": 9, "g": 3}, groups=g),
    *condition("GroupNorm", (g, c), "c divisible by g", {"c": 5, "g": 2}, "5 is not divisible", {"c": 6, "g": 2}),
    *condition("LSTM", (3, h), "h > d", {"h": 4, "d": 4}, "4 is not greater than 4", {"h": 5, "d": 4}, proj_size=d),
    *condition("LSTM", (3, h), "h > 2", {"h": 2}, "2 is not greater than 2", {"h": 3}, proj_size=2),
    *condition("Embedding EmbeddingBag", (n, 4), "n >= 6", {"n": 5}, "5 is not at least 6", {"n": 6}, padding_idx=5),
    *condition("Embedding EmbeddingBag", (n, 4), "n >= 5", {"n": 4}, "4 is not at least 5", {"n": 5}, padding_idx=-5),
    *condition("AdaptiveLogSoftmaxWithLoss", (8, n, [3]), "n > 3", {"n": 3}, "3 is not greater than 3", {"n": 4}),
    *condition("AdaptiveLogSoftmaxWithLoss", (8, 9, [b, c]), "c > b", {"b": 5, "c": 5}, "5 is not", {"b": 5, "c": 6}),
    *condition("Linear", (h - 3, 4), "h - 3 >= 1", {"h": 3}, "0 is not at least 1", {"h": 4}),
    *condition("Sequential", (Case("GroupNorm", (2, c)),), "c divisible by 2", {"c": 5}, "5 is not", {"c": 6}),
]


@pytest.mark.parametrize(("case", "text", "bad", "message", "good"), CONDITIONS, ids=of_class)
def test_a_symbolic_size_keeps_its_condition(case: Case, text: str, bad: Sizes, message: str, good: Sizes) -> None:
    block = case.block
    assert text in [str(each) for each in block.preconditions]
    with pytest.raises(PreconditionFailed, match=re.escape(message)):
        block.bind(**bad)
    bound = block.bind(**good)
    assert bound.preconditions == ()
    assert isinstance(bound.params, int)


def test_a_condition_half_bound_is_kept() -> None:
    block = Case("MultiheadAttention", (d, h)).block.bind(d=12)
    assert [str(each) for each in block.preconditions] == ["12 divisible by h"]
    with pytest.raises(PreconditionFailed, match="12 is not divisible by 5"):
        block.bind(h=5)


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
