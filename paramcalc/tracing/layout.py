"""Integers that are no sizes: how many entries lists have, and which layers are of another kind than the rest."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from paramcalc.derivation.start import Path
from paramcalc.tracing.fields import at_path
from paramcalc.tree.block import Block

Try: TypeAlias = Callable[[Mapping[Path, Any]], "Block | None"]


def layout(attempt: Try, data: Any, paths: Mapping[str, Path]) -> dict[str, int]:
    """Return those of some integers of a config that only lay out a model, with their values.

    `attempt` builds with other values at some paths, and gives None where the code takes none. An integer is the length
    of the lists beside it where one more is taken only if these lists are longer too; the entries of a list are places
    of layers where moving each to the next free one gives another model of the same count, or where they
    are all places.
    """
    found = {name: at_path(data, path) for name, path in paths.items() if _is_length(attempt, data, path)}
    lists: dict[Path, list[str]] = {}
    for name, path in paths.items():
        if isinstance(path[-1], int):
            lists.setdefault(path[:-1], []).append(name)
    base = attempt({}) if lists else None
    for where, names in lists.items():
        entries = at_path(data, where)
        named = len(names) == sum(entry != 0 for entry in entries)  # 0 is a place, but no size
        whole = base is not None and named and len(set(entries)) == len(entries)
        if whole and (
            all(_is_place(attempt, base, entries, paths[name]) for name in names)
            or _is_every_place(attempt, base, entries, where)
        ):
            found.update((name, at_path(data, paths[name])) for name in names)
    return found


def _is_length(attempt: Try, data: Any, path: Path) -> bool:
    value, beside = at_path(data, path), at_path(data, path[:-1])
    if value < 2 or not isinstance(beside, Mapping):
        return False
    lists = {key: each for key, each in beside.items() if isinstance(each, list | tuple) and len(each) == value}
    longer = {(*path[:-1], key): [*each, each[-1]] for key, each in lists.items()}
    more = {path: value + 1}
    return bool(lists) and attempt(more) is None and attempt({**more, **longer}) is not None


def _is_place(attempt: Try, base: Any, entries: Any, path: Path) -> bool:
    value = entries[path[-1]]
    free = [other for other in range(max(entries) + 2) if other not in entries]
    for other in _nearest(value, free):
        moved = attempt({path: other})
        if moved is not None:
            same = (moved.params, moved.buffers) == (base.params, base.buffers)
            return same and _built(moved) != _built(base)
    return False


def _nearest(value: int, free: Sequence[int]) -> list[int]:
    """The next places below and above that are free."""
    return [*[other for other in free if other < value][-1:], *[other for other in free if other > value][:1]]


def _is_every_place(attempt: Try, base: Any, entries: Any, where: Path) -> bool:
    """Whether a list names all places, in whatever order, and its layers are others without one of them."""
    if sorted(entries) != list(range(len(entries))):
        return False
    turned, less = attempt({where: list(reversed(entries))}), attempt({where: list(entries)[:-1]})
    if turned is None or less is None:
        return False
    return _built(turned) == _built(base) != _built(less)


def _built(tree: Block) -> tuple[dict[str, Any], list[Any]]:
    """The shapes of all tensors, and the classes of all blocks."""
    shapes = {name: tensor.shape for name, tensor in tree.tensors()}
    return shapes, [(path, block.kind) for path, block in tree.walk()]
