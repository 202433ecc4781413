"""Code that is lent to computes as ever, remembers more, and nothing of it stays."""

from __future__ import annotations

import functools
import gc
import math
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import torch
from numpy import prod
from torch import nn

import paramcalc as pc
from paramcalc.derivation.fitting.clues import Clues
from paramcalc.derivation.start import start_at
from paramcalc.sizes.parse import parse_expression
from paramcalc.sizes.symbols import substitute
from paramcalc.tracing.clues import traced
from paramcalc.tracing.integers import TracedFloat, TracedInt
from paramcalc.tracing.lending.kept import set_aside
from paramcalc.tracing.lending.lending import _TOUCHED, called

RATIO = 0.7
KEPT: list[Any] = []


def clues_of(build: Callable[..., Any], **at: Any) -> Clues:
    return traced(lambda values: called(build, values), start_at(at))


def linear(width: int) -> nn.Module:
    return nn.Linear(width, 1, bias=False)


def shape(build: Callable[..., Any], **at: Any) -> list[str]:
    """What is known of the second dimension of a weight."""
    return [str(size) for size in clues_of(build, **at).shapes["weight"][1]]


class Scaled(nn.Linear):
    """A class whose methods compute."""

    def __init__(self, width: int, ratio: float = 0.3) -> None:
        super().__init__(self.hidden(width), 1, bias=False)
        self.ratio = ratio

    def hidden(self, width: int) -> int:
        return int(0.9 * self.halved(width)) + self.one

    @staticmethod
    def halved(width: int) -> float:
        return 0.5 * width

    @property
    def one(self) -> int:
        return int(1.5)


def doubled(function: Callable[[int], int]) -> Callable[[int], int]:
    @functools.wraps(function)
    def twice(width: int) -> int:
        return 2 * function(width)

    return twice


@doubled
def decorated(width: int) -> int:
    return int(0.9 * width)


@functools.cache
def cached(width: int) -> int:
    return int(0.9 * width)


def numbers(width: int) -> Iterator[int]:
    yield int(0.9 * width)


def nested(width: int) -> nn.Module:
    class Inner(nn.Linear):
        factor = math.floor(RATIO)

        def __init__(self) -> None:
            super().__init__(next(int(each * width) for each in (0.9,)), 1, bias=False)

    return Inner()


def with_import(width: int) -> nn.Module:
    import math as m
    from math import gcd, sqrt

    return linear(gcd(width, 12) + int(sqrt(width)) + m.lcm(width, 3) + m.isqrt(width))


ROUNDED: dict[str, tuple[Callable[..., Any], str]] = {
    "a constant to the left": (lambda width: linear(int(0.9 * width)), "trunc64(0.9*width)"),
    "a constant of the module": (lambda width: linear(int(RATIO * width)), "trunc64(0.7*width)"),
    "a default": (lambda width, ratio=0.7: linear(int(ratio * width)), "trunc64(0.7*width)"),
    "a tuple of constants": (
        lambda width: linear(sum(int(x * width) for x in (0.9, 0.5))),
        "floor(width/2) + trunc64(0.9*width)",
    ),
    "a method": (Scaled, "trunc64(0.9*(0.5*width)) + 1"),
    "a decorated function": (lambda width: linear(decorated(width)), "2*trunc64(0.9*width)"),
    "a nested class": (nested, "trunc64(0.9*width)"),
    "a partial function": (
        functools.partial(lambda other, width: linear(int(0.9 * width) + other), 3),
        "trunc64(0.9*width) + 3",
    ),
    "functions that are imported inside": (with_import, "gcd(width, 12) + isqrt(width) + lcm(width, 3) + isqrt(width)"),
    "a maximum": (lambda width: linear(max(8, width // 3)), "Max(8, floor(width/3))"),
    "a minimum of a list": (lambda width: linear(min([width, 100])), "Min(100, width)"),
    "a ceiling of an int": (lambda width: linear(math.ceil(int(width) / 16)), "-floor(-width/16)"),
    "a power of two": (lambda width: linear(width << 2), "4*width"),
    "a half by a shift": (lambda width: linear(width >> 1), "floor(width/2)"),
    "a quotient with its rest": (lambda width: linear(sum(divmod(width, 5))), "-4*floor(width/5) + width"),
    "an absolute number": (lambda width: linear(abs(width - 5)), "Max(5 - width, width - 5)"),
    "a product by numpy": (lambda width: linear(int(np.prod([width, 3]))), "3*width"),
    "a product that is imported by its name": (lambda width: linear(int(prod([width, 3]))), "3*width"),
    "a root by numpy": (lambda width: linear(int(np.sqrt(width))), "isqrt(width)"),
    "a power of a half": (lambda width: linear(int(width**0.5)), "trunc64(width ** 0.5)"),
    "a float": (lambda width: linear(int(float(width) * 0.7)), "trunc64(float(width)*0.7)"),
    "a number rounded to the nearest": (lambda width: linear(round(0.7 * width)), "round64(0.7*width)"),
}


@pytest.mark.parametrize("name", ROUNDED)
def test_memory_is_kept_where_people_write_code(name: str) -> None:
    build, expected = ROUNDED[name]
    (found,) = shape(build, width=64)
    assert parse_expression(found) == parse_expression(expected)
    for width in (9, 10, 50, 90, 300):
        assert clues_at(build, found, width)


def clues_at(build: Callable[..., Any], found: str, width: int) -> bool:
    with torch.device("meta"):
        true = build(width=width).weight.shape[1]
    return bool(substitute(parse_expression(found), {pc.symbol("width"): width}) == true)


@pytest.mark.parametrize("build", [lambda width: linear(cached(width)), lambda width: linear(next(numbers(width)))])
def test_code_with_caches_and_generators_is_left_as_it_is(build: Callable[..., Any]) -> None:
    cached.cache_clear()
    tree = pc.derive(build, {"width": 64})
    assert all(type(each) is int for each in (cached(64), cached(10)))
    for width in (9, 10, 90):
        assert tree.bind(width=width).params == int(0.9 * width)


def typed(width: int) -> nn.Module:
    assert type(width) is int
    assert type(width / 2) is float
    assert isinstance(width, int | float)
    assert issubclass(type(width), int)
    assert not issubclass(float, int)
    assert int.from_bytes(b"\1", "big") == 1
    assert {int: 3}[type(width)] == 3
    assert (int | None) == (None | int)
    assert {"int": int}["int"]("7") == 7
    assert int("11", base=2) == 3
    assert float("0.5") == 0.5
    assert float.fromhex("0x1p-1") == 0.5
    assert repr(int) == "<class 'int'>"
    assert int.__name__ == "int"
    assert type("Made", (object,), {}).__name__ == "Made"

    class Number(int):
        pass

    assert Number(3) + 1 == 4
    assert Number.__mro__[1].__name__ == "int"
    match width:
        case int():
            return linear(width)
    raise AssertionError


def test_types_are_what_they_are() -> None:
    assert shape(typed, width=64) == ["width"]


def keeping(width: int) -> nn.Module:
    KEPT.append(width)
    KEPT.append({"wide": 2 * width, width: (width, [0.9 * width]), "last": None})
    model = linear(width)
    KEPT.append(model)
    return model


def plain(value: Any) -> bool:
    if isinstance(value, dict):
        return all(map(plain, [*value, *value.values()]))
    if isinstance(value, list | tuple):
        return all(map(plain, value))
    return type(value) not in (TracedInt, TracedFloat)


def test_what_code_keeps_is_plain_once_the_build_is_over() -> None:
    KEPT.clear()
    tree = pc.derive(keeping, {"width": 64})
    assert tree.params == pc.symbol("width")
    assert len(KEPT) > 20
    kept = [list(each) for each in KEPT if isinstance(each, dict)]
    assert {(each[0], each[2]) for each in kept} == {("wide", "last")}  # each key where it was
    assert all(plain(vars(each) if isinstance(each, nn.Module) else each) for each in KEPT)
    KEPT.clear()


def setting_aside(width: int) -> nn.Module:
    """Keeps numbers; meanwhile the derivation that set all there was aside ends, and another one begins."""
    KEPT.append([2 * width, [0.9 * width]])
    gc.unfreeze()
    set_aside()
    return linear(width)


def test_numbers_are_plain_that_another_derivation_set_aside() -> None:
    KEPT.clear()
    assert pc.derive(setting_aside, {"width": 64}).params == pc.symbol("width")
    assert KEPT
    assert all(map(plain, KEPT))
    KEPT.clear()


def test_nothing_stays_changed_while_others_use_the_same_code() -> None:
    """Threads that build, and look at builtins and modules, see nothing of a derivation beside them."""
    methods = dict(vars(Scaled))
    plain_math, wrong, stop = dict(vars(math)), [], threading.Event()

    def use() -> None:
        while not stop.is_set():
            model = Scaled(64)
            kinds = type(model.in_features), type(model.ratio)
            if kinds != (int, float) or dict(vars(math)) != plain_math or model.hidden(10) != 5:
                wrong.append(kinds)

    threads = [threading.Thread(target=use) for _ in range(3)]
    for each in threads:
        each.start()
    try:
        trees = []
        others = [threading.Thread(target=lambda: trees.append(pc.derive(Scaled, {"width": 64}))) for _ in range(2)]
        for each in others:
            each.start()
        for each in others:
            each.join()
    finally:
        stop.set()
        for each in threads:
            each.join()
    assert not wrong
    assert len(trees) == 2
    assert trees[0] == trees[1]
    assert dict(vars(Scaled)) == methods
    assert not _TOUCHED
    assert sys.getprofile() is None


def beside(width: int) -> nn.Module:
    """While this is built, another thread makes a model of the same class."""
    made: list[Any] = []
    thread = threading.Thread(target=lambda: made.append(Scaled(64)))
    thread.start()
    thread.join()
    KEPT.append(made[0].ratio)
    return Scaled(width)


def test_another_thread_is_not_lent_to() -> None:
    KEPT.clear()
    assert shape(beside, width=64) == ["trunc64(0.9*(0.5*width)) + 1"]
    assert [type(each) for each in KEPT] == [float, float]
    KEPT.clear()


def failing(width: int) -> nn.Module:
    Scaled(width)
    raise SystemExit(3)


def test_all_is_put_back_where_the_code_fails() -> None:
    methods = dict(vars(Scaled))
    with pytest.raises(pc.errors.InvalidValue, match="no model at the sizes given"):
        pc.derive(failing, {"width": 64})
    assert dict(vars(Scaled)) == methods
    assert not _TOUCHED


def picky(width: int) -> nn.Module:
    """Code that takes no integer but a plain one."""
    inner = int(0.7 * width)
    if width.__class__ is not int:
        raise TypeError("the width must be an int")
    return nn.Linear(inner, 1)


def test_what_was_traced_before_the_code_stops_is_known() -> None:
    assert [str(size) for size in clues_of(picky, width=90).valued(62)] == ["trunc64(0.7*width)"]


WRONG_CALLS: dict[str, Callable[[Any], object]] = {
    "max of nothing": lambda width: max(),  # type: ignore[call-overload]
    "min of nothing": lambda width: min(),  # type: ignore[call-overload]
    "max of an empty list": lambda width: max([]),
    "min of a number": lambda width: min(width),
    "max of a word and a number": lambda width: max("a", width),
    "sum of a word": lambda width: sum(["a", width]),
    "sum of a number": lambda width: sum(width),
    "int of a word": lambda width: int("wide"),
    "float of a list": lambda width: float([width]),  # type: ignore[arg-type]
    "root below zero": lambda width: math.sqrt(-width),
    "logarithm of nothing": lambda width: math.log2(width - width),
    "floor of a word": lambda width: math.floor("a"),  # type: ignore[call-overload]
    "division by nothing": lambda width: width // (width - width),
}


@pytest.mark.parametrize("name", WRONG_CALLS)
def test_a_wrong_call_is_an_error_of_the_kind_that_it_is_without_a_trace(name: str) -> None:
    call = WRONG_CALLS[name]
    seen: list[type[Exception]] = []

    def build(width: int) -> nn.Module:
        try:
            call(width)
        except Exception as error:
            seen.append(type(error))
        return linear(width)

    build(64)
    clues_of(build, width=64)
    assert len(seen) > 1
    assert set(seen) == {seen[0]}
