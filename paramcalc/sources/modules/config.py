"""The model that a Hugging Face config describes, built on the meta device: no download, no remote code, no weight."""

from __future__ import annotations

import contextlib
import json
import os
import re
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from paramcalc.errors import BadFile, InvalidValue, ParamcalcError, unknown_name
from paramcalc.sources.modules.torch_module import from_module
from paramcalc.tree.block import Block
from paramcalc.tree.fold import fold as folded

if TYPE_CHECKING:
    from torch import nn

# Which code computes with the weights: no shape depends on it, and it may ask for packages and downloads.
NO_SHAPE = {f"{start}{name}" for name in ("attn_implementation", "experts_implementation") for start in ("", "_")}
NO_SHAPE |= {"_attn_implementation_internal", "_experts_implementation_internal", "use_kernels"}


def from_config(config: str | os.PathLike[str] | Mapping[str, Any], *, fold: bool = False) -> Block:
    """Return the tree of the model that a Hugging Face `config.json` describes, given by its path or as a mapping.

    The class is the first of its `architectures`, or the base model of its `model_type`. It is built by the installed
    transformers library on the meta device, so that even the largest takes next to no memory.

    >>> from_config({"model_type": "gpt2", "architectures": ["GPT2LMHeadModel"]}).params
    124439808

    Raises BadFile where the file or what it says is no config, UnknownName for a model type or an architecture that the
    library does not have, InvalidValue where the library is missing or cannot build the model.
    """
    where, data = read_or_given(config)
    tree = noted(from_module(build(data, where=where)), data)
    return folded(tree) if fold else tree


def noted(tree: Block, data: Mapping[str, Any]) -> Block:
    """A tree whose root says what of its config was not used."""
    notes = [tree.note] if tree.note else []
    if data.get("quantization_config"):
        notes.append("quantization_config is not applied: sizes are those before quantisation")
    if data.get("auto_map"):
        notes.append("auto_map is not followed: the model is the library's own, not that of the code it names")
    return replace(tree, note="; ".join(notes))


def build(data: Mapping[str, Any], *, where: str = "config") -> nn.Module:
    """Return the model of a config on the meta device; the work behind `from_config`."""
    with library(where), _meta(), answering(where):
        settings = settings_of(data, where)
        model: nn.Module = model_class(settings, where)._from_config(settings)
    return model


@contextlib.contextmanager
def answering(where: str) -> Iterator[None]:
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


def read_or_given(config: str | os.PathLike[str] | Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return what errors call a config, and what it says."""
    if isinstance(config, Mapping):
        return "config", dict(config)
    where = os.fspath(config)
    return where, _read(Path(where))


@contextlib.contextmanager
def library(where: str = "config") -> Iterator[Any]:
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


def settings_of(data: Mapping[str, Any], where: str) -> Any:
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
    with answering(where):
        return CONFIG_MAPPING[kind].from_dict(_of_shapes(data))


def _of_shapes(value: Any) -> Any:
    """A copy of what a config says, which the library may change, without what no shape depends on."""
    if isinstance(value, Mapping):
        return {key: _of_shapes(each) for key, each in value.items() if key not in NO_SHAPE}
    return [_of_shapes(each) for each in value] if isinstance(value, list) else value


def model_class(settings: Any, where: str) -> Any:
    """Return the class that a config object is of: its first architecture, or else its base model."""
    from transformers import MODEL_MAPPING

    names = getattr(settings, "architectures", None) or []
    names = [names] if isinstance(names, str) else names
    if names:
        if not isinstance(names, list | tuple) or not isinstance(names[0], str):
            expected = '"architectures": ["..."], a list of names of classes'
            raise BadFile(f"its architectures are {str(names)[:60]}", where=where, expected=expected)
        with answering(where):
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
    """Keep the library from the network and from logging while it builds; all is as before afterwards.

    Configs are written out for every line that might be logged, a tenth of the time of a build: they are not meanwhile.
    """
    from huggingface_hub import constants
    from transformers import PretrainedConfig
    from transformers.utils import logging as library

    logging: Any = library
    config: Any = PretrainedConfig

    verbosity, offline, written = logging.get_verbosity(), constants.HF_HUB_OFFLINE, config.__repr__
    logging.set_verbosity_error()
    constants.HF_HUB_OFFLINE = True
    config.__repr__ = object.__repr__
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.set_verbosity(verbosity)
        constants.HF_HUB_OFFLINE = offline
        config.__repr__ = written
