"""Quantised weights that lie outside `parameters()` are found, every time."""

from __future__ import annotations

import warnings
from typing import Any

import torch
from torch import nn

import paramcalc as pc
from paramcalc.sources.modules.torch_module import from_module
from tests.sources.modules.reading import assert_read


def quantised(*types: type[nn.Module]) -> nn.Module:
    model = nn.Sequential(nn.Linear(4, 3), nn.LSTM(3, 5), nn.Embedding(10, 4), nn.Linear(3, 2, bias=False))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return torch.ao.quantization.quantize_dynamic(model, set(types), dtype=torch.qint8)  # type: ignore[no-any-return]


def test_dynamically_quantised_weights_are_found_outside_parameters() -> None:
    model = quantised(nn.Linear, nn.LSTM)
    tree = from_module(model)
    assert_read(model, tree)
    assert tree.params == 40
    assert tree.totals.packed == 4 * 3 + 3 + 20 * 3 + 20 * 5 + 2 * 20 + 6
    stored = {(each.role, each.dtype): each.elements for each in pc.storage(tree)}
    assert stored["packed", "qint8"] == 12 + 60 + 100 + 6
    text = pc.render(tree, nbytes=True)
    assert "packed outside parameters(): qint8 weight 3×4, float32 bias 3" in text
    assert "Packed: 221 elements outside parameters()" in text
    assert from_module(quantised(nn.Linear)).totals.packed == 4 * 3 + 3 + 6


def test_packed_weights_are_all_found_every_time() -> None:
    layers = {nn.LSTM: 2 * (256 * 64 * 2 + 2 * 256), nn.GRU: 2 * (192 * 64 * 2 + 2 * 192)}
    for layer, expected in layers.items():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model = torch.ao.quantization.quantize_dynamic(nn.Sequential(layer(64, 64, 2)), {layer}, dtype=torch.qint8)
        assert {from_module(model).totals.packed for _ in range(8)} == {expected}


def test_packed_weights_of_fused_and_derived_classes_are_found() -> None:
    class Mine(torch.ao.nn.quantized.Conv2d):
        pass

    fused = torch.ao.nn.intrinsic.quantized.ConvReLU2d(3, 8, 3)
    for model in (torch.ao.nn.quantized.Conv2d(3, 8, 3), Mine(3, 8, 3), fused):
        assert from_module(model).totals.packed == 8 * 3 * 9 + 8, type(model)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        scripted: Any = torch.jit.script(next(quantised(nn.Linear).children()))
    assert from_module(scripted).totals.packed == 4 * 3 + 3
