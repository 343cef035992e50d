"""What does ONNX's attention mean? Scaled dot products with masks and caches, rotated positions, caches written to.

Heads are the second axis, `[batch, heads, time, depth]`, or packed into the last one, `[batch, time, heads * depth]`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from math import inf, sqrt
from typing import Any

from fanlight.importers.graphs.table import rule
from fanlight.ir import dim as dims
from fanlight.ir.dim import DimLike
from fanlight.ir.graph import Value
from fanlight.ops import functions as fn


def unpacked(use: Any, x: Value, heads: int | None) -> Value:
    """Packed heads as an axis of their own."""
    if x.rank == 4:
        if heads is not None and x.shape[1] != heads:
            raise use.error(f"{heads} heads", x.type)
        return x
    if x.rank != 3 or not heads or heads < 0 or dims.modulo(x.shape[2], heads) != 0:
        raise use.error("[batch, heads, time, depth], or [batch, time, heads * depth] and numbers of heads", x.type)
    depth = dims.floor_divide(x.shape[2], heads)
    return fn.transpose(fn.reshape(x, (*x.shape[:2], heads, depth)), (0, 2, 1, 3))


def packed(x: Value) -> Value:
    batch, heads, time, depth = x.shape
    return fn.reshape(fn.transpose(x, (0, 2, 1, 3)), (batch, time, dims.multiply(heads, depth)))


@dataclass
class Seen:
    """Which keys a query sees. `conditions` broadcast to [batch, heads, queries, keys]; some rows may see nothing."""

    conditions: list[Value]
    bias: Value | None = None
    may_be_nothing: bool = False

    def add(self, condition: Value) -> None:
        self.conditions.append(condition)

    def all(self) -> Value | None:
        return reduce(fn.logical_and, self.conditions) if self.conditions else None


@rule("Attention")
def attention(
    use: Any,
    q: Value,
    k: Value,
    v: Value,
    mask: Value | None = None,
    past_key: Value | None = None,
    past_value: Value | None = None,
    lengths: Value | None = None,
) -> tuple[Value, ...]:
    is_packed = q.rank == 3
    q, k, v = (
        unpacked(use, x, use[name]) for x, name in ((q, "q_num_heads"), (k, "kv_num_heads"), (v, "kv_num_heads"))
    )
    if (past_key is None) != (past_value is None) or (past_key is not None and lengths is not None):
        raise use.error("past keys and past values together, and no lengths with them", "others")
    before: DimLike = 0
    if past_key is not None and past_value is not None:
        before = past_key.shape[2]
        k, v = fn.concatenate([past_key, k], 2), fn.concatenate([past_value, v], 2)
    seen = visible(use, q.shape[2], k.shape[2], mask, before, lengths)
    scores = products(use, q, k, use["scale"])
    shown = [scores]
    if use["softcap"] > 0:
        scores = fn.multiply(fn.tanh(fn.divide(scores, use["softcap"])), use["softcap"])
    shown.append(scores)
    scores, weights = weighed(scores, seen)
    shown += [scores, weights]
    mode = use["qk_matmul_output_mode"]
    if mode not in range(4):
        raise use.error("qk_matmul_output_mode from 0 to 3", mode)
    y = spread(weights, v)
    return (packed(y) if is_packed else y), k, v, shown[mode]


def products(use: Any, q: Value, k: Value, scale: float | None) -> Value:
    """Scores [batch, query heads, queries, keys]; keys may have fewer heads, each for a run of query heads."""
    factor = 1 / sqrt(dims.known(q.shape[3])) if scale is None else scale
    shared, runs = runs_of(use, q, k)
    q = fn.multiply(q, factor)
    if runs == 1:
        return fn.einsum("bhtd,bhsd->bhts", q, k)
    batch, heads, time, depth = q.shape
    scores = fn.einsum("bhrtd,bhsd->bhrts", fn.reshape(q, (batch, shared, runs, time, depth)), k)
    return fn.reshape(scores, (batch, heads, time, k.shape[2]))


def runs_of(use: Any, q: Value, k: Value) -> tuple[int, int]:
    heads, shared = dims.known(q.shape[1]), dims.known(k.shape[1])
    if shared == 0 or heads % shared or k.shape[0] != q.shape[0] or k.shape[3] != q.shape[3]:
        raise use.error("equal batches and depths, and heads of queries that those of keys divide", (q.type, k.type))
    return shared, heads // shared


def spread(weights: Value, v: Value) -> Value:
    """The mean of the values [batch, heads, queries, depth] by these weights."""
    batch, heads, time, keys = weights.shape
    shared = dims.known(v.shape[1])
    runs = dims.known(heads) // shared
    if runs == 1:
        return fn.einsum("bhts,bhsd->bhtd", weights, v)
    parts = fn.reshape(weights, (batch, shared, runs, time, keys))
    return fn.reshape(fn.einsum("bhrts,bhsd->bhrtd", parts, v), (batch, heads, time, v.shape[3]))


def visible(
    use: Any, queries: DimLike, keys: DimLike, mask: Value | None, before: DimLike, lengths: Value | None
) -> Seen:
    """What masks, causality, windows and the lengths of caches let queries see."""
    seen = Seen([])
    if mask is not None:
        add_mask(use, seen, mask, keys)
    left, right = (-1 if use[name] is None else use[name] for name in ("left_window_size", "right_window_size"))
    if min(left, right) < -1:
        raise use.error("windows from -1 up", (left, right))
    key = fn.iota((1, 1, 1, keys), 3)
    offset: Any = before if isinstance(before, int) else fn.size_of(before)
    if lengths is not None:
        counts = fn.reshape(fn.cast(lengths, "int32"), (lengths.shape[0], 1, 1, 1))
        offset = fn.subtract(counts, fn.size_of(queries))
        seen.add(fn.less(key, counts))
        seen.may_be_nothing = True
    place = fn.add(fn.iota((1, 1, queries, 1), 2), offset)
    if use["is_causal"]:
        seen.add(fn.less_equal(key, place))
    if left >= 0:
        seen.add(fn.greater_equal(key, fn.subtract(place, left)))
        seen.may_be_nothing = True
    if right >= 0:
        seen.add(fn.less_equal(key, fn.add(place, right)))
    return seen


def add_mask(use: Any, seen: Seen, mask: Value, keys: DimLike) -> None:
    """A mask: truth values, or numbers that are added. One that is too short hides what it does not name."""
    if not 0 < mask.rank <= 4:
        raise use.error("a mask of 1 to 4 axes", mask.type)
    missing = dims.add(keys, dims.multiply(mask.shape[-1], -1))
    if dims.bounds(missing)[0] >= 0 and missing != 0:
        hidden: Any = False if mask.dtype == "bool" else -inf
        mask = fn.pad(mask, [*[(0, 0)] * (mask.rank - 1), (0, missing)], constant_values=hidden)
    seen.may_be_nothing = True
    if mask.dtype == "bool":
        seen.add(mask)
    else:
        seen.bias = mask
        seen.add(fn.not_equal(mask, -inf))


def weighed(scores: Value, seen: Seen) -> tuple[Value, Value]:
    """Scores with all that is added to them, and their softmax: zeros where a query sees nothing."""
    if seen.bias is not None:
        scores = fn.add(scores, seen.bias)
    condition = seen.all()
    if condition is None:
        return scores, fn.softmax(scores)
    scores = fn.where(condition, scores, -inf)
    if not seen.may_be_nothing:
        return scores, fn.softmax(scores)
    sees = fn.any(condition, -1, keepdims=True)
    return scores, fn.where(sees, fn.softmax(fn.where(sees, scores, 0.0)), 0.0)


@rule("ai.onnx.preview.FlexAttention")
def flex_attention(use: Any, q: Value, k: Value, v: Value) -> Value:
    scores = products(use, q, k, use["scale"])
    scores = modified(use, "score_mod", scores)
    return spread(modified(use, "prob_mod", fn.softmax(scores)), v)


def modified(use: Any, name: str, x: Value) -> Value:
    """What a graph among the attributes makes of it."""
    if use[name] is None:
        return x
    (y,) = use.run(use[name], [x])
    if y.type != x.type:
        raise use.error(f"{x.type} of {name}", y.type)
    return y


# Positions, and caches


@rule("RotaryEmbedding")
def rotary_embedding(use: Any, x: Value, cos: Value, sin: Value, positions: Value | None = None) -> Value:
    is_packed = x.rank == 3
    x = unpacked(use, x, use["num_heads"] or None)
    depth = dims.known(x.shape[3])
    turned = use["rotary_embedding_dim"] or depth
    half = turned // 2
    if positions is not None:
        cos, sin = (fn.take(each, positions, 0) for each in (cos, sin))
    if turned % 2 or turned > depth or cos.shape != sin.shape or cos.rank != 3 or cos.shape[2] != half:
        raise use.error(f"cosines and sines of {half} angles", (cos.type, sin.type))
    cos, sin = (fn.expand_dims(each, 1) for each in (cos, sin))
    lead = x.shape[:3]
    if use["interleaved"]:
        pairs = fn.reshape(fn.slice(x, (0, 0, 0, 0), (*lead, turned)), (*lead, half, 2))
        first, second = (fn.squeeze(fn.slice(pairs, (0, 0, 0, 0, n), (*lead, half, 1)), -1) for n in range(2))
    else:
        first, second = (fn.slice(x, (0, 0, 0, n * half), (*lead, half)) for n in range(2))
    real = fn.subtract(fn.multiply(cos, first), fn.multiply(sin, second))
    imaginary = fn.add(fn.multiply(sin, first), fn.multiply(cos, second))
    if use["interleaved"]:
        y = fn.reshape(fn.stack([real, imaginary], -1), (*lead, turned))
    else:
        y = fn.concatenate([real, imaginary], -1)
    if turned < depth:
        y = fn.concatenate([y, fn.slice(x, (0, 0, 0, turned), (*lead, depth - turned))], -1)
    return packed(y) if is_packed else y


@rule("TensorScatter")
def tensor_scatter(use: Any, cache: Value, update: Value, starts: Value | None = None) -> Value:
    axis = use.axis(cache.rank)
    if use["mode"] not in ("linear", "circular") or not 0 < axis < cache.rank or update.rank != cache.rank:
        raise use.error("mode linear or circular, and an axis behind the first", (use["mode"], use["axis"]))
    rows, new = fn.moveaxis(cache, axis, 1), fn.moveaxis(update, axis, 1)
    if (rows.shape[0], *rows.shape[2:]) != (new.shape[0], *new.shape[2:]):
        raise use.error(f"an update that fits {cache.type}", update.type)
    shape = new.shape[:2]
    place = fn.iota(shape, 1)
    if starts is not None:
        place = fn.add(place, fn.expand_dims(fn.cast(starts, "int32"), 1))
    if use["mode"] == "circular":
        place = fn.mod(place, fn.size_of(rows.shape[1]))
    y = fn.scatter_update(rows, fn.stack([fn.iota(shape, 0), place], -1), new)
    return fn.moveaxis(y, 1, axis)
