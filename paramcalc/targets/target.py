"""A TARGET of the command line as a tree: an architecture, a saved tree, a checkpoint, a config, or a factory."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from paramcalc.errors import BadFile, InvalidValue, unknown_name
from paramcalc.sizes.entries import list_of
from paramcalc.sources.files.endings import CHECKPOINTS
from paramcalc.tree.block import Block
from paramcalc.tree.json.trees import from_json

if TYPE_CHECKING:
    from paramcalc.derivation.models.prober import Limits, Report

ALL = ("*",)
_FACTORY = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*(\.[^\W\d]\w*)*")


@dataclass(frozen=True)
class Target:
    """A tree with symbols left free, the values that its symbols stand for, and the letters that write them.

    `roles` says whether the source knows what is a parameter and what is tied: a checkpoint does not.
    """

    block: Block
    at: Mapping[str, object] = field(default_factory=dict)
    notation: Mapping[str, str] = field(default_factory=dict)
    roles: bool = True


@dataclass(frozen=True)
class Request:
    """What a command line says of a TARGET: sizes that are set or left symbolic, a factory's arguments and device."""

    settings: Mapping[str, object] = field(default_factory=dict)
    vary: Sequence[str] = ()
    arguments: Mapping[str, object] = field(default_factory=dict)
    device: str = "meta"


def load(text: str, request: Request | None = None, *, also: Iterable[str] = ()) -> Target:
    """Return the tree that a TARGET names, with some sizes set and others left symbolic.

    What varies is hyperparameters of an architecture (`ALL` for every one that is not set), or symbols of another tree.
    `also` are names that the caller answers to, for near matches.

    >>> load("amnl", Request(vary=["lstm_hidden"])).block.params
    48*lstm_hidden**2 + 944*lstm_hidden + 53700

    Raises UnknownName for a target, preset, hyperparameter or symbol that is not known; BadFile for a file that is no
    tree; InvalidValue for a size that is set and varied at once, or for arguments that nothing takes.
    """
    request = request or Request()
    both = sorted(set(request.vary) & request.settings.keys())
    if both:
        raise InvalidValue(f"{both[0]} is given a value and varied at once", where=text, expected="one of the two")
    if text.lower().endswith((*CHECKPOINTS, ".json")):
        return _file(text, request)
    from paramcalc.architectures import ARCHITECTURES

    name, _, preset = text.partition(":")
    if name in ARCHITECTURES:
        return _architecture(name, preset or None, request)
    if _FACTORY.fullmatch(text):
        from paramcalc.sources.modules.factory import from_factory

        return _with(text, from_factory(text, request.arguments, device=request.device), request)
    if _there(text, Path.is_dir):
        raise InvalidValue(f"{text} is a folder", where="TARGET", expected="a file", advice=_files_in(Path(text)))
    if _there(text, Path.is_file):
        return _file(text, request)
    presets = [f"{each.name}:{one}" for each in ARCHITECTURES.values() for one in each.presets]
    raise unknown_name("target", text, [*ARCHITECTURES, *presets, *also], where="TARGET")


def _there(text: str, kind: Callable[[Path], bool]) -> bool:
    try:
        return kind(Path(text))
    except (OSError, ValueError):
        return False


def _files_in(folder: Path) -> str:
    endings = (*CHECKPOINTS, ".json")
    try:
        found = sorted(each.name for each in folder.iterdir() if each.name.lower().endswith(endings))
    except OSError as error:
        return f"what it holds cannot be listed: {error.strerror}"
    return f"it holds {', '.join(found[:8])}" if found else "it holds none that can be read"


def derived(
    text: str, at: Mapping[str, Any], vary: Sequence[str] | None, limits: Limits, report: Report | None
) -> Block:
    """Return the closed form that `paramcalc derive` asks for, of a factory or a config.

    Raises InvalidValue for any other target, and what `derive` raises.
    """
    if text.lower().endswith(".json"):
        from paramcalc.tracing.configs.derive_config import derive_config

        return derive_config(text, at=at, vary=vary, limits=limits, report=report)
    if not _FACTORY.fullmatch(text):
        raise InvalidValue(f"got {text!r}", where="derive", expected="package.module:build or a config.json")
    from paramcalc.sources.modules.factory import factory_at
    from paramcalc.tracing.derive import derive

    with factory_at(text) as factory:
        return derive(factory, at, vary=vary, limits=limits, report=report)


def _no_arguments(text: str, request: Request) -> None:
    for name in request.arguments:
        raise InvalidValue(f"{text} takes no arguments", where=f"--arg {name}", expected="package.module:build")


def _file(text: str, request: Request) -> Target:
    _no_arguments(text, request)
    if text.lower().endswith(CHECKPOINTS):
        from paramcalc.sources.files.checkpoint import from_checkpoint

        return _with(text, from_checkpoint(text), request, roles=False)
    content = _read(Path(text))
    if _names_model(content):
        from paramcalc.sources.modules.config import from_config

        return _with(text, from_config(text), request)
    return _with(text, from_json(content, where=text), request)


def _names_model(content: str) -> bool:
    """Whether a text is a config of a model, which any JSON that is no tree may be."""
    try:
        data: Any = json.loads(content)
    except (ValueError, RecursionError):
        return False
    return isinstance(data, dict) and "model_type" in data and "format" not in data


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise BadFile("the file is not text", where=str(path), expected="a tree saved as JSON") from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise BadFile(f"cannot read it: {reason}", where=str(path)[:200], expected="a tree saved as JSON") from None


def _with(text: str, tree: Block, request: Request, *, roles: bool = True) -> Target:
    """A tree with symbols bound, and what varies checked to be there."""
    unknown = next((name for name in request.settings if name not in tree.symbols), None)
    if unknown is not None and not tree.symbols:
        advice = "a factory takes arguments by --arg" if _FACTORY.fullmatch(text) else "its sizes are fixed"
        raise InvalidValue(f"{text} has no symbols", where=f"--set {unknown}", advice=advice)
    block = tree.bind(**request.settings)
    for name in () if tuple(request.vary) == ALL else request.vary:
        if name not in block.symbols:
            raise unknown_name("symbol", name, block.symbols, where=text)
    return Target(block, roles=roles)


def _architecture(name: str, preset: str | None, request: Request) -> Target:
    from paramcalc.architectures import find_architecture, free_sizes, symbol_values, with_symbols

    _no_arguments(name, request)
    known = find_architecture(name)
    config = known.config(preset, **request.settings)
    values = symbol_values(config)
    if tuple(request.vary) == ALL:
        free = free_sizes(config, request.settings)
    else:
        free = [each for wanted in request.vary for each in _entries(wanted, values, name)]
    block = known.build(with_symbols(config, free))
    return Target(block, {each: values[each] for each in free if each in block.symbols}, known.notation)


def _entries(wanted: str, values: Mapping[str, object], where: str) -> list[str]:
    """The sizes that a name stands for: itself, or every entry of a tuple."""
    found = [each for each in values if wanted in (each, list_of(each))]
    if not found:
        raise unknown_name("size", wanted, values, where=where)
    return found
