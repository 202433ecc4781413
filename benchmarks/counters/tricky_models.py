"""Models that parameter counters get wrong, each with an input for the counters that run a forward."""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrizations, prune

Inputs: TypeAlias = dict[str, Tensor]


class Tricky(NamedTuple):
    """A model: what is tricky in it, how it is built, and the arguments of a forward by name.

    `meta` tells that it is large and can also be built, and run, without memory, on torch's meta device.
    """

    about: str
    build: Callable[[], nn.Module]
    inputs: Callable[[], Inputs]
    meta: bool = False


def floats(*shape: int) -> Tensor:
    """An input of zeros."""
    return torch.zeros(shape)


def tokens(*shape: int) -> Tensor:
    """An input of token numbers."""
    return torch.zeros(shape, dtype=torch.long)


def amnl() -> nn.Module:
    """The reference architecture of this repository."""
    module: nn.Module = importlib.import_module("amnl_reference").build()
    return module


def gpt2() -> nn.Module:
    """GPT-2 small, whose head is its token embedding."""
    hub: Any = importlib.import_module("transformers")
    model: nn.Module = hub.GPT2LMHeadModel(hub.GPT2Config(n_layer=12, n_head=12, n_embd=768, vocab_size=50257))
    return model


def t5() -> nn.Module:
    """T5-small, where encoder, decoder and head use one embedding."""
    hub: Any = importlib.import_module("transformers")
    config = hub.T5Config(d_model=512, d_kv=64, d_ff=2048, num_layers=6, num_heads=8, vocab_size=32128)
    model: nn.Module = hub.T5ForConditionalGeneration(config)
    return model


def encoder() -> nn.Module:
    """A Transformer encoder of two layers."""
    return nn.TransformerEncoder(nn.TransformerEncoderLayer(64, 4, 128, batch_first=True), 2)


class Shared(nn.Module):
    """Two branches that end in the same block."""

    def __init__(self) -> None:
        super().__init__()
        block = nn.Sequential(nn.Linear(32, 64), nn.ReLU(), nn.Linear(64, 32))
        self.left = nn.Sequential(nn.Linear(32, 32), block)
        self.right = nn.Sequential(nn.Linear(32, 32), block)

    def forward(self, x: Tensor) -> Tensor:
        """Add the branches."""
        total: Tensor = self.left(x) + self.right(x)
        return total


class ClassToken(nn.Module):
    """A vision transformer's ends: patches, a class token and positions, a head."""

    def __init__(self) -> None:
        super().__init__()
        self.token = nn.Parameter(torch.zeros(1, 1, 64))
        self.positions = nn.Parameter(torch.zeros(1, 17, 64))
        self.patch = nn.Linear(48, 64)
        self.head = nn.Linear(64, 10)

    def forward(self, x: Tensor) -> Tensor:
        """Put the token before the patches and read it at the end."""
        patches = torch.cat([self.token.expand(len(x), -1, -1), self.patch(x)], dim=1)
        logits: Tensor = self.head((patches + self.positions)[:, 0])
        return logits


class Lists(nn.Module):
    """Parameters in a ParameterList and in a ParameterDict, beside a layer."""

    def __init__(self) -> None:
        super().__init__()
        self.scales = nn.ParameterList([nn.Parameter(torch.ones(32)) for _ in range(4)])
        self.maps = nn.ParameterDict({name: nn.Parameter(torch.zeros(32, 32)) for name in ("first", "second")})
        self.head = nn.Linear(32, 8)

    def forward(self, x: Tensor) -> Tensor:
        """Scale, map, read."""
        for scale in self.scales:
            x = x * scale
        for matrix in self.maps.values():
            x = x @ matrix
        logits: Tensor = self.head(x)
        return logits


class Spectral(nn.Module):
    """A complex filter in the frequency domain between two layers."""

    def __init__(self) -> None:
        super().__init__()
        self.before = nn.Linear(64, 64)
        self.filter = nn.Parameter(torch.zeros(33, dtype=torch.complex64))
        self.after = nn.Linear(64, 10)

    def forward(self, x: Tensor) -> Tensor:
        """Transform, filter, transform back."""
        filtered = torch.fft.irfft(torch.fft.rfft(self.before(x)) * self.filter, n=64)
        logits: Tensor = self.after(filtered)
        return logits


def frozen() -> nn.Module:
    """A frozen backbone under a head that trains."""
    backbone = nn.Sequential(nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, 128))
    return nn.Sequential(backbone.requires_grad_(False), nn.ReLU(), nn.Linear(128, 10))


def normed() -> nn.Module:
    """A layer whose weight is made of a direction and a length."""
    return nn.Sequential(parametrizations.weight_norm(nn.Linear(64, 64)), nn.ReLU(), nn.Linear(64, 10))


def pruned() -> nn.Module:
    """A layer half of whose weights are masked."""
    layer = nn.Linear(64, 64)
    mask: Any = prune.l1_unstructured
    mask(layer, "weight", amount=0.5)
    return nn.Sequential(layer, nn.ReLU(), nn.Linear(64, 10))


def quantised() -> nn.Module:
    """Linear layers quantised dynamically, under a LayerNorm that is not."""
    model = nn.Sequential(nn.LayerNorm(64), nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch.ao is deprecated, its models stay
        quantise: Any = torch.ao.quantization.quantize_dynamic
        made: nn.Module = quantise(model, {nn.Linear}, dtype=torch.qint8)
    return made


def views() -> nn.Module:
    """Two layers, the weight of one being the transposed weight of the other, over one storage."""
    first, second = nn.Linear(32, 32, bias=False), nn.Linear(32, 32, bias=False)
    second.weight = nn.Parameter(first.weight.data.t())
    return nn.Sequential(first, second)


def queries() -> Inputs:
    """The three inputs of an attention."""
    return {name: floats(5, 1, 64) for name in ("query", "key", "value")}


MODELS: dict[str, Tricky] = {
    "AMNL": Tricky(
        "a CNN, an LSTM and an `nn.MultiheadAttention`, with BatchNorm buffers",
        amnl,
        lambda: {"window": floats(1, 30, 17)},
    ),
    "GPT-2 small": Tricky("its head is its token embedding", gpt2, lambda: {"input_ids": tokens(1, 4)}, meta=True),
    "T5-small": Tricky(
        "encoder, decoder and head use one embedding",
        t5,
        lambda: {"input_ids": tokens(1, 4), "decoder_input_ids": tokens(1, 4)},
        meta=True,
    ),
    "Attention": Tricky("one `nn.MultiheadAttention`, nothing else", lambda: nn.MultiheadAttention(64, 4), queries),
    "Encoder": Tricky("two `nn.TransformerEncoderLayer`", encoder, lambda: {"src": floats(1, 5, 64)}),
    "Shared block": Tricky("one `nn.Sequential` under two parents", Shared, lambda: {"x": floats(2, 32)}),
    "Class token": Tricky("two `nn.Parameter` beside layers", ClassToken, lambda: {"x": floats(1, 16, 48)}),
    "ParameterList": Tricky("a `ParameterList` and a `ParameterDict`", Lists, lambda: {"x": floats(2, 32)}),
    "Frozen layers": Tricky("a backbone with `requires_grad_(False)`", frozen, lambda: {"input": floats(2, 64)}),
    "Embedding": Tricky(
        "an `nn.Embedding` under a Linear",
        lambda: nn.Sequential(nn.Embedding(1000, 64), nn.Linear(64, 10)),
        lambda: {"input": tokens(2, 7)},
    ),
    "weight_norm": Tricky("a Linear with `parametrizations.weight_norm`", normed, lambda: {"input": floats(2, 64)}),
    "Pruned layer": Tricky("a Linear with half of its weights masked", pruned, lambda: {"input": floats(2, 64)}),
    "Complex weights": Tricky("a `complex64` parameter", Spectral, lambda: {"x": floats(2, 64)}),
    "Two views": Tricky("two parameters over one storage", views, lambda: {"input": floats(2, 32)}),
    "Lazy layer": Tricky(
        "an `nn.LazyLinear` before its first forward",
        lambda: nn.Sequential(nn.LazyLinear(32), nn.ReLU(), nn.Linear(32, 10)),
        lambda: {"input": floats(2, 64)},
    ),
    "Quantised": Tricky("Linears after `quantize_dynamic`", quantised, lambda: {"input": floats(2, 64)}),
}
