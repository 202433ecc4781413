"""A TARGET of the command line as a tree: a named architecture, or a tree saved as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from paramcalc.architectures import ARCHITECTURES, find_architecture, free_sizes, symbol_values, with_symbols
from paramcalc.errors import BadFile, InvalidValue, unknown_name
from paramcalc.tree import Block
from paramcalc.tree_json import from_json

ALL = ("*",)


@dataclass(frozen=True)
class Target:
    """A tree with symbols left free, the values that its symbols stand for, and the letters that write them."""

    block: Block
    at: Mapping[str, object] = field(default_factory=dict)
    notation: Mapping[str, str] = field(default_factory=dict)


def load(
    text: str, *, settings: Mapping[str, object] | None = None, vary: Sequence[str] = (), also: Iterable[str] = ()
) -> Target:
    """Return the tree that a TARGET names, with some sizes set and others left symbolic.

    `vary` names what stays symbolic: hyperparameters of an architecture (`ALL` for every one that is not set), or
    symbols of a saved tree. `also` are names that the caller answers to, for near matches.

    >>> load("amnl", vary=["lstm_hidden"]).block.params
    48*lstm_hidden**2 + 944*lstm_hidden + 53700

    Raises UnknownName for a target, preset, hyperparameter or symbol that is not known; BadFile for a file that is no
    tree; InvalidValue for a size that is set and varied at once.
    """
    settings = settings or {}
    both = sorted(set(vary) & settings.keys())
    if both:
        raise InvalidValue(f"{both[0]} is given a value and varied at once", where=text, expected="one of the two")
    name, _, preset = text.partition(":")
    if name in ARCHITECTURES:
        return _architecture(name, preset or None, settings, vary)
    if text.endswith(".json") or _is_file(text):
        return _saved(Path(text), settings, vary)
    presets = [f"{each.name}:{one}" for each in ARCHITECTURES.values() for one in each.presets]
    known = [*ARCHITECTURES, *presets, *also]
    raise unknown_name("target", text, known, where="TARGET")


def _is_file(text: str) -> bool:
    try:
        return Path(text).is_file()
    except (OSError, ValueError):
        return False


def _architecture(name: str, preset: str | None, settings: Mapping[str, object], vary: Sequence[str]) -> Target:
    known = find_architecture(name)
    config = known.config(preset, **settings)
    values = symbol_values(config)
    if tuple(vary) == ALL:
        free = free_sizes(config, settings)
    else:
        free = [each for wanted in vary for each in _entries(wanted, values, name)]
    block = known.build(with_symbols(config, free))
    return Target(block, {each: values[each] for each in free if each in block.symbols}, known.notation)


def _entries(wanted: str, values: Mapping[str, object], where: str) -> list[str]:
    """The sizes that a name stands for: itself, or every entry of a tuple."""
    found = [each for each in values if each == wanted or each.rpartition("_")[0] == wanted]
    if not found:
        raise unknown_name("size", wanted, values, where=where)
    return found


def _saved(path: Path, settings: Mapping[str, object], vary: Sequence[str]) -> Target:
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise BadFile("the file is not text", where=str(path), expected="a tree saved as JSON") from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise BadFile(f"cannot read it: {reason}", where=str(path)[:200], expected="a tree saved as JSON") from None
    block = from_json(text, where=str(path)).bind(**settings)
    for name in () if tuple(vary) == ALL else vary:
        if name not in block.symbols:
            raise unknown_name("symbol", name, block.symbols, where=str(path))
    return Target(block)
