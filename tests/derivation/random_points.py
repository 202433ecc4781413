"""Where a form that was derived says something else than the code builds, at points drawn far and wide."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from random import Random

from paramcalc.derivation.models.prediction import predicts
from paramcalc.derivation.models.prober import Refused
from paramcalc.errors import ParamcalcError
from paramcalc.sizes.point import Point, meets, value_of
from paramcalc.tree.block import Block
from tests.derivation.factories import Factory
from tests.forms import evidence_of

BOX = 4  # times the sizes at the start
DRAWN = 90  # points
SCANNED = 40  # values of each size alone


@dataclass
class Looked:
    """What came of looking: at how many points the form holds, and at which it is wrong, and how."""

    inside: int
    wrong: list[str]


def looked(factory: Factory, tree: Block) -> Looked:
    """Compare a form with what is built, at points where its conditions hold."""
    probe = factory.probe
    found = Looked(0, [])
    for point in points(factory.at, fixed_in(factory, tree)):
        said = said_at(tree, point)
        if said is None:
            continue
        found.inside += 1
        try:
            actual = probe(point)
        except Refused as refusal:
            found.wrong.append(f"{point}: the form holds, the code refuses: {refusal}")
            continue
        if not predicts(tree, point, actual):
            found.wrong.append(f"{point}: the form says {said.params}, {actual.params} are built")
    return found


def fixed_in(factory: Factory, tree: Block) -> dict[str, int]:
    """The sizes that were fixed: nothing is said of others."""
    return {name: value for name, value in factory.at.items() if name in evidence_of(tree).fixed}


def said_at(tree: Block, point: Point) -> Block | None:
    """What a form says at a point, None where it does not hold, or where a size is not what others make it."""
    follows = evidence_of(tree).follows.items()
    if any(point[name] != value_of(size)(point) for name, size in follows if name in point):
        return None
    try:
        return tree.bind(**{name: point[name] for name in tree.symbols})
    except ParamcalcError:
        return None


def untrue(factory: Factory, tree: Block) -> list[str]:
    """Conditions because the code is said to have refused sizes, though it takes all that break one alone."""
    probe = factory.probe
    claimed = {each: [0, 0] for each in tree.conditions if "refused" in each.reason}
    for point in points(factory.at, fixed_in(factory, tree)) if claimed else ():
        broken = [each for each in tree.preconditions if not meets(point, [each])]
        if len(broken) == 1 and broken[0] in claimed:
            try:
                probe(point)
                claimed[broken[0]][True] += 1
            except Refused:
                claimed[broken[0]][False] += 1
    return [
        f"{each}: {built} built, {refused} refused" for each, (refused, built) in claimed.items() if built > refused
    ]


def points(at: Mapping[str, int], fixed: Mapping[str, int]) -> Iterator[dict[str, int]]:
    """Each size alone through the box, then points of all kinds, the same ones every time."""
    random = Random(0)
    free = [name for name in at if name not in fixed]
    most = {name: BOX * at[name] for name in free}
    for name in free:
        for value in range(1, most[name] + 1, max(1, most[name] // SCANNED)):
            yield {**at, name: value}
    for number in range(DRAWN if free else 0):
        step = random.choice((2, 3, 4, 5, 6, 8))
        alike = random.randint(1, min(most.values()))
        kinds = (
            {name: random.randint(1, most[name]) for name in free},
            {name: random.randint(1, max(2, at[name] // 2)) for name in free},
            dict.fromkeys(free, alike),
            {name: step * random.randint(1, max(1, most[name] // step)) for name in free},
            {name: at[name] * random.randint(1, BOX) for name in free},
            {name: max(1, at[name] // 2 * random.randint(1, 2 * BOX)) for name in free},
        )
        yield {**at, **kinds[number % len(kinds)]}
