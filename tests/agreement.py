"""Agreement of a block with a torch module, tensor by tensor: names, shapes, roles and element types, in order."""

from __future__ import annotations

from itertools import zip_longest
from typing import NamedTuple

from torch import Tensor, nn

from paramcalc.sizes.symbols import Size
from paramcalc.tree.block import Block
from paramcalc.tree.dtypes import dtype_name


class Row(NamedTuple):
    """A tensor as both sides describe it; `role` is "parameter", "frozen" or "buffer"."""

    name: str
    shape: tuple[Size, ...]
    role: str
    dtype: str


def torch_tensors(module: nn.Module) -> list[Row]:
    """Return the tensors of a module: the parameters in torch's order, then the buffers in torch's order."""
    rows = []
    for name, parameter in module.named_parameters(remove_duplicate=False):
        rows.append(_row(name, parameter, "parameter" if parameter.requires_grad else "frozen"))
    rows += [_row(name, buffer, "buffer") for name, buffer in module.named_buffers(remove_duplicate=False)]
    return rows


def block_tensors(block: Block) -> list[Row]:
    """Return the tensors of a block: the parameters in the order of its tree, then the buffers likewise."""
    rows = [Row(name, tensor.shape, tensor.role, tensor.dtype) for name, tensor in block.tensors()]
    return sorted(rows, key=lambda row: row.role == "buffer")


def differences(block: Block, module: nn.Module) -> list[str]:
    """Return a line for every place where the two lists of tensors differ, with both sides."""
    pairs = zip_longest(block_tensors(block), torch_tensors(module))
    return [f"paramcalc has {ours}; torch has {theirs}" for ours, theirs in pairs if ours != theirs]


def assert_agree(block: Block, module: nn.Module) -> None:
    """Fail unless block and module agree in every tensor, in every count and in their bytes."""
    lines = differences(block, module)
    assert not lines, "\n".join([f"{block.title} differs from {module}:", *lines])
    parameters, buffers = list(module.parameters()), list(module.buffers())
    trainable = [parameter for parameter in parameters if parameter.requires_grad]
    counts = {
        "params": (block.params, _elements(parameters)),
        "trainable_params": (block.trainable_params, _elements(trainable)),
        "buffers": (block.buffers, _elements(buffers)),
        "nbytes": (block.nbytes, sum(tensor.numel() * tensor.element_size() for tensor in [*parameters, *buffers])),
    }
    wrong = [f"{name}: paramcalc has {a}, torch has {b}" for name, (a, b) in counts.items() if a != b]
    assert not wrong, "\n".join([f"{block.title}:", *wrong])


def _row(name: str, tensor: Tensor, role: str) -> Row:
    return Row(name, tuple(tensor.shape), role, dtype_name(tensor.dtype))


def _elements(tensors: list[nn.Parameter] | list[Tensor]) -> int:
    return sum(tensor.numel() for tensor in tensors)
