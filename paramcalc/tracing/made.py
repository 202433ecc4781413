"""The parts of a config that its class makes of other fields: the kinds of its layers, sizes that others give."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from paramcalc.derivation.start import Path
from paramcalc.errors import ParamcalcError
from paramcalc.sources.modules.config import settings_of
from paramcalc.tracing.fields import at_path, with_fields


def said_by(data: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Return all that a config says, what it leaves to the library included."""
    said: dict[str, Any] = settings_of(data, where).to_dict()
    return said


def without_made(data: Mapping[str, Any], parts: Iterable[Path], where: str) -> dict[str, Any]:
    """Return a config without those of some parts that the library makes in the same way where they are not given."""
    said, left = said_by(data, where), dict(data)
    for part in parts:
        without = without_part(left, part)
        with contextlib.suppress(ParamcalcError):
            if said_by(without, where) == said:
                left = without
    return left


def made_of(data: Mapping[str, Any], sizes: Mapping[str, Path], where: str) -> dict[Path, tuple[str, ...]]:
    """Return the parts of a config that change with sizes, each with the names of these.

    A size is tried at twice its value and at one more, as parts are quotients, or as long as it says.
    """
    said = said_by(data, where)
    before = dict(_parts(said))
    found: dict[Path, dict[str, None]] = {}
    for name, path in sizes.items():
        value = at_path(said, path)
        for other in (2 * value, value + 1):
            with contextlib.suppress(ParamcalcError):
                after = dict(_parts(said_by(with_fields(data, {path: other}), where)))
                for part in [part for part in after if part != path and after[part] != before.get(part)]:
                    found.setdefault(part, {})[name] = None
    return {part: tuple(names) for part, names in found.items()}


def _parts(config: Mapping[str, Any], above: Path = ()) -> Iterator[tuple[Path, Any]]:
    """What a config says by path, lists as a whole."""
    for key, value in config.items():
        if isinstance(value, Mapping):
            yield from _parts(value, (*above, key))
        else:
            yield (*above, key), value


def part_paths(config: Mapping[str, Any], above: Path = ()) -> Iterator[Path]:
    """Return the paths of all parts of a config, those of nested ones after their own.

    >>> list(part_paths({"depths": [2, 3], "text_config": {"layer_types": ["full"]}}))
    [('depths',), ('text_config',), ('text_config', 'layer_types')]
    """
    for key, value in config.items():
        yield (*above, key)
        if isinstance(value, Mapping):
            yield from part_paths(value, (*above, key))


def list_paths(config: Mapping[str, Any]) -> list[Path]:
    """Return the paths of all lists of a config that stand in no other list."""
    return [path for path in part_paths(config) if isinstance(at_path(config, path), list | tuple)]


def without_part(config: Mapping[str, Any], path: Path) -> dict[str, Any]:
    """Return a config without the part at a path.

    >>> without_part({"text_config": {"layer_types": ["full"], "width": 8}}, ("text_config", "layer_types"))
    {'text_config': {'width': 8}}
    """
    first, *rest = path
    if not rest or not isinstance(config.get(str(first)), Mapping):
        return {key: value for key, value in config.items() if rest or key != first}
    return {**config, str(first): without_part(config[str(first)], tuple(rest))}
