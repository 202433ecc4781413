"""The closed form from code: round trips, conditions, rhythms, roundings, bad factories."""

from __future__ import annotations

import copy
import inspect
import json
import pickle
import sys
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from torch import nn

import paramcalc as pc
from paramcalc.derivation.engine import derive_tree
from paramcalc.derivation.fitting.fitter import Fitter
from paramcalc.derivation.models.prediction import predicts
from paramcalc.derivation.start import start_at
from paramcalc.errors import InvalidValue
from paramcalc.sizes.symbols import same
from paramcalc.tracing import integers
from paramcalc.tracing.integers import Trace, TracedInt
from paramcalc.tracing.nodes import expression_of, value_at
from paramcalc.tree.block import Block
from tests.forms import agrees, evidence_of, opaque

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
    assert len(found.evidence.predicted) == 8
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


def test_sizes_that_must_be_equal_go_together() -> None:
    found = pc.derive_config({"model_type": "opt", "num_hidden_layers": 2})
    assert found.evidence is not None
    assert found.evidence.follows == {"word_embed_proj_dim": pc.symbol("hidden_size")}


def test_layers_that_take_turns() -> None:
    def build(width: int, depth: int) -> nn.Module:
        return nn.Sequential(*(part for _ in range(depth) for part in (nn.Linear(width, width), nn.ReLU())))

    found = pc.derive(build, {"width": 32, "depth": 3})
    assert str(found.params) == "depth*width**2 + depth*width"
    assert [name for name, _ in found.bind(width=2, depth=3).tensors()][::2] == ["0.weight", "2.weight", "4.weight"]
    assert pc.from_json(pc.to_json(found)) == found


def test_both_sides_of_a_comparison_are_tried() -> None:
    def build(inner: int, outer: int) -> nn.Module:
        layers = [nn.Embedding(10, inner), nn.Linear(outer, outer)]
        return nn.Sequential(*layers, *([nn.Linear(inner, outer)] if inner != outer else []))

    found = pc.derive(build, {"inner": 48, "outer": 64})
    assert [str(each) for each in found.preconditions] == ["inner != outer"]
    with pytest.raises(pc.errors.PreconditionFailed, match="8 is not different from 8"):
        found.bind(inner=8, outer=8)
    assert pc.from_json(pc.to_json(found)) == found


def test_a_size_that_others_give_goes_with_them() -> None:
    def build(width: int, heads: int, head: int) -> nn.Module:
        if width != heads * head:
            raise ValueError("width is heads times head")
        return nn.Linear(width, heads)

    found = pc.derive(build, {"width": 96, "heads": 4, "head": 24})
    assert found.evidence is not None
    assert len(found.evidence.follows) == 1
    for heads, head in ((1, 8), (5, 7)):
        sizes = {"width": heads * head, "heads": heads, "head": head}
        assert found.bind(**{name: sizes[name] for name in found.symbols}).params == (heads * head + 1) * heads


def test_layers_with_a_rhythm() -> None:
    def build(width: int, depth: int) -> nn.Module:
        first, last = [nn.Linear(width, 3)], [nn.Linear(width, 5)]
        between = [nn.Linear(width, 7 if each % 4 == 3 else 2) for each in range(depth)]
        return nn.Sequential(*first, *between, *last)

    found = pc.derive(build, {"width": 32, "depth": 12})
    for depth in (1, 3, 4, 11, 30):
        assert predicts(found, {"width": 9, "depth": depth}, pc.from_module(build(9, depth)))


def test_sizes_that_keep_a_form_from_being_found_are_fixed() -> None:
    def build(width: int, seed: int) -> nn.Module:
        return nn.Linear(width, 1 + (seed * 7919).bit_count())

    found = pc.derive(build, {"width": 32, "seed": 5})
    assert found.evidence is not None
    assert dict(found.evidence.fixed) == {"seed": 5}
    assert found.symbols == {"width"}
    with pytest.raises(InvalidValue, match="dimension 0 follows no expression that was tried"):
        pc.derive(build, {"width": 32, "seed": 5}, vary=["width", "seed"])


def test_rounding_is_found() -> None:
    def build(width: int) -> nn.Module:
        return nn.Linear(int(width * 8 / 3), 64 * ((width + 63) // 64), bias=False)

    found = pc.derive(build, {"width": 96})
    for width in (7, 64, 65, 1000):
        assert found.bind(width=width).params == int(width * 8 / 3) * 64 * ((width + 63) // 64)


def test_what_is_beyond_the_limits_is_given_up() -> None:
    with pytest.raises(InvalidValue, match="no proof within 3 builds"):
        pc.derive(nn.Linear, {"in_features": 4, "out_features": 3}, limits=pc.Limits(builds=3))


def current_mode() -> object:
    mode: Any = torch.overrides
    return mode._get_current_function_mode()


def test_traced_integers_stay_in_the_call() -> None:
    kept: list[Any] = []

    def build(width: int) -> nn.Module:
        model = nn.Linear(width, 2 * width)
        kept.append(model)
        return model

    tree = pc.derive(build, {"width": 8})
    assert int is int
    assert [type(each.value) for each in pc.from_module(nn.Linear(8, 16)).args] == [int, int]
    assert not any(isinstance(size, TracedInt) for _, tensor in tree.tensors() for size in tensor.shape)
    assert current_mode() is None
    with pytest.raises(InvalidValue, match="no model at the sizes given"):
        pc.derive(lambda width: 1 / 0, {"width": 8})
    assert current_mode() is None
    assert torch.empty(1).device.type == "cpu"


def test_traced_arithmetic_is_that_of_integers() -> None:
    trace = Trace()
    d, n = trace.integer("d", 24), trace.integer("n", 5)
    made: list[Any] = [d + n, 3 * d - n, d // n, -(-d // n), d % n, (d + 63) // 64 * 64, round(d / 7), d**2, 2 - d]
    for value in made:
        assert value_at(value.node, {"d": 24, "n": 5}) == int(value)
        for point in ({"d": 24, "n": 5}, {"d": 7, "n": 3}, {"d": 100, "n": 9}):
            size = expression_of(value.node)
            assert size is not None
            bound: Any = size
            exact = value_at(value.node, point)
            assert int(bound.subs({pc.symbol("d"): point["d"], pc.symbol("n"): point["n"]})) == exact
    half = d / 2
    assert copy.deepcopy([d, half])[1] is half
    assert copy.copy(half) is half
    assert [type(each) for each in pickle.loads(pickle.dumps([d, half]))] == [int, float]  # our own
    assert value_at((2**n).node, {"d": 24, "n": 7}) == 128
    assert [each[0] for each in trace.met] == []
    assert (d % 4 == 0) is True
    assert trace.met[-1][0] == "eq"


def quarter(width: int, heads: int) -> nn.Module:
    """Sizes rounded to the nearest number, and to the even one of two that are as near."""
    return nn.ModuleList(
        [nn.Linear(width, round(width / 4)), nn.Linear(round(width / heads), 8 * round(width * 0.7 / 8))]
    )


def test_numbers_are_rounded_to_the_nearest_as_python_does() -> None:
    tree = pc.derive(quarter, {"width": 64, "heads": 3})
    assert tree.preconditions == ()
    assert evidence_of(tree).builds < 40
    for width in range(6, 50):
        for heads in (1, 2, 3, 4, 10):
            assert agrees(quarter, tree, width=width, heads=heads)


def test_quotients_that_are_whole_are_not_rounded_to_the_nearest() -> None:
    def build(width: int, heads: int) -> nn.Module:
        assert opaque(width) % (4 * opaque(heads)) == 0
        return nn.Linear(round(width / heads), round(width / (4 * heads)))

    tree = pc.derive(build, {"width": 96, "heads": 4})
    h, w = pc.symbol("heads"), pc.symbol("width")
    assert next(tree.tensors())[1].shape[1] == w / h
    assert agrees(build, tree, width=160, heads=5)
    assert agrees(build, tree, width=60, heads=3)


def test_arithmetic_without_end_is_not_traced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(integers, "MOST_STEPS", 100)
    steps = []
    widths = set()

    def build(width: int, height: int) -> nn.Module:
        widths.add(int.__index__(width))
        odd = width == 1237
        for number in range(200):
            width += 0 * number
            steps.append(type(width))
        return nn.Linear(width + 0 * odd, height)

    tree = pc.derive(build, {"width": 24, "height": 40})
    assert tree.params == pc.symbol("width") * pc.symbol("height") + pc.symbol("height")
    assert steps.count(TracedInt) == 100
    assert 1237 in widths  # what was compared before is tried


def test_the_simplest_expression_is_taken() -> None:
    points = [
        {"d": 8 * a, "h": b, "k": c} for a, b, c in ((1, 2, 1), (3, 4, 2), (5, 3, 3), (2, 7, 5), (7, 5, 4), (4, 6, 7))
    ]
    fitter = Fitter(points)
    for wanted in ("d", "3*d", "d*h", "d*k/4", "d + 3*h", "d*h + 1", "Max(d, 20)"):
        size = pc.symbol("d") if wanted == "d" else None
        values = [eval(wanted, {"Max": max}, dict(point)) for point in points]  # the text is the test's own
        found: Any = fitter.fit([int(value) for value in values])
        assert found is not None
        assert size is None or found == size
        assert [int(pc.symbol("d") * 0 + found.subs({pc.symbol(k): v for k, v in p.items()})) for p in points] == values
    assert fitter.fit([3, 1, 4, 1, 5, 9]) is None


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from paramcalc.cli import main

    def run(*arguments: str, status: int = 0) -> tuple[str, str]:
        with pytest.raises(SystemExit) as stop:
            main(["derive", *arguments])
        out, err = capsys.readouterr()
        assert stop.value.code == status, err
        return out, err

    out, _ = run("amnl_reference:build", "--at", "lstm_hidden=128", "--form", "expanded")
    assert out.startswith("48*lstm_hidden**2 + 944*lstm_hidden + 53700\nfor lstm_hidden divisible by 4\n")
    assert "predicted 8 others exactly" in out
    path = tmp_path / "config.json"
    path.write_text(json.dumps({"model_type": "gpt2", "n_embd": 96, "n_layer": 2, "n_head": 4}), encoding="utf-8")
    out, _ = run(str(path), "--vary", "n_embd,n_layer", "--format", "json")
    tree = pc.from_json(out)
    assert tree.bind(n_embd=768, n_layer=12).params == 124_439_808
    for arguments in (
        ["amnl"],
        ["torch.nn:Linear", "--at", "in_features=4"],
        ["no.json"],
        [str(path), "--vary", "foo"],
    ):
        assert run(*arguments, status=2)[1].startswith("paramcalc: ")


def test_nothing_of_the_engine_needs_torch() -> None:
    names = [name for name in ("derivation", "fitting", "unify", "sampling") if f"paramcalc.{name}" in sys.modules]
    for name in names:
        source = inspect.getsource(sys.modules[f"paramcalc.{name}"])
        assert "import torch" not in source
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert derive_tree(lambda at: pc.layers.Linear(at["d"], 3), start_at({"d": 5})).params == 3 * pc.symbol("d") + 3
