"""Reading a module, compared with what torch counts."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import nn

import paramcalc as pc
from paramcalc.sources.modules.torch_module import from_module
from paramcalc.tree.block import Block
from paramcalc.tree.dtypes import dtype_name
from tests.agreement import Row


def owned(model: nn.Module) -> Iterator[tuple[str, torch.Tensor, str]]:
    """Every parameter, then every buffer, at the first path of the module that owns it, shared ones at all places."""
    for kind in ("_parameters", "_buffers"):
        for path, module in model.named_modules():
            for name, tensor in getattr(module, kind).items():
                if tensor is not None:
                    yield f"{path}.{name}" if path else name, tensor, kind


def assert_read(model: nn.Module, tree: Block | None = None) -> None:
    """Fail unless the tree has the tensors, ties, counts and bytes of the model, and its rows add up."""
    tree = from_module(model) if tree is None else tree
    firsts: dict[tuple[int, str], str] = {}
    expected = [(name, firsts.setdefault((id(tensor), kind), name)) for name, tensor, kind in owned(model)]
    read = sorted(tree.tensors(), key=lambda pair: pair[1].role == "buffer")
    read = [pair for pair in read if pair[1].role != "packed"]
    assert [(name, tensor.tied_to or name) for name, tensor in read] == expected
    first = [Row(name, each.shape, each.role, each.dtype) for name, each in read if not each.tied_to]
    assert first == list(torch_rows(model))
    parameters, buffers = list(model.parameters()), list(model.buffers())
    assert tree.params == sum(each.numel() for each in parameters)
    assert tree.trainable_params == sum(each.numel() for each in parameters if each.requires_grad)
    assert tree.buffers == sum(each.numel() for each in buffers)
    if tree.totals.packed == 0:
        assert tree.nbytes == sum(each.numel() * each.element_size() for each in [*parameters, *buffers])
    assert tree.nbytes == sum(each.nbytes for each in pc.storage(tree))
    for depth in (0, 1, 2, None):
        rows = [row.totals for row in pc.breakdown(tree, depth=depth) if row.counted]
        for count in ("trainable", "frozen", "buffers", "packed", "nbytes"):
            assert sum(getattr(row, count) for row in rows) == getattr(tree.totals, count)


def torch_rows(model: nn.Module) -> Iterator[Row]:
    for name, parameter in model.named_parameters():
        role = "parameter" if parameter.requires_grad else "frozen"
        yield Row(name, tuple(parameter.shape), role, dtype_name(parameter.dtype))
    for name, buffer in model.named_buffers():
        yield Row(name, tuple(buffer.shape), "buffer", dtype_name(buffer.dtype))
