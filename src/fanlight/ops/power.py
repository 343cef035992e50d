"""What is x to the power of y? A row for floats, with a logarithm carried in two float32 numbers, one for integers.

exp(y * log(x)) in plain float32 would lose all digits that y * log(x) has before its point: 7 bits at 1e38. Here the
logarithm and the product keep about 32 bits, as a sum of a large and a small float32 (T. Dekker, 1971).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from fanlight.ir.graph import Value
from fanlight.ir.scalar import Scalar, bitcast, cast, const, make, select
from fanlight.ir.types import item_bytes
from fanlight.ops import functions as fn
from fanlight.ops.base import INTEGERS, Elementwise
from fanlight.ops.elementwise import Gradients

Double = tuple[Scalar, Scalar]  # a number as high + low, |low| being below an ulp of high

ROOT_HALF = 0x3F3504F3  # the bits of sqrt(1/2)


def whole(value: int) -> Scalar:
    return const(value, "int32")


def halves(x: Scalar) -> Double:
    """x as two numbers of 12 bits, whose products with such numbers are exact."""
    high = bitcast(make("and", bitcast(x, "int32"), whole(-0x1000)), "float32")
    return high, x - high


def exact_product(a: Scalar, b: Scalar) -> Double:
    """a * b and its rounding error."""
    product = a * b
    (p, q), (r, s) = halves(a), halves(b)
    return product, ((p * r - product) + p * s + q * r) + q * s


def scaled(x: Scalar, exponent: Scalar) -> Scalar:
    """x * 2^exponent, in two steps so that neither factor overflows; |exponent| <= 252."""
    first = exponent >> 1
    for part in (first, exponent - first):
        x = x * bitcast((part + 127) << 23, "float32")
    return x


def binary_logarithm(x: Scalar) -> Double:
    """log2(x) of x >= 0 (or NaN): x = 2^k * m with m around 1, log2(m) = 2/ln(2) * atanh((m - 1) / (m + 1))."""
    is_tiny = make("lt", x, const(2.0**-126))
    normal = select(is_tiny, x * 2.0**24, x)
    k = (bitcast(normal, "int32") - ROOT_HALF) >> 23
    m = scaled(normal, -k)
    numerator, denominator = m - 1.0, m + 1.0
    rest = m - (denominator - 1.0)  # what the sum m + 1 lost
    ratio = numerator / denominator
    product, error = exact_product(ratio, denominator)
    correction = ((numerator - product) - error - ratio * rest) / denominator
    square = ratio * ratio
    series = square * (1 / 3 + square * (1 / 5 + square * (1 / 7 + square * (1 / 9 + square * (1 / 11)))))
    factor = const(2 / math.log(2))
    high, low = exact_product(ratio, factor)
    low = low + factor * (correction + ratio * series) + ratio * (2 / math.log(2) - factor.attribute)
    exponent = cast(k, "float32") - select(is_tiny, const(24.0), const(0.0))
    total = exponent + high
    low = (exponent - total) + high + low
    is_ordinary = make("and", make("gt", x, const(0.0)), make("lt", x, const(math.inf)))
    extreme = select(make("eq", x, const(0.0)), const(-math.inf), x)
    return select(is_ordinary, total, extreme), select(is_ordinary, low, const(0.0))


@dataclass(frozen=True)
class Power(Elementwise):
    """x to the power of y, with the special cases of C's `pow`. For small constant exponents see `pointwise.power`."""

    name = "power"
    arity = 2
    finite = "positive"

    def scalar(self, *args: Scalar) -> Scalar:
        x, y = args
        zero, one = const(0.0), const(1.0)
        size = make("abs", x)
        value = select(make("eq", size, one), one, self._of_size(size, y))  # 1 ** inf is 1, not 2^(0 * inf)
        is_whole = make("eq", make("floor", y), y)
        half = y * 0.5
        is_odd = make("and", is_whole, make("ne", make("floor", half), half))
        is_negative = make("lt", bitcast(x, "int32"), whole(0))  # -0 too
        value = select(make("and", is_negative, is_odd), -value, value)
        below = make("and", make("lt", x, zero), make("gt", x, const(-math.inf)))
        value = select(make("and", below, make("not", is_whole)), const(math.nan), value)
        is_one = make("or", make("eq", y, zero), make("eq", x, one))
        return select(is_one, one, select(make("ne", y, y), y, value))

    def _of_size(self, size: Scalar, y: Scalar) -> Scalar:
        """2^(y * log2(size)): the whole part of the exponent scales, the rest goes through exp."""
        high, low = binary_logarithm(size)
        product, error = exact_product(y, high)
        exponent = make("min", make("max", product, const(-252.0)), const(252.0))
        turns = make("nearest", exponent)
        rest = exponent - turns + select(make("eq", exponent, product), error + y * low, const(0.0))
        return scaled(make("exp", rest * math.log(2)), cast(turns, "int32"))

    def gradient(self, g: Value, y: Value, xs: tuple[Value, ...]) -> Gradients:
        x, exponent = xs
        lowered = fn.where(fn.equal(exponent, 0.0), 1.0, fn.subtract(exponent, 1.0))
        log = fn.log(fn.where(fn.equal(x, 0.0), 1.0, x))
        return fn.multiply(g, fn.multiply(exponent, fn.power(x, lowered))), fn.multiply(g, fn.multiply(y, log))

    def reference(self, *arrays: Any) -> Any:
        import numpy

        return numpy.power(*arrays)


@dataclass(frozen=True)
class IntegerPower(Elementwise):
    """x to the power of y among integers, modulo 2^bits. A negative y gives 1 / x rounded towards zero: 0, 1 or -1."""

    name = "integer_power"
    arity = 2
    accepts = INTEGERS

    def scalar(self, *args: Scalar) -> Scalar:
        x, y = args
        one, zero = const(1, x.dtype), const(0, x.dtype)
        result, base, rest = one, x, y
        for step in range(8 * item_bytes(x.dtype)):
            is_set = make("ne", rest & 1, zero)
            result = select(is_set, result * base, result)
            base, rest = base * base, y >> (step + 1)
        if x.dtype.startswith("uint"):
            return result
        is_unit = make("eq", make("abs", x), one)
        inverse = select(is_unit, select(make("ne", y & 1, zero), x, one), zero)
        return select(make("lt", y, zero), inverse, result)

    def gradient(self, g: Value, y: Value, xs: tuple[Value, ...]) -> Gradients:
        return None, None

    def reference(self, *arrays: Any) -> Any:
        import numpy

        x, y = arrays
        bits = 8 * x.dtype.itemsize
        found = []
        for base, exponent in zip(x.ravel().tolist(), y.ravel().tolist(), strict=True):
            power = pow(base, exponent, 2**bits) if exponent >= 0 else base ** (exponent % 2) if abs(base) == 1 else 0
            found.append(power % 2**bits)
        return numpy.array(found, f"uint{bits}").astype(x.dtype).reshape(x.shape)
