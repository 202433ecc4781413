"""The clues of one traced build: the sizes that reach torch, and what the code compares and divides."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from paramcalc.derivation.fitting.clues import Clues
from paramcalc.derivation.models.prober import Overdue
from paramcalc.derivation.start import Start
from paramcalc.sizes.conditions import Condition
from paramcalc.sizes.double.programs import Node
from paramcalc.sizes.symbols import Size
from paramcalc.tracing.comparisons import told
from paramcalc.tracing.integers import Trace
from paramcalc.tracing.lending.kept import plain_again
from paramcalc.tracing.lending.lending import lending
from paramcalc.tracing.lending.observer import observing
from paramcalc.tracing.lending.scope import Watched, constants_of, watching
from paramcalc.tracing.nodes import is_certain, is_logarithm, sound_expression
from paramcalc.tracing.probe import Factory, building

if TYPE_CHECKING:
    from paramcalc.tracing.shapes import Hint


MOST_NAMED = 16  # functions that are left as they are


def traced(build: Factory, start: Start, *, with_losses: bool = False) -> Clues:
    """What tracing tells: sizes of tensors by name, and comparisons; or what it told until the code did not take it.

    What loses the memory of sizes is looked for on demand: that takes as long as the build.
    """
    trace = Trace()
    look = observing(trace.losses) if with_losses else nullcontext()
    with plain_again(trace):
        seen = _seen(build, start, trace, look)
    if seen is None:
        return Clues()
    reason = "torch finds a length in floating point, which is another one above"
    return replace(
        told(trace.met, trace.divided, start.values),
        shapes={name: tuple(_sizes([node]) if node else () for node in nodes) for name, nodes in seen.shapes.items()},
        told=frozenset(_sizes(each for nodes in seen.shapes.values() for each in nodes if each and is_certain(each))),
        valued=lru_cache(maxsize=None)(lambda value: _sizes(trace.seen.get(value, ()))),
        logarithms=_sizes(node for nodes in trace.seen.values() for node in nodes if is_logarithm(node)),
        inexact=frozenset(seen.inexact),
        constants=seen.constants,
        untraced=tuple(sorted(trace.losses.left)[:MOST_NAMED]),
        forgotten=frozenset(trace.losses.forgotten),
        losses={call: frozenset(names) for call, names in sorted(trace.losses.calls.items())},
        within=tuple(Condition(most, ">=", size, reason) for node, most in seen.within for size in _sizes([node])),
    )


class Seen(NamedTuple):
    """The traced sizes of tensors by name, and what is known of lengths that torch finds."""

    shapes: Mapping[str, Hint]
    inexact: Collection[str]
    within: Sequence[tuple[Node, int]]
    constants: frozenset[int]


def _seen(build: Factory, start: Start, trace: Trace, look: AbstractContextManager[None]) -> Seen | None:
    """What is seen of one traced build, None where it makes no module."""
    import torch

    at: Mapping[str, Any] = start.values
    watched = _watched(build, at)
    traced = {name: trace.integer(name, value) if name in start.vary else value for name, value in at.items()}
    try:
        with building(trace) as shapes, lending(trace, watched), look:
            model = build(traced)
        found = shapes.of_module(model) if isinstance(model, torch.nn.Module) else None
    except (KeyboardInterrupt, Overdue):
        raise
    except BaseException:  # whatever code does with numbers that are a little strange: what was seen before counts
        found = {}
    finally:
        trace.over = True
    return None if found is None else Seen(found, shapes.inexact, shapes.within, constants_of(watched.codes))


def _watched(build: Factory, at: Mapping[str, Any]) -> Watched:
    """What code runs in a build."""
    with watching() as watched, building():
        try:
            build(at)
        except (KeyboardInterrupt, Overdue):
            raise
        except BaseException:  # the code may exit, or raise what it likes; the search will tell
            return watched
    return watched


def _sizes(nodes: Iterable[Node]) -> tuple[Size, ...]:
    """The expressions of some nodes, the simplest first."""
    found = {size: None for size in map(sound_expression, nodes) if size is not None and not isinstance(size, int)}
    return tuple(sorted(found, key=lambda size: size.count_ops()))
