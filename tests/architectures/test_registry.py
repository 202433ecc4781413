"""The register of architectures: what a name, a preset and a hyperparameter stand for, and what is said of others."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import FrozenInstanceError, dataclass, fields
from typing import Any

import pytest

import paramcalc as pc
from paramcalc import Block, symbol
from paramcalc.architectures import (
    AMNL,
    ARCHITECTURES,
    AMNLConfig,
    Architecture,
    find_architecture,
    free_sizes,
    symbol_values,
    with_symbols,
)
from paramcalc.architectures.registry import hyperparameter_names, register
from paramcalc.errors import InvalidType, InvalidValue, ParamcalcError, UnknownName

NAMES = [
    *("attention_layers", "attention_norm", "conv_channels", "conv_channels_0", "conv_channels_1", "conv_channels_2"),
    *("health_hidden", "health_hidden_0", "kernel_size", "lstm_hidden", "lstm_layers", "lstm_norm", "n_classes"),
    *("n_features", "num_heads", "rul_hidden", "rul_hidden_0", "trunk"),
]
SIZES = {
    "n_features": 17,
    "conv_channels_0": 64,
    "conv_channels_1": 128,
    "conv_channels_2": 64,
    "kernel_size": 3,
    "lstm_hidden": 128,
    "lstm_layers": 2,
    "num_heads": 8,
    "attention_layers": 1,
    "rul_hidden_0": 128,
    "health_hidden_0": 64,
    "n_classes": 3,
}
BOOK = {
    "n_features": 17,
    "conv_channels": (64, 128, 64),
    "kernel_size": 3,
    "lstm_hidden": 128,
    "lstm_layers": 2,
    "num_heads": 8,
    "attention_layers": 1,
    "lstm_norm": True,
    "attention_norm": True,
    "trunk": (),
    "rul_hidden": (128,),
    "health_hidden": (64,),
    "n_classes": 3,
}
RESEARCH = {
    **BOOK,
    "lstm_hidden": 256,
    "lstm_norm": False,
    "trunk": (256, 64, 32),
    "rul_hidden": (64, 32, 16),
    "health_hidden": (32, 16),
}


@dataclass(frozen=True)
class Sizes:
    """A configuration whose names end in numbers as those of entries do."""

    width_0: int = 5
    widths: tuple[Any, ...] = (2, 3)
    deep: bool = False


def no_block(config: Any) -> Block:
    return Block("", "Net")


SMALL = Architecture("small", {"one": Sizes(), "two": Sizes(widths=(4,))}, no_block, {})


def held(config: Any) -> dict[str, Any]:
    return {field.name: getattr(config, field.name) for field in fields(config)}


@pytest.mark.parametrize(("preset", "expected"), [(None, BOOK), ("book", BOOK), ("research", RESEARCH)])
def test_a_preset_has_its_hyperparameters_and_the_first_is_the_default(
    preset: str | None, expected: Mapping[str, Any]
) -> None:
    config = AMNL.config(preset)
    assert held(config) == expected
    assert pc.architecture("amnl", preset=preset) == AMNL.build(config)


def test_without_a_configuration_the_book_is_built() -> None:
    assert held(AMNLConfig()) == BOOK
    assert pc.architectures.amnl() == pc.architecture("amnl", preset="book")


def test_configurations_and_architectures_do_not_change() -> None:
    for value, name in ((AMNLConfig(), "n_features"), (AMNL, "name")):
        with pytest.raises(FrozenInstanceError, match=f"cannot assign to field '{name}'"):
            setattr(value, name, 1)


def test_every_size_has_a_letter_of_its_own() -> None:
    names = ("F", "C", "k", "h", "L", "H", "A", "T", "R", "S", "K")
    assert list(AMNL.notation) == [name for name in BOOK if name not in ("lstm_norm", "attention_norm")]
    assert tuple(AMNL.notation.values()) == names


def test_a_name_is_registered_once() -> None:
    assert dict(ARCHITECTURES) == {"amnl": AMNL}
    with pytest.raises(ValueError, match=r"^architecture amnl is registered twice$"):
        register(Architecture("amnl", {"one": Sizes()}, no_block, {}))
    assert find_architecture("amnl") is AMNL


def test_what_is_registered_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("paramcalc.architectures.registry.ARCHITECTURES", {})
    assert register(SMALL) is SMALL
    assert find_architecture("small") is SMALL
    with pytest.raises(UnknownName, match=r"^unknown architecture 'amnl'; known: small$"):
        find_architecture("amnl")


def test_names_and_values_of_hyperparameters_are_told_in_order() -> None:
    config = AMNL.config()
    assert hyperparameter_names(config) == NAMES
    assert list(symbol_values(config).items()) == list(SIZES.items())
    assert list(symbol_values(Sizes()).items()) == [("width_0", 5), ("widths_0", 2), ("widths_1", 3)]


FREE: list[tuple[list[str], set[str]]] = [
    ([], set()),
    (["trunk", "lstm_norm"], set()),
    (["n_classes"], {"n_classes"}),
    (["conv_channels"], {"conv_channels_0", "conv_channels_1", "conv_channels_2"}),
    (["conv_channels_1", "rul_hidden_0"], {"conv_channels_1", "rul_hidden_0"}),
    (["rul_hidden", "num_heads"], {"rul_hidden_0", "num_heads"}),
]


@pytest.mark.parametrize(("given", "taken"), FREE)
def test_a_size_is_free_where_neither_it_nor_its_list_is_given(given: list[str], taken: set[str]) -> None:
    expected = [name for name in SIZES if name not in taken]
    assert free_sizes(AMNL.config(), given) == expected
    assert free_sizes(AMNL.config(), iter(given)) == expected


def test_a_tree_is_of_numbers_unless_symbols_are_asked_for() -> None:
    assert pc.architecture("amnl").symbols == set()
    assert pc.architecture("amnl", n_classes=symbol("K")).symbols == {"K"}
    left = pc.architecture("amnl", symbolic=True, rul_hidden=(9,), conv_channels_1=5, kernel_size=symbol("k"))
    assert left.symbols == {*SIZES, "k"} - {"rul_hidden_0", "conv_channels_1", "kernel_size"}


def test_symbols_take_the_places_of_the_named_sizes_alone() -> None:
    names = ["n_classes", "conv_channels_0", "conv_channels_2", "trunk", "rul_hidden"]
    changed = {
        "n_classes": symbol("n_classes"),
        "conv_channels": (symbol("conv_channels_0"), 128, symbol("conv_channels_2")),
    }
    assert held(with_symbols(AMNL.config(), names)) == {**BOOK, **changed}
    assert held(with_symbols(AMNL.config(), [])) == BOOK


def test_an_entry_replaces_the_one_of_its_number() -> None:
    for number in range(3):
        widths = [64, 128, 64]
        widths[number] = 7
        assert AMNL.config(**{f"conv_channels_{number}": 7}).conv_channels == tuple(widths)
    both = AMNL.config("research", conv_channels=(1, 2), conv_channels_1=3, trunk_0=4, trunk_2=5)
    assert (both.conv_channels, both.trunk) == ((1, 3), (4, 64, 5))
    assert AMNL.config(rul_hidden=[5, 6]).rul_hidden == (5, 6)
    assert AMNL.config(rul_hidden=iter([5, 6])).rul_hidden == (5, 6)


def test_a_name_that_is_whole_is_no_entry() -> None:
    assert SMALL.config(width_0=7).width_0 == 7
    assert held(SMALL.config("two", widths_0=1)) == {"width_0": 5, "widths": (1,), "deep": False}


KNOWN = f"known: {', '.join(NAMES)}"
REFUSED: list[tuple[dict[str, Any], type[ParamcalcError], str]] = [
    ({"preset": "?"}, UnknownName, "amnl: unknown preset '?'; known: book, research"),
    ({"preset": ""}, UnknownName, "amnl: unknown preset ''; known: book, research"),
    ({"zzz": 1}, UnknownName, f"amnl: unknown hyperparameter 'zzz'; {KNOWN}"),
    ({"zzz_1": 1}, UnknownName, f"amnl: unknown hyperparameter 'zzz_1'; {KNOWN}"),
    ({"zzy": 1, "zzx": 1, "n_classes": 0}, UnknownName, f"amnl: unknown hyperparameter 'zzx'; {KNOWN}"),
    ({"zzx": 1, "zzy": 1}, UnknownName, f"amnl: unknown hyperparameter 'zzx'; {KNOWN}"),
    ({"trunk_0": 3}, UnknownName, "amnl: unknown hyperparameter 'trunk_0'; did you mean 'trunk'?"),
    ({"conv_channels": ()}, InvalidValue, "amnl.conv_channels: got (); expected one width or more"),
    ({"conv_channels": "64"}, InvalidType, "conv_channels: got '64'; expected a tuple of sizes"),
    ({"trunk": 64}, InvalidType, "trunk: got 64; expected a tuple of sizes"),
    ({"trunk": None}, InvalidType, "trunk: got None; expected a tuple of sizes"),
    ({"lstm_norm": 1}, InvalidType, "lstm_norm: got 1; expected True or False"),
    ({"attention_norm": None}, InvalidType, "attention_norm: got None; expected True or False"),
    ({"lstm_hidden": 0}, InvalidValue, "amnl.lstm_hidden: got 0; expected a size of 1 or more"),
    ({"attention_layers": -1}, InvalidValue, "amnl.attention_layers: got -1; expected a size of 1 or more"),
    (
        {"n_classes": True},
        InvalidType,
        "Linear.out_features: got the truth value True; expected an integer or a symbol",
    ),
]


@pytest.mark.parametrize(("given", "error", "message"), REFUSED)
def test_what_is_refused_is_said_in_full(given: dict[str, Any], error: type[ParamcalcError], message: str) -> None:
    with pytest.raises(error, match=f"^{re.escape(message)}$"):
        pc.architecture("amnl", **given)


@pytest.mark.parametrize(
    ("name", "advice"), [("amln", "did you mean 'amnl'?"), ("", "known: amnl"), ("x", "known: amnl")]
)
def test_an_unknown_architecture_is_said_in_full(name: str, advice: str) -> None:
    message = re.escape(f"unknown architecture '{name}'; {advice}")
    with pytest.raises(UnknownName, match=f"^{message}$"):
        find_architecture(name)
    with pytest.raises(UnknownName, match=f"^{message}$"):
        pc.architecture(name)
