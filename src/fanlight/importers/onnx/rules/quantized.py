"""What do ONNX's operators on 8-bit numbers mean? A number q stands for (q - zero point) * scale.

Products are exact: they are float32 as long as no sum can reach 2^24, and whole numbers where such sums are added up.
"""

from __future__ import annotations

from math import prod
from typing import Any

from fanlight.importers.onnx.rules import contraction
from fanlight.importers.onnx.rules.table import rule
from fanlight.ir import dim as dims
from fanlight.ir.dim import Dim
from fanlight.ir.graph import Value
from fanlight.ops import functions as fn
from fanlight.ops.known import known
from fanlight.ops.promote import RANGES

NUMBERS = {2: "uint8", 3: "int8"}
BYTES = tuple(NUMBERS.values())
EXACT = 2**24  # below it every whole number is a float32
MOST_PARTS = 64  # sums of products that are added up as whole numbers; above, all are whole numbers


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
    return fn.cast(y if zero is None else fn.add(y, as_float(zero)), dtype)


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


# Exact products


def reach(x: Value, zero: Value | None) -> int:
    """The largest absolute value of x less its zero point."""
    low, high = RANGES[x.dtype]
    content = None if zero is None else known(zero)
    if zero is None:
        return max(-low, high)
    if content is None or content.dtype == object:
        return high - low
    return max(int(content.max()) - low, high - int(content.min()))


def check_bytes(use: Any, *xs: Value) -> None:
    if any(x.dtype not in BYTES for x in xs):
        raise use.refuse("operands of uint8 or int8", [x.type for x in xs])


def exact_matmul(x: Value, y: Value, largest: int) -> Value:
    """A matrix product of whole numbers in float32, none above `largest` where two are multiplied: float32 where that
    is exact, else int32."""
    count, size = x.shape[-1], max((EXACT - 1) // largest, 1)
    if isinstance(count, Dim) or count > size * MOST_PARTS:
        return fn.matmul(fn.cast(x, "int32"), fn.cast(y, "int32"))
    if count <= size:
        return fn.matmul(x, y)
    k = max(y.rank - 2, 0)
    cuts = list(range(size, dims.known(count), size))
    pairs = zip(fn.split(x, cuts, -1), fn.split(y, cuts, k), strict=True)
    return summed([fn.matmul(a, b) for a, b in pairs])


def summed(parts: list[Value]) -> Value:
    total = fn.cast(parts[0], "int32")
    for part in parts[1:]:
        total = fn.add(total, fn.cast(part, "int32"))
    return total


def exact_conv(use: Any, x: Value, w: Value, largest: int) -> Value:
    """A convolution of whole numbers in float32, as `exact_matmul`: channels are added up part by part."""
    channels, group, taps = w.shape[1], use["group"], w.shape[2:]
    if isinstance(channels, Dim) or any(isinstance(each, Dim) for each in taps):
        raise use.refuse("a kernel of known size", w.type)
    size = (EXACT - 1) // (largest * prod(map(dims.known, taps)))
    if not size:
        raise use.refuse(f"at most {(EXACT - 1) // largest} taps", taps)
    if channels <= size:
        return contraction.conv(use, x, w)
    if dims.multiply(channels, group) != x.shape[1]:
        raise use.error(f"a kernel for {group} groups of {x.shape[1]} channels", w.type)
    cuts = list(range(size, dims.known(channels), size))
    grouped = fn.reshape(x, (x.shape[0], group, channels, *x.shape[2:]))
    parts = []
    for a, b in zip(fn.split(grouped, cuts, 2), fn.split(w, cuts, 1), strict=True):
        joined = fn.reshape(a, (x.shape[0], group * a.shape[2], *x.shape[2:]))
        parts.append(contraction.conv(use, joined, b))
    return summed(parts)


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
    first = centred(x, None if zero_x is None else by_row(zero_x))
    second = centred(y, None if zero_y is None else scalar(zero_y))
    return fn.cast(exact_matmul(first, second, reach(x, zero_x) * reach(y, zero_y)), "int32")


@rule("ConvInteger", parameters=(1,))
def conv_integer(use: Any, x: Value, w: Value, zero_x: Value | None = None, zero_w: Value | None = None) -> Value:
    check_bytes(use, x, w)
    first = centred(x, None if zero_x is None else scalar(zero_x))
    second = centred(w, None if zero_w is None else by_output(zero_w, w))
    return fn.cast(exact_conv(use, first, second, reach(x, zero_x) * reach(w, zero_w)), "int32")


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
    first, second = centred(x, by_row(zero_x)), centred(y, scalar(zero_y))
    found = exact_matmul(first, second, reach(x, zero_x) * reach(y, zero_y))
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
    first, second = centred(x, scalar(zero_x)), centred(w, by_output(zero_w, w))
    found = exact_conv(use, first, second, reach(x, zero_x) * reach(w, zero_w))
    outputs = tuple([-1] + [1] * (x.rank - 2))
    if bias is not None:
        found = fn.add(fn.cast(found, "int32"), fn.reshape(bias, outputs))
    each = scalar(scale_w)
    each = fn.reshape(each, outputs) if each.rank else each
    factor = fn.divide(fn.multiply(scalar(scale_x), each), scalar(scale))
    return quantized(fn.multiply(as_float(found), factor), scalar(zero), zero.dtype)
