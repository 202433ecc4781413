"""The hyperparameters of AMNL and its two published presets."""

from __future__ import annotations

from dataclasses import dataclass

POOLINGS = ("mean", "last")


@dataclass(frozen=True)
class AMNLConfig:
    """Every hyperparameter of AMNL; widths are numbers of features, and the defaults are the preset `book`.

    A window of shape (batch, time, n_features) passes one convolution block per width in `conv_channels`, a
    bidirectional LSTM of `lstm_hidden` units a direction and `attention_layers` self-attention blocks of width
    2 * lstm_hidden. `pooling` reduces time to its mean or to its last step, `trunk` holds the widths of the layers that
    both heads share, and `rul_hidden` and `health_hidden` the hidden widths of each head. An even `kernel_size` makes
    the sequence one step longer in each block.

    Raises: ValueError for the first field that does not fit.
    """

    n_features: int = 17
    conv_channels: tuple[int, ...] = (64, 128, 64)
    kernel_size: int = 3
    lstm_hidden: int = 128
    lstm_layers: int = 2
    num_heads: int = 8
    attention_layers: int = 1
    lstm_norm: bool = True
    attention_norm: bool = True
    trunk: tuple[int, ...] = ()
    rul_hidden: tuple[int, ...] = (128,)
    health_hidden: tuple[int, ...] = (64,)
    n_classes: int = 3
    pooling: str = "mean"
    rul_relu_output: bool = False
    dropout: float = 0.1

    def __post_init__(self) -> None:
        for name in ("n_features", "kernel_size", "lstm_hidden", "lstm_layers", "num_heads", "attention_layers"):
            self._check(name, _is_size(getattr(self, name)), "a positive integer")
        self._check("n_classes", _is_size(self.n_classes), "a positive integer")
        self._check(
            "conv_channels", _are_sizes(self.conv_channels, least=1), "a tuple of one or more positive integers"
        )
        for name in ("trunk", "rul_hidden", "health_hidden"):
            self._check(
                name, _are_sizes(getattr(self, name), least=0), "a tuple of positive integers, which may be empty"
            )
        for name in ("lstm_norm", "attention_norm", "rul_relu_output"):
            self._check(name, isinstance(getattr(self, name), bool), "True or False")
        self._check("pooling", self.pooling in POOLINGS, f"one of {', '.join(map(repr, POOLINGS))}")
        self._check("dropout", _is_probability(self.dropout), "a number from 0 up to, but not including, 1")
        divides = self.attention_width % self.num_heads == 0
        self._check("num_heads", divides, f"a divisor of the attention width 2 * lstm_hidden = {self.attention_width}")

    @property
    def attention_width(self) -> int:
        """Features per time step after the bidirectional LSTM: 2 * lstm_hidden."""
        return 2 * self.lstm_hidden

    def _check(self, name: str, fits: bool, expected: str) -> None:
        if not fits:
            raise ValueError(f"AMNLConfig was given {name}={getattr(self, name)!r}, expected {expected}.")


def _is_size(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _are_sizes(value: object, *, least: int) -> bool:
    return isinstance(value, tuple) and len(value) >= least and all(map(_is_size, value))


def _is_probability(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value < 1


PRESETS: dict[str, AMNLConfig] = {
    "book": AMNLConfig(),
    "research": AMNLConfig(
        lstm_hidden=256,
        lstm_norm=False,
        trunk=(256, 64, 32),
        rul_hidden=(64, 32, 16),
        health_hidden=(32, 16),
        pooling="last",
        rul_relu_output=True,
    ),
}
