"""What do TensorFlow's reductions mean? Sums, means, extremes and their places, running sums, counts, segments."""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from typing import Any

from fanlight.importers.tensorflow.rules.elementwise import divide
from fanlight.importers.tensorflow.rules.table import dtype_named, op
from fanlight.ir import dim as dims
from fanlight.ir.dim import DimLike
from fanlight.ir.graph import Value
from fanlight.ir.types import is_float
from fanlight.ops import functions as fn

SEGMENTS = {"Sum": fn.segment_sum, "Prod": fn.segment_prod, "Max": fn.segment_max, "Min": fn.segment_min}


def norm(x: Value, axis: Any, keepdims: bool) -> Value:
    return fn.sqrt(fn.sum(fn.square(x), axis, keepdims))


REDUCTIONS: dict[str, Callable[..., Value]] = {
    **{"Sum": fn.sum, "Prod": fn.prod, "Max": fn.max, "Min": fn.min, "All": fn.all, "Any": fn.any},
    "EuclideanNorm": norm,
}


def reduced(function: Callable[..., Value]) -> Callable[..., Value]:
    def run(use: Any, x: Value, axes: Value) -> Value:
        found = function(x, axis=axes_of(use, axes), keepdims=bool(use["keep_dims"]))
        return fn.cast(found, x.dtype)

    return run


def axes_of(use: Any, axes: Value) -> tuple[int, ...]:
    return use.ints(axes, "axes")


for _name, _function in REDUCTIONS.items():
    op(_name, settings=(1,))(reduced(_function))


@op("Mean", settings=(1,))
def mean(use: Any, x: Value, axes: Value) -> Value:
    axis = axes_of(use, axes)
    if is_float(x.dtype):
        return fn.mean(x, axis, bool(use["keep_dims"]))
    total = fn.cast(fn.sum(x, axis, bool(use["keep_dims"])), x.dtype)
    count = dims.product(x.shape[k] for k in {each % x.rank for each in axis})
    return divide(use, total, fn.size_of(count, x.dtype))


@op("ArgMax", settings=(1,))
def argmax(use: Any, x: Value, axis: Value) -> Value:
    (k,) = use.ints(axis, "an axis")
    return fn.cast(fn.argmax(x, k), dtype_named(use, use["output_type"]))


@op("ArgMin", settings=(1,))
def argmin(use: Any, x: Value, axis: Value) -> Value:
    (k,) = use.ints(axis, "an axis")
    return fn.cast(fn.argmin(x, k), dtype_named(use, use["output_type"]))


# Up to each element


@op("Cumsum", settings=(1,))
def cumsum(use: Any, x: Value, axis: Value) -> Value:
    return running(use, fn.cumsum, x, axis)


@op("Cumprod", settings=(1,))
def cumprod(use: Any, x: Value, axis: Value) -> Value:
    return running(use, fn.cumprod, x, axis)


def running(use: Any, function: Callable[..., Value], x: Value, axis: Value) -> Value:
    (k,) = use.ints(axis, "an axis")
    return fn.cast(function(x, k, exclusive=bool(use["exclusive"]), reverse=bool(use["reverse"])), x.dtype)


@op("CumulativeLogsumexp", settings=(1,), note="exclusive")
def running_log_sum(use: Any, x: Value, axis: Value) -> Value:
    if use["exclusive"]:
        raise use.refuse("sums with the element itself", "exclusive=True")
    (k,) = use.ints(axis, "an axis")
    return fn.logcumsumexp(x, k, reverse=bool(use["reverse"]))


# Counts


@op("Bincount", settings=(1,))
def bincount(use: Any, x: Value, size: Value, weights: Value) -> Value:
    return counted(use, fn.reshape(x, (1, x.type.count)), size, weights, False)[0]


@op("DenseBincount", settings=(1,))
def bincount_of_rows(use: Any, x: Value, size: Value, weights: Value) -> Value:
    if x.rank == 1:
        return counted(use, fn.expand_dims(x, 0), size, weights, bool(use["binary_output"]))[0]
    if x.rank != 2:
        raise use.error("numbers of rank 1 or 2", x.type)
    return counted(use, x, size, weights, bool(use["binary_output"]))


def counted(use: Any, x: Value, size: Value, weights: Value, is_binary: bool) -> Value:
    """How often each number below `size` comes in each row, or the sum of its weights, or whether it comes."""
    (length,) = use.dims(size, "a number of counts")
    rows = fn.iota(x.shape, 0, "int32")
    numbers = fn.cast(x, "int32")
    numbers = fn.where(fn.less(numbers, 0), fn.cast(fn.size_of(length), "int32"), numbers)  # outside
    has_weights = weights.type.count != 0 and not is_binary
    added = fn.reshape(weights, x.shape) if has_weights else fn.ones(x.shape, weights.dtype)
    start = fn.zeros((x.shape[0], length), weights.dtype)
    return fn.scatter_update(start, fn.stack([rows, numbers], -1), added, "max" if is_binary else "add")


# Segments


def known_count(use: Any, ids: Value) -> int:
    """How many segments there are: the last number and one."""
    found = use.ints(ids, "numbers of segments")
    return max(found, default=-1) + 1


def segments(name: str) -> Callable[..., Value]:
    def run(use: Any, x: Value, ids: Value) -> Value:
        return emptied(use, x, ids, known_count(use, ids), name)

    return run


def emptied(use: Any, x: Value, ids: Value, count: DimLike, name: str) -> Value:
    """Segments of which those without elements are 0; for products 1."""
    found = fn.cast(SEGMENTS[name](x, ids, count), x.dtype)
    if name in ("Sum", "Prod"):
        return found
    sizes = fn.segment_sum(fn.ones(ids.shape, "int32"), ids, count)
    return fn.where(fn.reshape(fn.equal(sizes, 0), (count, *[1] * (x.rank - 1))), fn.zeros_like(found), found)


def unsorted(name: str) -> Callable[..., Value]:
    def run(use: Any, x: Value, ids: Value, count: Value) -> Value:
        (length,) = use.dims(count, "a number of segments")
        rows = fn.reshape(x, (dims.product(x.shape[: ids.rank]), *x.shape[ids.rank :]))
        found = SEGMENTS[name](rows, fn.reshape(ids, (ids.type.count,)), length)
        if name in ("Max", "Min") and is_float(x.dtype):  # the end of the numbers, not an infinity
            end = -inf if name == "Max" else inf
            finite = -3.4028234663852886e38 if name == "Max" else 3.4028234663852886e38
            found = fn.where(fn.equal(found, end), finite, found)
        return fn.cast(found, x.dtype)

    return run


for _name in SEGMENTS:
    op(f"Segment{_name}", settings=(1,), note="numbers of segments that depend on data")(segments(_name))
    op(f"UnsortedSegment{_name}", settings=(2,))(unsorted(_name))


@op("SegmentMean", settings=(1,), note="numbers of segments that depend on data")
def segment_mean(use: Any, x: Value, ids: Value) -> Value:
    return means(x, ids, known_count(use, ids))


def means(x: Value, ids: Value, count: DimLike) -> Value:
    sizes = fn.segment_sum(fn.ones(ids.shape, "float32"), ids, count)
    total = fn.segment_sum(x, ids, count)
    return fn.divide(total, fn.reshape(fn.maximum(sizes, 1.0), (count, *[1] * (x.rank - 1))))


@op("SparseSegmentSum", settings=(2,), note="numbers of segments that depend on data")
def sparse_segment_sum(use: Any, x: Value, rows: Value, ids: Value) -> Value:
    return fn.segment_sum(fn.take(x, rows, 0), ids, known_count(use, ids))


@op("SparseSegmentMean", settings=(2,), note="numbers of segments that depend on data")
def sparse_segment_mean(use: Any, x: Value, rows: Value, ids: Value) -> Value:
    return means(fn.take(x, rows, 0), ids, known_count(use, ids))
