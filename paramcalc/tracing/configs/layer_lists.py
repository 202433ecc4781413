"""Parts of a config that say something of each layer: given otherwise than made, they go on by their pattern."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from paramcalc.derivation.start import Path
from paramcalc.derivation.trees.patterns import Cycle, cycle_of
from paramcalc.errors import ParamcalcError
from paramcalc.tracing.configs.made import list_paths, said_by, without_part
from paramcalc.tracing.fields import at_path, with_fields


@dataclass(frozen=True)
class LayerList:
    """A list with an entry for each layer, the size that says how many there are, and its pattern."""

    path: Path
    depth: str
    entries: Sequence[Any]
    cycle: Cycle

    @property
    def name(self) -> str:
        """The name of the list."""
        return "_".join(map(str, self.path))

    def at(self, depth: int) -> list[Any]:
        """Return the list for another number of layers.

        Raises ValueError where there are fewer than stand before and after the pattern.
        """
        before, period, after = self.cycle
        if depth < before + after:
            raise ValueError(f"{self.name} has {before + after} entries beside its pattern, more than {depth} layers")
        repeated = [self.entries[before + number % period] for number in range(depth - before - after)]
        return [*self.entries[:before], *repeated, *self.entries[len(self.entries) - after :]]


def written(
    data: Mapping[str, Any], whole: Mapping[str, Any], sizes: Mapping[str, Path], where: str
) -> dict[Path, str]:
    """Return the lists that the library would make longer with a size, and that are given otherwise, with its name.

    What the library makes is seen of the config without them.
    """
    bare = dict(data)
    for path in list_paths(data):
        with contextlib.suppress(ParamcalcError):
            said_by(without_part(bare, path), where)
            bare = without_part(bare, path)
    given = [path for path in list_paths(data) if path not in list_paths(bare)]
    found: dict[Path, str] = {}
    for name, size in sizes.items() if given else ():
        found.update(dict.fromkeys(lengthened(bare, whole, size, given, where), name))
    return found


def lengthened(
    data: Mapping[str, Any], whole: Mapping[str, Any], size: Path, lists: Iterable[Path], where: str
) -> list[Path]:
    """Return those of some lists that the library makes longer where a size is twice what the whole config says."""
    said = said_by(data, where)
    with contextlib.suppress(ParamcalcError):
        after = said_by(with_fields(data, {size: 2 * at_path(whole, size)}), where)
        return [path for path in lists if _length(after, path) > _length(said, path) > 0]
    return []


def _length(said: Mapping[str, Any], path: Path) -> int:
    """How many entries a list has, 0 where there is none."""
    value: Any = said
    for step in path:
        value = value.get(step) if isinstance(value, Mapping) else None
    return len(value) if isinstance(value, list | tuple) else 0


def going_on(entries: Sequence[Any], path: Path, depth: str, layers: int) -> LayerList | None:
    """Return a list as one that goes on with the number of layers, None where it has no plain pattern.

    More than half of it is the pattern, and that is there twice.

    >>> going_on(["a", "b", "b", "b"], ("kinds",), "depth", 4).at(6), going_on(["a", "b", "c"], ("kinds",), "depth", 3)
    (['a', 'b', 'b', 'b', 'b', 'b'], None)
    """
    cycle = cycle_of([list(map(repr, entries))]) if len(entries) == layers else None
    plain = cycle is not None and 2 * (cycle.before + cycle.after) < layers
    return LayerList(path, depth, entries, cycle) if cycle is not None and plain else None


def beside(config: Mapping[str, Any], size: Path) -> Iterator[Path]:
    """Return the lists beside a size that are as long as it says."""
    layers = at_path(config, size)
    for path in list_paths(config):
        if path[:-1] == size[:-1] and len(at_path(config, path)) == layers:
            yield path
