"""What do ONNX's operators on 8-bit numbers mean? A number q stands for (q - zero point) * scale."""

from __future__ import annotations

from typing import Any

from fanlight.importers.graphs.table import rule
from fanlight.importers.onnx.rules import contraction
from fanlight.ir import dim as dims
from fanlight.ir.graph import Value
from fanlight.ops import functions as fn
from fanlight.ops.known import known

NUMBERS = {2: "uint8", 3: "int8"}
BYTES = tuple(NUMBERS.values())
DIFFERENCE = 255  # the largest between two bytes
EXACT = 2**24  # below it every whole number is a float32
LOW = 2**12 - 1  # bits of a bias that are added first


def as_float(x: Value) -> Value:
    return fn.cast(x, "float32")


def scalar(x: Value) -> Value:
    """An array of one number without axes; others as they are."""
    return fn.reshape(x, ()) if x.type.count == 1 else x


# To 8 bits and back


def spread(use: Any, parameter: Value, x: Value) -> Value:
    """Scales or zero points as they broadcast with x: one, one for each place along an axis, or one for each block."""
    if parameter.type.count == 1:
        return fn.reshape(parameter, ())
    axis = 1 if use["axis"] is None else use["axis"]
    if not -x.rank <= axis < x.rank:
        if x.rank != 1:
            raise use.error(f"an axis from 0 to {x.rank - 1}", axis)
        axis = 0
    axis += x.rank if axis < 0 else 0
    size = use["block_size"] or 0
    if not size:
        if parameter.shape != (x.shape[axis],):
            raise use.error(f"{x.shape[axis]} scales and zero points", parameter.type)
        return fn.reshape(parameter, tuple(x.shape[k] if k == axis else 1 for k in range(x.rank)))
    blocks = dims.ceil_divide(x.shape[axis], size)
    if size < 0 or parameter.shape != (*x.shape[:axis], blocks, *x.shape[axis + 1 :]):
        raise use.error(f"{blocks} blocks along axis {axis} of {x.type}", parameter.type)
    places = fn.floor_divide(fn.iota((x.shape[axis],)), size)
    return fn.gather(parameter, [places], (axis,))


@rule("QuantizeLinear")
def quantize(use: Any, x: Value, scale: Value, zero: Value | None = None) -> Value:
    number = use["output_dtype"] or 0
    dtype = zero.dtype if zero is not None else NUMBERS.get(number or 2)
    if dtype not in BYTES:
        raise use.refuse("uint8 or int8 as result", dtype or f"dtype number {number}")
    if number and NUMBERS.get(number) != dtype:
        raise use.error(f"output_dtype of {dtype}, as the zero point", number)
    start = None if zero is None else spread(use, zero, x)
    return quantized(fn.divide(as_float(x), spread(use, scale, x)), start, dtype)


def quantized(x: Value, zero: Value | None, dtype: str) -> Value:
    """Rounded, halves to even, and moved by a zero point; what does not fit becomes the nearest number that does."""
    y = fn.round(x)
    return fn.cast(y if zero is None or is_zero(zero) else fn.add(y, as_float(zero)), dtype)


@rule("DequantizeLinear")
def dequantize(use: Any, x: Value, scale: Value, zero: Value | None = None) -> Value:
    if x.dtype not in (*BYTES, "int32"):
        raise use.refuse("uint8, int8 or int32", x.type)
    if (use["output_dtype"] or 1) not in (1, 10, 16):
        raise use.refuse("floats as result", f"dtype number {use['output_dtype']}")
    if zero is not None and zero.dtype != x.dtype:
        raise use.error(f"a zero point of {x.dtype}", zero.type)
    return fn.multiply(centred(x, None if zero is None else spread(use, zero, x)), spread(use, scale, x))


def centred(x: Value, zero: Value | None) -> Value:
    """x less its zero point, as float32: exact, but for large int32."""
    if zero is None or is_zero(zero):
        return as_float(x)
    return fn.subtract(as_float(x), as_float(zero))


def is_zero(x: Value) -> bool:
    content = known(x)
    return content is not None and content.dtype != object and not content.any()


@rule("DynamicQuantizeLinear")
def quantize_dynamically(use: Any, x: Value) -> tuple[Value, Value, Value]:
    low, high = fn.minimum(fn.min(x), 0.0), fn.maximum(fn.max(x), 0.0)
    span = fn.subtract(high, low)
    scale = fn.where(fn.equal(span, 0.0), 1.0, fn.divide(span, 255.0))
    zero = fn.cast(fn.round(fn.divide(fn.negative(low), scale)), "uint8")
    return quantized(fn.divide(x, scale), zero, "uint8"), scale, zero


# Products of whole numbers: exact, as int32


def check_bytes(use: Any, *xs: Value) -> None:
    if any(x.dtype not in BYTES for x in xs):
        raise use.refuse("operands of uint8 or int8", [x.type for x in xs])


def whole(x: Value, zero: Value | None) -> Value:
    """x less its zero point, as int32."""
    x = fn.cast(x, "int32")
    return x if zero is None or is_zero(zero) else fn.subtract(x, fn.cast(zero, "int32"))


def is_exact(x: Value, w: Value) -> bool:
    """Is a convolution of these exact in float32? Where each channel is summed for itself, that is as quick."""
    terms = dims.upper(dims.product(w.shape[1:]))
    return terms * DIFFERENCE**2 + LOW < EXACT


def by_row(parameter: Value) -> Value:
    """One number, or one for each row of a matrix."""
    parameter = scalar(parameter)
    return fn.expand_dims(parameter, -1) if parameter.rank == 1 else parameter


def by_output(parameter: Value, w: Value) -> Value:
    """One number, or one for each output channel of a kernel [o, c, ...]."""
    parameter = scalar(parameter)
    return fn.reshape(parameter, (*parameter.shape, *[1] * (w.rank - 1))) if parameter.rank else parameter


@rule("MatMulInteger", parameters=(1,))
def matmul_integer(use: Any, x: Value, y: Value, zero_x: Value | None = None, zero_y: Value | None = None) -> Value:
    check_bytes(use, x, y)
    first = whole(x, None if zero_x is None else by_row(zero_x))
    return fn.matmul(first, whole(y, None if zero_y is None else scalar(zero_y)))


@rule("ConvInteger", parameters=(1,))
def conv_integer(use: Any, x: Value, w: Value, zero_x: Value | None = None, zero_w: Value | None = None) -> Value:
    check_bytes(use, x, w)
    first = whole(x, None if zero_x is None else scalar(zero_x))
    return contraction.conv(use, first, whole(w, None if zero_w is None else by_output(zero_w, w)))


@rule("QLinearMatMul", parameters=(3,))
def matmul_quantized(
    use: Any,
    x: Value,
    scale_x: Value,
    zero_x: Value,
    y: Value,
    scale_y: Value,
    zero_y: Value,
    scale: Value,
    zero: Value,
) -> Value:
    check_bytes(use, x, y, zero)
    found = fn.matmul(whole(x, by_row(zero_x)), whole(y, scalar(zero_y)))
    factor = fn.divide(fn.multiply(by_row(scale_x), scalar(scale_y)), by_row(scale))
    return quantized(fn.multiply(as_float(found), factor), by_row(zero), zero.dtype)


@rule("QLinearConv", parameters=(3, 8))
def conv_quantized(
    use: Any,
    x: Value,
    scale_x: Value,
    zero_x: Value,
    w: Value,
    scale_w: Value,
    zero_w: Value,
    scale: Value,
    zero: Value,
    bias: Value | None = None,
) -> Value:
    check_bytes(use, x, w, zero)
    outputs = tuple([-1] + [1] * (x.rank - 2))
    bias = None if bias is None else fn.reshape(bias, outputs)
    if use["group"] > 1 and is_exact(x, w):
        found = contraction.conv(use, centred(x, scalar(zero_x)), centred(w, by_output(zero_w, w)))
        if bias is not None:  # what is rounded is the whole sum, once: the first is exact
            low = fn.bitwise_and(bias, LOW)
            found = fn.add(fn.add(found, as_float(low)), as_float(fn.subtract(bias, low)))
    else:
        found = contraction.conv(use, whole(x, scalar(zero_x)), whole(w, by_output(zero_w, w)))
        found = as_float(found if bias is None else fn.add(found, bias))
    each = scalar(scale_w)
    each = fn.reshape(each, outputs) if each.rank else each
    factor = fn.divide(fn.multiply(scalar(scale_x), each), scalar(scale))
    return quantized(fn.multiply(found, factor), scalar(zero), zero.dtype)
