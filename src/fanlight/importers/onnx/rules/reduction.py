"""What do ONNX's reductions mean? Sums, extremes, norms, places of extremes, running sums, the largest k, sorting."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fanlight.importers.graphs.table import rule
from fanlight.importers.onnx.rules.movement import axes_of
from fanlight.ir.graph import Value
from fanlight.ops import functions as fn

REDUCTIONS: dict[str, Callable[..., Value]] = {
    **{"ReduceSum": fn.sum, "ReduceMean": fn.mean, "ReduceProd": fn.prod, "ReduceMax": fn.max, "ReduceMin": fn.min},
    "ReduceL1": lambda x, axis, keepdims: fn.sum(fn.absolute(x, kink=0), axis, keepdims),
    "ReduceL2": lambda x, axis, keepdims: fn.sqrt(fn.sum(fn.square(x), axis, keepdims)),
    "ReduceSumSquare": lambda x, axis, keepdims: fn.sum(fn.square(x), axis, keepdims),
    "ReduceLogSum": lambda x, axis, keepdims: fn.log(fn.sum(x, axis, keepdims)),
    "ReduceLogSumExp": lambda x, axis, keepdims: fn.logsumexp(x, axis, keepdims),
}


def reduced(function: Callable[..., Value]) -> Callable[..., Value]:
    def run(use: Any, x: Value, axes: Value | None = None) -> Value:
        found = axes_of(use, axes)
        if not found:  # none are all, or with noop_with_empty_axes each element is an array of its own
            found = () if use["noop_with_empty_axes"] else None
        dtype = x.dtype
        return fn.cast(function(x, axis=found, keepdims=bool(use["keepdims"])), dtype)

    return run


for _kind, _function in REDUCTIONS.items():
    rule(_kind, settings=(1,))(reduced(_function))


@rule("ArgMax")
def argmax(use: Any, x: Value) -> Value:
    return place(use, x, fn.argmax)


@rule("ArgMin")
def argmin(use: Any, x: Value) -> Value:
    return place(use, x, fn.argmin)


def place(use: Any, x: Value, function: Callable[..., Value]) -> Value:
    """The first place of an extreme, or with `select_last_index` the last one."""
    axis = use.axis(x.rank)
    if use["select_last_index"]:
        found = function(fn.flip(x, axis), axis, bool(use["keepdims"]))
        found = fn.subtract(fn.subtract(fn.size_of(x.shape[axis]), 1), found)
    else:
        found = function(x, axis, bool(use["keepdims"]))
    return fn.cast(found, "int64")


@rule("CumSum", settings=(1,))
def cumsum(use: Any, x: Value, axis: Value) -> Value:
    (k,) = use.ints(axis, "an axis")
    return fn.cumsum(x, k, exclusive=bool(use["exclusive"]), reverse=bool(use["reverse"]))


@rule("TopK", settings=(1,))
def top_k(use: Any, x: Value, count: Value | None = None) -> tuple[Value, Value]:
    axis = use.axis(x.rank)
    (k,) = (use["k"],) if count is None else use.dims(count, "k")
    moved = fn.swapaxes(x, axis, -1)
    if use["largest"] == 0:
        order = fn.slice(fn.argsort(moved, -1), (0,) * x.rank, (*moved.shape[:-1], k))
        values, places = fn.take_along_axis(moved, order, -1), order
    else:
        values, places = fn.top_k(moved, k)
    return fn.swapaxes(values, axis, -1), fn.cast(fn.swapaxes(places, axis, -1), "int64")
