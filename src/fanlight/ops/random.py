"""How are random numbers drawn? Bits, uniform and normal numbers, new keys: pure functions of a uint32[2] key.

A key gives the same numbers everywhere; bits, uniform numbers and keys are those of JAX's partitionable Threefry.
Never use a key twice: split it, or fold a counter into it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from fanlight.errors import DtypeError, ShapeError
from fanlight.ir.dim import DimLike
from fanlight.ir.graph import Value, apply
from fanlight.ops.bits import bitcast, bitwise_or, bitwise_xor, right_shift
from fanlight.ops.pointwise import (
    absolute,
    add,
    cast,
    clip,
    divide,
    equal,
    less,
    log1p,
    maximum,
    multiply,
    negative,
    sqrt,
    subtract,
    where,
)
from fanlight.ops.promote import Operand, as_value, constant, stretched
from fanlight.ops.shapes import row_major_index, slice, squeeze, stack
from fanlight.ops.threefry import Threefry

__all__ = [
    "dropout", "erfinv", "random_bernoulli", "random_bits", "random_fold_in", "random_normal", "random_split",
    "random_truncated_normal", "random_uniform",
]  # fmt: skip

ONE = 0x3F800000  # the bits of 1.0: 23 random mantissa bits behind them give a number in 1 .. 2


def _blocks(key: Value, low: Value) -> tuple[Value, Value]:
    """Both words of the key's blocks number `low` (a uint32 array)."""
    if key.shape != (2,):
        raise ShapeError("a random key", expected="u32[2]", got=key.type)
    if key.dtype != "uint32":
        raise DtypeError("a random key", expected="u32[2]", got=key.type)
    words = [stretched(squeeze(slice(key, (k,), (1,)), 0), low.shape) for k in range(2)]
    high = stretched(constant(0, "uint32"), low.shape)
    return apply(Threefry(0), *words, high, low), apply(Threefry(1), *words, high, low)


def random_bits(key: Value, shape: Sequence[DimLike] = ()) -> Value:
    """32 random bits an element, as uint32."""
    return bitwise_xor(*_blocks(key, row_major_index(tuple(shape), "uint32")))


def random_split(key: Value, count: int = 2) -> Value:
    """`count` new keys, as uint32[count, 2]."""
    return stack(_blocks(key, row_major_index((count,), "uint32")), axis=1)


def random_fold_in(key: Value, data: Operand) -> Value:
    """A new key for each integer `data`, such as the number of a step."""
    number = data if isinstance(data, Value) else constant(data, "uint32")
    return stack(_blocks(key, cast(number, "uint32")))


def random_uniform(key: Value, shape: Sequence[DimLike] = (), low: float = 0.0, high: float = 1.0) -> Value:
    """Numbers in low .. high (without high): multiples of 2^-23, scaled."""
    mantissa = bitwise_or(right_shift(random_bits(key, shape), 9), ONE)
    unit = subtract(bitcast(mantissa, "float32"), 1.0)
    if (low, high) == (0.0, 1.0):
        return unit
    return maximum(add(multiply(unit, high - low), low), low)


# M. Giles, "Approximating the erfinv function", GPU Computing Gems, 2011: single precision, in w = -log(1 - x*x),
# around w = 2.5 below 5 and around sqrt(w) = 3 above; highest power first.
CENTRAL = (
    2.81022636e-08,
    3.43273939e-07,
    -3.5233877e-06,
    -4.39150654e-06,
    0.00021858087,
    -0.00125372503,
    -0.00417768164,
    0.246640727,
    1.50140941,
)
TAIL = (
    -0.000200214257,
    0.000100950558,
    0.00134934322,
    -0.00367342844,
    0.00573950773,
    -0.0076224613,
    0.00943887047,
    1.00167406,
    2.83297682,
)


def erfinv(x: Operand) -> Value:
    """The inverse of `erf` in -1 .. 1, whose ends give infinities; NaN outside. Relative error below 4e-7."""
    value = cast(x, "float32")
    w = negative(log1p(negative(multiply(value, value))))
    is_central = less(w, 5.0)
    at = where(is_central, subtract(w, 2.5), subtract(sqrt(w), 3.0))
    total = where(is_central, CENTRAL[0], TAIL[0])
    for central, tail in zip(CENTRAL[1:], TAIL[1:], strict=True):
        total = add(where(is_central, central, tail), multiply(total, at))
    return multiply(where(equal(absolute(value), 1.0), math.inf, total), value)


def random_normal(key: Value, shape: Sequence[DimLike] = (), mean: float = 0.0, deviation: float = 1.0) -> Value:
    """Normally distributed numbers, by inversion of the distribution function."""
    lowest = -1 + 2.0**-24  # the float32 above -1: its inverse is finite
    numbers = multiply(erfinv(random_uniform(key, shape, lowest, 1.0)), math.sqrt(2))
    return add(multiply(numbers, deviation), mean) if (mean, deviation) != (0.0, 1.0) else numbers


def random_truncated_normal(
    key: Value, shape: Sequence[DimLike] = (), mean: float = 0.0, deviation: float = 1.0, limit: float = 2.0
) -> Value:
    """Normally distributed numbers no further from the mean than `limit` deviations."""
    end = math.erf(limit / math.sqrt(2))
    numbers = multiply(erfinv(random_uniform(key, shape, -end, end)), math.sqrt(2))
    return add(multiply(clip(numbers, -limit, limit), deviation), mean)


def random_bernoulli(key: Value, shape: Sequence[DimLike] = (), probability: Operand = 0.5) -> Value:
    """True with this probability."""
    return less(random_uniform(key, shape), probability)


def dropout(x: Value, key: Value, rate: Operand, noise_shape: Sequence[DimLike | None] | None = None) -> Value:
    """x with elements set to 0 with probability `rate`, the others divided by 1 - rate. `rate` may be a value.

    Along axes where `noise_shape` is 1, all elements share one lot; None stands for the length in x."""
    keep = subtract(1.0, as_value(rate, "float32"))
    if noise_shape is not None and len(noise_shape) != x.rank:
        raise ShapeError("dropout", expected=f"a noise_shape of {x.rank} lengths", got=tuple(noise_shape))
    shape = noise_shape or (None,) * x.rank
    lots = random_bernoulli(key, [extent if n is None else n for n, extent in zip(shape, x.shape, strict=True)], keep)
    return where(stretched(lots, x.shape), divide(x, keep), 0.0)
