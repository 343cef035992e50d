"""Which angles and hyperbolas? Inverse and hyperbolic functions, degrees and radians, element by element. float32.

The rows stand in trigonometric and hyperbolic; sin, cos, tan and tanh in pointwise.
"""

from __future__ import annotations

import math

from fanlight.ir.graph import Op, Value
from fanlight.ops import hyperbolic, trigonometric
from fanlight.ops.pointwise import (
    absolute,
    add,
    cast,
    divide,
    less,
    multiply,
    negative,
    not_equal,
    round,
    sin,
    square,
    subtract,
    where,
)
from fanlight.ops.promote import Operand, constant, elementwise

__all__ = [
    "arccos", "arccosh", "arcsin", "arcsinh", "arctan", "arctan2", "arctanh", "cosh", "deg2rad", "rad2deg",
    "sinc", "sinh",
]  # fmt: skip


def _float(op: Op, *operands: Operand) -> Value:
    return elementwise(op, *operands, dtype="float32")


def arcsin(x: Operand) -> Value:
    """The angle in -pi/2 .. pi/2 with sine x; NaN outside -1 .. 1."""
    return _float(trigonometric.Arcsin(), x)


def arccos(x: Operand) -> Value:
    """The angle in 0 .. pi with cosine x; NaN outside -1 .. 1."""
    return _float(trigonometric.Arccos(), x)


def arctan(x: Operand) -> Value:
    """The angle in -pi/2 .. pi/2 with tangent x."""
    return _float(trigonometric.Arctan(), x)


def arctan2(x1: Operand, x2: Operand) -> Value:
    """The angle in -pi .. pi of the point with height x1 and width x2; signs of zeros count, as in C."""
    return _float(trigonometric.Arctan2(), x1, x2)


def sinh(x: Operand) -> Value:
    """(e^x - e^-x) / 2, exact near 0 too."""
    return _float(hyperbolic.Sinh(), x)


def cosh(x: Operand) -> Value:
    """(e^x + e^-x) / 2."""
    return _float(hyperbolic.Cosh(), x)


def arcsinh(x: Operand) -> Value:
    """The number with hyperbolic sine x, exact near 0 too."""
    return _float(hyperbolic.Arcsinh(), x)


def arccosh(x: Operand) -> Value:
    """The number from 0 on with hyperbolic cosine x; NaN below 1."""
    return _float(hyperbolic.Arccosh(), x)


def arctanh(x: Operand) -> Value:
    """The number with hyperbolic tangent x, exact near 0 too; infinite at -1 and 1, NaN outside."""
    return _float(hyperbolic.Arctanh(), x)


def deg2rad(x: Operand) -> Value:
    """Degrees as radians: x pi / 180."""
    return multiply(cast(x, "float32"), math.pi / 180)


def rad2deg(x: Operand) -> Value:
    """Radians as degrees: 180 x / pi."""
    return multiply(cast(x, "float32"), 180 / math.pi)


# Taylor of sin(x) / x in x^2.
SINC = tuple((-1) ** k / math.factorial(2 * k + 1) for k in range(1, 5))


def sinc(x: Operand) -> Value:
    """sin(pi x) / (pi x), 1 at 0 and 0 at all other whole numbers. float32.

    Whole half turns are taken off first; near 0 a series keeps the slope exact too."""
    value = cast(x, "float32")
    is_near = less(absolute(value), 0.25)
    far = where(is_near, 1.0, value)
    whole = round(far)
    is_odd = not_equal(multiply(round(multiply(whole, 0.5)), 2.0), whole)
    sine = sin(multiply(subtract(far, whole), math.pi))
    wave = divide(where(is_odd, negative(sine), sine), multiply(far, math.pi))
    square_of = square(multiply(where(is_near, value, 0.0), math.pi))
    series = constant(0, "float32")
    for coefficient in reversed(SINC):
        series = multiply(add(series, coefficient), square_of)
    return where(is_near, add(series, 1.0), wave)
