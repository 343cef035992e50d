"""What is the largest element, or the mean, of a window? Pooling in one to three dimensions, with Keras's arguments.

Images and padding are as in `convolution`; what pads is no element: it is never the largest, and no mean counts it.
"""

from __future__ import annotations

import builtins
import math

from fanlight.errors import ShapeError
from fanlight.ir.graph import Value, apply
from fanlight.ops.convolution import (
    Padding,
    Sizes,
    each_axis,
    from_channels_last,
    padded,
    to_channels_last,
)
from fanlight.ops.indexing import gather
from fanlight.ops.pointwise import add, cast, divide, floor_divide, less, multiply, subtract, where
from fanlight.ops.pool import MaxPool, SumPool, steps_of
from fanlight.ops.promote import Operand, as_value
from fanlight.ops.reductions import max, sum
from fanlight.ops.shapes import arange, expand_dims, ones, reshape

__all__ = ["adaptive_average_pool", "adaptive_max_pool", "average_pool", "max_pool"]


def _operands(
    inputs: Operand, pool_size: Sizes, strides: Sizes | None, data_format: str | None
) -> tuple[Value, tuple[int, ...], tuple[int, ...]]:
    """Images, channels-last; the window; and its strides."""
    x = as_value(inputs, "float32")
    if x.rank < 3:
        raise ShapeError("pooling", expected="images [n, *positions, c]", got=x.type)
    window = each_axis(pool_size, x.rank - 2, "pool_size")
    steps = window if strides is None else each_axis(strides, x.rank - 2, "strides")
    return to_channels_last(x, data_format), window, steps


def max_pool(
    inputs: Operand,
    pool_size: Sizes,
    strides: Sizes | None = None,
    padding: Padding = "valid",
    data_format: str | None = None,
) -> Value:
    """The largest element of each window; the first one gets the gradient. Strides default to the window."""
    x, window, steps = _operands(inputs, pool_size, strides, data_format)
    moved = padded(x, padding, window, steps_of(steps), float("-inf"))
    return from_channels_last(apply(MaxPool(window, steps), moved), data_format)


def average_pool(
    inputs: Operand,
    pool_size: Sizes,
    strides: Sizes | None = None,
    padding: Padding = "valid",
    data_format: str | None = None,
) -> Value:
    """The mean of each window; padding does not count. Strides default to the window."""
    x, window, steps = _operands(inputs, pool_size, strides, data_format)
    moved = padded(x, padding, window, steps_of(steps))
    total = apply(SumPool(window, steps), moved)
    if moved is x:
        return from_channels_last(divide(total, float(math.prod(window))), data_format)
    inside = padded(ones((1, *x.shape[1:-1], 1)), padding, window, steps_of(steps))
    return from_channels_last(divide(total, apply(SumPool(window, steps), inside)), data_format)


def adaptive_average_pool(inputs: Operand, output_size: Sizes, data_format: str | None = None) -> Value:
    """The mean of each of `output_size` windows, which together cover the image as evenly as whole numbers allow."""
    return _adaptive(inputs, output_size, data_format, False)


def adaptive_max_pool(inputs: Operand, output_size: Sizes, data_format: str | None = None) -> Value:
    """The largest element of each of `output_size` windows, which together cover the image evenly."""
    return _adaptive(inputs, output_size, data_format, True)


def _adaptive(inputs: Operand, output_size: Sizes, data_format: str | None, largest: bool) -> Value:
    """One axis after the other, as Keras does, which decides who gets the gradient among equal elements."""
    x = as_value(inputs, "float32")
    if x.rank < 3:
        raise ShapeError("pooling", expected="images [n, *positions, c]", got=x.type)
    x = to_channels_last(x, data_format)
    for k, size in enumerate(each_axis(output_size, x.rank - 2, "output_size")):
        x = _adapted(x, k + 1, size, largest)
    return from_channels_last(x, data_format)


def _adapted(x: Value, axis: int, size: int, largest: bool) -> Value:
    """Window i of `size` along an axis of n elements: from i*n // size up to (i+1)*n / size, rounded up."""
    extent = x.shape[axis]
    if not isinstance(extent, int) or not size >= 1:
        raise ShapeError("adaptive pooling", expected="axes of known lengths, and sizes of at least 1", got=x.type)
    if extent % size == 0:
        window = tuple(extent // size if k == axis else 1 for k in range(1, x.rank - 1))
        return (max_pool if largest else average_pool)(x, window)
    ends = [(i * extent // size, -(-(i + 1) * extent // size)) for i in range(size)]
    longest = builtins.max(end - start for start, end in ends)
    place = expand_dims(arange(size), 1)
    start = floor_divide(multiply(place, extent), size)
    length = subtract(floor_divide(add(multiply(place, extent), extent + size - 1), size), start)
    tap = expand_dims(arange(longest), 0)
    windows = gather(x, [add(start, tap)], (axis,))
    shape = tuple(size if k == axis else longest if k == axis + 1 else 1 for k in range(x.rank + 1))
    is_inside = reshape(less(tap, length), shape)
    if largest:
        return max(where(is_inside, windows, float("-inf")), axis + 1, ties="first")
    total = sum(where(is_inside, windows, 0.0), axis + 1)
    return divide(total, reshape(cast(length, "float32"), [size if k == axis else 1 for k in range(x.rank)]))
