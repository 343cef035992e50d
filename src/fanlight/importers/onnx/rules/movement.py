"""What do ONNX's operators mean that move elements? Reshape, slice, gather, scatter, pad, split and others."""

from __future__ import annotations

from math import prod
from typing import Any

from fanlight.importers.graphs.table import rule
from fanlight.ir import dim as dims
from fanlight.ir.dim import Dim, DimLike
from fanlight.ir.graph import Value
from fanlight.ops import functions as fn
from fanlight.ops.known import known


@rule("Reshape", settings=(1,))
def reshape(use: Any, x: Value, shape: Value | None = None) -> Value:
    wanted = list(use["shape"]) if shape is None else list(use.dims(shape, "a shape"))
    if not use["allowzero"]:  # 0 stands for the length that was there
        if any(extent == 0 and k >= x.rank for k, extent in enumerate(wanted)):
            raise use.error(f"a 0 at most at axis {x.rank - 1}", wanted)
        wanted = [x.shape[k] if extent == 0 else extent for k, extent in enumerate(wanted)]
    if -1 in wanted and 0 in wanted:
        rest = [extent for extent in x.shape if extent != 0]
        wanted = [prod(rest) if extent == -1 else extent for extent in wanted]
    return fn.reshape(x, wanted)


@rule("Flatten")
def flatten(use: Any, x: Value) -> Value:
    axis = x.rank if use["axis"] == x.rank else use.axis(x.rank)
    return fn.reshape(x, (dims.product(x.shape[:axis]), dims.product(x.shape[axis:])))


@rule("Transpose")
def transpose(use: Any, x: Value) -> Value:
    return fn.transpose(x, use["perm"])


def axes_of(use: Any, given: Value | None) -> tuple[int, ...] | None:
    """Axes, from version 13 on an operand, before that an attribute."""
    if given is not None:
        return use.ints(given, "axes")
    return None if use["axes"] is None else tuple(use["axes"])


@rule("Squeeze", settings=(1,))
def squeeze(use: Any, x: Value, axes: Value | None = None) -> Value:
    return fn.squeeze(x, axes_of(use, axes))


@rule("Unsqueeze", settings=(1,))
def unsqueeze(use: Any, x: Value, axes: Value | None = None) -> Value:
    found = axes_of(use, axes)
    if found is None:
        raise use.error("axes", "none")
    return fn.expand_dims(x, found)


@rule("Expand", settings=(1,))
def expand(use: Any, x: Value, shape: Value) -> Value:
    wanted = use.dims(shape, "a shape")
    rank = max(x.rank, len(wanted))
    old = (*[1] * (rank - x.rank), *x.shape)
    new: tuple[DimLike, ...] = (*[1] * (rank - len(wanted)), *wanted)
    return fn.broadcast_to(fn.reshape(x, old), tuple(a if b == 1 else b for a, b in zip(old, new, strict=True)))


@rule("Concat")
def concatenate(use: Any, *xs: Value) -> Value:
    axis = 1 if use["axis"] is None else use["axis"]
    return fn.concatenate(xs, axis)


@rule("Tile", settings=(1, 2))
def tile(use: Any, x: Value, repeats: Value, axis: Value | None = None) -> Value:
    if use.opset < 6:
        (count,), (k,) = use.ints(repeats, "a count"), use.ints(axis, "an axis")
        if not -x.rank <= k < x.rank:
            raise use.error(f"an axis from {-x.rank} to {x.rank - 1}", k)
        return fn.tile(x, [count if axis == k % x.rank else 1 for axis in range(x.rank)])
    return fn.tile(x, use.ints(repeats, "counts"))


@rule("Split", settings=(1,))
def split(use: Any, x: Value, lengths: Value | None = None) -> tuple[Value, ...]:
    axis = use.axis(x.rank)
    parts = len(use.node.outputs)
    if use["num_outputs"] not in (None, parts):
        raise use.error(f"num_outputs {parts}", use["num_outputs"])
    given: Any = use.dims(lengths, "lengths") if lengths is not None else use["split"]
    if given is None:
        extent = x.shape[axis]
        each = dims.ceil_divide(extent, use["num_outputs"] or parts)
        given = [*[each] * (parts - 1), dims.add(extent, dims.multiply(each, 1 - parts))]
    if dims.add(sum_of(given), dims.multiply(x.shape[axis], -1)) != 0:
        raise use.error(f"lengths that make up {x.shape[axis]}", list(given))
    found: list[Value] = []
    start: DimLike = 0
    for length in given:
        starts: list[DimLike] = [0] * x.rank
        starts[axis] = start
        found.append(fn.slice(x, starts, (*x.shape[:axis], length, *x.shape[axis + 1 :])))
        start = dims.add(start, length)
    return tuple(found)


def sum_of(lengths: Any) -> DimLike:
    total: DimLike = 0
    for each in lengths:
        total = dims.add(total, each)
    return total


@rule("Slice", settings=(1, 2, 3, 4))
def slice_(
    use: Any,
    x: Value,
    starts: Value | None = None,
    ends: Value | None = None,
    axes: Value | None = None,
    steps: Value | None = None,
) -> Value:
    if starts is None or ends is None:
        begins, stops = tuple(use["starts"]), tuple(use["ends"])
        which = tuple(use["axes"] or range(len(begins)))
        strides = (1,) * len(begins)
    else:
        begins, stops = use.dims(starts, "starts"), use.dims(ends, "ends")
        which = use.ints(axes, "axes") if axes is not None else tuple(range(len(begins)))
        strides = use.ints(steps, "steps") if steps is not None else (1,) * len(begins)
    if not len(begins) == len(stops) == len(which) == len(strides):
        raise use.error("as many starts as ends, axes and steps", (begins, stops, which, strides))
    key: list[Any] = [slice(None)] * x.rank
    for start, stop, axis, step in zip(begins, stops, which, strides, strict=True):
        extent = x.shape[axis]
        if step == 0:
            raise use.error("steps other than 0", step)
        low, high = limits(start, stop, step, extent)
        x, key = (x, key) if step > 0 else (fn.flip(x, axis), key)
        if step < 0:  # backwards: forwards in the array turned round
            low, high = (dims.add(dims.add(extent, -1), dims.multiply(each, -1)) for each in (low, high))
        x = taken(x, axis, low, high, abs(step))
    return x


def limits(start: DimLike, stop: DimLike, step: int, extent: DimLike) -> tuple[DimLike, DimLike]:
    """Where a slice begins and ends: negative places count from the end, those outside are moved to it."""
    found = []
    for place in (start, stop):
        if is_negative(place):
            place = dims.add(place, extent)
        low, high = (0, extent) if step > 0 else (-1, dims.add(extent, -1))
        found.append(dims.minimum(dims.maximum(place, low), high))
    return found[0], found[1]


def is_negative(place: DimLike) -> bool:
    low, high = dims.bounds(place)
    if low < 0 <= high:
        raise NotImplementedError(f"a place that may lie on both sides of 0: {place}")
    return high < 0


def taken(x: Value, axis: int, low: DimLike, high: DimLike, step: int) -> Value:
    """Every `step`th element along an axis, from `low` to below `high`."""
    axis += x.rank if axis < 0 else 0
    length = dims.maximum(dims.ceil_divide(dims.add(high, dims.multiply(low, -1)), step), 0)
    starts: list[DimLike] = [0] * x.rank
    starts[axis] = low if length != 0 else 0
    steps = [1] * x.rank
    steps[axis] = step
    return fn.slice(x, starts, (*x.shape[:axis], length, *x.shape[axis + 1 :]), steps)


@rule("Pad", settings=(1, 2, 3))
def pad(use: Any, x: Value, pads: Value | None = None, value: Value | None = None, axes: Value | None = None) -> Value:
    given = tuple(use["pads"] or use["paddings"] or ()) if pads is None else use.dims(pads, "pads")
    which = tuple(range(x.rank)) if axes is None else use.ints(axes, "axes")
    if len(given) != 2 * len(which):
        raise use.error(f"{2 * len(which)} pads", given)
    pairs: list[tuple[DimLike, DimLike]] = [(0, 0)] * x.rank
    for k, axis in enumerate(which):
        pairs[axis] = given[k], given[k + len(which)]
    for axis, pair in enumerate(pairs):  # what is cut off instead of put on
        cut = [0 if isinstance(each, Dim) else max(-each, 0) for each in pair]
        if any(cut):
            x = taken(x, axis, cut[0], dims.add(x.shape[axis], -cut[1]), 1)
    pairs = [tuple(0 if isinstance(each, int) and each < 0 else each for each in pair) for pair in pairs]  # type: ignore[misc]  # they stay pairs
    mode = use["mode"] or "constant"
    if mode not in ("constant", "reflect", "edge", "wrap"):
        raise use.error("mode constant, reflect, edge or wrap", repr(mode))
    if mode != "constant":
        return fn.pad(x, pairs, mode)
    fill: Any = use["value"] or 0 if value is None else fn.reshape(value, ())
    content = known(fill) if isinstance(fill, Value) else None
    return fn.pad(x, pairs, constant_values=fill if content is None else content.item())


# Gather and scatter


@rule("Gather")
def gather(use: Any, x: Value, indices: Value) -> Value:
    return fn.take(x, indices, use["axis"])


@rule("GatherElements")
def gather_elements(use: Any, x: Value, indices: Value) -> Value:
    axis = use.axis(x.rank)
    kept = tuple(indices.shape[k] if k != axis else x.shape[k] for k in range(x.rank))
    return fn.take_along_axis(fn.slice(x, (0,) * x.rank, kept), indices, axis)


@rule("GatherND")
def gather_nd(use: Any, x: Value, indices: Value) -> Value:
    batch, count = use["batch_dims"] or 0, indices.shape[-1]
    if not isinstance(count, int):
        raise use.refuse("a known number of indices", count)
    if not 1 <= count <= x.rank - batch:
        raise use.error(f"1 to {x.rank - batch} indices of each element", indices.type)
    columns = [fn.squeeze(fn.slice(indices, (*[0] * (indices.rank - 1), k), (*indices.shape[:-1], 1)), -1)
               for k in range(count)]  # fmt: skip
    places = [from_end(column, x.shape[batch + k]) for k, column in enumerate(columns)]
    return fn.gather(x, places, range(batch, batch + count), batch)


def from_end(indices: Value, extent: DimLike) -> Value:
    """Indices whose negative ones count from the end, from 0 on."""
    return fn.where(fn.less(indices, 0), fn.add(indices, fn.size_of(extent, indices.dtype)), indices)


@rule("ScatterElements", "Scatter")
def scatter_elements(use: Any, x: Value, indices: Value, updates: Value) -> Value:
    axis = use.axis(x.rank)
    places = [
        from_end(indices, x.shape[k]) if k == axis else fn.iota(indices.shape, k, indices.dtype) for k in range(x.rank)
    ]
    return fn.scatter_update(x, fn.stack(places, -1), updates, reduction_of(use))


@rule("ScatterND")
def scatter_nd(use: Any, x: Value, indices: Value, updates: Value) -> Value:
    return fn.scatter_update(x, indices, updates, reduction_of(use))


def reduction_of(use: Any) -> str | None:
    name = use["reduction"] or "none"
    if name not in ("none", "add", "mul", "max", "min"):
        raise use.error("reduction none, add, mul, max or min", repr(name))
    return None if name == "none" else name


# Blocks


@rule("DepthToSpace")
def depth_to_space(use: Any, x: Value) -> Value:
    n, c, h, w = x.shape
    block = use["blocksize"]
    depth = dims.floor_divide(c, block * block)
    if use["mode"] == "CRD":
        parts = fn.transpose(fn.reshape(x, (n, depth, block, block, h, w)), (0, 1, 4, 2, 5, 3))
    else:
        parts = fn.transpose(fn.reshape(x, (n, block, block, depth, h, w)), (0, 3, 4, 1, 5, 2))
    return fn.reshape(parts, (n, depth, h * block, w * block))


@rule("SpaceToDepth")
def space_to_depth(use: Any, x: Value) -> Value:
    n, c, h, w = x.shape
    block = use["blocksize"]
    rows, columns = dims.floor_divide(h, block), dims.floor_divide(w, block)
    order = (0, 1, 3, 5, 2, 4) if use["mode"] == "CRD" else (0, 3, 5, 1, 2, 4)
    parts = fn.transpose(fn.reshape(x, (n, c, rows, block, columns, block)), order)
    return fn.reshape(parts, (n, c * block * block, rows, columns))


@rule("OneHot", settings=(1,))
def one_hot(use: Any, indices: Value, depth: Value, values: Value) -> Value:
    (count,) = use.ints(depth, "a depth")
    whole = fn.cast(indices, "int64")
    axis = use.axis(whole.rank + 1)
    places = fn.expand_dims(fn.where(fn.less(whole, 0), fn.add(whole, count), whole), axis)
    shape = (*whole.shape[:axis], count, *whole.shape[axis:])
    off, on = (fn.reshape(fn.slice(values, (k,), (1,)), ()) for k in range(2))
    return fn.where(fn.equal(fn.iota(shape, axis, "int64"), places), on, off)
