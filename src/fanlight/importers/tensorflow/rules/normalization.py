"""What do TensorFlow's normalizations mean? Of batches, of neighbouring channels; rounding to few levels."""

from __future__ import annotations

from typing import Any

from fanlight.importers.tensorflow.rules.table import op
from fanlight.importers.tensorflow.rules.windows import back, last
from fanlight.ir import dim as dims
from fanlight.ir.graph import Value
from fanlight.ops import functions as fn


@op(
    *("FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3"),
    parameters=(1, 2, 3, 4),
    statistics=(3, 4),
    note="what is reserved for its gradient",
)
def batch_normalization(
    use: Any, x: Value, scale: Value, offset: Value, mean: Value, variance: Value
) -> tuple[Value, ...]:
    """Training gives the statistics that a running mean takes up, the variance divided by n - 1."""
    x = last(use, x)
    if not use["is_training"]:
        return back(use, normalized(use, x, mean, variance, scale, offset)), mean, variance
    found, spread = fn.moments(x, tuple(range(x.rank - 1)))
    y = back(use, normalized(use, x, found, spread, scale, offset))
    rows = fn.size_of(dims.product(x.shape[:-1]), "float32")
    sample = fn.multiply(spread, fn.divide(rows, fn.maximum(fn.subtract(rows, 1.0), 1.0)))
    share = use["exponential_avg_factor"]
    if share == 1:
        return y, found, sample
    return y, moved(mean, found, share), moved(variance, sample, share)


def moved(old: Value, new: Value, share: float) -> Value:
    return fn.add(fn.multiply(old, 1 - share), fn.multiply(new, share))


def normalized(use: Any, x: Value, mean: Value, variance: Value, scale: Value, offset: Value) -> Value:
    factor = fn.multiply(scale, fn.rsqrt(fn.add(variance, use["epsilon"])))
    return fn.add(fn.multiply(fn.subtract(x, mean), factor), offset)


@op("LRN")
def local_response(use: Any, x: Value) -> Value:
    channels = x.shape[-1]
    if not isinstance(channels, int) or use["depth_radius"] < 0:
        raise use.refuse("a known number of channels and a radius from 0 up", (x.type, use["depth_radius"]))
    radius = min(use["depth_radius"], max(channels - 1, 0))
    lead = x.rank - 1
    squares = fn.pad(fn.square(x), (*((0, 0),) * lead, (radius, radius)))
    total = fn.slice(squares, [0] * x.rank, x.shape)
    for k in range(1, 2 * radius + 1):
        total = fn.add(total, fn.slice(squares, (*[0] * lead, k), x.shape))
    return fn.divide(x, fn.power(fn.add(fn.multiply(total, use["alpha"]), use["bias"]), use["beta"]))


@op("L2Loss")
def half_square(use: Any, x: Value) -> Value:
    return fn.multiply(fn.sum(fn.square(x)), 0.5)


# Levels of numbers that become whole ones later. Gradients flow to the number inside the range, else to its end.


@op("FakeQuantWithMinMaxArgs")
def levels_of_numbers(use: Any, x: Value) -> Value:
    return levels(use, x, fn.full((), use["min"]), fn.full((), use["max"]))


@op("FakeQuantWithMinMaxVars", "FakeQuantWithMinMaxVarsPerChannel", parameters=(1, 2))
def levels(use: Any, x: Value, low: Value, high: Value) -> Value:
    if not 2 <= use["num_bits"] <= 16:
        raise use.error("num_bits from 2 to 16", use["num_bits"])
    first, top = float(use["narrow_range"]), 2.0 ** use["num_bits"] - 1
    begin, end = fn.stop_gradient(low), fn.stop_gradient(high)
    step = fn.divide(fn.subtract(end, begin), top - first)
    zero = fn.subtract(first, fn.divide(begin, step))
    zero = fn.clip(fn.floor(fn.add(zero, 0.5)), first, top)  # the level that is exactly 0
    begin, end = fn.multiply(fn.subtract(first, zero), step), fn.multiply(fn.subtract(top, zero), step)
    way = fn.where(fn.less(x, begin), low, fn.where(fn.greater(x, end), high, x))
    inside = fn.subtract(fn.clip(fn.stop_gradient(x), begin, end), begin)
    level = fn.floor(fn.add(fn.subtract(fn.multiply(inside, fn.divide(1.0, step)), fn.subtract(zero, first)), 0.5))
    found = fn.multiply(level, step)
    return fn.add(found, fn.subtract(way, fn.stop_gradient(way)))
