"""The cases of TensorFlow Lite's operators: with options as files have them; floats, int8 and uint8."""

from __future__ import annotations

from typing import Any

import numpy as np

from importers import tflite_movement_cases, tflite_product_cases  # noqa: F401  # they add theirs
from importers.tflite_case import CASES, case, floats, known, out, q

BYTES = ("int8", "uint8")
SAME, VALID = 0, 1
NONE, RELU, RELU_N1_TO_1, RELU6, TANH = range(5)


def positive(t: Any) -> Any:
    """Numbers above 0: of 0 the kernels make what their processor makes of infinities."""
    t.array[:] = np.maximum(t.array, t.zero + 1)
    return t


# One operand

for name in ("ABS", "CEIL", "COS", "ELU", "EXP", "FLOOR", "HARD_SWISH", "LOGISTIC", "NEG", "RELU", "RELU6",
             "RELU_N1_TO_1", "RELU_0_TO_1", "ROUND", "SIN", "SQUARE", "TANH", "SIGN"):  # fmt: skip
    case(name, floats(3, 7) * 3)
for name in ("LOG", "RSQRT", "SQRT"):
    case(name, floats(3, 7, low=0.1, high=9.0))
case("LOGICAL_NOT", np.array([True, False, True]), made=out("bool"))
case("GELU", floats(3, 7), kind="GeluOptions", approximate=False)
case("GELU", floats(3, 7), kind="GeluOptions", approximate=True)
case("LEAKY_RELU", floats(3, 7), kind="LeakyReluOptions", alpha=0.3)
case("PRELU", floats(2, 3, 4), known(floats(1, 1, 4, salt=1)))
case("LOG_SOFTMAX", floats(3, 7))
case("SOFTMAX", floats(3, 7), kind="SoftmaxOptions", beta=1.0)
case("SOFTMAX", floats(2, 3, 7), kind="SoftmaxOptions", beta=0.5)
case("L2_NORMALIZATION", floats(3, 7), kind="L2NormOptions", fused_activation_function=NONE)
case("ZEROS_LIKE", floats(3, 7))
for dtype in BYTES:
    zero = 0 if dtype == "int8" else 128
    least = -128 if dtype == "int8" else 0
    case("LOGISTIC", q(dtype, 4, 64, zero=zero), made=out(dtype, 1 / 256, least))
    case("TANH", q(dtype, 4, 64, zero=zero), made=out(dtype, 1 / 128, zero))
    case("SOFTMAX", q(dtype, 4, 17, scale=0.1), made=out(dtype, 1 / 256, least), kind="SoftmaxOptions", beta=1.0)
    case("LEAKY_RELU", q(dtype, 4, 64, zero=zero), made=out(dtype, 0.04, zero), kind="LeakyReluOptions", alpha=0.2)
    for name in ("RELU", "RELU6", "RELU_N1_TO_1"):
        case(name, q(dtype, 4, 64, zero=zero), made=out(dtype, 0.05, zero))
    case("RELU", q(dtype, 4, 64, zero=zero), made=out(dtype, 0.03, least))
    case("HARD_SWISH", q(dtype, 4, 64, zero=zero), made=out(dtype, 0.04, zero - 100))
    case("L2_NORMALIZATION", q(dtype, 4, 8, zero=zero), made=out(dtype, 1 / 128, zero), kind="L2NormOptions")
case("ELU", q("int8", 4, 64, zero=0), made=out("int8", 0.05, -70))
case("GELU", q("int8", 4, 64, zero=0), made=out("int8", 0.05, -70), kind="GeluOptions", approximate=False)
case("EXP", q("int8", 4, 64, scale=0.02, zero=0), made=out("int8", 0.06, -120))
case("LOG", positive(q("int8", 4, 64, scale=0.02, zero=-128)), made=out("int8", 0.03, 40))
case("ABS", q("int8", 4, 64, zero=3), made=out("int8", 0.05, -128))
case("RSQRT", positive(q("int8", 4, 64, zero=-128)), made=out("int8", 0.05, -128))
case("LOG_SOFTMAX", q("int8", 4, 9), made=out("int8", 16 / 256, 127))
case("PRELU", q("int8", 2, 3, 4), known(q("int8", 1, 1, 4, scale=0.01).array, scale=0.01, zero=2),
     made=out("int8", 0.06, 1))  # fmt: skip

# Two operands

for name, kind in (("ADD", "AddOptions"), ("SUB", "SubOptions"), ("MUL", "MulOptions"), ("DIV", "DivOptions")):
    x, y = floats(2, 3, 4), floats(2, 3, 4, salt=1)
    for activation in (NONE, RELU, RELU6, RELU_N1_TO_1):
        case(name, x, y, kind=kind, fused_activation_function=activation)
    case(name, x, floats(4, salt=2), kind=kind)
    case(name, floats(3, 1), known(floats(1, 5, salt=3)), kind=kind)
for name, kind in (("ADD", "AddOptions"), ("SUB", "SubOptions"), ("MUL", "MulOptions")):
    for dtype in BYTES:
        zero = -5 if dtype == "int8" else 120
        a, b = q(dtype, 4, 16, scale=0.05, zero=zero), q(dtype, 4, 16, scale=0.11, zero=zero + 9, salt=1)
        for activation in (NONE, RELU, RELU6):
            case(name, a, b, kind=kind, made=out(dtype, 0.08, zero), fused_activation_function=activation)
        case(name, a, q(dtype, 16, scale=0.013, zero=zero, salt=2), kind=kind, made=out(dtype, 0.02, zero + 3))
        case(name, a, q(dtype, 4, 1, scale=3.0, zero=0, salt=2), kind=kind, made=out(dtype, 1.7, zero + 3))
    case(name, np.arange(6, dtype="int32"), np.array([5, -3, 0, 9, 2, -8], "int32"), kind=kind, made=out("int32"))
case("DIV", q("uint8", 4, 16, scale=0.05, zero=100), q("uint8", 4, 16, scale=0.02, zero=0, salt=1), kind="DivOptions",
     made=out("uint8", 0.1, 120))  # fmt: skip
for name in ("EQUAL", "NOT_EQUAL", "GREATER", "GREATER_EQUAL", "LESS", "LESS_EQUAL"):
    case(name, np.round(floats(3, 5)), np.round(floats(5, salt=1)), made=out("bool"))
    case(name, np.array([1, 2, 3], "int32"), np.array([3, 2, 1], "int32"), made=out("bool"))
case("LESS", q("int8", 3, 5, scale=0.1), q("int8", 3, 5, scale=0.07, zero=-9, salt=1), made=out("bool"))
for name in ("MAXIMUM", "MINIMUM"):
    case(name, floats(3, 5), floats(5, salt=1))
    case(name, q("int8", 3, 5), q("int8", 3, 5, salt=1), made=out("int8", 0.05, 3))
for name in ("LOGICAL_AND", "LOGICAL_OR"):
    case(name, np.array([True, False, True, False]), np.array([True, True, False, False]), made=out("bool"))
for name in ("FLOOR_DIV", "FLOOR_MOD"):
    case(name, floats(3, 5) * 9, floats(3, 5, low=1.0, high=4.0, salt=1))
    case(name, np.array([7, -7, 8], "int32"), np.array([2, 2, -3], "int32"), made=out("int32"))
case("POW", floats(3, 5, low=0.1, high=3.0), floats(3, 5, salt=1))
case("SQUARED_DIFFERENCE", floats(3, 5), floats(5, salt=1))
case("SQUARED_DIFFERENCE", q("int8", 3, 5), q("int8", 3, 5, salt=1), made=out("int8", 0.9, -128))
case("ATAN2", floats(3, 5), floats(3, 5, salt=1))
case("ADD_N", floats(3, 5), floats(3, 5, salt=1), floats(3, 5, salt=2))
case("BITWISE_XOR", np.array([5, 9], "int32"), np.array([3, 1], "int32"), made=out("int32"))
case("RIGHT_SHIFT", np.array([-50, 90], "int32"), np.array([3, 1], "int32"), made=out("int32"))

# Choices and casts

mask = np.array([[True], [False], [True]])
case("SELECT", np.array([True, False, True]), floats(3, 5), floats(3, 5, salt=1))
case("SELECT_V2", mask, floats(3, 5), floats(1, 5, salt=1))
for old, new in (
    ("float32", "int32"),
    ("int32", "float32"),
    ("float32", "bool"),
    ("bool", "float32"),
    ("int32", "int64"),
):
    case("CAST", (floats(3, 5) * 9).astype(old), made=out(new), kind="CastOptions")

# To 8 bits and back

for dtype in BYTES:
    zero = -5 if dtype == "int8" else 120
    case(
        "QUANTIZE",
        np.concatenate([floats(64) * 3, np.arange(-8, 8) * 0.025]).astype("float32"),
        made=out(dtype, 0.05, zero),
    )
    case("DEQUANTIZE", q(dtype, 4, 64, zero=zero))
    case("QUANTIZE", q(dtype, 4, 64, zero=zero), made=out(dtype, 0.021, zero + 4))
case("QUANTIZE", q("int8", 4, 64), made=out("uint8", 0.05, 131))
case("QUANTIZE", q("uint8", 4, 64, zero=128), made=out("int8", 0.05, 0))
case("DEQUANTIZE", known(floats(3, 5).astype("float16")), made=out())

# Sums

for name in ("SUM", "MEAN", "REDUCE_MAX", "REDUCE_MIN", "REDUCE_PROD"):
    for axes, keep in (([1, 2], True), ([0], False), ([-1], False)):
        case(name, floats(2, 3, 4, 5), known(axes), kind="ReducerOptions", keep_dims=keep)
    if name != "REDUCE_PROD":
        scale = 0.6 if name == "SUM" else 0.05
        case(name, q("int8", 2, 7, 7, 5), known([1, 2]), made=out("int8", scale, 3), kind="ReducerOptions",
             steps=int(name == "SUM"))  # fmt: skip
case("MEAN", q("int8", 2, 7, 7, 5), known([1, 2]), made=out("int8", 0.02, -9), kind="ReducerOptions", keep_dims=True)
case("MEAN", q("uint8", 2, 7, 7, 5), known([1, 2]), made=out("uint8", 0.05, 3), kind="ReducerOptions", keep_dims=True)
for name in ("REDUCE_ANY", "REDUCE_ALL"):
    case(name, floats(3, 5) > 0.5, known([1]), made=out("bool"), kind="ReducerOptions")
for name in ("ARG_MAX", "ARG_MIN"):
    case(name, floats(3, 5), known(1), made=out("int64"), kind=f"{name.title().replace('_', '')}Options", output_type=4)
    case(
        name, floats(3, 5), known(-1), made=out("int32"), kind=f"{name.title().replace('_', '')}Options", output_type=2
    )
case("ARG_MAX", q("int8", 3, 50), known(1), made=out("int32"), kind="ArgMaxOptions", output_type=2)
case("CUMSUM", floats(3, 5), known(1), kind="CumsumOptions")
case("CUMSUM", floats(3, 5), known(0), kind="CumsumOptions", exclusive=True, reverse=True)
case("TOPK_V2", floats(3, 9), known(4), made=(out(), out("int32")))
case("SEGMENT_SUM", floats(4, 3), known([0, 0, 1, 1]))

__all__ = ["CASES"]
