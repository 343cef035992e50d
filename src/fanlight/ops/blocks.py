"""How are images cut into blocks, and put together from them? Patches, sequences, unfold, fold, depth to space."""

from __future__ import annotations

from fanlight.errors import ShapeError
from fanlight.ir import dim as dims
from fanlight.ir.dim import DimLike
from fanlight.ir.graph import Value, apply
from fanlight.ops.borders import pad
from fanlight.ops.conv import Windows
from fanlight.ops.convolution import Padding, Sizes, each_axis, is_channels_first, padded
from fanlight.ops.fold import Fold, Unfold
from fanlight.ops.promote import Operand, as_value
from fanlight.ops.shapes import expand_dims, moveaxis, reshape, slice, squeeze, transpose

__all__ = ["depth_to_space", "extract_sequences", "fold", "space_to_depth", "unfold"]


def extract_sequences(x: Operand, sequence_length: int, sequence_stride: int) -> Value:
    """[..., time] cut into overlapping sequences: [..., number, sequence_length]."""
    value = as_value(x)
    flat = reshape(value, (dims.product(value.shape[:-1]), value.shape[-1], 1))
    found = apply(Unfold((sequence_length,), (sequence_stride,), (1,)), flat)
    return reshape(found, (*value.shape[:-1], found.shape[1], sequence_length))


def extract_patches(
    images: Operand,
    size: Sizes,
    strides: Sizes | None = None,
    dilation_rate: Sizes = 1,
    padding: Padding = "valid",
    data_format: str | None = None,
) -> Value:
    """Patches of images [n, h, w, c] as channels: [n, h', w', kh * kw * c]; strides default to the size.

    Three sizes cut volumes; an array without n is one image."""
    count = 2 if isinstance(size, int) else len(size)
    return _patches(images, each_axis(size, count, "size"), strides, dilation_rate, padding, data_format)


def extract_patches_3d(
    volumes: Operand,
    size: Sizes,
    strides: Sizes | None = None,
    dilation_rate: Sizes = 1,
    padding: Padding = "valid",
    data_format: str | None = None,
) -> Value:
    """Patches of volumes [n, d, h, w, c] as channels: [n, d', h', w', kd * kh * kw * c]."""
    return _patches(volumes, each_axis(size, 3, "size"), strides, dilation_rate, padding, data_format)


def _patches(
    images: Operand,
    taps: tuple[int, ...],
    strides: Sizes | None,
    dilation_rate: Sizes,
    padding: Padding,
    data_format: str | None,
) -> Value:
    value, count = as_value(images), len(taps)
    if value.rank not in (count + 1, count + 2):
        raise ShapeError("patches", expected=f"images of {count} dimensions, one or a batch", got=value.type)
    x = expand_dims(value, 0) if value.rank == count + 1 else value
    x = moveaxis(x, 1, -1) if is_channels_first(data_format) else x
    windows = Windows(each_axis(strides or taps, count, "strides"), each_axis(dilation_rate, count, "dilation_rate"))
    found = apply(Unfold(taps, windows.strides, windows.dilation), padded(x, padding, taps, windows, 0))
    found = reshape(found, (*found.shape[: count + 1], dims.product(found.shape[count + 1 :])))
    found = moveaxis(found, -1, 1) if is_channels_first(data_format) else found
    return squeeze(found, 0) if value.rank == count + 1 else found


def unfold(x: Operand, kernel_size: Sizes, dilation: Sizes = 1, padding: Sizes = 0, stride: Sizes = 1) -> Value:
    """The windows of images [n, c, h, w] as columns: [n, c * kh * kw, windows]."""
    value = as_value(x)
    if value.rank != 4:
        raise ShapeError("unfold", expected="images [n, c, h, w]", got=value.type)
    taps, around = each_axis(kernel_size, 2, "kernel_size"), each_axis(padding, 2, "padding")
    wide = pad(moveaxis(value, 1, -1), ((0, 0), *((n, n) for n in around), (0, 0)))
    found = apply(Unfold(taps, each_axis(stride, 2, "stride"), each_axis(dilation, 2, "dilation")), wide)
    rows, columns = found.shape[1:3]
    return reshape(
        transpose(found, (0, 5, 3, 4, 1, 2)), (value.shape[0], value.shape[1] * taps[0] * taps[1], rows * columns)
    )


def fold(
    x: Operand,
    output_size: Sizes,
    kernel_size: Sizes,
    dilation: Sizes = 1,
    padding: Sizes = 0,
    stride: Sizes = 1,
) -> Value:
    """Columns [n, c * kh * kw, windows] added up as images [n, c, h, w] of `output_size`: the transpose of `unfold`."""
    value = as_value(x, "float32")
    sizes, taps = each_axis(output_size, 2, "output_size"), each_axis(kernel_size, 2, "kernel_size")
    around = each_axis(padding, 2, "padding")
    windows = Windows(each_axis(stride, 2, "stride"), each_axis(dilation, 2, "dilation"))
    whole = tuple(n + 2 * p for n, p in zip(sizes, around, strict=True))
    reach = windows.reach(taps)
    places = tuple(dims.floor_divide(n - span, s) + 1 for n, span, s in zip(whole, reach, windows.strides, strict=True))
    inner = taps[0] * taps[1]
    if value.rank != 3 or dims.modulo(value.shape[1], inner) != 0 or value.shape[2] != places[0] * places[1]:
        expected = f"columns [n, c * {inner}, {places[0] * places[1]}]"
        raise ShapeError("fold", expected=expected, got=value.type)
    channels = dims.floor_divide(value.shape[1], inner)
    split = reshape(value, (value.shape[0], channels, *taps, *places))
    found = apply(Fold(whole, windows.strides, windows.dilation), transpose(split, (0, 4, 5, 2, 3, 1)))
    kept = slice(found, (0, *around, 0), (value.shape[0], *sizes, channels))
    return moveaxis(kept, -1, 1)


def depth_to_space(x: Operand, block_size: int, data_format: str | None = "channels_last") -> Value:
    """Runs of channels laid out as blocks of pixels: [n, h, w, c] -> [n, h * block, w * block, c / block^2].

    Channels-last, the run of a pixel is one of all channels; channels-first, each channel has its own run.
    """
    value = _images("depth_to_space", x)
    if is_channels_first(data_format):
        n, c, h, w = value.shape
        rest = _part(c, block_size**2, value)
        split = reshape(value, (n, rest, block_size, block_size, h, w))
        return reshape(transpose(split, (0, 1, 4, 2, 5, 3)), (n, rest, h * block_size, w * block_size))
    n, h, w, c = value.shape
    rest = _part(c, block_size**2, value)
    split = reshape(value, (n, h, w, block_size, block_size, rest))
    return reshape(transpose(split, (0, 1, 3, 2, 4, 5)), (n, h * block_size, w * block_size, rest))


def space_to_depth(x: Operand, block_size: int, data_format: str | None = "channels_last") -> Value:
    """Blocks of pixels as runs of channels: [n, h, w, c] -> [n, h / block, w / block, c * block^2]."""
    value = _images("space_to_depth", x)
    if is_channels_first(data_format):
        n, c, h, w = value.shape
        rows, columns = _part(h, block_size, value), _part(w, block_size, value)
        split = reshape(value, (n, c, rows, block_size, columns, block_size))
        return reshape(transpose(split, (0, 1, 3, 5, 2, 4)), (n, c * block_size**2, rows, columns))
    n, h, w, c = value.shape
    rows, columns = _part(h, block_size, value), _part(w, block_size, value)
    split = reshape(value, (n, rows, block_size, columns, block_size, c))
    return reshape(transpose(split, (0, 1, 3, 2, 4, 5)), (n, rows, columns, c * block_size**2))


def _images(name: str, x: Operand) -> Value:
    value = as_value(x)
    if value.rank != 4:
        raise ShapeError(name, expected="images [n, h, w, c]", got=value.type)
    return value


def _part(extent: DimLike, parts: int, x: Value) -> DimLike:
    if parts < 1 or dims.modulo(extent, parts) != 0:
        raise ShapeError("blocks", expected=f"a length that {parts} divides", got=extent, at=repr(x.type))
    return dims.floor_divide(extent, parts)
