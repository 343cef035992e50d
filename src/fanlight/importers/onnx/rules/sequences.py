"""What do ONNX's operators on sequences mean? Linear attention, causal convolution, reversal, triangles, products."""

from __future__ import annotations

from math import sqrt
from typing import Any

from fanlight.importers.graphs.table import rule
from fanlight.ir import dim as dims
from fanlight.ir.graph import Value
from fanlight.ops import functions as fn


@rule("LinearAttention")
def linear_attention(
    use: Any,
    q: Value,
    k: Value,
    v: Value,
    past: Value | None = None,
    decay: Value | None = None,
    beta: Value | None = None,
) -> tuple[Value, Value]:
    """A state [batch, heads, key depth, value depth] that each step adds to, and asks."""
    kind, heads, shared = use["update_rule"], use["q_num_heads"], use["kv_num_heads"]
    if kind not in ("linear", "gated", "delta", "gated_delta"):
        raise use.error("update_rule linear, gated, delta or gated_delta", repr(kind))
    if (decay is not None) != kind.startswith("gated") or (beta is not None) != kind.endswith("delta"):
        raise use.error(f"decay and beta as {kind!r} needs them", "others")
    if heads <= 0 or shared <= 0 or heads % shared:
        raise use.error("heads of queries that those of keys divide", (heads, shared))
    batch, runs = q.shape[0], heads // shared
    depth, made = (dims.floor_divide(x.shape[2], shared) for x in (k, v))
    factor = use["scale"] or 1 / sqrt(dims.known(q.shape[2]) / heads)
    steps: dict[str, Value] = {
        "q": split_heads(fn.multiply(q, factor), shared, runs, depth),
        "k": split_heads(k, shared, depth, 1),
        "v": split_heads(v, shared, 1, made),
    }
    if decay is not None:
        width = dims.floor_divide(decay.shape[2], shared)
        steps["keep"] = fn.exp(split_heads(decay, shared, width, 1))
    if beta is not None:
        steps["rate"] = split_heads(beta, dims.known(beta.shape[2]), 1, 1)

    def step(state: Value, at: dict[str, Value]) -> tuple[Value, Value]:
        if "keep" in at:
            state = fn.multiply(state, at["keep"])
        new = at["v"]
        if "rate" in at:
            found = fn.sum(fn.multiply(state, at["k"]), 2, keepdims=True)
            new = fn.multiply(at["rate"], fn.subtract(new, found))
        state = fn.add(state, fn.multiply(at["k"], new))
        return state, fn.matmul(at["q"], state)

    first = fn.zeros((batch, shared, depth, made), "float32") if past is None else past
    last, y = fn.scan(step, first, steps)
    y = fn.transpose(y, (1, 0, 2, 3, 4))
    return fn.reshape(y, (*q.shape[:2], dims.multiply(heads, made))), last


def split_heads(x: Value, *shape: Any) -> Value:
    """`[batch, time, ...]` as `[time, batch, *shape]`."""
    return fn.swapaxes(fn.reshape(x, (*x.shape[:2], *shape)), 0, 1)


@rule("CausalConvWithState", parameters=(1, 2))
def causal_conv(use: Any, x: Value, w: Value, b: Value | None = None, past: Value | None = None) -> tuple[Value, Value]:
    batch, channels, time = x.shape
    taps = dims.known(w.shape[2])
    if w.shape[:2] != (channels, 1) or taps < 1:
        raise use.error(f"a kernel [{channels}, 1, taps]", w.type)
    if taps > 1:
        before = fn.zeros((batch, channels, taps - 1), x.dtype) if past is None else past
        x = fn.concatenate([before, x], 2)
    y = fn.depthwise_conv(fn.transpose(x, (0, 2, 1)), fn.transpose(w, (2, 0, 1)), padding="valid")
    y = fn.transpose(y if b is None else fn.add(y, b), (0, 2, 1))
    if use["activation"] in ("silu", "swish"):
        y = fn.multiply(y, fn.sigmoid(y))
    elif use["activation"] != "none":
        raise use.error("activation silu, swish or none", repr(use["activation"]))
    return y, fn.slice(x, (0, 0, time), (batch, channels, taps - 1))


@rule("ReverseSequence")
def reverse_sequence(use: Any, x: Value, lengths: Value) -> Value:
    if {use["time_axis"], use["batch_axis"]} != {0, 1}:
        raise use.error("time and batch as the first two axes", (use["time_axis"], use["batch_axis"]))
    rows = fn.swapaxes(x, 0, 1) if use["time_axis"] == 0 else x
    shape = rows.shape[:2]
    place, count = fn.iota(shape, 1), fn.expand_dims(fn.cast(lengths, "int32"), 1)
    place = fn.where(fn.less(place, count), fn.subtract(fn.subtract(count, 1), place), place)
    y = fn.gather(rows, [place], (1,), 1)
    return fn.swapaxes(y, 0, 1) if use["time_axis"] == 0 else y


@rule("Trilu", settings=(1,))
def triangle(use: Any, x: Value, k: Value | None = None) -> Value:
    (diagonal,) = (0,) if k is None else use.ints(k, "a diagonal")
    return fn.triu(x, diagonal) if use["upper"] else fn.tril(x, diagonal)


@rule("CumProd", settings=(1,))
def cumprod(use: Any, x: Value, axis: Value) -> Value:
    (k,) = use.ints(axis, "an axis")
    return fn.cumprod(x, k, exclusive=bool(use["exclusive"]), reverse=bool(use["reverse"]))


@rule("Det")
def determinant(use: Any, x: Value) -> Value:
    return fn.det(x)


@rule("SwiGLU")
def swiglu(use: Any, x: Value, y: Value) -> Value:
    if x.shape != y.shape:
        raise use.error("operands of one shape", (x.type, y.type))
    return fn.multiply(fn.multiply(x, fn.sigmoid(fn.multiply(x, use["alpha"]))), y)
