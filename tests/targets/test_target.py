"""A TARGET is an architecture, a factory or a file; what is said of it reaches the tree, or is refused in full."""

from __future__ import annotations

import json
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

import paramcalc as pc
from paramcalc import Block, symbol
from paramcalc.architectures import ARCHITECTURES, Architecture, free_sizes, symbol_values
from paramcalc.architectures.amnl import AMNL
from paramcalc.errors import BadFile, InvalidValue, ParamcalcError, UnknownName
from paramcalc.targets.target import ALL, Request, Target, load

LINEAR = {"in_features": 4, "out_features": 3}
NO_TREE = 'the text is JSON, but no tree; expected "format": "paramcalc-tree" at the top'
REFUSED: dict[str, tuple[str, Request, str]] = {
    "set and varied": (
        "amnl",
        Request({"b": 1, "a": 2, "c": 3}, ["d", "b", "a"]),
        "amnl: a is given a value and varied at once; expected one of the two",
    ),
    "a preset": ("amnl:bok", Request(), "amnl: unknown preset 'bok'; did you mean 'book'?"),
    "a target": ("nothing", Request(), "TARGET: unknown target 'nothing'; known: amnl, amnl:book, amnl:research"),
    "a near preset": (
        "amnl-book",
        Request(),
        "TARGET: unknown target 'amnl-book'; did you mean 'amnl:book' or 'amnl'?",
    ),
    "a null byte": ("a\0b", Request(), "TARGET: unknown target 'a\\x00b'; known: amnl, amnl:book, amnl:research"),
    "too long a name": (
        "x" * 5000,
        Request(),
        f"TARGET: unknown target '{'x' * 57}...'; known: amnl, amnl:book, amnl:research",
    ),
    "arguments of an architecture": (
        "amnl:research",
        Request(arguments={"y": 1, "x": 2}),
        "--arg y: amnl takes no arguments; expected package.module:build",
    ),
    "arguments of a checkpoint": (
        "no.pt",
        Request(arguments={"x": 1}),
        "--arg x: no.pt takes no arguments; expected package.module:build",
    ),
    "arguments of a tree": (
        "no.json",
        Request(arguments={"x": 1}),
        "--arg x: no.json takes no arguments; expected package.module:build",
    ),
    "sizes of a factory": (
        "torch.nn:Linear",
        Request({"x": 1}, (), LINEAR),
        "--set x: torch.nn:Linear has no symbols; a factory takes arguments by --arg",
    ),
    "sizes of a tree of numbers": (
        "numbers.json",
        Request({"y": 1, "x": 2}),
        "--set y: numbers.json has no symbols; its sizes are fixed",
    ),
    "another size of a tree": ("tree.json", Request({"in_size": 1}), "unknown symbol 'in_size'; known: a, b"),
    "what varies of a tree": ("tree.json", Request(vary=["a", "x"]), "tree.json: unknown symbol 'x'; known: a, b"),
    "what varies after it is set": ("tree.json", Request({"a": 1}, ["c"]), "tree.json: unknown symbol 'c'; known: b"),
    "what varies of a factory": (
        "torch.nn:Linear",
        Request(vary=["x"], arguments=LINEAR),
        "torch.nn:Linear: unknown symbol 'x'; there is no symbol at all",
    ),
    "what varies of an architecture": (
        "amnl",
        Request(vary=["lstm_hidden", "lstm_hiddn"]),
        "amnl: unknown size 'lstm_hiddn'; did you mean 'lstm_hidden' or 'health_hidden_0'?",
    ),
    "a file that there is not": (
        "no.json",
        Request(),
        "no.json: cannot read it: No such file or directory; expected a tree saved as JSON",
    ),
    "a name that no file has": (
        "a\0.json",
        Request(),
        "a\0.json: cannot read it: embedded null byte; expected a tree saved as JSON",
    ),
    "a path of 200 letters": (
        "x/" * 100 + ".json",
        Request(),
        f"{'x/' * 100}: cannot read it: No such file or directory; expected a tree saved as JSON",
    ),
    "bytes": ("bytes.json", Request(), "bytes.json: the file is not text; expected a tree saved as JSON"),
    "a list": ("list.json", Request(), f"list.json: {NO_TREE}"),
    "a format and a model": ("both.json", Request(), f"both.json: {NO_TREE}"),
    "neither": ("neither.json", Request(), f"neither.json: {NO_TREE}"),
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current directory, with a file of each kind."""
    tree = Block(children=(pc.layers.Linear(symbol("a"), symbol("b")),))
    texts = {
        "tree.json": pc.to_json(tree),
        "tree": pc.to_json(tree),
        "numbers.json": pc.to_json(pc.layers.Linear(4, 3)),
        "list.json": '["model_type"]',
        "both.json": '{"model_type": "gpt2", "format": "x"}',
        "neither.json": '{"a": "gpt2"}',
        "deep.json": "[" * 100_000,
        "amnl": "no tree",
    }
    for name, text in texts.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    (tmp_path / "bytes.json").write_bytes(bytes(range(256)))
    state = {"weight": torch.ones(3, 4)}
    save_file(state, tmp_path / "model.safetensors")
    torch.save(state, tmp_path / "model.pt")
    (tmp_path / "of.index.json").write_text(
        json.dumps({"weight_map": {"weight": "model.safetensors"}}), encoding="utf-8"
    )
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused_is_said_in_full(name: str, folder: Path) -> None:
    text, request, message = REFUSED[name]
    with pytest.raises(ParamcalcError, match=f"^{re.escape(message)}$"):
        load(text, request)


def test_nothing_is_said_of_a_target_where_nothing_is_given() -> None:
    assert Request() == Request(settings={}, vary=(), arguments={}, device="meta")
    assert Target(Block()) == Target(Block(), at={}, notation={}, roles=True)
    assert load("amnl") == load("amnl", Request()) == load("amnl:book")


@pytest.mark.parametrize(
    ("text", "params", "roles"),
    [
        ("amnl", 960_964, True),
        ("amnl:research", 3_497_476, True),
        ("numbers.json", 15, True),
        ("torch.nn:Linear", 15, True),
        ("model.safetensors", 12, False),
        ("model.pt", 12, False),
        ("of.index.json", 12, False),
    ],
)
def test_a_checkpoint_alone_does_not_know_roles(folder: Path, text: str, params: int, roles: bool) -> None:
    loaded = load(text, Request(arguments=LINEAR if ":L" in text else {}))
    assert (loaded.block.params, loaded.roles) == (params, roles)


def test_a_file_with_another_ending_is_a_tree_and_an_architecture_comes_before_a_file(folder: Path) -> None:
    assert load("tree") == load("tree.json")
    assert load(str(folder / "tree")).block.symbols == {"a", "b"}
    assert load("amnl").block.name == load(AMNL.name).block.name
    with pytest.raises(BadFile, match="amnl: not JSON"):
        load(str(folder / "amnl"))


def test_a_config_nested_too_deep_is_no_tree(folder: Path) -> None:
    with pytest.raises(BadFile, match=r"^deep\.json: not JSON: "):
        load("deep.json")


@pytest.mark.parametrize("vary", [(), ["b"], ALL, ["*"]])
def test_sizes_of_a_tree_are_set_and_the_others_stay_symbolic(folder: Path, vary: Any) -> None:
    loaded = load("tree.json", Request({"a": 5}, vary))
    assert loaded.block.symbols == {"b"}
    assert loaded.block.bind(b=1).params == 6
    assert (loaded.at, loaded.notation) == ({}, {})


@pytest.mark.parametrize(
    ("settings", "vary", "free"),
    [
        ({}, (), []),
        ({}, ["lstm_hidden"], ["lstm_hidden"]),
        ({}, ["num_heads", "lstm_hidden"], ["num_heads", "lstm_hidden"]),
        ({}, ["conv_channels"], ["conv_channels_0", "conv_channels_1", "conv_channels_2"]),
        ({}, ["conv_channels_1"], ["conv_channels_1"]),
        ({"conv_channels": (8, 9)}, ["conv_channels_1"], ["conv_channels_1"]),
        ({"lstm_hidden": 64}, ["num_heads"], ["num_heads"]),
    ],
)
def test_what_varies_of_an_architecture_has_the_value_that_it_stands_for(
    settings: dict[str, Any], vary: list[str], free: list[str]
) -> None:
    loaded = load("amnl", Request(settings, vary))
    values = symbol_values(AMNL.config(None, **settings))
    assert list(loaded.at.items()) == [(name, values[name]) for name in free]
    assert loaded.block.symbols == set(free)
    assert loaded.block.bind(**{name: values[name] for name in free}) == load("amnl", Request(settings)).block
    assert loaded.notation == AMNL.notation


@pytest.mark.parametrize("text", ["amnl", "amnl:research"])
@pytest.mark.parametrize("settings", [{}, {"lstm_hidden": 64}, {"conv_channels": (8, 8)}])
def test_all_that_varies_is_all_that_is_not_set(text: str, settings: dict[str, Any]) -> None:
    loaded = load(text, Request(settings, ALL))
    config = AMNL.config(text.partition(":")[2] or None, **settings)
    assert list(loaded.at) == free_sizes(config, settings)
    assert loaded.block.symbols == set(loaded.at)


def test_a_size_that_the_tree_does_not_have_stands_for_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    @dataclass(frozen=True)
    class Config:
        width: Any = 3
        unused: Any = 4

    known = Architecture("square", {"one": Config()}, lambda config: pc.layers.Linear(config.width, config.width), {})
    monkeypatch.setitem(ARCHITECTURES, "square", known)
    for vary in (ALL, ["width", "unused"], ["unused", "width"]):
        loaded = load("square", Request(vary=vary))
        assert loaded.at == {"width": 3}
        assert loaded.block.symbols == {"width"}


def test_names_of_the_caller_are_near_matches_too() -> None:
    with pytest.raises(UnknownName, match=r"^TARGET: unknown target 'lstm'; did you mean 'LSTM'\?$"):
        load("lstm", also=["LSTM"])
    with pytest.raises(UnknownName, match=r"; known: amnl, amnl:book, amnl:research, XX, YY$"):
        load("nothing", also=["XX", "YY"])


@pytest.mark.parametrize("device", ["meta", "cpu"])
def test_a_factory_gets_its_arguments_and_its_device(
    folder: Path, monkeypatch: pytest.MonkeyPatch, device: str
) -> None:
    code = ["from torch import nn", "made = []", "def build(**given):", "    made.append(nn.Linear(**given))"]
    name = f"keeps_on_{device}"
    (folder / f"{name}.py").write_text("\n".join([*code, "    return made[0]"]), encoding="utf-8")
    assert load(f"{name}:build", Request(arguments=LINEAR, device=device)).block.params == 15
    made = sys.modules[name].made
    assert made[0].weight.device.type == device


@pytest.mark.parametrize(("number", "most"), [(1, 1), (7, 7), (8, 8), (9, 8), (20, 8)])
def test_of_the_files_in_a_folder_8_are_listed(tmp_path: Path, number: int, most: int) -> None:
    endings = (".json", ".pt", ".SafeTensors", ".pth", ".bin", ".ckpt", ".JSON")
    names = [f"{each:02}{endings[each % len(endings)]}" for each in range(number)]
    for name in (*reversed(names), "other.txt", "json", "0.json.txt"):
        (tmp_path / name).touch()
    message = f"TARGET: {tmp_path} is a folder; expected a file; it holds {', '.join(names[:most])}"
    with pytest.raises(InvalidValue, match=f"^{re.escape(message)}$"):
        load(str(tmp_path))


def test_a_folder_may_hold_nothing_that_can_be_read(tmp_path: Path) -> None:
    (tmp_path / "other.txt").touch()
    with pytest.raises(InvalidValue, match=r"; it holds none that can be read$"):
        load(str(tmp_path))


@pytest.mark.parametrize(("length", "shown"), [(199, 199), (200, 200), (201, 200), (250, 200)])
def test_of_a_path_that_cannot_be_read_200_letters_are_shown(length: int, shown: int) -> None:
    text = ("n" + "o/" * length)[: length - 5] + ".json"
    with pytest.raises(BadFile, match="cannot read it: No such file or directory") as caught:
        load(text)
    assert caught.value.where == str(Path(text))[:200]
    assert len(caught.value.where) == shown
