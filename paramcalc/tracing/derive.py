"""The closed form of what code or a config builds: sizes traced through one build, then fitted and proven."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from paramcalc.derivation.engine import derive_tree
from paramcalc.derivation.models.prober import Limits, Report
from paramcalc.derivation.paths import Trace
from paramcalc.derivation.start import Start
from paramcalc.errors import InvalidType, InvalidValue, unknown_name
from paramcalc.sources.modules.factory import is_built
from paramcalc.tracing.clues import traced
from paramcalc.tracing.deadline import within
from paramcalc.tracing.fields import at_path, chosen, fields, other_fields, twice, with_fields
from paramcalc.tracing.follows import Follow, following, with_followed
from paramcalc.tracing.lending.kept import quick_collection
from paramcalc.tracing.lending.lending import called
from paramcalc.tracing.plain import plainly
from paramcalc.tracing.probe import Factory, layout_of, probe_of
from paramcalc.tree.block import Block
from paramcalc.tree.evidence import as_kept


def derive(
    build: Callable[..., Any],
    at: Mapping[str, object],
    *,
    vary: Sequence[str] | None = None,
    limits: Limits | None = None,
    report: Report | None = None,
) -> Block:
    """Return the closed form of what a factory builds: a tree of expressions of its integer arguments, with evidence.

    `build` is called with the arguments `at`, and with other integers for those in `vary` (by default all that are
    integers). Integers in a list are sizes one by one, `cutoffs_0`, `cutoffs_1`, ...; in `vary` the name of the list
    stands for all of them. The factory returns a torch module or a tree. Models are built on the meta device and never
    initialised. The tree has predicted, tensor by tensor, models at points that it had not seen: `tree.evidence`.

    >>> from torch import nn
    >>> tree = derive(nn.Linear, {"in_features": 4, "out_features": 3})
    >>> tree.params, len(tree.evidence.predicted)
    (in_features*out_features + out_features, 8)

    Raises NoForm where no closed form predicts what is built, naming the tensor, the dimension and the numbers; its
    `proven` is the part of the tree that has one. InvalidValue where the factory fails at `at`, draws at random, or
    takes too long; UnknownName for an argument that it does not take; InvalidType where it returns no module.
    """
    _check(build, at)
    _check_names(at)
    start = _start(at, vary)

    def build_at(values: Mapping[str, Any]) -> Any:
        return called(build, with_fields(at, {start.paths[name]: value for name, value in values.items()}))

    with within((limits or Limits()).seconds):
        if start.may_be_fixed:
            start = start.laid_out(layout_of(lambda changes: build(**with_fields(at, changes)), at, start.paths))
        return proven(build_at, start, limits=limits, report=report)


def _start(at: Mapping[str, object], vary: Sequence[str] | None) -> Start:
    """Where the arguments of a factory start: its integers by name, the chosen ones or all of them varied."""
    paths = fields(at)
    return Start(
        values={name: at_path(at, path) for name, path in paths.items()},
        vary=tuple(paths if vary is None else chosen(vary, at, "size", where="vary")),
        may_be_fixed=vary is None,
        paths=paths,
        held={name: as_kept(value) for name, value in other_fields(at).items()},
    )


def proven(build: Factory, start: Start, *, limits: Limits | None = None, report: Report | None = None) -> Block:
    """Return the closed form of what a function builds from values by name; the work behind `derive`."""
    with quick_collection():
        followed: list[Follow] = []
        while True:
            whole_build = with_followed(build, followed)
            clues = traced(whole_build, start, with_losses=True)
            new = following(clues, whole_build, start)
            if new is None:
                tree = derive_tree(
                    probe_of(whole_build),
                    start,
                    clues=clues,
                    limits=limits,
                    report=report,
                    trace=_tracing(whole_build, start),
                )
                return plainly(tree)
            followed.append(new)
            start = start.following(new.name, new.size)


def _tracing(build: Factory, start: Start) -> Trace:
    """What traces a build at other sizes."""
    return lambda point: traced(build, replace(start, values=point))


def _check(build: object, at: Mapping[str, object]) -> None:
    expected = "a class or a function that returns a torch.nn.Module"
    if not callable(build):
        raise InvalidType(f"got {type(build).__name__}", where="derive", expected=expected)
    if is_built(build):
        raise InvalidType(f"got a {type(build).__name__} that is built already", where="derive", expected=expected)
    if not isinstance(at, Mapping) or not all(isinstance(name, str) for name in at):
        raise InvalidType(f"got {str(at)[:60]}", where="at", expected="values by name of argument")
    try:
        parameters = inspect.signature(build).parameters.values()
    except (TypeError, ValueError):
        return
    if any(each.kind is each.VAR_KEYWORD for each in parameters):
        return
    known = [each.name for each in parameters if each.kind is not each.POSITIONAL_ONLY]
    for name in at:
        if name not in known:
            raise unknown_name("argument", name, known, where=getattr(build, "__name__", "the factory"))


def _check_names(at: Mapping[str, object]) -> None:
    clash = twice(at)
    if clash is not None:
        expected = "other names of arguments, so that each size has one"
        raise InvalidValue(f"two sizes are named {clash!r}", where="at", expected=expected)
    if not fields(at):
        example = 'sizes to vary, such as at={"d_model": 64}'
        raise InvalidValue("it holds no int of 1 or more", where="at", expected=example)
