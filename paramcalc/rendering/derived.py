"""A derived closed form as text: the form, where it holds, and what it rests on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from paramcalc.analysis.formula import Formula
from paramcalc.rendering.formula import formula_text
from paramcalc.tree.block import Block
from paramcalc.tree.evidence import Evidence

MOST_SHOWN = 4  # of what is listed; the tree has all of it


def derived_text(tree: Block, closed: Formula) -> str:
    """Return the form of a derived tree, its domain and its evidence, a line each."""
    lines = [formula_text(closed)]
    if tree.evidence is not None:
        lines += ["", *evidence_lines(tree.evidence), *([f"note: {tree.note}"] if tree.note else [])]
    return "\n".join(lines)


def evidence_lines(evidence: Evidence) -> list[str]:
    """Return what a derivation rests on, as sentences; what the form holds for stands with the form itself."""
    lines = [
        f"fitted to models of {_many(evidence.built, 'size')}; predicted {_many(evidence.predicted, 'other')} exactly, "
        f"tensor by tensor ({evidence.builds:,} built in all)"
    ]
    if evidence.predicted:
        lines.append(f"such as {_point(evidence.predicted[0])}")
    if evidence.unmet:
        lines.append(f"none predicted with {_some(evidence.unmet)}")
    if evidence.untraced:
        lines.append(f"not traced: {_some(evidence.untraced)}")
    if evidence.lost:
        lines.append(f"no longer traced: {_some(evidence.lost, '; ')}")
    if evidence.refused:
        point, reason = evidence.refused[-1]
        lines.append(f"{_many(evidence.refused, 'size')} refused, such as {_point(point)}: {reason}")
    if evidence.layout:
        lines.append(f"layout: {', '.join(f'{name}={value}' for name, value in evidence.layout.items())}")
    if evidence.no_effect:
        lines.append(f"no effect: {', '.join(evidence.no_effect)}")
    if evidence.left_out:
        lines.append("no effect: unknown, since parts have no form")
    return lines


def _many(items: Sequence[object], word: str) -> str:
    return f"{len(items):,} {word}{'' if len(items) == 1 else 's'}"


def _some(items: Sequence[str], between: str = ", ") -> str:
    more = len(items) - MOST_SHOWN
    return between.join([*items[:MOST_SHOWN], *([f"and {more:,} more"] if more > 0 else [])])


def _point(point: Mapping[str, int]) -> str:
    return ", ".join(f"{name}={value}" for name, value in point.items())
