"""What does an image look like in another size? Resizing, scaling and moving, with Keras's arguments.

Pixel i covers i .. i+1, its centre is at i + 1/2 (half-pixel centres, as in Keras, PyTorch and Pillow). Two
neighbours are read where they lie; wider kernels are products with a table of weights, which is computed once.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from fanlight.errors import ShapeError
from fanlight.ir.graph import Value
from fanlight.ops.borders import pad
from fanlight.ops.convolution import is_channels_first
from fanlight.ops.indexing import gather
from fanlight.ops.pointwise import (
    absolute,
    add,
    cast,
    clip,
    divide,
    equal,
    floor_divide,
    greater,
    greater_equal,
    less_equal,
    logical_and,
    maximum,
    multiply,
    not_equal,
    round,
    sin,
    subtract,
    where,
)
from fanlight.ops.promote import RANGES, Operand, as_value
from fanlight.ops.reductions import sum
from fanlight.ops.shapes import arange, expand_dims, normal_axes, reshape, slice
from fanlight.ops.summation import contracted

Kernel = Callable[[Value], Value]


def resize(
    images: Operand,
    size: Sequence[int],
    interpolation: str = "bilinear",
    antialias: bool = False,
    crop_to_aspect_ratio: bool = False,
    pad_to_aspect_ratio: bool = False,
    fill_mode: str = "constant",
    fill_value: float = 0.0,
    data_format: str | None = None,
) -> Value:
    """Images [n, h, w, c], or one, in another (height, width), in the same dtype: integers are rounded.

    Interpolation is "nearest", "bilinear", "bicubic" (Keys, 1981), "lanczos3" or "lanczos5"; `antialias` widens all but
    the first where an image shrinks. Images can first be cropped to the aspect ratio, or get borders of `fill_value`.
    """
    if interpolation not in ("nearest", "bilinear", "bicubic", "lanczos3", "lanczos5"):
        expected = "nearest, bilinear, bicubic, lanczos3 or lanczos5"
        raise ShapeError("resize", expected=expected, got=repr(interpolation), at="interpolation")
    if (crop_to_aspect_ratio and pad_to_aspect_ratio) or fill_mode != "constant" or len(size) != 2:
        got = f"fill_mode={fill_mode!r}, size={size}"
        raise ShapeError("resize", expected="two sizes, cropping or a constant border, not both", got=got)
    value = as_value(images)
    if value.rank not in (3, 4):
        raise ShapeError("resize", expected="images [n, h, w, c], or one", got=value.type)
    first = value.rank - (2 if is_channels_first(data_format) else 3)
    axes, wanted = (first, first + 1), (size[0], size[1])
    if crop_to_aspect_ratio:
        value = _cropped(value, axes, wanted)
    if pad_to_aspect_ratio:
        value = _bordered(value, axes, wanted, fill_value)
    for axis, length in zip(axes, wanted, strict=True):
        value = _along(value, axis, length, interpolation, antialias)
    if interpolation == "nearest" or as_value(images).dtype not in RANGES:
        return value
    low, high = RANGES[as_value(images).dtype]
    return cast(clip(round(value), float(low), float(high)), as_value(images).dtype)


def _cropped(x: Value, axes: tuple[int, int], wanted: tuple[int, int]) -> Value:
    """The middle part of the aspect ratio that is wanted."""
    height, width = (_static_length(x, axis) for axis in axes)
    extents = (max(min(height, width * wanted[0] // wanted[1]), 1), max(min(width, height * wanted[1] // wanted[0]), 1))
    start, shape = [0] * x.rank, [*x.shape]
    for axis, whole, part in zip(axes, (height, width), extents, strict=True):
        start[axis], shape[axis] = (whole - part) // 2, part
    return slice(x, start, shape)


def _bordered(x: Value, axes: tuple[int, int], wanted: tuple[int, int], fill: float) -> Value:
    """With equal borders before and after the axis that is too short."""
    height, width = (_static_length(x, axis) for axis in axes)
    extents = (max(height, width * wanted[0] // wanted[1]), max(width, height * wanted[1] // wanted[0]))
    borders = [(whole - part) // 2 for whole, part in zip(extents, (height, width), strict=True)]
    if borders[0] > 0:
        borders[1] = 0
    widths = [(0, 0)] * x.rank
    for axis, border in zip(axes, borders, strict=True):
        widths[axis] = (border, border)
    return pad(cast(x, "float32") if fill != int(fill) else x, widths, constant_values=fill)


def _static_length(x: Value, axis: int) -> int:
    extent = x.shape[axis]
    if not isinstance(extent, int):
        raise ShapeError("resize", expected="a fixed height and width", got=x.type)
    return extent


def _along(x: Value, axis: int, length: int, method: str, antialias: bool) -> Value:
    old = _static_length(x, axis)
    if length < 1:
        raise ShapeError("resize", expected="a size of at least 1", got=length)
    if old == length:
        return x
    if method == "nearest":
        return _nearest_along(x, axis, old, length)
    if method == "bilinear" and not (antialias and length < old):
        return _linear_along(cast(x, "float32"), axis, old, length)
    weights = _weights(old, length, length / old, 0.0, KERNELS[method], antialias)
    return _weighted(cast(x, "float32"), axis, weights)


def _nearest_along(x: Value, axis: int, old: int, length: int) -> Value:
    """The pixel at floor((i + 1/2) * old / length)."""
    place = floor_divide(multiply(add(multiply(arange(length), 2), 1), old), 2 * length)
    return gather(x, [place], (axis,))


def _linear_along(x: Value, axis: int, old: int, length: int) -> Value:
    """Weights come from integers, to be the same everywhere: (i + 1/2) * old/length - 1/2 = place / (2 * length)."""
    place = subtract(multiply(add(multiply(arange(length), 2), 1), old), length)
    low = floor_divide(place, 2 * length)
    weight = divide(cast(subtract(place, multiply(low, 2 * length)), "float32"), 2.0 * length)
    weight = reshape(weight, tuple(length if k == axis else 1 for k in range(x.rank)))
    before, after = gather(x, [low], (axis,)), gather(x, [add(low, 1)], (axis,))
    return add(before, multiply(weight, subtract(after, before)))


def scale_and_translate(
    images: Operand,
    output_shape: Sequence[int],
    scale: Operand,
    translation: Operand,
    spatial_dims: Sequence[int],
    method: str,
    antialias: bool = True,
) -> Value:
    """Along axis `spatial_dims[k]`, what was at x is at x * scale[k] + translation[k] of an array of `output_shape`.

    Methods: "linear", "cubic", "lanczos3", "lanczos5", and the first two with "bi" or "tri" in front. What lies outside
    the image is 0.
    """
    if method not in KERNELS:
        raise ShapeError("scale_and_translate", expected=f"a method of {', '.join(KERNELS)}", got=repr(method))
    value = cast(images, "float32")
    axes = normal_axes(tuple(spatial_dims), value.rank)
    scales, shifts = cast(scale, "float32"), cast(translation, "float32")
    if scales.shape != (len(axes),) or shifts.shape != (len(axes),) or len(output_shape) != value.rank:
        got = f"{scales.type} and {shifts.type} for {value.type}"
        raise ShapeError("scale_and_translate", expected=f"{len(axes)} scales and translations", got=got)
    for k, axis in enumerate(axes):
        at = (slice(scales, (k,), (1,)), slice(shifts, (k,), (1,)))
        length = output_shape[axis]
        weights = _weights(_static_length(value, axis), length, *at, KERNELS[method], antialias)
        value = _weighted(value, axis, weights)
    if value.shape != tuple(output_shape):
        raise ShapeError("scale_and_translate", expected=f"the shape {value.shape}", got=tuple(output_shape))
    return value


# --- kernels by distance in pixels, and tables of weights


def _triangle(x: Value) -> Value:
    return maximum(subtract(1.0, x), 0.0)


def _cubic(x: Value) -> Value:
    """R. Keys, "Cubic convolution interpolation for digital image processing", 1981, with a = -1/2."""
    near = add(multiply(multiply(subtract(multiply(x, 1.5), 2.5), x), x), 1.0)
    far = add(multiply(subtract(multiply(subtract(2.5, multiply(x, 0.5)), x), 4.0), x), 2.0)
    return where(greater_equal(x, 2.0), 0.0, where(greater_equal(x, 1.0), far, near))


def _lanczos(radius: float) -> Kernel:
    """sinc(x) * sinc(x / radius) (C. Lanczos, 1938; its use for images by C. Duchon, 1979)."""

    def kernel(x: Value) -> Value:
        wave = multiply(sin(multiply(x, math.pi)), sin(multiply(x, math.pi / radius)))
        wave = divide(multiply(wave, radius), where(equal(x, 0.0), 1.0, multiply(multiply(x, x), math.pi**2)))
        return where(greater(x, radius), 0.0, where(greater(x, 1e-3), wave, 1.0))

    return kernel


KERNELS: dict[str, Kernel] = {"lanczos3": _lanczos(3.0), "lanczos5": _lanczos(5.0)}
KERNELS |= dict.fromkeys(("linear", "bilinear", "trilinear"), _triangle)
KERNELS |= dict.fromkeys(("cubic", "bicubic", "tricubic"), _cubic)


def _weights(old: int, length: int, scale: Operand, shift: Operand, kernel: Kernel, antialias: bool) -> Value:
    """How much pixel j counts in pixel i of the result: [i, j]. Weights of a pixel sum to 1, or are all 0 outside."""
    step = divide(1.0, scale)
    centre = subtract(multiply(add(cast(arange(length), "float32"), 0.5), step), add(multiply(shift, step), 0.5))
    centre = reshape(centre, (length, 1))
    distance = absolute(subtract(centre, expand_dims(cast(arange(old), "float32"), 0)))
    raw = kernel(divide(distance, maximum(step, 1.0)) if antialias else distance)
    total = sum(raw, 1, keepdims=True)
    is_inside = logical_and(greater_equal(centre, -0.5), less_equal(centre, old - 0.5))
    is_seen = logical_and(is_inside, greater(absolute(total), 1000 * 2.0**-23))
    return where(is_seen, divide(raw, where(not_equal(total, 0.0), total, 1.0)), 0.0)


def _weighted(x: Value, axis: int, weights: Value) -> Value:
    letters = "abcdefgh"[: x.rank]
    old = letters[axis]
    return contracted("y" + old, weights, letters, x, letters.replace(old, "y"))
