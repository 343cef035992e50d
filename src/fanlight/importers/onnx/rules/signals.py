"""What do ONNX's operators on signals mean? DFT, STFT, windows, mel filters. Complex numbers are a last axis of two."""

from __future__ import annotations

import math
from typing import Any

from fanlight.importers.graphs.table import rule
from fanlight.importers.onnx.rules.elementwise import dtype_named
from fanlight.ir import dim as dims
from fanlight.ir.dim import Dim, DimLike
from fanlight.ir.graph import Value
from fanlight.ops import functions as fn
from fanlight.ops.known import written

Pair = tuple[Value, Value]

# Weights of cos(2 pi k i / n), k = 0, 1, 2; those of Hamming are the standard's own.
WINDOWS = {
    "HannWindow": (0.5, -0.5),
    "HammingWindow": (25 / 46, -21 / 46),
    "BlackmanWindow": (0.42, -0.5, 0.08),
}
MOST_BANDS = 4096


@rule(*WINDOWS, settings=(0,))
def window(use: Any, size: Value) -> Value:
    (length,) = use.dims(size, "a length")
    dtype = dtype_named(use, use["output_datatype"])
    span: DimLike = length if use["periodic"] else length - 1
    steps = fn.iota((length,), 0, "float32")
    angle = fn.divide(fn.multiply(steps, 2 * math.pi), fn.size_of(dims.maximum(span, 1), "float32"))
    constant, *rest = WINDOWS[use.node.op]
    y = fn.full((length,), constant, "float32")
    for k, weight in enumerate(rest, 1):
        y = fn.add(y, fn.multiply(fn.cos(fn.multiply(angle, float(k))), weight))
    return fn.cast(y, dtype)


def complex_parts(use: Any, x: Value) -> Pair:
    """The real and imaginary parts of numbers along the last axis."""
    if x.rank < 2 or x.shape[-1] not in (1, 2):
        raise use.error("a last axis of 1 or 2 parts", x.type)
    real, *rest = (fn.squeeze(part, -1) for part in fn.split(x, dims.known(x.shape[-1]), -1))
    return real, (rest[0] if rest else fn.zeros(real.shape))


def joined(pair: Pair) -> Value:
    return fn.stack(pair, -1)


def sized(x: Value, length: int) -> Value:
    """The last axis cut, or filled with zeros, to a length."""
    n = x.shape[-1]
    if n == length:
        return x
    assert isinstance(n, int)
    if length < n:
        return fn.slice(x, [0] * x.rank, (*x.shape[:-1], length))
    return fn.pad(x, [*[(0, 0)] * (x.rank - 1), (0, length - n)])


def known_length(use: Any, extent: DimLike) -> int:
    if isinstance(extent, Dim) or extent < 1:
        raise use.refuse("a transform of known length, at least 1", extent)
    return int(extent)


@rule("DFT", settings=(1, 2))
def dft(use: Any, x: Value, length: Value | None = None, axis: Value | None = None) -> Value:
    (k,) = use.ints(axis, "an axis") if axis is not None else ((-2,) if use.opset >= 20 else (use["axis"],))
    k += x.rank if k < 0 else 0
    if not 0 <= k < x.rank - 1:
        raise use.error(f"an axis from 0 to {x.rank - 2}", k)
    real, imaginary = (fn.swapaxes(part, k, -1) for part in complex_parts(use, x))
    n = known_length(use, real.shape[-1])
    (count,) = (None,) if length is None else use.ints(length, "a length")
    if use["inverse"] and use["onesided"]:
        count = known_length(use, 2 * (n - 1) if count is None else count)
        return fn.expand_dims(fn.swapaxes(fn.irfft((real, imaginary), count), k, -1), -1)
    count = known_length(use, n if count is None else count)
    is_real = x.shape[-1] == 1
    if use["inverse"]:
        found = inverse(sized(real, count), sized(imaginary, count), count)
    elif use["onesided"]:
        found = onesided(real, imaginary, is_real, count)
    else:
        found = fn.fft((sized(real, count), sized(imaginary, count)))
    return joined((fn.swapaxes(found[0], k, -1), fn.swapaxes(found[1], k, -1)))


def inverse(real: Value, imaginary: Value, count: int) -> Pair:
    """The inverse transform is the forward one with the parts in each other's place."""
    q, p = fn.fft((imaginary, real))
    return fn.multiply(p, 1.0 / count), fn.multiply(q, 1.0 / count)


def onesided(real: Value, imaginary: Value, is_real: bool, count: int) -> Pair:
    """The frequencies 0 .. n/2."""
    if is_real:
        return fn.rfft(real, count)
    pair = fn.fft((sized(real, count), sized(imaginary, count)))
    kept = (*real.shape[:-1], count // 2 + 1)
    return fn.slice(pair[0], [0] * real.rank, kept), fn.slice(pair[1], [0] * real.rank, kept)


@rule("STFT", settings=(1, 3))
def stft(use: Any, x: Value, step: Value, weights: Value | None = None, length: Value | None = None) -> Value:
    x = fn.expand_dims(x, -1) if x.rank == 2 else x
    if x.rank != 3:
        raise use.error("signals [batch, length, 1 or 2]", x.type)
    (stride,) = use.ints(step, "a step")
    extent: DimLike = x.shape[1] if weights is None else weights.shape[0]
    count = known_length(use, use.ints(length, "a length")[0] if length is not None else extent)
    if stride < 1 or (weights is not None and weights.shape != (count,)):
        raise use.error(f"a step from 1 up and a window of {count}", (stride, weights))
    parts = [fn.extract_sequences(part, count, stride) for part in complex_parts(use, x)]
    real, imaginary = (part if weights is None else fn.multiply(part, weights) for part in parts)
    if use["onesided"]:
        return joined(onesided(real, imaginary, x.shape[-1] == 1, count))
    return joined(fn.fft((real, imaginary)))


@rule("MelWeightMatrix", settings=(0, 1, 2, 3, 4))
def mel_weights(use: Any, *operands: Value) -> Value:
    import numpy

    names = ("a number of bands", "a length", "a rate", "the lowest frequency", "the highest frequency")
    bands, length, rate, low, high = (use.array(x, what).item() for x, what in zip(operands, names, strict=True))
    if any(isinstance(each, Dim) for each in (bands, length, rate, low, high)) or min(bands, length, rate) < 1:
        raise use.refuse("known numbers from 1 up", (bands, length, rate, low, high))
    if not -700 < low < math.inf or not -700 < high < math.inf:
        raise use.error("frequencies from 0 up", (low, high))
    ends = [2595 * math.log10(1 + edge / 700) for edge in (low, high)]
    if bands > MOST_BANDS:
        raise use.error(f"at most {MOST_BANDS} bands", bands)
    mels = numpy.arange(bands + 2) * ((ends[1] - ends[0]) / (bands + 2)) + ends[0]
    places = ((length + 1) * (700 * (10 ** (mels / 2595) - 1)) // rate).astype("int64")
    rows = length // 2 + 1
    if places.min() < 0 or places.max() > rows:
        raise use.error(f"bands within {rows} frequencies", places.tolist()[:8])
    left, centre, right = (
        fn.reshape(written(places[k : k + bands].astype("int32"), "int32"), (1, bands)) for k in range(3)
    )
    place = fn.iota((rows, 1), 0, "int32")
    rise = slope(fn.subtract(place, left), fn.subtract(centre, left))
    fall = slope(fn.subtract(right, place), fn.subtract(right, centre))
    up = fn.logical_and(fn.greater_equal(place, left), fn.less_equal(place, centre))
    down = fn.logical_and(fn.greater(place, centre), fn.less(place, right))
    peak = fn.equal(place, centre)
    y = fn.where(peak, 1.0, fn.where(up, rise, fn.where(down, fall, 0.0)))
    return fn.cast(y, dtype_named(use, use["output_datatype"]))


def slope(part: Value, whole: Value) -> Value:
    return fn.divide(fn.cast(part, "float32"), fn.cast(fn.maximum(whole, 1), "float32"))
