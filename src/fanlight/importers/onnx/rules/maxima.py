"""What do ONNX's operators mean that know where a maximum was? MaxPool with the places of its maxima, MaxUnpool."""

from __future__ import annotations

from itertools import product as every
from math import inf
from typing import Any

from fanlight.importers.graphs.table import rule
from fanlight.importers.onnx.rules.contraction import ends_of, first, framed, largest, last, pooled, shifted
from fanlight.importers.onnx.rules.windows import windows_of
from fanlight.ir import dim as dims
from fanlight.ir.dim import DimLike
from fanlight.ir.graph import Value
from fanlight.ops import functions as fn


@rule("MaxPool")
def max_pool(use: Any, x: Value) -> Value | tuple[Value, Value]:
    wide = x if x.dtype == "float32" else fn.cast(x, "float32")
    y = fn.cast(pooled(use, wide, largest, -inf), x.dtype)
    return (y, places(use, wide)) if use.wants(1) else y


def places(use: Any, x: Value) -> Value:
    """For each window the number of its first largest element among all elements of x, pads not counted."""
    count = x.rank - 2
    windows = windows_of(use, x.shape[2:], None)
    taps = shifted(framed(last(fn.stop_gradient(x)), windows, ends_of(use, windows, x), -inf), windows)
    shape = taps[0].shape
    steps = strides_of(x.shape[2:], bool(use["storage_order"]))
    begin = fn.zeros(shape, "int64")
    for k in range(count):
        (before, _), stride = windows.pads[k], windows.strides[k]
        place = fn.subtract(fn.multiply(fn.iota(shape, k + 1, "int64"), stride), fn.size_of(before, "int64"))
        begin = fn.add(begin, fn.multiply(place, fn.size_of(steps[k], "int64")))
    best = found = None
    for tap, value in zip(every(*map(range, windows.taps)), taps, strict=True):
        inner = [(number * reach, step) for number, reach, step in zip(tap, windows.dilations, steps, strict=True)]
        offset: DimLike = 0
        for number, step in inner:
            offset = offset + number * step
        number = fn.add(begin, fn.size_of(offset, "int64"))
        if best is None or found is None:
            best, found = value, number
        else:
            is_larger = fn.greater(value, best)
            best, found = fn.where(is_larger, value, best), fn.where(is_larger, number, found)
    assert found is not None  # a window has a tap
    channel = fn.add(
        fn.multiply(fn.iota(shape, 0, "int64"), fn.size_of(x.shape[1], "int64")), fn.iota(shape, count + 1, "int64")
    )
    whole = fn.size_of(dims.product(x.shape[2:]), "int64")
    return first(fn.add(found, fn.multiply(channel, whole)))


def strides_of(extents: tuple[DimLike, ...], is_column_major: bool) -> list[DimLike]:
    """How many elements of an image lie between neighbours along each axis."""
    found: list[DimLike] = []
    step: DimLike = 1
    for extent in extents if is_column_major else reversed(extents):
        found.append(step)
        step = step * extent
    return found if is_column_major else found[::-1]


@rule("MaxUnpool", settings=(2,))
def max_unpool(use: Any, x: Value, numbers: Value, shape: Value | None = None) -> Value:
    count = x.rank - 2
    taps = use["kernel_shape"]
    strides, pads = use["strides"] or [1] * count, use["pads"] or [0] * 2 * count
    if not len(taps) == len(strides) == len(pads) // 2 == count or numbers.shape != x.shape:
        raise use.error(f"{count} taps, strides and pairs of pads, and a place for each element", (taps, numbers.type))
    before = [
        dims.add(dims.add(dims.multiply(dims.add(n, -1), stride), tap), -(low + high))
        for n, stride, tap, low, high in zip(x.shape[2:], strides, taps, pads[:count], pads[count:], strict=True)
    ]
    inferred = (*x.shape[:2], *before)
    flat = fn.reshape(numbers, (numbers.type.count, 1))
    y = fn.scatter_update(fn.zeros((dims.product(inferred),), x.dtype), flat, fn.reshape(x, (x.type.count,)))
    y = fn.reshape(y, inferred)
    if shape is None:
        return y
    wanted = use.dims(shape, "an output shape")
    if len(wanted) != x.rank or any(dims.bounds(dims.add(a, -b))[0] < 0 for a, b in zip(wanted, inferred, strict=True)):
        raise use.error(f"an output shape of at least {inferred}", wanted)
    more = [dims.add(new, dims.multiply(old, -1)) for new, old in zip(wanted, inferred, strict=True)]
    return fn.pad(y, [(0, each) for each in more])
