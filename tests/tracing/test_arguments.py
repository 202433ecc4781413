"""Integers in the arguments of a factory and in configs: by name, one by one in lists, and others in their place."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

import paramcalc as pc
from paramcalc.cli import main
from paramcalc.derivation.models.prediction import predicts
from paramcalc.errors import InvalidType, InvalidValue, UnknownName
from paramcalc.sizes.symbols import same
from paramcalc.tracing.fields import at_path, fields, other_fields, twice, with_fields
from tests.clock import Clock

NAMES = st.sampled_from(["width", "depth", "heads"])
VALUES = st.recursive(
    st.integers(-1, 9) | st.booleans() | st.none() | st.floats(0, 1) | st.text(max_size=2),
    lambda inner: st.lists(inner, max_size=3) | st.tuples(inner, inner) | st.dictionaries(NAMES, inner, max_size=2),
    max_leaves=8,
)
CONFIGS = st.dictionaries(NAMES, VALUES, max_size=3)


def types_of(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: types_of(each) for key, each in value.items()}
    return (type(value), [types_of(each) for each in value]) if isinstance(value, list | tuple) else type(value)


@given(CONFIGS, st.data())
def test_other_values_come_where_they_are_put_and_nowhere_else(config: dict[str, Any], data: st.DataObject) -> None:
    before = copy.deepcopy(config)
    paths = fields(config)
    values = {path: data.draw(st.integers(1, 99)) for path in paths.values() if data.draw(st.booleans())}
    changed = with_fields(config, values)
    assert config == before
    assert types_of(changed) == types_of(before)
    assert fields(changed) == paths
    for path in paths.values():
        assert at_path(changed, path) == values.get(path, at_path(before, path))
    assert other_fields(changed) == other_fields(before)
    assert twice(config) or with_fields(changed, {path: at_path(before, path) for path in values}) == before


def one_by_one(first: int, second: int, depth: int) -> nn.Module:
    return funnel([first, second], depth)


def funnel(widths: Any, depth: int) -> nn.Module:
    assert type(widths) in (list, tuple, Pair)
    ends = [nn.Linear(3, widths[0]), nn.Linear(widths[0], widths[1])]
    return nn.ModuleDict({"ends": nn.ModuleList(ends), "rest": nn.ModuleList(nn.Linear(7, 7) for _ in range(depth))})


class Pair(NamedTuple):
    first: int
    second: int


@pytest.mark.parametrize("widths", [[16, 32], (16, 32), Pair(16, 32)], ids=["list", "tuple", "named tuple"])
def test_entries_of_lists_are_sizes_like_any_others(widths: Any) -> None:
    kinds = set()

    def build(widths: Any, depth: int) -> nn.Module:
        kinds.add(type(widths))
        return funnel(widths, depth)

    found = pc.derive(build, {"widths": widths, "depth": 2})
    apart = pc.derive(one_by_one, {"first": 16, "second": 32, "depth": 2})
    assert same(found.params, apart.bind(first=pc.symbol("widths_0"), second=pc.symbol("widths_1")).params)
    assert kinds == {type(widths)}
    for sizes in ({"widths_0": 1, "widths_1": 9, "depth": 3}, {"widths_0": 50, "widths_1": 2, "depth": 5}):
        assert predicts(found, sizes, pc.from_module(funnel([sizes["widths_0"], sizes["widths_1"]], sizes["depth"])))


def test_a_list_stands_for_its_entries_and_an_entry_for_itself() -> None:
    at = {"widths": [16, 32], "depth": 2}
    assert pc.derive(funnel, at, vary=["widths"]).symbols == {"widths_0", "widths_1"}
    both = pc.derive(funnel, at, vary=["widths_1", "depth", "widths_1"])
    assert both.symbols == {"widths_1", "depth"}
    assert both.evidence is not None
    assert dict(both.evidence.fixed) == {"widths_0": 16}
    assert pc.derive(funnel, at, vary=["depth"]).symbols == {"depth"}


def test_entries_of_a_list_in_a_config_vary_together_by_its_name() -> None:
    config = {"model_type": "mobilevit", "hidden_sizes": [16, 24, 32], "image_size": 64}
    found = pc.derive_config(config, vary=["hidden_sizes"])
    assert found.symbols == {"hidden_sizes_0", "hidden_sizes_1", "hidden_sizes_2"}


GPT2 = {"model_type": "gpt2", "n_layer": 2, "n_embd": 64, "n_head": 4, "vocab_size": 500}


def test_fields_of_a_config_by_their_other_names() -> None:
    expected = pc.derive_config({**GPT2, "n_embd": 32}, vary=["n_embd"])
    assert pc.derive_config(GPT2, at={"hidden_size": 32}, vary=["hidden_size"]) == expected
    other = {"hidden_size": 32, **{name: value for name, value in GPT2.items() if name != "n_embd"}}
    assert pc.derive_config(other, vary=["n_embd"]) == expected
    labels = pc.derive_config(
        {**GPT2, "architectures": ["GPT2ForSequenceClassification"]}, at={"num_labels": 7}, vary=["n_embd"]
    )
    assert same(labels.params - expected.params, 7 * pc.symbol("n_embd"))


def test_fields_inside_of_a_config_to_start_from() -> None:
    config = {"model_type": "mobilevit", "image_size": 64}
    found = pc.derive_config(config, at={"hidden_sizes_1": 48}, vary=["hidden_sizes_0"])
    whole = pc.derive_config({**config, "hidden_sizes": [144, 48, 240]}, vary=["hidden_sizes_0"])
    assert found == whole


@pytest.mark.parametrize(
    ("at", "vary", "kind", "message"),
    [
        ({"n_emb": 64}, None, UnknownName, "config: unknown field 'n_emb'; did you mean 'n_embd'"),
        ({}, ["n_emb"], UnknownName, "config: unknown field 'n_emb'; did you mean 'n_embd'"),
        ({"n_embd": 0}, None, InvalidValue, "config: transformers .* cannot build it: "),
        ({"n_embd": 0}, ["n_embd"], InvalidType, "at n_embd: got 0; expected an int of 1 or more"),
        ({"n_embd": "64"}, None, InvalidValue, "config: transformers .* cannot build it: .*expected int, got str"),
        ({"n_embd": True}, None, InvalidValue, "config: transformers .* cannot build it: .*expected int, got bool"),
        ({"n_embd": 2**40}, None, InvalidValue, "config: transformers .* cannot build it: .*Storage size"),
        ({}, ["use_cache"], InvalidType, "at use_cache: got True; expected an int of 1 or more"),
        ({}, "n_embd", InvalidType, "vary: got 'n_embd'; expected a list of names"),
    ],
)
def test_what_is_wrong_in_a_config_is_refused(at: Any, vary: Any, kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=message):
        pc.derive_config(GPT2, at=at, vary=vary)


def test_a_config_of_too_many_layers_takes_the_time_that_it_is_given(clock: Clock) -> None:
    with pytest.raises(InvalidValue, match=r"derive: no proof within 1.5 seconds"):
        pc.derive_config(GPT2, at={"n_layer": 10**8}, limits=pc.Limits(seconds=1.5))
    assert 1.5 <= clock.now < 2


def test_arguments_in_a_mapping_are_named_by_their_path() -> None:
    def build(sizes: dict[str, int], bias: bool) -> nn.Module:
        return nn.Linear(sizes["inputs"], sizes["outputs"], bias)

    found = pc.derive(build, {"sizes": {"inputs": 8, "outputs": 6}, "bias": False})
    assert str(found.params) == "sizes_inputs*sizes_outputs"
    assert found.evidence is not None
    assert dict(found.evidence.fixed) == {"bias": False}


WRONG: dict[str, tuple[dict[str, Any], Any, type[Exception], str]] = {
    "unknown entry": ({"widths": [4, 5]}, ["widths_2"], UnknownName, "vary: unknown size 'widths_2'; did you mean"),
    "zero": ({"widths": [4, 0]}, ["widths"], InvalidType, "at widths_1: got 0; expected an int of 1 or more"),
    "negative": ({"widths": [4, 5], "depth": -2}, ["depth"], InvalidType, "at depth: got -2; expected an int of 1"),
    "text": ({"widths": [4, 5], "depth": "2"}, ["depth"], InvalidType, "at depth: got '2'; expected an int of 1"),
    "truth": ({"widths": [4, 5], "depth": True}, ["depth"], InvalidType, "at depth: got True; expected an int of 1"),
    "fraction": ({"widths": [4, 5.0]}, ["widths_1"], InvalidType, "at widths_1: got 5.0; expected an int of 1"),
    "empty": ({"widths": [], "depth": 2}, ["widths"], InvalidType, r"at widths: got \[\]; expected an int of 1"),
    "one text": ({"widths": [4, 5]}, "widths", InvalidType, "vary: got 'widths'; expected a list of names"),
    "not a name": ({"widths": [4, 5]}, [3], InvalidType, "vary: got 3; expected names"),
    "no name": ({"widths": [4, 5]}, [], InvalidType, r"vary: got \[\]; expected a list of names"),
    "one number": ({"widths": [4, 5]}, 3, InvalidType, "vary: got 3; expected a list of names"),
    "no size": ({"widths": [], "depth": 0}, None, InvalidValue, "at: it holds no int of 1 or more; expected sizes"),
    "two of a name": ({"widths": [4, 5], "widths_0": 3}, None, InvalidValue, "at: two sizes are named 'widths_0'"),
}


def anything(**arguments: Any) -> nn.Module:
    raise AssertionError("nothing is built from arguments that cannot vary")


@pytest.mark.parametrize("name", WRONG)
def test_what_cannot_vary_is_refused_before_anything_is_built(name: str) -> None:
    at, vary, kind, message = WRONG[name]
    with pytest.raises(kind, match=message):
        pc.derive(anything, at, vary=vary)


def test_lists_on_the_command_line(capsys: pytest.CaptureFixture[str], monkeypatch: Any, tmp_path: Path) -> None:
    source = (
        "from torch import nn\ndef funnel(widths):\n    return nn.Linear(*[*widths, 3][:2], bias=widths == [*widths])"
    )
    (tmp_path / "funnels.py").write_text(source, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    for at, expected in (("[8, 6]", "widths_0*widths_1 + widths_1"), ("(8, 6)", "widths_0*widths_1")):
        with pytest.raises(SystemExit) as stop:
            main(["derive", "funnels:funnel", "--at", f"widths={at}", "--form", "expanded"])
        assert stop.value.code == 0
        assert capsys.readouterr().out.startswith(f"{expected}\n")
