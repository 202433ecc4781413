"""What one traced build lost: calls that made plain numbers of sizes, and code that was left as it is."""

from __future__ import annotations

import types
from collections.abc import Iterable
from dataclasses import dataclass, field

from paramcalc.sizes.double.programs import Node, names_in


@dataclass
class Losses:
    """The functions that were `left` as they are, though they were called with sizes; the `calls` that made plain
    numbers of sizes, by where they stand, with the names of these; and the integers of which `texts` were made. Sizes
    with which the code may do what is not told, as it looks them up or writes them, are `forgotten` as well.
    """

    left: dict[str, None] = field(default_factory=dict)
    calls: dict[str, set[str]] = field(default_factory=dict)
    texts: dict[int, set[str]] = field(default_factory=dict)
    forgotten: set[str] = field(default_factory=set)

    def called(self, call: str, frame: types.FrameType | None, nodes: Iterable[Node]) -> None:
        """Remember a call that made plain numbers of traced ones, and the code that is lent to from which it came."""
        self._lost(call, frame, {name for node in nodes for name in names_in(node)})

    def forget(self, nodes: Iterable[Node]) -> None:
        """Remember that the code may do with traced numbers what is not told."""
        self.forgotten.update(name for node in nodes for name in names_in(node))

    def wrote(self, value: int, node: Node) -> None:
        """Remember that text was made of a traced integer: it may be read again."""
        self.texts.setdefault(value, set()).update(names_in(node))

    def read(self, call: str, frame: types.FrameType | None, values: Iterable[int]) -> None:
        """Remember a call that made integers of text, where text was made of such before."""
        self._lost(call, frame, {name for value in values for name in self.texts.get(value, ())})

    def _lost(self, call: str, frame: types.FrameType | None, names: set[str]) -> None:
        place = lent_above(frame)
        if place is not None and names:
            self.calls.setdefault(f"{call} in {name_of(place)}", set()).update(names)
            self.forgotten |= names


def is_lent(frame: types.FrameType) -> bool:
    """Whether the code of a frame is a copy that is lent to: it looks up its names in what is no plain dictionary."""
    return type(frame.f_globals) is not dict


def lent_above(frame: types.FrameType | None) -> types.FrameType | None:
    """Return the nearest frame, this one or one above, whose code is lent to."""
    while frame is not None and not is_lent(frame):
        frame = frame.f_back
    return frame


def name_of(frame: types.FrameType) -> str:
    """Return the function of a frame as `package.module:function`."""
    return f"{frame.f_globals.get('__name__')}:{frame.f_code.co_qualname}"
