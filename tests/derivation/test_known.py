"""What is derived from code is what is known: the catalogue, the AMNL specification, published counts of families."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest
import torch
from torch import nn

import amnl_reference
import paramcalc as pc
from paramcalc import layers
from paramcalc.derivation.models.prediction import predicts
from paramcalc.layers import CATALOGUE
from paramcalc.sizes.symbols import same
from paramcalc.tree.block import Block

# What to start a class from: sizes that its constructor takes, generic enough to tell them apart.
CONV = {"in_channels": 8, "out_channels": 16, "kernel_size": 3, "groups": 4}
NORM = {"num_features": 12}
CELL = {"input_size": 10, "hidden_size": 12}
STACK = {**CELL, "num_layers": 3}
LAYER = {"d_model": 24, "nhead": 4, "dim_feedforward": 40}
START: dict[str, dict[str, Any]] = {
    **{f"{kind}{number}d": CONV for kind in ("Conv", "ConvTranspose") for number in (1, 2, 3)},
    **{f"BatchNorm{number}d": NORM for number in (1, 2, 3)},
    **{f"InstanceNorm{number}d": {**NORM, "affine": True} for number in (1, 2, 3)},
    **{name: {"num_embeddings": 50, "embedding_dim": 12} for name in ("Embedding", "EmbeddingBag")},
    **dict.fromkeys(("RNNCell", "LSTMCell", "GRUCell"), CELL),
    **dict.fromkeys(("TransformerEncoderLayer", "TransformerDecoderLayer"), LAYER),
    "SyncBatchNorm": NORM,
    "MultiheadAttention": {"embed_dim": 24, "num_heads": 4, "kdim": 10, "vdim": 14},
    "GroupNorm": {"num_groups": 4, "num_channels": 24},
    "RNN": STACK,
    "GRU": STACK,
    "LSTM": {**STACK, "bidirectional": True},
    "Transformer": {**LAYER, "num_encoder_layers": 2, "num_decoder_layers": 3, "batch_first": True},
    "Bilinear": {"in1_features": 5, "in2_features": 7, "out_features": 9},
    "LayerNorm": {"normalized_shape": [6, 12]},
    "RMSNorm": {"normalized_shape": 12},
    "PReLU": {"num_parameters": 5},
    "Linear": {"in_features": 10, "out_features": 12},
    "LinearCrossEntropyLoss": {"in_features": 10, "num_classes": 12},
    "AdaptiveLogSoftmaxWithLoss": {"in_features": 64, "n_classes": 1000, "cutoffs": [100, 500]},
}


def stack(kind: Any, layer: Any) -> Callable[..., Any]:
    """A stack of layers, from the sizes of one and their number; of torch or of the catalogue."""
    return lambda num_layers, **sizes: kind(layer(**sizes), num_layers)


# Classes whose arguments are no sizes: by functions that make those from sizes, of torch's and of the catalogue's.
WIDTHS = {"a": 10, "b": 12}
MADE: dict[str, tuple[Callable[..., Any], dict[str, Any], Callable[..., Block]]] = {
    "TransformerEncoder": (
        stack(nn.TransformerEncoder, nn.TransformerEncoderLayer),
        {"num_layers": 3, **LAYER, "batch_first": True},
        stack(layers.TransformerEncoder, layers.TransformerEncoderLayer),
    ),
    "TransformerDecoder": (
        stack(nn.TransformerDecoder, nn.TransformerDecoderLayer),
        {"num_layers": 3, **LAYER},
        stack(layers.TransformerDecoder, layers.TransformerDecoderLayer),
    ),
    "Identity": (nn.Identity, {"a": 10}, lambda a: layers.Identity(a)),
    "Sequential": (
        lambda a, b: nn.Sequential(nn.Linear(a, b), nn.ReLU(), nn.LSTM(b, a)),
        WIDTHS,
        lambda a, b: layers.Sequential(layers.Linear(a, b), layers.Identity(), layers.LSTM(b, a)),
    ),
    "ModuleList": (
        lambda a, b: nn.ModuleList([nn.Linear(a, b), nn.Linear(b, a)]),
        WIDTHS,
        lambda a, b: layers.ModuleList([layers.Linear(a, b), layers.Linear(b, a)]),
    ),
    "ModuleDict": (
        lambda a, b: nn.ModuleDict({"rul": nn.Linear(a, 1), "health": nn.Linear(a, b)}),
        WIDTHS,
        lambda a, b: layers.ModuleDict({"rul": layers.Linear(a, 1), "health": layers.Linear(a, b)}),
    ),
    "ParameterList": (
        lambda a, b: nn.ParameterList([torch.empty(a, b), torch.empty(b)]),
        WIDTHS,
        lambda a, b: layers.ParameterList([(a, b), b]),
    ),
    "ParameterDict": (
        lambda a, b: nn.ParameterDict({"token": torch.empty(1, 1, a), "scale": torch.empty(b)}),
        WIDTHS,
        lambda a, b: layers.ParameterDict({"token": (1, 1, a), "scale": b}),
    ),
}
CASES = {
    **{name: (getattr(nn, name), at, CATALOGUE[name].build) for name, at in START.items()},
    **MADE,
}


def test_every_class_of_the_catalogue_has_a_case() -> None:
    assert sorted(CASES) == sorted(CATALOGUE)


def free(at: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments with symbols for sizes, those of the entries of a list numbered."""
    return {name: _free(name, value) for name, value in at.items()}


def _free(name: str, value: Any) -> Any:
    if isinstance(value, list | tuple):
        return type(value)(_free(f"{name}_{number}", each) for number, each in enumerate(value))
    return pc.symbol(name) if type(value) is int else value


def agree(found: Block, expected: Block) -> None:
    """Whether two forms are the same, as an identity, and for every tensor at each point that was predicted."""
    assert found.evidence is not None
    assert len(found.evidence.predicted) >= 8
    for point in found.evidence.predicted:
        assert predicts(found, point, pc.unfold(expected.bind(**{key: point[key] for key in expected.symbols})))
    assert same(found.params, expected.params)
    assert same(found.buffers, expected.buffers)


@pytest.mark.parametrize("name", sorted(CASES))
def test_the_catalogue_is_what_torchs_own_classes_derive(name: str) -> None:
    build, at, catalogue = CASES[name]
    agree(pc.derive(build, at), catalogue(**free(at)))


BOOK = {"lstm_hidden": 128, "lstm_layers": 2, "n_features": 17, "rul_hidden": (128,), "health_hidden": (64,)}
RESEARCH = {"trunk": (256, 64, 32), "rul_hidden": (64, 32, 16), "health_hidden": (32, 16)}
REST = {"conv_channels": (64, 128, 64), "kernel_size": 3, "attention_layers": 2, "n_classes": 3}


@pytest.mark.parametrize(
    ("preset", "at"),
    [("book", BOOK), ("research", {**BOOK, "lstm_hidden": 256, **RESEARCH}), ("book", {**BOOK, **REST})],
    ids=["book", "research", "all"],
)
def test_the_reference_derives_to_the_specification(preset: str, at: dict[str, Any]) -> None:
    found = pc.derive(amnl_reference.build, {"preset": preset, **at})
    agree(found, pc.architecture("amnl", preset=preset, **free(at)))
    assert [str(each) for each in found.preconditions] == ["lstm_hidden divisible by 4"]
    with pytest.raises(pc.errors.PreconditionFailed, match="lstm_hidden=10"):
        found.bind(lstm_hidden=10)


# One form of each family, and the sizes under which its models were published, with their numbers of parameters.
Family = tuple[dict[str, Any], list[tuple[int, dict[str, int]]]]


def gpt2(width: int, layers: int) -> dict[str, int]:
    return {"n_embd": width, "n_layer": layers, "n_head": width // 64, "vocab_size": 50257, "n_positions": 1024}


def bert(width: int, layers: int) -> dict[str, int]:
    sizes = {"hidden_size": width, "num_hidden_layers": layers, "intermediate_size": 4 * width}
    more = {"vocab_size": 30522, "max_position_embeddings": 512, "type_vocab_size": 2}
    return {**sizes, **more, "num_attention_heads": width // 64}


GPT2 = [
    (124_439_808, gpt2(768, 12)),
    (354_823_168, gpt2(1024, 24)),
    (774_030_080, gpt2(1280, 36)),
    (1_557_611_200, gpt2(1600, 48)),
]
LLAMA = {"hidden_size": 4096, "num_hidden_layers": 32, "num_attention_heads": 32, "num_key_value_heads": 32}
MIXTRAL = {**LLAMA, "num_key_value_heads": 8, "intermediate_size": 14336, "vocab_size": 32000, "num_local_experts": 8}
T5 = {"d_model": 512, "d_kv": 64, "d_ff": 2048, "num_layers": 6, "num_decoder_layers": 6, "num_heads": 8}
VIT = {"hidden_size": 768, "num_hidden_layers": 12, "num_attention_heads": 12, "intermediate_size": 3072}
PUBLISHED: dict[str, Family] = {
    "GPT2Model": ({"model_type": "gpt2", "n_layer": 2, "n_embd": 96, "n_head": 4}, GPT2),
    "GPT2LMHeadModel": ({"model_type": "gpt2", "n_layer": 2, "n_embd": 96, "n_head": 4}, GPT2),
    "BertModel": ({"model_type": "bert"}, [(109_482_240, bert(768, 12)), (335_141_888, bert(1024, 24))]),
    "LlamaForCausalLM": (
        {"model_type": "llama", "num_hidden_layers": 2},
        [(6_738_415_616, {**LLAMA, "head_dim": 128, "intermediate_size": 11008, "vocab_size": 32000})],
    ),
    "MixtralForCausalLM": (
        {"model_type": "mixtral", "num_hidden_layers": 2},
        [(46_702_792_704, MIXTRAL)],
    ),
    "T5ForConditionalGeneration": (
        {"model_type": "t5"},
        [(60_506_624, {**T5, "vocab_size": 32128, "relative_attention_num_buckets": 32})],
    ),
    "ViTForImageClassification": (
        {"model_type": "vit", "num_labels": 1000},
        [(86_567_656, {**VIT, "image_size": 224, "patch_size": 16, "num_channels": 3})],
    ),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_one_form_of_a_family_gives_the_published_counts(name: str) -> None:
    config, members = PUBLISHED[name]
    found = pc.derive_config({**config, "architectures": [name]})
    for params, sizes in members:
        assert found.symbols == sizes.keys()
        assert found.bind(**sizes).params == params
