"""Code that loses the memory of sizes, or is left as it is, and code that does neither."""

from __future__ import annotations

import argparse
import ast
import collections
import copy
import dataclasses
import functools
import io
import json
import logging
import math
import pickle
import types
import warnings
from collections.abc import Callable, Iterator
from fractions import Fraction
from math import log as logarithm
from typing import Any

import numpy as np
import torch
from torch import nn

LOG = logging.getLogger(__name__)
COUNTED = 0


def linear(width: int) -> nn.Module:
    return nn.Linear(width, 3)


def by_json(width: int) -> nn.Module:
    return linear(json.loads(json.dumps({"sizes": [width]}))["sizes"][0])


def by_a_file(width: int) -> nn.Module:
    file = io.StringIO()
    json.dump([width], file)
    file.seek(0)
    return linear(json.load(file)[0])


def by_arguments(width: int) -> nn.Module:
    parser = argparse.ArgumentParser()
    parser.add_argument("--width", type=int)
    return linear(parser.parse_args(["--width", f"{width:03d}"]).width)


def by_text(width: int) -> nn.Module:
    return linear(int(str(width)))


def by_a_literal(width: int) -> nn.Module:
    return linear(ast.literal_eval(repr(width)))


def by_pickle(width: int) -> nn.Module:
    return linear(pickle.loads(pickle.dumps(width)))


def by_a_fraction(width: int) -> nn.Module:
    return linear(int(Fraction(width, 3)))


def by_bits(width: int) -> nn.Module:
    return linear(1 << (width - 1).bit_length())


def by_a_mask(width: int) -> nn.Module:
    return linear(2 + (width & 6))


def by_places(width: int) -> nn.Module:
    return linear(1 << width // 16)


def by_digits(width: int) -> nn.Module:
    return linear(int(round(width / 3, 1)))


def by_a_logarithm(width: int) -> nn.Module:
    return linear(1 + int(math.log(width)))


def by_one_that_is_imported(width: int) -> nn.Module:
    return linear(1 + int(logarithm(width, 3)))


def by_an_array(width: int) -> nn.Module:
    return linear(int(np.array([width, 4])[0]))


def by_sums(width: int) -> nn.Module:
    return linear(int(np.cumsum([width, 4])[1]))


LOSING: dict[Callable[..., Any], str] = {
    by_json: "json.loads",
    by_a_file: "json.load",
    by_arguments: "argparse.ArgumentParser.parse_args",
    by_text: "int",
    by_a_literal: "ast.literal_eval",
    by_pickle: "pickle",
    by_a_fraction: "fractions.Fraction",
    by_bits: "int.bit_length",
    by_a_mask: "int.__and__",
    by_places: "int.__rlshift__",
    by_digits: "round",
    by_a_logarithm: "math.log",
    by_one_that_is_imported: "math.log",
    by_an_array: "numpy.array",
    by_sums: "numpy.cumsum",
}


@functools.cache
def cached(width: int) -> int:
    return int(0.9 * width)


def numbers(width: int) -> Iterator[int]:
    yield int(0.9 * width)


def counting(width: int) -> int:
    global COUNTED
    COUNTED += 1
    return int(0.9 * width)


def remembering(width: int) -> None:
    global COUNTED
    COUNTED = int(0.9 * width)


def listed(width: int) -> nn.Module:
    return linear(helper(width))


def helper(width: int) -> int:
    return int(0.9 * width)


with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it is deprecated, and there
    scripted = torch.jit.script(helper)
TABLE = {"listed": listed}
MANY = [
    types.FunctionType(helper.__code__.replace(co_qualname=f"helper_{number:02}"), globals()) for number in range(30)
]


class Wide(nn.Module):
    """A class whose methods find sizes at their object."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.width = width
        self.layers = nn.ModuleList(linear(each) for each in self.widths())
        self.last = linear(self.part)

    def widths(self) -> Iterator[int]:
        yield int(0.9 * self.width)

    @functools.cached_property
    def part(self) -> int:
        return int(0.7 * self.width)


def remembered(width: int) -> nn.Module:
    remembering(width)
    return linear(COUNTED)


LEFT: dict[str, tuple[Callable[..., Any], list[str]]] = {
    "a cache": (lambda width: linear(cached(width)), ["cached"]),
    "a cache that is mapped": (lambda width: linear(*map(cached, [width])), ["cached"]),
    "a generator": (lambda width: linear(next(numbers(width))), ["numbers"]),
    "one that writes to its module": (lambda width: linear(counting(width)), ["counting"]),
    "one that does nothing else": (remembered, ["remembering"]),
    "one in a table, and none that it calls": (lambda width: TABLE["listed"](width), ["listed"]),
    "scripted": (lambda width: linear(scripted(width)), ["helper"]),
    "methods": (Wide, ["Wide.part", "Wide.widths"]),
}


def many(width: int) -> nn.Module:
    return nn.ModuleList(linear(each(width)) for each in MANY)


@dataclasses.dataclass
class Settings:
    """Settings with a size."""

    width: int


class Doubtful:
    """What can be asked nothing."""

    def __getattribute__(self, name: str) -> Any:
        raise ValueError(name)


def checked(width: int) -> None:
    if width < 1:
        raise ValueError(f"{width} is no width")


def is_wide(width: int) -> bool:
    return width > 10


CHECKS = [checked, is_wide]


@functools.cache
def is_fast() -> int:
    return 3


def harmless(width: int) -> nn.Module:
    """Sizes are written into messages, copied, checked, and given to what keeps them."""
    LOG.debug("width %s", width)
    LOG.debug(f"width {width}, {json.dumps({'width': width})}")
    settings = dataclasses.replace(copy.deepcopy(Settings(width)), width=width)
    kind: Any = collections.namedtuple("kind", "width")
    named = kind(settings.width)
    for check in CHECKS:
        check(named.width)
    rates = torch.linspace(0, 0.1, width, device="cpu").tolist()
    steps = json.loads("[1, 2, 63]")
    collections.ChainMap({"doubtful": Doubtful()}).get("doubtful", width)
    steps += [*map(len, copy.deepcopy(["width", [[64]]])), *copy.deepcopy([width])]
    steps += [collections.Counter(a=60, b=4).total(), *copy.deepcopy([64, "width"])[:1]]
    frequency = math.log(10_000) / is_fast() + int("65") + math.exp(0.5) + (5).bit_length()
    layers = [nn.Linear(width, 3) for _ in range(min(2, len(rates), steps[1]))]
    model = nn.Sequential(*layers)
    model.frequency = frequency  # type: ignore[assignment]
    return model
