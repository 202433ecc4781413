"""An entry of the catalogue: what its general form is made of, which variants it has, and what its title shows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import paramcalc as pc
from paramcalc import Block, symbol
from paramcalc.errors import InvalidType, UnknownName
from paramcalc.layers import CATALOGUE, Layer, find_layer
from paramcalc.layers.registry import layer
from paramcalc.sizes.symbols import as_expr
from tests.frozen import assert_frozen

layers: Any = pc.layers  # so that the types of wrong arguments are not checked before they run
LINEAR = layers.Linear(3, 4)
ENCODER = layers.TransformerEncoderLayer(4, 2, 8)
DECODER = layers.TransformerDecoderLayer(4, 2, 8)
H = symbol("h")

# The titles of the general form and of each variant, as they stand in the documentation of the catalogue.
CONV = ("(in_channels, out_channels, kernel_size{})", ", bias=False", ", groups=groups")
BATCH_NORM = ("(num_features{})", ", bias=False", ", affine=False")
INSTANCE_NORM = ("(num_features{})", ", affine=True", ", affine=True, bias=False")
RECURRENT = ("(input_size, hidden_size, num_layers=num_layers{})", ", bias=False", ", bidirectional=True")
CELL = ("(input_size, hidden_size{})", ", bias=False")
TRANSFORMER_LAYER = ("(d_model, nhead, dim_feedforward=dim_feedforward{})", ", bias=False")
STACKS = "num_encoder_layers=num_encoder_layers, num_decoder_layers=num_decoder_layers"
FORMS: dict[str, tuple[str, ...]] = {
    "PReLU": ("(num_parameters=num_parameters{})",),
    "Linear": ("(in_features, out_features{})", ", bias=False"),
    "Bilinear": ("(in1_features, in2_features, out_features{})", ", bias=False"),
    "MultiheadAttention": ("(embed_dim, num_heads{})", ", bias=False", ", add_bias_kv=True", ", kdim=kdim, vdim=vdim"),
    **dict.fromkeys(("Identity", "Sequential", "ModuleList", "ModuleDict", "ParameterList", "ParameterDict"), ("{}",)),
    **{f"{kind}{n}d": CONV for kind in ("Conv", "ConvTranspose") for n in (1, 2, 3)},
    **dict.fromkeys(("Embedding", "EmbeddingBag"), ("(num_embeddings, embedding_dim{})",)),
    **dict.fromkeys(("BatchNorm1d", "BatchNorm2d", "BatchNorm3d", "SyncBatchNorm"), BATCH_NORM),
    **{f"InstanceNorm{n}d": INSTANCE_NORM for n in (1, 2, 3)},
    "GroupNorm": ("(num_groups, num_channels{})", ", bias=False", ", affine=False"),
    "LayerNorm": ("(normalized_shape{})", ", bias=False", ", elementwise_affine=False"),
    "RMSNorm": ("(normalized_shape{})", ", elementwise_affine=False"),
    "RNN": RECURRENT,
    "GRU": RECURRENT,
    "LSTM": (*RECURRENT, ", proj_size=proj_size"),
    "RNNCell": CELL,
    "LSTMCell": CELL,
    "GRUCell": CELL,
    "AdaptiveLogSoftmaxWithLoss": ("(in_features, n_classes, (cutoff_1, cutoff_2){})", ", head_bias=True"),
    "LinearCrossEntropyLoss": ("(in_features, num_classes{})", ", bias=True", ", out_features=(d_1,)"),
    "TransformerEncoderLayer": TRANSFORMER_LAYER,
    "TransformerDecoderLayer": TRANSFORMER_LAYER,
    "TransformerEncoder": ("(num_layers=num_layers{})",),
    "TransformerDecoder": ("(num_layers=num_layers{})",),
    "Transformer": (f"(d_model=d_model, nhead=nhead, {STACKS}, dim_feedforward=dim_feedforward{{}})", ", bias=False"),
}


def test_every_entry_has_its_general_form_and_its_variants() -> None:
    assert FORMS.keys() == CATALOGUE.keys()
    for name, (general, *variants) in FORMS.items():
        entry = CATALOGUE[name]
        assert entry.name == name
        assert entry.block().title == name + general.format("")
        shown = [entry.block(**entry.symbols(each)).title for each in entry.variants]
        assert shown == [name + general.format(each) for each in variants]


def test_a_stack_is_general_in_its_layer_too() -> None:
    for side in ("Encoder", "Decoder"):
        stack = find_layer(f"Transformer{side}").block().at("layers")
        assert stack.title == "ModuleList"
        inner = stack.children[0]
        assert inner.title == f"Transformer{side}Layer(d_model, nhead, dim_feedforward=dim_feedforward)"


TITLES: dict[str, Callable[[], Block]] = {
    "Linear(3, 4)": lambda: layers.Linear(in_features=3, out_features=4, bias=True, device="cpu"),
    "Linear(3, 4, bias=False)": lambda: layers.Linear(3, 4, False),
    "Linear(3, 4, dtype=float16)": lambda: layers.Linear(3, 4, dtype=torch.float16),
    "Linear(3, 4, dtype=float32)": lambda: layers.Linear(3, 4, dtype="float32"),
    "Linear(h, 2*h)": lambda: layers.Linear(H, 2 * H),
    "Conv2d(1, 2, (3, 5))": lambda: layers.Conv2d(1, 2, [3, 5], stride=2, padding=1, dilation=2),
    "Conv2d(1, 2, (3, 4))": lambda: layers.Conv2d(1, 2, np.array([3, 4]), padding_mode="reflect"),
    "Conv2d(2, 4, 3, groups=2, bias=False)": lambda: layers.Conv2d(2, 4, 3, bias=False, groups=2),
    "GRU(3, 4, num_layers=2)": lambda: layers.GRU(3, 4, 2, batch_first=True, dropout=0.5),
    "LSTM(3, 4, proj_size=h - 3)": lambda: layers.LSTM(3, 4, proj_size=H - 3),
    "Embedding(9, 4)": lambda: layers.Embedding(9, 4, 0, 1.0, 1.5, True, True),
    "Embedding(9, 4, _freeze=True)": lambda: layers.Embedding(9, 4, _freeze=True),
    "LayerNorm((5, h))": lambda: layers.LayerNorm([5, H], eps=1e-3),
    "MultiheadAttention(8, 2, kdim=3, vdim=5)": lambda: layers.MultiheadAttention(8, 2, 0.1, kdim=3, vdim=5),
    "AdaptiveLogSoftmaxWithLoss(8, 9, (3, 5), div_value=2.0)": lambda: layers.AdaptiveLogSoftmaxWithLoss(
        8, 9, [3, 5], div_value=2.0
    ),
    "TransformerEncoderLayer(4, 2, dim_feedforward=8)": lambda: layers.TransformerEncoderLayer(
        4, 2, 8, 0.0, layers.PReLU(), norm_first=True
    ),
    "TransformerEncoder(num_layers=3)": lambda: layers.TransformerEncoder(ENCODER, 3, layers.LayerNorm(4)),
    "Transformer(d_model=4, nhead=2)": lambda: layers.Transformer(4, 2),
    "Transformer(num_decoder_layers=2)": lambda: layers.Transformer(
        num_decoder_layers=2, custom_encoder=layers.TransformerEncoder(ENCODER, 2)
    ),
    "Sequential": lambda: layers.Sequential(LINEAR),
    "ModuleList": lambda: layers.ModuleList([LINEAR]),
    "ParameterList": lambda: layers.ParameterList([3]),
    "ParameterDict": lambda: layers.ParameterDict({"a": 3}),
    "Identity": lambda: layers.Identity(3, inplace=True),
    "PReLU": lambda: layers.PReLU(),
}


@pytest.mark.parametrize("title", TITLES)
def test_a_title_is_the_call_without_what_changes_no_tensor(title: str) -> None:
    assert TITLES[title]().title == title


def test_a_title_leaves_out_what_it_cannot_write() -> None:
    @layer(name="Mixed")
    def mixed(first: object, second: object = None, **more: object) -> Block:
        return Block()

    try:
        assert CATALOGUE["Mixed"].general == {"first": "first"}
        assert mixed(3).title == "Mixed(3)"
        assert mixed(LINEAR, 4).title == "Mixed(second=4)"
        assert mixed([3, LINEAR], (1, "x", None, 2.5)).title == "Mixed(second=(1, 'x', None, 2.5))"
        assert mixed(np.int64(3), third=5).title == "Mixed(3)"
        assert mixed(H / 2 - 3).title == "Mixed(h/2 - 3)"
    finally:
        del CATALOGUE["Mixed"]


def test_a_default_of_a_title_goes_where_a_size_is_bound_to_it() -> None:
    assert layers.RNN(3, 4, H).bind(h=1).title == "RNN(3, 4)"
    assert layers.RNN(3, 4, H).bind(h=2).title == "RNN(3, 4, num_layers=2)"


def test_a_layer_is_registered_once_under_its_name_and_text() -> None:
    for name in ("Linear", "Conv2d", "InstanceNorm3d"):
        build = CATALOGUE[name].build
        assert (build.__name__, build.__qualname__) == (name, name)

    def own() -> Block:
        """One sentence.

        And another.
        """
        return Block()

    with pytest.raises(ValueError, match=r"^layer Linear is registered twice$"):
        layer(name="Linear")(own)
    try:
        layer(name="Own")(own)
        assert CATALOGUE["Own"].summary == "One sentence."
        assert own().kind == ""
        assert CATALOGUE["Own"].block().kind == "Own"
        layer(name="Told", doc="Told otherwise.")(own)
        assert CATALOGUE["Told"].summary == "Told otherwise."
    finally:
        CATALOGUE.pop("Own", None)
        CATALOGUE.pop("Told", None)
    assert Layer("Bare", lambda: Block(), {}).summary == ""


def test_an_entry_tells_what_it_is_and_where_torch_says_so() -> None:
    entry = find_layer("Linear")
    assert entry.summary == "An affine map of the last dimension."
    assert entry.source == "https://docs.pytorch.org/docs/stable/generated/torch.nn.Linear.html"
    assert find_layer("ConvTranspose2d").summary == "A transposed convolution over an image."
    assert find_layer("Conv1d").summary == "A convolution over a sequence."
    assert find_layer("Conv3d").summary == "A convolution over a volume."
    assert find_layer("BatchNorm1d").summary.endswith("over a batch of vectors or sequences.")
    assert find_layer("InstanceNorm2d").summary.endswith("of each image; without parameters unless affine.")


@pytest.mark.parametrize(("name", "first"), [("Conv2d", "out_channels"), ("ConvTranspose2d", "in_channels")])
def test_the_text_of_a_convolution_says_how_its_weight_lies(name: str, first: str) -> None:
    second = {"out_channels": "in_channels", "in_channels": "out_channels"}[first]
    assert f"weight ({first}, {second} / groups, *kernel_size)" in (CATALOGUE[name].build.__doc__ or "")
    weight = CATALOGUE[name].block(in_channels=4, out_channels=6, kernel_size=(3, 5), groups=2).own[0].shape
    assert weight == tuple(getattr(nn, name)(4, 6, (3, 5), groups=2, device="meta").weight.shape)


def test_some_arguments_are_given_and_the_rest_are_general() -> None:
    assert find_layer("Linear").block(out_features=3).title == "Linear(in_features, 3)"
    with pytest.raises(
        UnknownName, match=r"^Linear: unknown argument 'out'; known: in_features, out_features, bias, device, dtype$"
    ):
        find_layer("Linear").block(out=3)
    with pytest.raises(UnknownName, match=r"^unknown layer 'Lin'; did you mean"):
        find_layer("Lin")


def test_a_wrong_call_is_told_how_the_layer_is_called() -> None:
    called = (
        r"PReLU: got an unexpected keyword argument 'x'; expected PReLU\(num_parameters=1, init=0\.25, device=None,"
    )
    with pytest.raises(InvalidType, match=f"^{called} dtype=None\\)$"):
        layers.PReLU(x=3)


def test_a_flag_is_a_flag_where_the_default_is_one() -> None:
    for flag in (1, 0, None, "yes"):
        with pytest.raises(InvalidType, match=rf"^LSTM\.bidirectional: got {flag!r}; expected True or False$"):
            layers.LSTM(3, 4, bidirectional=flag)
    assert as_expr(layers.LSTM(3, 4, bidirectional=True).params) == 2 * layers.LSTM(3, 4).params


def test_an_entry_cannot_be_changed() -> None:
    assert_frozen(find_layer("Linear"))
