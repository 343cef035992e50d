"""Comparisons, questions, logic and bits against keras.ops."""

import numpy as np

from ops.keras_cases import SPECIAL, bools, case, integers, normal, wide
from ops.keras_cases_elementary import LEFT, RIGHT, J, K, X, Y

TIED = integers(0, 3, 2, 3).astype("float32")
SMALL = integers(0, 255, 3, 4, dtype="uint8")
SIGNED = SMALL.view("int8")


def comparisons():
    return [
        case(X, Y), case(TIED, TIED[:1]), case(LEFT, RIGHT), case(K, J), case(K, 2), case(bools(4), bools(4)),
        case(2.5, X), case(SMALL, SMALL[:, :1]),
    ]  # fmt: skip


def questions():
    return [case(SPECIAL), case(X), case(K), case(bools(3))]


def bitwise(boolean=True):
    whole = [case(K, J), case(K, 6), case(SMALL, SMALL[:1]), case(SMALL, K[:1, :4]), case(SIGNED, SIGNED[:1])]
    return [*whole, case(bools(4), bools(4))] if boolean else whole


COUNTS = integers(0, 8, 4, dtype="uint8")
SHIFTS = [case(K, J), case(K, 2), case(SMALL, COUNTS), case(SIGNED, COUNTS.astype("int8"))]
NEAR = X + np.float32(1e-6)

CASES = {
    **{name: comparisons() for name in ("equal", "not_equal", "less", "less_equal", "greater", "greater_equal")},
    **{name: [case(bools(2, 4), bools(4)), case(X, K[:, :3])] for name in ("logical_and", "logical_or", "logical_xor")},
    "logical_not": [case(bools(2, 4)), case(X), case(K)],
    "isclose": [
        case(X, NEAR), case(X, Y, atol=5.0), case(X, X * 1.01, rtol=0.1), case(LEFT, RIGHT),
        case(LEFT, RIGHT, equal_nan=True), case(K, J),
    ],
    "allclose": [case(X, NEAR), case(X, Y), case(SPECIAL, SPECIAL), case(SPECIAL, SPECIAL, equal_nan=True)],
    "isfinite": questions(),
    "isinf": questions(),
    "isnan": questions(),
    "isneginf": questions()[:2],
    "isposinf": questions()[:2],
    "isreal": questions(),
    "signbit": [*questions()[:3], case(SMALL), case(SIGNED)],
    "bitwise_and": bitwise(),
    "bitwise_or": bitwise(),
    "bitwise_xor": bitwise(),
    "bitwise_invert": [case(K), case(SMALL), case(SIGNED), case(bools(4)), case(J.astype("uint32"))],
    "bitwise_not": [case(K), case(SMALL), case(bools(4))],
    **{name: SHIFTS for name in ("left_shift", "right_shift", "bitwise_left_shift", "bitwise_right_shift")},
    "view": [
        case(X, "int32", gradient="bits have none"), case(K, "uint32"), case(SMALL, "uint32"), case(K, "uint8"),
        case(normal(2, 3), "uint8", gradient="bits have none"), case(SMALL, "float32"), case(X),
        case(SIGNED, "uint8"), case(SMALL, "int8"), case(SIGNED, "int32"), case(K, "int8"),
        case(np.array([[1, -2], [2**40, -(2**33)]]), "uint8", oracle=lambda x, dtype: x.view(dtype)),
        case(np.array([[1, -2], [2**40, -(2**33)]]), "int32", oracle=lambda x, dtype: x.view(dtype)),
        case(integers(0, 255, 2, 16, dtype="uint8"), "int64", oracle=lambda x, dtype: x.view(dtype)),
        case(integers(-99, 99, 4), "int64", oracle=lambda x, dtype: x.view(dtype)),
    ],
}  # fmt: skip

# Integers of 64 bits, and unsigned ones, against NumPy.
LONG, OTHER = wide(4, 5), wide(4, 5)
WORDS = integers(0, 2**32 - 1, 3, 4, dtype="uint32")
ORACLES = {
    "bitwise_and": [(LONG, OTHER)], "bitwise_or": [(LONG, OTHER)], "bitwise_xor": [(LONG, OTHER), (WORDS, WORDS[:1])],
    "left_shift": [(LONG, integers(0, 63, 5, dtype="int64")), (WORDS, integers(0, 31, 4, dtype="uint32"))],
    "right_shift": [(LONG, integers(0, 63, 5, dtype="int64")), (WORDS, integers(0, 31, 4, dtype="uint32"))],
    "bitwise_invert": [(LONG,), (WORDS,)],
    **{name: [(LONG, OTHER), (WORDS, WORDS[:1])] for name in ("equal", "less", "less_equal", "greater", "not_equal")},
    "signbit": [(LONG,)],
}  # fmt: skip
for name, arguments in ORACLES.items():
    truth = getattr(np, name) if name != "signbit" else lambda x: x < 0
    CASES[name] = [*CASES[name], *(case(*each, oracle=truth) for each in arguments)]
