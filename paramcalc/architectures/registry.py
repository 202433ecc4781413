"""The architectures paramcalc knows by name: their presets, hyperparameters and notation."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from paramcalc.errors import InvalidType, unknown_name
from paramcalc.sizes.entries import entry_name, entry_of, list_of
from paramcalc.sizes.symbols import symbol
from paramcalc.tree.block import Block


@dataclass(frozen=True)
class Architecture:
    """A named architecture: a frozen configuration for each preset, the first the default, and the block it makes.

    `notation` gives the letter that stands for each symbol in LaTeX.
    """

    name: str
    presets: Mapping[str, Any]
    build: Callable[[Any], Block]
    notation: Mapping[str, str]

    def config(self, preset: str | None = None, /, **hyperparameters: object) -> Any:
        """Return the configuration of a preset with some hyperparameters given.

        An entry of a tuple has a name of its own: `conv_channels_1` is the second of `conv_channels`.
        """
        preset = next(iter(self.presets)) if preset is None else preset
        if preset not in self.presets:
            raise unknown_name("preset", preset, self.presets, where=self.name)
        config = self.presets[preset]
        known = {field.name for field in fields(config)}
        whole = {name: value for name, value in hyperparameters.items() if name in known}
        config = replace(config, **{name: _checked_value(config, name, value) for name, value in whole.items()})
        for name in sorted(hyperparameters.keys() - whole.keys()):
            config = self._with_entry(config, name, hyperparameters[name])
        return config

    def _with_entry(self, config: Any, name: str, value: object) -> Any:
        entry = entry_of(name)
        if entry is None or name not in symbol_values(config):
            raise unknown_name("hyperparameter", name, hyperparameter_names(config), where=self.name)
        field, number = entry
        values = getattr(config, field)
        return replace(config, **{field: (*values[:number], value, *values[number + 1 :])})


ARCHITECTURES: dict[str, Architecture] = {}


def register(architecture: Architecture) -> Architecture:
    """Add an architecture to the register; refuses a second one of the same name."""
    if architecture.name in ARCHITECTURES:
        raise ValueError(f"architecture {architecture.name} is registered twice")
    ARCHITECTURES[architecture.name] = architecture
    return architecture


def find_architecture(name: str) -> Architecture:
    """Return the architecture of that name.

    Raises UnknownName, with near matches, where there is none.
    """
    if name not in ARCHITECTURES:
        raise unknown_name("architecture", name, ARCHITECTURES)
    return ARCHITECTURES[name]


def architecture(name: str, *, preset: str | None = None, symbolic: bool = False, **hyperparameters: object) -> Block:
    """Return the block of a named architecture.

    Each hyperparameter is an integer or a symbol, a tuple of them, or a flag; `symbolic` leaves all sizes that are not
    given as symbols of their own names, entries of a tuple as `conv_channels_0`, `conv_channels_1`, ...

    >>> architecture("amnl").params
    960964
    >>> architecture("amnl", preset="research").params
    3497476

    Raises UnknownName for an unknown architecture, preset or hyperparameter; the errors of the layers for bad sizes.
    """
    known = find_architecture(name)
    config = known.config(preset, **hyperparameters)
    if symbolic:
        config = with_symbols(config, free_sizes(config, hyperparameters))
    return known.build(config)


def symbol_values(config: Any) -> dict[str, Any]:
    """Return the sizes of a configuration by the names that their symbols take.

    >>> symbol_values(find_architecture("amnl").config())["conv_channels_1"]
    128
    """
    values: dict[str, Any] = {}
    for field in fields(config):
        value = getattr(config, field.name)
        if isinstance(value, tuple):
            values.update((entry_name(field.name, number), size) for number, size in enumerate(value))
        elif not isinstance(value, bool):
            values[field.name] = value
    return values


def with_symbols(config: Any, names: list[str]) -> Any:
    """Return the configuration with the named sizes left symbolic."""
    changes: dict[str, Any] = {}
    for field in fields(config):
        value = getattr(config, field.name)
        if isinstance(value, tuple):
            entries = [entry_name(field.name, number) for number in range(len(value))]
            changes[field.name] = tuple(
                symbol(entry) if entry in names else size for entry, size in zip(entries, value, strict=True)
            )
        elif field.name in names:
            changes[field.name] = symbol(field.name)
    return replace(config, **changes)


def hyperparameter_names(config: Any) -> list[str]:
    """Return every name that a hyperparameter goes by: whole fields, and entries of tuples."""
    return sorted({field.name for field in fields(config)} | symbol_values(config).keys())


def free_sizes(config: Any, given: Iterable[str]) -> list[str]:
    """Return the sizes of a configuration that are not given, neither by their own name nor by that of their tuple."""
    taken = set(given)
    return [name for name in symbol_values(config) if not {name, list_of(name)} & taken]


def _checked_value(config: Any, name: str, value: object) -> object:
    """A value checked against the kind of the field: a flag stays a flag, a list becomes a tuple."""
    default = getattr(config, name)
    if isinstance(default, bool) and not isinstance(value, bool):
        raise InvalidType(f"got {value!r}", where=name, expected="True or False")
    if isinstance(default, tuple):
        if isinstance(value, str) or not hasattr(value, "__iter__"):
            raise InvalidType(f"got {value!r}", where=name, expected="a tuple of sizes")
        return tuple(value)
    return value
