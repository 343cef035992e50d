"""What do TensorFlow's operations mean that pick elements, or write them? Slices, gather, scatter, codes, bands."""

from __future__ import annotations

from typing import Any

from fanlight.importers.tensorflow.rules.table import op
from fanlight.ir import dim as dims
from fanlight.ir.dim import DimLike
from fanlight.ir.graph import Value
from fanlight.ops import functions as fn
from fanlight.ops.known import known


@op("Slice", settings=(2,))
def slice_(use: Any, x: Value, begin: Value, size: Value) -> Value:
    lengths = use.dims(size, "lengths")
    starts = None if known(begin) is None else use.dims(begin, "starts")
    if starts is None:
        if any(length == -1 for length in lengths):
            raise use.refuse("known lengths where the start depends on data", lengths)
        return fn.slice(x, fn.cast(begin, "int32"), lengths)
    if not len(starts) == len(lengths) == x.rank:
        raise use.error(f"{x.rank} starts and lengths", (starts, lengths))
    kept = [n - start if length == -1 else length for n, start, length in zip(x.shape, starts, lengths, strict=True)]
    return fn.slice(x, starts, kept)


@op("StridedSlice", settings=(1, 2, 3))
def strided_slice(use: Any, x: Value, begin: Value, end: Value, strides: Value) -> Value:
    """A subscript in Python's way, written as bit masks."""
    count = begin.type.count
    if not isinstance(count, int):
        raise use.refuse("a known number of subscripts", begin.type)
    begins, ends = places(use, begin, count, x), places(use, end, count, x)
    steps = use.ints(strides, "steps")
    has = {name: use[f"{name}_mask"] for name in ("begin", "end", "ellipsis", "new_axis", "shrink_axis")}
    key: list[Any] = []
    for k in range(count):
        bit = 1 << k
        if has["ellipsis"] & bit:
            key.append(Ellipsis)
        elif has["new_axis"] & bit:
            key.append(None)
        elif has["shrink_axis"] & bit:
            key.append(begins[k])
        else:
            key.append(
                slice(None if has["begin"] & bit else begins[k], None if has["end"] & bit else ends[k], steps[k])
            )
    axis = 0
    for k, each in enumerate(key):  # places of open lengths from the end
        if each is Ellipsis:
            axis += x.rank - sum(1 for other in key if other is not None and other is not Ellipsis)
        elif each is not None:
            key[k] = settled(use, each, x.shape[axis])
            axis += 1
    return fn.get_item(x, tuple(key))


def places(use: Any, value: Value, count: int, x: Value) -> list[Any]:
    """Starts or ends: numbers and lengths, or values of rank 0 where they depend on data."""
    found = known(value)
    if found is not None:
        return list(use.dims(value, "places"))
    singles = [fn.reshape(fn.slice(value, (k,), (1,)), ()) for k in range(count)]
    return [each if known(each) is None else use.dims(each, "a place")[0] for each in singles]


def settled(use: Any, each: Any, extent: DimLike) -> Any:
    """A subscript with a place that is an open length, and below 0, counted from the start."""
    if isinstance(each, slice):
        start, stop = (None if end is None else settled(use, end, extent) for end in (each.start, each.stop))
        if isinstance(start, Value) or isinstance(stop, Value):
            raise use.refuse("slices whose ends shapes and constants tell", "ends that depend on data")
        return slice(start, stop, each.step)
    if isinstance(each, Value | int):
        return each
    low, high = dims.bounds(each)
    if low < 0 <= high:
        raise use.refuse("places on one side of 0", each)
    return each + extent if high < 0 else each


# Gather


@op("GatherV2", settings=(2,))
def gather(use: Any, x: Value, indices: Value, axis: Value) -> Value:
    (k,) = use.ints(axis, "an axis")
    return gathered(x, indices, k, use["batch_dims"])


@op("Gather")
def gather_rows(use: Any, x: Value, indices: Value) -> Value:
    return gathered(x, indices, 0, 0)


@op("ResourceGather")
def gather_variable(use: Any, x: Value, indices: Value) -> Value:
    return gathered(x, indices, use["batch_dims"], use["batch_dims"])


def gathered(x: Value, indices: Value, axis: int, batch: int) -> Value:
    axis += x.rank if axis < 0 else 0
    batch += indices.rank if batch < 0 else 0
    if not batch:
        return fn.gather(x, [indices], (axis,))
    moved = fn.gather(fn.moveaxis(x, axis, batch), [indices], (batch,), batch)
    inside = range(batch, indices.rank)  # the new axes, which stand where the old one stood
    return fn.moveaxis(moved, tuple(inside), tuple(k + axis - batch for k in inside))


def columns(use: Any, indices: Value) -> list[Value]:
    count = indices.shape[-1]
    if not isinstance(count, int):
        raise use.refuse("a known number of indices", indices.type)
    lead = indices.shape[:-1]
    return [fn.squeeze(fn.slice(indices, (*[0] * len(lead), k), (*lead, 1)), -1) for k in range(count)]


@op("GatherNd")
def gather_nd(use: Any, x: Value, indices: Value) -> Value:
    found = columns(use, indices)
    if not found:
        return fn.broadcast_to(x, (*indices.shape[:-1], *x.shape))
    return fn.gather(x, found, range(len(found)))


# Scatter


@op("ScatterNd", settings=(2,))
def scatter_nd(use: Any, indices: Value, updates: Value, shape: Value) -> Value:
    return fn.scatter(indices, updates, use.dims(shape, "a shape"))


UPDATES = {
    "TensorScatterUpdate": None,
    "TensorScatterAdd": "add",
    "TensorScatterMax": "max",
    "TensorScatterMin": "min",
}


@op(*UPDATES)
def scatter_update(use: Any, x: Value, indices: Value, updates: Value) -> Value:
    return fn.scatter_update(x, indices, updates, UPDATES[use.node.op])


@op("TensorScatterSub")
def scatter_subtract(use: Any, x: Value, indices: Value, updates: Value) -> Value:
    return fn.scatter_update(x, indices, fn.negative(updates), "add")


@op("SparseToDense", settings=(1,))
def sparse_to_dense(use: Any, indices: Value, shape: Value, values: Value, default: Value) -> Value:
    extents = use.dims(shape, "a shape")
    if indices.rank < 2:  # of a vector
        indices = fn.reshape(indices, (indices.type.count, 1))
    start = fn.broadcast_to(fn.cast(default, values.dtype), extents)
    return fn.scatter_update(start, indices, fn.broadcast_to(values, indices.shape[:1]))


@op("OneHot", settings=(1,))
def one_hot(use: Any, indices: Value, depth: Value, on: Value, off: Value) -> Value:
    (count,) = use.dims(depth, "a depth")
    axis = use.axis(indices.rank + 1)
    shape = (*indices.shape[:axis], count, *indices.shape[axis:])
    is_there = fn.equal(fn.iota(shape, axis, "int64"), fn.expand_dims(fn.cast(indices, "int64"), axis))
    return fn.where(is_there, on, off)


# Diagonals


@op("MatrixBandPart")
def band(use: Any, x: Value, lower: Value, upper: Value) -> Value:
    """What is no further below the diagonal than `lower`, nor above it than `upper`; below 0 means all."""
    far = fn.subtract(fn.iota(x.shape, x.rank - 2), fn.iota(x.shape, x.rank - 1))
    low, high = fn.cast(lower, "int32"), fn.cast(upper, "int32")
    is_in = fn.logical_and(
        fn.logical_or(fn.less(low, 0), fn.less_equal(far, low)),
        fn.logical_or(fn.less(high, 0), fn.greater_equal(far, fn.negative(high))),
    )
    return fn.where(is_in, x, fn.zeros_like(x))


@op("Diag")
def diagonal(use: Any, x: Value) -> Value:
    flat = fn.reshape(x, (x.type.count,))
    return fn.reshape(on_diagonal(flat), (*x.shape, *x.shape))


@op("MatrixDiag")
def matrix_diagonal(use: Any, x: Value) -> Value:
    return on_diagonal(x)


def on_diagonal(x: Value) -> Value:
    wide = fn.expand_dims(x, -1)
    shape = (*x.shape, x.shape[-1])
    is_on = fn.equal(fn.iota(shape, x.rank - 1), fn.iota(shape, x.rank))
    return fn.where(is_on, wide, fn.zeros(shape, x.dtype))


@op("DiagPart", "MatrixDiagPart")
def diagonal_part(use: Any, x: Value) -> Value:
    if use.node.op == "DiagPart":
        half = x.rank // 2
        count = dims.product(x.shape[:half])
        return fn.reshape(fn.diagonal(fn.reshape(x, (count, count))), x.shape[:half])
    return fn.diagonal(x, 0, x.rank - 2, x.rank - 1)
