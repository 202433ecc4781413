"""The closed form of what code or a config builds: sizes traced through one build, then fitted and proven."""

from __future__ import annotations

import contextlib
import gc
import inspect
import sys
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any, TypeAlias

from paramcalc.derivation.engine import derive_tree
from paramcalc.derivation.fitting.clues import Clues
from paramcalc.derivation.models.prober import Limits, Overdue, Refused, Report
from paramcalc.derivation.models.sampler import Sampler
from paramcalc.derivation.start import Start
from paramcalc.errors import InvalidType, InvalidValue, ParamcalcError, unknown_name
from paramcalc.sizes.conditions import Condition
from paramcalc.sizes.symbols import Size, symbol_names
from paramcalc.sources.modules.factory import error_text, is_built
from paramcalc.sources.modules.torch_module import from_module
from paramcalc.tracing.comparisons import Follow, follows, told
from paramcalc.tracing.deadline import within
from paramcalc.tracing.fields import at_path, chosen, fields, other_fields, twice, with_fields
from paramcalc.tracing.integers import Node, Trace, expression_of, is_logarithm, kept_in_c, missed
from paramcalc.tracing.layout import layout
from paramcalc.tree.block import Block
from paramcalc.tree.evidence import as_kept

OFTEN = 0.05  # the share of points at which a size must be whole to be taken for one that follows from others

Factory: TypeAlias = Callable[[Mapping[str, Any]], Any]


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
        return build(**with_fields(at, {start.paths[name]: value for name, value in values.items()}))

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


def layout_of(build: Callable[[Mapping[Any, Any]], Any], data: Any, paths: Mapping[str, Any]) -> dict[str, int]:
    """Return the integers that only lay out a model, which `build` makes of other values at some paths."""
    probe = _probe(build)

    def attempt(changes: Mapping[Any, Any]) -> Block | None:
        with contextlib.suppress(Refused):
            return probe(changes)
        return None

    return layout(attempt, data, paths)


def proven(build: Factory, start: Start, *, limits: Limits | None = None, report: Report | None = None) -> Block:
    """Return the closed form of what a function builds from values by name; the work behind `derive`."""
    with _quick_collection():
        followed: list[Follow] = []
        while True:
            whole_build = _with_followed(build, followed)
            clues = _traced(whole_build, start)
            new = _following(clues, whole_build, start)
            if new is None:
                return derive_tree(_probe(whole_build), start, clues=clues, limits=limits, report=report)
            followed.append(new)
            start = start.following(new.name, new.size)


@contextlib.contextmanager
def _quick_collection() -> Iterator[None]:
    """Keep the garbage collector from going through all that is loaded already each time that models were built."""
    if gc.get_freeze_count():
        yield
        return
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def _with_followed(build: Factory, followed: Sequence[Follow]) -> Factory:
    """The factory, given the sizes that follow from others too."""

    def whole_build(values: Mapping[str, Any]) -> Any:
        whole = dict(values)
        for each in reversed(followed):
            whole[each.name] = each.value(whole)
        return build(whole)

    return whole_build if followed else build


def _following(clues: Clues, build: Factory, start: Start) -> Follow | None:
    """A size that must be what others make it: with any other value, the code builds nothing or another structure."""
    for left, right in clues.equal:
        ways = follows(left, right, start.vary)
        if ways and not any(_free(each.name, build, start.values) for each in ways):
            used = Counter(name for size in clues.sizes for name in symbol_names(size))
            often = [each for each in ways if _often_whole(each, start.values) >= OFTEN] or ways
            return min(often, key=lambda each: used[each.name])
    return None


def _free(name: str, build: Factory, at: Mapping[str, Any]) -> bool:
    """Build with other values of a size alone, and return whether the same tensors are built with one."""
    probe = _probe(build)
    base = _names(probe(at))
    for value in (2 * at[name], at[name] // 2, 3 * at[name], at[name] + 1):
        with contextlib.suppress(Refused):
            if value and _names(probe({**at, name: value})) == base:
                return True
    return False


def _names(tree: Block) -> list[str]:
    return [name for name, _ in tree.tensors()]


def _often_whole(way: Follow, at: Mapping[str, Any]) -> float:
    """The share of points at which a size that follows is a whole number."""
    sampler = Sampler(at, sorted(symbol_names(way.size)))
    points = [point for point in (sampler.point(()) for _ in range(64)) if point is not None]
    whole = 0
    for point in points:
        with contextlib.suppress(ValueError):
            whole += way.value(point) >= 1
    return whole / max(1, len(points))


def _probe(build: Factory) -> Callable[[Mapping[str, int]], Block]:
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


def _traced(build: Factory, start: Start) -> Clues:
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
    found = {size: None for size in map(_expression, nodes) if size is not None and not isinstance(size, int)}
    return tuple(sorted(found, key=lambda size: size.count_ops()))


@lru_cache(maxsize=65_536)
def _expression(node: Node) -> Size | None:
    try:
        return expression_of(node)
    except (ParamcalcError, ArithmeticError, TypeError, ValueError):
        return None
