"""Where a derivation starts: the value of every size, which of them vary, and what is held and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from paramcalc.errors import InvalidType, unknown_name
from paramcalc.sizes.point import varied
from paramcalc.sizes.symbols import Size

Path: TypeAlias = tuple[str | int, ...]
TO_VARY = "an int of 1 or more, to vary it"


@dataclass(frozen=True)
class Start:
    """What is asked of a derivation, made once and handed on.

    `values` has every size by name, with what else the build is called with; those in `vary` become symbols. Where the
    caller chose none, sizes that keep a form from being found `may_be_fixed`. `paths` tell where each size stands in
    the arguments. `held` stays as it is, `layout` as well: integers that only lay out the model; and those in `follows`
    are given by others.
    """

    values: Mapping[str, object]
    vary: tuple[str, ...]
    may_be_fixed: bool = True
    paths: Mapping[str, Path] = field(default_factory=dict)
    held: Mapping[str, object] = field(default_factory=dict)
    layout: Mapping[str, int] = field(default_factory=dict)
    follows: Mapping[str, Size] = field(default_factory=dict)

    def laid_out(self, layout: Mapping[str, int]) -> Start:
        """Return the start without sizes that only lay out the model."""
        return replace(self._without(layout), layout={**self.layout, **layout})

    def following(self, name: str, size: Size) -> Start:
        """Return the start without a size that others give."""
        return replace(self._without([name]), follows={**self.follows, name: size})

    def _without(self, names: Sequence[str] | Mapping[str, int]) -> Start:
        values = {name: value for name, value in self.values.items() if name not in names}
        return replace(self, values=values, vary=tuple(name for name in self.vary if name not in names))


def start_at(at: Mapping[str, object], vary: Sequence[str] | None = None) -> Start:
    """Return the start at some values: those to vary, or all that are ints of 1 or more, become symbols.

    >>> start_at({"d": 64, "act": "relu"}).vary
    ('d',)

    Raises UnknownName for a name to vary that has no value, InvalidType for one whose value is no int of 1 or more.
    """
    sizes = varied(at)
    for name in vary or ():
        if name not in at:
            raise unknown_name("size", name, at, where="vary")
        if name not in sizes:
            raise InvalidType(f"got {at[name]!r}", where=f"at {name}", expected=TO_VARY)
    return Start(at, tuple(sizes if vary is None else vary), may_be_fixed=vary is None)
