"""The parts of a form: the same part of several layers is one."""

from __future__ import annotations

from dataclasses import replace

import pytest

import paramcalc as pc
from benchmarks.atlas import parts
from paramcalc.tree.block import Block


def test_the_same_part_of_layers_of_two_kinds_is_one_part(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "SHORT", 1)
    d, f, n, m = map(pc.symbol, "dfnm")
    sizes = {"a": d, "b": f, "c": 1}
    attention, dense, sparse = (replace(pc.layers.Linear(d, size), name=name) for name, size in sizes.items())
    layers = [
        Block("{}", children=(attention, dense), repeat=n),
        Block("{}", children=(attention, sparse), repeat=m, first=n),
    ]
    assert parts.parts(Block("model", children=tuple(layers))) == [
        {"path": "[0..m + n - 1].a", "times": "m + n", "each": "d**2 + d"},
        {"path": "[0..n - 1].b", "times": "n", "each": "d*f + f"},
        {"path": "[n..m + n - 1].c", "times": "m", "each": "d + 1"},
    ]


def test_the_same_part_of_several_layers_is_one_part(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "SHORT", 1)
    d, n = pc.symbol("d"), pc.symbol("n")
    widths = {"in": n, "0": d, "1": n, "2": d, "3": d, "head7": n}
    layers = tuple(pc.layers.Linear(d, width).named(name) for name, width in widths.items())
    assert parts.parts(Block("model", children=layers)) == [
        {"path": "in", "times": "1", "each": "d*n + n"},
        {"path": "[0, 2..3]", "times": "3", "each": "d**2 + d"},
        {"path": "1", "times": "1", "each": "d*n + n"},
        {"path": "head7", "times": "1", "each": "d*n + n"},
    ]
