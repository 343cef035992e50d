"""What are exp, log, tanh, erf, sin and cos in terms of arithmetic? Range reduction, then a polynomial.

In: a float32 scalar expression. Out: one that every target spells, without branches, so that it works on vectors too.
NaN goes through. Errors in units in the last place (ulp), largest over all float32 arguments of the range, with and
without fused products, are stated at each function. The coefficients come from tools/polynomials.py."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from fanlight.ir.scalar import Scalar, bitcast, cast, const, make, select

LOG2_E = 1 / math.log(2)
LN2 = (0.693145751953125, 1.42860677e-06)  # 15 bits, so that products with exponents are exact; the rest
EXP = (0.49999994, 0.166665167, 0.0416681021, 0.00836919248, 0.00138389017)
LOG = (0.666666627, 0.400009722, 0.284987926, 0.242788568)
SIN = (-0.166666552, 0.00833219197, -0.000195187909)
COS = (0.0416666456, -0.00138873013, 2.44306702e-05)
# pi/2 in parts of 9 bits, so that products with up to 15 bits are exact; the rest.
HALF_PI = (1.5703125, 0.000483512878, 3.13855708e-07, 6.07087713e-11, 6.21724894e-14, 6.12323426e-17)
ERF_NEAR = (0.128379151, -0.376124978, 0.112818435, -0.0267673489, 0.00499403803, -0.00059945049)
ERF_FAR = (-0.000198554888, -1.12766373, -0.637202263, -0.10391406, 0.0222184882, -0.00304110441, 0.000195720553)

ROUNDING = 12582912.0  # 1.5 * 2^23: adding it rounds to an integer, which then stands in the low bits
ROUNDING_BITS = 0x4B400000
ONE_BITS = 0x3F800000
SIGN_BIT = -(2**31)


def exp(x: Scalar) -> Scalar:
    """e^x: at most 1 ulp, up to infinity and down through the subnormal numbers to 0."""
    x = clamp(x, -104.0, 89.0)  # beyond, the result is 0 or infinite anyway
    n, bits = rounded(x * LOG2_E)
    p = exp_fraction(x, n) + 1.0
    # 2^n in two factors: one alone may be too large or too small for a float32.
    power = bits - ROUNDING_BITS
    half = power >> 1
    return p * power_of_two(half) * power_of_two(power - half)


def exp_fraction(x: Scalar, n: Scalar) -> Scalar:
    """e^r - 1 where x = n ln 2 + r and |r| <= ln(2)/2."""
    r = x - n * LN2[0] - n * LN2[1]
    return r + r * r * polynomial(EXP, r)


def log(x: Scalar) -> Scalar:
    """The natural logarithm: at most 1 ulp; of 0 minus infinity, of negative numbers NaN."""
    tiny = x < 2.0**-126
    normal = select(tiny, x * 2.0**23, x)
    bits = bitcast(normal, "int32")
    root_half = const(0x3F3504F3, "int32")  # the bits of sqrt(1/2): x = m 2^e with m between that and sqrt(2)
    exponent = (bits - root_half) >> 23
    m = bitcast(bits - (exponent << 23), "float32")
    e = cast(exponent, "float32") - select(tiny, const(23.0), const(0.0))
    f = m - 1.0
    s = f / (f + 2.0)
    z = s * s
    square = f * f * 0.5
    tail = s * (square + z * polynomial(LOG, z)) + e * LN2[1]
    result = e * LN2[0] - (square - tail - f)
    positive = select(make("eq", x, const(math.inf)), x, result)
    return select(x > 0.0, positive, select(make("eq", x, const(0.0)), const(-math.inf), const(math.nan)))


def tanh(x: Scalar) -> Scalar:
    """The hyperbolic tangent: at most 3 ulp."""
    y = make("min", make("abs", x), const(9.1)) * 2.0  # beyond 9.01 the nearest float32 is 1
    n, bits = rounded(y * LOG2_E)
    scale = power_of_two(bits - ROUNDING_BITS)
    e = exp_fraction(y, n) * scale + (scale - 1.0)  # e^y - 1
    return with_sign(e / (e + 2.0), x)


def erf(x: Scalar) -> Scalar:
    """The error function: at most 2 ulp."""
    t = make("min", make("abs", x), const(4.0))  # beyond 3.84 the nearest float32 is 1
    near = t + t * polynomial(ERF_NEAR, t * t)
    y = polynomial(ERF_FAR, t)  # log(1 - erf(t))
    n, bits = rounded(y * LOG2_E)
    scale = power_of_two(bits - ROUNDING_BITS)
    far = 1.0 - (exp_fraction(y, n) * scale + scale)
    return with_sign(select(t < 0.921875, near, far), x)


def sin(x: Scalar) -> Scalar:
    """The sine: at most 3 ulp where |x| <= 32768; beyond, errors grow as x times its own rounding error."""
    r, quadrant = quarter_turns(x)
    return wave(r, quadrant)


def cos(x: Scalar) -> Scalar:
    """The cosine: at most 3 ulp where |x| <= 32768; beyond, errors grow as x times its own rounding error."""
    r, quadrant = quarter_turns(x)
    return wave(r, quadrant + 1)


def quarter_turns(x: Scalar) -> tuple[Scalar, Scalar]:
    """x = n pi/2 + r with |r| <= pi/4, and an integer whose two lowest bits are those of n."""
    n, bits = rounded(x * (2 / math.pi))
    r = x
    for part in HALF_PI:
        r = r - n * part
    return clamp(r, -0.8, 0.8), bits


def wave(r: Scalar, quadrant: Scalar) -> Scalar:
    """The sine of r plus so many quarter turns."""
    z = r * r
    sine = r * (z * polynomial(SIN, z) + 1.0)
    cosine = z * z * polynomial(COS, z) + (1.0 - z * 0.5)
    is_odd = make("ne", quadrant & 1, const(0, "int32"))
    value = select(is_odd, cosine, sine)
    return bitcast(bitcast(value, "int32") ^ ((quadrant & 2) << 30), "float32")


def rounded(x: Scalar) -> tuple[Scalar, Scalar]:
    """The nearest integer, |x| < 2^22, as a float32 and as an int32 that is ROUNDING_BITS too large."""
    shifted = x + ROUNDING
    return shifted - ROUNDING, bitcast(shifted, "int32")


def power_of_two(n: Scalar) -> Scalar:
    """2^n for -127 < n < 128."""
    return bitcast((n << 23) + ONE_BITS, "float32")


def polynomial(coefficients: Sequence[float], x: Scalar) -> Scalar:
    """Horner's rule; the coefficient of the lowest power comes first."""
    *rest, total = (const(c) for c in coefficients)
    for c in reversed(rest):
        total = total * x + c
    return total


def clamp(x: Scalar, low: float, high: float) -> Scalar:
    return make("max", make("min", x, const(high)), const(low))


def with_sign(magnitude: Scalar, x: Scalar) -> Scalar:
    """`magnitude`, which is not negative, with the sign of x."""
    return bitcast(bitcast(magnitude, "int32") | (bitcast(x, "int32") & SIGN_BIT), "float32")


APPROXIMATIONS: dict[str, Callable[[Scalar], Scalar]] = {
    "exp": exp,
    "log": log,
    "tanh": tanh,
    "erf": erf,
    "sin": sin,
    "cos": cos,
}
