"""What torch refuses of some sizes only is a condition of symbolic ones."""

from __future__ import annotations

import re

import pytest

from paramcalc.errors import PreconditionFailed
from paramcalc.sizes.symbols import symbol
from paramcalc.testing.case import Case
from tests.layers.classes import CONVOLUTIONS, LAYERS, of_class

b, c, d, g, h, n = map(symbol, "bcdghn")
Sizes = dict[str, int]
Condition = tuple[Case, str, Sizes, str, Sizes]


def condition(
    classes: str, args: tuple[object, ...], text: str, bad: Sizes, message: str, good: Sizes, **kwargs: object
) -> list[Condition]:
    """A row for each of the classes: a call, its condition, sizes that break it, the message, good sizes."""
    return [(Case(name, args, kwargs), text, bad, message, good) for name in classes.split()]


CONDITIONS: list[Condition] = [
    *condition("MultiheadAttention", (d, h), "d divisible by h", {"d": 10, "h": 3}, "10 is not", {"d": 9, "h": 3}),
    *condition("MultiheadAttention", (d, 4), "d divisible by 4", {"d": 6}, "6 is not divisible by 4", {"d": 8}),
    *condition("MultiheadAttention", (6, h), "6 divisible by h", {"h": 4}, "6 is not divisible by 4", {"h": 6}),
    *condition("MultiheadAttention", (d, 1), "d**2 - 16*d + 64 >= 1", {"d": 8}, "torch packs", {"d": 9}, kdim=8),
    *condition(LAYERS, (d, 8), "d divisible by 8", {"d": 9}, "9 is not divisible by 8", {"d": 16}),
    *condition("Transformer", (16, h), "16 divisible by h", {"h": 5}, "16 is not divisible by 5", {"h": 16}),
    *condition(CONVOLUTIONS, (c, 6, 3), "c divisible by g", {"c": 4, "g": 3}, "4 is not", {"c": 9, "g": 3}, groups=g),
    *condition(CONVOLUTIONS, (6, d, 3), "d divisible by g", {"d": 4, "g": 3}, "4 is not", {"d": 9, "g": 3}, groups=g),
    *condition("GroupNorm", (g, c), "c divisible by g", {"c": 5, "g": 2}, "5 is not divisible", {"c": 6, "g": 2}),
    *condition("LSTM", (3, h), "h > d", {"h": 4, "d": 4}, "4 is not greater than 4", {"h": 5, "d": 4}, proj_size=d),
    *condition("LSTM", (3, h), "h > 2", {"h": 2}, "2 is not greater than 2", {"h": 3}, proj_size=2),
    *condition("Embedding EmbeddingBag", (n, 4), "n >= 6", {"n": 5}, "5 is not at least 6", {"n": 6}, padding_idx=5),
    *condition("Embedding EmbeddingBag", (n, 4), "n >= 5", {"n": 4}, "4 is not at least 5", {"n": 5}, padding_idx=-5),
    *condition("AdaptiveLogSoftmaxWithLoss", (8, n, [3]), "n > 3", {"n": 3}, "3 is not greater than 3", {"n": 4}),
    *condition("AdaptiveLogSoftmaxWithLoss", (8, 9, [b, c]), "c > b", {"b": 5, "c": 5}, "5 is not", {"b": 5, "c": 6}),
    *condition("Linear", (h - 3, 4), "h - 3 >= 1", {"h": 3}, "0 is not at least 1", {"h": 4}),
    *condition("Sequential", (Case("GroupNorm", (2, c)),), "c divisible by 2", {"c": 5}, "5 is not", {"c": 6}),
]


@pytest.mark.parametrize(("case", "text", "bad", "message", "good"), CONDITIONS, ids=of_class)
def test_a_symbolic_size_keeps_its_condition(case: Case, text: str, bad: Sizes, message: str, good: Sizes) -> None:
    block = case.block
    assert text in [str(each) for each in block.preconditions]
    with pytest.raises(PreconditionFailed, match=re.escape(message)):
        block.bind(**bad)
    bound = block.bind(**good)
    assert bound.preconditions == ()
    assert isinstance(bound.params, int)


def test_a_condition_half_bound_is_kept() -> None:
    block = Case("MultiheadAttention", (d, h)).block.bind(d=12)
    assert [str(each) for each in block.preconditions] == ["12 divisible by h"]
    with pytest.raises(PreconditionFailed, match="12 is not divisible by 5"):
        block.bind(h=5)
