"""What do TensorFlow Lite's operators on images mean? Poolings, resizing, normalization across channels."""

from __future__ import annotations

from math import prod
from typing import Any

import fanlight.importers.tensorflow.rules.images as tensorflow
from fanlight.importers.graphs.numbers import cut_quotient
from fanlight.importers.tensorflow.rules.normalization import local_response
from fanlight.importers.tensorflow.rules.windows import Frame, frame_of, shifted
from fanlight.importers.tflite.rules.activations import activated, ends_of
from fanlight.importers.tflite.rules.fixed import BYTES, ENDS
from fanlight.importers.tflite.rules.table import given, is_quantized, made, op
from fanlight.ir.graph import Value
from fanlight.ops import functions as fn

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
    return fn.cast(fn.clip(y, *ends_of(use, new)), x.dtype)


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
    return fn.clip(first, *ends_of(use, new))


@op("L2_POOL_2D")
def root_mean_square(use: Any, x: Value) -> Value:
    windows = frame(use, x)
    return activated(use, fn.sqrt(fn.average_pool(fn.square(x), windows.taps, windows.strides, windows.pads)))


op("RESIZE_BILINEAR", settings=(1,))(tensorflow.resize_bilinear)
op("RESIZE_NEAREST_NEIGHBOR", bytes_="raw", settings=(1,))(tensorflow.resize_nearest)
op("LOCAL_RESPONSE_NORMALIZATION", said={"depth_radius": "radius"})(local_response)


@op("L2_NORMALIZATION")
def unit_length(use: Any, x: Value) -> Value:
    length = fn.sqrt(fn.sum(fn.square(x), -1, keepdims=True))
    return activated(use, fn.divide(x, fn.maximum(length, 1e-6)))
