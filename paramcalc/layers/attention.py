"""Multi-head attention, whose projections are packed where queries, keys and values are of one width."""

from __future__ import annotations

from paramcalc.layers.arguments import Conditions, sizes, tensors
from paramcalc.layers.linear import Linear
from paramcalc.layers.registry import layer
from paramcalc.sizes.conditions import require
from paramcalc.sizes.symbols import Size, canonical
from paramcalc.tree.block import Block
from paramcalc.tree.tensor import TensorSpec


@layer({"bias": False}, {"add_bias_kv": True}, {"kdim": "kdim", "vdim": "vdim"})
def MultiheadAttention(
    embed_dim: Size,
    num_heads: Size,
    dropout: float = 0.0,
    bias: bool = True,
    add_bias_kv: bool = False,
    add_zero_attn: bool = False,
    kdim: Size | None = None,
    vdim: Size | None = None,
    batch_first: bool = False,
    device: object = None,
    dtype: object = None,
) -> Block:
    """Attention with several heads; their number splits embed_dim and changes no count.

    Shapes: in_proj_weight (3 * embed_dim, embed_dim), or with other kdim or vdim q_proj_weight (embed_dim, embed_dim),
    k_proj_weight (embed_dim, kdim) and v_proj_weight (embed_dim, vdim); in_proj_bias (3 * embed_dim,); with add_bias_kv
    bias_k and bias_v (1, 1, embed_dim); out_proj, a Linear(embed_dim, embed_dim).
    Formula: 4 * embed_dim**2 + 4 * embed_dim.

    >>> MultiheadAttention(256, 8).params
    263168

    Raises InvalidType or InvalidValue for an argument that is no size, PreconditionFailed unless num_heads divides
    embed_dim.
    Source: torch.nn.MultiheadAttention.
    """
    name = "MultiheadAttention"
    (width, heads), conditions = sizes(name, embed_dim=embed_dim, num_heads=num_heads)
    conditions += require(width, "divisible by", heads, where=name, reason="embed_dim is split over num_heads")
    projections, more = _projections(name, width, kdim, vdim, dtype)
    own = projections + tensors(
        dtype,
        in_proj_bias=(canonical(3 * width),) if bias else None,
        bias_k=(1, 1, width) if add_bias_kv else None,
        bias_v=(1, 1, width) if add_bias_kv else None,
    )
    out_proj = Linear(width, width, bias=bias, dtype=dtype).named("out_proj")
    return Block(own=own, children=(out_proj,), conditions=conditions + more)


def _projections(
    name: str, width: Size, kdim: Size | None, vdim: Size | None, dtype: object
) -> tuple[tuple[TensorSpec, ...], Conditions]:
    given = {"kdim": width if kdim is None else kdim, "vdim": width if vdim is None else vdim}
    (keys, values), conditions = sizes(name, **given)
    if keys == width and values == width:
        return tensors(dtype, in_proj_weight=(canonical(3 * width), width)), conditions
    apart = canonical((keys - width) ** 2 + (values - width) ** 2)
    reason = "with kdim and vdim equal to embed_dim torch packs the projections into one tensor"
    conditions += require(apart, ">=", 1, where=name, reason=reason)
    own = tensors(dtype, q_proj_weight=(width, width), k_proj_weight=(width, keys), v_proj_weight=(width, values))
    return own, conditions
