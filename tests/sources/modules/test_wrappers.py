"""Wrapped, compiled, parametrized and pruned modules keep the tensors and names that torch gives them."""

from __future__ import annotations

import warnings
from typing import Any

import torch
from torch import nn
from torch.nn.utils import parametrizations, prune

from paramcalc.sources.modules.torch_module import from_module
from tests.sources.modules.reading import assert_read


def test_parametrizations_and_pruning() -> None:
    weight = parametrizations.weight_norm(nn.Linear(3, 4))
    spectral = parametrizations.spectral_norm(nn.Linear(3, 4))
    orthogonal = parametrizations.orthogonal(nn.Linear(3, 4))
    pruned: nn.Module = prune.random_unstructured(nn.Linear(3, 4), "weight", amount=0.5)
    assert_read(nn.ModuleList([weight, spectral, orthogonal, pruned]))
    assert from_module(weight).params == 4 + 4 + 12
    assert from_module(pruned).params == 16
    assert from_module(pruned).buffers == 12


def test_wrappers_keep_torchs_names() -> None:
    parallel = nn.DataParallel(nn.Linear(3, 4))
    assert_read(parallel)
    assert [name for name, _ in from_module(parallel).tensors()] == ["module.weight", "module.bias"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        compiled: Any = torch.compile(nn.Linear(3, 4))
        scripted = torch.jit.script(nn.Sequential(nn.Linear(3, 4), nn.ReLU()))
    assert_read(compiled)
    assert_read(scripted)
    assert from_module(scripted).kind == "Sequential"


def test_distributed_data_parallel(tmp_path: Any) -> None:
    group = f"file://{tmp_path}/group"
    torch.distributed.init_process_group("gloo", init_method=group, rank=0, world_size=1)
    try:
        assert_read(nn.parallel.DistributedDataParallel(nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4))))
    finally:
        torch.distributed.destroy_process_group()
