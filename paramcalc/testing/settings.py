"""Settings that the known architectures can be built with."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st


@st.composite
def _amnl(draw: st.DrawFn) -> dict[str, Any]:
    heads = draw(st.sampled_from([1, 2, 4]))
    widths = st.lists(st.integers(1, 12), max_size=3).map(tuple)
    return {
        "n_features": draw(st.integers(1, 20)),
        "conv_channels": draw(st.lists(st.integers(1, 12), min_size=1, max_size=4).map(tuple)),
        "kernel_size": draw(st.sampled_from([1, 3, 5])),
        "lstm_hidden": heads * draw(st.integers(1, 6)),
        "lstm_layers": draw(st.integers(1, 4)),
        "num_heads": draw(st.sampled_from([heads, 2 * heads])),
        "attention_layers": draw(st.integers(1, 3)),
        "lstm_norm": draw(st.booleans()),
        "attention_norm": draw(st.booleans()),
        "trunk": draw(widths),
        "rul_hidden": draw(widths),
        "health_hidden": draw(widths),
        "n_classes": draw(st.integers(1, 6)),
    }


def architectures() -> st.SearchStrategy[dict[str, Any]]:
    """Return a strategy for all hyperparameters of AMNL, small, each a setting that a model can be built with.

    >>> from hypothesis import given
    >>> import paramcalc as pc
    >>> @given(architectures())
    ... def test_a_third_layer_adds_to_the_second(settings):
    ...     deeper = {**settings, "lstm_layers": settings["lstm_layers"] + 1}
    ...     assert pc.architecture("amnl", **deeper).params > pc.architecture("amnl", **settings).params
    >>> test_a_third_layer_adds_to_the_second()
    """
    return _amnl()
