"""One row of the atlas: the closed form of one model type of transformers, derived in a process of its own."""

from __future__ import annotations

import multiprocessing
import resource
import time
from collections.abc import Mapping
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any, TypeAlias

Row: TypeAlias = dict[str, Any]

PRELOAD = ["torch", "transformers", "transformers.modeling_utils", "paramcalc.sources.derivation"]
FURTHER = 30  # models built besides, at points drawn anew, that the form must predict too
SEED = 1


@dataclass(frozen=True)
class Ask:
    """What is asked of every row: the limits of its derivation, of its process, and further points to check at."""

    seconds: float = 60.0
    builds: int = 400
    memory: int = 12 * 2**30
    further: int = FURTHER


def row(model_type: str, ask: Ask) -> Row:
    """Return the row of a model type, made in a process of its own: what goes wrong there costs this row alone."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(
        ["torch", "transformers", "transformers.modeling_utils", "paramcalc.sources.derivation"]
    )
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_work, args=(theirs, model_type, ask))
    process.start()
    theirs.close()
    limit = 4 * ask.seconds + 60
    try:
        found: Row = ours.recv() if ours.poll(limit) else _none(model_type, f"no answer within {limit:.0f} seconds")
    except EOFError:
        process.join()
        found = _none(model_type, f"its process died (exit status {process.exitcode})")
    finally:
        process.kill()
        process.join()
    return found


def _none(model_type: str, reason: str) -> Row:
    return {"model_type": model_type, "outcome": "none", "reason": reason}


def _work(answer: Connection, model_type: str, ask: Ask) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (ask.memory, ask.memory))
    try:
        found = derived({"model_type": model_type}, ask)
    except MemoryError:
        found = _none(model_type, f"it takes more than {ask.memory / 2**30:.0f} GiB")
    answer.send(found)


def derived(config: Mapping[str, Any], ask: Ask) -> Row:
    """Return the row of a config: its closed form and what that rests on, or the reason why there is none."""
    import torch

    import paramcalc as pc
    from paramcalc.sources.huggingface import from_config

    torch.set_num_threads(1)
    head: Row = {"model_type": config["model_type"]}
    try:
        default = from_config(config)
    except pc.ParamcalcError as error:
        return {**head, "outcome": "unbuildable", "reason": str(error)}
    head |= {"class": default.kind, "params": default.params}
    start = time.perf_counter()
    try:
        tree = pc.derive_config(config, limits=pc.Limits(ask.builds, ask.seconds))
    except pc.ParamcalcError as error:
        return {**head, "outcome": "none", "reason": str(error), "seconds": round(time.perf_counter() - start, 2)}
    seconds = round(time.perf_counter() - start, 2)
    evidence = tree.evidence
    assert evidence is not None
    wrong, right = _further(config, tree, ask.further)
    return {
        **head,
        "outcome": "wrong" if wrong else "fixed" if evidence.fixed else "full",
        "reason": wrong,
        "form": str(pc.formula(tree, form="collected")),
        "free": {name: evidence.built[0][name] for name in sorted(tree.symbols)},
        "fixed": dict(evidence.fixed),
        "follows": {name: str(size) for name, size in evidence.follows.items()},
        "no_effect": list(evidence.no_effect),
        "holds": [str(condition) for condition in tree.preconditions],
        "built": len(evidence.built),
        "predicted": len(evidence.predicted),
        "further": right,
        "builds": evidence.builds,
        "seconds": seconds,
    }


def _further(config: Mapping[str, Any], tree: Any, wanted: int) -> tuple[str, int]:
    """The first of so many points drawn anew where the tree does not say what is built, and how many it said before."""
    from paramcalc.prediction import predicts
    from paramcalc.program import compile_expr
    from paramcalc.sampling import Sampler
    from paramcalc.sources.derivation import building
    from paramcalc.sources.huggingface import _library, family
    from paramcalc.sources.torch_module import from_module

    base = dict(tree.evidence.built[0])
    follows = {name: compile_expr(size) for name, size in tree.evidence.follows.items()}
    sampler = Sampler(base, [name for name in base if name not in tree.evidence.fixed], seed=SEED)
    right = 0
    with _library("config"):
        build_at, _ = family(config)
        for _ in range(2 * wanted):
            point = sampler.point(tree.preconditions)
            if point is None or right == wanted:
                break
            with building():
                try:
                    model = build_at({**point, **{name: size.run(point) for name, size in follows.items()}})
                except Exception:  # the code refuses the sizes, for a reason that no condition tells
                    continue
            actual = from_module(model)
            if not predicts(tree, point, actual):
                where = ", ".join(f"{name}={value}" for name, value in point.items())
                return (
                    f"{_difference(tree.bind(**{name: point[name] for name in tree.symbols}), actual)} at {where}",
                    right,
                )
            right += 1
    return "", right


def _difference(said: Any, actual: Any) -> str:
    ours, theirs = dict(said.tensors()), dict(actual.tensors())
    for name in [*theirs, *ours]:
        left, right = (str(side[name].shape) if name in side else "none" for side in (ours, theirs))
        if left != right:
            return f"{name} is {right}, not {left}"
    return "a role, element type or tie differs"
