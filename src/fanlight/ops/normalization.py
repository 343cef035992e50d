"""How are elements brought to one scale? Normalization by given or own statistics, with Keras's arguments."""

from __future__ import annotations

from collections.abc import Sequence

from fanlight.errors import ShapeError
from fanlight.ir.graph import Value
from fanlight.ops.pointwise import (
    absolute,
    add,
    cast,
    divide,
    maximum,
    minimum,
    multiply,
    negative,
    power,
    rsqrt,
    square,
)
from fanlight.ops.promote import Operand
from fanlight.ops.reductions import mean, moments, sum
from fanlight.ops.shapes import normal_axes, reshape

__all__ = ["batch_normalization", "layer_normalization", "normalize", "rms_normalization"]

EPSILON = 1e-7  # keras.config.epsilon()


def batch_normalization(
    x: Operand,
    mean: Operand,
    variance: Operand,
    axis: int,
    offset: Operand | None = None,
    scale: Operand | None = None,
    epsilon: float = 1e-3,
) -> Value:
    """(x - mean) / sqrt(variance + epsilon) * scale + offset, the statistics being vectors along `axis`."""
    value = cast(x, "float32")
    (k,) = normal_axes(axis, value.rank)
    inverse = rsqrt(add(_along(variance, value, (k,)), epsilon))
    if scale is not None:
        inverse = multiply(inverse, _along(scale, value, (k,)))
    shift = negative(multiply(_along(mean, value, (k,)), inverse))
    if offset is not None:
        shift = add(shift, _along(offset, value, (k,)))
    return add(multiply(value, inverse), shift)


def _along(statistic: Operand, x: Value, axes: Sequence[int]) -> Value:
    """A statistic of these axes of x, its other axes of length 1."""
    value = cast(statistic, "float32")
    shape = tuple(extent if k in axes else 1 for k, extent in enumerate(x.shape))
    if value.rank == x.rank:
        return value
    if value.shape != tuple(x.shape[k] for k in axes):
        expected = f"a shape of {[x.shape[k] for k in axes]}"
        raise ShapeError("normalization", expected=expected, got=value.type, at=f"axes {[*axes]} of {x.type}")
    return reshape(value, shape)


def layer_normalization(
    x: Operand,
    gamma: Operand | None = None,
    beta: Operand | None = None,
    axis: int | Sequence[int] = -1,
    epsilon: float | None = None,
) -> Value:
    """(x - mean) / sqrt(variance + epsilon) * gamma + beta, with the statistics along `axis` of x itself."""
    value = cast(x, "float32")
    axes = tuple(sorted(normal_axes(axis, value.rank)))
    centre, spread = moments(value, axes, True)
    inverse = rsqrt(add(spread, EPSILON if epsilon is None else epsilon))
    if gamma is not None:
        inverse = multiply(inverse, _along(gamma, value, axes))
    shift = negative(multiply(centre, inverse))
    if beta is not None:
        shift = add(shift, _along(beta, value, axes))
    return add(multiply(value, inverse), shift)


def rms_normalization(
    x: Operand, scale: Operand | None = None, axis: int | Sequence[int] = -1, epsilon: float | None = None
) -> Value:
    """x / sqrt(mean(x^2) + epsilon) * scale, the mean along `axis`. A number counts as an array of one."""
    value = cast(x, "float32")
    value = value if value.rank else reshape(value, (1,))
    total = mean(square(value), axis, keepdims=True)
    found = multiply(value, rsqrt(add(total, EPSILON if epsilon is None else epsilon)))
    return found if scale is None else multiply(found, scale)


def normalize(x: Operand, axis: int = -1, order: int = 2, epsilon: float | None = None) -> Value:
    """x over its norm of this order along the axis, which counts as `epsilon` where it is smaller."""
    if not isinstance(order, int) or order < 1:
        raise ShapeError("normalize", expected="an order of at least 1, a whole number", got=order)
    value = cast(x, "float32")
    value = value if value.rank else reshape(value, (1,))
    least = EPSILON if epsilon is None else epsilon
    if order == 2:
        inverse = rsqrt(sum(square(value), axis, keepdims=True))
        return multiply(value, minimum(inverse, 1.0 / least))
    if order == 1:
        norm = sum(absolute(value), axis, keepdims=True)
    else:
        norm = power(sum(power(absolute(value), float(order)), axis, keepdims=True), 1.0 / order)
    return divide(value, maximum(norm, least))
