"""The model that a Hugging Face config describes, built on the meta device: no download, no remote code, no weight."""

from __future__ import annotations

import contextlib
import json
import os
import re
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from paramcalc.errors import BadFile, InvalidValue, ParamcalcError, unknown_name
from paramcalc.fold import fold as folded
from paramcalc.probing import Limits, Report
from paramcalc.sources.config_fields import at_path, fields, watched, with_fields
from paramcalc.sources.derivation import building, proven
from paramcalc.sources.torch_module import from_module
from paramcalc.tree import Block

if TYPE_CHECKING:
    from torch import nn

# Which code computes with the weights: no shape depends on it, and it may ask for packages and downloads.
NO_SHAPE = {f"{start}{name}" for name in ("attn_implementation", "experts_implementation") for start in ("", "_")}
NO_SHAPE |= {"_attn_implementation_internal", "_experts_implementation_internal", "use_kernels"}

LAYER_TYPES = "layer_types"


def from_config(config: str | os.PathLike[str] | Mapping[str, Any], *, fold: bool = False) -> Block:
    """Return the tree of the model that a Hugging Face `config.json` describes, given by its path or as a mapping.

    The class is the first of its `architectures`, or the base model of its `model_type`. It is built by the installed
    transformers library on the meta device, so that even the largest takes next to no memory.

    >>> from_config({"model_type": "gpt2", "architectures": ["GPT2LMHeadModel"]}).params
    124439808

    Raises BadFile where the file or what it says is no config, UnknownName for a model type or an architecture that the
    library does not have, InvalidValue where the library is missing or cannot build the model.
    """
    where, data = _read_or_given(config)
    tree = _noted(from_module(build(data, where=where)), data)
    return folded(tree) if fold else tree


def derive_config(
    config: str | os.PathLike[str] | Mapping[str, Any],
    *,
    at: Mapping[str, Any] | None = None,
    vary: Sequence[str] | None = None,
    limits: Limits | None = None,
    report: Report | None = None,
) -> Block:
    """Return the closed form of the models that a Hugging Face config describes, in its integer fields, with evidence.

    `at` gives fields of the config other values to start from. With nothing said, the fields that vary are those that
    the model reads while it is built. A field of a nested config is named by its path (`text_config_hidden_size`), an
    entry of a list by its number (`depths_0`).

    >>> small = {"model_type": "gpt2", "n_embd": 64, "n_head": 4, "n_layer": 2, "vocab_size": 1000, "n_positions": 128}
    >>> tree = derive_config(small, vary=["n_embd", "n_layer"])
    >>> print(tree.params)
    12*n_embd**2*n_layer + 13*n_embd*n_layer + 1130*n_embd

    Raises what `from_config` and `derive` raise.
    """
    where, data = _read_or_given(config)
    data = {**data, **(at or {})}
    with _library(where):
        build_at, start = family(data, vary or (), where=where)
        return _noted(proven(build_at, start, vary, limits=limits, report=report), data)


def family(
    data: Mapping[str, Any], wanted: Sequence[str] = (), *, where: str = "config"
) -> tuple[Callable[[Mapping[str, Any]], nn.Module], dict[str, Any]]:
    """Return a function that builds the model of a config with other sizes, and the sizes that it has there.

    The sizes are the integer fields that the model reads while it is built, and those that are wanted.
    """
    settings = _settings(data, where)
    whole = {**settings.to_dict(), "model_type": data["model_type"]}
    chosen = _model_class(settings, where)
    used = _used(chosen, settings, whole, wanted, where)
    base = _base(data, whole, used, where)

    def build_at(values: Mapping[str, Any]) -> nn.Module:
        changed = with_fields(base, {used[name]: value for name, value in values.items()})
        model: nn.Module = chosen._from_config(_settings(changed, where))
        return model

    return build_at, {name: at_path(whole, path) for name, path in used.items()}


def _base(data: Mapping[str, Any], whole: Mapping[str, Any], used: Mapping[str, Any], where: str) -> dict[str, Any]:
    """The config as given, with the nested parts that hold fields to vary, and without what follows from the others.

    A list of the kinds of layers is as long as there are layers: given or not, it is left to the library where the
    library makes the same.
    """
    base = {**data, **{path[0]: whole[path[0]] for path in used.values() if len(path) > 1 and path[0] not in data}}
    for key in [key for key, value in base.items() if isinstance(value, Mapping)]:
        base[key] = {name: value for name, value in base[key].items() if name != LAYER_TYPES}
    if LAYER_TYPES in base:
        without = {name: value for name, value in base.items() if name != LAYER_TYPES}
        if getattr(_settings(without, where), LAYER_TYPES, None) == base[LAYER_TYPES]:
            return without
    return base


def _used(chosen: Any, settings: Any, data: Mapping[str, Any], wanted: Sequence[str], where: str) -> dict[str, Any]:
    """The integer fields that a model reads while it is built, and those that are wanted, by name with their paths."""
    found = fields(data)
    for name in wanted:
        if name not in found:
            raise unknown_name("field", name, found, where=where)
    read: set[tuple[str, ...]] = set()
    watched(settings, read)
    try:
        with building():
            chosen._from_config(settings)
    except Exception as error:
        raise _failure(error, where) from error
    names = {name: tuple(each for each in path if isinstance(each, str)) for name, path in found.items()}
    return {name: found[name] for name, path in names.items() if path in read or name in wanted}


def _noted(tree: Block, data: Mapping[str, Any]) -> Block:
    """A tree whose root says what of its config was not used."""
    notes = [tree.note] if tree.note else []
    if data.get("quantization_config"):
        notes.append("quantization_config is not applied: sizes are those before quantisation")
    if data.get("auto_map"):
        notes.append("auto_map is not followed: the model is the library's own, not that of the code it names")
    return replace(tree, note="; ".join(notes))


def build(data: Mapping[str, Any], *, where: str = "config") -> nn.Module:
    """Return the model of a config on the meta device; the work behind `from_config`."""
    with _library(where), _meta(), _answering(where):
        settings = _settings(data, where)
        model: nn.Module = _model_class(settings, where)._from_config(settings)
    return model


@contextlib.contextmanager
def _answering(where: str) -> Iterator[None]:
    """Run code of the library; whatever it raises becomes one sentence."""
    try:
        yield
    except ParamcalcError:
        raise
    except Exception as error:
        raise _failure(error, where) from error


def _failure(error: Exception, where: str) -> InvalidValue:
    import transformers

    reason = " ".join(str(error).split())
    if "offline" in reason.lower():
        wanted = re.search(r"huggingface\.co/(?:api/models/)?([\w.-]+(?:/[\w.-]+)?)(?=: |/resolve/)", reason)
        what = f" of {wanted[1]}" if wanted else ""
        advice = "describe the whole model in the config itself, its backbone too"
        return InvalidValue(f"building it would need a download{what}, which is never done", where=where, advice=advice)
    said = f"transformers {transformers.__version__} cannot build it: {type(error).__name__}"
    return InvalidValue(f"{said}: {reason[:200] or 'no reason given'}", where=where)


def _meta() -> Any:
    import torch

    return torch.device("meta")


def _read_or_given(config: str | os.PathLike[str] | Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    if isinstance(config, Mapping):
        return "config", dict(config)
    where = os.fspath(config)
    return where, _read(Path(where))


@contextlib.contextmanager
def _library(where: str) -> Iterator[Any]:
    """The transformers library, quiet and offline.

    Raises InvalidValue where it is not installed.
    """
    try:
        import transformers
    except ImportError:
        raise InvalidValue(
            "reading it needs transformers", where=where, advice="pip install 'paramcalc[huggingface]'"
        ) from None
    with _quiet_and_offline():
        yield transformers


def _read(path: Path) -> dict[str, Any]:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        reason = getattr(error, "strerror", None) or f"not JSON: {error}"
        raise BadFile(f"cannot read it: {reason}", where=str(path), expected="a Hugging Face config.json") from None
    if not isinstance(data, dict):
        raise BadFile("it holds no object", where=str(path), expected="a Hugging Face config.json")
    return data


def _settings(data: Mapping[str, Any], where: str) -> Any:
    """The library's config object for what a config says."""
    from transformers import CONFIG_MAPPING

    kind = data.get("model_type")
    if not isinstance(kind, str):
        raise BadFile(f"its model_type is {kind!r}", where=where, expected='a Hugging Face config with a "model_type"')
    if kind not in CONFIG_MAPPING:
        if "auto_map" in data:
            advice = "its auto_map names code outside the library, which is never run"
            raise InvalidValue(f"transformers has no model type {kind!r}", where=where, advice=advice)
        raise unknown_name("model type", kind, list(CONFIG_MAPPING.keys()), where=where)
    with _answering(where):
        return CONFIG_MAPPING[kind].from_dict(_of_shapes(data))


def _of_shapes(value: Any) -> Any:
    """A copy of what a config says, which the library may change, without what no shape depends on."""
    if isinstance(value, Mapping):
        return {key: _of_shapes(each) for key, each in value.items() if key not in NO_SHAPE}
    return [_of_shapes(each) for each in value] if isinstance(value, list) else value


def _model_class(settings: Any, where: str) -> Any:
    from transformers import MODEL_MAPPING

    names = getattr(settings, "architectures", None) or []
    names = [names] if isinstance(names, str) else names
    if names:
        if not isinstance(names, list | tuple) or not isinstance(names[0], str):
            expected = '"architectures": ["..."], a list of names of classes'
            raise BadFile(f"its architectures are {str(names)[:60]}", where=where, expected=expected)
        with _answering(where):
            return _named(names[0], settings, where)
    if type(settings) not in MODEL_MAPPING:
        raise BadFile("it names no architecture", where=where, expected='"architectures": ["..."]')
    found = MODEL_MAPPING[type(settings)]
    return found[0] if isinstance(found, tuple) else found


def _named(name: str, settings: Any, where: str) -> Any:
    """The class of a name, which must be one that is built from such a config."""
    import transformers
    from torch import nn

    found: Any = getattr(transformers, name, None)
    if not isinstance(found, type) or not (hasattr(found, "_from_config") or hasattr(found, "from_config")):
        endings = ("Model", "LM", "Classification", "Generation")
        known = [each for each in dir(transformers) if each.endswith(endings)]
        built = [each for each in known if "PreTrained" not in each and not each.startswith("AutoModel")]
        raise unknown_name("architecture", name, built, where=where)
    if not issubclass(found, transformers.PreTrainedModel):
        problem = "stands for other classes, one for each model type"
    elif "pretrained" in name.lower() and found.forward is nn.Module.forward:
        problem = "is a base of other classes, without layers of its own"
    elif not _takes(found, settings):
        problem = f"is built from {getattr(found.config_class, '__name__', 'no config')}"
    else:
        return found
    base = transformers.MODEL_MAPPING.get(type(settings), None)
    example = f", such as {base.__name__}" if isinstance(base, type) else ""
    expected = f"a class that is built from {type(settings).__name__}{example}"
    raise BadFile(f"its architecture {name} {problem}", where=where, expected=expected)


def _takes(kind: Any, settings: Any) -> bool:
    """Whether a class is built from such a config: one of its own, or one that the library lists it for."""
    from transformers.models.auto import modeling_auto

    if isinstance(settings, kind.config_class or ()):
        return True
    tables = [names for name, names in vars(modeling_auto).items() if name.endswith("_MAPPING_NAMES")]
    listed = [names[settings.model_type] for names in tables if settings.model_type in names]
    part = kind.config_class in (getattr(settings, "sub_configs", None) or {}).values()
    return not part and any(kind.__name__ in ([names] if isinstance(names, str) else names) for names in listed)


@contextlib.contextmanager
def _quiet_and_offline() -> Iterator[None]:
    """Keep the library from the network and from logging while it builds; both are as before afterwards."""
    from huggingface_hub import constants
    from transformers.utils import logging as library

    logging: Any = library

    verbosity, offline = logging.get_verbosity(), constants.HF_HUB_OFFLINE
    logging.set_verbosity_error()
    constants.HF_HUB_OFFLINE = True
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.set_verbosity(verbosity)
        constants.HF_HUB_OFFLINE = offline
