"""What do ONNX's elementwise operators mean? Arithmetic, comparison, logic, rounding, casts, activations.

Operands broadcast as in NumPy; before version 7 the second one does, from an axis on.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from fanlight.importers.graphs.numbers import cut_quotient
from fanlight.importers.graphs.table import rule
from fanlight.ir.graph import Value
from fanlight.ir.types import is_float, item_bytes
from fanlight.ops import functions as fn
from fanlight.ops.known import known

# Functions of one operand that need nothing else.
UNARY: dict[str, Callable[..., Value]] = {
    **{"Ceil": fn.ceil, "Cos": fn.cos, "Cosh": fn.cosh, "Erf": fn.erf, "Exp": fn.exp, "Floor": fn.floor},
    **{"Acos": fn.arccos, "Acosh": fn.arccosh, "Asin": fn.arcsin, "Asinh": fn.arcsinh, "Atan": fn.arctan},
    **{"Atanh": fn.arctanh, "Identity": lambda x: x, "IsNaN": fn.isnan, "Log": fn.log, "Neg": fn.negative},
    **{"Not": fn.logical_not, "BitwiseNot": fn.bitwise_invert, "Reciprocal": fn.reciprocal, "Round": fn.round},
    **{"Sigmoid": fn.sigmoid, "Sign": fn.sign, "Sin": fn.sin, "Sinh": fn.sinh, "Softplus": fn.softplus},
    **{"Softsign": fn.softsign, "Sqrt": fn.sqrt, "Tan": fn.tan, "Tanh": fn.tanh, "Mish": fn.mish},
    **{"HardSwish": fn.hard_swish, "Relu": fn.relu, "Abs": lambda x: fn.absolute(x, kink=0)},
}
BINARY: dict[str, Callable[..., Value]] = {
    **{"Add": fn.add, "Sub": fn.subtract, "Mul": fn.multiply, "And": fn.logical_and, "Or": fn.logical_or},
    **{"Xor": fn.logical_xor, "BitwiseAnd": fn.bitwise_and, "BitwiseOr": fn.bitwise_or, "BitwiseXor": fn.bitwise_xor},
    **{"Equal": fn.equal, "Greater": fn.greater, "GreaterOrEqual": fn.greater_equal, "Less": fn.less},
    "LessOrEqual": fn.less_equal,
}


def one(function: Callable[..., Value]) -> Callable[..., Value]:
    return lambda use, x: function(x)


def two(function: Callable[..., Value]) -> Callable[..., Value]:
    return lambda use, x, y: function(x, aligned(use, x, y))


for _kind, _function in UNARY.items():
    rule(_kind)(one(_function))
for _kind, _function in BINARY.items():
    rule(_kind)(two(_function))


def aligned(use: Any, x: Value, y: Value) -> Value:
    """The second operand as NumPy's broadcasting takes it: before version 7 `axis` says where its axes begin."""
    if use.opset >= 7 or not use["broadcast"] or use["axis"] is None:
        return y
    axis = use.axis(x.rank)
    return fn.reshape(y, (*y.shape, *[1] * (x.rank - axis - y.rank)))


@rule("Div")
def divide(use: Any, x: Value, y: Value) -> Value:
    return cut_quotient(x, aligned(use, x, y))


@rule("Mod")
def modulo(use: Any, x: Value, y: Value) -> Value:
    return fn.fmod(x, y) if use["fmod"] else fn.mod(x, y)


@rule("Pow")
def power(use: Any, x: Value, y: Value) -> Value:
    y = aligned(use, x, y)
    exponent = known(y)
    if is_float(x.dtype):
        if exponent is not None and exponent.size == 1:  # squares and roots are written as such
            return fn.broadcast_to(fn.power(x, float(exponent.item())), broadcast_shape(x, y))
        return fn.power(x, fn.cast(y, x.dtype))
    if is_float(y.dtype):
        return fn.cast(fn.power(fn.cast(x, "float32"), y), x.dtype)
    return fn.power(x, fn.cast(y, x.dtype))


def broadcast_shape(x: Value, y: Value) -> Any:
    return fn.add(fn.zeros(x.shape, "int32"), fn.zeros(y.shape, "int32")).shape


@rule("BitShift")
def shift(use: Any, x: Value, y: Value) -> Value:
    inside = fn.logical_and(fn.greater_equal(y, 0), fn.less(y, 8 * item_bytes(x.dtype)))
    count = fn.where(inside, y, fn.zeros_like(y))
    if use["direction"] == "LEFT":
        return fn.where(inside, fn.left_shift(x, count), fn.zeros_like(x))
    if use["direction"] == "RIGHT":
        emptied = fn.zeros_like(x) if x.dtype.startswith("u") else fn.negative(fn.cast(fn.less(x, 0), x.dtype))
        return fn.where(inside, fn.right_shift(x, count), emptied)
    raise use.error("direction LEFT or RIGHT", repr(use["direction"]))


@rule("IsInf")
def is_infinite(use: Any, x: Value) -> Value:
    up = fn.equal(x, math.inf) if use["detect_positive"] else fn.zeros(x.shape, "bool")
    down = fn.equal(x, -math.inf) if use["detect_negative"] else fn.zeros(x.shape, "bool")
    return fn.logical_or(up, down)


@rule("Where")
def where(use: Any, condition: Value, x: Value, y: Value) -> Value:
    return fn.where(condition, x, y)


# Casts


@rule("Cast")
def cast(use: Any, x: Value) -> Value:
    return fn.cast(x, dtype_named(use, use["to"]))


@rule("BitCast")
def bit_cast(use: Any, x: Value) -> Value:
    dtype = dtype_named(use, use["to"])
    if item_bytes(dtype) != item_bytes(x.dtype):
        raise use.error(f"a dtype of {item_bytes(x.dtype)} bytes", dtype)
    if "bool" in (x.dtype, dtype):
        if x.dtype not in ("bool", "uint8"):
            raise use.refuse("bytes where bools are", x.dtype)
        return fn.cast(x, dtype)
    return fn.view(x, dtype)


@rule("CastLike")
def cast_like(use: Any, x: Value, y: Value) -> Value:
    return fn.cast(x, y.dtype)


def dtype_named(use: Any, number: Any) -> str:
    """The dtype for one of the numbers, or old names, that ONNX has for them."""
    dtype = NUMBERS.get(number) or (str(number).lower() if use.opset < 6 else None)
    dtype = {"float": "float32", "double": "float32", "float16": "float32"}.get(str(dtype), dtype)
    if dtype not in KNOWN:
        raise use.refuse(f"a dtype of {', '.join(KNOWN)}", f"number {number}")
    return str(dtype)


NUMBERS = {
    **{1: "float32", 2: "uint8", 3: "int8", 6: "int32", 7: "int64", 9: "bool", 12: "uint32"},
    **dict.fromkeys((10, 11, 16), "float32"),
}
KNOWN = ("float32", "int32", "int64", "uint32", "uint8", "int8", "bool")


# Any number of operands


def folded(function: Callable[..., Value]) -> Callable[..., Value]:
    def run(use: Any, first: Value, *rest: Value) -> Value:
        for each in rest:
            first = function(first, each)
        return first

    return run


rule("Sum")(folded(fn.add))
rule("Max")(folded(fn.maximum))
rule("Min")(folded(fn.minimum))


@rule("Mean")
def mean(use: Any, *xs: Value) -> Value:
    return fn.divide(folded(fn.add)(use, *xs), float(len(xs)))


@rule("Clip", settings=(1, 2))
def clip(use: Any, x: Value, low: Value | None = None, high: Value | None = None) -> Value:
    ends: list[Any] = [low, high]
    if use.opset < 11:
        ends = [use["min"], use["max"]]
    ends = [as_number(each) if isinstance(each, Value) else each for each in ends]
    low, high = ends
    return fn.clip(x, low, high, ties="first")  # at a limit the gradient flows, as PyTorch has it


def as_number(value: Value) -> Any:
    """A number that shapes and constants tell as Python's; else the value, as a scalar."""
    content = known(value)
    if content is not None and content.size == 1 and content.dtype != object:
        return content.item()
    return fn.reshape(value, ())


# Activations with parameters


@rule("LeakyRelu")
def leaky_relu(use: Any, x: Value) -> Value:
    return fn.where(fn.less(x, 0.0), fn.multiply(x, use["alpha"]), x)


@rule("PRelu", parameters=(1,))
def parametric_relu(use: Any, x: Value, slope: Value) -> Value:
    if use.opset < 7 and slope.rank == 1 and x.rank > 1:  # one for each channel
        slope = fn.reshape(slope, (*slope.shape, *[1] * (x.rank - 2)))
    return fn.where(fn.less(x, 0), fn.multiply(x, slope), x)


@rule("ThresholdedRelu")
def thresholded_relu(use: Any, x: Value) -> Value:
    return fn.where(fn.greater(x, use["alpha"]), x, 0.0)


@rule("Elu")
def elu(use: Any, x: Value) -> Value:
    return fn.elu(x, use["alpha"])


@rule("Celu")
def celu(use: Any, x: Value) -> Value:
    return fn.celu(x, use["alpha"])


@rule("Selu")
def selu(use: Any, x: Value) -> Value:
    return fn.multiply(fn.elu(x, use["alpha"]), use["gamma"])


@rule("Gelu")
def gelu(use: Any, x: Value) -> Value:
    return fn.gelu(x, approximate=use["approximate"] == "tanh")


@rule("HardSigmoid")
def hard_sigmoid(use: Any, x: Value) -> Value:
    return fn.clip(fn.add(fn.multiply(x, use["alpha"]), use["beta"]), 0.0, 1.0)


@rule("Swish")
def swish(use: Any, x: Value) -> Value:
    return fn.multiply(x, fn.sigmoid(fn.multiply(x, use["alpha"])))


@rule("Shrink")
def shrink(use: Any, x: Value) -> Value:
    bias, limit = use["bias"], use["lambd"]
    wide = fn.cast(x, "float32")
    below = fn.where(fn.less(wide, -limit), fn.add(wide, bias), 0.0)
    return fn.cast(fn.where(fn.greater(wide, limit), fn.subtract(wide, bias), below), x.dtype)
