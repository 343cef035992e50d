"""Which functions need care besides those of analysis? Rows of cube roots, erfc, Bessel functions, gcd, long sides.

Errors stay below 5 units in the last place. The polynomials come from tools/special_polynomials.py.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from fanlight.ir.graph import Value
from fanlight.ir.scalar import Scalar, bitcast, cast, const, make, select
from fanlight.ops import functions as fn
from fanlight.ops.base import INTEGERS, Elementwise
from fanlight.ops.elementwise import Gradients
from fanlight.ops.power import halves
from fanlight.ops.series import polynomial, with_sign
from fanlight.ops.transcendental import Log1p

ERFC = (
    0.71600461, -0.230926886, 0.0990202799, -0.0102459155, -0.0237998795, 0.0220257398, -0.00975228101, 0.00145258603,
    0.000617879559, -0.000214904911,
)  # fmt: skip
I0_NEAR = (
    1, 0.25, 0.0277777705, 0.0017361223, 6.94378396e-05, 1.93100664e-06, 3.9024787e-08, 6.49852394e-10, 5.56337398e-12,
    1.37375192e-13,
)  # fmt: skip
I1_NEAR = (
    0.5, 0.0833332986, 0.00694451155, 0.000347175665, 1.15899738e-05, 2.72561806e-07, 5.25084154e-09, 4.77926865e-11,
    1.4138507e-12,
)  # fmt: skip
I0_FAR = (0.398942262, 0.0498742908, 0.0276047569, 0.0404206403, -0.0753991008, 0.587981343)
I1_FAR = (0.398942292, -0.149607539, -0.0464466177, -0.0490830801, 0.0370936319, -0.542313099)

THIRD_OF_BIAS = 709921077  # (1 - 1/3) of the exponent's bias, and a bit less: the first guess of Kahan's cube root


@dataclass(frozen=True)
class Cbrt(Elementwise):
    """The cube root, of negative numbers too. A guess from a third of the bits, then Halley's rule twice."""

    name = "cbrt"

    def scalar(self, *args: Scalar) -> Scalar:
        size = make("abs", args[0])
        is_tiny = size < 2.0**-126
        normal = select(is_tiny, size * 2.0**24, size)
        third = cast(cast(bitcast(normal, "int32"), "float32") * (1 / 3), "int32")
        root = bitcast(third + THIRD_OF_BIAS, "float32")
        for _ in range(2):
            quotient = normal / (root * root)
            root = root + root * (quotient - root) / (root * 2.0 + quotient)
        root = select(is_tiny, root * 2.0**-8, root)
        is_ordinary = make("and", size > 0.0, size < math.inf)
        return with_sign(select(is_ordinary, root, size), args[0])

    def gradient(self, g: Value, y: Value, xs: tuple[Value, ...]) -> Gradients:
        return (fn.divide(g, fn.multiply(fn.square(y), 3.0)),)

    def reference(self, *arrays: Any) -> Any:
        import numpy

        return numpy.cbrt(arrays[0])


@dataclass(frozen=True)
class Erfc(Elementwise):
    """1 - erf(x), with all digits where that is tiny: e^(-x^2) times a polynomial in (x - 3) / (x + 3)."""

    name = "erfc"

    def scalar(self, *args: Scalar) -> Scalar:
        size = make("min", make("abs", args[0]), const(10.1))  # beyond, the result is 0 in float32
        high, _ = halves(size)
        low = (size - high) * (size + high)  # size^2 = high^2 + low, without rounding high^2
        tail = polynomial(ERFC, (size - 3.0) / (size + 3.0)) / (size + 1.0)
        value = tail * make("exp", -low) * make("exp", -(high * high))
        return select(args[0] < 0.0, 2.0 - value, value)

    def gradient(self, g: Value, y: Value, xs: tuple[Value, ...]) -> Gradients:
        slope = fn.multiply(fn.exp(fn.negative(fn.square(xs[0]))), -2 / math.sqrt(math.pi))
        return (fn.multiply(g, slope),)

    def reference(self, *arrays: Any) -> Any:
        import numpy

        return numpy.vectorize(math.erfc, otypes=[arrays[0].dtype])(arrays[0])


class _Bessel(Elementwise):
    """A modified Bessel function of the first kind: a series up to 8, above e^x / sqrt(x) times one in 1 / x."""

    def parts(self, x: Scalar, near: tuple[float, ...], far: tuple[float, ...]) -> tuple[Scalar, Scalar, Scalar]:
        """Is |x| at most 8, z P(z) with z = (x / 2)^2, and the value of a larger |x|."""
        size = make("abs", x)
        is_near = size <= 8.0
        square = x * x * 0.25
        root = make("exp", size * 0.5)  # e^size overflows before the result does
        large = polynomial(far, 1.0 / make("max", size, const(8.0))) / make("sqrt", size) * root * root
        return is_near, square * polynomial(near, square), select(make("eq", size, const(math.inf)), size, large)


@dataclass(frozen=True)
class BesselI0(_Bessel):
    """The modified Bessel function of the first kind, order 0."""

    name = "i0"

    def scalar(self, *args: Scalar) -> Scalar:
        is_near, near, far = self.parts(args[0], I0_NEAR, I0_FAR)
        return select(is_near, near + 1.0, far)

    def gradient(self, g: Value, y: Value, xs: tuple[Value, ...]) -> Gradients:
        return (fn.multiply(g, fn.apply(BesselI1(), xs[0])),)

    def reference(self, *arrays: Any) -> Any:
        import numpy

        x = arrays[0]
        return numpy.where(numpy.isinf(x), numpy.inf, numpy.i0(x).reshape(x.shape))


@dataclass(frozen=True)
class BesselI1(_Bessel):
    """The modified Bessel function of the first kind, order 1: the slope of `i0`."""

    name = "i1"

    def scalar(self, *args: Scalar) -> Scalar:
        x = args[0]
        is_near, near, far = self.parts(x, I1_NEAR, I1_FAR)
        return select(is_near, x * 0.5 * (near + 1.0), with_sign(make("abs", far), x))

    def gradient(self, g: Value, y: Value, xs: tuple[Value, ...]) -> Gradients:
        is_zero = fn.equal(xs[0], 0.0)
        ratio = fn.where(is_zero, 0.5, fn.divide(y, fn.where(is_zero, 1.0, xs[0])))
        return (fn.multiply(g, fn.subtract(fn.i0(xs[0]), ratio)),)

    def reference(self, *arrays: Any) -> Any:
        """The mean of e^(x cos t) cos t over half a turn: the trapezoid rule converges fast for periodic functions."""
        import numpy

        x = arrays[0].astype("float64")[..., None]
        t = (numpy.arange(200) + 0.5) * (numpy.pi / 200)
        finite = numpy.where(numpy.abs(x) < 700, x, 0)
        value = (numpy.exp(finite * numpy.cos(t)) * numpy.cos(t)).mean(-1)
        whole = numpy.where(numpy.abs(x[..., 0]) < 700, value, numpy.copysign(numpy.inf, x[..., 0]))
        return numpy.where(x[..., 0] == 0, x[..., 0], numpy.where(numpy.isnan(x[..., 0]), x[..., 0], whole))


@dataclass(frozen=True)
class Hypot(Elementwise):
    """sqrt(x^2 + y^2), whose squares do not overflow; an infinity wins over NaN. At 0 no gradient flows."""

    name = "hypot"
    arity = 2

    def scalar(self, *args: Scalar) -> Scalar:
        x, y = (make("abs", each) for each in args)
        high, low = make("max", x, y), make("min", x, y)
        ratio = low / select(make("eq", high, const(0.0)), const(1.0), high)
        value = high * make("sqrt", ratio * ratio + 1.0)
        infinity = const(math.inf)
        return select(make("or", make("eq", x, infinity), make("eq", y, infinity)), infinity, value)

    def gradient(self, g: Value, y: Value, xs: tuple[Value, ...]) -> Gradients:
        share = fn.divide(g, fn.where(fn.equal(y, 0.0), 1.0, y))
        return fn.multiply(share, xs[0]), fn.multiply(share, xs[1])

    def reference(self, *arrays: Any) -> Any:
        import numpy

        return numpy.hypot(*arrays)


@dataclass(frozen=True)
class LogAddExp(Elementwise):
    """log(e^x + e^y) without overflow: the larger one, plus what the other adds."""

    name = "logaddexp"
    arity = 2

    def scalar(self, *args: Scalar) -> Scalar:
        x, y = args
        rest = Log1p().scalar(make("exp", -make("abs", x - y)))
        is_equal = make("eq", x, y)  # infinities too, whose difference is NaN
        return make("max", x, y) + select(is_equal, const(math.log(2)), rest)

    def gradient(self, g: Value, y: Value, xs: tuple[Value, ...]) -> Gradients:
        shares = (fn.where(fn.equal(x, y), 1.0, fn.exp(fn.subtract(x, y))) for x in xs)
        return tuple(fn.multiply(g, share) for share in shares)

    def reference(self, *arrays: Any) -> Any:
        import numpy

        return numpy.logaddexp(*arrays)


# Divisions for two Fibonacci numbers, the worst case.
EUCLID = {"uint8": 13, "int8": 11, "int32": 47, "uint32": 47, "int64": 91}


@dataclass(frozen=True)
class Gcd(Elementwise):
    """The greatest common divisor, not negative, by Euclid's algorithm; 0 of two zeros."""

    name = "gcd"
    arity = 2
    accepts = INTEGERS

    def scalar(self, *args: Scalar) -> Scalar:
        dtype = args[0].dtype
        inner = {"int32": "uint32", "int8": "uint8"}.get(dtype, dtype)  # |-2^31| is no int32
        a, b = (each if dtype.startswith("uint") else cast(make("abs", each), inner) for each in args)
        zero, one = const(0, inner), const(1, inner)
        for _ in range(EUCLID[dtype]):
            is_done = make("eq", b, zero)
            rest = make("remainder", a, select(is_done, one, b))
            a, b = select(is_done, a, b), select(is_done, zero, rest)
        return cast(a if inner.startswith("uint") else make("abs", a), dtype)

    def gradient(self, g: Value, y: Value, xs: tuple[Value, ...]) -> Gradients:
        return None, None

    def reference(self, *arrays: Any) -> Any:
        import numpy

        return numpy.gcd(*arrays)
