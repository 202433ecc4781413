"""A model built by the user's own code: `package.module:build`, a class or a function that returns a torch module."""

from __future__ import annotations

import contextlib
import importlib
import inspect
import os
import sys
import traceback
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from paramcalc.errors import InvalidType, InvalidValue, unknown_name
from paramcalc.sources.modules.torch_module import from_module
from paramcalc.tree.block import Block

DEVICES = ("meta", "cpu")

# Modules that this file imported from a current directory, by their first name, with the place that each came from.
_IMPORTED: dict[str, object] = {}


def from_factory(
    target: str, arguments: Mapping[str, object] | None = None, *, device: str = "meta", fold: bool = False
) -> Block:
    """Return the tree of the model that `package.module:name` builds. This runs the code of that module.

    The name leads to a class or a function, which is called with the arguments, or to a model that is built already.
    The current directory is importable, and is the same afterwards. On the meta device no weight is allocated. What the
    code prints goes to stderr.

    >>> from_factory("torch.nn:Linear", {"in_features": 4, "out_features": 3}).params
    15

    Raises InvalidValue where the module or the name is missing, or where the code raises; UnknownName for an argument
    that the factory does not take; InvalidType where it returns no torch module.
    """
    if device not in DEVICES:
        raise unknown_name("device", device, DEVICES)
    given = dict(arguments or {})
    with _importable(_current()), contextlib.redirect_stdout(sys.stderr):
        factory = _found(target)
        model = factory if is_built(factory) else _built(factory, given, target, device)
    if isinstance(model, Block):
        return model
    if is_built(factory) and given:
        raise InvalidValue(f"{target} is a model that is built already", expected="no arguments for it")
    if not is_built(model):
        raise InvalidType(f"it returned {type(model).__name__}", where=target, expected="a torch.nn.Module")
    return from_module(model, fold=fold)


@contextlib.contextmanager
def factory_at(target: str) -> Iterator[Any]:
    """The class or function that `package.module:name` leads to, to be called as long as the context lasts.

    Raises what `from_factory` raises for a target that leads to none.
    """
    with _importable(_current()):
        with contextlib.redirect_stdout(sys.stderr):
            factory = _found(target)
        yield factory


def is_built(value: object) -> bool:
    """Whether a value is a torch module; where torch is not loaded nothing is."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(value, torch.nn.Module)


def _current() -> Path | None:
    """The current directory, which may have been deleted."""
    try:
        return Path.cwd()
    except OSError:
        return None


@contextlib.contextmanager
def _importable(folder: Path | None) -> Iterator[None]:
    """Make a folder importable, in place of one that was before it, and the current directory again afterwards."""
    if folder is None:
        yield
        return
    added = str(folder)
    sys.path.insert(0, added)
    importlib.invalidate_caches()
    for name in [name for name, place in _IMPORTED.items() if _place(_spec(name)) != place]:
        del _IMPORTED[name]
        for each in [each for each in sys.modules if f"{each}.".startswith(f"{name}.")]:
            del sys.modules[each]
    loaded = set(sys.modules)
    try:
        yield
    finally:
        for name in sys.modules.keys() - loaded:
            place = _place(getattr(sys.modules[name], "__spec__", None))
            if "." not in name and place and Path(place[0]).parent == folder:
                _IMPORTED[name] = place
        with contextlib.suppress(ValueError):
            sys.path.remove(added)
        with contextlib.suppress(OSError):
            os.chdir(folder)


def _spec(name: str) -> Any:
    """What an import of a module would find now, were it not imported yet."""
    found = (finder.find_spec(name, None) for finder in sys.meta_path if hasattr(finder, "find_spec"))
    return next((spec for spec in found if spec is not None), None)


def _place(spec: Any) -> tuple[str, ...]:
    """The folders of a package, or the file of a module; nothing for a module that has neither."""
    folders = tuple(getattr(spec, "submodule_search_locations", None) or ())
    return folders or ((spec.origin,) if getattr(spec, "has_location", False) else ())


@contextlib.contextmanager
def _answering(target: str, doing: str, device: str = "") -> Iterator[None]:
    """Run someone else's code; whatever it raises becomes one sentence, but for an interrupt from the keyboard."""
    try:
        yield
    except KeyboardInterrupt:
        raise
    except SystemExit as error:
        raise InvalidValue(f"{doing} exited with {_text(error.code)}", where=target, expected="a model") from None
    except BaseException as error:
        advice = "it may need real tensors: try --device cpu" if _wants_data(error, device) else ""
        raise InvalidValue(f"{doing} raised {error_text(error)}", where=target, advice=advice) from error


def _found(target: str) -> Any:
    """The object that a target names.

    Raises InvalidValue where its module cannot be imported or has no such name.
    """
    module_name, _, names = target.partition(":")
    with _answering(target, f"importing {module_name}"):
        absent, value = _module(module_name)
    if absent is not None:
        place = _current()
        advice = f"it is looked for where Python imports from{f', and in {place}' if place else ''}"
        raise InvalidValue(f"there is no module {absent!r}", where=target, advice=advice)
    for name in names.split("."):
        with _answering(target, f"reading {name}"):
            known, value = _attribute(value, name)
        if known is not None:
            raise unknown_name("name", name, known, where=f"{target} in {module_name}")
    return value


def _module(name: str) -> tuple[str | None, Any]:
    """The module of a name; where there is none, the part of the name that is missing."""
    try:
        return None, importlib.import_module(name)
    except ModuleNotFoundError as error:
        if isinstance(error.name, str) and f"{name}.".startswith(f"{error.name}."):
            return error.name, None
        raise


def _attribute(value: Any, name: str) -> tuple[list[str] | None, Any]:
    """What a name leads to; where it leads nowhere, the names that are there."""
    try:
        return None, getattr(value, name)
    except AttributeError:
        known = sorted(each for each in _names(value) if isinstance(each, str) and not each.startswith("_"))
        if name in known:
            raise
        return known, None


def _names(value: Any) -> list[Any]:
    try:
        return dir(value)
    except TypeError:  # of names that are no text, which cannot be sorted
        return [*vars(value)]


def _built(factory: Any, given: dict[str, object], target: str, device: str) -> Any:
    if not callable(factory):
        raise InvalidType(f"it is {type(factory).__name__}", where=target, expected="a class or a function")
    _check_arguments(factory, given, target)
    import torch

    with _answering(target, "it", device), torch.device(device):
        return factory(**given)


def _check_arguments(factory: Any, given: Mapping[str, object], target: str) -> None:
    try:
        signature = inspect.signature(factory)
    except Exception:  # some classes written in C say nothing of their arguments, others have properties that raise
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


def _wants_data(error: BaseException, device: str) -> bool:
    return device == "meta" and "meta" in _text(error).lower()


def error_text(error: BaseException) -> str:
    """An error of someone else's code: its class, its first line, and where it was raised."""
    frames = traceback.extract_tb(error.__traceback__)
    lines = _text(error).strip().splitlines()
    message = f"{type(error).__name__}: {lines[0][:200]}" if lines else type(error).__name__
    return f"{message} (at {Path(frames[-1].filename).name}:{frames[-1].lineno})" if frames else message


def _text(value: object) -> str:
    """A value of someone else's code as text; nothing where it cannot even say that."""
    try:
        return str(value)
    except KeyboardInterrupt:
        raise
    except BaseException:
        return ""
