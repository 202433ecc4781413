"""One row of the atlas: the closed form of one model type of transformers, derived in a process of its own.

Nothing but the standard library is imported at the top, since the scheduler of a Dask cluster loads this module too.
"""

from __future__ import annotations

import multiprocessing
import re
import resource
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any, TypeAlias

Row: TypeAlias = dict[str, Any]

PRELOAD = ["torch", "transformers", "transformers.modeling_utils", "paramcalc.tracing.derive"]
SEED = 1  # of the further points


@dataclass(frozen=True)
class Ask:
    """What is asked of every row: the limits of its derivation, of its process, and further points to check at."""

    seconds: float = 100.0
    builds: int = 1000
    memory: int = 12 * 2**30
    further: int = 30
    patience: float = 460.0  # seconds after which a process counts as run away


def derived(model_type: str, ask: Ask) -> Row:
    """Return the row of a model type: its closed form and what that rests on, or the reason why there is none."""
    import torch

    import paramcalc as pc

    torch.set_num_threads(1)
    config = {"model_type": model_type}
    try:
        default = pc.from_config(config)
    except pc.ParamcalcError as error:
        return _without("unbuildable", model_type, error, ask)
    head: Row = {"model_type": model_type, "class": default.kind, "params": default.params}
    start = time.perf_counter()
    try:
        tree = pc.derive_config(config, limits=pc.Limits(ask.builds, ask.seconds))
    except pc.ParamcalcError as error:
        seconds = round(time.perf_counter() - start, 2)
        return {**head, **_without("none", model_type, error, ask), "seconds": seconds}
    seconds = round(time.perf_counter() - start, 2)
    wrong, further = _checked(config, tree, ask.further)
    evidence: Any = tree.evidence
    held = [name for name in evidence.fixed if name not in evidence.only] + deeper(config, evidence.layout)
    outcome = "wrong" if wrong else "fixed" if held else "full"
    return {**head, "outcome": outcome, "reason": wrong, **_told(tree), "further": further, "seconds": seconds}


def deeper(config: Mapping[str, Any], names: Iterable[str]) -> list[str]:
    """Return those of some sizes with which a fresh config makes other lists, at two values: none may be held."""
    from paramcalc.sources.modules.config import library
    from paramcalc.tracing.configs.family import Family
    from paramcalc.tracing.configs.made import list_paths, made_of

    with library():
        models = Family(config, list(names))
        sizes = {name: models.used[name] for name in names if all(isinstance(step, str) for step in models.used[name])}
        made = made_of(models.base, models.whole, sizes, "config")
    longer = {name for part in made if part in list_paths(models.whole) for name in made[part]}
    return [name for name in sizes if name in longer]


def _told(tree: Any) -> Row:
    """What a derived tree says, and what it rests on, as text and numbers that are the same each time."""
    import paramcalc as pc
    from benchmarks.atlas.parts import parts

    evidence = tree.evidence
    return {
        "form": str(pc.formula(tree, form="collected")),
        "parts": parts(tree),
        "free": {name: evidence.built[0][name] for name in sorted(tree.symbols)},
        "fixed": dict(sorted(evidence.fixed.items())),
        "only": sorted(evidence.only),
        "layout": dict(sorted(evidence.layout.items())),
        "follows": {name: str(size) for name, size in evidence.follows.items()},
        "no_effect": sorted(evidence.no_effect),
        "holds": sorted(str(condition) for condition in tree.preconditions),
        "built": len(evidence.built),
        "predicted": len(evidence.predicted),
        "builds": evidence.builds,
    }


def _without(outcome: str, model_type: str, error: Exception, ask: Ask) -> Row:
    from paramcalc.derivation.models.prober import Spent

    reason = re.sub(r"(?<![\w.:/])/(?:[\w.-]+/)+", "", " ".join(str(error).split()))  # no place of this machine
    if isinstance(error, Spent):  # how far it came is different each time
        reason = f"no proof within {ask.builds:,} builds and {ask.seconds:.0f} seconds"
    return {"model_type": model_type, "outcome": outcome, "reason": reason}


def _checked(config: Mapping[str, Any], tree: Any, wanted: int) -> tuple[str, int]:
    """The first of so many points drawn anew where the tree does not say what is built, and how many it said before."""
    from paramcalc.derivation.models.prediction import predicts
    from paramcalc.derivation.models.sampler import Sampler
    from paramcalc.sources.modules.config import library
    from paramcalc.sources.modules.torch_module import from_module
    from paramcalc.tracing.configs.family import Family
    from paramcalc.tracing.probe import building

    base = dict(tree.evidence.built[0])
    sampler = Sampler(base, [name for name in base if name not in tree.evidence.fixed], seed=SEED)
    right = 0
    with library():
        models = Family(config, [*base, *tree.evidence.follows])
        models.start(list(base))  # which lists go on with them
        for _ in range(2 * wanted):
            point = sampler.point(tree.preconditions)
            if point is None or right == wanted:
                break
            with building():
                try:
                    model = models.build(_with_followers(point, tree.evidence.follows))
                except Exception:  # the code refuses the sizes, for a reason that no condition tells
                    continue
            actual = from_module(model)
            if not predicts(tree, point, actual):
                return _difference(tree, point, actual), right
            right += 1
    return "", right


def _with_followers(point: Mapping[str, int], follows: Mapping[str, Any]) -> dict[str, int]:
    """A point with the sizes that follow from others; one that was found early may follow from a later one."""
    from paramcalc.sizes.program import compiled

    whole = dict(point)
    for name, size in reversed(list(follows.items())):
        whole[name] = int(compiled(size)(whole))
    return whole


def _difference(tree: Any, point: Mapping[str, int], actual: Any) -> str:
    where = ", ".join(f"{name}={value}" for name, value in point.items())
    ours = dict(tree.bind(**{name: point[name] for name in tree.symbols}).tensors())
    theirs = dict(actual.tensors())
    for name in [*theirs, *ours]:
        left, right = (str(side[name].shape) if name in side else "none" for side in (ours, theirs))
        if left != right:
            return f"{name} is {right}, not {left} at {where}"
    return f"a role, element type or tie differs at {where}"


def row(model_type: str, ask: Ask, make: Callable[[str, Ask], Row] = derived) -> Row:
    """Return the row of a model type, made in a process of its own: what goes wrong there costs this row alone."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOAD)
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_work, args=(theirs, model_type, ask, make))
    process.start()
    theirs.close()
    try:
        late = f"no answer within {ask.patience:.0f} seconds"
        found: Row = ours.recv() if ours.poll(ask.patience) else _none(model_type, late)
    except EOFError:
        process.join()
        found = _none(model_type, f"its process died (exit status {process.exitcode})")
    finally:
        process.kill()
        process.join()
        ours.close()
    return found


def _none(model_type: str, reason: str) -> Row:
    return {"model_type": model_type, "outcome": "none", "reason": reason}


def _work(answer: Connection, model_type: str, ask: Ask, make: Callable[[str, Ask], Row]) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (ask.memory, ask.memory))
    try:
        found = make(model_type, ask)
    except MemoryError:
        found = _none(model_type, f"it takes more than {ask.memory / 2**30:.0f} GiB")
    except Exception as error:
        found = _none(model_type, " ".join(f"{type(error).__name__}: {error}".split()))
    answer.send(found)
