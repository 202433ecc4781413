"""Settings that the kit draws: every hyperparameter takes all its values."""

from __future__ import annotations

from typing import Any

from paramcalc.testing import architectures
from tests.testing.draws import drawn

SETTINGS: dict[str, Any] = {
    "kernel_size": [1, 3, 5],
    "lstm_layers": range(1, 5),
    "attention_layers": range(1, 4),
    "lstm_norm": [False, True],
    "attention_norm": [False, True],
    "n_classes": range(1, 7),
}


def test_settings_take_all_their_values() -> None:
    found = drawn(architectures(), 300)
    for name, values in SETTINGS.items():
        assert {each[name] for each in found} == set(values), name
    for name, lengths in {
        "conv_channels": range(1, 5),
        "trunk": range(4),
        "rul_hidden": range(4),
        "health_hidden": range(4),
    }.items():
        assert {len(each[name]) for each in found} == set(lengths), name
        assert {width for each in found for width in each[name]} == set(range(1, 13)), name
        assert {type(each[name]) for each in found} == {tuple}
    features = {each["n_features"] for each in found}
    assert (min(features), max(features)) == (1, 20)
    heads = {each["num_heads"] for each in found}
    assert heads == {1, 2, 4, 8}
    # The layers run in both directions, so that twice the heads still divide the width.
    assert all(2 * each["lstm_hidden"] % each["num_heads"] == 0 for each in found)
    assert {each["lstm_hidden"] % each["num_heads"] == 0 for each in found} == {False, True}
    widths = {(each["num_heads"], each["lstm_hidden"] % 4) for each in found}
    assert {(2, 1), (4, 2), (4, 0), (8, 0)} <= widths
    assert max(each["lstm_hidden"] for each in found) == 24
