"""What do TensorFlow Lite's sums and products of two arrays mean? With fused activations, and of 8-bit numbers in whole
numbers: both operands are brought to one scale with 20 bits to spare, or multiplied as they are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fanlight.importers.graphs.numbers import cut_quotient
from fanlight.importers.tflite.rules.activations import activated, fused_ends
from fanlight.importers.tflite.rules.fixed import (
    BYTES,
    centred,
    dequantized,
    multiplier_of,
    narrowed,
    quantized,
    scaled,
    single,
)
from fanlight.importers.tflite.rules.table import given, is_quantized, made, op
from fanlight.ir.graph import Value
from fanlight.ir.types import is_float
from fanlight.ops import functions as fn

SPARE = 20  # bits


def sides(use: Any, x: Value, y: Value) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """How both operands and the result are quantized."""
    found = given(use, 0), given(use, 1), made(use)
    if any(each is None or each["dtype"] not in BYTES or "axis" in each for each in found):
        raise use.refuse("8-bit numbers, each array with one scale", (x.type, y.type))
    return found  # type: ignore[return-value]  # none is None


def finished(use: Any, y: Value) -> Value:
    return activated(use, y) if is_float(y.dtype) else clamped(use, y)


def clamped(use: Any, y: Value) -> Value:
    """Whole numbers with what is fused."""
    name = use["fused_activation_function"] or "NONE"
    ends = {"NONE": (None, None), "RELU": (0, None), "RELU6": (0, 6), "RELU_N1_TO_1": (-1, 1)}
    if name not in ends:
        raise use.refuse(f"a fused activation of {', '.join(ends)}", name)
    low, high = ends[name]
    y = y if low is None else fn.maximum(y, low)
    return y if high is None else fn.minimum(y, high)


def summed(function: Callable[[Value, Value], Value]) -> Callable[..., Value]:
    def run(use: Any, x: Value, y: Value) -> Value:
        if not is_quantized(use):
            return finished(use, function(x, y))
        a, b, new = sides(use, x, y)
        widest = 2 * max(a["scale"], b["scale"])
        first, second = (
            scaled(fn.left_shift(centred(each, said["zero"]), SPARE), *multiplier_of(said["scale"] / widest))
            for each, said in ((x, a), (y, b))
        )
        total = scaled(function(first, second), *multiplier_of(widest / (2**SPARE * new["scale"])))
        return narrowed(total, new, fused_ends(use, new))

    return run


op("ADD", bytes_="own")(summed(fn.add))
op("SUB", bytes_="own")(summed(fn.subtract))


@op("MUL", bytes_="own")
def multiply(use: Any, x: Value, y: Value) -> Value:
    if not is_quantized(use):
        return finished(use, fn.multiply(x, y))
    a, b, new = sides(use, x, y)
    factor = single(single(a["scale"] * b["scale"]) / new["scale"])
    whole = fn.multiply(centred(x, a["zero"]), centred(y, b["zero"]))
    return narrowed(scaled(whole, *multiplier_of(factor)), new, fused_ends(use, new))


@op("DIV", bytes_="own")
def divide(use: Any, x: Value, y: Value) -> Value:
    if not is_quantized(use):
        return finished(use, cut_quotient(x, y))
    a, b, new = sides(use, x, y)
    low, high = fused_ends(use, new)
    return fn.clip(quantized(fn.divide(dequantized(x, a), dequantized(y, b)), new), low, high)


@op("ADD_N")
def add_all(use: Any, first: Value, *rest: Value) -> Value:
    for each in rest:
        first = fn.add(first, each)
    return first
