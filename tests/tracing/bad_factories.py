"""Factories that no closed form can be derived from, each for a reason of its own."""

from __future__ import annotations

import contextlib
import gc
import random
import sys
import time
from typing import Any

import torch
from torch import nn

calls: list[int] = []
kept = random.Random(1)
built = nn.Linear(3, 4)


class Stop(BaseException):
    """Nothing that code would expect."""


def raises(width: int) -> nn.Module:
    raise RuntimeError("no luck today\nand none tomorrow")


def exits(width: int) -> nn.Module:
    sys.exit(3)


def stops(width: int) -> nn.Module:
    raise Stop("enough")


def needs_another(width: int, depth: int) -> nn.Module:
    return nn.Linear(width, depth)


def random_sizes(width: int, depth: int) -> nn.Module:
    return nn.ModuleList(nn.Linear(width, kept.randint(1, 99)) for _ in range(depth))


def random_names(width: int) -> nn.Module:
    return nn.ModuleDict({f"head{kept.randint(0, 999)}": nn.Linear(width, 3)})


def random_structure(width: int, depth: int) -> nn.Module:
    return nn.ModuleList(kept.choice([nn.Linear, nn.RNN])(width, 3) for _ in range(9 * depth))


def counts_calls(width: int) -> nn.Module:
    calls.append(width)
    return nn.Linear(width, len(calls))


def works_once(width: int) -> nn.Module:
    calls.append(width)
    return nn.Linear(width, sum(calls) * 7919 % 101)


def text(width: int) -> Any:
    return "a model"


def nothing(width: int) -> Any:
    return None


def a_class(width: int) -> Any:
    return nn.Linear


def tensors(width: int) -> Any:
    return [torch.empty(width)]


def odd(width: int) -> nn.Module:
    return nn.Linear(width, int(str(width)[::-1]) % 97 + 1)


def doubling(depth: int) -> nn.Module:
    return nn.ModuleList(nn.Linear(2**each, 2) for each in range(depth))


def of_values(width: int) -> nn.Module:
    return nn.Linear(width, int(torch.rand(width).sum()))


def plain(width: int, height: int, bias: bool = True) -> nn.Module:
    return nn.Linear(width, height, bias)


# Far longer than any limit in the tests, so that these end even where no limit holds.
LONG = 6.0


def endless(width: int) -> nn.Module:
    start = time.monotonic()
    while time.monotonic() < start + LONG:
        pass
    return nn.Linear(width, 3)


def sleeping(width: int) -> nn.Module:
    time.sleep(LONG)
    return nn.Linear(width, 3)


def swallowing(width: int) -> nn.Module:
    start = time.monotonic()
    while time.monotonic() < start + LONG:
        with contextlib.suppress(Exception):
            time.sleep(0.01)
    return nn.Linear(width, 3)


def swallowing_once(width: int) -> nn.Module:
    with contextlib.suppress(BaseException):
        time.sleep(LONG)
    time.sleep(LONG)
    return nn.Linear(width, 3)


def collecting(width: int) -> nn.Module:
    start = time.monotonic()
    while time.monotonic() < start + LONG:
        gc.collect()
        sum(range(100_000))
    return nn.Linear(width, 3)


def unending(width: int) -> nn.Module:
    start = time.monotonic()
    layers = nn.ModuleList()
    while time.monotonic() < start + LONG:
        layers.append(nn.Linear(width, 3))
    return layers
