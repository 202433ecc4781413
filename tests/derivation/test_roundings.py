"""Rounded sizes have a form, seen in the trace or guessed, or none; never a wrong one."""

from __future__ import annotations

import math

import numpy as np
import pytest
import sympy
from torch import nn

import paramcalc as pc
from paramcalc import Block, TensorSpec, symbol
from paramcalc.derivation.trees.exact_quotients import without_rounding
from paramcalc.errors import NoForm
from paramcalc.sizes.conditions import Condition
from paramcalc.sizes.symbols import floored
from paramcalc.tree.node import Argument
from tests.forms import agrees, evidence_of, opaque, says_or_refuses


def adjusted(width: int, out: int) -> nn.Module:
    """Three quarters of a width, in eighths, and one more where that takes off a tenth of it, as some widths do."""
    wanted = 0.75 * width
    rounded = max(8, int(wanted + 4) // 8 * 8)
    made = rounded + 8 if rounded < 0.9 * wanted else rounded
    return nn.ModuleList([nn.Conv2d(3, made, 3), nn.Linear(made, out)])


def test_no_odd_fraction_is_taken_for_what_rounds_some_sizes() -> None:
    tree = pc.derive(adjusted, {"width": 64, "out": 10})
    for width in range(1, 200):
        says_or_refuses(adjusted, tree, width=width, out=3)


def divisible(value: float) -> int:
    """The nearest multiple of 8, as networks for phones have it."""
    return max(8, int(value + 4) // 8 * 8)


def twice_rounded(width: int, groups: int, times: int) -> nn.Module:
    if opaque(width) % groups:
        raise ValueError("channels are grouped")
    return nn.Linear(width * times, divisible(divisible(opaque(width) * opaque(times)) * 0.25))


@pytest.mark.parametrize("width", [96, 192, 384])
def test_what_is_rounded_twice_unseen_is_never_said_wrong(width: int) -> None:
    sizes = {"width": width, "groups": 2, "times": 1}
    try:
        tree = pc.derive(twice_rounded, sizes)
    except NoForm:
        return
    for other in range(2, 3 * width, 2):
        says_or_refuses(twice_rounded, tree, **{**sizes, "width": other})


def product(a: int, b: int, c: int, d: int, e: int) -> nn.Module:
    return nn.Linear(int(np.prod([a, b, c, d, e])), a)


def test_products_that_numpy_takes() -> None:
    plain = np.prod, math.log2
    tree = pc.derive(product, {"a": 4, "b": 6, "c": 5, "d": 8, "e": 3})
    assert str(tree.params) == "a**2*b*c*d*e + a"
    assert (np.prod, math.log2) == plain
    with pytest.raises(pc.errors.InvalidValue, match="no model at the sizes given"):
        pc.derive(lambda a: 1 / 0, {"a": 4})
    assert (np.prod, math.log2) == plain


def in_eighths(width: int, heads: int, ratio: int) -> nn.Module:
    """Hidden units, a multiple of 8."""
    return nn.Linear(width, opaque(int(width * ratio / heads)) // 8 * 8)


def test_multiples_to_which_plain_numbers_are_rounded() -> None:
    tree = pc.derive(in_eighths, {"width": 96, "heads": 5, "ratio": 3})
    assert evidence_of(tree).fixed == {}
    for width in (32, 60, 101):
        says_or_refuses(in_eighths, tree, width=width, heads=7, ratio=5)
    assert agrees(in_eighths, tree, width=104, heads=3, ratio=4)


def test_quotients_inside_of_maxima_stay_rounded() -> None:
    a, b = symbol("a"), symbol("b")
    inside = floored(a, b)
    size = sympy.Max(inside, 1) + inside
    tree = Block(own=(TensorSpec("weight", (size,)),))
    whole = without_rounding(tree, [Condition(a, "divisible by", b)])
    assert str(whole.params) == "a/b + Max(1, floor(a/b))"


def test_quotients_in_titles_are_whole_where_those_of_tensors_are() -> None:
    a, b = symbol("a"), symbol("b")
    shape = (floored(a, 8), (floored(b, 3), 4))
    tree = Block(
        "", "Kind", (TensorSpec("weight", (floored(a, 8),)),), args=(Argument("", shape), Argument("to", floored(a, 8)))
    )
    whole = without_rounding(tree, [Condition(a, "divisible by", 8)])
    assert (str(whole.params), whole.title) == ("a/8", "Kind((a/8, (floor(b/3), 4)), to=a/8)")


def test_rounding_is_found() -> None:
    def build(width: int) -> nn.Module:
        return nn.Linear(int(width * 8 / 3), 64 * ((width + 63) // 64), bias=False)

    found = pc.derive(build, {"width": 96})
    for width in (7, 64, 65, 1000):
        assert found.bind(width=width).params == int(width * 8 / 3) * 64 * ((width + 63) // 64)


def quarter(width: int, heads: int) -> nn.Module:
    """Sizes rounded to the nearest number, and to the even one of two that are as near."""
    return nn.ModuleList(
        [nn.Linear(width, round(width / 4)), nn.Linear(round(width / heads), 8 * round(width * 0.7 / 8))]
    )


def test_numbers_are_rounded_to_the_nearest_as_python_does() -> None:
    tree = pc.derive(quarter, {"width": 64, "heads": 3})
    assert tree.preconditions == ()
    assert evidence_of(tree).builds < 40
    for width in range(6, 50):
        for heads in (1, 2, 3, 4, 10):
            assert agrees(quarter, tree, width=width, heads=heads)


def test_quotients_that_are_whole_are_not_rounded_to_the_nearest() -> None:
    def build(width: int, heads: int) -> nn.Module:
        assert opaque(width) % (4 * opaque(heads)) == 0
        return nn.Linear(round(width / heads), round(width / (4 * heads)))

    tree = pc.derive(build, {"width": 96, "heads": 4})
    h, w = pc.symbol("heads"), pc.symbol("width")
    assert next(tree.tensors())[1].shape[1] == w / h
    assert agrees(build, tree, width=160, heads=5)
    assert agrees(build, tree, width=60, heads=3)
