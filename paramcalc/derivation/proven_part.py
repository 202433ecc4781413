"""The part of a tree that has a closed form, where the whole has none."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeAlias

from paramcalc.analysis.formula import formula
from paramcalc.derivation.fitting.misfit import place_of
from paramcalc.derivation.models.prober import Build, Overdue
from paramcalc.derivation.start import Start
from paramcalc.errors import InvalidValue, NoForm
from paramcalc.tree.block import Block
from paramcalc.tree.node import INDEX
from paramcalc.tree.paths import NUMBER, join
from paramcalc.tree.ties import absolute

Search: TypeAlias = Callable[[Build, bool], Block]  # of what a probe builds; whether sizes may be fixed

MOST_LEFT_OUT = 8  # places without a form of their own, beyond which the rest is not looked for
MOST_SHOWN = 200  # letters of a form


def with_proven_part(problem: InvalidValue, search: Search, probe: Build, start: Start) -> NoForm:
    """Return the error for a model without a closed form in some sizes, with the part of it that has one.

    That is the tree without the tensors that defy the fit; where nothing is left of it then, or where no tensor is to
    blame, it is the whole tree with fewer of the sizes varied, unless that was tried already.
    """
    part = _without_what_defies(problem, search, probe, may_fix=start.may_be_fixed)
    if part is None and not start.may_be_fixed:
        with contextlib.suppress(InvalidValue, Overdue):
            part = search(probe, True)
    said = [each for each in (problem.advice, _told(part, start.vary)) if each]
    return NoForm(problem.problem, where=problem.where, expected=problem.expected, advice="; ".join(said), proven=part)


def _without_what_defies(problem: InvalidValue, search: Search, probe: Build, *, may_fix: bool) -> Block | None:
    left_out: list[str] = []
    place = _in_all_layers(place_of(problem))
    while place and place not in left_out and len(left_out) < MOST_LEFT_OUT:
        left_out.append(place)
        try:
            part = search(lambda point: without(probe(point), left_out), may_fix)
        except InvalidValue as error:
            place = _in_all_layers(place_of(error))
            continue
        except Overdue:
            return None
        return _as_part(part, left_out) if _holds_any(part) else None
    return None


def _as_part(tree: Block, left_out: Sequence[str]) -> Block:
    """A tree that says that it is a part: no size is known to have no effect on what is left out."""
    note = f"without {', '.join(left_out)}, for which there is no form"
    evidence = tree.evidence and replace(tree.evidence, left_out=tuple(left_out), no_effect=())
    return replace(tree, note=note, evidence=evidence)


def _holds_any(tree: Block) -> bool:
    return any(block.own for _, block in tree.walk())


def _told(part: Block | None, names: Sequence[str]) -> str:
    """A part that was proven, in words."""
    if part is None or part.evidence is None:
        return ""
    held = ", ".join(f"{name}={value}" for name, value in part.evidence.fixed.items() if name in names)
    limits = " and ".join(filter(None, (part.note, f"with {held} held fixed" if held else "")))
    form = str(formula(part))
    shown = form if len(form) <= MOST_SHOWN else f"{form[:MOST_SHOWN]}..."
    conditions = " and ".join(map(str, part.preconditions))
    return f"proven {limits}: {shown}{f' for {conditions}' if conditions else ''}"


def _in_all_layers(place: str | None) -> str:
    """A place with {} for the number of a layer: what defies a form in one of them does so in all."""
    return ".".join(INDEX if part.isdecimal() else part for part in (place or "").split("."))


def without(tree: Block, places: Sequence[str]) -> Block:
    """Return a tree without the tensors and blocks at some places, and without what is tied to them.

    >>> from paramcalc.layers import Linear, Sequential
    >>> [name for name, _ in without(Sequential(Linear(3, 4), Linear(4, 5)), ["{}.bias"]).tensors()]
    ['0.weight', '1.weight']
    """

    index = rf"({NUMBER}|{re.escape(INDEX)})"
    any_place = "|".join(index.join(map(re.escape, place.split(INDEX))) for place in places)
    gone = re.compile(rf"({any_place})(\..*)?").fullmatch

    def kept(block: Block, path: str) -> Block:
        own = tuple(
            each
            for each in block.own
            if not gone(join(path, each.name)) and not (each.tied_to and gone(absolute(path, each.tied_to)))
        )
        children = tuple(
            kept(child, join(path, child.name))
            for child in block.children
            if not gone(join(path, child.name)) and not (child.tied_to and gone(absolute(path, child.tied_to)))
        )
        return replace(block, own=own, children=children, args=block.args if own == block.own else ())

    return kept(tree, "")
