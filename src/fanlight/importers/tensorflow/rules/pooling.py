"""What do TensorFlow's poolings mean? Means and maxima of windows, and where the maxima were."""

from __future__ import annotations

from itertools import product
from math import inf
from typing import Any

from fanlight.importers.tensorflow.rules.table import dtype_named, op
from fanlight.importers.tensorflow.rules.windows import Frame, back, frame_of, inner, last, shifted
from fanlight.ir.graph import Value
from fanlight.ops import functions as fn

NOTE = "windows along rows or channels"


@op("AvgPool", "AvgPool3D", note=NOTE)
def average_pool(use: Any, x: Value) -> Value:
    x = last(use, x)
    frame = frame_over(use, x, use["ksize"], use["strides"])
    return back(use, fn.average_pool(x, frame.taps, frame.strides, frame.pads))


def frame_over(use: Any, x: Value, sizes: Any, strides: Any) -> Frame:
    return frame_of(use, x.shape[1:-1], inner(use, sizes, x.rank - 2, "ksize"), strides)


@op("MaxPool", "MaxPool3D", note=NOTE)
def max_pool(use: Any, x: Value) -> Value:
    return largest(use, x, use["ksize"], use["strides"])


@op("MaxPoolV2", settings=(1, 2), note=NOTE)
def max_pool_of(use: Any, x: Value, sizes: Value, strides: Value) -> Value:
    return largest(use, x, use.ints(sizes, "ksize"), use.ints(strides, "strides"))


def largest(use: Any, x: Value, sizes: Any, strides: Any) -> Value:
    x = last(use, x)
    frame = frame_over(use, x, sizes, strides)
    if x.dtype == "float32":
        return back(use, fn.max_pool(x, frame.taps, frame.strides, frame.pads))
    lowest = 0 if x.dtype.startswith("u") else -(2 ** (int(x.dtype.removeprefix("int")) - 1))
    found, *rest = shifted(fn.pad(x, ((0, 0), *frame.pads, (0, 0)), constant_values=lowest), frame)
    for each in rest:
        found = fn.maximum(found, each)
    return back(use, found)


@op("MaxPoolWithArgmax", note=NOTE)
def max_pool_places(use: Any, x: Value) -> tuple[Value, Value]:
    """Besides the maxima the number of each among all elements of its image, or of all images."""
    frame = frame_over(use, x, use["ksize"], use["strides"])
    y = fn.max_pool(x, frame.taps, frame.strides, frame.pads)
    dtype = dtype_named(use, use["Targmax"])
    taps = shifted(fn.pad(fn.stop_gradient(x), ((0, 0), *frame.pads, (0, 0)), constant_values=-inf), frame)
    shape = taps[0].shape
    (height, width, channels), strides = x.shape[1:], frame.strides

    def number(tap: tuple[int, ...]) -> Value:
        """What this tap sees, as numbers."""
        row, column = (
            fn.add(fn.multiply(fn.iota(shape, k + 1, dtype), strides[k]), fn.size_of(tap[k] - frame.pads[k][0], dtype))
            for k in range(2)
        )
        if use["include_batch_in_index"]:
            row = fn.add(row, fn.multiply(fn.iota(shape, 0, dtype), fn.size_of(height, dtype)))
        place = fn.add(fn.multiply(row, fn.size_of(width, dtype)), column)
        return fn.add(fn.multiply(place, fn.size_of(channels, dtype)), fn.iota(shape, 3, dtype))

    best = found = None
    for tap, value in zip(product(*map(range, frame.taps)), taps, strict=True):
        if best is None or found is None:
            best, found = value, number(tap)
        else:
            is_larger = fn.greater(value, best)
            best, found = fn.where(is_larger, value, best), fn.where(is_larger, number(tap), found)
    assert found is not None  # a window has a tap
    return y, found
