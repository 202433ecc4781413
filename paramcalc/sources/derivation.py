"""The closed form of what code or a config builds: sizes traced through one build, then fitted and proven."""

from __future__ import annotations

import contextlib
import inspect
import sys
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any, TypeAlias

from paramcalc.derivation import derive_tree
from paramcalc.errors import InvalidType, ParamcalcError, unknown_name
from paramcalc.probing import Limits, Refused, Report
from paramcalc.sampling import Sampler, varied
from paramcalc.sources.comparisons import Comparison, Follow, Told, follows, told
from paramcalc.sources.torch_module import from_module
from paramcalc.sources.traced import Node, Trace, expression_of
from paramcalc.symbols import Size, symbol_names
from paramcalc.tree import Block
from paramcalc.unify import Hints

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
    integers). It returns a torch module or a tree. Models are built on the meta device and never initialised. The tree
    has predicted, tensor by tensor, models at points that it had not seen: `tree.evidence` names them.

    >>> from torch import nn
    >>> tree = derive(nn.Linear, {"in_features": 4, "out_features": 3})
    >>> tree.params, len(tree.evidence.predicted)
    (in_features*out_features + out_features, 8)

    Raises InvalidValue where the factory fails at `at`, or where no closed form predicts what it builds, naming the
    tensor and the numbers; UnknownName for an argument that it does not take; InvalidType where it returns no module.
    """
    _check(build, at)
    return proven(lambda values: build(**values), at, vary, limits=limits, report=report)


def proven(
    build: Factory,
    at: Mapping[str, object],
    vary: Sequence[str] | None,
    *,
    limits: Limits | None = None,
    report: Report | None = None,
) -> Block:
    """Return the closed form of what a function builds from values by name; the work behind `derive`."""
    names = [name for name in varied(at) if vary is None or name in vary]
    followed: list[Follow] = []
    while True:
        free = [name for name in names if name not in {each.name for each in followed}]
        together = _together(build, followed)
        start = {name: value for name, value in at.items() if name not in {each.name for each in followed}}
        hints, met = _traced(together, start, free)
        known = told(met, start)
        new = _following(known, hints, together, start, free)
        if new is None:
            break
        followed.append(new)
    tree = derive_tree(
        _probe(together),
        start,
        None if vary is None else [name for name in vary if name in free or name not in names],
        hints=hints,
        likely=known.divisions,
        branches=known.branches,
        limits=limits,
        report=report,
    )
    assert tree.evidence is not None
    return replace(tree, evidence=replace(tree.evidence, follows={each.name: each.size for each in followed}))


def _together(build: Factory, followed: Sequence[Follow]) -> Factory:
    """The factory, given the sizes that follow from others too."""

    def together(values: Mapping[str, Any]) -> Any:
        whole = dict(values)
        for each in reversed(followed):
            whole[each.name] = each.value(whole)
        return build(whole)

    return together if followed else build


def _following(known: Told, hints: Hints, build: Factory, at: Mapping[str, Any], names: Sequence[str]) -> Follow | None:
    """A size that must be what others make it: with any other value, the code builds nothing or another structure."""
    for left, right in known.equal:
        ways = follows(left, right, names)
        if ways and not any(_free(each.name, build, at) for each in ways):
            sizes = [size for shape in hints.known.values() for each in shape for size in each]
            used = Counter(name for size in sizes for name in symbol_names(size))
            often = [each for each in ways if _often_whole(each, at) >= OFTEN] or ways
            return min(often, key=lambda each: used[each.name])
    return None


def _free(name: str, build: Factory, at: Mapping[str, Any]) -> bool:
    """Whether a size can be changed alone, and the same tensors are built."""
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
            except Exception as error:
                raise Refused(_sentence(error)) from error
        return _tree(model)

    return probe


def _check(build: object, at: Mapping[str, object]) -> None:
    if not callable(build):
        raise InvalidType(f"got {type(build).__name__}", where="derive", expected="a class or a function")
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


@contextlib.contextmanager
def building(trace: Trace | None = None) -> Iterator[Any]:
    """The meta device, without initialisation or warnings, and with what the code prints on stderr."""
    import torch

    from paramcalc.sources.shapes import Shapes

    with (
        contextlib.redirect_stdout(sys.stderr),
        warnings.catch_warnings(),
        torch.device("meta"),
        Shapes(None if trace is None else trace.lost) as shapes,
    ):
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


def _traced(build: Factory, at: Mapping[str, object], names: Sequence[str]) -> tuple[Hints, list[Comparison]]:
    """What tracing tells: sizes of tensors by name, and comparisons; nothing where the code does not take it."""
    import torch

    trace = Trace()
    traced = {name: trace.integer(name, value) if name in names else value for name, value in at.items()}  # type: ignore[arg-type]
    try:
        with building(trace) as shapes:
            model = build(traced)
        if not isinstance(model, torch.nn.Module):
            return Hints(), []
        found = shapes.of_module(model)
    except Exception:  # whatever code does with numbers that are a little strange: the fit decides without it
        return Hints(), []
    known = {name: tuple(_sizes([node]) if node else () for node in nodes) for name, nodes in found.items()}
    return Hints(known, lru_cache(maxsize=None)(lambda value: _sizes(trace.seen.get(value, ())))), trace.met


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


def _sentence(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0][:160]}" if lines else type(error).__name__
