"""Why a derived tree is to be believed: what was built, what was predicted, where it holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import isfinite

from paramcalc.sizes.symbols import Size


@dataclass(frozen=True)
class Evidence:
    """What a derivation rests on.

    The tree was fitted at the points `built`, and predicted every tensor at the points `predicted`, none of which it
    had seen. At those `refused` no model exists, or another one, with the reason given. `fixed` sizes were not varied,
    those among them in `only` because the code refused all other values. What `layout` holds stayed as it is, too: how
    many entries lists have, and where layers of another kind stand, by which the count does not change. Those in
    `follows` were given by other sizes, those in `no_effect` were varied and change no tensor. Where the tree is a part
    of the model, for which alone there is a form, `left_out` has the places of the rest; which sizes have no effect is
    unknown then. What was asked of the predicted points and is so at none, though no condition by itself rules it out,
    is `unmet`: a size far above those that were fitted, two that are equal. While a build was traced, the functions
    `untraced` were run as they are, though sizes were given to them; and what is `lost` are sizes that became plain
    numbers, with the call and the code where they did so: what depends on these was fitted. `builds` is the number of
    models built in all. A value that is no number and no word is kept as text.
    """

    built: tuple[Mapping[str, int], ...]
    predicted: tuple[Mapping[str, int], ...]
    refused: tuple[tuple[Mapping[str, int], str], ...]
    fixed: Mapping[str, object] = field(default_factory=dict)
    only: tuple[str, ...] = ()
    layout: Mapping[str, int] = field(default_factory=dict)
    follows: Mapping[str, Size] = field(default_factory=dict)
    no_effect: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    unmet: tuple[str, ...] = ()
    untraced: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    builds: int = 0


def as_kept(value: object) -> object:
    """Return a value as evidence keeps it: numbers and words as they are, anything else as text.

    >>> as_kept(0.1), as_kept(("relu", 2)), as_kept(print)
    (0.1, "('relu', 2)", 'print')
    """
    if value is None or type(value) in (bool, int, str) or (type(value) is float and isfinite(value)):
        return value
    return getattr(value, "__qualname__", None) or " ".join(repr(value).split())[:200]
