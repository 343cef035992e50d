"""What do ONNX's operators mean that read between the elements of an image? GridSample, AffineGrid, RoiAlign,
MaxRoiPool, DeformConv.

Images are channels-last while elements are gathered. Gradients flow to images and to positions.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from itertools import product
from math import inf, prod
from typing import Any

from fanlight.importers.graphs.table import rule
from fanlight.importers.onnx.rules.contraction import first, last
from fanlight.importers.onnx.rules.resizing import keys
from fanlight.importers.onnx.rules.windows import windows_of
from fanlight.ir import dim as dims
from fanlight.ir.dim import Dim, DimLike
from fanlight.ir.graph import Value
from fanlight.ops import functions as fn

MODES = {"bilinear": "linear", "bicubic": "cubic"}  # names of version 16
CUBIC = -0.75


def column(x: Value, k: int) -> Value:
    """`x[..., k]`."""
    return fn.squeeze(fn.slice(x, (*[0] * (x.rank - 1), k), (*x.shape[:-1], 1)), -1)


def widened(x: Value, count: int = 1) -> Value:
    """With so many axes of length 1 behind."""
    return fn.reshape(x, (*x.shape, *[1] * count))


def is_within(position: Value, extent: DimLike) -> Value:
    return fn.logical_and(fn.greater_equal(position, 0), fn.less(position, fn.size_of(extent, position.dtype)))


def added(terms: Sequence[Value]) -> Value:
    return functools.reduce(fn.add, terms)


# Grids


@rule("GridSample")
def grid_sample(use: Any, x: Value, grid: Value) -> Value:
    count = x.rank - 2
    if count < 1 or grid.rank != x.rank or grid.shape[-1] != count:
        raise use.error(f"a grid [n, {', '.join(['...'] * max(count, 1))}, {count}]", grid.type)
    mode, padding = MODES.get(use["mode"], use["mode"]), use["padding_mode"]
    if mode not in ("linear", "nearest", "cubic"):
        raise use.error("mode linear, nearest or cubic", repr(use["mode"]))
    if padding not in ("zeros", "border", "reflection"):
        raise use.error("padding_mode zeros, border or reflection", repr(padding))
    images = last(fn.cast(x, "float32"))
    extents, corners = x.shape[2:], bool(use["align_corners"])
    places = []
    for k, extent in enumerate(extents):  # the last axis comes first in a grid
        place = denormal(column(grid, count - 1 - k), extent, corners)
        place = fn.round(place) if mode == "nearest" else place
        places.append(within(place, extent, padding, corners, mode == "cubic"))
    nodes = [taps_of(place, mode) for place in places]
    terms = []
    for corner in product(*nodes):
        positions = [position for position, _ in corner]
        found = pixels(images, positions, extents, padding, corners)
        weights = [weight for _, weight in corner if weight is not None]
        terms.append(fn.multiply(found, widened(functools.reduce(fn.multiply, weights))) if weights else found)
    return fn.cast(first(added(terms)), x.dtype)


def denormal(place: Value, extent: DimLike, corners: bool) -> Value:
    """From -1 .. 1 to positions: the ends are centres of pixels, or their outer edges."""
    size = fn.size_of(extent, "float32")
    moved = fn.add(place, 1.0)
    if corners:
        return fn.multiply(fn.multiply(moved, 0.5), fn.subtract(size, 1.0))
    return fn.multiply(fn.subtract(fn.multiply(moved, size), 1.0), 0.5)


def within(place: Value, extent: DimLike, padding: str, corners: bool, is_cubic: bool) -> Value:
    """A position inside the image, as the padding has it: moved to the border, or mirrored there.

    Cubic kernels see the border from outside, too; from 3 pixels away on they see nothing else."""
    if padding == "zeros":
        return place
    size = fn.size_of(extent, "float32")
    if padding == "border":
        beyond = 3.0 if is_cubic else 0.0
        return fn.minimum(fn.maximum(place, -beyond), fn.add(size, beyond - 1.0))
    low, span = (0.0, fn.subtract(size, 1.0)) if corners else (-0.5, size)
    is_outside = fn.logical_or(fn.less(place, low), fn.greater(place, fn.add(span, low)))
    return fn.where(is_outside, mirrored(place, low, span), place)


def mirrored(place: Value, low: float, span: Value) -> Value:
    """A triangular wave from `low` up by `span` and back."""
    way = fn.absolute(fn.subtract(place, low))
    rest = fn.mod(way, fn.maximum(fn.multiply(span, 2.0), 1.0))
    rest = fn.minimum(rest, fn.subtract(fn.multiply(span, 2.0), rest))
    return fn.add(fn.maximum(rest, 0.0), low)


Tap = tuple[Value, "Value | None"]  # a position, and how much it counts


def taps_of(place: Value, mode: str) -> list[Tap]:
    """The elements along one axis that count at each position."""
    if mode == "nearest":
        return [(fn.cast(place, "int32"), None)]
    whole = fn.floor(place)
    part, index = fn.subtract(place, whole), fn.cast(whole, "int32")
    if mode == "linear":
        return [(index, fn.subtract(1.0, part)), (fn.add(index, 1), part)]
    return [(fn.add(index, k), keys(fn.absolute(fn.subtract(part, float(k))), CUBIC)) for k in (-1, 0, 1, 2)]


def pixels(x: Value, positions: Sequence[Value], extents: Sequence[DimLike], padding: str, corners: bool) -> Value:
    """The elements [n, ..., c] at whole positions."""
    axes = tuple(range(1, 1 + len(positions)))
    if padding == "reflection":
        positions = [turned(position, extent, corners) for position, extent in zip(positions, extents, strict=True)]
    if padding != "zeros":
        ends = [fn.size_of(extent - 1) for extent in extents]
        inside = [fn.maximum(fn.minimum(p, end), 0) for p, end in zip(positions, ends, strict=True)]
        return fn.gather(x, inside, axes, 1)
    return seen(x, positions, axes, extents, 1)


def turned(position: Value, extent: DimLike, corners: bool) -> Value:
    """A whole position mirrored at the ends, where it is outside."""
    place = fn.cast(position, "float32")
    size = fn.size_of(extent, "float32")
    low, span = (0.0, fn.subtract(size, 1.0)) if corners else (-0.5, size)
    return fn.where(is_within(position, extent), position, fn.cast(mirrored(place, low, span), "int32"))


def seen(x: Value, positions: Sequence[Value], axes: Sequence[int], extents: Sequence[DimLike], batch: int) -> Value:
    """The elements at positions, and 0 outside; what is behind the axes is kept."""
    found = fn.gather(x, positions, axes, batch)
    checks = [is_within(p, extent) for p, extent in zip(positions, extents, strict=True)]
    behind = x.rank - batch - len(axes)
    return fn.where(widened(functools.reduce(fn.logical_and, checks), behind), found, 0.0)


@rule("AffineGrid", settings=(1,))
def affine_grid(use: Any, theta: Value, size: Value) -> Value:
    extents = use.dims(size, "a size")[2:]
    count = len(extents)
    if count not in (2, 3) or theta.rank != 3 or theta.shape[1:] != (count, count + 1):
        raise use.error("theta [n, 2, 3] and a size of 4, or [n, 3, 4] and one of 5", (theta.type, extents))
    axes = []
    for k in reversed(range(count)):
        steps, size_k = fn.iota(extents, k, "float32"), fn.size_of(extents[k], "float32")
        if use["align_corners"]:
            whole = fn.maximum(fn.subtract(size_k, 1.0), 1.0)
            axes.append(fn.divide(fn.subtract(fn.multiply(steps, 2.0), fn.subtract(size_k, 1.0)), whole))
        else:
            axes.append(fn.divide(fn.subtract(fn.add(fn.multiply(steps, 2.0), 1.0), size_k), size_k))
    base = fn.stack([*axes, fn.ones(extents)], -1)
    rows = fn.reshape(base, (dims.product(extents), count + 1))
    found = fn.matmul(rows, fn.transpose(theta, (0, 2, 1)))
    return fn.reshape(found, (theta.shape[0], *extents, count))


# Regions of interest


@rule("RoiAlign", note="with a sampling_ratio above 0")
def roi_align(use: Any, x: Value, rois: Value, images: Value) -> Value:
    samples = use["sampling_ratio"]
    if samples < 1:
        raise use.refuse("a sampling_ratio above 0, so that a known number of points is read", samples)
    if x.rank != 4 or rois.rank != 2 or rois.shape[1] != 4 or images.shape != rois.shape[:1]:
        raise use.error("images of rank 4, regions [r, 4] and an image for each", (x.type, rois.type, images.type))
    is_half = use["coordinate_transformation_mode"] == "half_pixel"  # version 10 has no such attribute
    if use["mode"] not in ("avg", "max"):
        raise use.error("mode avg or max", repr(use["mode"]))
    sizes = use["output_height"], use["output_width"]
    nodes = []
    for k, count in enumerate(sizes):
        low, high = (
            fn.subtract(fn.multiply(column(rois, 1 - k + 2 * end), use["spatial_scale"]), 0.5 if is_half else 0.0)
            for end in (0, 1)
        )
        length = fn.subtract(high, low)
        length = length if is_half else fn.maximum(length, 1.0)
        steps = fn.divide(fn.add(fn.iota((1, count * samples), 1, "float32"), 0.5), float(count * samples))
        place = fn.add(widened(low), fn.multiply(widened(length), steps))
        nodes.append(edges(place, x.shape[2 + k]))
    pictures = fn.reshape(images, (*images.shape, 1, 1))
    terms = []
    for (row, up), (col, right) in product(*nodes):
        found = fn.gather(last(x), [pictures, fn.expand_dims(row, 2), fn.expand_dims(col, 1)], (0, 1, 2))
        terms.append(fn.multiply(found, widened(fn.multiply(fn.expand_dims(up, 2), fn.expand_dims(right, 1)))))
    is_max = use["mode"] == "max"
    whole = functools.reduce(fn.maximum, terms) if is_max else added(terms)
    blocks = fn.reshape(whole, (rois.shape[0], sizes[0], samples, sizes[1], samples, x.shape[1]))
    return first(fn.max(blocks, (2, 4)) if is_max else fn.mean(blocks, (2, 4)))


def edges(place: Value, extent: DimLike) -> list[tuple[Value, Value]]:
    """The two neighbours of a position and what they count: nothing where it lies more than 1 outside."""
    end = fn.size_of(extent, "float32")
    is_near = fn.logical_and(fn.greater_equal(place, -1.0), fn.less_equal(place, end))
    inside = fn.minimum(fn.maximum(place, 0.0), fn.subtract(end, 1.0))
    low = fn.floor(inside)
    part = fn.subtract(inside, low)
    index, top = fn.cast(low, "int32"), fn.size_of(extent - 1)
    return [
        (index, fn.where(is_near, fn.subtract(1.0, part), 0.0)),
        (fn.minimum(fn.add(index, 1), top), fn.where(is_near, part, 0.0)),
    ]


@rule("MaxRoiPool")
def max_roi_pool(use: Any, x: Value, rois: Value) -> Value:
    sizes = use["pooled_shape"]
    if len(sizes) != 2 or min(sizes) < 1 or x.rank != 4 or rois.rank != 2 or rois.shape[1] != 5:
        raise use.error("images of rank 4, regions [r, 5], a pooled_shape of two", (x.type, rois.type, sizes))
    y = fn.gather(x, [fn.cast(column(rois, 0), "int32")], (0,))
    for k in (1, 0):  # the largest of each row, then of what is left
        count, extent = sizes[k], x.shape[2 + k]
        low, high = (rounded(fn.multiply(column(rois, 2 - k + 2 * end), use["spatial_scale"])) for end in (0, 1))
        length = fn.maximum(fn.add(fn.subtract(high, low), 1.0), 1.0)
        step, bins = widened(fn.divide(length, float(count))), fn.iota((1, count), 1, "float32")
        begins = fn.add(fn.floor(fn.multiply(bins, step)), widened(low))
        ends = fn.add(fn.ceil(fn.multiply(fn.add(bins, 1.0), step)), widened(low))
        places = fn.iota((1, 1, extent), 2, "float32")
        is_seen = fn.logical_and(fn.greater_equal(places, widened(begins)), fn.less(places, widened(ends)))
        shape = (rois.shape[0], 1, 1, count, extent) if k else (rois.shape[0], 1, count, extent, 1)
        wide = fn.expand_dims(y, 3) if k else fn.expand_dims(y, 2)
        y = fn.max(fn.where(fn.reshape(is_seen, shape), wide, -inf), 4 if k else 3, ties="first")
    return fn.where(fn.equal(y, -inf), 0.0, y)


def rounded(x: Value) -> Value:
    """To the nearest whole number, halves away from 0."""
    return fn.where(fn.less(x, 0.0), fn.ceil(fn.subtract(x, 0.5)), fn.floor(fn.add(x, 0.5)))


# Deformable convolution


@rule("DeformConv", parameters=(1, 3))
def deform_conv(
    use: Any, x: Value, w: Value, offset: Value, b: Value | None = None, mask: Value | None = None
) -> Value:
    count, groups, parts = x.rank - 2, use["group"], use["offset_group"]
    windows = windows_of(use, x.shape[2:], w.shape[2:])
    taps, (n, channels), outs = prod(windows.taps), x.shape[:2], offset.shape[2:]
    made = w.shape[0]
    if isinstance(channels, Dim) or isinstance(made, Dim) or channels % parts or made % groups:
        raise use.error(f"channels that {parts} and {groups} divide", (x.type, w.type))
    if w.shape[1] * groups != channels or offset.shape[1] != parts * taps * count:
        raise use.error("a kernel and offsets that fit", (x.type, w.type, offset.type))
    moves = fn.reshape(offset, (n, parts, taps, count, *outs))
    places = []
    for k in range(count):
        at = [0] * moves.rank
        at[3] = k
        move = fn.squeeze(fn.slice(moves, at, (n, parts, taps, 1, *outs)), 3)
        shape = (*windows.taps, *outs)
        tap, step = fn.iota(shape, k, "float32"), fn.iota(shape, count + k, "float32")
        begin = fn.subtract(
            fn.add(fn.multiply(tap, float(windows.dilations[k])), fn.multiply(step, float(windows.strides[k]))),
            fn.size_of(windows.pads[k][0], "float32"),
        )
        places.append(fn.add(move, fn.reshape(begin, (taps, *outs))))
    size = channels // parts
    images = fn.moveaxis(fn.reshape(x, (n, parts, size, *x.shape[2:])), 2, -1)
    axes = tuple(range(2, 2 + count))
    terms = []
    for corner in product(*(taps_of(place, "linear") for place in places)):
        found = seen(images, [position for position, _ in corner], axes, x.shape[2:], 2)
        weight = functools.reduce(fn.multiply, [weight for _, weight in corner if weight is not None])
        terms.append(fn.multiply(found, widened(weight)))
    sampled = added(terms)  # [n, parts, taps, *outs, size]
    if mask is not None:
        sampled = fn.multiply(sampled, widened(fn.reshape(mask, (n, parts, taps, *outs))))
    rows = fn.transpose(sampled, (0, *range(3, 3 + count), 1, 3 + count, 2))
    rows = fn.reshape(rows, (n, dims.product(outs), groups, w.shape[1] * taps))
    kernel = fn.reshape(w, (groups, made // groups, w.shape[1] * taps))
    y = fn.reshape(fn.einsum("nogk,gmk->nogm", rows, kernel), (n, *outs, made))
    return first(y if b is None else fn.add(y, b))
