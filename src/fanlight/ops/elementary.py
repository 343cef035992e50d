"""What else is computed number by number? Roots, remainders, sums of powers, parts of complex numbers, safe divisions.

Everything is element by element, with Keras's promotion.
"""

from __future__ import annotations

import math

from fanlight.errors import DtypeError
from fanlight.ir.graph import Value
from fanlight.ir.types import DTYPES, is_float
from fanlight.ops import special
from fanlight.ops.bits import bitcast, left_shift
from fanlight.ops.pointwise import (
    absolute,
    add,
    cast,
    clip,
    divide,
    equal,
    exp,
    floor_divide,
    greater,
    isnan,
    less,
    logical_or,
    mod,
    multiply,
    negative,
    round,
    subtract,
    where,
)
from fanlight.ops.promote import RANGES, Operand, as_value, broadcast, elementwise, result_dtype

__all__ = [
    "cbrt", "divide_no_nan", "erfc", "exp2", "fabs", "fmax", "fmin", "fmod", "gcd", "heaviside",
    "hypot", "i0", "lcm", "ldexp", "logaddexp", "logaddexp2", "nan_to_num", "nextafter",
    "saturate_cast",
]  # fmt: skip

LARGEST = 3.4028234663852886e38  # of float32


def cbrt(x: Operand) -> Value:
    """The cube root, of negative numbers too. float32."""
    return elementwise(special.Cbrt(), x, dtype="float32")


def erfc(x: Operand) -> Value:
    """1 - erf(x), with all digits for large x, where it is tiny. float32."""
    return elementwise(special.Erfc(), x, dtype="float32")


def i0(x: Operand) -> Value:
    """The modified Bessel function of the first kind, order 0. float32.

    Differs: of an infinity it is infinite, not NaN."""
    return elementwise(special.BesselI0(), x, dtype="float32")


def hypot(x1: Operand, x2: Operand) -> Value:
    """sqrt(x1^2 + x2^2), whose squares do not overflow; infinite if one is, even beside NaN. float32."""
    return elementwise(special.Hypot(), x1, x2, dtype="float32")


def logaddexp(x1: Operand, x2: Operand) -> Value:
    """log(e^x1 + e^x2), without overflow. float32."""
    return elementwise(special.LogAddExp(), x1, x2, dtype="float32")


def logaddexp2(x1: Operand, x2: Operand) -> Value:
    """log2(2^x1 + 2^x2), without overflow. float32."""
    first, second = (multiply(cast(x, "float32"), math.log(2)) for x in (x1, x2))
    return multiply(logaddexp(first, second), 1 / math.log(2))


def exp2(x: Operand) -> Value:
    """2 to the power of x; of whole numbers exact. float32."""
    value = cast(x, "float32")
    whole = round(clip(value, -252.0, 252.0))
    # Infinities stay in the part that goes through exp, whose result is then infinite or 0.
    return _scaled(exp(multiply(subtract(value, whole), math.log(2))), cast(whole, "int32"), 2)


def _scaled(x: Value, exponent: Value, parts: int) -> Value:
    """x * 2^exponent in so many factors, none of which overflows by itself."""
    for k in range(parts, 0, -1):
        part = exponent if k == 1 else floor_divide(exponent, k)
        exponent = exponent if k == 1 else subtract(exponent, part)
        x = multiply(x, bitcast(left_shift(add(part, 127), 23), "float32"))
    return x


def ldexp(x1: Operand, x2: Operand) -> Value:
    """x1 * 2^x2 for whole numbers x2, exact but for the last rounding. Raises DtypeError for an x2 that is a float."""
    exponent = as_value(x2)
    if DTYPES[exponent.dtype][2] != "int":
        raise DtypeError("ldexp", expected="an integer exponent", got=exponent.type, do="cast it, or use x1 * fl.exp2")
    value, power = broadcast([cast(x1, "float32"), cast(clip(exponent, *_limits(exponent, 300)), "int32")])
    return _scaled(value, power, 3)


def _limits(x: Value, limit: int) -> tuple[int, int]:
    low, high = RANGES[x.dtype]
    return max(low, -limit), min(high, limit)


def fabs(x: Operand) -> Value:
    """|x| as float32."""
    return absolute(cast(x, "float32"))


def fmax(x1: Operand, x2: Operand) -> Value:
    """The larger one; the other one where one is NaN. Equal ones: the gradient goes to x2."""
    first, second = _together(x1, x2)
    return where(logical_or(greater(first, second), isnan(second)), first, second)


def fmin(x1: Operand, x2: Operand) -> Value:
    """The smaller one; the other one where one is NaN. Equal ones: the gradient goes to x2."""
    first, second = _together(x1, x2)
    return where(logical_or(less(first, second), isnan(second)), first, second)


def _together(*operands: Operand) -> list[Value]:
    dtype = result_dtype(*operands)
    return broadcast(as_value(x, dtype) for x in operands)


def fmod(x1: Operand, x2: Operand) -> Value:
    """The remainder of x1 / x2 rounded towards zero, which has the sign of x1; of integers, 0 where x2 is 0.

    Differs: of floats it is exact while |x1 / x2| < 2^24."""
    first, second = _together(x1, x2)
    if first.dtype in ("uint8", "uint32", "bool"):
        return mod(first, second)
    rest = mod(absolute(first), absolute(second))
    return where(less(first, 0), negative(rest), rest)


def gcd(x1: Operand, x2: Operand) -> Value:
    """The greatest common divisor of integers, not negative; 0 of two zeros."""
    return elementwise(special.Gcd(), x1, x2)


def lcm(x1: Operand, x2: Operand) -> Value:
    """The least common multiple of integers, not negative; 0 where one is 0."""
    first, second = _together(x1, x2)
    return absolute(multiply(floor_divide(first, gcd(first, second)), second))


def heaviside(x1: Operand, x2: Operand) -> Value:
    """0 where x1 is negative, 1 where it is positive, x2 where it is 0. float32."""
    step, middle = broadcast([cast(x1, "float32"), cast(x2, "float32")])
    sides = where(less(step, 0), 0.0, where(greater(step, 0), 1.0, math.nan))
    return where(equal(step, 0), middle, sides)


def nextafter(x1: Operand, x2: Operand) -> Value:
    """The float32 after x1 on the way to x2; no gradient flows."""
    start, end = broadcast([cast(x1, "float32"), cast(x2, "float32")])
    is_outwards = equal(greater(start, 0), greater(end, start))  # away from 0 the bits grow by one
    moved = add(bitcast(start, "int32"), where(is_outwards, 1, -1))
    from_zero = where(less(end, 0), 1 - 2**31, 1)  # the smallest number of either sign
    found = bitcast(where(equal(start, 0), from_zero, moved), "float32")
    found = where(equal(start, end), end, found)
    return where(logical_or(isnan(start), isnan(end)), math.nan, found)


def nan_to_num(x: Operand, nan: Operand = 0.0, posinf: Operand | None = None, neginf: Operand | None = None) -> Value:
    """x with numbers in place of NaN and the infinities: 0 and the largest and smallest float32, unless given."""
    value = as_value(x)
    if not is_float(value.dtype):
        return value
    high, low = (LARGEST if posinf is None else posinf), (-LARGEST if neginf is None else neginf)
    value = where(isnan(value), nan, value)
    return where(equal(value, math.inf), high, where(equal(value, -math.inf), low, value))


def divide_no_nan(x1: Operand, x2: Operand) -> Value:
    """x1 / x2, but 0 where x2 is 0, and no gradient there. float32."""
    below = as_value(x2)
    is_zero = equal(below, 0)
    return where(is_zero, 0.0, divide(x1, where(is_zero, 1, below)))


def saturate_cast(x: Operand, dtype: str) -> Value:
    """x in another dtype; what does not fit becomes the nearest number that does; NaN becomes 0 among integers."""
    value = as_value(x)
    if dtype == value.dtype and not is_float(dtype):
        return value
    if "bool" in (value.dtype, dtype):
        return cast(greater(value, 0) if dtype == "bool" else value, dtype)
    if is_float(value.dtype):
        return cast(clip(value, -LARGEST, LARGEST), dtype)
    if is_float(dtype):
        return cast(value, dtype)
    (low, high), (lowest, highest) = RANGES[value.dtype], RANGES[dtype]
    least = lowest if lowest > low else None
    most = highest if highest < high else None
    return cast(clip(value, least, most, ties="first"), dtype)
