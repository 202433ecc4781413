"""The paths that code takes through its comparisons: those that were traced, and where sizes lead off them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TypeAlias

from paramcalc.derivation.fitting.clues import Clues
from paramcalc.errors import ParamcalcError
from paramcalc.sizes.conditions import Condition
from paramcalc.sizes.point import Point, tested
from paramcalc.sizes.symbols import Size, canonical, remainder

Answers: TypeAlias = tuple[tuple[Condition, bool], ...]
Trace: TypeAlias = Callable[[Point], Clues]

LONGEST = 128  # comparisons of one path that are looked at
OF_A_KIND = 3  # comparisons that differ by a number only, as those of a loop, by which paths are left
MOST = 16  # paths that are traced beside that of the base


@dataclass
class _Step:
    """What the code compares next, and what comes after each outcome; nothing at the end of a path."""

    compares: Condition | None = None
    test: Callable[[Point], bool] | None = None  # of what is compared
    after: dict[bool, _Step] = field(default_factory=dict)


class Paths:
    """The comparisons that code makes, as a tree that every traced build adds to.

    The way of a point through the tree is computed, without a build: it ends where nothing is compared any more, or
    leaves the tree at an outcome that no traced build had. What is built there is not known from what was seen.
    """

    def __init__(self, clues: Clues, trace: Trace | None = None) -> None:
        self.trace = trace
        self.root = _Step()
        self.traced = 0
        self.seen: set[tuple[Condition, bool]] = set()
        self.kinds = Counter[Size]()  # of comparisons by which paths were left
        self.learn(clues.compared)

    def learn(self, compared: Answers) -> None:
        """Add the comparisons of a traced build, with their outcomes."""
        step = self.root
        for condition, outcome in compared[:LONGEST]:
            if step.compares is None:
                step.compares, step.test = condition, tested(condition)
            if step.compares != condition:  # a number was taken for another one of its value
                return
            step = step.after.setdefault(outcome, _Step())
            self.seen.add((condition, outcome))

    def leaves(self, point: Point) -> Answers:
        """Return the comparisons at a point up to the one with which it leaves all traced paths, none where it stays.

        >>> from paramcalc.sizes.symbols import symbol
        >>> wide, odd = Condition(symbol("d"), ">", 64), Condition(symbol("d"), "!=", 9)
        >>> paths = Paths(Clues(compared=((wide, False), (odd, True))))
        >>> [[outcome for _, outcome in paths.leaves({"d": value})] for value in (8, 9, 65)]
        [[], [False, False], [True]]
        """
        step, answers = self.root, []
        while step.compares is not None and step.test is not None:
            try:
                outcome = step.test(point)
            except (ParamcalcError, ArithmeticError):
                return ()
            answers.append((step.compares, outcome))
            if outcome not in step.after:
                return tuple(answers)
            step = step.after[outcome]
        return ()

    def untraced(self, points: Iterable[Point], wanted: int) -> list[tuple[Answers, list[Point]]]:
        """Return where points leave the traced paths by outcomes that were not seen, with so many points of each."""
        found: dict[Answers, list[Point]] = {}
        for point in points if self.trace is not None and self.traced < MOST else ():
            answers = self.leaves(point)
            if not answers or answers[-1] in self.seen or self.kinds[_kind(answers[-1][0])] >= OF_A_KIND:
                continue
            if len(found.setdefault(answers, [])) < wanted:
                found[answers].append(point)
        return sorted(found.items(), key=lambda each: len(each[0]))

    def follow(self, answers: Answers, point: Point) -> None:
        """Trace a build at a point, and take its path for known."""
        assert self.trace is not None
        self.traced += 1
        self.leave(answers)
        self.learn(self.trace(point).compared)

    @property
    def comparisons(self) -> list[Condition]:
        """All that was compared on paths that were traced, as conditions, and what holds where each does not."""
        met = dict.fromkeys(condition for condition, _ in sorted(self.seen, key=str))
        return [each for condition in met for each in (condition, *_opposites(condition)) if each.holds is None]

    def leave(self, answers: Answers) -> None:
        """Look for what follows on these comparisons no more."""
        self.kinds[_kind(answers[-1][0])] += 1
        self.learn(answers)


@lru_cache(maxsize=4_096)
def _kind(condition: Condition) -> Size:
    """What is compared, without the number."""
    difference = canonical(condition.left - condition.right)
    return difference if isinstance(difference, int) else difference.as_coeff_Add()[1]


def kept_by(answers: Sequence[tuple[Condition, bool]], base: Point) -> list[Condition]:
    """Return the conditions under which the first comparison that is not as at the base is so."""
    for condition, outcome in answers:
        if tested(condition)(base) != outcome:
            found = _opposites(condition) if outcome else [condition]
            return [each for each in found if each.holds is None]
    return []


def _opposites(condition: Condition) -> list[Condition]:
    """What holds, all of it, where a condition does not; nothing where that cannot be written.

    >>> from paramcalc.sizes.symbols import symbol
    >>> print(*_opposites(Condition(symbol("d"), "!=", symbol("n"))), sep=", ")
    d >= n, n >= d
    """
    left, right, reason = condition.left, condition.right, condition.reason
    try:
        if condition.relation == "divisible by":
            return [Condition(remainder(left, right), "!=", 0, reason)]
        if condition.relation == "!=":
            return [Condition(left, ">=", right, reason), Condition(right, ">=", left, reason)]
        return [Condition(right, ">" if condition.relation == ">=" else ">=", left, reason)]
    except (ParamcalcError, ArithmeticError):
        return []
