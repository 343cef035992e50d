"""What are the products of images? Convolutions in one to three dimensions, with Keras's arguments.

Images are [n, *positions, c], or [n, c, *positions] where `data_format` says "channels_first": these are read and
written through index expressions. Padding is "valid" (none), "same" (output length = length / stride, rounded up, an
odd element of padding at the end), "causal" (sequences see no future), or pairs of widths.
"""

from __future__ import annotations

from collections.abc import Sequence

from fanlight.errors import ShapeError
from fanlight.ir import dim as dims
from fanlight.ir.dim import DimLike
from fanlight.ir.graph import Value, apply
from fanlight.ir.types import Shape
from fanlight.ops.borders import pad
from fanlight.ops.conv import Conv, Steps, Windows, conv_input_gradient
from fanlight.ops.depthwise import DepthwiseConv
from fanlight.ops.promote import Operand, as_value
from fanlight.ops.shapes import slice, transpose

__all__ = ["conv", "conv_transpose", "depthwise_conv", "separable_conv"]

Sizes = int | Sequence[int]
Padding = str | Sequence[tuple[DimLike, DimLike]]

FORMATS = ("channels_last", "channels_first")


def each_axis(sizes: Sizes, count: int, what: str = "window sizes") -> Steps:
    """One size for all axes, or one for each."""
    found = (sizes,) * count if isinstance(sizes, int) else tuple(sizes)
    if len(found) != count or not all(isinstance(size, int) for size in found):
        raise ShapeError(what, expected=f"one number or {count}", got=sizes)
    return found


def is_channels_first(data_format: str | None) -> bool:
    """Raises ShapeError for a data format that does not exist."""
    if data_format not in (None, *FORMATS):
        raise ShapeError("data_format", expected=" or ".join(map(repr, FORMATS)), got=repr(data_format))
    return data_format == "channels_first"


def to_channels_last(x: Value, data_format: str | None) -> Value:
    """[n, c, *positions] as [n, *positions, c] where the format is channels-first."""
    return transpose(x, (0, *range(2, x.rank), 1)) if is_channels_first(data_format) else x


def from_channels_last(x: Value, data_format: str | None) -> Value:
    return transpose(x, (0, x.rank - 1, *range(1, x.rank - 1))) if is_channels_first(data_format) else x


def padding_widths(padding: Padding, extents: Shape, taps: Shape, windows: Windows) -> list[tuple[DimLike, DimLike]]:
    """The widths before and after each axis; raises ShapeError for a padding that does not exist."""
    reach = windows.reach(taps)
    if padding == "valid":
        return [(0, 0)] * len(extents)
    if padding == "causal":
        return [(span - 1, 0) for span in reach]
    if isinstance(padding, str):
        if padding != "same":
            raise ShapeError("padding", expected='"valid", "same", "causal" or pairs of widths', got=repr(padding))
        widths: list[tuple[DimLike, DimLike]] = []
        for n, span, stride in zip(extents, reach, windows.strides, strict=True):
            total = dims.maximum(span - 1 - dims.modulo(n - 1, stride), 0)  # the last window begins at the last stride
            before = dims.maximum(dims.floor_divide(total, 2), 0)  # the maximum is for the bounds of open dims only
            widths.append((before, dims.maximum(total - before, 0)))
        return widths
    if len(padding) != len(extents) or any(len(pair) != 2 for pair in padding):
        raise ShapeError("padding", expected=f"pairs of widths for {len(extents)} axes", got=padding)
    return [(before, after) for before, after in padding]


def padded(x: Value, padding: Padding, taps: Shape, windows: Windows, value: float = 0) -> Value:
    """Images with what the padding of their windows asks for around them."""
    return pad(x, ((0, 0), *padding_widths(padding, x.shape[1:-1], taps, windows), (0, 0)), constant_values=value)


def _operands(
    name: str, inputs: Operand, kernel: Operand, data_format: str | None, whole: bool = True
) -> tuple[Value, Value, int]:
    """Images, channels-last; the kernel; and the number of their dimensions. Two of int32 stay so where `whole`."""
    x, weights = as_value(inputs), as_value(kernel)
    if not (whole and x.dtype == weights.dtype == "int32"):
        x, weights = as_value(x, "float32"), as_value(weights, "float32")
    if x.rank < 3 or weights.rank != x.rank:
        expected = "images [n, *positions, c] and a kernel [*taps, c, o] of one rank, at least 3"
        raise ShapeError(name, expected=expected, got=f"{x.type} and {weights.type}")
    return to_channels_last(x, data_format), weights, x.rank - 2


def _windows(strides: Sizes, dilation_rate: Sizes, count: int) -> Windows:
    return Windows(each_axis(strides, count, "strides"), each_axis(dilation_rate, count, "dilation_rate"))


def conv(
    inputs: Operand,
    kernel: Operand,
    strides: Sizes = 1,
    padding: Padding = "valid",
    data_format: str | None = None,
    dilation_rate: Sizes = 1,
) -> Value:
    """Convolves images with a kernel [*taps, c / groups, o]; how many groups there are follows from its channels."""
    x, weights, count = _operands("conv", inputs, kernel, data_format)
    windows = _windows(strides, dilation_rate, count)
    groups = _groups(x, weights)
    moved = padded(x, padding, weights.shape[:-2], windows)
    return from_channels_last(apply(Conv(windows.strides, windows.dilation, groups), moved, weights), data_format)


def _groups(x: Value, kernel: Value) -> int:
    channels, seen = x.shape[-1], kernel.shape[-2]
    if not isinstance(channels, int) or not isinstance(seen, int) or seen < 1 or channels % seen != 0:
        expected = f"a kernel [*taps, c, o] whose c divides the {channels} channels of the input"
        raise ShapeError("conv", expected=expected, got=kernel.type, at=f"input {x.type}")
    return channels // seen


def depthwise_conv(
    inputs: Operand,
    kernel: Operand,
    strides: Sizes = 1,
    padding: Padding = "valid",
    data_format: str | None = None,
    dilation_rate: Sizes = 1,
) -> Value:
    """Convolves each channel by itself, with its kernels in [*taps, c, multiplier]: output channel c*multiplier + j."""
    x, weights, count = _operands("depthwise_conv", inputs, kernel, data_format)
    windows = _windows(strides, dilation_rate, count)
    moved = padded(x, padding, weights.shape[:-2], windows)
    return from_channels_last(apply(DepthwiseConv(windows.strides, windows.dilation), moved, weights), data_format)


def separable_conv(
    inputs: Operand,
    depthwise_kernel: Operand,
    pointwise_kernel: Operand,
    strides: Sizes = 1,
    padding: Padding = "valid",
    data_format: str | None = None,
    dilation_rate: Sizes = 1,
) -> Value:
    """A `depthwise_conv`, then a product of the channels with `pointwise_kernel`, [1, ..., 1, c*multiplier, o]."""
    x = to_channels_last(as_value(inputs, "float32"), data_format)
    deep = depthwise_conv(x, depthwise_kernel, strides, padding, None, dilation_rate)
    return from_channels_last(conv(deep, pointwise_kernel), data_format)


def conv_transpose(
    inputs: Operand,
    kernel: Operand,
    strides: Sizes = 1,
    padding: str = "valid",
    output_padding: Sizes | None = None,
    data_format: str | None = None,
    dilation_rate: Sizes = 1,
) -> Value:
    """Spreads each pixel over a window, with a kernel [*taps, o, c]: the gradient of `conv`.

    Without `output_padding` the length becomes n * stride, and at "valid" what the kernel reaches beyond; with it,
    (n - 1) * stride + output_padding + the kernel's reach ("valid") or the reach modulo 2 ("same").
    """
    x, weights, count = _operands("conv_transpose", inputs, kernel, data_format, whole=False)
    windows = _windows(strides, dilation_rate, count)
    extra = (None,) * count if output_padding is None else each_axis(output_padding, count, "output_padding")
    whole: list[DimLike] = []
    start: list[DimLike] = []
    extents: list[DimLike] = []
    for n, span, stride, more in zip(
        x.shape[1:-1], windows.reach(weights.shape[:-2]), windows.strides, extra, strict=True
    ):
        first, length = _placed(n, span, stride, padding, more)
        start.append(first)
        extents.append(length)
        whole.append(dims.maximum((n - 1) * stride + span, first + length))
    if weights.shape[-1] != x.shape[-1]:
        expected = f"a kernel [*taps, o, {x.shape[-1]}]"
        raise ShapeError("conv_transpose", expected=expected, got=weights.type, at=f"input {x.type}")
    outputs = weights.shape[-2]
    op = Conv(windows.strides, windows.dilation)
    spread = conv_input_gradient(x, weights, (x.shape[0], *whole, outputs), op)
    found = slice(spread, (0, *start, 0), (x.shape[0], *extents, outputs))
    return from_channels_last(found, data_format)


def _placed(n: DimLike, span: DimLike, stride: int, padding: str, more: int | None) -> tuple[DimLike, DimLike]:
    """Which part of all (n - 1) * stride + span positions that n windows cover is the output: its start and length.

    As in Keras on JAX, which pads a widened input by `around` zeros in all, and by no more than the window's reach
    before it."""
    if padding == "valid":
        extra = dims.maximum(stride - span, 0) if more is None else more
        return 0, (n - 1) * stride + span + extra
    if padding != "same":
        raise ShapeError("conv_transpose", expected='"valid" or "same"', got=repr(padding), at="padding")
    around = stride + span - 2 if more is None else span + dims.modulo(span, 2) - 2 + more
    before = dims.minimum(dims.ceil_divide(around, 2), span - 1)
    return span - 1 - before, (n - 1) * stride + 2 - span + around
