"""The model that a Hugging Face config describes, built on the meta device: no download, no remote code, no weight."""

from __future__ import annotations

import contextlib
import json
import os
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from paramcalc.errors import BadFile, InvalidValue, ParamcalcError, unknown_name
from paramcalc.fold import fold as folded
from paramcalc.sources.torch_module import from_module
from paramcalc.tree import Block

if TYPE_CHECKING:
    from torch import nn


def from_config(config: str | os.PathLike[str] | Mapping[str, Any], *, fold: bool = False) -> Block:
    """Return the tree of the model that a Hugging Face `config.json` describes, given by its path or as a mapping.

    The class is the first of its `architectures`, or the base model of its `model_type`. It is built by the installed
    transformers library on the meta device, so that even the largest takes next to no memory.

    >>> from_config({"model_type": "gpt2", "architectures": ["GPT2LMHeadModel"]}).params
    124439808

    Raises BadFile where the file or what it says is no config, UnknownName for a model type or an architecture that the
    library does not have, InvalidValue where the library is missing or cannot build the model.
    """
    if isinstance(config, Mapping):
        where, data = "config", dict(config)
    else:
        where = os.fspath(config)
        data = _read(Path(where))
    tree = from_module(build(data, where=where))
    if data.get("quantization_config"):
        tree = replace(tree, note="quantization_config is not applied: sizes are those before quantisation")
    return folded(tree) if fold else tree


def build(data: Mapping[str, Any], *, where: str = "config") -> nn.Module:
    """Return the model of a config on the meta device; the work behind `from_config`."""
    try:
        import transformers
    except ImportError:
        raise InvalidValue(
            "reading it needs transformers", where=where, advice="pip install 'paramcalc[huggingface]'"
        ) from None
    import torch

    with _quiet_and_offline(), torch.device("meta"):
        try:
            settings = _settings(data, where)
            model: nn.Module = _model_class(settings, where)._from_config(settings)
        except ParamcalcError:
            raise
        except Exception as error:
            reason = " ".join(str(error).split())[:200] or "no reason given"
            said = f"transformers {transformers.__version__} cannot build it: {type(error).__name__}: {reason}"
            raise InvalidValue(said, where=where) from error
    return model


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
    return CONFIG_MAPPING[kind].from_dict(dict(data))


def _model_class(settings: Any, where: str) -> Any:
    import transformers
    from transformers import MODEL_MAPPING

    names = getattr(settings, "architectures", None) or []
    if names:
        found = getattr(transformers, str(names[0]), None)
        if not hasattr(found, "_from_config"):
            known = [
                name for name in dir(transformers) if name.endswith(("Model", "LM", "Classification", "Generation"))
            ]
            raise unknown_name("architecture", str(names[0]), known, where=where)
        return found
    if type(settings) not in MODEL_MAPPING:
        raise BadFile("it names no architecture", where=where, expected='"architectures": ["..."]')
    found = MODEL_MAPPING[type(settings)]
    return found[0] if isinstance(found, tuple) else found


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
