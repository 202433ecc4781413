"""The closed form of a model from what its code builds: sizes fitted at points, and proven at others."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from paramcalc.conditions import Condition
from paramcalc.errors import InvalidType, InvalidValue, ParamcalcError, PreconditionFailed, unknown_name
from paramcalc.evidence import Evidence
from paramcalc.fitting import Point
from paramcalc.sampling import Sampler, explained, meets, varied
from paramcalc.symbols import symbol_names
from paramcalc.tree import Block
from paramcalc.unify import Hints, Unfit, Unifier
from paramcalc.whole import without_rounding

Probe: TypeAlias = Callable[[Mapping[str, int]], Block]
Report: TypeAlias = Callable[[int, str], None]

START = 5  # points that are fitted at first, beside the base
PROOFS = 8  # points in a row that must be predicted
MANY = 6  # refusals after which each size is tried alone


class Refused(InvalidValue):
    """Sizes for which the code builds no model."""


class Exhausted(InvalidValue):
    """No further sizes to build at."""


@dataclass(frozen=True)
class Limits:
    """Where a derivation gives up: models built, and seconds."""

    builds: int = 400
    seconds: float = 300.0


@dataclass
class Search:
    """What a derivation knows so far: the trees that were built, the points that were refused, what it was told."""

    probe: Probe
    base: Point
    names: tuple[str, ...]
    hints: Hints = field(default_factory=dict)
    likely: tuple[Condition, ...] = ()
    candidates: tuple[Condition, ...] = ()
    limits: Limits = field(default_factory=Limits)
    report: Report | None = None
    trees: list[tuple[Point, Block]] = field(default_factory=list)
    refused: list[tuple[Point, str]] = field(default_factory=list)
    accepted: list[Point] = field(default_factory=list)
    builds: int = 0
    confirmed: set[Condition] = field(default_factory=set)
    alone: bool = False

    def __post_init__(self) -> None:
        self.sampler = Sampler(self.base, self.names)
        self.started = time.monotonic()

    def run(self) -> Block:
        """Return the tree that predicts every held-out point, with its evidence.

        Raises InvalidValue where there is none within the limits, with the reason.
        """
        self.build(self.base, "the base")
        proven: tuple[Block | None, tuple[Point, ...]] = (None, ())
        while True:
            while len(self.trees) <= START and self.names:
                self.fresh("points to fit")
            tree = self.fitted()
            if tree != proven[0]:
                wrong, predicted = self.tested(tree)
                if wrong is not None:
                    self.trees.append(wrong)
                    continue
                proven = (tree, predicted)
            if self.strange:
                self.one_by_one()
            elif self.founded(tree):
                return self.finished(tree, proven[1])

    @property
    def strange(self) -> bool:
        """Whether sizes were refused that meet all the conditions that the code is known to test."""
        return not self.alone and any(meets(point, self.likely) for point, _ in self.refused)

    def build(self, point: Point, doing: str) -> Block | None:
        """Build at a point and keep the tree; None, and the reason kept, where the code refuses the sizes."""
        tree = self.built(point, doing)
        if tree is not None:
            self.trees.append((point, tree))
        return tree

    def built(self, point: Point, doing: str) -> Block | None:
        """Build at a point.

        Raises InvalidValue beyond the limits, or where there is no model at the very first point.
        """
        if self.builds >= self.limits.builds or time.monotonic() - self.started > self.limits.seconds:
            raise InvalidValue(
                f"no proof within {self.builds} builds and {time.monotonic() - self.started:.0f} seconds",
                where="derive",
                advice="vary fewer sizes, start from smaller ones, or raise the limits",
            )
        self.builds += 1
        if self.report is not None:
            self.report(self.builds, doing)
        try:
            tree = self.probe(point)
            self.accepted.append(point)
            return tree
        except (Refused, PreconditionFailed) as error:
            if not self.trees:
                raise InvalidValue(f"no model at the sizes given: {error}", where="derive") from error
            self.refused.append((point, str(error)))
            return None

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """What is likely, and what explains the refused points."""
        refused = [point for point, _ in self.refused]
        likely = tuple(each for each in self.likely if all(meets(point, [each]) for point in self.accepted))
        return (*likely, *explained(self.accepted, refused, likely, self.candidates))

    def fresh(self, doing: str) -> Block | None:
        """Build at a point not seen before, and keep the tree."""
        point = self.sampler.point(self.conditions)
        if point is None:
            raise Exhausted("no further point meets what the code demands", where="derive", advice=_tried(self.refused))
        tree = self.build(point, doing)
        if len(self.refused) >= MANY and self.strange:
            self.one_by_one()
        return tree

    def fitted(self) -> Block:
        """The tree through all points; where a structure or a number is not clear yet, after building more."""
        for more in range(8):
            unifier = Unifier([point for point, _ in self.trees], self.hints)
            try:
                return unifier.tree([tree for _, tree in self.trees])
            except Unfit as error:
                problem = error
            if more == 1 and not self.alone:
                self.one_by_one()
            else:
                self.more(problem)
        raise problem

    def more(self, problem: Unfit) -> None:
        """Build at three more points; the problem is the answer where there are none."""
        for _ in range(3):
            try:
                self.fresh("points to fit")
            except Exhausted:
                raise problem from None

    def one_by_one(self) -> None:
        """Build with each size changed alone: what changes then depends on it, and what cannot be changed is fixed."""
        self.alone = True
        stuck = []
        for name in self.names:
            points = [self.sampler.alone(name, self.conditions) for _ in range(3)]
            tried = [point for point in points if point is not None]
            trees = (self.build(point, "sizes one by one") for point in tried)
            if tried and next((tree for tree in trees if tree is not None), None) is None:
                stuck.append(name)
        self.fix(stuck)

    def fix(self, names: Sequence[str]) -> None:
        """Leave sizes as they are at the base, and forget what was built with others."""
        if not names:
            return
        self.names = tuple(name for name in self.names if name not in names)
        self.sampler.names = self.names
        base = self.base
        self.trees = [(point, tree) for point, tree in self.trees if all(point[name] == base[name] for name in names)]
        self.refused = [each for each in self.refused if all(each[0][name] == base[name] for name in names)]
        self.accepted = [point for point in self.accepted if all(point[name] == base[name] for name in names)]

    def tested(self, tree: Block) -> tuple[tuple[Point, Block] | None, tuple[Point, ...]]:
        """The first point at which the tree does not predict what is built, or all that it predicted."""
        predicted: list[Point] = []
        while len(predicted) < PROOFS and self.names:
            point = self.sampler.point(self.conditions)
            if point is None:
                raise InvalidValue(
                    f"only {len(predicted)} further sizes meet what the code demands, too few for a proof",
                    where="derive",
                    expected=f"{PROOFS} of them",
                    advice=_tried(self.refused),
                )
            actual = self.built(point, "points to predict")
            if actual is None:
                continue
            if not predicts(tree, point, actual):
                return (point, actual), ()
            predicted.append(point)
        return None, tuple(predicted)

    def founded(self, tree: Block) -> bool:
        """Whether each condition found holds good: no model exists, or another one, where it alone is broken.

        What turns out to be built there, and as predicted, is kept, so that the condition is not found again.
        """
        while True:
            condition = next((each for each in self.conditions if each not in self.confirmed), None)
            if condition is None:
                return True
            others = [each for each in self.conditions if each != condition]
            for _ in range(3):
                point = self.sampler.breaking(condition, others)
                actual = None if point is None else self.built(point, "what the code demands")
                if point is None or actual is None:
                    continue
                if predicts(tree, point, actual):
                    self.trees.append((point, actual))
                    return False
                self.accepted.remove(point)  # another model is built there: the condition bounds this one
            self.confirmed.add(condition)

    def finished(self, tree: Block, predicted: tuple[Point, ...]) -> Block:
        """The tree with the conditions under which it holds, and the evidence."""
        evidence = Evidence(
            built=tuple(point for point, _ in self.trees),
            predicted=predicted,
            refused=tuple(self.refused),
            fixed={name: value for name, value in self.base.items() if name not in self.names},
            no_effect=tuple(name for name in self.names if name not in _counted(tree)),
            builds=self.builds,
        )
        needed = tuple(each for each in self.conditions if each not in tree.preconditions)
        whole = without_rounding(tree, self.conditions)
        if not all(
            predicts(whole, point, tree.bind(**{name: point[name] for name in tree.symbols})) for point in predicted
        ):
            whole = tree
        return replace(whole, conditions=needed, evidence=evidence)


def predicts(tree: Block, point: Point, actual: Block) -> bool:
    """Whether a tree says, at a point, exactly the tensors and shared blocks of the one that was built there."""
    try:
        bound = tree.bind(**{name: point[name] for name in tree.symbols})
    except ParamcalcError:
        return False
    return said(bound) == said(actual)


def _counted(tree: Block) -> frozenset[str]:
    """The symbols of shapes and numbers of copies: titles and conditions may name others."""
    sizes = [size for _, block in tree.walk() for tensor in block.own for size in tensor.shape]
    sizes += [size for _, block in tree.walk() for size in (block.repeat, block.first)]
    return frozenset().union(*map(symbol_names, sizes))


def said(tree: Block) -> tuple[object, object]:
    """What a tree of numbers says of a model: every tensor by name, and the blocks that are shared."""
    tensors = {name: replace(tensor, note="") for name, tensor in tree.tensors()}
    shared = {path: block.tied_to for path, block in tree.walk() if block.tied_to is not None}
    return tensors, shared


def derive_tree(
    probe: Probe,
    at: Mapping[str, object],
    vary: Sequence[str] | None = None,
    *,
    hints: Hints | None = None,
    likely: Sequence[Condition] = (),
    candidates: Sequence[Condition] = (),
    limits: Limits | None = None,
    report: Report | None = None,
) -> Block:
    """Return the closed form of what a probe builds, from ints by name to a tree of numbers.

    The names in `vary`, or all whose value is an int, become symbols. `hints` are sizes that are known at `at`, by the
    names of tensors; `likely` conditions are met by all points, `candidates` are tried to explain what is refused.
    Every returned tree has predicted, tensor by tensor, models at points that it had not seen: `tree.evidence`.

    >>> from paramcalc.layers import Linear
    >>> tree = derive_tree(lambda at: Linear(at["d"], 4 * at["d"]), {"d": 64})
    >>> tree.params
    4*d**2 + 4*d

    Raises InvalidValue where no tree predicts what is built, naming the place and the numbers that defy the fit;
    UnknownName for a name to vary that is not in `at`; InvalidType for a size to vary that is no int of 1 or more.
    """
    names = list(varied(at) if vary is None else vary)
    for name in names:
        if name not in at:
            raise unknown_name("size", name, at, where="vary")
        if name not in varied(at):
            raise InvalidType(f"got {at[name]!r}", where=f"at {name}", expected="an int of 1 or more, to vary it")
    search = Search(
        probe=probe,
        base=dict(at),  # type: ignore[arg-type]
        names=tuple(names),
        hints=hints or {},
        likely=tuple(likely),
        candidates=tuple(candidates),
        limits=limits or Limits(),
        report=report,
    )
    return search.run()


def _tried(refused: Sequence[tuple[Point, str]]) -> str:
    return f"the last refusal: {refused[-1][1]}" if refused else "vary more sizes"
