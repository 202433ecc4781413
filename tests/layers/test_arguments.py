"""Arguments at the edge: names, iterators, arrays, live objects and modules in place of sizes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from torch import nn

import paramcalc as pc
from paramcalc import Block, symbol
from paramcalc.errors import ParamcalcError
from tests.agreement import assert_agree

layers: Any = pc.layers  # so that the types of wrong arguments are not checked before they run
LINEAR = layers.Linear(3, 4)

WRONG: dict[str, tuple[Callable[[], Any], str]] = {
    "proj_size by position": (lambda: layers.GRU(3, 5, 1, True, False, 0.0, False, 2), "GRU: too many positional"),
    "a name with braces": (lambda: layers.ModuleDict({"{}": LINEAR}), r"got the name '\{\}'"),
    "an empty name": (lambda: layers.ModuleDict({"": LINEAR}), "got the name ''"),
    "a name with a dot": (lambda: layers.ParameterDict({"a.b": 3}), "got the name 'a.b'"),
    "a number for a name": (lambda: layers.ModuleDict({3: LINEAR}), "got the name 3"),
    "a number for a parameter's name": (lambda: layers.ParameterDict({3: 4}), "got the name 3"),
    "no mapping": (lambda: layers.ModuleDict(3), "got int; expected a mapping"),
    "a module for a block": (lambda: layers.Sequential(nn.Linear(3, 4)), "Sequential.0: got Linear; expected a Block"),
    "a text for an encoder": (
        lambda: layers.Transformer(8, 2, custom_encoder="x"),
        "Transformer.custom_encoder: got str",
    ),
    "an array of three for a kernel": (
        lambda: layers.Conv2d(1, 1, np.array([3, 4, 5])),
        "expected one size, or a tuple of 2",
    ),
    "an infinite division": (
        lambda: layers.AdaptiveLogSoftmaxWithLoss(symbol("d"), 10, [3], div_value=float("inf")),
        "expected a finite number above 0",
    ),
    "the outer name": (lambda: layers.Transformer(2.0, 2), "^Transformer.d_model: got float 2.0"),
    "stride with padding same": (
        lambda: layers.Conv1d(1, 1, 3, stride=2, padding="same"),
        "1 with padding='same'",
    ),
    "an unknown activation": (
        lambda: layers.TransformerEncoderLayer(8, 2, activation="tanh"),
        "'relu' or 'gelu'",
    ),
    "a dropout above 1": (lambda: layers.TransformerDecoderLayer(8, 2, dropout=1.5), "a probability from 0 to 1"),
    "one size for out_features": (
        lambda: layers.LinearCrossEntropyLoss(3, 4, out_features=5),
        "a tuple of sizes",
    ),
    "a label smoothing of 2": (lambda: layers.LinearCrossEntropyLoss(3, 4, label_smoothing=2.0), "from 0 to 1"),
    "a weight tensor": (
        lambda: layers.Embedding(3, 4, _weight=nn.Linear(3, 4).weight),
        "reads sizes only",
    ),
    "a layer that is none": (lambda: layers.TransformerEncoder(None, 3), "got NoneType; expected a Block"),
    "a flag of another type": (lambda: layers.Linear(3, 4, bias=1), "Linear.bias: got 1; expected True or False"),
    "an unknown argument": (lambda: layers.Linear(3, 4, biass=True), "unexpected keyword argument 'biass'"),
}


@pytest.mark.parametrize("name", sorted(WRONG))
def test_wrong_arguments_are_one_clear_sentence(name: str) -> None:
    build, message = WRONG[name]
    with pytest.raises(ParamcalcError, match=message) as caught:
        build()
    assert "\n" not in str(caught.value)


SAME: dict[str, tuple[Callable[[], Block], Callable[[], Block]]] = {
    "an iterator of blocks": (lambda: layers.ModuleList(iter([LINEAR])), lambda: layers.ModuleList([LINEAR])),
    "an iterator of shapes": (lambda: layers.ParameterList(iter([3])), lambda: layers.ParameterList([3])),
    "pairs": (lambda: layers.ModuleDict([("a", LINEAR)]), lambda: layers.ModuleDict({"a": LINEAR})),
    "NumPy integers": (lambda: layers.Linear(np.int64(3), np.uint8(4)), lambda: LINEAR),
    "a NumPy kernel": (lambda: layers.Conv2d(1, 1, np.array([3, 4])), lambda: layers.Conv2d(1, 1, (3, 4))),
    "a list for a kernel": (lambda: layers.Conv2d(1, 1, [3, 4]), lambda: layers.Conv2d(1, 1, (3, 4))),
    "arguments without effect": (lambda: layers.LSTM(3, 4, 1, True, True, 0.0), lambda: layers.LSTM(3, 4)),
}


@pytest.mark.parametrize("name", sorted(SAME))
def test_equal_arguments_make_equal_blocks(name: str) -> None:
    a, b = (build() for build in SAME[name])
    assert a == b
    assert hash(a) == hash(b)
    assert a.params == b.params
    assert pc.from_json(pc.to_json(a)) == a


def test_an_activation_with_parameters_counts_in_every_layer() -> None:
    block = layers.Transformer(8, 2, 2, 3, 16, activation=layers.PReLU(4))
    with pytest.warns(UserWarning, match="enable_nested_tensor is True"):
        module = nn.Transformer(8, 2, 2, 3, 16, activation=nn.PReLU(4), device="meta")
    assert_agree(block, module)


def test_identity_takes_anything() -> None:
    assert layers.Identity(54, unused=0.2).params == 0
