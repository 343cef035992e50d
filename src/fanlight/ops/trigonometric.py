"""Which angle has this tangent, sine or cosine? Rows of the inverse functions, by range reduction and a polynomial.

Errors stay below 4 units in the last place. The polynomials come from tools/special_polynomials.py.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from fanlight.ir.graph import Value
from fanlight.ir.scalar import Scalar, bitcast, const, make, select
from fanlight.ops import functions as fn
from fanlight.ops.base import Elementwise
from fanlight.ops.elementwise import Gradients
from fanlight.ops.series import polynomial, with_sign

ARCTAN = (-0.333329558, 0.199779436, -0.138800085, 0.0806075484)
ARCSIN = (0.166667536, 0.0749525204, 0.0454760417, 0.0241520908, 0.0422118045)
# pi/2 as a float32 and what that lacks.
HALF_PI, HALF_PI_REST = 1.57079637, -4.37113883e-08


def near_arctan(x: Scalar) -> Scalar:
    """arctan(x) for |x| <= tan(pi/8)."""
    square = x * x
    return x + x * square * polynomial(ARCTAN, square)


def near_arcsin(x: Scalar, square: Scalar) -> Scalar:
    """arcsin(x) for |x| <= 1/2, given x^2."""
    return x + x * square * polynomial(ARCSIN, square)


def half_angle(size: Scalar) -> Scalar:
    """2 * arcsin(sqrt((1 - size) / 2)) = arccos(size), for sizes from 1/2 to 1; NaN above."""
    square = (1.0 - size) * 0.5
    return near_arcsin(make("sqrt", square), square) * 2.0


@dataclass(frozen=True)
class Arctan(Elementwise):
    """The angle in -pi/2 .. pi/2 with this tangent."""

    name = "arctan"

    def scalar(self, *args: Scalar) -> Scalar:
        size = make("abs", args[0])
        is_large, is_middle = size > math.tan(3 * math.pi / 8), size > math.tan(math.pi / 8)
        reduced = select(is_large, -1.0 / size, select(is_middle, (size - 1.0) / (size + 1.0), size))
        zero = const(0.0)
        start = select(is_large, const(HALF_PI), select(is_middle, const(HALF_PI / 2), zero))
        rest = select(is_large, const(HALF_PI_REST), select(is_middle, const(HALF_PI_REST / 2), zero))
        return with_sign(start + (near_arctan(reduced) + rest), args[0])

    def gradient(self, g: Value, y: Value, xs: tuple[Value, ...]) -> Gradients:
        return (fn.divide(g, fn.add(fn.square(xs[0]), 1.0)),)

    def reference(self, *arrays: Any) -> Any:
        import numpy

        return numpy.arctan(arrays[0])


@dataclass(frozen=True)
class Arctan2(Elementwise):
    """The angle in -pi .. pi of the point (x, y), y being the first operand. Zeros have signs, as in C."""

    name = "arctan2"
    arity = 2

    def scalar(self, *args: Scalar) -> Scalar:
        y, x = args
        width, height = make("abs", x), make("abs", y)
        low, high = make("min", width, height), make("max", width, height)
        ratio = select(make("eq", low, high), const(1.0), low / high)  # 1 for two infinities
        ratio = select(make("eq", high, const(0.0)), const(0.0), ratio)
        is_middle = ratio > math.tan(math.pi / 8)
        reduced = select(is_middle, (ratio - 1.0) / (ratio + 1.0), ratio)
        zero = const(0.0)
        # The angle is start + rest + sign * near: up to pi/4, mirrored at the diagonal, then at the vertical axis.
        start = select(is_middle, const(HALF_PI / 2), zero)
        rest = select(is_middle, const(HALF_PI_REST / 2), zero)
        near = near_arctan(reduced)
        is_steep, is_left = height > width, make("lt", bitcast(x, "int32"), const(0, "int32"))
        for mirror, to in ((is_steep, 1.0), (is_left, 2.0)):
            start = select(mirror, const(to * HALF_PI) - start, start)
            rest = select(mirror, const(to * HALF_PI_REST) - rest, rest)
            near = select(mirror, -near, near)
        return with_sign(start + (near + rest), y)

    def gradient(self, g: Value, y: Value, xs: tuple[Value, ...]) -> Gradients:
        height, width = xs
        far = fn.hypot(width, height)  # divided by twice, so that squares of large numbers do not overflow
        across, along = fn.divide(fn.divide(width, far), far), fn.divide(fn.divide(height, far), far)
        return fn.multiply(g, across), fn.negative(fn.multiply(g, along))

    def reference(self, *arrays: Any) -> Any:
        import numpy

        return numpy.arctan2(*arrays)


@dataclass(frozen=True)
class Arcsin(Elementwise):
    """The angle in -pi/2 .. pi/2 with this sine; NaN outside -1 .. 1."""

    name = "arcsin"
    finite = "unit"

    def scalar(self, *args: Scalar) -> Scalar:
        size = make("abs", args[0])
        far = HALF_PI - (half_angle(size) - HALF_PI_REST)
        return with_sign(select(size > 0.5, far, near_arcsin(size, size * size)), args[0])

    def gradient(self, g: Value, y: Value, xs: tuple[Value, ...]) -> Gradients:
        return (fn.divide(g, cosine_of(xs[0])),)

    def reference(self, *arrays: Any) -> Any:
        import numpy

        return numpy.arcsin(arrays[0])


@dataclass(frozen=True)
class Arccos(Elementwise):
    """The angle in 0 .. pi with this cosine; NaN outside -1 .. 1."""

    name = "arccos"
    finite = "unit"

    def scalar(self, *args: Scalar) -> Scalar:
        x = args[0]
        size = make("abs", x)
        small = half_angle(size)
        obtuse = 2 * HALF_PI - (small - 2 * HALF_PI_REST)
        middle = HALF_PI - (near_arcsin(x, x * x) - HALF_PI_REST)
        return select(size > 0.5, select(x > 0.0, small, obtuse), middle)

    def gradient(self, g: Value, y: Value, xs: tuple[Value, ...]) -> Gradients:
        return (fn.negative(fn.divide(g, cosine_of(xs[0]))),)

    def reference(self, *arrays: Any) -> Any:
        import numpy

        return numpy.arccos(arrays[0])


def cosine_of(sine: Value) -> Value:
    """sqrt(1 - sine^2), exact near 1 too."""
    return fn.sqrt(fn.multiply(fn.subtract(1.0, sine), fn.add(1.0, sine)))
