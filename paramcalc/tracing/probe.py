"""A factory as a probe: from sizes to the tree of the model that it builds on the meta device, or a refusal."""

from __future__ import annotations

import contextlib
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias

from paramcalc.derivation.models.prober import Overdue, Refused
from paramcalc.errors import InvalidType
from paramcalc.sources.modules.factory import error_text
from paramcalc.sources.modules.torch_module import from_module
from paramcalc.tracing.integers import Trace
from paramcalc.tracing.layout import layout
from paramcalc.tree.block import Block

Factory: TypeAlias = Callable[[Mapping[str, Any]], Any]


def probe_of(build: Factory) -> Callable[[Mapping[str, int]], Block]:
    """Return what builds at a point; it raises Refused where the code builds nothing there."""

    def probe(point: Mapping[str, int]) -> Block:
        with building():
            try:
                model = build(point)
            except (KeyboardInterrupt, Overdue):
                raise
            except BaseException as error:  # the code may exit, or raise what it likes
                raise Refused(error_text(error)) from error
        return _tree(model)

    return probe


@contextlib.contextmanager
def building(trace: Trace | None = None) -> Iterator[Any]:
    """The meta device, without initialisation or warnings, and with what the code prints on stderr."""
    from paramcalc.tracing.shapes import Shapes, Uninitialised

    shapes = Uninitialised() if trace is None else Shapes(trace.lost)
    with contextlib.redirect_stdout(sys.stderr), warnings.catch_warnings(), shapes:
        warnings.simplefilter("ignore")  # the code would repeat them for every model
        yield shapes


def _tree(model: object) -> Block:
    if isinstance(model, Block):
        return model
    try:
        return from_module(model)  # type: ignore[arg-type]
    except InvalidType:
        expected = "a torch.nn.Module or a Block"
        raise InvalidType(f"it returned {type(model).__name__}", where="the factory", expected=expected) from None


def layout_of(build: Callable[[Mapping[Any, Any]], Any], data: Any, paths: Mapping[str, Any]) -> dict[str, int]:
    """Return the integers that only lay out a model, which `build` makes of other values at some paths."""
    probe = probe_of(build)

    def attempt(changes: Mapping[Any, Any]) -> Block | None:
        with contextlib.suppress(Refused):
            return probe(changes)
        return None

    return layout(attempt, data, paths)
