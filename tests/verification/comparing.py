"""Models that share modules, and what a comparison finds, in few words."""

from __future__ import annotations

from typing import Any

from torch import nn

import paramcalc as pc
from paramcalc.tree.block import Block


def found(a: Block, b: Block | nn.Module, **options: Any) -> list[tuple[str, str]]:
    return [(each.what, each.name) for each in pc.verify(a, b, **options).differences]


def shared_models() -> list[nn.Module]:
    a, b, c = (nn.Linear(2, 2) for _ in range(3))
    act = nn.ReLU()
    tied = nn.ModuleDict({name: nn.Linear(2, 2) for name in "abc"})
    for name in ("weight", "bias"):
        setattr(tied["c"], name, getattr(tied["b"], name))
    dicts: list[dict[str, nn.Module]] = [
        {"a": a, "b": b, "c": a},
        {"a": a, "b": b, "c": b},
        {"a": a, "b": a, "c": b},
        {"a": a, "b": b, "c": c},
        {"a": a, "b": b},
        {"a": a, "b": b, "c": b, "act": act, "act2": act},
        {"c": b, "b": b, "a": a},
        {"a": nn.Sequential(a, b), "b": nn.Sequential(b, a)},
        {"a": nn.Sequential(a, b), "b": nn.Sequential(a, b)},
    ]
    lists: list[list[nn.Module]] = [[a] * 6, [a] * 3, [a, b] * 3, [nn.Sequential(a, b)] * 3]
    return [tied, *(nn.ModuleDict(each) for each in dicts), *(nn.ModuleList(each) for each in lists)]
