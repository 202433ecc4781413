"""Where a form may end: beyond its conditions, where the code compares sizes, at small sizes, and where it rounds."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from paramcalc.derivation.candidate import Form
from paramcalc.derivation.domain.edges import no_fewer, sides
from paramcalc.derivation.models.observations import Survey
from paramcalc.derivation.models.prediction import predicts
from paramcalc.sizes.conditions import Condition
from paramcalc.sizes.point import Point, meets
from paramcalc.sizes.symbols import is_symbol, symbol_names
from paramcalc.tree.block import Block

MISSES = 400  # points that are looked at for one where floating point misses a number
WANTED = 8  # points to predict where it does
TRIES = 3  # points at which a condition is broken, twice as many where it bounds one size
SEVERAL = 4  # sizes below this are tried, of which it depends whether layers are there


@dataclass
class Borders:
    """Builds beyond the borders of what a form is known to say."""

    survey: Survey
    form: Form
    seen: list[Point] = field(default_factory=list)

    def hold(self, tree: Block) -> bool:
        """Whether the form ends where its conditions say and nowhere else; what shows otherwise is kept."""
        return self.founded(tree) and self.explored(tree) and self.unmissed(tree)

    def founded(self, tree: Block) -> bool:
        """Whether each condition found holds good: no model exists, or another one, where it alone is broken.

        What turns out to be built there, and as predicted, is kept, so that the condition is not found again.
        """
        while True:
            conditions = self.survey.domain.conditions
            condition = next((each for each in conditions if each not in self.survey.domain.confirmed), None)
            if condition is None:
                return True
            others = [each for each in conditions if each != condition]
            for _ in range(2 * TRIES if len(condition.symbols) == 1 else TRIES):
                point = self.survey.sampler.breaking(condition, others, near=True)
                actual = None if point is None else self.survey.built(point, "what the code demands")
                if point is not None and actual is not None and predicts(tree, point, actual):
                    self.survey.keep(point, actual)
                    return False
            last = self.last(condition)
            if last is not None and not predicts(tree, *last):
                self.narrowed(tree, condition, *last)
                return False
            self.survey.domain.confirmed.add(condition)

    def last(self, condition: Condition) -> tuple[Point, Block] | None:
        """What is built at the last size within a bound on one, None where it is no such bound, or nothing is."""
        bounded = bound_of(condition)
        if bounded is None or bounded[0] not in self.survey.names:
            return None
        name, number, _ = bounded
        point = {**self.survey.base, name: number}
        if point == self.survey.base or not meets(point, self.survey.domain.conditions):
            return None
        actual = self.survey.built(point, "what the code demands")
        return None if actual is None else (point, actual)

    def narrowed(self, tree: Block, condition: Condition, point: Point, actual: Block) -> None:
        """Fit the form anew with another model that is built at a point, or bound it, where no form says both."""
        if self.form.fits([*self.survey.trees, (point, actual)]):
            self.survey.keep(point, actual)
        else:
            self.survey.bound(self.edge(tree, condition, point))

    def explored(self, tree: Block) -> bool:
        """Whether the form holds, or no model exists, on the other side of every comparison that the code made.

        Where another model is built there, the form is fitted anew with it, or the comparison bounds the form.
        """
        self.together(tree)
        for condition in (*self.survey.domain.branches, *starts(tree)):
            if condition in self.survey.domain.confirmed or condition in self.survey.domain.conditions:
                continue
            point, actual = self.beyond(condition)
            if point is None or actual is None:
                continue
            if predicts(tree, point, actual):
                self.survey.domain.confirmed.add(condition)
                self.survey.domain.accepted.append(point)
                continue
            alone = self.alone(condition, point)
            blameless = alone is not None and predicts(tree, *alone)
            if blameless:
                self.survey.domain.confirmed.add(condition)
                self.survey.keep(point, actual)
            else:
                self.narrowed(tree, condition, point, actual)
            return False
        return True

    def together(self, tree: Block) -> None:
        """Build with as many small sizes as can be at their edge at once; what the form says there holds alone too."""
        for group in sides(self.survey.base, self.survey.names):
            left = {name: value for each, name, value in group if each not in self.survey.domain.confirmed}
            point = self.survey.base
            for name, value in 2 * [*left.items()]:  # one size may have to change before another
                moved = {**point, name: value}
                point = moved if meets(moved, self.survey.domain.conditions) else point
            broken = [each for each, name, _ in group if name in left and not meets(point, [each])]
            if len(broken) < 2 or point in self.seen:
                continue
            self.seen.append(point)
            actual = self.survey.prober.at(point, "small sizes at once")
            if isinstance(actual, Block) and predicts(tree, point, actual):
                self.survey.domain.confirmed.update(broken)
                self.survey.domain.accepted.append(point)

    def unmissed(self, tree: Block) -> bool:
        """Whether the form holds also where floating point misses a number that the code rounds, at a few such points.

        The first where it does not is kept.
        """
        missed = self.form.hints.missed
        found = 0
        for number in range(MISSES if missed is not None else 0):
            point = self.survey.sampler.point(self.survey.domain.conditions, odd=0.5, far=number % 2 == 1)
            if point is None or found == WANTED:
                break
            if missed is not None and missed(point):
                found += 1
                actual = self.survey.built(point, "where floating point may miss")
                if actual is not None and not predicts(tree, point, actual):
                    self.survey.keep(point, actual)
                    return False
        return True

    def edge(self, tree: Block, condition: Condition, point: Point) -> Condition:
        """A bound on one size where the form ends: the last size that it says, before one that it does not."""
        bounded = bound_of(condition)
        if bounded is None or bounded[0] not in self.survey.names:
            return condition
        name, _, step = bounded
        alone = [each[name] for each in self.survey.domain.accepted if self.survey.changed(each) in ([], [name])]
        outside = point[name]
        inside = min((each for each in alone if (each - outside) * step > 0), key=lambda each: abs(each - outside))
        middle = outside + step  # first the next one: the condition may be where the code compares
        while middle != inside:
            there = {**self.survey.base, name: middle}
            if not meets(there, self.survey.domain.conditions):
                middle += step
                continue
            actual = self.survey.built(there, "the other side of a comparison")
            if actual is not None and predicts(tree, there, actual):
                inside = middle
            else:
                outside = middle
            middle = inside if inside == outside + step else (inside + outside) // 2
        left, right = (inside, condition.right) if step < 0 else (condition.left, inside)
        return replace(condition, left=left, relation=">=", right=right)

    def beyond(self, condition: Condition) -> tuple[Point | None, Block | None]:
        """A point on the other side of a comparison and what is built there, if anything, within a few tries."""
        point = None
        number = isinstance(condition.left, int) or isinstance(condition.right, int)  # the next one is to be tried
        for _ in range(TRIES):
            point = self.survey.sampler.breaking(condition, self.survey.domain.conditions, near=number)
            actual = None if point is None else self.survey.built(point, "the other side of a comparison")
            if point is None or actual is not None:
                return point, actual
        self.survey.domain.confirmed.add(condition)
        return point, None

    def alone(self, condition: Condition, point: Point) -> tuple[Point, Block] | None:
        """What is built where only the sizes of a condition are those of a point that breaks it, None for nothing."""
        less = {**self.survey.base, **{name: point[name] for name in condition.symbols}}
        if less == point or not meets(less, self.survey.domain.conditions):
            return None
        actual = self.survey.built(less, "the other side of a comparison")
        return None if actual is None else (less, actual)


def bound_of(condition: Condition) -> tuple[str, int, int] | None:
    """The size that a condition bounds by a number, the last one within, and the step from there on inside.

    >>> from paramcalc.sizes.symbols import symbol
    >>> bound_of(Condition(symbol("n"), ">", 2)), bound_of(Condition(48, ">=", symbol("n")))
    (('n', 3, 1), ('n', 48, -1))
    """
    left, right = condition.left, condition.right
    more = {">": 1, ">=": 0}.get(condition.relation)
    if more is not None and is_symbol(left) and isinstance(right, int):
        return str(left), right + more, 1
    if more is not None and is_symbol(right) and isinstance(left, int):
        return str(right), left - more, -1
    return None


def starts(tree: Block) -> list[Condition]:
    """Return, where layers take turns, that there are enough of them for two turns each, and for one less, and so on.

    >>> from paramcalc.sizes.symbols import floored, symbol
    >>> n = symbol("n")
    >>> print(*starts(Block(children=(Block("{}", repeat=floored(n + 1, 2), first=0, step=2),))), sep=", ")
    n >= 5, n >= 4, n >= 3, n >= 2
    """
    least: dict[str, int] = {}
    for _, block in tree.walk():
        if block.step != 1 or block.optional:
            most = int(block.first) + 2 * int(block.step) + 1 if isinstance(block.first + block.step, int) else SEVERAL
            least |= {name: max(least.get(name, 0), most) for name in sorted(symbol_names(block.repeat))}
    return [each for name, most in least.items() for each in no_fewer(name, most)]
