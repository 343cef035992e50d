"""What do ONNX's layers mean? Normalizations, softmax and its kin, dropout, losses."""

from __future__ import annotations

from typing import Any

from fanlight.importers.graphs.table import rule
from fanlight.ir import dim as dims
from fanlight.ir.graph import Value
from fanlight.ops import functions as fn
from fanlight.ops.known import known

WIDEST = 256  # channels that are seen together


def per_channel(parameter: Value, x: Value) -> Value:
    """One number for each channel, so that it broadcasts with `[n, c, ...]`."""
    return fn.reshape(parameter, (*parameter.shape, *[1] * (x.rank - 2)))


@rule("BatchNormalization", parameters=(1, 2, 3, 4), statistics=(3, 4))
def batch_normalization(
    use: Any, x: Value, scale: Value, offset: Value, mean: Value, variance: Value
) -> Value | tuple[Value, ...]:
    if use["spatial"] == 0:
        raise use.refuse("statistics of channels", "spatial=0")
    trains = use["training_mode"] if use.opset >= 14 else (use.opset < 7 and not use["is_test"] and use.wants(1))
    if not trains or not use.context.training:
        y = normalized(x, mean, variance, scale, offset, use["epsilon"])
        return (y, mean, variance, mean, variance) if use.wants(1) else y
    axes = (0, *range(2, x.rank))
    found, spread = fn.moments(x, axes)
    keep = use["momentum"]
    moved = [fn.add(fn.multiply(old, keep), fn.multiply(new, 1 - keep))
             for old, new in ((mean, found), (variance, spread))]  # fmt: skip
    return normalized(x, found, spread, scale, offset, use["epsilon"]), *moved


def normalized(x: Value, mean: Value, variance: Value, scale: Value, offset: Value, epsilon: float) -> Value:
    factor = fn.divide(scale, fn.sqrt(fn.add(variance, epsilon)))
    shift = fn.subtract(offset, fn.multiply(mean, factor))
    return fn.add(fn.multiply(x, per_channel(factor, x)), per_channel(shift, x))


@rule("InstanceNormalization", parameters=(1, 2))
def instance_normalization(use: Any, x: Value, scale: Value, offset: Value) -> Value:
    y = standardized(x, tuple(range(2, x.rank)), use["epsilon"])
    return fn.add(fn.multiply(y, per_channel(scale, x)), per_channel(offset, x))


def standardized(x: Value, axes: tuple[int, ...], epsilon: float) -> Value:
    mean, variance = fn.moments(x, axes, keepdims=True)
    return fn.divide(fn.subtract(x, mean), fn.sqrt(fn.add(variance, epsilon)))


@rule("GroupNormalization", parameters=(1, 2))
def group_normalization(use: Any, x: Value, scale: Value, offset: Value) -> Value:
    groups, channels = use["num_groups"], x.shape[1]
    size = dims.floor_divide(channels, groups)
    parts = fn.reshape(x, (x.shape[0], groups, size, *x.shape[2:]))
    y = standardized(parts, tuple(range(2, parts.rank)), use["epsilon"])
    if use.opset < 21:  # one scale for each group
        shape = (1, groups, *[1] * (x.rank - 1))
        return fn.reshape(fn.add(fn.multiply(y, fn.reshape(scale, shape)), fn.reshape(offset, shape)), x.shape)
    y = fn.reshape(y, x.shape)
    return fn.add(fn.multiply(y, per_channel(scale, x)), per_channel(offset, x))


@rule("LayerNormalization", parameters=(1, 2))
def layer_normalization(use: Any, x: Value, scale: Value, offset: Value | None = None) -> tuple[Value, ...]:
    axes = tuple(range(use.axis(x.rank), x.rank))
    mean, variance = fn.moments(x, axes, keepdims=True)
    inverse = fn.rsqrt(fn.add(variance, use["epsilon"]))
    y = fn.multiply(fn.multiply(fn.subtract(x, mean), inverse), scale)
    return (y if offset is None else fn.add(y, offset)), mean, inverse


@rule("RMSNormalization", parameters=(1,))
def rms_normalization(use: Any, x: Value, scale: Value) -> Value:
    axes = tuple(range(use.axis(x.rank), x.rank))
    square = fn.mean(fn.square(x), axes, keepdims=True)
    return fn.multiply(fn.multiply(x, fn.rsqrt(fn.add(square, use["epsilon"]))), scale)


@rule("LpNormalization")
def norm_normalization(use: Any, x: Value) -> Value:
    axis = use["axis"]
    if use["p"] not in (1, 2):
        raise use.error("p 1 or 2", use["p"])
    total = fn.sum(fn.absolute(x, kink=0), axis, True) if use["p"] == 1 else fn.sqrt(fn.sum(fn.square(x), axis, True))
    return fn.where(fn.equal(total, 0.0), 0.0, fn.divide(x, fn.where(fn.equal(total, 0.0), 1.0, total)))


@rule("MeanVarianceNormalization")
def mean_variance_normalization(use: Any, x: Value) -> Value:
    axes = tuple(use["axes"] if use["axes"] is not None else (0, 2, 3))
    mean = fn.mean(x, axes, keepdims=True)
    deviation = fn.sqrt(fn.subtract(fn.mean(fn.square(x), axes, keepdims=True), fn.square(mean)))
    return fn.divide(fn.subtract(x, mean), fn.add(deviation, 1e-9))


@rule("LRN")
def local_response_normalization(use: Any, x: Value) -> Value:
    size = use["size"]
    if not 1 <= size <= WIDEST:
        raise use.refuse(f"a size from 1 to {WIDEST}", size)
    before = (size - 1) // 2
    squares = fn.pad(fn.square(x), ((0, 0), (before, size - 1 - before), *[(0, 0)] * (x.rank - 2)))
    rest = [0] * (x.rank - 2)
    total = fn.slice(squares, (0, 0, *rest), x.shape)
    for k in range(1, size):
        total = fn.add(total, fn.slice(squares, (0, k, *rest), x.shape))
    return fn.divide(x, fn.power(fn.add(fn.multiply(total, use["alpha"] / size), use["bias"]), use["beta"]))


# Softmax and its kin


def along(use: Any, x: Value, function: Any) -> Value:
    """Along one axis; before version 13 along all from `axis` on, as if they were one."""
    axis = use.axis(x.rank)
    if use.opset >= 13:
        return function(x, axis)
    flat = fn.reshape(x, (dims.product(x.shape[:axis]), dims.product(x.shape[axis:])))
    return fn.reshape(function(flat, 1), x.shape)


@rule("Softmax")
def softmax(use: Any, x: Value) -> Value:
    return along(use, x, fn.softmax)


@rule("LogSoftmax")
def log_softmax(use: Any, x: Value) -> Value:
    return along(use, x, fn.log_softmax)


@rule("Hardmax")
def hardmax(use: Any, x: Value) -> Value:
    def largest(x: Value, axis: int) -> Value:
        places = fn.argmax(x, axis, keepdims=True)
        return fn.cast(fn.equal(fn.iota(x.shape, axis), places), x.dtype)

    return along(use, x, largest)


# Dropout


@rule("Dropout", settings=(1, 2))
def dropout(use: Any, x: Value, ratio: Value | None = None, training: Value | None = None) -> tuple[Value, Value]:
    rate: Any = 0.5 if use["ratio"] is None else use["ratio"]
    if ratio is not None and (content := known(ratio)) is not None:
        rate = float(content.item())
    elif ratio is not None:
        rate = fn.reshape(ratio, ())
    flag = None if training is None else known(training)
    if training is not None and flag is None:
        raise use.refuse("a training_mode that is known", "one that depends on data")
    trains = bool(flag.item()) if flag is not None else use.opset < 7 and not use["is_test"]
    if not trains or not use.context.training or rate == 0:
        return x, fn.ones(x.shape, "bool")
    key = use.context.random_key(use["seed"])
    mask = fn.random_bernoulli(key, x.shape, 1.0 - rate)
    return fn.where(mask, fn.divide(x, 1.0 - rate), 0.0), mask
