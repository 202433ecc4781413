"""The models of a config with other sizes: which of its fields they read, built on the meta device."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from paramcalc.derivation.domain.edges import SMALL
from paramcalc.derivation.models.prober import Refused
from paramcalc.derivation.start import Path, Start
from paramcalc.sources.modules.config import answering, model_class, settings_of
from paramcalc.tracing.configs.layer_lists import LayerList, beside, going_on, lengthened, written
from paramcalc.tracing.configs.made import has_part, list_of, made_of, part_paths, whole_of, without_made
from paramcalc.tracing.fields import at_path, fields, watched, with_fields
from paramcalc.tracing.lending.lending import lent_values
from paramcalc.tracing.probe import building, layout_of, probe_of
from paramcalc.tree.block import Block

if TYPE_CHECKING:
    from torch import nn

READ = 4  # models that were predicted, of which it is seen which other fields they read


class Family:
    """The models of a config with other sizes: the integer fields that are read to build it, and those wanted.

    What the class of a config makes of other fields follows these: it is left to the class where it is not given, and
    a list where it is given as the class makes it. Other lists with an entry for each layer go on by their pattern,
    or else hold the number of layers.
    """

    def __init__(self, data: Mapping[str, Any], wanted: Sequence[str] = (), where: str = "config") -> None:
        settings = settings_of(data, where)
        self.wanted, self.where = wanted, where
        self.whole = whole_of(settings, data, where)
        self.kind = model_class(settings, where)
        self.known = fields(self.whole)
        with answering(where):
            read = _read_by(self.kind, settings)
        self.used = {name: path for name, path in self.known.items() if _field(path) in read or name in wanted}
        self.base = without_made(data, self.whole, self.used.values(), {self.known[name] for name in wanted}, where)
        self.lists: dict[Path, LayerList] = {}
        self.depths: dict[str, str] = {}  # the numbers of layers that lists hold, with the names of these
        self.turns: list[str] = []  # the sizes by which the library makes lists others, and no longer
        self._leave_to_the_library(data, read)
        self._let_lists_go_on()

    def _leave_to_the_library(self, data: Mapping[str, Any], read: Collection[Path]) -> None:
        """Use no entries of lists that follow other fields; use these instead, where they change the model."""
        made = made_of(self.base, self.whole, self._scalars, self.where)
        self.made = frozenset(made).difference(part_paths(data))
        constant = {list_of(path) for path in self.used.values()}.difference(made, part_paths(self.base))
        self.base = with_fields(self.base, {part: at_path(self.whole, part) for part in constant})
        self._forget([part for part in made if not has_part(self.base, part)])
        used = self.used.values()
        parts = [part for part in made if _field(part) in read and part not in used]
        names = dict.fromkeys(name for part in parts for name in made[part] if name not in self.used)
        new = {name: self.known[name] for name in names if self._matters(self.known[name])}
        longer = [name for name, path in new.items() if lengthened(self.base, self.whole, path, parts, self.where)]
        self.used.update(new)
        self.turns = [name for name in new if name not in longer]

    def _let_lists_go_on(self) -> None:
        """Find the lists that are given otherwise than the library makes them, and the pattern of each."""
        for path, depth in written(self.base, self.whole, self._scalars, self.where).items():
            if any(self.known[name][: len(path)] == path for name in self.wanted):
                continue
            layers = at_path(self.whole, self.known[depth])
            found = going_on(at_path(self.base, path), path, depth, layers)
            if found is None:
                self.depths[depth] = "_".join(map(str, path))
            else:
                self.lists[path] = found
        self._forget(self.lists)

    def _forget(self, parts: Iterable[Path]) -> None:
        """Use no entries of some lists."""
        lists = set(parts)
        self.used = {
            name: path for name, path in self.used.items() if path == list_of(path) or list_of(path) not in lists
        }

    @cached_property
    def _scalars(self) -> dict[str, Path]:
        """The integer fields that are no entries of lists."""
        return {name: path for name, path in self.known.items() if path == list_of(path)}

    @property
    def sizes(self) -> dict[str, Any]:
        """The sizes of the config itself."""
        return {name: at_path(self.whole, path) for name, path in self.used.items()}

    def start(self, vary: Sequence[str] | None, hold: Collection[str] = ()) -> Start:
        """Return the start at the config itself, with the chosen fields varied, or all that are read but for some.

        Of all, numbers of layers that lists hold do not vary, nor do integers that only lay out the model.
        """
        sizes, free = self.sizes, vary is None
        still = {*self.depths, *hold} if free else {name for name in sizes if self.used[name] not in self.made}
        names = tuple(name for name in sizes if name not in still) if vary is None else tuple(vary)
        values = {name: sizes[name] for name in names}
        held = {name: sizes[name] for name in sizes if name in still and name not in values}
        start = Start(values, names, may_be_fixed=free, paths=self.used, held=held)
        layout = self._layout(names)
        return start.laid_out(layout) if free else start

    def remarks(self, varied: Collection[str]) -> list[str]:
        """What is to be known of lists with an entry for each layer that the library does not make."""
        lists = [(each.name, each.depth) for each in self.lists.values() if each.depth in varied]
        held = [f"{name} says what each layer is, by no plain pattern" for name in self.depths.values()]
        return [*(f"{name} goes on by its pattern with {depth}" for name, depth in lists), *held]

    def build(self, values: Mapping[str, Any]) -> nn.Module:
        """Return the model with some sizes, the others as in the config."""
        return self._model({self.used[name]: value for name, value in values.items()})

    def _layout(self, names: Sequence[str]) -> dict[str, int]:
        """The integers that only lay out the model, but for numbers of layers of which all lists can go on."""
        found = layout_of(self._model, self.whole, {name: self.used[name] for name in names})
        return {name: value for name, value in found.items() if not self._goes_on(name)}

    def _goes_on(self, depth: str) -> bool:
        """Whether there are more layers where lists go on by their pattern; then they do."""
        size = self.known[depth]
        if size != list_of(size):
            return False
        layers = at_path(self.whole, size)
        lists = [
            path for path in beside(self.whole, size) if not any(list_of(each) == path for each in self.used.values())
        ]
        found = [going_on(at_path(self.whole, path), path, depth, layers) for path in lists]
        longer = {each.path: each for each in found if each}
        if len(longer) < len(lists) or not self._has_more(size, longer):
            return False
        for path in lists:
            fewer = {other: each for other, each in longer.items() if other != path}
            longer = fewer if self._has_more(size, fewer) else longer
        self.lists |= longer
        return True

    def _has_more(self, size: Path, longer: Mapping[Path, LayerList]) -> bool:
        """Whether there are twice as many layers where some lists go on."""
        layers = 2 * at_path(self.whole, size)
        return self._shapes({size: layers, **{path: each.at(layers) for path, each in longer.items()}}) is not None

    def _matters(self, path: Path) -> bool:
        """Whether a model with another value of a field has other tensors."""
        value = at_path(self.whole, path)
        others = (self._shapes({path: other}) for other in (2 * value, value + 1))
        return any(other is not None and other != self._base_shapes for other in others)

    @cached_property
    def _base_shapes(self) -> dict[str, Any] | None:
        return self._shapes({})

    def _shapes(self, changes: Mapping[Path, Any]) -> dict[str, Any] | None:
        """The shapes of all tensors with other values at some paths, None where nothing is built."""
        with contextlib.suppress(Refused):
            tree = probe_of(lambda _: self._model(changes))({})
            return {name: tensor.shape for name, tensor in tree.tensors()}
        return None

    def unread(self, tree: Block) -> list[str]:
        """The fields that are read at sizes for which a tree was proven, though not at those of the config."""
        known = {name: path for name, path in self._scalars.items() if name not in self.used}
        found: set[str] = set()
        points = tree.evidence.predicted if tree.evidence and known else ()
        layers = [name for name, value in self.sizes.items() if value <= SMALL]  # and what else is as small
        for point in sorted(points, key=lambda point: sum(point.get(name, 0) for name in layers))[:READ]:
            with contextlib.suppress(Exception):  # sizes that follow from others may not be those that they must be
                changes = {self.used[name]: value for name, value in point.items()}
                read = _read_by(self.kind, settings_of(self._changed(changes), self.where))
                found |= {name for name, path in known.items() if _field(path) in read}
        return [name for name in known if name in found]

    def _changed(self, changes: Mapping[Path, Any]) -> dict[str, Any]:
        """The config with other values at some paths, and with the lists that go on as long as these say."""
        lists = {path: (each, self.known[each.depth]) for path, each in self.lists.items()}
        longer = {path: each.at(changes[size]) for path, (each, size) in lists.items() if size in changes}
        return with_fields(self.base, {**longer, **changes})

    def _model(self, changes: Mapping[Path, Any]) -> nn.Module:
        model: nn.Module = self.kind._from_config(settings_of(lent_values(self._changed(changes)), self.where))
        return model


def _field(path: Path) -> Path:
    """The names on a path, by which a field is read."""
    return tuple(step for step in path if isinstance(step, str))


def _read_by(kind: Any, settings: Any) -> set[Path]:
    """The fields that a model reads while it is built."""
    read: set[Any] = set()
    watched(settings, read)
    with building():
        kind._from_config(settings)
    return read
