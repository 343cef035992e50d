"""What are the hyperbolic functions and their inverses? Rows that keep all digits near 0 and do not overflow early.

Errors stay below 5 units in the last place. `tanh` stands in transcendental.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from fanlight.ir.graph import Value
from fanlight.ir.scalar import Scalar, const, make, select
from fanlight.ops import functions as fn
from fanlight.ops.base import Elementwise
from fanlight.ops.elementwise import Gradients
from fanlight.ops.series import polynomial, with_sign
from fanlight.ops.transcendental import Log1p

SINH = tuple(1 / math.factorial(k) for k in (3, 5, 7, 9))  # Taylor; the next term is below 2^-25 of sinh up to 1
LARGE = 2.0**13  # its square and 1 add up to the square


def log1p(x: Scalar) -> Scalar:
    return Log1p().scalar(x)


def half_powers(size: Scalar) -> tuple[Scalar, Scalar]:
    """e^size / 2 and e^-size / 2; the first from its root, since e^size may overflow where its half does not."""
    root = make("exp", size * 0.5)
    return root * 0.5 * root, 0.5 / (root * root)


@dataclass(frozen=True)
class Sinh(Elementwise):
    """The hyperbolic sine, (e^x - e^-x) / 2."""

    name = "sinh"

    def scalar(self, *args: Scalar) -> Scalar:
        size = make("abs", args[0])
        square = size * size
        up, down = half_powers(size)
        return with_sign(select(size < 1.0, size + size * square * polynomial(SINH, square), up - down), args[0])

    def gradient(self, g: Value, y: Value, xs: tuple[Value, ...]) -> Gradients:
        return (fn.multiply(g, fn.cosh(xs[0])),)

    def reference(self, *arrays: Any) -> Any:
        import numpy

        return numpy.sinh(arrays[0])


@dataclass(frozen=True)
class Cosh(Elementwise):
    """The hyperbolic cosine, (e^x + e^-x) / 2."""

    name = "cosh"

    def scalar(self, *args: Scalar) -> Scalar:
        up, down = half_powers(make("abs", args[0]))
        return up + down

    def gradient(self, g: Value, y: Value, xs: tuple[Value, ...]) -> Gradients:
        return (fn.multiply(g, fn.sinh(xs[0])),)

    def reference(self, *arrays: Any) -> Any:
        import numpy

        return numpy.cosh(arrays[0])


@dataclass(frozen=True)
class Arcsinh(Elementwise):
    """The number with this hyperbolic sine, log(x + sqrt(x^2 + 1))."""

    name = "arcsinh"

    def scalar(self, *args: Scalar) -> Scalar:
        size = make("abs", args[0])
        square = size * size
        middle = log1p(size + square / (make("sqrt", square + 1.0) + 1.0))
        return with_sign(select(size > LARGE, make("log", size) + math.log(2), middle), args[0])

    def gradient(self, g: Value, y: Value, xs: tuple[Value, ...]) -> Gradients:
        return (fn.divide(g, fn.hypot(xs[0], 1.0)),)

    def reference(self, *arrays: Any) -> Any:
        import numpy

        return numpy.arcsinh(arrays[0])


@dataclass(frozen=True)
class Arccosh(Elementwise):
    """The number from 0 on with this hyperbolic cosine, log(x + sqrt(x^2 - 1)); NaN below 1."""

    name = "arccosh"
    finite = "above one"

    def scalar(self, *args: Scalar) -> Scalar:
        x = args[0]
        above = x - 1.0
        middle = log1p(above + make("sqrt", above * (above + 2.0)))
        value = select(x > LARGE, make("log", x) + math.log(2), middle)
        return select(x < 1.0, const(math.nan), value)

    def gradient(self, g: Value, y: Value, xs: tuple[Value, ...]) -> Gradients:
        low, high = fn.subtract(xs[0], 1.0), fn.add(xs[0], 1.0)
        return (fn.divide(g, fn.multiply(fn.sqrt(low), fn.sqrt(high))),)

    def reference(self, *arrays: Any) -> Any:
        import numpy

        return numpy.arccosh(arrays[0])


@dataclass(frozen=True)
class Arctanh(Elementwise):
    """The number with this hyperbolic tangent, log((1 + x) / (1 - x)) / 2; infinite at -1 and 1, NaN outside."""

    name = "arctanh"
    finite = "unit"

    def scalar(self, *args: Scalar) -> Scalar:
        size = make("abs", args[0])
        return with_sign(log1p(size * 2.0 / (1.0 - size)) * 0.5, args[0])

    def gradient(self, g: Value, y: Value, xs: tuple[Value, ...]) -> Gradients:
        return (fn.divide(g, fn.multiply(fn.subtract(1.0, xs[0]), fn.add(1.0, xs[0]))),)

    def reference(self, *arrays: Any) -> Any:
        import numpy

        return numpy.arctanh(arrays[0])
