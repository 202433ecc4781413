"""A model whose head is its embedding."""

from __future__ import annotations

import torch
from torch import nn


class Tied(nn.Module):
    """A language model with a tied head, as GPT-2 has it."""

    def __init__(self, vocab: int = 50, d_model: int = 8) -> None:
        super().__init__()
        self.wte = nn.Embedding(vocab, d_model)
        self.head = nn.Linear(d_model, vocab, bias=False)
        self.head.weight = self.wte.weight

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.wte(x))  # type: ignore[no-any-return]
