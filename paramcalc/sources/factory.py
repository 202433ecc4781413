"""A model built by the user's own code: `package.module:build`, a class or a function that returns a torch module."""

from __future__ import annotations

import contextlib
import importlib
import inspect
import sys
import traceback
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from paramcalc.errors import InvalidType, InvalidValue, unknown_name
from paramcalc.sources.torch_module import from_module
from paramcalc.tree import Block


def from_factory(
    target: str, arguments: Mapping[str, object] | None = None, *, device: str = "meta", fold: bool = False
) -> Block:
    """Return the tree of the model that `package.module:name` builds. This runs the code of that module.

    The name leads to a class or a function, which is called with the arguments, or to a model that is built already.
    The current directory is importable. On the meta device no weight is allocated. What the code prints goes to stderr.

    >>> from_factory("torch.nn:Linear", {"in_features": 4, "out_features": 3}).params
    15

    Raises InvalidValue where the module or the name is missing, or where the code raises; UnknownName for an argument
    that the factory does not take; InvalidType where it returns no torch module.
    """
    if device not in ("meta", "cpu"):
        raise unknown_name("device", device, ["meta", "cpu"])
    given = dict(arguments or {})
    with _importable(Path.cwd()), contextlib.redirect_stdout(sys.stderr):
        factory = _found(target)
        model = factory if _is_built(factory) else _built(factory, given, target, device)
    if isinstance(model, Block):
        return model
    if _is_built(factory) and given:
        raise InvalidValue(f"{target} is a model that is built already", expected="no arguments for it")
    if not _is_built(model):
        raise InvalidType(f"it returned {type(model).__name__}", where=target, expected="a torch.nn.Module")
    return from_module(model, fold=fold)


def _is_built(value: object) -> bool:
    """Whether a value is a torch module; where torch is not loaded nothing is."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(value, torch.nn.Module)


@contextlib.contextmanager
def _importable(folder: Path) -> Iterator[None]:
    added = str(folder)
    sys.path.insert(0, added)
    try:
        yield
    finally:
        with contextlib.suppress(ValueError):
            sys.path.remove(added)


def _found(target: str) -> Any:
    """The object that a target names.

    Raises InvalidValue where its module cannot be imported or has no such name.
    """
    module_name, _, names = target.partition(":")
    try:
        value: Any = importlib.import_module(module_name)
    except Exception as error:
        if isinstance(error, ModuleNotFoundError) and error.name and f"{module_name}.".startswith(f"{error.name}."):
            raise InvalidValue(
                f"there is no module {error.name!r}",
                where=target,
                advice=f"it is looked for where Python imports from, and in {Path.cwd()}",
            ) from None
        raise InvalidValue(f"importing {module_name} raised {_said(error)}", where=target) from error
    for name in names.split("."):
        if not hasattr(value, name):
            known = [each for each in dir(value) if not each.startswith("_")]
            raise unknown_name("name", name, known, where=f"{target} in {module_name}")
        value = getattr(value, name)
    return value


def _built(factory: Any, given: dict[str, object], target: str, device: str) -> Any:
    if not callable(factory):
        raise InvalidType(f"it is {type(factory).__name__}", where=target, expected="a class or a function")
    _check_arguments(factory, given, target)
    import torch

    try:
        with torch.device(device):
            return factory(**given)
    except Exception as error:
        advice = "it may need real tensors: try --device cpu" if _wants_data(error, device) else ""
        raise InvalidValue(f"it raised {_said(error)}", where=target, advice=advice) from error
    except SystemExit as error:
        raise InvalidValue(f"it exited with {error.code}", where=target, expected="a model") from None


def _check_arguments(factory: Any, given: Mapping[str, object], target: str) -> None:
    try:
        signature = inspect.signature(factory)
    except (TypeError, ValueError):  # some classes written in C say nothing of their arguments
        return
    taken = signature.parameters.values()
    names = [each.name for each in taken if each.kind in (each.POSITIONAL_OR_KEYWORD, each.KEYWORD_ONLY)]
    if all(each.kind is not each.VAR_KEYWORD for each in taken):
        for name in given:
            if name not in names:
                raise unknown_name("argument", name, names, where=target)
    needed = [each.name for each in taken if each.name in names and each.default is each.empty]
    missing = [name for name in needed if name not in given]
    if missing:
        example = " ".join(f"--arg {name}=..." for name in missing)
        raise InvalidValue(f"it needs {', '.join(missing)}", where=target, advice=f"give {example}")


def _wants_data(error: Exception, device: str) -> bool:
    return device == "meta" and "meta" in str(error).lower()


def _said(error: BaseException) -> str:
    """An error of someone else's code: its class, its first line, and where it was raised."""
    frames = traceback.extract_tb(error.__traceback__)
    lines = str(error).strip().splitlines()
    message = f"{type(error).__name__}: {lines[0][:200]}" if lines else type(error).__name__
    return f"{message} (at {Path(frames[-1].filename).name}:{frames[-1].lineno})" if frames else message
