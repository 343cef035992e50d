"""What are the functions of analysis, element by element? Roots, exponentials, logarithms, waves.

A row exists where the scalar languages have an instruction for it, or where accuracy or a stable gradient asks for one;
everything else is written with these in `functions` and `nn`.
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


@dataclass(frozen=True)
class Sqrt(Elementwise):
    """The square root; NaN below 0."""

    name = "sqrt"
    finite = "positive"

    def scalar(self, *args: Scalar) -> Scalar:
        return make("sqrt", args[0])

    def gradient(self, g: Value, y: Value, xs: tuple[Value, ...]) -> Gradients:
        return (fn.divide(fn.multiply(g, 0.5), y),)

    def reference(self, *arrays: Any) -> Any:
        import numpy

        return numpy.sqrt(arrays[0])


@dataclass(frozen=True)
class Exp(Elementwise):
    """e to the power of x."""

    name = "exp"

    def scalar(self, *args: Scalar) -> Scalar:
        return make("exp", args[0])

    def gradient(self, g: Value, y: Value, xs: tuple[Value, ...]) -> Gradients:
        return (fn.multiply(g, y),)

    def reference(self, *arrays: Any) -> Any:
        import numpy

        return numpy.exp(arrays[0])


@dataclass(frozen=True)
class Expm1(Elementwise):
    """exp(x) - 1, exact near 0 too. Kahan: with u = exp(x), both roundings cancel in (u - 1) * (x / log(u))."""

    name = "expm1"

    def scalar(self, *args: Scalar) -> Scalar:
        x = args[0]
        u = make("exp", x)
        minus = u - 1.0
        value = select(make("eq", minus, const(-1.0)), minus, minus * (x / make("log", u)))
        value = select(make("eq", u, const(math.inf)), u, value)
        return select(make("eq", u, const(1.0)), x, value)

    def gradient(self, g: Value, y: Value, xs: tuple[Value, ...]) -> Gradients:
        return (fn.multiply(g, fn.add(y, 1.0)),)

    def reference(self, *arrays: Any) -> Any:
        import numpy

        return numpy.expm1(arrays[0])


@dataclass(frozen=True)
class Log(Elementwise):
    """The natural logarithm: -inf at 0, NaN below."""

    name = "log"
    finite = "positive"

    def scalar(self, *args: Scalar) -> Scalar:
        return make("log", args[0])

    def gradient(self, g: Value, y: Value, xs: tuple[Value, ...]) -> Gradients:
        return (fn.divide(g, xs[0]),)

    def reference(self, *arrays: Any) -> Any:
        import numpy

        return numpy.log(arrays[0])


@dataclass(frozen=True)
class Log1p(Elementwise):
    """log(1 + x), exact near 0 too. Kahan: with u = 1 + x rounded, log(u) * (x / (u - 1)) takes the rounding back."""

    name = "log1p"
    finite = "positive"

    def scalar(self, *args: Scalar) -> Scalar:
        x = args[0]
        u = x + 1.0
        value = make("log", u) * (x / (u - 1.0))
        value = select(make("eq", u, const(math.inf)), u, value)
        return select(make("eq", u, const(1.0)), x, value)

    def gradient(self, g: Value, y: Value, xs: tuple[Value, ...]) -> Gradients:
        return (fn.divide(g, fn.add(xs[0], 1.0)),)

    def reference(self, *arrays: Any) -> Any:
        import numpy

        return numpy.log1p(arrays[0])


@dataclass(frozen=True)
class Tanh(Elementwise):
    """The hyperbolic tangent."""

    name = "tanh"

    def scalar(self, *args: Scalar) -> Scalar:
        return make("tanh", args[0])

    def gradient(self, g: Value, y: Value, xs: tuple[Value, ...]) -> Gradients:
        return (fn.multiply(g, fn.subtract(1.0, fn.multiply(y, y))),)

    def reference(self, *arrays: Any) -> Any:
        import numpy

        return numpy.tanh(arrays[0])


@dataclass(frozen=True)
class Sigmoid(Elementwise):
    """1 / (1 + exp(-x)). A row of its own because the gradient through the formula is inf * 0 for large -x."""

    name = "sigmoid"

    def scalar(self, *args: Scalar) -> Scalar:
        return 1.0 / (make("exp", -args[0]) + 1.0)

    def gradient(self, g: Value, y: Value, xs: tuple[Value, ...]) -> Gradients:
        return (fn.multiply(g, fn.multiply(y, fn.subtract(1.0, y))),)

    def reference(self, *arrays: Any) -> Any:
        import numpy

        return 1 / (1 + numpy.exp(-arrays[0]))


@dataclass(frozen=True)
class Erf(Elementwise):
    """The error function, 2/sqrt(pi) times the integral of exp(-t^2) from 0 to x."""

    name = "erf"

    def scalar(self, *args: Scalar) -> Scalar:
        return make("erf", args[0])

    def gradient(self, g: Value, y: Value, xs: tuple[Value, ...]) -> Gradients:
        slope = fn.multiply(fn.exp(fn.negative(fn.square(xs[0]))), 2 / math.sqrt(math.pi))
        return (fn.multiply(g, slope),)

    def reference(self, *arrays: Any) -> Any:
        import numpy

        return numpy.vectorize(math.erf, otypes=[arrays[0].dtype])(arrays[0])


@dataclass(frozen=True)
class Sin(Elementwise):
    """The sine of an angle in radians; NaN for an infinity."""

    name = "sin"
    specials = "special"  # targets reduce large angles less exactly than NumPy

    def scalar(self, *args: Scalar) -> Scalar:
        return make("sin", args[0])

    def gradient(self, g: Value, y: Value, xs: tuple[Value, ...]) -> Gradients:
        return (fn.multiply(g, fn.cos(xs[0])),)

    def reference(self, *arrays: Any) -> Any:
        import numpy

        return numpy.sin(arrays[0])


@dataclass(frozen=True)
class Cos(Elementwise):
    """The cosine of an angle in radians; NaN for an infinity."""

    name = "cos"
    specials = "special"  # targets reduce large angles less exactly than NumPy

    def scalar(self, *args: Scalar) -> Scalar:
        return make("cos", args[0])

    def gradient(self, g: Value, y: Value, xs: tuple[Value, ...]) -> Gradients:
        return (fn.negative(fn.multiply(g, fn.sin(xs[0]))),)

    def reference(self, *arrays: Any) -> Any:
        import numpy

        return numpy.cos(arrays[0])
