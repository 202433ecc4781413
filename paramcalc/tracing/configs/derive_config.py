"""The closed form of the models that a Hugging Face config describes, in its integer fields."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from paramcalc.derivation.models.prober import Limits, Report, Spent
from paramcalc.errors import unknown_name
from paramcalc.sources.modules.config import library, noted, read_or_given, settings_of
from paramcalc.tracing.configs.family import Family
from paramcalc.tracing.configs.made import whole_of, without_made
from paramcalc.tracing.deadline import within
from paramcalc.tracing.derive import proven
from paramcalc.tracing.fields import chosen, places, with_fields
from paramcalc.tree.block import Block

PART = 0.25  # of the time, in which sizes that say which layers are of another kind must have found a form


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
    where, data = read_or_given(config)
    with library(where), within((limits or Limits()).seconds):
        settings = settings_of(data, where)
        data = _started(data, at or {}, settings, where)
        known = whole_of(settings_of(data, where), data, where)
        names = vary if vary is None or isinstance(vary, str) else [_own_name(name, settings) for name in vary]
        wanted = None if names is None else chosen(names, known, "field", where=where)
        models = Family(data, wanted or (), where)
        while True:
            tree = _form(models, wanted, limits or Limits(), report)
            elsewhere = models.unread(tree) if wanted is None else []
            if not elsewhere:
                return noted(replace(tree, note="; ".join(models.remarks(tree.symbols))), data)
            models = Family(data, [*models.wanted, *elsewhere], where)


def _form(models: Family, wanted: Sequence[str] | None, limits: Limits, report: Report | None) -> Block:
    """The closed form of the models of a config.

    Sizes that say which layers are of another kind may have none, and that may take long to see: then they are held.
    """
    if wanted is None and models.turns:
        with contextlib.suppress(Spent), within(PART * limits.seconds):
            return proven(models.build, models.start(None), limits=limits, report=report)
    hold = models.turns if wanted is None else ()
    return proven(models.build, models.start(wanted, hold), limits=limits, report=report)


def _own_name(name: str, settings: Any) -> str:
    """The name under which a config keeps a field that has another one too."""
    aliases: Mapping[str, str] = settings.attribute_map
    return aliases.get(name, name)


def _started(data: Mapping[str, Any], at: Mapping[str, Any], settings: Any, where: str) -> dict[str, Any]:
    """A config with other values to start from, all fields under the names that the library keeps them by."""
    own = {_own_name(name, settings): value for name, value in data.items()}
    if at:
        own = without_made(own, own, (), (), where)
    whole = {**whole_of(settings, data, where), **own}
    known = places(whole)
    paths: dict[Any, Any] = {}
    for name, value in at.items():
        path = known.get(_own_name(name, settings), (name,))
        if path == (name,) and name not in known and not hasattr(settings, name):
            raise unknown_name("field", name, known, where=where)
        paths[path] = value
    return with_fields({**{path[0]: whole[path[0]] for path in paths if len(path) > 1}, **own}, paths)
