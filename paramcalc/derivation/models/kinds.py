"""The kinds of points at which a form is to be tried: those where rival forms go apart that agree everywhere else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations, permutations
from math import gcd
from random import Random
from typing import NamedTuple

from paramcalc.sizes.point import Point

FAR = 2  # times the largest size that was fitted
SMALL = 4  # a small size is no more than the base over this
TINY = 9  # neither is any larger that is tiny
STEPS = (2, 3, 4, 8, 16, 32)  # of which sizes are to be multiples whose memory the code loses


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

    What code does with sizes whose memory is `lost` is not told: each is to be odd, tiny, a power of 2 and a multiple of
    usual steps as well, and each twice any other one.
    """

    base: Point
    names: Sequence[str]
    largest: Mapping[str, int]
    numbers: Mapping[str, int]
    most: Mapping[str, int]  # no larger size is asked for
    layers: frozenset[str] = frozenset()  # that numbers of copies depend on: they are not to be far
    lost: frozenset[str] = frozenset()
    values: dict[str, set[int]] = field(default_factory=dict)
    met: set[Kind] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.wanted = {Kind(what, (name,)) for name in self.names for what in ("far", "small")}
        self.wanted -= {Kind("small", (name,)) for name in self.names if self.base[name] < SMALL}
        self.wanted -= {
            Kind("far", (name,))
            for name in self.names
            if name in self.layers or self.largest[name] * FAR > self.most[name]
        }
        pairs = list(combinations(self.names, 2))
        self.wanted |= {Kind(what, pair) for pair in pairs for what in ("equal", "with a common factor", "without one")}
        lost = [name for name in self.names if name in self.lost]
        self.wanted |= {Kind(what, (name,)) for name in lost for what in ("odd", "a power of 2")}
        self.wanted |= {Kind("tiny", (name,)) for name in lost if self.base[name] >= SMALL}
        self.wanted |= {
            Kind(f"a multiple of {step}", (name,)) for name in lost for step in STEPS if step <= self.most[name]
        }
        self.wanted |= {Kind("twice the other", pair) for pair in permutations(lost, 2)}

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
        largest, most = self.largest[name], self.most[name]
        if len(kind.names) > 1:
            return self._two(kind, random)
        if kind.what == "far":
            return {name: random.randint(FAR * largest, min(2 * FAR * largest, most))}
        if kind.what in ("small", "tiny"):
            return {name: random.randint(1, max(1, self._limit(kind.what, name)))}
        if kind.what == "odd":
            return {name: 1 + 2 * random.randint(0, largest // 2)}
        if kind.what == "a power of 2":
            return {name: 1 << random.randint(0, largest.bit_length())}
        step = _step(kind)
        return {name: step * random.randint(1, max(1, min(2 * largest, most) // step))}

    def _two(self, kind: Kind, random: Random) -> dict[str, int]:
        least = min(self.largest[each] for each in kind.names)
        if kind.what == "equal":
            return dict.fromkeys(kind.names, random.randint(1, least))
        if kind.what == "twice the other":
            size = random.randint(1, max(1, least // 2))
            return dict(zip(kind.names, (2 * size, size), strict=True))
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
            return self._is_alone(kind, first)
        second = point[kind.names[1]]
        if kind.what == "equal":
            return first == second
        if kind.what == "twice the other":
            return first == 2 * second
        return first != second and (gcd(first, second) > 1) == (kind.what == "with a common factor")

    def _is_alone(self, kind: Kind, size: int) -> bool:
        name = kind.names[0]
        if kind.what == "far":
            return size >= FAR * self.largest[name]
        if kind.what in ("small", "tiny"):
            return size <= self._limit(kind.what, name)
        if kind.what == "odd":
            return size % 2 == 1
        return size.bit_count() == 1 if kind.what == "a power of 2" else size % _step(kind) == 0

    def _limit(self, what: str, name: str) -> int:
        """The largest size that is small, or tiny."""
        small = self.base[name] // SMALL
        return min(small, TINY) if what == "tiny" else small


def _step(kind: Kind) -> int:
    """Of what a size is to be a multiple."""
    return int(kind.what.rpartition(" ")[2])


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
