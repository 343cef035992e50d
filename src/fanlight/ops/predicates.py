"""What is true of numbers? Questions answered with bools: close, infinite, negative.

None lets a gradient through. Comparisons and isnan, isinf, isfinite stand in pointwise.
"""

from __future__ import annotations

import math

from fanlight.ir.graph import Value
from fanlight.ir.types import is_float
from fanlight.ops.bits import bitcast
from fanlight.ops.pointwise import (
    absolute,
    add,
    cast,
    equal,
    isfinite,
    isnan,
    less,
    less_equal,
    logical_and,
    logical_not,
    logical_or,
    multiply,
    subtract,
    where,
)
from fanlight.ops.promote import Operand, as_value, broadcast
from fanlight.ops.reductions import all
from fanlight.ops.shapes import ones

__all__ = ["allclose", "isclose", "isneginf", "isposinf", "isreal", "signbit"]


def isclose(x1: Operand, x2: Operand, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Value:
    """Whether |x1 - x2| <= atol + rtol |x2|, or both are the same infinity (or NaN, for `equal_nan`)."""
    first, second = broadcast([cast(x1, "float32"), cast(x2, "float32")])
    is_near = less_equal(absolute(subtract(first, second)), add(multiply(absolute(second), rtol), atol))
    found = where(logical_and(isfinite(first), isfinite(second)), is_near, equal(first, second))
    return logical_or(found, logical_and(isnan(first), isnan(second))) if equal_nan else found


def allclose(x1: Operand, x2: Operand, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Value:
    """Whether all elements are close; see `isclose`."""
    return all(isclose(x1, x2, rtol, atol, equal_nan))


def isposinf(x: Operand) -> Value:
    """Whether x is the positive infinity."""
    return equal(cast(x, "float32"), math.inf)


def isneginf(x: Operand) -> Value:
    """Whether x is the negative infinity."""
    return equal(cast(x, "float32"), -math.inf)


def isreal(x: Operand) -> Value:
    """Whether the imaginary part is 0: true of all numbers here."""
    return ones(as_value(x).shape, "bool")


def signbit(x: Operand) -> Value:
    """Whether the sign is negative, of -0 and NaN too."""
    value = as_value(x)
    if value.dtype in ("bool", "uint8", "uint32"):
        return logical_not(ones(value.shape, "bool"))
    return less(bitcast(value, "int32") if is_float(value.dtype) else value, 0)
