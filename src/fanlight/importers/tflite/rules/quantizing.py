"""What do TensorFlow Lite's ways to 8 bits and back mean? And products of matrices that are both data."""

from __future__ import annotations

from typing import Any

from fanlight.importers.tensorflow.rules import contraction
from fanlight.importers.tflite.rules.fixed import (
    BYTES,
    centred,
    dequantized,
    multiplier_of,
    narrowed,
    quantized,
    requantized,
    scaled,
    single,
)
from fanlight.importers.tflite.rules.table import given, is_quantized, made, op
from fanlight.ir.graph import Value
from fanlight.ops import functions as fn


@op("QUANTIZE", bytes_="own")
def quantize(use: Any, x: Value) -> Value:
    old, new = given(use, 0), made(use)
    if new is None or new["dtype"] not in BYTES or "axis" in new:
        raise use.refuse("a result of int8 or uint8 with one scale", new)
    if x.dtype == "float32":
        return quantized(x, new)
    if old is None or x.dtype not in BYTES:
        raise use.refuse("floats, or 8-bit numbers with a scale", x.type)
    return requantized(x, old, new)


@op("DEQUANTIZE", bytes_="own", parameters=(0,))
def dequantize(use: Any, x: Value) -> Value:
    if x.dtype == "float32":  # was float16 in the file
        return x
    said = given(use, 0)
    if said is None:
        raise use.refuse("numbers with a scale", x.type)
    if "axis" not in said:
        return dequantized(x, said)
    import numpy

    from fanlight.importers.graphs.run import constant

    extents = [extent if k == said["axis"] else 1 for k, extent in enumerate(x.shape)]
    zeros, scales = (
        fn.reshape(constant(numpy.array(said[name], dtype)), extents)
        for name, dtype in (("zero", "int32"), ("scale", "float32"))
    )
    return fn.multiply(fn.cast(fn.subtract(fn.cast(x, "int32"), zeros), "float32"), scales)


@op("BATCH_MATMUL", bytes_="own")
def batch_matmul(use: Any, x: Value, y: Value) -> Value:
    if not is_quantized(use):
        return contraction.batch_matmul(use, x, y)
    a, b, new = given(use, 0), given(use, 1), made(use)
    if x.dtype == "float32" and b is not None and "axis" not in b:
        return contraction.batch_matmul(use, x, dequantized(y, b))
    if a is None or b is None or new is None or "axis" in b or x.dtype not in BYTES:
        raise use.refuse("8-bit numbers, each array with one scale", (x.type, y.type))
    total = contraction.batch_matmul(use, centred(x, a["zero"]), centred(y, b["zero"]))
    return narrowed(scaled(total, *multiplier_of(single(a["scale"] * b["scale"]) / new["scale"])), new)
