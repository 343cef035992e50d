"""What are the products of vectors, matrices and images? matmul, convolutions and pooling, with padding.

Images are [n, h, w, c], kernels [kh, kw, c, o]. Padding is "valid" (none), "same" (output length = length / stride,
rounded up, an odd element of padding at the end), or pairs of widths.
"""

from __future__ import annotations

from collections.abc import Sequence

from fanlight.errors import ShapeError
from fanlight.ir import dim as dims
from fanlight.ir.dim import DimLike
from fanlight.ir.graph import Value, apply
from fanlight.ir.types import Shape, is_float
from fanlight.ops.conv import Conv2D, Windows, conv2d_input_gradient
from fanlight.ops.depthwise import DepthwiseConv2D
from fanlight.ops.matmul import Matmul
from fanlight.ops.pointwise import divide
from fanlight.ops.pool import MaxPool2D, SumPool2D
from fanlight.ops.promote import Operand, as_value, broadcast_shape, result_dtype, stretched
from fanlight.ops.shapes import expand_dims, ones, pad, reshape, slice, squeeze, transpose

__all__ = [
    "average_pool1d", "average_pool2d", "conv1d", "conv2d", "conv2d_transpose", "depthwise_conv2d", "dot", "matmul",
    "max_pool1d", "max_pool2d",
]  # fmt: skip

Sizes = int | Sequence[int]
Padding = str | Sequence[tuple[DimLike, DimLike]]


def matmul(a: Operand, b: Operand) -> Value:
    """The matrix product over the last axis of a and the last but one of b.

    Batch axes are broadcast, vectors are as in NumPy. Where b is one matrix, the leading axes of a are rows of one
    product.
    """
    dtype = result_dtype(a, b)
    dtype = dtype if is_float(dtype) else "int32"
    x, y = as_value(a, dtype), as_value(b, dtype)
    if x.rank == 0 or y.rank == 0:
        raise ShapeError("matmul", expected="vectors or matrices", got=f"{x.type} and {y.type}", do="use * for numbers")
    if x.rank == 1 or y.rank == 1:
        first = expand_dims(x, 0) if x.rank == 1 else x
        second = expand_dims(y, 1) if y.rank == 1 else y
        product = matmul(first, second)
        kept = (
            *product.shape[:-2],
            *((product.shape[-2],) if x.rank > 1 else ()),
            *((product.shape[-1],) if y.rank > 1 else ()),
        )
        return reshape(product, kept)
    if y.rank == 2 and x.rank > 2:
        rows = reshape(x, (dims.product(x.shape[:-1]), x.shape[-1]))
        return reshape(apply(Matmul(), rows, y), (*x.shape[:-1], y.shape[-1]))
    batch = broadcast_shape(x.shape[:-2], y.shape[:-2])
    return apply(Matmul(), stretched(x, (*batch, *x.shape[-2:])), stretched(y, (*batch, *y.shape[-2:])))


dot = matmul


def pair(sizes: Sizes) -> tuple[int, int]:
    """One size for both axes, or two."""
    both = (sizes, sizes) if isinstance(sizes, int) else tuple(sizes)
    if len(both) != 2:
        raise ShapeError("window sizes", expected="one number or two", got=sizes)
    return both[0], both[1]


def padding_widths(
    padding: Padding, extents: Shape, taps: Shape, windows: Windows
) -> tuple[tuple[DimLike, DimLike], tuple[DimLike, DimLike]]:
    """The widths before and after both axes; raises ShapeError for a padding that does not exist."""
    if padding == "valid":
        return (0, 0), (0, 0)
    if isinstance(padding, str):
        if padding != "same":
            raise ShapeError("padding", expected='"valid", "same" or pairs of widths', got=repr(padding))
        widths: list[tuple[DimLike, DimLike]] = []
        for n, span, stride in zip(extents, windows.reach((taps[0], taps[1])), windows.strides, strict=True):
            total = dims.maximum(span - 1 - dims.modulo(n - 1, stride), 0)  # the last window begins at the last stride
            before = dims.maximum(dims.floor_divide(total, 2), 0)  # the maximum is for the bounds of open dims only
            widths.append((before, dims.maximum(total - before, 0)))
        return widths[0], widths[1]
    if len(padding) != 2:
        raise ShapeError("padding", expected="widths for two axes", got=padding)
    (top, bottom), (left, right) = padding
    return (top, bottom), (left, right)


def _padded(x: Value, padding: Padding, taps: Shape, windows: Windows, value: float = 0.0) -> Value:
    if x.rank != 4:
        raise ShapeError("a convolution or pooling", expected="images [n, h, w, c]", got=x.type)
    return pad(x, ((0, 0), *padding_widths(padding, x.shape[1:3], taps, windows), (0, 0)), value)


def conv2d(
    x: Operand, kernel: Operand, strides: Sizes = 1, padding: Padding = "valid", dilation: Sizes = 1, groups: int = 1
) -> Value:
    """Convolves images [n, h, w, c] with a kernel [kh, kw, c / groups, o]."""
    image, weights = as_value(x, "float32"), as_value(kernel, "float32")
    op = Conv2D(pair(strides), pair(dilation), groups)
    return apply(op, _padded(image, padding, weights.shape[:2], op.windows), weights)


def depthwise_conv2d(
    x: Operand, kernel: Operand, strides: Sizes = 1, padding: Padding = "valid", dilation: Sizes = 1
) -> Value:
    """Convolves each channel of images [n, h, w, c] by itself, with its kernels in [kh, kw, c, multiplier]."""
    image, weights = as_value(x, "float32"), as_value(kernel, "float32")
    op = DepthwiseConv2D(pair(strides), pair(dilation))
    return apply(op, _padded(image, padding, weights.shape[:2], op.windows), weights)


def conv2d_transpose(x: Operand, kernel: Operand, strides: Sizes = 1, padding: str = "valid") -> Value:
    """Spreads each pixel of images [n, h, w, c] over a window, with a kernel [kh, kw, o, c]: the gradient of `conv2d`.

    The output has length n * stride, plus kernel - stride where that is positive and padding is "valid".
    """
    image, weights = as_value(x, "float32"), as_value(kernel, "float32")
    op = Conv2D(pair(strides))
    extents: list[DimLike] = []
    for n, taps, stride in zip(image.shape[1:3], weights.shape[:2], op.strides, strict=True):
        extents.append(n * stride + (0 if padding == "same" else dims.maximum(taps - stride, 0)))
    widths = padding_widths(padding, tuple(extents), weights.shape[:2], op.windows)
    whole = tuple(before + n + after for n, (before, after) in zip(extents, widths, strict=True))
    spread = conv2d_input_gradient(image, weights, (image.shape[0], *whole, weights.shape[2]), op)
    start = (0, widths[0][0], widths[1][0], 0)
    return slice(spread, start, (image.shape[0], *extents, weights.shape[2]))


def conv1d(
    x: Operand, kernel: Operand, stride: int = 1, padding: str = "valid", dilation: int = 1, groups: int = 1
) -> Value:
    """Convolves sequences [n, length, c] with a kernel [k, c / groups, o]."""
    image, weights = expand_dims(as_value(x), 1), expand_dims(as_value(kernel), 0)
    return squeeze(conv2d(image, weights, (1, stride), padding, (1, dilation), groups), 1)


def max_pool2d(x: Operand, window: Sizes, strides: Sizes | None = None, padding: Padding = "valid") -> Value:
    """The largest element of each window of images [n, h, w, c]; the first one gets the gradient."""
    taps, steps = pair(window), pair(window if strides is None else strides)
    return apply(MaxPool2D(taps, steps), _padded(as_value(x, "float32"), padding, taps, Windows(steps), float("-inf")))


def average_pool2d(x: Operand, window: Sizes, strides: Sizes | None = None, padding: Padding = "valid") -> Value:
    """The mean of each window of images [n, h, w, c]; padding does not count. Strides default to the window."""
    taps, steps = pair(window), pair(window if strides is None else strides)
    image = as_value(x, "float32")
    padded = _padded(image, padding, taps, Windows(steps))
    total = apply(SumPool2D(taps, steps), padded)
    if padded is image:
        return divide(total, float(taps[0] * taps[1]))
    inner = _padded(ones((1, *image.shape[1:3], 1)), padding, taps, Windows(steps))
    return divide(total, apply(SumPool2D(taps, steps), inner))


def max_pool1d(x: Operand, window: int, stride: int | None = None, padding: str = "valid") -> Value:
    """The largest element of each window of sequences [n, length, c]."""
    return squeeze(max_pool2d(expand_dims(x, 1), (1, window), (1, stride or window), padding), 1)


def average_pool1d(x: Operand, window: int, stride: int | None = None, padding: str = "valid") -> Value:
    """The mean of each window of sequences [n, length, c]; padding does not count."""
    return squeeze(average_pool2d(expand_dims(x, 1), (1, window), (1, stride or window), padding), 1)


def channels_last(x: Operand) -> Value:
    """[n, c, h, w] as [n, h, w, c]."""
    return transpose(x, (0, 2, 3, 1))
