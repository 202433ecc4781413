"""Configurations of AMNL, seeded models of it, and their published counts."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import strategies as st
from torch import Tensor, nn

from amnl_reference import AMNL, PRESETS, AMNLConfig, build

TOTALS = {"book": 960_964, "research": 3_497_476}
SMALL = {"conv_channels": (5, 4), "lstm_hidden": 6, "num_heads": 3, "rul_hidden": (7,), "health_hidden": (4,)}
presets = pytest.mark.parametrize("preset", list(PRESETS))


@st.composite
def configs(draw: st.DrawFn) -> AMNLConfig:
    """Draw a small configuration in which every field varies."""
    size = st.integers(1, 5)
    hidden = st.lists(size, max_size=2).map(tuple)
    lstm_hidden = draw(size)
    heads = [n for n in range(1, 2 * lstm_hidden + 1) if 2 * lstm_hidden % n == 0]
    return AMNLConfig(
        n_features=draw(st.sampled_from([17, 17, 1, 14])),
        conv_channels=tuple(draw(st.lists(size, min_size=1, max_size=3))),
        kernel_size=draw(size),
        lstm_hidden=lstm_hidden,
        lstm_layers=draw(st.integers(1, 3)),
        num_heads=draw(st.sampled_from(heads)),
        attention_layers=draw(st.integers(1, 2)),
        lstm_norm=draw(st.booleans()),
        attention_norm=draw(st.booleans()),
        trunk=draw(hidden),
        rul_hidden=draw(hidden),
        health_hidden=draw(hidden),
        n_classes=draw(size),
        pooling=draw(st.sampled_from(["mean", "last"])),
        rul_relu_output=draw(st.booleans()),
        dropout=draw(st.sampled_from([0, 0.1, 0.5])),
    )


def params(module: nn.Module) -> int:
    return sum(tensor.numel() for tensor in module.parameters())


def batch_for(model: AMNL, size: int = 8, **options: Any) -> tuple[Tensor, Tensor, Tensor]:
    """Return windows (size, 30, n_features), RUL targets (size,) and class indices (size,) from a fixed seed."""
    generator = torch.Generator().manual_seed(0)
    windows = torch.randn(size, 30, model.config.n_features, generator=generator, **options)
    rul = 125 * torch.rand(size, generator=generator, **options)
    return windows, rul, torch.randint(model.config.n_classes, (size,), generator=generator)


def seeded(preset: str, **overrides: Any) -> AMNL:
    torch.manual_seed(0)
    return build(preset, **overrides)


def expected_names(config: AMNLConfig) -> list[str]:
    """Write out the names of the parameters, in order, from the configuration alone."""

    def pair(prefix: str) -> list[str]:
        return [f"{prefix}.weight", f"{prefix}.bias"]

    names = []
    for n in range(1, len(config.conv_channels) + 1):
        names += pair(f"cnn.conv{n}") + pair(f"cnn.bn{n}")
    for layer in range(config.lstm_layers):
        for direction in ("", "_reverse"):
            parts = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
            names += [f"lstm.lstm.{part}_l{layer}{direction}" for part in parts]
    names += pair("lstm.norm") if config.lstm_norm else []
    for n in range(config.attention_layers):
        names += [f"attention.{n}.mha.in_proj_weight", f"attention.{n}.mha.in_proj_bias"]
        names += pair(f"attention.{n}.mha.out_proj")
        names += pair(f"attention.{n}.norm") if config.attention_norm else []
    heads = {"trunk": config.trunk, "rul_head": (*config.rul_hidden, 1), "health_head": (*config.health_hidden, 1)}
    return names + [name for head in heads for n in range(len(heads[head])) for name in pair(f"{head}.fc{n + 1}")]
