"""What evidence says that no predicted point is, read anew from its words and its points."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import combinations, product
from math import gcd

from paramcalc.sizes.point import meets
from paramcalc.tree.block import Block
from paramcalc.tree.evidence import Evidence
from tests.forms import evidence_of

NAME = r"([A-Za-z]\w*)"
GRID = list(product(range(1, 33), repeat=2))


def is_so(phrase: str, point: Mapping[str, int]) -> bool:
    """Whether a point is of the kind that a phrase says."""
    one = re.fullmatch(rf"{NAME} of ([\d,]+) or (more|less)", phrase)
    if one:
        value, limit = point[one[1]], int(one[2].replace(",", ""))
        return value >= limit if one[3] == "more" else value <= limit
    forgotten = re.fullmatch(rf"{NAME} (that is|of)(?: (odd|a power of|a multiple of|more than))? ?([\d,]*)", phrase)
    if forgotten:
        value, number = point[forgotten[1]], int(forgotten[4].replace(",", "") or 0)
        return {
            "odd": value % 2 == 1,
            "a power of": value & (value - 1) == 0,
            "a multiple of": bool(number) and value % number == 0,
            "more than": value > number,
            None: value == number,
        }[forgotten[3]]
    two = re.fullmatch(rf"{NAME} (equal to|twice|and) {NAME}(?: (with|without) a common factor)?", phrase)
    assert two, phrase
    first, second = point[two[1]], point[two[3]]
    if two[2] != "and":
        return first == (2 if two[2] == "twice" else 1) * second
    return first != second and (gcd(first, second) > 1) == (two[4] == "with")


def pairs(evidence: Evidence) -> Iterator[tuple[str, tuple[str, str]]]:
    """What is asked of any two sizes that vary, and these."""
    names = [name for name in (evidence.predicted or evidence.built)[0] if name not in evidence.fixed]
    for a, b in combinations(names, 2):
        yield f"{a} equal to {b}", (a, b)
        yield from ((f"{a} and {b} {which} a common factor", (a, b)) for which in ("with", "without"))


def check_unmet(tree: Block) -> None:
    """What is unmet is so at no predicted point; what is not, and is asked of two sizes, at one, or near no point."""
    evidence = evidence_of(tree)
    few = [each for each in evidence.unmet if each.startswith("more than")]
    for phrase in few:
        number, name = re.fullmatch(rf"more than ([\d,]+) values of {NAME}", phrase).groups()  # type: ignore[union-attr]
        assert len({point[name] for point in evidence.predicted}) <= int(number.replace(",", "")), phrase
    for phrase in (each for each in evidence.unmet if each not in few):
        assert not any(is_so(phrase, point) for point in evidence.predicted), phrase
    for phrase, names in pairs(evidence):
        if phrase not in evidence.unmet and not any(is_so(phrase, point) for point in evidence.predicted):
            near = ({**evidence.built[0], **dict(zip(names, values, strict=True))} for values in GRID)
            assert not any(is_so(phrase, point) and meets(point, tree.preconditions) for point in near), phrase
