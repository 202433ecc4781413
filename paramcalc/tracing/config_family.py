"""The models of a config with other sizes: which of its fields they read, built on the meta device."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from paramcalc.derivation.domain.edges import SMALL
from paramcalc.derivation.start import Start
from paramcalc.errors import ParamcalcError
from paramcalc.sources.modules.config import answering, model_class, settings_of
from paramcalc.tracing.fields import at_path, fields, watched, with_fields
from paramcalc.tracing.lending.lending import lent_values
from paramcalc.tracing.probe import building, layout_of
from paramcalc.tree.block import Block

if TYPE_CHECKING:
    from torch import nn

READ = 4  # models that were predicted, of which it is seen which other fields they read


class Family:
    """The models of a config with other sizes: the integer fields that are read to build it, and those wanted."""

    def __init__(self, data: Mapping[str, Any], wanted: Sequence[str] = (), where: str = "config") -> None:
        settings = settings_of(data, where)
        self.wanted, self.where = wanted, where
        self.whole = whole_of(settings, data)
        self.kind = model_class(settings, where)
        known = fields(self.whole)
        with answering(where):
            read = _read_by(self.kind, settings, known)
        self.used = {name: path for name, path in known.items() if name in read or name in wanted}
        self.base = _base(data, self.whole, self.used, where)

    @property
    def sizes(self) -> dict[str, Any]:
        """The sizes of the config itself."""
        return {name: at_path(self.whole, path) for name, path in self.used.items()}

    def start(self, vary: Sequence[str] | None) -> Start:
        """Return the start at the config itself, with the chosen fields varied, or all that are read."""
        names = tuple(self.used if vary is None else vary)
        return Start(self.sizes, names, may_be_fixed=vary is None, paths=self.used)

    def build(self, values: Mapping[str, Any]) -> nn.Module:
        """Return the model with some sizes, the others as in the config."""
        return self._model({self.used[name]: value for name, value in values.items()})

    def layout(self) -> dict[str, int]:
        """The integers that only lay out the model."""
        return layout_of(self._model, self.whole, self.used)

    def unread(self, tree: Block) -> list[str]:
        """The fields that are read at sizes for which a tree was proven, though not at those of the config."""
        known = {name: path for name, path in fields(self.whole).items() if name not in self.used}
        found: set[str] = set()
        points = tree.evidence.predicted if tree.evidence and known else ()
        layers = [name for name, value in self.sizes.items() if value <= SMALL]  # and what else is as small
        for point in sorted(points, key=lambda point: sum(point.get(name, 0) for name in layers))[:READ]:
            with contextlib.suppress(Exception):  # sizes that follow from others may not be those that they must be
                changes = {self.used[name]: value for name, value in point.items()}
                found |= _read_by(self.kind, settings_of(with_fields(self.base, changes), self.where), known)
        return [name for name in known if name in found]

    def _model(self, changes: Mapping[Any, Any]) -> nn.Module:
        model: nn.Module = self.kind._from_config(settings_of(lent_values(with_fields(self.base, changes)), self.where))
        return model


def whole_of(settings: Any, data: Mapping[str, Any]) -> dict[str, Any]:
    """All that a config says, what it leaves to the library included."""
    return {**settings.to_dict(), "model_type": data["model_type"]}


def _base(data: Mapping[str, Any], whole: Mapping[str, Any], used: Mapping[str, Any], where: str) -> dict[str, Any]:
    """The config as given, with the nested parts that hold fields to vary, and without what follows from the others.

    A list of the kinds of layers is as long as there are layers: given or not, it is left to the library where the
    library makes the same.
    """
    base = {**data, **{path[0]: whole[path[0]] for path in used.values() if len(path) > 1 and path[0] not in data}}
    settings = settings_of(base, where).to_dict()
    varied = {path[:length] for path in used.values() for length in range(len(path) + 1)}
    for path in [path for path in _parts(base) if path not in varied]:
        without = _without(base, path)
        with contextlib.suppress(ParamcalcError):
            if settings_of(without, where).to_dict() == settings:
                base = without
    return base


def _parts(config: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    """The paths of the lists and mappings of a config, and of those in its nested configs."""
    for key, value in config.items():
        if isinstance(value, list | Mapping):
            yield (key,)
        if isinstance(value, Mapping):
            yield from ((key, name) for name, inner in value.items() if isinstance(inner, list | Mapping))


def _without(config: Mapping[str, Any], path: tuple[str, ...]) -> dict[str, Any]:
    first, *rest = path
    if not rest or first not in config:
        return {key: value for key, value in config.items() if key != first}
    return {**config, first: _without(config[first], tuple(rest))}


def _read_by(kind: Any, settings: Any, known: Mapping[str, Any]) -> set[str]:
    """The names of those of some fields that a model reads while it is built."""
    read: set[tuple[str, ...]] = set()
    watched(settings, read)
    with building():
        kind._from_config(settings)
    return {name for name, path in known.items() if tuple(each for each in path if isinstance(each, str)) in read}
