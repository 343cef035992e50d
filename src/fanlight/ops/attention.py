"""Which values does a query attend to? Scaled dot-product attention, with Keras's arguments and axes."""

from __future__ import annotations

import math

from fanlight.errors import ShapeError, UnsupportedOp
from fanlight.ir.dim import DimLike
from fanlight.ir.graph import Value
from fanlight.ir.types import Shape
from fanlight.ops.nn import softmax
from fanlight.ops.pointwise import add, cast, greater_equal, logical_and, multiply, where
from fanlight.ops.promote import Operand
from fanlight.ops.shapes import iota, reshape
from fanlight.ops.summation import einsum

__all__ = ["dot_product_attention"]

BARRED = -0.7 * 3.4028234663852886e38  # the logit of what is masked: finite, so that rows without any key stay so


def dot_product_attention(
    query: Operand,
    key: Operand,
    value: Operand,
    bias: Operand | None = None,
    mask: Operand | None = None,
    scale: Operand | None = None,
    is_causal: bool = False,
    flash_attention: bool | None = None,
    attn_logits_soft_cap: float | None = None,
) -> Value:
    """softmax(query @ key * scale + bias) @ value for [batch, time, heads, depth] arrays: [batch, time, heads, depth].

    Keys and values may have fewer heads, each shared by a run of query heads. `bias` and `mask` (true: attend)
    broadcast to [batch, heads, query time, key time]; `is_causal` hides later keys. `scale` is 1 / sqrt(depth) if None.

    Differs: neither flash attention nor a soft cap, which Keras has on GPUs and TPUs.
    """
    if flash_attention or attn_logits_soft_cap is not None:
        got = f"flash_attention={flash_attention}, attn_logits_soft_cap={attn_logits_soft_cap}"
        raise UnsupportedOp("dot_product_attention", expected="neither flash attention nor a soft cap", got=got)
    q, k, v = (cast(x, "float32") for x in (query, key, value))
    batch, time, shared, runs, depth = _checked(q, k, v)
    keys = k.shape[1]
    factor = 1.0 / math.sqrt(depth) if scale is None else scale
    q = reshape(q, (batch, time, shared, runs, depth)) if runs > 1 else q
    logits = einsum("btkgh,bskh->bkgts" if runs > 1 else "btkh,bskh->bkts", q, k)
    logits = multiply(logits, factor)
    if bias is not None:
        logits = add(logits, _grouped("bias", cast(bias, "float32"), shared, runs))
    seen = None if mask is None else _grouped("mask", cast(mask, "bool"), shared, runs)
    if is_causal:
        past = greater_equal(iota((time, keys), 0), iota((time, keys), 1))
        seen = past if seen is None else logical_and(seen, past)
    if seen is not None:
        logits = where(seen, logits, BARRED)
    found = einsum("bkgts,bskh->btkgh" if runs > 1 else "bkts,bskh->btkh", softmax(logits), v)
    return reshape(found, (batch, time, shared * runs, v.shape[-1]))


def _checked(q: Value, k: Value, v: Value) -> tuple[DimLike, DimLike, int, int, int]:
    """Batch, time, heads of the keys, query heads for each of them, depth; ShapeError where arrays do not fit."""
    found = f"{q.type}, {k.type} and {v.type}"
    if not q.rank == k.rank == v.rank == 4 or k.shape[:3] != v.shape[:3]:
        expected = "a query [b, t, n, h], keys [b, s, k, h] and as many values [b, s, k, h]"
        raise ShapeError("dot_product_attention", expected=expected, got=found)
    batch, time, heads, depth = q.shape
    shared = k.shape[2]
    if not isinstance(heads, int) or not isinstance(depth, int) or not isinstance(shared, int):
        raise ShapeError("dot_product_attention", expected="a fixed number of heads and a fixed depth", got=found)
    if heads % shared or k.shape[0] != batch or k.shape[3] != depth:
        expected = "equal batches and depths, and a number of heads that the keys' divides"
        raise ShapeError("dot_product_attention", expected=expected, got=found)
    return batch, time, shared, heads // shared, depth


def _grouped(name: str, x: Value, shared: int, runs: int) -> Value:
    """Bias or mask [b, heads, t, s] with the heads as [shared, runs] where keys are shared."""
    if x.rank > 4:
        raise ShapeError("dot_product_attention", expected=f"a {name} of at most 4 axes", got=x.type)
    shape: Shape = (*(1,) * (4 - x.rank), *x.shape)
    heads = (1, 1) if shape[1] == 1 else (shared, runs)
    return reshape(x, (shape[0], *heads, *shape[2:]) if runs > 1 else shape)
