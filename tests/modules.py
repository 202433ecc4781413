"""Random torch modules on the meta device: nested, with what counters get wrong (ties, sharing, raw parameters)."""

from __future__ import annotations

import warnings
from typing import Any

import torch
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from torch import nn

from tests.strategies import STRATEGIES, cases

NAMES = st.sampled_from(["a", "b", "weight", "block", "0", "1", "2"])
DTYPES = st.sampled_from([torch.float32, torch.float32, torch.bfloat16, torch.float64, torch.complex64])
SHAPES = st.lists(st.integers(0, 5), max_size=3)


class Pool:
    """What stands in a model so far, to be used again elsewhere."""

    def __init__(self) -> None:
        self.modules: list[nn.Module] = []
        self.parameters: list[nn.Parameter] = []
        self.buffers: list[torch.Tensor] = []


class Node(nn.Module):
    """A module with parameters, buffers and children of its own, any of which may be None."""


def _parameter(draw: st.DrawFn, pool: Pool) -> nn.Parameter | None:
    kind = draw(st.sampled_from(["new", "new", "tied", "none"]))
    if kind == "none":
        return None
    if kind == "tied" and pool.parameters:
        return draw(st.sampled_from(pool.parameters))
    tensor = torch.empty(draw(SHAPES), dtype=draw(DTYPES), device="meta")
    parameter = nn.Parameter(tensor, requires_grad=draw(st.booleans()))
    pool.parameters.append(parameter)
    return parameter


def _buffer(draw: st.DrawFn, pool: Pool) -> torch.Tensor | None:
    kind = draw(st.sampled_from(["new", "new", "tied", "none"]))
    if kind == "none":
        return None
    if kind == "tied" and pool.buffers:
        return draw(st.sampled_from(pool.buffers))
    dtypes = [torch.float32, torch.int64, torch.bool, torch.int8]
    pool.buffers.append(torch.empty(draw(SHAPES), dtype=draw(st.sampled_from(dtypes)), device="meta"))
    return pool.buffers[-1]


def _module(draw: st.DrawFn, pool: Pool, depth: int) -> nn.Module | None:
    kind = draw(st.sampled_from(["layer", "node", "node", "shared", "none"]))
    if kind == "none":
        return None
    if kind == "shared" and pool.modules:
        return draw(st.sampled_from(pool.modules))
    module = _node(draw, pool, depth) if kind == "node" and depth else draw(layers()).module()
    pool.modules.append(module)
    pool.parameters += module.parameters(recurse=False)
    return module


def _node(draw: st.DrawFn, pool: Pool, depth: int) -> nn.Module:
    node = Node()
    names = draw(st.lists(NAMES, unique=True, max_size=4))
    for name in names:
        kind = draw(st.sampled_from(["parameter", "buffer", "module", "module"]))
        if kind == "parameter":
            node.register_parameter(name, _parameter(draw, pool))
        elif kind == "buffer":
            node.register_buffer(name, _buffer(draw, pool), persistent=draw(st.booleans()))
        else:
            node.register_module(name, _module(draw, pool, depth - 1))
    return node


def layers() -> SearchStrategy[Any]:
    """Return calls of every class of the catalogue that has no layers for arguments."""
    simple = [name for name in STRATEGIES if not name.startswith(("Transformer", "Module", "Sequential"))]
    return st.sampled_from([*simple, "TransformerEncoderLayer"]).flatmap(cases)


@st.composite
def modules(draw: st.DrawFn) -> nn.Module:
    """Draw a module on the meta device, up to four levels deep."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return _node(draw, Pool(), 3)
