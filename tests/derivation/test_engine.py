"""Trees come back from what they build, without torch and within limits."""

from __future__ import annotations

import inspect
import sys
import warnings
from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from torch import nn

import paramcalc as pc
from paramcalc.derivation.boundaries import Boundaries
from paramcalc.derivation.engine import derive_tree
from paramcalc.derivation.models.observations import Observations
from paramcalc.derivation.models.prediction import predicts
from paramcalc.derivation.start import start_at
from paramcalc.errors import InvalidValue
from paramcalc.sizes.point import meets
from paramcalc.sizes.symbols import same
from paramcalc.tree.block import Block

X, Y, N = (pc.symbol(name) for name in ("x", "y", "n"))
SIZES = st.sampled_from([X, Y, 2 * X, X + 3, 4 * Y, X * Y, X + Y, 7])


@st.composite
def models(draw: st.DrawFn) -> Block:
    """Draw a model of a few layers, some of which repeat."""
    children: dict[str, Block] = {}
    for name in draw(st.lists(st.sampled_from(["a", "b", "c"]), min_size=1, unique=True)):
        a, b = draw(SIZES), draw(SIZES)
        layer = draw(st.sampled_from([pc.layers.Linear(a, b), pc.layers.LSTM(a, b, 2), pc.layers.Conv1d(a, b, 3)]))
        several = pc.compose("ModuleList", {"x": layer})
        repeated = replace(several, children=(pc.repeated(layer, draw(st.sampled_from([N, N + 1, 2 * N]))),))
        children[name] = repeated if draw(st.booleans()) else layer
    return pc.compose("Model", children)


@settings(max_examples=40, suppress_health_check=list(HealthCheck))
@given(models())
def test_a_tree_comes_back_from_what_it_builds(tree: Block) -> None:
    at = {name: value for name, value in {"x": 24, "y": 40, "n": 3}.items() if name in tree.symbols}
    assume(at)
    found = derive_tree(lambda point: pc.unfold(tree.bind(**{name: point[name] for name in at})), start_at(at))
    assert same(found.params, tree.params)
    assert found.evidence is not None
    assert 8 <= len(found.evidence.predicted) < 24  # nothing is rounded
    for values in ({"x": 1, "y": 1, "n": 2}, {"x": 100, "y": 7, "n": 9}):
        point = {name: values[name] for name in at}
        assert predicts(found, point, pc.unfold(tree.bind(**point)))


def language_model(vocab: int, d_model: int, n_layers: int, n_heads: int, dropout: float = 0.1) -> nn.Module:
    layer = nn.TransformerEncoderLayer(d_model, n_heads, 4 * d_model, dropout, batch_first=True)
    head = nn.Linear(d_model, vocab, bias=False)
    model = nn.ModuleDict(
        {"wte": nn.Embedding(vocab, d_model), "layers": nn.TransformerEncoder(layer, n_layers), "head": head}
    )
    head.weight = model["wte"].weight  # type: ignore[assignment]
    return model


def test_ties_layers_and_conditions_of_a_language_model() -> None:
    found = pc.derive(language_model, {"vocab": 1000, "d_model": 64, "n_layers": 2, "n_heads": 4, "dropout": 0.1})
    assert str(pc.formula(found)) == "d_model*vocab + n_layers*(12*d_model**2 + 13*d_model)"
    assert [str(each) for each in found.preconditions] == ["d_model divisible by n_heads"]
    assert found.evidence is not None
    assert found.evidence.no_effect == ("n_heads",)
    assert dict(found.evidence.fixed) == {"dropout": 0.1}
    assert found.bind(vocab=30, d_model=8, n_layers=3, n_heads=2).params == 30 * 8 + 3 * (12 * 64 + 13 * 8)
    only = pc.derive(language_model, {"vocab": 1000, "d_model": 64, "n_layers": 2, "n_heads": 4}, vary=["n_layers"])
    assert str(only.params) == "49984*n_layers + 64000"


def test_what_is_beyond_the_limits_is_given_up() -> None:
    with pytest.raises(InvalidValue, match="no proof within 3 builds"):
        pc.derive(nn.Linear, {"in_features": 4, "out_features": 3}, limits=pc.Limits(builds=3))


def test_nothing_of_the_engine_needs_torch() -> None:
    names = [name for name in sys.modules if name.startswith("paramcalc.derivation.")]
    assert "paramcalc.derivation.engine" in names
    for name in names:
        assert "import torch" not in inspect.getsource(sys.modules[name]), name
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert derive_tree(lambda at: pc.layers.Linear(at["d"], 3), start_at({"d": 5})).params == 3 * pc.symbol("d") + 3


def test_what_is_built_after_the_proof_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """A model that comes to light when all is settled, as one next to sizes that are refused, is no less a model."""
    check, narrow = Boundaries.check, Observations.narrow
    settled: list[bool] = []

    def checked(boundaries: Boundaries, tree: Block) -> object:
        found = check(boundaries, tree)
        settled.extend([True] if found is None else [])
        return found

    def looked_around(observations: Observations) -> object:
        if len(settled) == 1:
            settled.append(False)
            observations.observe({**observations.base, "x": 1_001}, "what the code refuses")
        return narrow(observations)

    def build(at: Mapping[str, int]) -> Block:
        return pc.layers.Linear(at["x"] + (at["x"] == 1_001), at["y"])

    monkeypatch.setattr(Boundaries, "check", checked)
    monkeypatch.setattr(Observations, "narrow", looked_around)
    try:
        tree = derive_tree(build, start_at({"x": 64, "y": 9}))
    except InvalidValue:
        return
    assert not meets({"x": 1_001, "y": 9}, tree.preconditions) or tree.symbols == {"y"}
