"""What do TensorFlow's operations on images mean? Resizing, crops that are resized, projections.

Where an element lies is computed in float32 as TensorFlow does it, so that it is the same neighbours that are read.
Images are [n, h, w, c].
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

from fanlight.importers.tensorflow.rules.table import op
from fanlight.ir import dim as dims
from fanlight.ir.dim import DimLike
from fanlight.ir.graph import Value
from fanlight.ops import functions as fn
from fanlight.ops.known import known, written


@op("ResizeBilinear")
def resize_bilinear(use: Any, x: Value, size: Value) -> Value:
    return resized(use, fn.cast(x, "float32"), size, between_two)


@op("ResizeNearestNeighbor")
def resize_nearest(use: Any, x: Value, size: Value) -> Value:
    return resized(use, x, size, nearest)


@op("ResizeBicubic", note="align_corners, and without half_pixel_centers")
def resize_bicubic(use: Any, x: Value, size: Value) -> Value:
    if use["align_corners"] or not use["half_pixel_centers"]:
        raise use.refuse("half_pixel_centers=True", "False")
    return resized(use, fn.cast(x, "float32"), size, between_four)


def sizes(use: Any, size: Value) -> tuple[DimLike, DimLike]:
    """Height and width of a result."""
    height, width = use.dims(size, "a size")
    if any(dims.bounds(length)[0] < 1 for length in (height, width)):
        raise use.error("sizes from 1 up", [height, width])
    return height, width


def resized(use: Any, x: Value, size: Value, along: Callable[..., Value]) -> Value:
    height, width = sizes(use, size)
    for axis, length in ((2, width), (1, height)):
        x = along(use, x, axis, length)
    return x


def scale_of(use: Any, old: DimLike, new: DimLike) -> Value:
    """How many old elements one new one is wide."""
    if use["align_corners"] and new != 1:
        return fn.divide(fn.size_of(old - 1, "float32"), fn.size_of(new - 1, "float32"))
    return fn.divide(fn.size_of(old, "float32"), fn.size_of(new, "float32"))


def places(use: Any, old: DimLike, new: DimLike, shift: float) -> Value:
    """Where the elements of a new axis lie in the old one."""
    steps, scale = fn.iota((new,), 0, "float32"), scale_of(use, old, new)
    if not use["half_pixel_centers"]:
        return fixed(fn.multiply(steps, scale))
    return fixed(fn.subtract(fn.multiply(fn.add(steps, 0.5), scale), shift))


def fixed(x: Value) -> Value:
    """A value that constants tell, as numbers."""
    content = known(x)
    return x if content is None or content.dtype == object else written(content, x.dtype)


def taken(x: Value, axis: int, index: Value) -> Value:
    """The elements at these positions, the first and the last one going on beyond the ends."""
    last = fn.size_of(x.shape[axis] - 1)
    return fn.gather(x, [fn.maximum(fn.minimum(fn.cast(index, "int32"), last), 0)], (axis,))


def beside(row: Value, x: Value, axis: int) -> Value:
    return fn.reshape(row, tuple(row.shape[0] if k == axis else 1 for k in range(x.rank)))


def nearest(use: Any, x: Value, axis: int, new: DimLike) -> Value:
    at = places(use, x.shape[axis], new, 0.0)
    return taken(x, axis, half_up(at) if use["align_corners"] else fn.floor(at))


def half_up(x: Value) -> Value:
    """The nearest whole number, halves away from 0."""
    return fn.where(fn.less(x, 0.0), fn.ceil(fn.subtract(x, 0.5)), fn.floor(fn.add(x, 0.5)))


def between_two(use: Any, x: Value, axis: int, new: DimLike) -> Value:
    if x.shape[axis] == new:
        return x
    at = places(use, x.shape[axis], new, 0.5)
    low = fn.floor(at)
    before, after = taken(x, axis, low), taken(x, axis, fn.ceil(at))
    return fn.add(before, fn.multiply(beside(fn.subtract(at, low), x, axis), fn.subtract(after, before)))


def between_four(use: Any, x: Value, axis: int, new: DimLike) -> Value:
    """Cubic convolution (Keys, 1981); neighbours beyond an end count nothing."""
    at = places(use, x.shape[axis], new, 0.5)
    low = fn.floor(at)
    # The weights come from a table of 1024 steps.
    part = fn.divide(fn.round(fn.multiply(fn.subtract(at, low), 1024.0)), 1024.0)
    extent = fn.size_of(x.shape[axis], "float32")
    weights, found = [], []
    for k in (-1, 0, 1, 2):
        place = fn.add(low, float(k))
        is_in = fn.logical_and(fn.greater_equal(place, 0.0), fn.less(place, extent))
        weights.append(fn.where(is_in, keys(fn.absolute(fn.subtract(part, float(k)))), 0.0))
        found.append(taken(x, axis, place))
    total = weights[0] + weights[1] + weights[2] + weights[3]
    terms = [fn.multiply(y, beside(fn.divide(w, total), x, axis)) for y, w in zip(found, weights, strict=True)]
    return terms[0] + terms[1] + terms[2] + terms[3]


def keys(d: Value) -> Value:
    near = (1.5 * d - 2.5) * d * d + 1.0
    far = ((-0.5 * d + 2.5) * d - 4.0) * d + 2.0
    return fn.where(fn.less_equal(d, 1.0), near, fn.where(fn.less(d, 2.0), far, 0.0))


# Parts


@op("CropAndResize", settings=(3,))
def crop_and_resize(use: Any, x: Value, boxes: Value, images: Value, size: Value) -> Value:
    if use["method"] not in ("bilinear", "nearest"):
        raise use.error("method bilinear or nearest", repr(use["method"]))
    lengths = use.ints(size, "a size")
    x = fn.cast(x, "float32")
    rows, columns = (crop_places(boxes, k, lengths[k], x.shape[1 + k]) for k in range(2))
    picture = fn.reshape(images, (*images.shape, 1, 1))

    def pixels(row: Value, column: Value) -> Value:
        row, column = fn.expand_dims(fn.cast(row, "int32"), 2), fn.expand_dims(fn.cast(column, "int32"), 1)
        return fn.gather(x, [picture, row, column], (0, 1, 2))

    if use["method"] == "nearest":
        found = pixels(half_up(rows), half_up(columns))
    else:
        down = fn.expand_dims(fn.subtract(rows, fn.floor(rows)), (2, 3))
        right = fn.expand_dims(fn.subtract(columns, fn.floor(columns)), (1, 3))
        top, bottom = (
            blended(pixels(row, fn.floor(columns)), pixels(row, fn.ceil(columns)), right)
            for row in (fn.floor(rows), fn.ceil(rows))
        )
        found = blended(top, bottom, down)
    is_in = fn.logical_and(fn.expand_dims(inside(rows, x.shape[1]), 2), fn.expand_dims(inside(columns, x.shape[2]), 1))
    return fn.where(fn.expand_dims(is_in, 3), found, use["extrapolation_value"])


def blended(a: Value, b: Value, part: Value) -> Value:
    return fn.add(a, fn.multiply(part, fn.subtract(b, a)))


def inside(place: Value, extent: DimLike) -> Value:
    return fn.logical_and(fn.greater_equal(place, 0.0), fn.less_equal(place, fn.size_of(extent - 1, "float32")))


def crop_places(boxes: Value, k: int, count: int, extent: DimLike) -> Value:
    """Rows (or columns) of an image that each box asks for: [boxes, count]."""
    low, high = (fn.slice(boxes, (0, k + 2 * end), (boxes.shape[0], 1)) for end in range(2))
    last = fn.size_of(extent - 1, "float32")
    if count == 1:
        return fn.multiply(fn.multiply(fn.add(low, high), 0.5), last)
    step = fn.divide(fn.multiply(fn.subtract(high, low), last), float(count - 1))
    return fn.add(fn.multiply(low, last), fn.multiply(fn.iota((1, count), 1, "float32"), step))


# Projections


@op("ImageProjectiveTransformV2", settings=(2,), note="fill_mode WRAP")
def projected(use: Any, x: Value, transforms: Value, size: Value) -> Value:
    return projected_with(use, x, transforms, size, fn.full((), 0.0))


@op("ImageProjectiveTransformV3", settings=(2,), note="fill_mode WRAP")
def projected_with(use: Any, x: Value, transforms: Value, size: Value, fill: Value) -> Value:
    mode, method = use["fill_mode"].upper(), use["interpolation"].upper()
    if mode not in ("CONSTANT", "NEAREST", "REFLECT") or method not in ("NEAREST", "BILINEAR"):
        raise use.refuse("fill_mode CONSTANT, NEAREST or REFLECT, interpolation NEAREST or BILINEAR", (mode, method))
    height, width = use.dims(size, "a size")
    a, b, c, d, e, f, g, h = (
        fn.expand_dims(fn.slice(transforms, (0, k), (transforms.shape[0], 1)), 2) for k in range(8)
    )
    shape = (x.shape[0], height, width)
    column, row = fn.iota(shape, 2, "float32"), fn.iota(shape, 1, "float32")
    depth = g * column + h * row + 1.0
    is_flat = fn.equal(depth, 0.0)
    depth = fn.where(is_flat, 1.0, depth)
    across, down = (a * column + b * row + c) / depth, (d * column + e * row + f) / depth
    if mode != "CONSTANT":
        across, down = ended(across, x.shape[2], mode), ended(down, x.shape[1], mode)
    wide = fn.cast(x, "float32")
    if method == "NEAREST":
        y = filled(wide, half_up(down), half_up(across), fill)
    else:
        y = framed(wide, down, across, fill)
    y = fn.where(fn.expand_dims(is_flat, 3), fill, y)
    return fn.cast(y, x.dtype)


def framed(x: Value, down: Value, across: Value, fill: Value) -> Value:
    """Between the four neighbours, each of which may be the fill."""
    top, left = fn.floor(down), fn.floor(across)
    low, right = fn.expand_dims(fn.subtract(down, top), 3), fn.expand_dims(fn.subtract(across, left), 3)
    rows = [
        blended(filled(x, row, left, fill), filled(x, row, fn.add(left, 1.0), fill), right)
        for row in (top, fn.add(top, 1.0))
    ]
    return blended(rows[0], rows[1], low)


def filled(x: Value, row: Value, column: Value, fill: Value) -> Value:
    is_in = fn.expand_dims(fn.logical_and(inside(row, x.shape[1]), inside(column, x.shape[2])), 3)
    return fn.where(is_in, fn.gather(x, [fn.cast(row, "int32"), fn.cast(column, "int32")], (1, 2), 1), fill)


def ended(place: Value, extent: DimLike, mode: str) -> Value:
    """A place moved into the axis: to its nearest end, or mirrored at the edges of the end's elements."""
    size = fn.size_of(extent, "float32")
    if mode == "REFLECT":
        period = fn.multiply(size, 2.0)
        place = fn.mod(place, period)
        place = fn.where(fn.less(place, size), place, fn.subtract(fn.subtract(period, place), 1.0))
    return fn.maximum(fn.minimum(place, fn.subtract(size, 1.0)), 0.0)


@op("ExtractImagePatches")
def patches(use: Any, x: Value) -> Value:
    """Windows as channels."""
    from fanlight.importers.tensorflow.rules.windows import frame_of, inner, shifted

    taps = inner(use, use["ksizes"], 2, "ksizes")
    frame = frame_of(use, x.shape[1:-1], taps, use["strides"], use["rates"])
    seen = shifted(fn.pad(x, ((0, 0), *frame.pads, (0, 0))), frame)
    assert len(seen) == prod(taps)
    return fn.concatenate(seen, -1)
