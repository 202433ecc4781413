"""The model that a Hugging Face config describes, built on the meta device: no download, no remote code, no weight."""

from __future__ import annotations

import contextlib
import json
import os
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from paramcalc.domain import SMALL
from paramcalc.errors import BadFile, InvalidValue, ParamcalcError, unknown_name
from paramcalc.probing import Limits, Report
from paramcalc.sources.config_fields import at_path, chosen, fields, places, watched, with_fields
from paramcalc.sources.deadline import within
from paramcalc.sources.derivation import building, completing, layout_of, proven
from paramcalc.sources.torch_module import from_module
from paramcalc.tree.block import Block
from paramcalc.tree.fold import fold as folded

if TYPE_CHECKING:
    from torch import nn

# Which code computes with the weights: no shape depends on it, and it may ask for packages and downloads.
NO_SHAPE = {f"{start}{name}" for name in ("attn_implementation", "experts_implementation") for start in ("", "_")}
NO_SHAPE |= {"_attn_implementation_internal", "_experts_implementation_internal", "use_kernels"}

READ = 4  # models that were predicted, of which it is seen which other fields they read


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
    entry of a list by its number (`depths_0`); in `vary` the name of the list stands for all its entries.

    >>> small = {"model_type": "gpt2", "n_embd": 64, "n_head": 4, "n_layer": 2, "vocab_size": 1000, "n_positions": 128}
    >>> tree = derive_config(small, vary=["n_embd", "n_layer"])
    >>> print(tree.params)
    12*n_embd**2*n_layer + 13*n_embd*n_layer + 1130*n_embd

    Raises what `from_config` and `derive` raise.
    """
    where, data = _read_or_given(config)
    with library(where), within((limits or Limits()).seconds):
        settings = _settings(data, where)
        data = _started(data, at or {}, settings, where)
        known = _whole(_settings(data, where), data)
        names = vary if vary is None or isinstance(vary, str) else [_own_name(name, settings) for name in vary]
        wanted = None if names is None else chosen(names, known, "field", where=where)
        models = Family(data, wanted or (), where)
        while True:
            kept = models.layout() if wanted is None else {}
            start = {name: value for name, value in models.start.items() if name not in kept}
            with completing(layout=kept) as completed:
                tree = completed(proven(models.build, start, wanted, limits=limits, report=report))
            elsewhere = models.unread(tree) if wanted is None else []
            if not elsewhere:
                return _noted(tree, data)
            models = Family(data, [*models.wanted, *elsewhere], where)


def _own_name(name: str, settings: Any) -> str:
    """The name under which a config keeps a field that has another one too."""
    aliases: Mapping[str, str] = settings.attribute_map
    return aliases.get(name, name)


def _started(data: Mapping[str, Any], at: Mapping[str, Any], settings: Any, where: str) -> dict[str, Any]:
    """A config with other values to start from, all fields under the names that the library keeps them by."""
    own = {_own_name(name, settings): value for name, value in data.items()}
    whole = {**_whole(settings, data), **own}
    known = places(whole)
    paths: dict[Any, Any] = {}
    for name, value in at.items():
        path = known.get(_own_name(name, settings), (name,))
        if path == (name,) and name not in known and not hasattr(settings, name):
            raise unknown_name("field", name, known, where=where)
        paths[path] = value
    return with_fields({**{path[0]: whole[path[0]] for path in paths if len(path) > 1}, **own}, paths)


class Family:
    """The models of a config with other sizes: the integer fields that are read to build it, and those wanted."""

    def __init__(self, data: Mapping[str, Any], wanted: Sequence[str] = (), where: str = "config") -> None:
        settings = _settings(data, where)
        self.wanted, self.where = wanted, where
        self.whole = _whole(settings, data)
        self.kind = _model_class(settings, where)
        known = fields(self.whole)
        with _answering(where):
            read = _read_by(self.kind, settings, known)
        self.used = {name: path for name, path in known.items() if name in read or name in wanted}
        self.base = _base(data, self.whole, self.used, where)

    @property
    def start(self) -> dict[str, Any]:
        """The sizes of the config itself."""
        return {name: at_path(self.whole, path) for name, path in self.used.items()}

    def build(self, values: Mapping[str, Any]) -> nn.Module:
        """Return the model with some sizes, the others as in the config."""
        return self._model({self.used[name]: value for name, value in values.items()})

    def layout(self) -> dict[str, int]:
        """The integers that only lay out the model."""
        return layout_of(self._model, self.whole, self.used)

    def unread(self, tree: Block) -> list[str]:
        """The fields that are read at sizes for which a tree was proven, though not at those of the config."""
        known = {name: path for name, path in fields(self.whole).items() if name not in self.used}
        found: set[str] = set()
        points = tree.evidence.predicted if tree.evidence and known else ()
        layers = [name for name, value in self.start.items() if value <= SMALL]  # and what else is as small
        for point in sorted(points, key=lambda point: sum(point.get(name, 0) for name in layers))[:READ]:
            with contextlib.suppress(Exception):  # sizes that follow from others may not be those that they must be
                changes = {self.used[name]: value for name, value in point.items()}
                found |= _read_by(self.kind, _settings(with_fields(self.base, changes), self.where), known)
        return [name for name in known if name in found]

    def _model(self, changes: Mapping[Any, Any]) -> nn.Module:
        model: nn.Module = self.kind._from_config(_settings(with_fields(self.base, changes), self.where))
        return model


def _whole(settings: Any, data: Mapping[str, Any]) -> dict[str, Any]:
    """All that a config says, what it leaves to the library included."""
    return {**settings.to_dict(), "model_type": data["model_type"]}


def _base(data: Mapping[str, Any], whole: Mapping[str, Any], used: Mapping[str, Any], where: str) -> dict[str, Any]:
    """The config as given, with the nested parts that hold fields to vary, and without what follows from the others.

    A list of the kinds of layers is as long as there are layers: given or not, it is left to the library where the
    library makes the same.
    """
    base = {**data, **{path[0]: whole[path[0]] for path in used.values() if len(path) > 1 and path[0] not in data}}
    settings = _settings(base, where).to_dict()
    varied = {path[:length] for path in used.values() for length in range(len(path) + 1)}
    for path in [path for path in _parts(base) if path not in varied]:
        without = _without(base, path)
        with contextlib.suppress(ParamcalcError):
            if _settings(without, where).to_dict() == settings:
                base = without
    return base


def _parts(config: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    """The paths of the lists and mappings of a config, and of those in its nested configs."""
    for key, value in config.items():
        if isinstance(value, list | Mapping):
            yield (key,)
        if isinstance(value, Mapping):
            yield from ((key, name) for name, inner in value.items() if isinstance(inner, list | Mapping))


def _without(config: Mapping[str, Any], path: tuple[str, ...]) -> dict[str, Any]:
    first, *rest = path
    if not rest or first not in config:
        return {key: value for key, value in config.items() if key != first}
    return {**config, first: _without(config[first], tuple(rest))}


def _read_by(kind: Any, settings: Any, known: Mapping[str, Any]) -> set[str]:
    """The names of those of some fields that a model reads while it is built."""
    read: set[tuple[str, ...]] = set()
    watched(settings, read)
    with building():
        kind._from_config(settings)
    return {name for name, path in known.items() if tuple(each for each in path if isinstance(each, str)) in read}


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
    with library(where), _meta(), _answering(where):
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
