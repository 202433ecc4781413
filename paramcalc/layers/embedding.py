"""Look-up tables: Embedding and EmbeddingBag."""

from __future__ import annotations

from paramcalc.errors import InvalidType
from paramcalc.layers.arguments import Conditions, absent, one_of, sizes, tensors
from paramcalc.layers.registry import layer
from paramcalc.sizes.conditions import require
from paramcalc.sizes.symbols import Size
from paramcalc.tree.block import Block


@layer()
def Embedding(
    num_embeddings: Size,
    embedding_dim: Size,
    padding_idx: int | None = None,
    max_norm: float | None = None,
    norm_type: float = 2.0,
    scale_grad_by_freq: bool = False,
    sparse: bool = False,
    _weight: None = None,
    _freeze: bool = False,
    device: object = None,
    dtype: object = None,
) -> Block:
    """A table of one vector for each index; `padding_idx` marks a row and removes none.

    Shapes: weight (num_embeddings, embedding_dim), frozen with `_freeze`.
    Formula: num_embeddings * embedding_dim.

    >>> Embedding(50257, 768).params
    38597376

    Raises InvalidType or InvalidValue for an argument that is no size, PreconditionFailed for a `padding_idx` outside.
    Source: torch.nn.Embedding.
    """
    absent(_weight, where="Embedding._weight")
    (rows, width), conditions = sizes("Embedding", num_embeddings=num_embeddings, embedding_dim=embedding_dim)
    own = tensors(dtype, "frozen" if _freeze else "parameter", weight=(rows, width))
    return Block(own=own, conditions=conditions + _padding("Embedding", padding_idx, rows))


@layer()
def EmbeddingBag(
    num_embeddings: Size,
    embedding_dim: Size,
    max_norm: float | None = None,
    norm_type: float = 2.0,
    scale_grad_by_freq: bool = False,
    mode: str = "mean",
    sparse: bool = False,
    _weight: None = None,
    include_last_offset: bool = False,
    padding_idx: int | None = None,
    device: object = None,
    dtype: object = None,
) -> Block:
    """A table of one vector for each index, summed or averaged over bags of indices.

    Shapes: weight (num_embeddings, embedding_dim).
    Formula: num_embeddings * embedding_dim.

    >>> EmbeddingBag(1000, 64, mode="sum").params
    64000

    Raises InvalidType or InvalidValue for an argument that is no size, PreconditionFailed for a `padding_idx` outside.
    Source: torch.nn.EmbeddingBag.
    """
    absent(_weight, where="EmbeddingBag._weight")
    one_of(mode, ("sum", "mean", "max"), where="EmbeddingBag.mode")
    (rows, width), conditions = sizes("EmbeddingBag", num_embeddings=num_embeddings, embedding_dim=embedding_dim)
    return Block(
        own=tensors(dtype, weight=(rows, width)), conditions=conditions + _padding("EmbeddingBag", padding_idx, rows)
    )


def _padding(layer: str, index: int | None, rows: Size) -> Conditions:
    if index is None:
        return ()
    if isinstance(index, bool) or not isinstance(index, int):
        raise InvalidType(f"got {index!r}", where=f"{layer}.padding_idx", expected="an integer or None")
    needed = index + 1 if index >= 0 else -index
    return require(rows, ">=", needed, where=f"{layer}.padding_idx", reason="padding_idx lies within num_embeddings")
