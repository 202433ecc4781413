"""The integer fields of a Hugging Face config: which a model reads while it is built, and configs with others."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from typing import Any

Path = tuple[str | int, ...]


def fields(data: Mapping[str, Any]) -> dict[str, Path]:
    """Return the integer fields of a config by name, nested ones and entries of lists included.

    >>> fields({"hidden_size": 64, "depths": [2, 3], "text_config": {"vocab_size": 9}, "use_cache": True})
    {'hidden_size': ('hidden_size',), 'depths_0': ('depths', 0), 'depths_1': ('depths', 1), \
'text_config_vocab_size': ('text_config', 'vocab_size')}
    """
    return {"_".join(map(str, path)): path for path, value in _leaves(data, ()) if type(value) is int and value >= 1}


def _leaves(data: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    if isinstance(data, Mapping):
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
    """Return a copy of a config with other values at some paths."""
    changed = copy.deepcopy(dict(data))
    for path, value in values.items():
        inner: Any = changed
        for step in path[:-1]:
            if isinstance(inner[step], tuple):
                inner[step] = list(inner[step])
            inner = inner[step]
        inner[path[-1]] = value
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
