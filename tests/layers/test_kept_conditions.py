"""A size that could be too small keeps its condition, whichever argument of whichever layer it is."""

from __future__ import annotations

import pytest

from paramcalc.layers import CATALOGUE
from paramcalc.sizes.symbols import symbol
from tests.layers.test_refused import size_arguments

SIZE = symbol("size") - 3
SEVERAL = {
    ("AdaptiveLogSoftmaxWithLoss", "cutoffs"),
    ("ParameterList", "values"),
    ("LinearCrossEntropyLoss", "out_features"),
}
SIZES = [(name, each) for name in CATALOGUE for each in size_arguments(name)]


# What groups divide must be 1 or more for all symbols, not under a condition.
@pytest.mark.parametrize(("name", "argument"), [each for each in SIZES if each[1] != "groups"])
def test_every_size_of_a_layer_is_1_or_more(name: str, argument: str) -> None:
    value = {"weight": SIZE} if argument == "parameters" else (SIZE,) if (name, argument) in SEVERAL else SIZE
    block = CATALOGUE[name].block(**{argument: value})
    conditions = {str(each) for _, part in block.walk() for each in part.conditions}
    assert "size - 3 >= 1" in conditions
    assert "size - 3 >= 1" in {str(each) for each in block.preconditions}
