"""Small factories drawn at random, as source: what code does with sizes, and the layers that it makes of them."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from hypothesis import strategies as st
from torch import nn

from paramcalc.tracing.probe import probe_of
from paramcalc.tree.block import Block
from tests.forms import opaque

WIDTHS = (24, 16, 12, 32, 36, 48, 60, 64, 96)
DEPTHS = (3, 2, 4, 6, 8)
FACTORS = (2, 3, 4, 5, 8)
MULTIPLES = (8, 4, 16, 32)
LIMITS = (48, 6, 10, 20, 32, 64, 75, 100, 150)
FLOATS = (0.5, 0.25, 0.75, 1.5, 0.7, 2.66, 1.0)

# In each the simplest comes first: a failure shrinks to it. Letters stand for what is drawn: x and y for sizes or what
# was computed of them, k for a factor, m for a multiple, c for a limit, f for a float, n for a small number.
NUMBERS = (
    *("x * k", "x + k", "x * y", "x + y", "x - k", "x // k", "x // y", "x % k + 1", "abs(x - y)", "4 * x // k"),
    *(
        "int(x / k)",
        "int(x * f)",
        "int(f * x)",
        "round(x / k)",
        "round(f * x)",
        "math.floor(x / y)",
        "math.ceil(x / k)",
    ),
    *(
        "-(-x // k)",
        "(x + m - 1) // m * m",
        "x // m * m",
        "make_divisible(f * x, m)",
        "math.gcd(x, y)",
        "math.gcd(x, m)",
    ),
    *("min(x, c)", "max(x, c)", "min(x, y)", "max(x, y)", "max(x - c, k)", "max(x // k, y)"),
    *("opaque(x)", "opaque(x) * k", "opaque(x) // k", "through_json(x)", "make_divisible(f * opaque(x), m)"),
    *("TABLE.get(x, k)", "int(math.sqrt(x))", "x ** 2 // y", "(x + y) // k", "sum(range(n))"),
)
TESTS = (
    *("x > c", "x >= y", "x == y", "x != y", "x < c", "x == c", "x % k == 0", "x % k", "x % y == 0", "x > k * y"),
    *("math.gcd(x, y) > 1", "x + y > c", "x in (c, m)", "x > c and y > k", "x > c or x % k", "not x % m", "n > k"),
)
DEMANDS = (
    *("not x % k", "not x % y", "x >= y", "x <= c", "x >= k", "x != y"),
    *("not opaque(x) % k", "not opaque(x) % opaque(y)"),
)
LAYERS = (
    *("nn.Linear(x, y)", "nn.Linear(x, y, bias=False)", "nn.Embedding(c, x)", "nn.LayerNorm(x)"),
    *("nn.Conv1d(x, y, 3, groups=k)", "nn.Conv1d(x, x, 3, groups=y)", "nn.GroupNorm(k, x)", "nn.GroupNorm(y, x)"),
    *("nn.ModuleList([nn.Linear(x, k) for _ in range(n)])", "nn.Sequential(nn.Linear(x, y), nn.Linear(y, k))"),
    *("nn.ModuleList([nn.Linear(x, 5 if i % k else 7) for i in range(n)])", "pyramid([x, y, x], k)"),
    "nn.ModuleList([nn.Linear(x * 2**i, 3) for i in range(min(n, 3))])",
    "nn.ModuleList([nn.Linear(x, i + 1) for i in range(n)])",
    "nn.ModuleList([nn.Linear(x, 3) if i < k else nn.LayerNorm(y) for i in range(n)])",
    "holding(x, y)",
)
TABLE = {16: 4, 24: 6, 32: 8, 64: 16}


def make_divisible(value: float, step: int) -> int:
    """The nearest multiple, no less than one, and one more where that is a tenth too little."""
    rounded = max(step, int(value + step / 2) // step * step)
    return rounded + step if rounded < 0.9 * value else rounded


def through_json(value: int) -> int:
    """A number written and read."""
    return int(json.loads(json.dumps({"size": value}))["size"])


def pyramid(widths: Sequence[int], out: int) -> nn.Module:
    """Layers from each width to the next."""
    return nn.ModuleList(nn.Linear(a, b) for a, b in zip(widths, [*widths[1:], out], strict=True))


def holding(rows: int, columns: int) -> nn.Module:
    """A parameter and a buffer."""
    made = nn.Module()
    made.table = nn.Parameter(torch.empty(rows, columns))
    made.register_buffer("seen", torch.zeros(columns))
    return made


FUNCTIONS = (make_divisible, through_json, pyramid, holding, opaque)
LENT = {"nn": nn, "math": math, "TABLE": TABLE} | {each.__name__: each for each in FUNCTIONS}


@dataclass(frozen=True)
class Factory:
    """The source of a factory, and sizes to start from."""

    source: str
    at: dict[str, int]

    @property
    def build(self) -> Callable[..., nn.Module]:
        """The function, made anew."""
        names: dict[str, Any] = {**LENT, "__name__": "drawn"}
        exec(compile(self.source, "drawn.py", "exec"), names)
        made: Callable[..., nn.Module] = names["build"]
        return made

    @property
    def probe(self) -> Callable[[Mapping[str, int]], Block]:
        """What tells the tree of the model that it builds at a point, and raises Refused where there is none."""
        return probe_of(lambda point: self.build(**point))

    def __repr__(self) -> str:
        return f"{self.at}\n{self.source}"


@dataclass
class _Writing:
    """A factory while it is drawn: its lines, and the numbers that it knows."""

    draw: st.DrawFn
    sizes: dict[str, int]
    lines: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.numbers = list(self.sizes)
        self.layers = 0

    def filled(self, pattern: str) -> str:
        """A pattern with what is drawn in the place of its letters."""
        small = "depth" if "depth" in self.sizes else "2"
        chosen: dict[str, Any] = {"n": small}
        for letter, values in {"k": FACTORS, "m": MULTIPLES, "c": LIMITS, "f": FLOATS}.items():
            if letter in _letters(pattern):
                chosen[letter] = self.draw(st.sampled_from(values))
        for letter in "xy":
            if letter in _letters(pattern):
                left = [each for each in self.numbers if each != chosen.get("x")] or self.numbers
                chosen[letter] = self.draw(st.sampled_from(left))
        return _replaced(pattern, chosen)

    def number(self) -> None:
        """Compute one more number."""
        name = f"v{len(self.numbers)}"
        value = self.filled(self.draw(st.sampled_from(NUMBERS)))
        if self.draw(st.booleans()):
            self.lines.append(f"{name} = {value}")
        else:
            test = self.filled(self.draw(st.sampled_from(TESTS)))
            self.lines.append(f"{name} = {value} if {test} else {self.filled(self.draw(st.sampled_from(NUMBERS)))}")
        self.numbers.append(name)

    def demand(self) -> None:
        """Refuse some sizes."""
        self.lines += [f"if not ({self.filled(self.draw(st.sampled_from(DEMANDS)))}):", "    raise ValueError('sizes')"]

    def layer(self) -> None:
        """Make one more layer, or one where a test says so."""
        name = f"model.l{self.layers}"
        made = f"{name} = {self.filled(self.draw(st.sampled_from(LAYERS)))}"
        self.layers += 1
        if self.draw(st.sampled_from((False, False, False, True))):
            self.lines += [f"if {self.filled(self.draw(st.sampled_from(TESTS)))}:", f"    {made}"]
        else:
            self.lines.append(made)

    def tie(self) -> None:
        """Make two layers with one weight."""
        self.lines.append(self.filled("model.e, model.h = nn.Embedding(x, y), nn.Linear(y, x, bias=False)"))
        self.lines.append("model.h.weight = model.e.weight")


def _letters(pattern: str) -> set[str]:
    return {each for each in _words(pattern) if len(each) == 1}


def _words(pattern: str) -> list[str]:
    return re.findall(r"\w+|\W+", pattern)


def _replaced(pattern: str, chosen: dict[str, Any]) -> str:
    return "".join(str(chosen.get(word, word)) for word in _words(pattern))


@st.composite
def factories(draw: st.DrawFn) -> Factory:
    """A factory of one to three sizes, and where to start."""
    names = draw(st.sampled_from((["width"], ["width", "depth"], ["width", "other"], ["width", "other", "depth"])))
    sizes = {name: draw(st.sampled_from(DEPTHS if name == "depth" else WIDTHS)) for name in names}
    writing = _Writing(draw, sizes)
    for _ in range(draw(st.sampled_from((1, 0, 2, 3)))):
        writing.number()
    for _ in range(draw(st.sampled_from((0, 0, 1)))):
        writing.demand()
    writing.lines.append("model = nn.Module()")
    for _ in range(draw(st.sampled_from((1, 2, 3)))):
        writing.layer()
    if draw(st.sampled_from((False, False, False, True))):
        writing.tie()
    lines = [*writing.lines, "return model"]
    return Factory("\n".join([f"def build({', '.join(names)}):", *(f"    {line}" for line in lines)]), sizes)
