"""The number of layers is a size of every config: what is made of it follows, and lists go on by their pattern."""

from __future__ import annotations

from typing import Any

import pytest

import paramcalc as pc
from paramcalc.derivation.models.prediction import predicts
from paramcalc.derivation.models.prober import Spent
from paramcalc.derivation.start import Start
from paramcalc.errors import ParamcalcError
from paramcalc.rendering.derived import derived_text
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


@pytest.mark.parametrize(
    ("model_type", "sizes", "name"), [("gpt_neo", GPT_NEO, "num_layers"), ("reformer", REFORMER, "num_hidden_layers")]
)
def test_lists_of_the_library_go_on_by_their_pattern(model_type: str, sizes: dict[str, Any], name: str) -> None:
    config = {"model_type": model_type, **sizes}
    tree = pc.derive_config(config)
    evidence = evidence_of(tree)
    assert name in tree.symbols
    assert evidence.layout == evidence.fixed == {}
    for depth in (2, 4, 8, 10):
        turns = {"attention_types": [[["global", "local"], depth // 2]]}
        lists = turns if model_type == "gpt_neo" else {"attn_layers": ["local", "lsh"] * (depth // 2)}
        assert predicts(tree, {**evidence.built[0], name: depth}, pc.from_config({**config, name: depth, **lists}))


LLAMA = {"model_type": "llama", "hidden_size": 64, "intermediate_size": 96, "num_attention_heads": 8, "vocab_size": 40}


def test_a_size_that_is_not_given_follows_as_the_library_makes_it() -> None:
    names = ["hidden_size", "num_hidden_layers"]
    tree = pc.derive_config({**LLAMA, "num_key_value_heads": 2, "num_hidden_layers": 2}, vary=names)
    held = pc.derive_config({**LLAMA, "num_key_value_heads": 2, "num_hidden_layers": 2, "head_dim": 8}, vary=names)
    assert "head_dim" not in evidence_of(tree).fixed
    assert evidence_of(held).fixed["head_dim"] == 8
    for form, given in ((tree, {}), (held, {"head_dim": 8})):
        for width in (32, 48, 128):
            model = {**LLAMA, "num_key_value_heads": 2, "hidden_size": width, "num_hidden_layers": 3, **given}
            assert predicts(form, {"hidden_size": width, "num_hidden_layers": 3}, pc.from_config(model))
    names = ["text_config_hidden_size", "text_config_vocab_size"]
    whole = pc.derive_config({"model_type": "llava", "vision_config": VISION}, vary=names)
    wider = {"model_type": "llava", "vision_config": VISION, "text_config": {"hidden_size": 2048, "vocab_size": 50}}
    assert predicts(whole, {"text_config_hidden_size": 2048, "text_config_vocab_size": 50}, pc.from_config(wider))


def kinds(letters: str) -> list[str]:
    return [{"f": "full_attention", "s": "sliding_attention"}[each] for each in letters]


def test_a_list_that_is_given_as_the_library_makes_it_follows() -> None:
    config = {"model_type": "smollm3", **TEXT, "no_rope_layers": [1, 1, 1, 0] * 2, "layer_types": kinds("f" * 8)}
    tree = pc.derive_config(config)
    assert "num_hidden_layers" in tree.symbols
    assert not [name for name in evidence_of(tree).built[0] if name.startswith("no_rope_layers_")]
    fewer = pc.derive_config(config, at={"num_hidden_layers": 6}, vary=["num_hidden_layers", "vocab_size"])
    assert fewer.bind(num_hidden_layers=8, vocab_size=40).params == pc.from_config(config).params


def test_a_list_that_is_given_otherwise_goes_on_by_its_pattern() -> None:
    heads = {"num_attention_heads_per_layer": [4, 8, 8, 4, 8, 8, 4, 8]}
    config = {"model_type": "laguna", **TEXT, **EXPERTS, "num_key_value_heads": 2}
    tree = pc.derive_config({**config, **heads})
    base = evidence_of(tree).built[0]
    assert "num_hidden_layers" in tree.symbols
    assert tree.note == "num_attention_heads_per_layer goes on by its pattern with num_hidden_layers"
    for depth in (1, 2, 3, 5, 9, 13):
        longer = {"num_attention_heads_per_layer": [(4, 8, 8)[number % 3] for number in range(depth)]}
        model = pc.from_config({**config, **longer, "num_hidden_layers": depth})
        assert predicts(tree, {**base, "num_hidden_layers": depth}, model)


def test_a_list_without_a_plain_pattern_holds_the_number_of_layers() -> None:
    config = {"model_type": "smollm3", **TEXT, "layer_types": kinds("fsffsssf")}
    tree = pc.derive_config(config)
    evidence = evidence_of(tree)
    assert tree.note == "layer_types says what each layer is, by no plain pattern"
    assert "note: layer_types says" in derived_text(tree, pc.formula(tree))
    assert evidence.fixed == {"num_hidden_layers": 8}
    assert evidence.layout == {}


def test_stages_of_which_the_library_makes_no_more_lay_out_the_model() -> None:
    tree = pc.derive_config({"model_type": "convnext"})
    assert evidence_of(tree).layout == {"num_stages": 4}
    assert {f"depths_{number}" for number in range(4)} <= tree.symbols


def test_a_number_that_stands_for_a_list_is_a_size() -> None:
    sizes = {**TEXT, "num_hidden_layers": 10, "num_kv_shared_layers": 0, "vocab_size_per_layer_input": 20}
    config = {"model_type": "gemma3n_text", **sizes}
    tree = pc.derive_config(config, vary=["intermediate_size", "num_hidden_layers"])
    for layers in (5, 6, 12):
        model = pc.from_config({**config, "intermediate_size": 20, "num_hidden_layers": layers})
        assert predicts(tree, {"intermediate_size": 20, "num_hidden_layers": layers}, model)


@pytest.mark.parametrize("vary", [None, ["num_hidden_layers", "attn_layer_period"]])
def test_sizes_that_say_which_layers_are_of_another_kind_are_held_where_no_form_is_found_in_time(
    monkeypatch: pytest.MonkeyPatch, vary: list[str] | None
) -> None:
    asked: list[Start] = []

    def spent(build: object, start: Start, **rest: object) -> Block:
        asked.append(start)
        raise Spent("the time is over")

    monkeypatch.setattr("paramcalc.tracing.configs.derive_config.proven", spent)
    with pytest.raises(Spent, match="the time is over"):
        pc.derive_config({"model_type": "zamba", **ZAMBA}, vary=vary)
    if vary:
        assert [list(each.values) for each in asked] == [vary]
        return
    turns = {"attn_layer_period": 6, "attn_layer_offset": 4}
    assert [each.held for each in asked] == [{}, turns]
    assert asked[0].values == {**asked[1].values, **turns}
    assert "num_hidden_layers" in asked[1].values
