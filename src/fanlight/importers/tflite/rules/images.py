"""What do TensorFlow Lite's operators on images mean? Poolings, resizing, normalization across channels."""

from __future__ import annotations

from math import prod
from typing import Any

import fanlight.importers.tensorflow.rules.images as tensorflow
from fanlight.importers.graphs.numbers import cut_quotient
from fanlight.importers.tensorflow.rules.normalization import local_response
from fanlight.importers.tensorflow.rules.windows import Frame, frame_of, shifted
from fanlight.importers.tflite.rules.activations import activated, fused_ends
from fanlight.importers.tflite.rules.fixed import BYTES, ENDS
from fanlight.importers.tflite.rules.table import given, is_quantized, made, op
from fanlight.ir import dim as dims
from fanlight.ir.dim import DimLike
from fanlight.ir.graph import Value
from fanlight.ops import functions as fn

ONE = 1024  # of a part between two elements
SAME_SCALE = "8-bit numbers of one scale on both sides"


def frame(use: Any, x: Value) -> Frame:
    taps = (use["filter_height"], use["filter_width"])
    if any(not isinstance(n, int) or n < 1 for n in taps):
        raise use.error("windows of positive size", taps)
    return frame_of(use, x.shape[1:-1], taps, (use["stride_h"], use["stride_w"]))


def check_scale(use: Any, x: Value) -> dict[str, Any]:
    """How operand and result are quantized."""
    old, new = given(use, 0), made(use)
    if old is None or new is None or x.dtype not in BYTES or any(old[k] != new[k] for k in ("scale", "zero")):
        raise use.refuse(SAME_SCALE, (old, new))
    return new


@op("AVERAGE_POOL_2D", bytes_="own")
def average_pool(use: Any, x: Value) -> Value:
    windows = frame(use, x)
    if not is_quantized(use):
        return activated(use, fn.average_pool(x, windows.taps, windows.strides, windows.pads))
    new = check_scale(use, x)
    total, count = window_sum(x, windows), window_sum(fn.ones((1, *x.shape[1:-1], 1), "uint8"), windows)
    if all(pair == (0, 0) for pair in windows.pads):
        count = fn.full((), prod(windows.taps), "int32")
    half = cut_quotient(count, fn.full((), 2, "int32"))
    signed = fn.add(total, fn.where(fn.greater(total, 0), half, fn.negative(half)))
    y = cut_quotient(signed, count)
    return fn.cast(fn.clip(y, *fused_ends(use, new)), x.dtype)


def window_sum(x: Value, windows: Frame) -> Value:
    """The sums of windows as int32."""
    padded = fn.pad(fn.cast(x, "int32"), ((0, 0), *windows.pads, (0, 0)))
    if tuple(windows.taps) == padded.shape[1:-1]:
        return fn.sum(padded, (1, 2), keepdims=True)
    first, *rest = shifted(padded, windows)
    for each in rest:
        first = fn.add(first, each)
    return first


@op("MAX_POOL_2D", bytes_="own")
def max_pool(use: Any, x: Value) -> Value:
    windows = frame(use, x)
    if x.dtype == "float32":
        return activated(use, fn.max_pool(x, windows.taps, windows.strides, windows.pads))
    new = check_scale(use, x)
    around = ((0, 0), *windows.pads, (0, 0))
    first, *rest = shifted(fn.pad(x, around, constant_values=ENDS[x.dtype][0]), windows)
    for each in rest:
        first = fn.maximum(first, each)
    return fn.clip(first, *fused_ends(use, new))


@op("L2_POOL_2D")
def root_mean_square(use: Any, x: Value) -> Value:
    windows = frame(use, x)
    return activated(use, fn.sqrt(fn.average_pool(fn.square(x), windows.taps, windows.strides, windows.pads)))


@op("RESIZE_BILINEAR", bytes_="own", settings=(1,))
def resize_bilinear(use: Any, x: Value, size: Value) -> Value:
    if not is_quantized(use):
        return tensorflow.resize_bilinear(use, x, size)
    check_scale(use, x)
    if x.dtype == "uint8":
        y = tensorflow.resize_bilinear(use, x, size)
        return fn.cast(fn.floor(fn.add(y, 0.5)), "uint8")
    whole = fn.cast(x, "int32")
    height, width = tensorflow.sizes(use, size)
    for axis, length in ((2, width), (1, height)):
        whole = blended(use, whole, axis, length)
    signed = fn.add(whole, fn.where(fn.greater(whole, 0), 1 << 19, -(1 << 19)))
    return fn.cast(cut_quotient(signed, fn.full((), 1 << 20, "int32")), "int8")


def blended(use: Any, x: Value, axis: int, new: DimLike) -> Value:
    """x along a longer or shorter axis, between the two nearest elements, 1024 times as large."""
    old = x.shape[axis]
    a, b = (old - 1, new - 1) if use["align_corners"] and new != 1 else (old, new)
    step = fn.size_of(dims.floor_divide(a * ONE + dims.floor_divide(b, 2), b))
    at = fn.multiply(fn.iota((new,), 0), step)
    if use["half_pixel_centers"]:
        at = fn.add(at, fn.subtract(fn.floor_divide(step, 2), ONE // 2))
    last = fn.size_of(old - 1)
    low = fn.floor_divide(fn.maximum(at, 0), ONE)
    high = fn.minimum(cut_quotient(fn.add(at, ONE - 1), fn.full((), ONE, "int32")), last)
    part = tensorflow.beside(fn.subtract(at, fn.multiply(low, ONE)), x, axis)
    before, after = (fn.gather(x, [place], (axis,)) for place in (low, high))
    return fn.add(fn.multiply(before, fn.subtract(ONE, part)), fn.multiply(after, part))


op("RESIZE_NEAREST_NEIGHBOR", bytes_="raw", settings=(1,))(tensorflow.resize_nearest)
op("LOCAL_RESPONSE_NORMALIZATION", said={"depth_radius": "radius"})(local_response)


@op("L2_NORMALIZATION")
def unit_length(use: Any, x: Value) -> Value:
    length = fn.sqrt(fn.sum(fn.square(x), -1, keepdims=True))
    return activated(use, fn.divide(x, fn.maximum(length, 1e-6)))
