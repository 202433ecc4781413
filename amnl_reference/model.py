"""AMNL in torch: convolutions, a bidirectional LSTM and self-attention, with a RUL head and a health head."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import fields, replace
from itertools import pairwise
from typing import Any

from torch import Tensor, nn

from amnl_reference.config import PRESETS, AMNLConfig


class FeatureExtractor(nn.Sequential):
    """Convolution blocks over time: (batch, time, in_channels) to (batch, time, channels[-1])."""

    def __init__(self, in_channels: int, channels: Sequence[int], kernel_size: int, dropout: float) -> None:
        layers: OrderedDict[str, nn.Module] = OrderedDict()
        widths = (in_channels, *channels)
        for n, (before, after) in enumerate(pairwise(widths), start=1):
            layers[f"conv{n}"] = nn.Conv1d(before, after, kernel_size, padding=kernel_size // 2)
            layers[f"bn{n}"] = nn.BatchNorm1d(after)
            layers[f"relu{n}"] = nn.ReLU()
            layers[f"dropout{n}"] = nn.Dropout(dropout)
        super().__init__(layers)

    def forward(self, window: Tensor) -> Tensor:
        """Return the features of each time step."""
        features = window.transpose(1, 2)
        for layer in self:
            features = layer(features)
        return features.transpose(1, 2)


class BiLSTMEncoder(nn.Module):
    """A bidirectional LSTM, then an optional LayerNorm: (batch, time, in_features) to (batch, time, 2 * hidden)."""

    def __init__(self, in_features: int, hidden: int, layers: int, *, norm: bool, dropout: float) -> None:
        super().__init__()
        between = dropout if layers > 1 else 0.0
        self.lstm = nn.LSTM(in_features, hidden, layers, batch_first=True, bidirectional=True, dropout=between)
        self.norm = nn.LayerNorm(2 * hidden) if norm else None

    def forward(self, features: Tensor) -> Tensor:
        """Return both directions of the last layer at every time step."""
        encoded: Tensor = self.lstm(features)[0]
        return encoded if self.norm is None else self.norm(encoded)


class AttentionBlock(nn.Module):
    """Self-attention with a residual, then an optional LayerNorm: (batch, time, width) to the same shape."""

    def __init__(self, width: int, num_heads: int, *, norm: bool, dropout: float) -> None:
        super().__init__()
        self.mha = nn.MultiheadAttention(width, num_heads, dropout=dropout, batch_first=True)
        self.norm = nn.LayerNorm(width) if norm else None

    def forward(self, encoded: Tensor) -> Tensor:
        """Return norm(encoded + attention(encoded)), or the sum itself without a norm."""
        attended, _ = self.mha(encoded, encoded, encoded, need_weights=False)
        total: Tensor = encoded + attended
        return total if self.norm is None else self.norm(total)


class MLP(nn.Sequential):
    """Linear layers fc1, fc2, ... with ReLU, and Dropout if given, between: (..., widths[0]) to (..., widths[-1])."""

    def __init__(self, widths: Sequence[int], *, dropout: float | None = None, relu_output: bool = False) -> None:
        layers: OrderedDict[str, nn.Module] = OrderedDict()
        last = len(widths) - 1
        for n, (before, after) in enumerate(pairwise(widths), start=1):
            layers[f"fc{n}"] = nn.Linear(before, after)
            if n < last or relu_output:
                layers[f"relu{n}"] = nn.ReLU()
            if n < last and dropout is not None:
                layers[f"dropout{n}"] = nn.Dropout(dropout)
        super().__init__(layers)


class AMNL(nn.Module):
    """The dual-task network: a window of sensor readings to a remaining useful life (RUL) and a health state."""

    def __init__(self, config: AMNLConfig) -> None:
        super().__init__()
        width, dropout = config.attention_width, config.dropout
        self.config = config
        self.cnn = FeatureExtractor(config.n_features, config.conv_channels, config.kernel_size, dropout)
        self.lstm = BiLSTMEncoder(
            config.conv_channels[-1], config.lstm_hidden, config.lstm_layers, norm=config.lstm_norm, dropout=dropout
        )
        self.attention = nn.ModuleList(
            AttentionBlock(width, config.num_heads, norm=config.attention_norm, dropout=dropout)
            for _ in range(config.attention_layers)
        )
        shared = (width, *config.trunk)
        self.trunk = MLP(shared, relu_output=True) if config.trunk else None
        self.rul_head = MLP((shared[-1], *config.rul_hidden, 1), dropout=dropout, relu_output=config.rul_relu_output)
        self.health_head = MLP((shared[-1], *config.health_hidden, config.n_classes), dropout=dropout)

    def forward(self, window: Tensor) -> tuple[Tensor, Tensor]:
        """Map a window (batch, time, n_features) to the RUL (batch,) and health logits (batch, n_classes).

        Raises: ValueError for a window of another shape.
        """
        if window.ndim != 3 or window.shape[-1] != self.config.n_features:
            expected = f"(batch, time, {self.config.n_features})"
            raise ValueError(f"AMNL was given a window of shape {tuple(window.shape)}, expected {expected}.")
        encoded = self.lstm(self.cnn(window))
        for block in self.attention:
            encoded = block(encoded)
        pooled = encoded.mean(dim=1) if self.config.pooling == "mean" else encoded[:, -1]
        shared = pooled if self.trunk is None else self.trunk(pooled)
        return self.rul_head(shared).squeeze(-1), self.health_head(shared)


def build(preset: str = "book", **overrides: Any) -> AMNL:
    """Build AMNL from a preset, with any field of `AMNLConfig` overridden by keyword.

    Raises: ValueError for an unknown preset or a value that does not fit, TypeError for an unknown field.
    """
    if preset not in PRESETS:
        raise ValueError(f"build was given the preset {preset!r}, expected one of {', '.join(PRESETS)}.")
    known = [field.name for field in fields(AMNLConfig)]
    unknown = [name for name in overrides if name not in known]
    if unknown:
        raise TypeError(
            f"build was given {', '.join(unknown)}, expected only fields of AMNLConfig: {', '.join(known)}."
        )
    return AMNL(replace(PRESETS[preset], **overrides))
