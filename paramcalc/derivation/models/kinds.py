"""The kinds of points at which a form is to be tried: those where rival forms go apart that agree everywhere else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from math import gcd
from random import Random
from typing import NamedTuple

from paramcalc.sizes.point import Point

FAR = 2  # times the largest size that was fitted
SMALL = 4  # a small size is no more than the base over this


class Kind(NamedTuple):
    """What is asked of one size of a point, or of two."""

    what: str
    names: tuple[str, ...]

    def __str__(self) -> str:
        return f"{' and '.join(self.names)} {self.what}"


@dataclass
class Kinds:
    """Which kinds of points are wanted, and which were met.

    Every size is to be `far`, twice the largest that was fitted, and `small`; it is to have more values than an
    expression that depends on it has free `numbers`. Of any two sizes points are wanted at which they are equal, have a
    common factor, or have none: code that compares them, or takes their greatest common divisor, is told by no other.
    """

    base: Point
    names: Sequence[str]
    largest: Mapping[str, int]
    numbers: Mapping[str, int]
    most: Mapping[str, int]  # no larger size is asked for
    layers: frozenset[str] = frozenset()  # that numbers of copies depend on: they are not to be far
    values: dict[str, set[int]] = field(default_factory=dict)
    met: set[Kind] = field(default_factory=set)

    def __post_init__(self) -> None:
        far = {Kind("far", (name,)) for name in self.names if name not in self.layers}
        self.too_far = {kind for kind in far if self.largest[kind.names[0]] * FAR > self.most[kind.names[0]]}
        self.wanted = {Kind("small", (name,)) for name in self.names if self.base[name] >= SMALL} | far - self.too_far
        pairs = list(combinations(self.names, 2))
        self.wanted |= {Kind(what, pair) for pair in pairs for what in ("equal", "with a common factor", "without one")}

    def saw(self, point: Point) -> None:
        """Take a point into account that was predicted."""
        self.met |= self.of(point)
        for name in self.names:
            self.values.setdefault(name, set()).add(point[name])

    def of(self, point: Point) -> set[Kind]:
        """The wanted kinds that a point is of."""
        return {kind for kind in self.wanted if self._is(kind, point)}

    @property
    def missing(self) -> set[Kind]:
        """The kinds that were not met."""
        return self.wanted - self.met

    def gain(self, point: Point) -> int:
        """How much that is missing a point would give."""
        few = [name for name in self.few if point[name] not in self.values.get(name, ())]
        return len(self.of(point) - self.met) + len(few)

    @property
    def few(self) -> list[str]:
        """The sizes that had no more values than the expressions that depend on them have free numbers."""
        return [name for name in self.names if len(self.values.get(name, ())) <= self.numbers.get(name, 0)]

    def sizes(self, kind: Kind, random: Random) -> dict[str, int]:
        """Sizes of a kind, drawn at random."""
        name = kind.names[0]
        if kind.what == "far":
            return {name: random.randint(FAR * self.largest[name], min(2 * FAR * self.largest[name], self.most[name]))}
        if kind.what == "small":
            return {name: random.randint(1, self.base[name] // SMALL)}
        if kind.what == "equal":
            return dict.fromkeys(kind.names, random.randint(1, min(self.largest[each] for each in kind.names)))
        step = random.choice((2, 3, 4, 6, 8)) if kind.what == "with a common factor" else 1
        return {each: step * random.randint(1, max(2, self.largest[each] // step)) for each in kind.names}

    def another(self, name: str, random: Random) -> int:
        """A value of a size that it did not have."""
        seen = self.values.get(name, ())
        most = max(min(FAR * self.largest[name], self.most[name]), len(seen) + 1)
        return random.choice([each for each in range(1, most + 1) if each not in seen])

    def _is(self, kind: Kind, point: Point) -> bool:
        first = point[kind.names[0]]
        if len(kind.names) == 1:
            name = kind.names[0]
            return first >= FAR * self.largest[name] if kind.what == "far" else first <= self.base[name] // SMALL
        second = point[kind.names[1]]
        if kind.what == "equal":
            return first == second
        return first != second and (gcd(first, second) > 1) == (kind.what == "with a common factor")


def free_numbers(sizes: Iterable[object]) -> dict[str, int]:
    """Return, for each name in some expressions, the most numbers that one of them has in which it stands.

    >>> from paramcalc.sizes.symbols import symbol
    >>> free_numbers([3 * symbol("d") * symbol("n") + 2, symbol("d") ** 2])
    {'d': 2, 'n': 2}
    """
    import sympy

    found: dict[str, int] = {}
    for size in sizes:
        if not isinstance(size, sympy.Expr):
            continue
        sums = [part for part in sympy.preorder_traversal(size) if part.is_Add]
        count = sum(len(part.args) for part in sums) or 1
        for name in sorted(each.name for each in size.free_symbols):
            found[name] = max(found.get(name, 0), count)
    return found
