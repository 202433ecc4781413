"""The number of layers is a size of every config: what the library makes of it follows, lists go on by their pattern."""

from __future__ import annotations

from typing import Any

import pytest

import paramcalc as pc
from paramcalc.derivation.models.prediction import predicts
from paramcalc.errors import ParamcalcError
from paramcalc.sizes.symbols import same
from paramcalc.tracing.fields import fields, with_fields
from paramcalc.tree.block import Block
from tests.forms import evidence_of

NARROW = {"hidden_size": 32, "intermediate_size": 24, "vocab_size": 40}
HEADS = {"num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 8}
TEXT = {**NARROW, **HEADS, "num_hidden_layers": 8, "pad_token_id": 0}
EXPERTS = {"num_local_experts": 3, "num_experts": 3, "num_experts_per_tok": 2, "moe_intermediate_size": 12}
VISION = {"hidden_size": 16, "intermediate_size": 24, "num_attention_heads": 2, "num_hidden_layers": 2}
ZAMBA = {**NARROW, "num_attention_heads": 4, "num_key_value_heads": 2, "num_hidden_layers": 14}
SAPIENS = {
    **VISION,
    "num_hidden_layers": 7,
    "num_key_value_attention_heads": 1,
    "num_first_full_attention_layers": 2,
    "num_last_full_attention_layers": 2,
    "image_size": [32, 16],
    "patch_size": 4,
}
GPT_NEO = {"hidden_size": 32, "num_heads": 4, "num_layers": 6, "attention_types": [[["global", "local"], 3]]}
REFORMER = {"axial_pos_shape": [4, 4], "axial_pos_embds_dim": [8, 8], "hidden_size": 16, "num_attention_heads": 2}
T5GEMMA2 = {
    "encoder": {"text_config": TEXT, "vision_config": {**VISION, "image_size": 32, "patch_size": 8}},
    "decoder": TEXT,
}
MUSE_SPARK = {
    "text_config": {**TEXT, **EXPERTS, "moe_hidden_size": 16},
    "vision_config": {**VISION, "num_hidden_layers": 5, "num_key_value_heads": 2},
    "audio_config": {"hidden_sizes": [4, 8, 12, 16], "out_hidden_size": 32},
    "out_hidden_size": 32,
}
LISTED: dict[str, tuple[dict[str, Any], list[str]]] = {  # their classes make lists of the kinds of layers
    "llama4_text": ({**TEXT, **EXPERTS, "intermediate_size_mlp": 20}, ["num_hidden_layers"]),
    "smollm3": (TEXT, ["num_hidden_layers"]),
    "laguna": ({**TEXT, **EXPERTS}, ["num_hidden_layers"]),
    "sapiens2": (SAPIENS, ["num_hidden_layers"]),
    "zamba": (ZAMBA, ["num_hidden_layers"]),
    "t5gemma2": (T5GEMMA2, ["encoder_text_config_num_hidden_layers", "decoder_num_hidden_layers"]),
    "muse_spark": (MUSE_SPARK, ["text_config_num_hidden_layers", "vision_config_num_hidden_layers"]),
    "gemma3_text": (TEXT, ["num_hidden_layers"]),
    "qwen2": (TEXT, ["num_hidden_layers"]),
    "llama": (TEXT, ["num_hidden_layers"]),
    "mistral": (TEXT, ["num_hidden_layers"]),
    "gpt2": ({"n_embd": 32, "n_head": 4, "n_layer": 3, "vocab_size": 40}, ["n_layer"]),
    "t5": ({"d_model": 32, "d_ff": 24, "num_layers": 3, "vocab_size": 40}, ["num_layers"]),
    "bert": ({**NARROW, "num_attention_heads": 4, "num_hidden_layers": 3}, ["num_hidden_layers"]),
    "vit": ({**VISION, "image_size": 32, "patch_size": 8}, ["num_hidden_layers"]),
}


def said_at(tree: Block, config: dict[str, Any], name: str, depths: range) -> list[int]:
    """The numbers of layers for which a form holds; what it says there must be the model that the library builds."""
    path, base, held = fields(config)[name], evidence_of(tree).built[0], []
    for depth in depths:
        point = {**base, name: depth}
        try:
            tree.bind(**{each: point[each] for each in tree.symbols})
        except ParamcalcError:
            continue
        assert predicts(tree, point, pc.from_config(with_fields(config, {path: depth}))), depth
        held.append(depth)
    return held


@pytest.mark.parametrize("model_type", LISTED)
def test_the_number_of_layers_is_a_size(model_type: str) -> None:
    sizes, names = LISTED[model_type]
    config = {"model_type": model_type, **sizes}
    tree = pc.derive_config(config, vary=names)
    for name in names:
        assert name in tree.symbols
        assert len(said_at(tree, config, name, range(1, 22, 2))) >= 6
