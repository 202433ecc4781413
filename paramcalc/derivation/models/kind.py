"""A kind of points: what is asked of one size, or of two."""

from __future__ import annotations

from typing import NamedTuple

FAR = 2  # times the largest size that was fitted
SMALL = 4  # a small size is no more than the base over this


class Kind(NamedTuple):
    """What is asked of one size of a point, or of two; some with a number."""

    what: str
    names: tuple[str, ...]
    number: int = 0

    def __str__(self) -> str:
        return f"{' and '.join(self.names)} {self.what}{f' {self.number}' if self.number else ''}"
