"""The parts of a config that its class makes of other fields: the kinds of its layers, sizes that others give."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from paramcalc.derivation.start import Path
from paramcalc.errors import ParamcalcError
from paramcalc.sizes.point import is_varied
from paramcalc.sources.modules.config import settings_of
from paramcalc.tracing.fields import at_path, with_fields

TURNS = 2  # of two lists that say the same, each is made of the other where it is not given: only then is that one left


def said_by(data: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Return all that a config says, what it leaves to the library included."""
    said: dict[str, Any] = settings_of(data, where).to_dict()
    return said


def whole_of(settings: Any, data: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Return all that a config says, what it leaves to the library too, and one number where it stands for a list."""
    said: dict[Any, Any] = settings.to_dict()
    whole = {**said, "model_type": data["model_type"]}
    for path in list_paths(said):
        first, *others = at_path(said, path) or [None]
        if others and is_varied(first) and all(type(each) is int and each == first for each in others):
            single = with_fields({**data, str(path[0]): said[path[0]]}, {path: first})
            with contextlib.suppress(ParamcalcError):
                whole = with_fields(whole, {path: first}) if said_by(single, where) == said else whole
    return whole


def without_made(
    data: Mapping[str, Any], whole: Mapping[str, Any], used: Collection[Path], kept: Collection[Path], where: str
) -> dict[str, Any]:
    """Return a config with the nested parts that hold fields which are used, without what follows from the others.

    A list of the kinds of layers is as long as there are layers: given or not, it is left to the library where the
    library makes the same. So are numbers in nested parts that are not given. What is `kept` stays there.
    """
    nested = {str(path[0]) for path in used if len(path) > 1}.difference(data)
    left = {**data, **{name: whole[name] for name in nested}}
    said = said_by(left, where)
    above = {path[:length] for path in kept for length in range(len(path) + 1)}
    for part in [part for part in part_paths(left) if part not in above] * TURNS:
        if has_part(left, part) and _may_be_made(at_path(left, part), part, used, given=part[0] in data):
            with contextlib.suppress(ParamcalcError):
                left = without_part(left, part) if said_by(without_part(left, part), where) == said else left
    return left


def _may_be_made(value: Any, path: Path, used: Collection[Path], *, given: bool) -> bool:
    """Whether a part may be left to the library: a list, a mapping without sizes, or a number that is not given."""
    if isinstance(value, Mapping):
        return not any(each[: len(path)] == path for each in used)
    return isinstance(value, list | tuple) or (not given and is_varied(value))


def made_of(
    data: Mapping[str, Any], whole: Mapping[str, Any], sizes: Mapping[str, Path], where: str
) -> dict[Path, tuple[str, ...]]:
    """Return the parts of a config that change with sizes, of which the `whole` config says the values, by name.

    A size is tried at twice its value and at one more, as parts are quotients, or as long as it says.
    """
    before = dict(_parts(said_by(data, where)))
    found: dict[Path, dict[str, None]] = {}
    for name, path in sizes.items():
        value = at_path(whole, path)
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


def has_part(config: Mapping[str, Any], path: Path) -> bool:
    """Return whether a config has a part at a path."""
    value: Any = config
    for step in path:
        if not isinstance(value, Mapping) or step not in value:
            return False
        value = value[step]
    return True


def without_part(config: Mapping[str, Any], path: Path) -> dict[str, Any]:
    """Return a config without the part at a path.

    >>> without_part({"text_config": {"layer_types": ["full"], "width": 8}}, ("text_config", "layer_types"))
    {'text_config': {'width': 8}}
    """
    first, *rest = path
    if not rest or not isinstance(config.get(str(first)), Mapping):
        return {key: value for key, value in config.items() if rest or key != first}
    return {**config, str(first): without_part(config[str(first)], tuple(rest))}


def list_of(path: Path) -> Path:
    """Return the path of the outermost list that an entry is in, or of the field itself."""
    length = next((number for number, step in enumerate(path) if isinstance(step, int)), len(path))
    return path[:length]
