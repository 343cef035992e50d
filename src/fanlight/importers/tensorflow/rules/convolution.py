"""What do TensorFlow's convolutions mean? Plain, of each channel by itself, transposed; with fused activations."""

from __future__ import annotations

from typing import Any

from fanlight.importers.tensorflow.rules.activations import finished
from fanlight.importers.tensorflow.rules.table import op
from fanlight.importers.tensorflow.rules.windows import back, frame_of, inner, is_first, last, shifted
from fanlight.ir import dim as dims
from fanlight.ir.graph import Value
from fanlight.ops import functions as fn
from fanlight.ops.conv import Conv, conv_input_gradient

FUSED = "other fused operations than BiasAdd, Add, FusedBatchNorm and activations"


def convolved(use: Any, x: Value, w: Value, strides: Any, dilations: Any) -> Value:
    """Channels-last images with a kernel [*taps, c / groups, o]."""
    check(use, x, w)
    frame = frame_of(use, x.shape[1:-1], w.shape[:-2], strides, dilations)
    return fn.conv(x, w, frame.strides, frame.pads, dilation_rate=frame.windows.dilation)


def check(use: Any, x: Value, w: Value) -> None:
    if x.rank != w.rank:
        raise use.error(f"a kernel of rank {x.rank}", w.type)


@op("Conv2D", "Conv3D", parameters=(1,))
def conv(use: Any, x: Value, w: Value) -> Value:
    return back(use, convolved(use, last(use, x), w, use["strides"], use["dilations"]))


@op("Conv1D", parameters=(1,))
def conv_line(use: Any, x: Value, w: Value) -> Value:
    return back(use, convolved(use, last(use, x), w, use["stride"], use["dilation"] or 1))


@op("_FusedConv2D", parameters=(2,), note=FUSED)
def fused_conv(use: Any, x: Value, w: Value, *rest: Value) -> Value:
    y = convolved(use, last(use, x), w, use["strides"], use["dilations"])
    return back(use, finished(use, y, [like_images(use, each, x) for each in rest]))


def like_images(use: Any, x: Value, images: Value) -> Value:
    """A fused operand channels-last, where it is an image as well."""
    return last(use, x) if x.rank == images.rank else x


def each_channel(use: Any, x: Value, w: Value) -> Value:
    check(use, x, w)
    if w.shape[2] != x.shape[-1]:
        raise use.error(f"a kernel of {x.shape[-1]} channels", w.type)
    frame = frame_of(use, x.shape[1:-1], w.shape[:-2], use["strides"], use["dilations"] or 1)
    return fn.depthwise_conv(x, w, frame.strides, frame.pads, dilation_rate=frame.windows.dilation)


@op("DepthwiseConv2dNative", "DepthwiseConv2d", parameters=(1,))
def depthwise(use: Any, x: Value, w: Value) -> Value:
    return back(use, each_channel(use, last(use, x), w))


@op("FusedDepthwiseConv2dNative", "_FusedDepthwiseConv2dNative", parameters=(2,), note=FUSED)
def fused_depthwise(use: Any, x: Value, w: Value, *rest: Value) -> Value:
    y = each_channel(use, last(use, x), w)
    return back(use, finished(use, y, [like_images(use, each, x) for each in rest]))


@op("Conv2DBackpropInput", "Conv3DBackpropInputV2", parameters=(1,))
def conv_transpose(use: Any, sizes: Value, w: Value, g: Value) -> Value:
    check(use, g, w)
    g = last(use, g)
    count = g.rank - 2
    extents = use.dims(sizes, "the lengths of the result")
    if len(extents) == count + 2:
        extents = extents[2:] if is_first(use) else extents[1:-1]
    if len(extents) != count or w.shape[-1] != g.shape[-1]:
        raise use.error(f"{count + 2} lengths and a kernel of {g.shape[-1]} channels", (extents, w.type))
    frame = frame_of(use, extents, w.shape[:-2], use["strides"], use["dilations"])
    if tuple(frame.counts(extents)) != g.shape[1:-1]:
        raise use.error(f"images {frame.counts(extents)} for a result of {list(extents)}", g.type)
    whole = tuple(n + before + after for n, (before, after) in zip(extents, frame.pads, strict=True))
    shape = (g.shape[0], *whole, w.shape[-2])
    spread = conv_input_gradient(g, w, shape, Conv(frame.strides, frame.windows.dilation))
    starts = (0, *(before for before, _ in frame.pads), 0)
    return back(use, fn.slice(spread, starts, (g.shape[0], *extents, w.shape[-2])))


@op("Dilation2D", parameters=(1,))
def dilation(use: Any, x: Value, w: Value) -> Value:
    if w.rank != 3 or w.shape[-1] != x.shape[-1]:
        raise use.error(f"a kernel [h, w, {x.shape[-1]}]", w.type)
    frame = frame_of(use, x.shape[1:-1], w.shape[:-1], inner(use, use["strides"], 2, "strides"), use["rates"])
    taps = dims.known(w.shape[0]), dims.known(w.shape[1])
    seen = shifted(fn.pad(x, ((0, 0), *frame.pads, (0, 0)), constant_values=float("-inf")), frame)
    found = None
    for k, each in enumerate(seen):
        raised = fn.add(each, fn.squeeze(fn.slice(w, (*divmod(k, taps[1]), 0), (1, 1, w.shape[2])), (0, 1)))
        found = raised if found is None else fn.maximum(found, raised, ties="first")
    assert found is not None  # a kernel has taps
    return found
