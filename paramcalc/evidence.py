"""Why a derived tree is to be believed: what was built, what was predicted, where it holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from paramcalc.symbols import Size


@dataclass(frozen=True)
class Evidence:
    """What a derivation rests on.

    The tree was fitted at the points `built`, and predicted every tensor at the points `predicted`, none of which it
    had seen. At those `refused` no model exists, or another one, with the reason given. `fixed` sizes were not varied,
    those in `follows` were given by them, those in `no_effect` were varied and change no tensor. `builds` is
    the number of models built in all.
    """

    built: tuple[Mapping[str, int], ...]
    predicted: tuple[Mapping[str, int], ...]
    refused: tuple[tuple[Mapping[str, int], str], ...]
    fixed: Mapping[str, object] = field(default_factory=dict)
    follows: Mapping[str, Size] = field(default_factory=dict)
    no_effect: tuple[str, ...] = ()
    builds: int = 0
