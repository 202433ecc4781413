"""Small trees that hold one of each thing that a table shows."""

from __future__ import annotations

import paramcalc as pc
from paramcalc import Block, TensorSpec, symbol
from paramcalc.sizes.conditions import Condition

D, N = symbol("d"), symbol("n")

LAYER = pc.compose("Layer", {"fc": pc.layers.Linear(4, 4), "act": pc.layers.Identity()}, label="A layer")

# Parameters and a buffer of the root, copies of a labelled layer, a tied and a frozen tensor, packed and empty modules.
NUMBERS = Block(
    "",
    "Net",
    (TensorSpec("scale", (3,)), TensorSpec("mask", (2, 2), "buffer")),
    (
        pc.layers.Embedding(10, 4).named("wte"),
        Block("h", "ModuleList", children=(pc.repeated(LAYER, 3),), label="Layers"),
        pc.layers.BatchNorm1d(4).named("bn"),
        Block(
            "head",
            "Linear",
            (TensorSpec("weight", (10, 4), tied_to="..wte.weight"), TensorSpec("bias", (10,), "frozen")),
        ),
        Block("act", "ReLU"),
        Block("q", "Packed", (TensorSpec("w", (2, 3), "packed", "int8"),)),
    ),
    label="A net",
    note="a remark",
)

# Sizes that are symbols, in each role, for numbers of copies that are symbols, too.
SYMBOLS = Block(
    "",
    "Net",
    (
        TensorSpec("f", (N, 2), "frozen"),
        TensorSpec("half", (2, N - 1, 1), dtype="float16"),
        TensorSpec("b", (D,), "buffer"),
        TensorSpec("p", (N,), "packed", "int8"),
    ),
    (
        pc.repeated(pc.layers.Linear(D, 4), N),
        Block("acts", children=(pc.repeated(pc.layers.Identity(), N + 1),)),
        Block("qs", "Norms", children=(Block("{}", "Norm", (TensorSpec("w", (D,)),), repeat=N + 1),)),
    ),
    conditions=(Condition(D, "divisible by", 4), Condition(N, ">=", 2)),
)
