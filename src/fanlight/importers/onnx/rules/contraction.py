"""What do ONNX's products mean? Matrix products, convolutions, poolings. Images are channels-first there."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product as every
from math import prod
from typing import Any

from fanlight.importers.graphs.table import rule
from fanlight.importers.onnx.rules.windows import Windows, ceiled, windows_of
from fanlight.ir import dim as dims
from fanlight.ir.dim import DimLike
from fanlight.ir.graph import Value
from fanlight.ops import functions as fn

MOST_GROUPS = 1024  # of a transposed convolution: each is one of its own
MOST_SHIFTS = 1024  # taps of a window that are read one after the other


@rule("MatMul")
def matmul(use: Any, x: Value, y: Value) -> Value:
    return fn.matmul(x, y)


@rule("Gemm", parameters=(1, 2))
def gemm(use: Any, x: Value, y: Value, c: Value | None = None) -> Value:
    product = fn.matmul(fn.transpose(x) if use["transA"] else x, fn.transpose(y) if use["transB"] else y)
    product = scaled(product, use["alpha"])
    return product if c is None else fn.add(product, scaled(c, use["beta"]))


def scaled(x: Value, factor: float) -> Value:
    return x if factor == 1 else fn.cast(fn.multiply(x, factor), x.dtype)


@rule("Einsum")
def einsum(use: Any, *xs: Value) -> Value:
    return fn.einsum(use["equation"], *xs)


# Convolutions


def last(x: Value) -> Value:
    """Channels-first images as channels-last ones; `first` is the way back."""
    return fn.transpose(x, (0, *range(2, x.rank), 1))


def first(x: Value) -> Value:
    return fn.transpose(x, (0, x.rank - 1, *range(1, x.rank - 1)))


@rule("Conv", parameters=(1, 2))
def conv(use: Any, x: Value, w: Value, b: Value | None = None) -> Value:
    windows = windows_of(use, x.shape[2:], w.shape[2:])
    group, channels = use["group"], x.shape[1]
    if dims.multiply(w.shape[1], group) != channels or dims.modulo(w.shape[0], group) != 0:
        raise use.error(f"a kernel for {group} groups of {channels} channels", w.type)
    options = {"strides": windows.strides, "padding": windows.pads, "dilation_rate": windows.dilations}
    axes = range(2, x.rank)
    if group > 1 and w.shape[1] == 1 and x.rank <= 4:  # each channel for itself
        kernel = fn.reshape(w, (group, dims.floor_divide(w.shape[0], group), *w.shape[2:]))
        y = fn.depthwise_conv(last(x), fn.transpose(kernel, (*axes, 0, 1)), **options)
    else:
        y = fn.conv(last(x), fn.transpose(w, (*axes, 1, 0)), **options)
    return first(y if b is None else fn.add(y, b))


@rule("ConvTranspose", parameters=(1, 2))
def conv_transpose(use: Any, x: Value, w: Value, b: Value | None = None) -> Value:
    count = x.rank - 2
    group, channels = use["group"], x.shape[1]
    if w.shape[0] != channels:
        raise use.error(f"a kernel of {channels} channels", w.type)
    if group < 1 or dims.modulo(channels, group) != 0:
        raise use.error(f"groups of the {channels} channels", group)
    if group > MOST_GROUPS:
        raise use.refuse(f"at most {MOST_GROUPS} groups", group)
    windows = windows_of(use, x.shape[2:], w.shape[2:], has_pads=False)
    extra = tuple(use["output_padding"] or [0] * count)
    # All that the windows reach, and from that what the pads cut off.
    full = [
        dims.add(dims.add(dims.multiply(dims.add(n, -1), s), reach), e)
        for n, s, reach, e in zip(x.shape[2:], windows.strides, windows.reaches, extra, strict=True)
    ]
    cuts = cut_off(use, full, x.shape[2:], windows)
    parts = []
    size, made = dims.floor_divide(channels, group), w.shape[1]
    for k in range(group):
        xs = x if group == 1 else fn.slice(x, (0, size * k, *[0] * count), (x.shape[0], size, *x.shape[2:]))
        ws = w if group == 1 else fn.slice(w, (size * k, *[0] * (count + 1)), (size, *w.shape[1:]))
        kernel = fn.transpose(ws, (*range(2, x.rank), 1, 0))
        parts.append(
            fn.conv_transpose(last(xs), kernel, windows.strides, "valid", extra, dilation_rate=windows.dilations)
        )
    y = parts[0] if group == 1 else fn.concatenate(parts, -1)
    y = fitted(y, [low for low, _ in cuts], [length for _, length in cuts])
    if y.shape[-1] != dims.multiply(made, group):
        raise use.error(f"{dims.multiply(made, group)} channels", y.type)
    return first(y if b is None else fn.add(y, b))


def cut_off(use: Any, full: list[Any], extents: Any, windows: Windows) -> list[tuple[Any, Any]]:
    """For each axis where the result begins in all that the windows reach, and its length."""
    count = len(full)
    auto = use["auto_pad"] or "NOTSET"
    wanted = use["output_shape"]
    if wanted is not None and len(wanted) == count + 2:
        wanted = wanted[2:]
    if wanted is None and auto in ("SAME_UPPER", "SAME_LOWER"):
        wanted = [dims.multiply(n, s) for n, s in zip(extents, windows.strides, strict=True)]
    if wanted is None:
        pads = list(use["pads"] or [0] * 2 * count) if auto == "NOTSET" else [0] * 2 * count
        return [(pads[k], dims.add(full[k], -(pads[k] + pads[k + count]))) for k in range(count)]
    found = []
    for whole, length in zip(full, wanted, strict=True):
        total = dims.maximum(dims.add(whole, dims.multiply(length, -1)), 0)
        half = dims.floor_divide(total, 2)
        found.append((half if auto == "SAME_UPPER" else dims.add(total, dims.multiply(half, -1)), length))
    return found


def fitted(y: Value, lows: list[Any], lengths: list[Any]) -> Value:
    """A part of channels-last images; zeros where it reaches over an end."""
    before = [dims.maximum(dims.multiply(low, -1), 0) for low in lows]
    after = [
        dims.maximum(dims.add(dims.add(low, n), dims.multiply(extent, -1)), 0)
        for low, n, extent in zip(lows, lengths, y.shape[1:-1], strict=True)
    ]
    y = fn.pad(y, ((0, 0), *zip(before, after, strict=True), (0, 0)))
    starts = [dims.maximum(low, 0) for low in lows]
    return fn.slice(y, (0, *starts, 0), (y.shape[0], *lengths, y.shape[-1]))


# Poolings


def pooled(use: Any, x: Value, function: Callable[[Value, Windows], Value], fill: float) -> Value:
    """Channels-last pooling by `function`, of images that `fill` is put around."""
    windows = windows_of(use, x.shape[2:], None)
    return first(function(framed(last(x), windows, ends_of(use, windows, x), fill), windows))


def ends_of(use: Any, windows: Windows, x: Value) -> tuple[DimLike, ...]:
    """What more is put at the end of each axis than the pads."""
    return ceiled(windows, x.shape[2:]) if use["ceil_mode"] else (0,) * (x.rank - 2)


def framed(x: Value, windows: Windows, ends: tuple[DimLike, ...], fill: float) -> Value:
    """Channels-last images with their pads."""
    pads = [(before, dims.add(after, more)) for (before, after), more in zip(windows.pads, ends, strict=True)]
    return fn.pad(x, ((0, 0), *pads, (0, 0)), constant_values=fill)


def largest(x: Value, windows: Windows) -> Value:
    if all(each == 1 for each in windows.dilations):
        return fn.max_pool(x, windows.taps, windows.strides)
    taps = shifted(x, windows)
    found = taps[0]
    for each in taps[1:]:
        found = fn.maximum(found, each, ties="first")
    return found


def shifted(x: Value, windows: Windows) -> list[Value]:
    """For each tap of a window what it sees: strided slices of channels-last images."""
    if prod(windows.taps) > MOST_SHIFTS:
        raise NotImplementedError(f"windows of more than {MOST_SHIFTS} taps, dilated or with places of maxima")
    counts = [
        dims.add(dims.floor_divide(dims.add(n, -reach), s), 1)
        for n, reach, s in zip(x.shape[1:-1], windows.reaches, windows.strides, strict=True)
    ]
    return [
        fn.slice(
            x,
            (0, *(k * d for k, d in zip(tap, windows.dilations, strict=True)), 0),
            (x.shape[0], *counts, x.shape[-1]),
            (1, *windows.strides, 1),
        )
        for tap in every(*map(range, windows.taps))
    ]


def sums(x: Value, windows: Windows) -> Value:
    if all(each == 1 for each in windows.dilations):
        return fn.multiply(fn.average_pool(x, windows.taps, windows.strides), float(prod(windows.taps)))
    taps = shifted(x, windows)
    total = taps[0]
    for each in taps[1:]:
        total = fn.add(total, each)
    return total


@rule("AveragePool")
def average_pool(use: Any, x: Value) -> Value:
    windows = windows_of(use, x.shape[2:], None)
    ends = ends_of(use, windows, x)
    total = pooled(use, x, sums, 0.0)
    if not windows.is_padded and all(each == 0 for each in ends):
        return fn.divide(total, float(prod(windows.taps)))
    ones = fn.ones((1, *x.shape[2:], 1), "float32")
    if use["count_include_pad"]:  # pads count, but what only lets a last window begin does not
        ones = fn.pad(ones, ((0, 0), *windows.pads, (0, 0)), constant_values=1.0)
        over = [dims.maximum(each, 0) for each in ends]
        ones = fn.pad(ones, ((0, 0), *((0, each) for each in over), (0, 0)))
        lengths = [dims.add(dims.add(n, dims.add(*pair)), each)
                   for n, pair, each in zip(x.shape[2:], windows.pads, ends, strict=True)]  # fmt: skip
        ones = fn.slice(ones, [0] * x.rank, (1, *lengths, 1))
    else:
        ones = framed(ones, windows, ends, 0.0)
    return fn.divide(total, first(sums(ones, windows)))


@rule("LpPool")
def norm_pool(use: Any, x: Value) -> Value:
    p = use["p"]
    return fn.power(pooled(use, fn.power(fn.absolute(x), float(p)), sums, 0.0), 1.0 / p)


def over_positions(x: Value) -> tuple[int, ...]:
    return tuple(range(2, x.rank))


@rule("GlobalAveragePool")
def global_average_pool(use: Any, x: Value) -> Value:
    return fn.mean(x, over_positions(x), keepdims=True)


@rule("GlobalMaxPool")
def global_max_pool(use: Any, x: Value) -> Value:
    return fn.max(x, over_positions(x), keepdims=True)


@rule("GlobalLpPool")
def global_norm_pool(use: Any, x: Value) -> Value:
    p = float(use["p"])
    return fn.power(fn.sum(fn.power(fn.absolute(x), p), over_positions(x), keepdims=True), 1.0 / p)
