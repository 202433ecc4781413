"""Hugging Face configs: the model that they describe, without network, remote code or weights."""

from __future__ import annotations

import copy
import json
import resource
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torchinfo
from huggingface_hub import constants, is_offline_mode
from transformers import GPT2Config
from transformers.utils import logging

import paramcalc as pc
from paramcalc.errors import BadFile, InvalidValue, UnknownName
from paramcalc.sources.modules.config import build, from_config, library
from tests.sources.modules.reading import assert_read

GPT2 = {"model_type": "gpt2", "architectures": ["GPT2LMHeadModel"]}
T5 = {"model_type": "t5", "architectures": ["T5ForConditionalGeneration"]}
SMALL = {"model_type": "gpt2", "n_layer": 2, "n_embd": 12, "n_head": 2, "vocab_size": 50, "n_positions": 8}
# Llama-2-70B, whose published count is 68,976,648,192.
LLAMA_70B = {
    "model_type": "llama",
    "architectures": ["LlamaForCausalLM"],
    "hidden_size": 8192,
    "num_hidden_layers": 80,
    "num_attention_heads": 64,
    "num_key_value_heads": 8,
    "intermediate_size": 28672,
    "vocab_size": 32000,
    "torch_dtype": "bfloat16",
}


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("a connection was tried")

    monkeypatch.setattr(socket.socket, "connect", refuse)


def test_the_published_counts() -> None:
    assert from_config(GPT2).params == 124_439_808
    assert from_config(T5).params == 60_506_624
    assert from_config({"model_type": "bert"}).params == 109_482_240


def test_a_70b_model_in_little_memory() -> None:
    tree = from_config(LLAMA_70B, fold=True)
    assert tree.params == 68_976_648_192
    assert {each.dtype for each in pc.storage(tree) if each.role == "parameter"} == {"bfloat16"}
    (layers,) = tree.at("model.layers").children
    assert (layers.repeat, layers.kind) == (80, "LlamaDecoderLayer")


def test_reading_a_70b_model_takes_less_than_a_gigabyte() -> None:
    script = (
        "import json, resource, sys\n"
        "from transformers import LlamaForCausalLM\n"
        "import paramcalc as pc\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "tree = pc.from_config(json.loads(sys.argv[1]))\n"
        "assert tree.params == 68976648192\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)\n"
    )
    run = [sys.executable, "-W", "ignore", "-c", script, json.dumps(LLAMA_70B)]
    result = subprocess.run(run, capture_output=True, text=True, check=True)
    assert int(result.stdout) < 1_000_000  # kilobytes
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss > 0


def test_models_are_read_as_torch_counts_them() -> None:
    for kind in ("gpt2", "t5", "bart", "albert"):
        assert_read(build({"model_type": kind, "vocab_size": 100, "num_layers": 2, "n_layer": 2}))


def test_torchinfo_counts_tied_weights_twice() -> None:
    gpt2, t5 = build(GPT2), build(T5)
    assert torchinfo.summary(gpt2, verbose=0).total_params == 124_439_808 + 50257 * 768
    assert torchinfo.summary(t5, verbose=0).total_params == 60_506_624 + 3 * 32128 * 512
    assert pc.from_module(gpt2).at("lm_head").params == 0


def test_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    path.write_text(json.dumps(SMALL), encoding="utf-8")
    tree = from_config(path)
    assert tree == from_config(SMALL)
    assert tree.kind == "GPT2Model"
    assert tree.params == 2 * (12 * 12**2 + 13 * 12) + (50 + 8) * 12 + 2 * 12


def test_quantisation_is_said_not_to_be_applied() -> None:
    tree = from_config({**SMALL, "quantization_config": {"quant_method": "bitsandbytes", "load_in_4bit": True}})
    assert "quantization_config is not applied" in pc.render(tree)


def test_building_leaves_the_library_as_it_was() -> None:
    before = (constants.HF_HUB_OFFLINE, logging.get_verbosity())
    written = repr(GPT2Config(n_layer=3))
    from_config(SMALL)
    with pytest.raises(InvalidValue, match="cannot build it"):
        from_config({**SMALL, "n_head": 5})
    assert (constants.HF_HUB_OFFLINE, logging.get_verbosity()) == before
    assert repr(GPT2Config(n_layer=3)) == written
    assert '"n_layer": 3' in written


def test_the_library_is_offline_while_it_builds(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[bool] = []

    def watched(data: dict[str, Any]) -> GPT2Config:
        seen.append(is_offline_mode())
        return GPT2Config(**data)

    monkeypatch.setattr(GPT2Config, "from_dict", watched)
    from_config(SMALL)
    assert seen == [True]
    assert not is_offline_mode()


SMALL_LLAMA = {
    "model_type": "llama",
    "hidden_size": 8,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 12,
    "vocab_size": 20,
}


def test_a_name_that_stands_alone_is_that_of_the_class() -> None:
    tree = from_config({**SMALL_LLAMA, "architectures": "LlamaForCausalLM"})
    assert tree == from_config({**SMALL_LLAMA, "architectures": ["LlamaForCausalLM"]})
    assert tree.kind == "LlamaForCausalLM"


def test_a_class_that_the_library_shares_between_model_types() -> None:
    tree = from_config({**SMALL_LLAMA, "model_type": "iquestcoder", "architectures": ["LlamaForCausalLM"]})
    assert tree.kind == "LlamaForCausalLM"
    assert tree.params > 0


def test_the_mapping_stays_as_it_was() -> None:
    config = {**SMALL_LLAMA, "rope_scaling": {"rope_type": "linear", "factor": 2.0}, "attn_implementation": "eager"}
    before = copy.deepcopy(config)
    from_config(config)
    assert config == before
    pc.derive_config(config, vary=["vocab_size"])
    assert config == before


@pytest.mark.parametrize(
    "more",
    [
        {"attn_implementation": "flash_attention_2"},
        {"_attn_implementation": "kernels-community/flash-attn"},
        {"attn_implementation": {"": "flash_attention_3"}, "use_kernels": True},
        {"_experts_implementation": "no_such_code", "experts_implementation": "no_such_code"},
    ],
)
def test_code_that_changes_no_shape_is_not_asked_for(more: dict[str, Any]) -> None:
    assert from_config({**SMALL_LLAMA, **more}) == from_config(SMALL_LLAMA)


def test_no_code_of_kernels_is_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[dict[str, Any]] = []

    def watched(data: dict[str, Any]) -> GPT2Config:
        seen.append(data)
        return GPT2Config(**data)

    monkeypatch.setattr(GPT2Config, "from_dict", watched)
    inner = {"text": {"_attn_implementation": "flash_attention_2", "n": 3}, "list": [{"use_kernels": True}]}
    from_config({**SMALL, "use_kernels": True, "task_specific_params": inner})
    assert seen == [{**SMALL, "task_specific_params": {"text": {"n": 3}, "list": [{}]}}]


def test_code_beside_a_known_model_type_is_said_not_to_be_used() -> None:
    tree = from_config({**SMALL, "auto_map": {"AutoModel": "m.M"}, "quantization_config": {"quant_method": "x"}})
    assert tree.note.startswith("quantization_config is not applied: ")
    assert tree.note.endswith(
        "; auto_map is not followed: the model is the library's own, not that of the code it names"
    )
    assert "auto_map is not followed" in pc.derive_config({**SMALL, "auto_map": {"A": "m.M"}}, vary=["vocab_size"]).note
    assert from_config(SMALL).note == ""


def test_a_config_that_cannot_be_varied_ends_in_one_sentence() -> None:
    for data in ({**SMALL, "n_embd": "wide"}, {**SMALL, "n_head": 5}):
        with pytest.raises(InvalidValue, match=r"transformers [\d.]+ cannot build it: "):
            pc.derive_config(data, vary=["vocab_size"])


BAD: dict[str, tuple[dict[str, Any], str]] = {
    "no type": ({}, r"config: its model_type is None; expected a Hugging Face config"),
    "a number": ({"model_type": 3}, "its model_type is 3"),
    "a typo": ({"model_type": "gpt3"}, "unknown model type 'gpt3'; did you mean"),
    "an architecture": ({"model_type": "gpt2", "architectures": ["GPT2Modell"]}, "did you mean 'GPT2Model'"),
    "no class": ({"model_type": "gpt2", "architectures": ["logging"]}, "unknown architecture 'logging'"),
    "a base": ({**SMALL_LLAMA, "architectures": ["LlamaPreTrainedModel"]}, "LlamaPreTrainedModel is a base of other"),
    "the base": ({**SMALL_LLAMA, "architectures": ["PreTrainedModel"]}, "PreTrainedModel is a base of other classes"),
    "an auto class": (
        {**SMALL_LLAMA, "architectures": ["AutoModelForCausalLM"]},
        "AutoModelForCausalLM stands for other classes, .*; expected a class .* from LlamaConfig, such as LlamaModel$",
    ),
    "a typo of an auto class": (
        {**SMALL_LLAMA, "architectures": ["AutoModelForCausalLLM"]},
        r"did you mean '(?!Auto)\w+'( or '(?!Auto)\w+')?\?$",
    ),
    "a class of another type": (
        {**SMALL_LLAMA, "architectures": ["MistralForCausalLM"]},
        "MistralForCausalLM is built from MistralConfig; expected a class that is built from LlamaConfig",
    ),
    "a class of a part": (
        {"model_type": "llama4", "architectures": ["Llama4ForCausalLM"]},
        "Llama4ForCausalLM is built from Llama4TextConfig; expected a class that is built from Llama4Config",
    ),
    "a number for a class": ({**SMALL_LLAMA, "architectures": [3]}, r"its architectures are \[3\]; expected"),
    "an object for a class": (
        {**SMALL_LLAMA, "architectures": {"a": "b"}},
        "its architectures are {'a': 'b'}",
    ),
    "a backbone of the hub": (
        {"model_type": "upernet", "backbone": "facebook/convnext-tiny-224"},
        "^config: building it would need a download of facebook/convnext-tiny-224, which is never done; describe",
    ),
    "remote code": (
        {"model_type": "x", "auto_map": {"AutoModel": "m.M"}},
        "code outside the library, which is never run",
    ),
    "heads": ({**SMALL, "n_head": 5}, r"transformers [\d.]+ cannot build it: ValueError: .*must be divisible"),
    "text": ({**SMALL, "n_embd": "wide"}, "cannot build it"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_configs_end_in_one_sentence(case: str) -> None:
    data, message = BAD[case]
    with pytest.raises((BadFile, UnknownName, InvalidValue), match=message) as read:
        from_config(data)
    with pytest.raises(type(read.value)) as built:
        build(data)
    assert str(built.value) == str(read.value)


@pytest.mark.parametrize("content", [b"", b"[1]", b"{", bytes(range(256))])
def test_files_that_are_no_configs(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "config.json"
    path.write_bytes(content)
    with pytest.raises(BadFile, match=r"config\.json: .*; expected a Hugging Face config\.json"):
        from_config(path)


def test_a_missing_library_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "transformers", None)
    for read in (lambda: from_config(SMALL), lambda: build(SMALL), library().__enter__):
        with pytest.raises(InvalidValue) as missing:
            read()
        assert str(missing.value) == "config: reading it needs transformers; pip install 'paramcalc[huggingface]'"
