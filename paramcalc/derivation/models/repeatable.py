"""Whether the same sizes always build the same model: what depends on more than sizes has no form in them."""

from __future__ import annotations

from paramcalc.derivation.models.prediction import contents
from paramcalc.derivation.models.prober import Prober, Refusal
from paramcalc.errors import InvalidValue
from paramcalc.sizes.point import Point
from paramcalc.tree.block import Block

AGAIN = 4  # times that the base is built once more, where a form is hard to find


def check_repeatable(prober: Prober, base: Point, first: Block) -> None:
    """Build at the base a few times more.

    Raises InvalidValue where another model is built than the first, naming what differs.
    """
    for _ in range(AGAIN):
        again = prober.at(base, "the base once more", anew=True)
        change = f"then none: {again}" if isinstance(again, Refusal) else _change(first, again)
        if change:
            raise InvalidValue(
                f"the same sizes do not always build the same model: {change}",
                where="derive",
                expected="code that depends on its arguments alone",
                advice="let it draw nothing at random, and keep nothing from one call to the next",
            )


def _change(first: Block, again: Block) -> str:
    """What is different in two models, as a tensor with both its shapes; an empty text where nothing is."""
    (before, shared), (after, shared_again) = contents(first), contents(again)
    for name in [*before, *after]:
        if before.get(name) != after.get(name):
            told = [tensors.get(name, ("not there",)) for tensors in (before, after)]
            shown = [each[0] for each in told] if told[0][0] != told[1][0] else told
            return f"{name} is {shown[0]}, then {shown[1]}"
    return "" if shared == shared_again else "other modules are shared"
