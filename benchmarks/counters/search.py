"""The smallest module that a counter counts wrong, as `paramcalc.testing.check_counter` finds it."""

from __future__ import annotations

import contextlib
import io
import warnings
from typing import Any, NamedTuple

import torch
from hypothesis import assume, settings
from torch import Tensor, nn

from benchmarks.counters.calls import COUNTERS
from benchmarks.counters.tricky_models import Inputs
from paramcalc.testing import check_counter

SEARCHED = (
    "paramcalc",
    "fvcore",
    "torchinfo, no input",
    "ptflops",
    "thop",
    "calflops",
    "leaf walk",
    "requires_grad",
    "state_dict",
)
RUNNING = ("ptflops", "thop", "calflops")
EXAMPLES = 2_000
NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d, nn.InstanceNorm1d, nn.InstanceNorm2d, nn.InstanceNorm3d)
CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)


class Found(NamedTuple):
    """The smallest module that a counter counts wrong, as code, and what is wrong; both empty where there is none."""

    problem: str = ""
    code: str = ""


class Fed(nn.Module):
    """A model with a forward that calls each of its layers on zeros, for counters that run one."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, x: Tensor) -> Tensor:
        """Call the layers; one that takes no zeros is left out."""
        for layer in list(self.model.modules()):
            given = zeros(layer)
            if given:
                with contextlib.suppress(RuntimeError, ValueError, NotImplementedError):
                    layer(*given)
        return x


def zeros(layer: Any) -> tuple[Tensor, ...]:
    """An input for a layer on the meta device; none where it has no forward of its own."""
    dtype = next((each.dtype for each in layer.parameters()), torch.float32)
    shapes: list[tuple[int, ...]] = []
    if isinstance(layer, nn.Linear | nn.Bilinear):
        names = ("in_features",) if isinstance(layer, nn.Linear) else ("in1_features", "in2_features")
        shapes = [(1, getattr(layer, name)) for name in names]
    elif isinstance(layer, nn.Embedding | nn.EmbeddingBag):
        shapes, dtype = [(1, 1)], torch.long
    elif isinstance(layer, CONVOLUTIONS):
        shapes = [(1, layer.in_channels, *[32] * len(layer.kernel_size))]
    elif isinstance(layer, NORMS):
        shapes = [(2, layer.num_features, *[3] * int(type(layer).__name__[-2]))]
    elif isinstance(layer, nn.LayerNorm | nn.RMSNorm):
        shapes = [(1, *layer.normalized_shape)]
    elif isinstance(layer, nn.GroupNorm | nn.PReLU):
        shapes = [(2, layer.num_channels if isinstance(layer, nn.GroupNorm) else layer.num_parameters, 3)]
    elif isinstance(layer, nn.RNNBase):
        shapes = [(1, 1, layer.input_size)]
    elif isinstance(layer, nn.RNNCellBase):
        shapes = [(1, layer.input_size)]
    elif isinstance(layer, nn.MultiheadAttention):
        shapes = [(1, 1, width) for width in (layer.embed_dim, layer.kdim, layer.vdim)]
    return tuple(torch.zeros(shape, dtype=dtype, device="meta") for shape in shapes)


def search(name: str) -> Found:
    """Look for the smallest module that a counter counts wrong."""

    def count(model: nn.Module) -> int:
        assume(any(True for _ in model.parameters()))  # a count of nothing is of no interest
        inputs: Inputs = {"x": torch.zeros(1, device="meta")}
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            said = COUNTERS[name](Fed(model) if name in RUNNING else model, inputs)
        if said.params is None:
            raise RuntimeError(said.error or said.printed)
        return said.params

    count.__name__ = name
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            check_counter(count, examples=EXAMPLES)
        except AssertionError as failure:
            problem, _, code = str(failure).partition("; the smallest module found:\n\n")
            return Found(problem.removeprefix(f"{name} "), "\n".join(line.strip() for line in code.splitlines()))
    return Found()


def search_again(name: str) -> Found:
    """Look for it the same way every time; this changes the profile of Hypothesis for the whole process."""
    settings.register_profile("page", derandomize=True)
    settings.load_profile("page")
    return search(name)
