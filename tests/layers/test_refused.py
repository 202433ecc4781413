"""What torch refuses is refused, and so is a size of another type."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable

import numpy as np
import pytest

from paramcalc.errors import InvalidType, InvalidValue, ParamcalcError
from paramcalc.layers import CATALOGUE
from paramcalc.sizes.symbols import symbol
from paramcalc.testing.case import Case
from tests.layers.classes import CONVOLUTIONS, LAYERS, of_class

TORCH_ERRORS = (ValueError, TypeError, RuntimeError, AssertionError, ArithmeticError, KeyError)
NEGATIVE = "negative dimension"
CUTOFFS = "cutoffs should be a sequence of unique, positive integers sorted"
RISING = "cutoffs rise strictly and stay below n_classes"
Refused = tuple[Case, str, str]


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


@pytest.mark.parametrize("zero", [np.int64(0), symbol("h") - symbol("h")])
def test_zero_is_zero_in_another_guise(zero: object) -> None:
    with pytest.raises(InvalidValue, match="in_features: got 0"):
        _ = Case("Linear", (zero, 4)).block
    assert Case("LSTM", (3, 4), {"proj_size": zero}).block.params == Case("LSTM", (3, 4)).block.params
