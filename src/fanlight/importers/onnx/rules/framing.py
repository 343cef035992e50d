"""What do ONNX's operators mean that frame images, or put them together? CenterCropPad, Col2Im."""

from __future__ import annotations

from math import prod
from typing import Any

from fanlight.importers.graphs.table import rule
from fanlight.importers.onnx.rules.contraction import first
from fanlight.ir import dim as dims
from fanlight.ir.dim import Dim, DimLike
from fanlight.ir.graph import Value, apply
from fanlight.ops import functions as fn
from fanlight.ops.fold import Fold


@rule("CenterCropPad", settings=(1,))
def center_crop_pad(use: Any, x: Value, shape: Value) -> Value:
    axes = list(range(x.rank)) if use["axes"] is None else [axis % x.rank for axis in use["axes"]]
    wanted = use.dims(shape, "a shape")
    if len(wanted) != len(axes):
        raise use.error(f"{len(axes)} lengths", wanted)
    starts: list[DimLike] = [0] * x.rank
    kept, pads = list(x.shape), [(0, 0)] * x.rank
    for axis, new in zip(axes, wanted, strict=True):
        old = x.shape[axis]
        if isinstance(old - new, Dim):
            raise use.refuse("known lengths where an axis is cut or filled up", (old, new))
        kept[axis] = dims.minimum(old, new)
        starts[axis] = dims.floor_divide(dims.maximum(old - new, 0), 2)
        more = dims.maximum(new - old, 0)
        before = dims.floor_divide(more, 2)
        pads[axis] = (before, more - before)  # type: ignore[assignment]  # lengths may be open
    return fn.pad(fn.slice(x, starts, kept), pads)


@rule("Col2Im", settings=(1, 2))
def columns_to_image(use: Any, x: Value, image: Value, block: Value) -> Value:
    sizes, taps = use.dims(image, "an image's shape"), use.ints(block, "a block's shape")
    count = len(sizes)
    strides, dilations = tuple(use["strides"] or [1] * count), tuple(use["dilations"] or [1] * count)
    pads = use["pads"] or [0] * 2 * count
    if not len(taps) == len(strides) == len(dilations) == len(pads) // 2 == count or x.rank != 3:
        raise use.error(f"columns [n, c, places] and {count} numbers for each axis", (x.type, taps, strides, pads))
    whole = tuple(n + pads[k] + pads[k + count] for k, n in enumerate(sizes))
    places = tuple(
        dims.floor_divide(n - ((t - 1) * d + 1), s) + 1
        for n, t, d, s in zip(whole, taps, dilations, strides, strict=True)
    )
    channels = dims.floor_divide(x.shape[1], prod(taps))
    if channels * prod(taps) != x.shape[1] or dims.product(places) != x.shape[2]:
        raise use.error(f"columns [n, c * {prod(taps)}, {dims.product(places)}]", x.type)
    parts = fn.reshape(x, (x.shape[0], channels, *taps, *places))
    order = (0, *range(2 + count, 2 + 2 * count), *range(2, 2 + count), 1)
    found = apply(Fold(whole, strides, dilations), fn.transpose(parts, order))
    return first(fn.slice(found, (0, *pads[:count], 0), (x.shape[0], *sizes, channels)))
