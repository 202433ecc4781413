"""The integers in a config or in arguments, by name: which a model reads while it is built, and others for them."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from paramcalc.derivation.start import TO_VARY, Path
from paramcalc.errors import InvalidType, unknown_name
from paramcalc.sizes.point import is_varied


def fields(data: Mapping[str, Any]) -> dict[str, Path]:
    """Return the integer fields of a config by name, nested ones and entries of lists included.

    >>> fields({"hidden_size": 64, "depths": [2, 3], "text_config": {"vocab_size": 9}, "use_cache": True})
    {'hidden_size': ('hidden_size',), 'depths_0': ('depths', 0), 'depths_1': ('depths', 1), \
'text_config_vocab_size': ('text_config', 'vocab_size')}
    """
    return {name: path for name, (path, value) in _named(data).items() if is_varied(value)}


def other_fields(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a config says beside its integer fields, by name."""
    return {name: value for name, (_, value) in _named(data).items() if not is_varied(value)}


def places(data: Mapping[str, Any]) -> dict[str, Path]:
    """Return where each field of a config is, whole ones and those inside of them.

    >>> places({"depths": [2, 3], "act": "relu"})
    {'depths': ('depths',), 'act': ('act',), 'depths_0': ('depths', 0), 'depths_1': ('depths', 1)}
    """
    return {**{name: (name,) for name in data}, **{name: path for name, (path, _) in _named(data).items()}}


def twice(data: Mapping[str, Any]) -> str | None:
    """Return a name that two values of a config have, None where there is none.

    >>> twice({"depths": [2, 3], "depths_0": 2})
    'depths_0'
    """
    names = Counter(_name(path) for path, _ in _leaves(dict(data), ()))
    return next((name for name, count in names.items() if count > 1), None)


def chosen(names: Sequence[str], data: Mapping[str, Any], what: str, *, where: str) -> list[str]:
    """Return the integer fields that some names stand for: the name of a list stands for all its entries.

    >>> chosen(["depths", "depths_1"], {"width": 8, "depths": [2, 3]}, "size", where="vary")
    ['depths_0', 'depths_1']

    Raises UnknownName for a name that is not there, InvalidType for a field that is no integer of 1 or more.
    """
    _check_names(names)
    known = _named(data)
    wanted: dict[str, None] = {}
    for name in names:
        entries = [each for each, (path, _) in known.items() if _stands_for(name, path)]
        if not entries and name in data:
            raise InvalidType(f"got {data[name]!r}", where=f"at {name}", expected=TO_VARY)
        if not entries:
            raise unknown_name(what, name, fields(data), where=where)
        for each in entries:
            if not is_varied(known[each][1]):
                raise InvalidType(f"got {known[each][1]!r}", where=f"at {each}", expected=TO_VARY)
        wanted.update(dict.fromkeys(entries))
    return list(wanted)


def _check_names(names: object) -> None:
    if isinstance(names, str) or not isinstance(names, Collection) or not names:
        raise InvalidType(f"got {names!r}", where="vary", expected="a list of names")
    for name in names:
        if not isinstance(name, str):
            raise InvalidType(f"got {name!r}", where="vary", expected="names")


def _stands_for(name: str, path: Path) -> bool:
    return name == _name(path) or (isinstance(path[-1], int) and _stands_for(name, path[:-1]))


def _name(path: Path) -> str:
    return "_".join(map(str, path))


def _named(data: Mapping[str, Any]) -> dict[str, tuple[Path, Any]]:
    """Every value in a config that holds no others, with its path, by name; of two of one name, the last."""
    return {_name(path): (path, value) for path, value in _leaves(dict(data), ())}


def _leaves(data: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    if isinstance(data, dict):
        for key, value in data.items():
            if isinstance(key, str) and key.isidentifier():
                yield from _leaves(value, (*path, key))
    elif isinstance(data, list | tuple):
        for number, value in enumerate(data):
            yield from _leaves(value, (*path, number))
    else:
        yield path, data


def at_path(data: Any, path: Path) -> Any:
    """Return the value at a path."""
    for step in path:
        data = data[step]
    return data


def with_fields(data: Mapping[str, Any], values: Mapping[Path, Any]) -> dict[str, Any]:
    """Return a copy of a config with other values at some paths; a list stays a list, and a tuple a tuple.

    >>> with_fields({"depths": (2, 3), "width": 8}, {("depths", 1): 5, ("height",): 7})
    {'depths': (2, 5), 'width': 8, 'height': 7}
    """
    changed: dict[str, Any] = _with(dict(data), values, ())
    return changed


def _with(data: Any, values: Mapping[Path, Any], path: Path) -> Any:
    if path in values:
        return values[path]
    if isinstance(data, tuple):
        return getattr(type(data), "_make", type(data))(_with(list(data), values, path))
    if not isinstance(data, dict | list):
        return data
    changed: Any = copy.copy(data)
    for step, value in data.items() if isinstance(data, dict) else enumerate(data):
        changed[step] = _with(value, values, (*path, step))
    if isinstance(data, dict):  # a field that the config leaves to the library is not there yet
        changed.update((each[-1], value) for each, value in values.items() if each[:-1] == path)
    return changed


def watched(settings: Any, read: set[tuple[str, ...]], path: tuple[str, ...] = ()) -> None:
    """Make a config object, and those nested in it, remember which of their fields are read.

    Their class becomes one of the same name that is derived from it; nothing of the library is changed.
    """
    kind = type(settings)
    aliases = getattr(kind, "attribute_map", {})

    def getattribute(self: Any, name: str) -> Any:
        if not name.startswith("_"):
            read.add((*path, aliases.get(name, name)))
        return super(watching, self).__getattribute__(name)

    for name, value in list(vars(settings).items()):
        if hasattr(value, "model_type") and hasattr(value, "to_dict"):
            watched(value, read, (*path, name))
    own = {"__getattribute__": getattribute, "__module__": kind.__module__}
    watching: Any = type(kind.__name__, (kind,), own)
    settings.__class__ = watching
