"""The kinds of points at which a form is to be tried: those where rival forms go apart that agree everywhere else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations, permutations
from math import gcd
from random import Random

from paramcalc.derivation.models.forgotten import asked_of, drawn, is_of
from paramcalc.derivation.models.kind import FAR, SMALL, Kind
from paramcalc.sizes.point import Point


@dataclass
class Kinds:
    """Which kinds of points are wanted, and which were met.

    Every size is to be `far`, twice the largest that was fitted, and `small`; it is to have more values than an
    expression that depends on it has free `numbers`. Of any two sizes points are wanted at which they are equal, have a
    common factor, or have none: code that compares them, or takes their greatest common divisor, is told by no other.

    What code does with sizes whose memory is `lost` is not told, so more is asked of them (`forgotten.py`), around the
    `constants` of the code, and each is to be twice any other one.
    """

    base: Point
    names: Sequence[str]
    largest: Mapping[str, int]
    numbers: Mapping[str, int]
    most: Mapping[str, int]  # no larger size is asked for
    layers: frozenset[str] = frozenset()  # that numbers of copies depend on: they are not to be far
    lost: frozenset[str] = frozenset()
    constants: frozenset[int] = frozenset()
    values: dict[str, set[int]] = field(default_factory=dict)
    met: set[Kind] = field(default_factory=set)

    def __post_init__(self) -> None:
        far = {Kind("far", (name,)) for name in self.names if name not in self.layers}
        self.too_far = {kind for kind in far if self.largest[kind.names[0]] * FAR > self.most[kind.names[0]]}
        self.wanted = {Kind("small", (name,)) for name in self.names if self.base[name] >= SMALL} | far - self.too_far
        pairs = list(combinations(self.names, 2))
        self.wanted |= {Kind(what, pair) for pair in pairs for what in ("equal", "with a common factor", "without one")}
        lost = [name for name in self.names if name in self.lost]
        self.wanted |= {Kind("twice the other", pair) for pair in permutations(lost, 2)}
        for name in lost:
            self.wanted.update(asked_of(name, self.base[name], self.largest[name], self.most[name], self.constants))

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
        if kind.what == "small":
            return {name: random.randint(1, self.base[name] // SMALL)}
        return {name: drawn(kind, random, largest, most)}

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
            return self.is_alone(kind, first)
        second = point[kind.names[1]]
        if kind.what == "equal":
            return first == second
        if kind.what == "twice the other":
            return first == 2 * second
        return first != second and (gcd(first, second) > 1) == (kind.what == "with a common factor")

    def is_alone(self, kind: Kind, size: int) -> bool:
        """Whether a size is of a kind that is asked of one."""
        (name,) = kind.names
        if kind.what == "far":
            return size >= FAR * self.largest[name]
        return size <= self.base[name] // SMALL if kind.what == "small" else is_of(kind, size)


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
