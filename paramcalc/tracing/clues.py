"""The clues of one traced build: the sizes that reach torch, and what the code compares and divides."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

from paramcalc.derivation.fitting.clues import Clues
from paramcalc.derivation.models.prober import Overdue
from paramcalc.derivation.start import Start
from paramcalc.sizes.conditions import Condition
from paramcalc.sizes.symbols import Size
from paramcalc.tracing.comparisons import told
from paramcalc.tracing.integers import Trace, kept_in_c
from paramcalc.tracing.nodes import Node, is_logarithm, missed, sound_expression
from paramcalc.tracing.probe import Factory, building


def traced(build: Factory, start: Start) -> Clues:
    """What tracing tells: sizes of tensors by name, and comparisons; or what it told until the code did not take it."""
    import torch

    trace = Trace()
    at: Mapping[str, Any] = start.values
    traced = {name: trace.integer(name, value) if name in start.vary else value for name, value in at.items()}
    try:
        with building(trace) as shapes, kept_in_c():
            model = build(traced)
        if not isinstance(model, torch.nn.Module):
            return Clues()
        found = shapes.of_module(model)
    except (KeyboardInterrupt, Overdue):
        raise
    except BaseException:  # whatever code does with numbers that are a little strange: what was seen before counts
        found = {}
    reason = "torch finds a length in floating point, which is another one above"
    return replace(
        told(trace.met, trace.divided, at),
        shapes={name: tuple(_sizes([node]) if node else () for node in nodes) for name, nodes in found.items()},
        valued=lru_cache(maxsize=None)(lambda value: _sizes(trace.seen.get(value, ()))),
        logarithms=_sizes(node for nodes in trace.seen.values() for node in nodes if is_logarithm(node)),
        inexact=frozenset(shapes.inexact),
        within=tuple(Condition(most, ">=", size, reason) for node, most in shapes.within for size in _sizes([node])),
        missed=missed(trace.cut),
    )


def _sizes(nodes: Iterable[Node]) -> tuple[Size, ...]:
    """The expressions of some nodes, the simplest first."""
    found = {size: None for size in map(sound_expression, nodes) if size is not None and not isinstance(size, int)}
    return tuple(sorted(found, key=lambda size: size.count_ops()))
