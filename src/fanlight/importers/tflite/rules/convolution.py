"""What do TensorFlow Lite's products mean? Convolutions and fully connected layers: of floats; of 8-bit numbers as
whole numbers, exactly; of floats with weights of 8 bits.

Kernels come as [outputs, ...]. What is constant about 8-bit products, `operators.tabled` has put among the attributes:
`factors`, one factor for all or the shift of a table of them, the last operand; or the table has the scales of weights.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fanlight.importers.tensorflow.rules.convolution import check
from fanlight.importers.tensorflow.rules.convolution import conv_transpose as spread
from fanlight.importers.tensorflow.rules.windows import Frame, frame_of
from fanlight.importers.tflite.rules.activations import activated, fused_ends
from fanlight.importers.tflite.rules.fixed import BYTES, centred, narrowed, scaled, scaled_each
from fanlight.importers.tflite.rules.table import given, made, op
from fanlight.ir import dim as dims
from fanlight.ir.graph import Value
from fanlight.ops import functions as fn

DIFFERENCE = 255  # the largest between two bytes
EXACT = 2**24  # below it every whole number is a float32
Product = Callable[[Value, Value], Value]  # of x and a kernel, of floats or of int32


def product(use: Any, x: Value, w: Value, rest: tuple[Value | None, ...], of: Product, data: int = 0) -> Value:
    """A product with its bias and activation; `data` is the place of x among the operands."""
    operands = list(rest)
    table = operands.pop() if use["tables"] else None
    bias = operands[0] if operands else None
    if x.dtype in BYTES:
        return whole_product(use, x, w, bias, table, of, data)
    if w.dtype in BYTES:
        w = weights_of(use, w, table)
    y = of(x, w)
    return activated(use, y if bias is None else fn.add(y, bias))


def weights_of(use: Any, w: Value, table: Value | None) -> Value:
    """8-bit weights as the floats that they stand for."""
    said = given(use, 1)
    if said is None:
        raise use.refuse("weights of 8 bits with a scale", w.type)
    if table is None:
        return fn.multiply(fn.cast(centred(w, said["zero"]), "float32"), said["scale"])
    scales = fn.reshape(table, tuple(extent if k == said["axis"] else 1 for k, extent in enumerate(w.shape)))
    return fn.multiply(fn.cast(w, "float32"), scales)


def whole_product(
    use: Any, x: Value, w: Value, bias: Value | None, table: Value | None, of: Product, data: int
) -> Value:
    """A product of 8-bit numbers: sums as int32, scaled once."""
    old, kernel, new = given(use, data), given(use, 1), made(use)
    if old is None or kernel is None or new is None or new["dtype"] not in BYTES or w.dtype not in BYTES:
        raise use.refuse("8-bit numbers with scales on both sides", [old and x.type, w.type, new and new["dtype"]])
    zero = 0 if "axis" in kernel else kernel["zero"]
    total = of(centred(x, old["zero"]), centred(w, zero))
    total = fn.cast(total, "int32") if bias is None else fn.add(fn.cast(total, "int32"), bias)
    factors = use["factors"]
    y = scaled(total, *factors) if table is None else scaled_each(total, table, factors[0])
    return narrowed(y, new, fused_ends(use, new))


def frame(use: Any, x: Value, taps: Any) -> Frame:
    dilations = (use["dilation_h_factor"] or 1, use["dilation_w_factor"] or 1)
    return frame_of(use, x.shape[1:-1], taps, (use["stride_h"], use["stride_w"]), dilations)


@op("CONV_2D", bytes_="own", parameters=(1, 2))
def conv(use: Any, x: Value, w: Value, *rest: Value | None) -> Value:
    check(use, x, w)
    windows = frame(use, x, w.shape[1:-1])

    def of(x: Value, w: Value) -> Value:
        kernel = fn.transpose(w, (1, 2, 3, 0))
        return fn.conv(x, kernel, windows.strides, windows.pads, dilation_rate=windows.windows.dilation)

    return product(use, x, w, rest, of)


@op("DEPTHWISE_CONV_2D", bytes_="own", parameters=(1, 2))
def depthwise(use: Any, x: Value, w: Value, *rest: Value | None) -> Value:
    check(use, x, w)
    windows = frame(use, x, w.shape[1:-1])
    channels = x.shape[-1]
    if w.shape[0] != 1 or dims.modulo(w.shape[-1], channels) != 0:
        raise use.error(f"a kernel [1, h, w, {channels} times a number]", w.type)
    times = dims.floor_divide(w.shape[-1], channels)
    terms = dims.upper(dims.product(w.shape[1:-1]))

    def of(x: Value, w: Value) -> Value:
        kernel = fn.reshape(w, (*w.shape[1:-1], channels, times))
        if x.dtype == "int32" and terms * DIFFERENCE**2 < EXACT:  # each channel for itself: as exact in floats
            x, kernel = fn.cast(x, "float32"), fn.cast(kernel, "float32")
        return fn.depthwise_conv(x, kernel, windows.strides, windows.pads, dilation_rate=windows.windows.dilation)

    return product(use, x, w, rest, of)


@op("TRANSPOSE_CONV", bytes_="own", settings=(0,), parameters=(1, 3))
def conv_transpose(use: Any, shape: Value, w: Value, x: Value, *rest: Value | None) -> Value:
    check(use, x, w)

    def of(x: Value, w: Value) -> Value:
        return spread(strided(use), shape, fn.transpose(w, (1, 2, 0, 3)), x)

    return product(use, x, w, rest, of, 2)


def strided(use: Any) -> Any:
    """The node with its strides and dilations as TensorFlow says them."""
    from dataclasses import replace

    more = {"strides": (use["stride_h"], use["stride_w"]), "dilations": 1}
    return replace(use, node=replace(use.node, attributes={**use.node.attributes, **more}))


@op("FULLY_CONNECTED", bytes_="own", parameters=(1, 2))
def fully_connected(use: Any, x: Value, w: Value, *rest: Value | None) -> Value:
    if (use["weights_format"] or "DEFAULT") != "DEFAULT":
        raise use.refuse("weights_format DEFAULT", use["weights_format"])
    if w.rank != 2:
        raise use.error("weights [outputs, inputs]", w.type)
    length = w.shape[1]
    if dims.modulo(x.type.count, length) != 0 or (use["keep_num_dims"] and x.shape[-1] != length):
        raise use.error(f"rows of {length} numbers", x.type)
    lead = x.shape[:-1] if use["keep_num_dims"] else (dims.floor_divide(x.type.count, length),)

    def of(x: Value, w: Value) -> Value:
        return fn.matmul(fn.reshape(x, (*lead, length)), fn.transpose(w))

    return product(use, x, w, rest, of)
