"""A config of AMNL refuses what does not fit, and names what is known."""

from __future__ import annotations

from typing import Any

import pytest

from amnl_reference import AMNLConfig, build


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"n_features": 0}, r"n_features=0, expected a positive integer"),
        ({"lstm_hidden": 128.0}, r"lstm_hidden=128\.0, expected a positive integer"),
        ({"lstm_layers": True}, r"lstm_layers=True, expected a positive integer"),
        ({"kernel_size": -3}, r"kernel_size=-3, expected a positive integer"),
        ({"attention_layers": 0}, r"attention_layers=0, expected a positive integer"),
        ({"n_classes": "3"}, r"n_classes='3', expected a positive integer"),
        ({"num_heads": 7}, r"num_heads=7, expected a divisor of the attention width 2 \* lstm_hidden = 256"),
        ({"conv_channels": ()}, r"conv_channels=\(\), expected a tuple of one or more positive integers"),
        ({"conv_channels": [64]}, r"conv_channels=\[64\], expected a tuple of one or more positive integers"),
        ({"trunk": (256, 0)}, r"trunk=\(256, 0\), expected a tuple of positive integers, which may be empty"),
        ({"rul_hidden": 64}, r"rul_hidden=64, expected a tuple of positive integers"),
        ({"health_hidden": (1.5,)}, r"health_hidden=\(1\.5,\), expected a tuple of positive integers"),
        ({"lstm_norm": 1}, r"lstm_norm=1, expected True or False"),
        ({"attention_norm": None}, r"attention_norm=None, expected True or False"),
        ({"rul_relu_output": "yes"}, r"rul_relu_output='yes', expected True or False"),
        ({"pooling": "max"}, r"pooling='max', expected one of 'mean', 'last'"),
        ({"dropout": 1.0}, r"dropout=1\.0, expected a number from 0 up to, but not including, 1"),
        ({"dropout": float("nan")}, r"dropout=nan, expected a number from 0"),
    ],
)
def test_config_refuses_a_value_that_does_not_fit(overrides: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        AMNLConfig(**overrides)


def test_build_names_the_known_presets_and_fields() -> None:
    with pytest.raises(ValueError, match=r"preset 'thesis', expected one of book, research"):
        build("thesis")
    with pytest.raises(TypeError, match=r"given hidden, .* AMNLConfig: n_features, .*, dropout"):
        build("book", hidden=64)
