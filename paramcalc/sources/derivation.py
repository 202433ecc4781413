"""The closed form of what code or a config builds: sizes traced through one build, then fitted and proven."""

from __future__ import annotations

import contextlib
import inspect
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeAlias

from paramcalc.conditions import Condition
from paramcalc.derivation import Limits, Refused, Report, derive_tree
from paramcalc.errors import InvalidType, ParamcalcError, unknown_name
from paramcalc.sampling import varied
from paramcalc.sources.torch_module import from_module
from paramcalc.sources.traced import Node, Trace, expression_of
from paramcalc.symbols import Size
from paramcalc.tree import Block
from paramcalc.unify import Hints, Unfit

REASON = "the code tests it"
Comparison: TypeAlias = tuple[str, Node, Node, bool]


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
    build: Callable[[Mapping[str, Any]], Any],
    at: Mapping[str, object],
    vary: Sequence[str] | None,
    *,
    limits: Limits | None = None,
    report: Report | None = None,
) -> Block:
    """Return the closed form of what a function builds from values by name; the work behind `derive`."""
    names = [name for name in varied(at) if vary is None or name in vary]
    hints, met = _traced(build, at, names)
    try:
        return _proven(build, at, vary, hints, met, limits, report)
    except Unfit:
        follows = _follows(met, at)
        if not follows:
            raise

    def together(values: Mapping[str, Any]) -> Any:
        return build({**values, **{name: values[other] for name, other in follows.items()}})

    free = {name: value for name, value in at.items() if name not in follows}
    left = None if vary is None else [name for name in vary if name not in follows]
    hints, met = _traced(together, free, [name for name in names if name not in follows])
    tree = _proven(together, free, left, hints, met, limits, report)
    assert tree.evidence is not None
    return replace(tree, evidence=replace(tree.evidence, fixed={**tree.evidence.fixed, **follows}))


def _follows(met: Sequence[Comparison], at: Mapping[str, object]) -> dict[str, str]:
    """Sizes that are equal at the base, and that the code compares: other structures are built where they differ."""
    found: dict[str, str] = {}
    for relation, left, right, _ in met:
        if relation in ("eq", "ne") and left[0] == right[0] == "symbol" and left != right:
            first, second = (name for name in at if name in (left[1], right[1]))
            if at[first] == at[second] and first not in found:
                found.setdefault(second, first)
    return found


def _proven(
    build: Callable[[Mapping[str, Any]], Any],
    at: Mapping[str, object],
    vary: Sequence[str] | None,
    hints: Hints,
    met: Sequence[Comparison],
    limits: Limits | None,
    report: Report | None,
) -> Block:
    likely, candidates = _conditions(met)

    def probe(point: Mapping[str, int]) -> Block:
        with building():
            try:
                model = build(point)
            except Exception as error:
                raise Refused(_sentence(error)) from error
        return _tree(model)

    return derive_tree(probe, at, vary, hints=hints, likely=likely, candidates=candidates, limits=limits, report=report)


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
    """The meta device, without initialisation, and with what the code prints on stderr."""
    import torch

    from paramcalc.sources.shapes import Shapes

    with (
        contextlib.redirect_stdout(sys.stderr),
        torch.device("meta"),
        Shapes(None if trace is None else trace.lost) as shapes,
    ):
        yield shapes


def _tree(model: object) -> Block:
    if isinstance(model, Block):
        return model
    try:
        return from_module(model)  # type: ignore[arg-type]
    except InvalidType:
        expected = "a torch.nn.Module or a Block"
        raise InvalidType(f"it returned {type(model).__name__}", where="the factory", expected=expected) from None


def _traced(
    build: Callable[[Mapping[str, Any]], Any], at: Mapping[str, object], names: Sequence[str]
) -> tuple[Hints, list[Comparison]]:
    """What tracing tells: sizes of tensors by name, and comparisons; nothing where the code does not take it."""
    import torch

    trace = Trace()
    traced = {name: trace.integer(name, value) if name in names else value for name, value in at.items()}  # type: ignore[arg-type]
    try:
        with building(trace) as shapes:
            model = build(traced)
        if not isinstance(model, torch.nn.Module):
            return {}, []
        found = shapes.of_module(model)
    except Exception:  # whatever code does with numbers that are a little strange: the fit decides without it
        return {}, []
    known: dict[Node, Size | None] = {}
    hints: dict[str, tuple[Size | None, ...]] = {}
    for name, nodes in found.items():
        hints[name] = tuple(None if node is None else _expression(node, known) for node in nodes)
    return hints, trace.met


def _expression(node: Node, known: dict[Node, Size | None]) -> Size | None:
    if node not in known:
        try:
            known[node] = expression_of(node)
        except (ParamcalcError, ArithmeticError, TypeError, ValueError):
            known[node] = None
    return known[node]


def _conditions(met: Sequence[Comparison]) -> tuple[list[Condition], list[Condition]]:
    """Divisions that the code found to leave no rest, and comparisons of sizes that turned out true."""
    likely: dict[Condition, None] = {}
    candidates: dict[Condition, None] = {}
    for relation, left, right, outcome in dict.fromkeys(met):
        exact = (relation, outcome) in (("eq", True), ("ne", False))
        if left[0] == "%" and right == ("number", 0) and exact:
            condition = _condition(left[1], "divisible by", left[2])
            if condition is not None:
                likely[condition] = None
        elif relation in ("ge", "gt", "le", "lt"):
            condition = _ordered(relation, left, right, outcome)
            if condition is not None:
                candidates[condition] = None
    return list(likely), list(candidates)


def _condition(left: Node, relation: Any, right: Node) -> Condition | None:
    try:
        a, b = expression_of(left), expression_of(right)
        if a is None or b is None:
            return None
        condition = Condition(a, relation, b, REASON)
        return None if condition.holds is not None else condition
    except (ParamcalcError, ArithmeticError, TypeError, ValueError):
        return None


def _ordered(relation: str, left: Node, right: Node, outcome: bool) -> Condition | None:
    """A comparison as it turned out, with the larger side first."""
    strict = (relation in ("gt", "lt")) == outcome
    if (relation in ("ge", "gt")) != outcome:
        left, right = right, left
    return _condition(left, ">" if strict else ">=", right)


def _sentence(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0][:160]}" if lines else type(error).__name__
