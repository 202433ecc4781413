"""The state dict in what training saves: it is found, and what is left out is named or refused."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import pytest
import torch

from paramcalc.errors import BadFile
from paramcalc.sources.files.state_names import ASSUMED
from paramcalc.sources.files.torch_pickle import USUAL_KEYS
from tests.sources.files.checkpoints import STATE, listed, read, saved


@pytest.mark.parametrize("key", USUAL_KEYS)
def test_usual_keys_lead_to_the_state_dict(key: str) -> None:
    tree = read(saved({"epoch": 3, key: STATE, "loss": torch.ones(()), 7: None}), ".ckpt")
    assert listed(tree) == {"fc.w": ((2, 3), "float32"), "fc.b": ((2,), "float32")}
    assert tree.note == f"under '{key}'; left out: 'epoch', 'loss', 7; {ASSUMED}"


def test_the_first_usual_key_is_taken() -> None:
    for number, key in enumerate(USUAL_KEYS):
        tree = read(saved({each: {"w": torch.ones(2)} for each in reversed(USUAL_KEYS[number:])}), ".pt")
        assert listed(tree) == {"w": ((2,), "float32")}
        assert tree.note.startswith(f"under '{key}'; ")
    assert listed(read(saved({"state_dict": {"a": 1}, "model": STATE}), ".pt")).keys() == STATE.keys()
    assert listed(read(saved({"state_dict": torch.ones(2), "model": 3}), ".pt")).keys() == {"state_dict"}


def test_what_is_no_tensor_is_left_out_by_name() -> None:
    tree = read(saved({**STATE, "_extra_state": None, "step": 3}), ".pt")
    assert tree.note == f"left out: '_extra_state', 'step'; {ASSUMED}"
    many = read(saved({"model": {**STATE, **{f"x{number}": None for number in range(12)}}}), ".pt")
    assert "'x9' and 2 more; " in many.note


PACKED = (torch.ones(3, 2), torch.ones(3))
LEFT: dict[str, tuple[dict[Any, Any], str]] = {
    "packed": ({"fc.scale": torch.ones(()), "fc._packed_params._packed_params": PACKED}, "'fc._packed_params._packed"),
    "packed under a key": ({"model": {"s": torch.ones(()), "opt.p": PACKED}}, "'opt.p'"),
    "two networks": ({"generator": STATE, "discriminator": STATE, "step": torch.tensor(5)}, "'generator', 'discrimina"),
    "an empty model": ({"generator": STATE, "model": {}}, "'generator'"),
    "a tensor beside": ({"model": STATE, "head.weight": torch.ones(3), "loss": torch.ones(())}, "'head.weight', which"),
    "a model beside": ({"model": STATE, "net": {"fc.w": torch.ones(2, 4), "fc.b": torch.ones(2)}}, "'net'"),
    "a list beside": ({"model": STATE, "weights": [torch.ones(2)]}, "'weights'"),
    "a number as a key": ({"model": STATE, 3: {"w": torch.ones(2)}}, "3, which"),
    "deep": ({"model": STATE, "x": [({"y": [[{"z": [torch.ones(1)]}]]},)]}, "'x'"),
    "many": ({**STATE, **{f"x{n}": [torch.ones(1)] for n in range(12)}}, "'x0', .*'x9' and 2 more, which"),
    "adopted": ({"model": STATE, "adopted": STATE}, "'adopted'"),
}


@pytest.mark.parametrize("name", sorted(LEFT))
def test_tensors_that_would_not_be_counted_are_refused(name: str) -> None:
    value, named = LEFT[name]
    with pytest.raises(BadFile, match=rf"model\.pt: it holds tensors in {named}.* are not counted; .*; save model\."):
        read(saved(value), ".pt")


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of torch, that quantisation moves to another package
@pytest.mark.filterwarnings("ignore:torch.quantize:UserWarning")  # the same, once in a process
def test_a_quantised_model_is_not_counted_too_small() -> None:
    quantized: Any = torch.ao.nn.quantized
    state = quantized.Linear(3, 4).state_dict()
    with pytest.raises(BadFile, match=r"it holds tensors in '_packed_params\._packed_params', which are not counted"):
        read(saved(state), ".pt")


KEPT = [
    "optimizer",
    "optimizer_state_dict",
    "optimizer_states",
    "optim",
    "opt",
    "optimizer_G",
    "d_optim",
    "Optimizer",
    "lr_scheduler",
    "lr_schedulers",
    "scheduler",
    "scheduler_state_dict",
    "lr_sched",
    "scaler",
    "grad_scaler",
    "amp",
    "rng_state",
    "torch_rng_state",
    "random_state",
    "ema_state_dict",
    "params_ema",
    "callbacks",
    "loops",
    "hyper_parameters",
]


@pytest.mark.parametrize("key", KEPT)
def test_what_training_keeps_is_left_out_by_name(key: str) -> None:
    kept = {"state": {0: {"step": torch.ones(()), "exp_avg": torch.ones(2, 3)}}, "param_groups": [{"params": [0]}]}
    for content in ({"model": STATE, key: kept}, {**STATE, key: kept}):
        tree = read(saved(content), ".pt")
        assert tree.params == 8
        assert f"left out: '{key}'; " in tree.note


def test_numbers_beside_a_state_dict_are_left_out_by_name() -> None:
    again: list[Any] = [torch.ones(()), {"best": (torch.ones(()), 3)}]
    again.append(again)
    assert "left out: 'losses'" in read(saved({"model": STATE, "losses": again}), ".pt").note


@pytest.mark.parametrize(
    ("value", "note"),
    [
        ({}, "holds no tensors"),
        (OrderedDict(), "holds no tensors"),
        ({"e": 1, "model": {}}, "under 'model'; left out: 'e'; holds no tensors"),
    ],
)
def test_an_empty_state_dict_is_an_empty_tree(value: object, note: str) -> None:
    tree = read(saved(value), ".pt")
    assert (tree.note, tree.params, tree.children) == (note, 0, ())


@pytest.mark.parametrize(("key", "said"), [(3 - 2**63, str(3 - 2**63)), (2**63 - 1, str(2**63 - 1)), (2**63, "a int")])
def test_a_number_as_a_key_is_said_where_64_bits_hold_it(key: int, said: str) -> None:
    assert read(saved({**STATE, key: None}), ".pt").note == f"left out: {said}; {ASSUMED}"
