"""Arguments at their edge: the last one that is taken and the first one that is not, with all that is said of it."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn

import paramcalc as pc
from paramcalc import Block, symbol
from paramcalc.errors import ParamcalcError
from paramcalc.layers.arguments import absent, as_shape, divided, kernel, named_tensors, one_of, probability, tensors
from paramcalc.layers.recurrent import MOST_LAYERS
from paramcalc.testing.case import Case
from tests.agreement import assert_agree

layers: Any = pc.layers  # so that the types of wrong arguments are not checked before they run
G, H, N = map(symbol, "ghn")
LINEAR = layers.Linear(3, 4)
DIVISION = "AdaptiveLogSoftmaxWithLoss.div_value: got {}; expected a finite number above 0"
CUTOFFS = "AdaptiveLogSoftmaxWithLoss.cutoffs: got {}; expected a list of one or more sizes"
PADDING_MODES = "'zeros' or 'reflect' or 'replicate' or 'circular'"
OUTSIDE = "{}.padding_idx: {} is not at least {}; padding_idx lies within num_embeddings"


def softmax(*cutoffs: Any, inputs: Any = 8, **more: Any) -> Any:
    return layers.AdaptiveLogSoftmaxWithLoss(inputs, 10, *cutoffs, **more)


NO_LISTS: tuple[Any, ...] = ([], (), 3, "3", None, {3})
REFUSED: list[tuple[Callable[[], object], str]] = [
    (lambda: one_of("x", ("a", "b"), where="here"), "here: got 'x'; expected 'a' or 'b'"),
    (lambda: one_of(3, ("a",), where="here"), "here: got 3; expected 'a'"),
    (lambda: probability(-0.01, where="p"), "p: got -0.01; expected a probability from 0 to 1"),
    (lambda: probability(1.01, where="p"), "p: got 1.01; expected a probability from 0 to 1"),
    (lambda: probability(2, where="p"), "p: got 2; expected a probability from 0 to 1"),
    (lambda: probability(True, where="p"), "p: got True; expected a probability"),
    (lambda: probability(False, where="p"), "p: got False; expected a probability"),
    (lambda: probability("0.5", where="p"), "p: got '0.5'; expected a probability"),
    (lambda: probability(None, where="p"), "p: got None; expected a probability"),
    (lambda: absent(0, where="w"), "w: got int; expected None: the catalogue reads sizes only"),
    (lambda: kernel((3,), 2, where="k"), "k: got (3,); expected one size, or a tuple of 2"),
    (lambda: kernel([3, 3, 3], 2, where="k"), "k: got [3, 3, 3]; expected one size, or a tuple of 2"),
    (lambda: kernel((), 1, where="k"), "k: got (); expected one size, or a tuple of 1"),
    (lambda: as_shape("34", where="s"), "s: got str '34'; expected an integer or an expression of paramcalc.symbol"),
    (lambda: layers.ModuleList("ab"), "ModuleList: got str; expected a list"),
    (lambda: layers.ModuleList({"a": LINEAR}), "ModuleList: got dict; expected a list"),
    (lambda: layers.ModuleList(LINEAR), "ModuleList: got Block; expected a list"),
    (lambda: layers.ModuleList([LINEAR, 3]), "ModuleList.1: got int; expected a Block"),
    (lambda: layers.ParameterList("ab"), "ParameterList: got str; expected a list"),
    (lambda: layers.ParameterList({"a": 3}), "ParameterList: got dict; expected a list"),
    (lambda: layers.ParameterList(3), "ParameterList: got int; expected a list"),
    (lambda: layers.ParameterList([2, (3, -1)]), "ParameterList.1: got -1; expected a size of 1 or more"),
    (lambda: layers.ParameterDict(3), "ParameterDict: got int; expected a mapping, or pairs of name and value"),
    (lambda: layers.ModuleDict("ab"), "ModuleDict: got str; expected a mapping, or pairs of name and value"),
    (lambda: layers.ModuleDict({"b": None}), "ModuleDict.b: got NoneType; expected a Block"),
    (lambda: layers.Sequential(LINEAR, "x"), "Sequential.1: got str; expected a Block"),
    (lambda: layers.Sequential({"a": LINEAR}, LINEAR), "Sequential.0: got dict; expected a Block"),
    (lambda: layers.Sequential({"a": 3}), "Sequential.a: got int; expected a Block"),
    (
        lambda: layers.Conv1d(1, 1, 3, padding_mode="no"),
        f"Conv1d.padding_mode: got 'no'; expected {PADDING_MODES}",
    ),
    (lambda: layers.Conv3d(1, 1, 3, padding="all"), "Conv3d.padding: got 'all'; expected 'same' or 'valid'"),
    (
        lambda: layers.Conv2d(1, 1, 3, (1, 2), "same"),
        "Conv2d.stride: got (1, 2); expected 1 with padding='same'",
    ),
    (
        lambda: layers.ConvTranspose1d(1, 1, 3, padding_mode="circular"),
        "ConvTranspose1d.padding_mode: got 'circular'; expected 'zeros'",
    ),
    (lambda: layers.Conv2d(6, 4, 3, groups=4), "Conv2d: 6 is not divisible by 4; in_channels is split over groups"),
    (lambda: layers.Conv2d(4, 6, 3, groups=4), "Conv2d: 6 is not divisible by 4; out_channels is split over groups"),
    (lambda: layers.GroupNorm(4, 6), "GroupNorm: 6 is not divisible by 4; num_channels is split over num_groups"),
    (lambda: layers.MultiheadAttention(6, 4), "MultiheadAttention: 6 is not divisible by 4; embed_dim is split"),
    (lambda: layers.Embedding(9, 4, True), "Embedding.padding_idx: got True; expected an integer or None"),
    (lambda: layers.Embedding(9, 4, 1.0), "Embedding.padding_idx: got 1.0; expected an integer or None"),
    (lambda: layers.Embedding(9, 4, 9), OUTSIDE.format("Embedding", 9, 10)),
    (lambda: layers.Embedding(9, 4, -10), OUTSIDE.format("Embedding", 9, 10)),
    (lambda: layers.EmbeddingBag(9, 4, padding_idx=9), OUTSIDE.format("EmbeddingBag", 9, 10)),
    (lambda: layers.EmbeddingBag(9, 4, mode="min"), "EmbeddingBag.mode: got 'min'; expected 'sum' or 'mean' or 'max'"),
    (lambda: layers.Embedding(9, 4, _weight=3), "Embedding._weight: got int; expected None"),
    (lambda: layers.EmbeddingBag(9, 4, _weight=3), "EmbeddingBag._weight: got int; expected None"),
    (lambda: layers.LinearCrossEntropyLoss(3, 4, weight=3), "LinearCrossEntropyLoss.weight: got int; expected None"),
    (
        lambda: layers.LinearCrossEntropyLoss(3, 4, out_features="5"),
        "LinearCrossEntropyLoss.out_features: got '5'; expected a tuple of sizes",
    ),
    (
        lambda: layers.LinearCrossEntropyLoss(3, 4, out_features={5}),
        "LinearCrossEntropyLoss.out_features: got {5}; expected a tuple of sizes",
    ),
    (
        lambda: layers.LinearCrossEntropyLoss(3, 4, label_smoothing=-1),
        "LinearCrossEntropyLoss.label_smoothing: got -1; expected a probability from 0 to 1",
    ),
    (lambda: layers.RNN(3, 4, nonlinearity="no"), "RNN.nonlinearity: got 'no'; expected 'tanh' or 'relu'"),
    (lambda: layers.GRU(3, 4, dropout=-1), "GRU.dropout: got -1; expected a probability from 0 to 1"),
    (
        lambda: layers.LSTM(3, 4, proj_size=4),
        "LSTM.hidden_size: 4 is not greater than 4; proj_size is smaller than hidden_size",
    ),
    (lambda: layers.LSTM(3, 4, proj_size=True), "LSTM.proj_size: got the truth value True"),
    *[
        (lambda value=value: softmax([3], div_value=value), DIVISION.format(repr(value)))
        for value in (0, 0.0, -1, True, False, "4", None, float("inf"), float("nan"))
    ],
    *[(lambda value=value: softmax(value), CUTOFFS.format(repr(value))) for value in NO_LISTS],
    (
        lambda: softmax([3], inputs=H, div_value=2.5),
        "AdaptiveLogSoftmaxWithLoss.div_value: got 2.5; expected a whole number where in_features is symbolic",
    ),
    (
        lambda: softmax([3, 10]),
        "AdaptiveLogSoftmaxWithLoss.cutoffs: 10 is not greater than 10; cutoffs rise strictly and stay below n_classes",
    ),
    (lambda: layers.TransformerEncoder(3, 2), "TransformerEncoder.layer: got int; expected a Block"),
    (lambda: layers.TransformerDecoder(LINEAR, 2, 3), "TransformerDecoder.norm: got int; expected a Block"),
    (lambda: layers.TransformerEncoder(LINEAR, 0), "TransformerEncoder.num_layers: got 0; expected a size of 1"),
    (lambda: layers.Transformer(8, 2, custom_decoder=3), "Transformer.custom_decoder: got int; expected a Block"),
    (lambda: layers.Transformer(8, 2, custom_encoder=3), "Transformer.custom_encoder: got int; expected a Block"),
    *[
        (lambda name=name, key=key: getattr(layers, name)(**{"d_model": 8, "nhead": 2, key: 0}), f"{name}.{key}: got 0")
        for name in ("TransformerEncoderLayer", "TransformerDecoderLayer", "Transformer")
        for key in ("d_model", "nhead", "dim_feedforward")
    ],
    *[
        (
            lambda name=name, key=key, value=value: getattr(layers, name)(8, 2, **{key: value}),
            f"{name}.{key}: got {value!r}; expected {expected}",
        )
        for name in ("TransformerEncoderLayer", "TransformerDecoderLayer", "Transformer")
        for key, value, expected in (
            ("dropout", 2, "a probability from 0 to 1"),
            ("activation", "no", "'relu' or 'gelu'"),
        )
    ],
]


@pytest.mark.parametrize(("call", "message"), REFUSED, ids=[message for _, message in REFUSED])
def test_what_is_beyond_the_edge_is_named_in_full(call: Callable[[], object], message: str) -> None:
    with pytest.raises(ParamcalcError, match=f"^{re.escape(message)}"):
        call()


def test_what_is_at_the_edge_is_taken() -> None:
    for value in (0, 1, 0.0, 1.0, 0.5):
        probability(value, where="p")
    for index in (0, 8, -1, -9, None):
        assert layers.Embedding(9, 4, index).params == layers.EmbeddingBag(9, 4, padding_idx=index).params == 36
    assert layers.Embedding(N, 4, 0).conditions == layers.Embedding(N, 4, -1).conditions == ()
    assert [str(each) for each in layers.Embedding(H - 3, 4, -1).preconditions] == ["h - 3 >= 1"]
    for stride in (1, (1, 1), [1, 1]):
        assert layers.Conv2d(1, 1, 3, stride, "same").params == 10
    assert layers.Conv2d(1, 1, 3, 2, "valid").params == layers.Conv2d(1, 1, 3, 2, 5).params == 10
    assert layers.LSTM(3, 4, proj_size=3).params == 3 * 4 + 4 * 4 * (3 + 3 + 2)
    assert softmax((9,)).params == softmax([9]).params == 8 * 10 + 2 * (8 + 1)


def test_shapes_and_kernels_are_sizes_in_order() -> None:
    assert as_shape(5, where="s") == ((5,), ())
    assert as_shape(iter((5, 6)), where="s") == ((5, 6), ())
    shape, conditions = as_shape((H - 1, 3, N - 2), where="s")
    assert (shape, [str(each) for each in conditions]) == ((H - 1, 3, N - 2), ["h - 1 >= 1", "n - 2 >= 1"])
    assert kernel((3, 5), 2, where="k") == ((3, 5), ())
    shape, conditions = kernel((H - 1, H - 1), 2, where="k")
    assert (shape, len(conditions)) == ((H - 1, H - 1), 1)
    assert kernel(H - 1, 3, where="k") == ((H - 1,) * 3, conditions)
    assert [divided(64, 4), divided(H, 4), divided(12, G), divided(H * G, G)] == [16, H / 4, 12 / G, H]


def test_tensors_have_the_role_and_the_type_that_is_asked_for() -> None:
    made = tensors(torch.float16, "buffer", a=(3,), b=None, c=())
    assert [(each.name, each.shape, each.role, each.dtype) for each in made] == [
        ("a", (3,), "buffer", "float16"),
        ("c", (), "buffer", "float16"),
    ]
    assert [(each.role, each.dtype) for each in named_tensors(None, {"a": (3,)})] == [("parameter", "float32")]
    assert [each.role for each in tensors(a=(3,))] == ["parameter"]


def names(block: Block) -> list[str]:
    return [name for name, _ in block.tensors()]


def test_containers_keep_the_order_that_torch_keeps() -> None:
    shapes = {"b": 1, "a": (2, 3), "c": 4}
    assert names(layers.ParameterDict(shapes)) == ["a", "b", "c"]
    assert names(layers.ParameterDict(OrderedDict(shapes))) == ["b", "a", "c"]
    assert names(layers.ParameterDict(list(shapes.items()))) == ["b", "a", "c"]
    assert names(layers.ModuleDict({"b": LINEAR, "a": LINEAR})) == ["b.weight", "b.bias", "a.weight", "a.bias"]
    for container in (layers.ModuleList, layers.ModuleDict, layers.ParameterList, layers.ParameterDict):
        assert names(container()) == names(container(None)) == []
    assert names(layers.Sequential()) == []
    assert names(layers.ParameterList([2, ()])) == ["0", "1"]


def test_conditions_of_bare_parameters_are_those_of_all() -> None:
    block = layers.ParameterList([(H - 1, 3), N - 2])
    assert [str(each) for each in block.conditions] == ["h - 1 >= 1", "n - 2 >= 1"]


@pytest.mark.parametrize("name", ["RNN", "LSTM", "GRU"])
def test_many_layers_are_a_group_that_repeats(name: str) -> None:
    build = getattr(layers, name)
    assert MOST_LAYERS == 100
    assert build(2, 3, 100).children == ()
    (rest,) = build(2, 3, 101, bidirectional=True).children
    assert (rest.name, rest.kind, rest.repeat, rest.first) == ("", f"{name} layers", 100, 1)
    assert [each.name for each in rest.own][:2] == ["weight_ih_l{}", "weight_hh_l{}"]
    for count in (1, 2, 100, 101):
        module = getattr(nn, name)(2, 3, count, bidirectional=True, device="meta")
        assert_agree(build(2, 3, count, bidirectional=True), module)
    (rest,) = build(2, 3, N).children
    assert (rest.repeat, rest.first) == (N - 1, 1)


def test_biases_of_keys_and_values_come_together() -> None:
    for bias in (False, True):
        block = layers.MultiheadAttention(4, 2, bias=bias, add_bias_kv=True)
        assert_agree(block, nn.MultiheadAttention(4, 2, bias=bias, add_bias_kv=True, device="meta"))
        assert [each.name for each in block.own][-2:] == ["bias_k", "bias_v"]


def test_keys_and_values_of_the_width_of_queries_are_packed() -> None:
    attention = layers.MultiheadAttention
    packed = attention(8, 2).own
    assert attention(8, 2, kdim=8).own == attention(8, 2, vdim=8).own == attention(8, 2, kdim=8, vdim=8).own == packed
    for more in ({"kdim": 5}, {"vdim": 5}, {"kdim": 5, "vdim": 3}):
        assert_agree(attention(8, 2, **more), nn.MultiheadAttention(8, 2, **more, device="meta"))
    apart = [str(each) for each in attention(8, 2, kdim=H, vdim=N).conditions]
    assert apart == ["h**2 - 16*h + n**2 - 16*n + 128 >= 1"]
    with pytest.raises(ParamcalcError, match="with kdim and vdim equal to embed_dim torch packs the projections into"):
        attention(8, 2, kdim=H, vdim=N).bind(h=8, n=8)
    assert attention(8, 2, kdim=H, vdim=N).bind(h=8, n=9).params == 4 * 64 + 8 + 32


def test_the_width_of_a_cluster_is_the_input_over_powers() -> None:
    for division in (4.0, 2.5, 3, 0.5):
        case = Case("AdaptiveLogSoftmaxWithLoss", (20, 12, [3, 5, 8], division))
        assert_agree(case.block, case.module())
    symbolic = layers.AdaptiveLogSoftmaxWithLoss(H, 12, [3, 5, 8], 2.0)
    assert symbolic.bind(h=20).params == layers.AdaptiveLogSoftmaxWithLoss(20, 12, [3, 5, 8], 2).params
    titles = [child.title for child in layers.AdaptiveLogSoftmaxWithLoss(20, 12, [3, 8]).at("tail.1").children]
    assert titles == ["Linear(20, 1, bias=False)", "Linear(1, 4, bias=False)"]
