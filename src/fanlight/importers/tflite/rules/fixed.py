"""How are whole numbers scaled? As gemmlowp does it: a doubling high product with 31 bits, and a rounding shift.

Everything is int32 here, four numbers at a time on WebAssembly, and exact: the same bits as the reference kernels.
Sources: gemmlowp, fixedpoint/fixedpoint.h; TensorFlow Lite, kernels/internal/quantization_util.cc.
"""

from __future__ import annotations

from math import floor, frexp
from typing import Any

from fanlight.ir.graph import Value
from fanlight.ops import functions as fn

BYTES = ("uint8", "int8")
MOST = 2**29 - 1  # larger sums are taken for this: what is scaled to 8 bits is at an end long before
ENDS = {"uint8": (0, 255), "int8": (-128, 127)}


def multiplier_of(real: float) -> tuple[int, int]:
    """A factor as m / 2^31 * 2^shift, with m from 2^30 to 2^31 - 1; (0, 0) for 0."""
    if real == 0:
        return 0, 0
    part, shift = frexp(real)
    whole = away(part * 2**31)
    if whole == 2**31:
        whole, shift = whole // 2, shift + 1
    return (0, 0) if shift < -31 else (whole, shift)


def away(x: float) -> int:
    """The nearest whole number, halves away from 0."""
    return floor(x + 0.5) if x >= 0 else -floor(-x + 0.5)


def high_product(x: Value, low: Any, high: Any) -> Value:
    """floor((x * m + 2^30) / 2^31) for |x| < 2^29 and m = high * 2^16 + low.

    With x = a * 2^15 + b: x * m = a*high * 2^31 + (a*low + 2*b*high + b*low / 2^15) * 2^15."""
    a, b = fn.right_shift(x, 15), fn.bitwise_and(x, 32767)
    middle = fn.add(fn.add(fn.multiply(a, low), fn.right_shift(fn.multiply(b, low), 15)), 32768)
    rest = fn.right_shift(fn.add(fn.right_shift(middle, 1), fn.multiply(b, high)), 15)
    return fn.add(fn.multiply(a, high), rest)


def shifted(x: Value, places: int) -> Value:
    """x / 2^places, halves away from 0."""
    if places <= 0:
        return x
    half = fn.add(fn.add(x, fn.right_shift(x, 31)), 1 << (places - 1))
    return fn.right_shift(half, places)


def scaled(x: Value, multiplier: int, shift: int) -> Value:
    """int32 times a factor that `multiplier_of` gave."""
    if not multiplier:
        return fn.multiply(x, 0)
    left, right = max(shift, 0), max(-shift, 0)
    x = fn.clip(x, -(MOST >> left), MOST >> left)
    x = fn.left_shift(x, left) if left else x
    return shifted(high_product(x, multiplier & 0xFFFF, multiplier >> 16), right)


# Channels with a factor each: shifts become products, as all lanes shift by the same number


def factor_table(reals: list[float]) -> tuple[Any, int]:
    """Rows [low, high, left, limit, gain] of each channel, and the shift of all of them, for `scaled_each`."""
    import numpy

    pairs = [multiplier_of(each) for each in reals]
    rights = [max(-shift, 0) for _, shift in pairs]
    most = max([1, *rights])
    rows = []
    for (m, shift), right in zip(pairs, rights, strict=True):
        gain = 2 ** (most - right)
        rows.append((m & 0xFFFF, m >> 16, 2 ** max(shift, 0), (2**30 - 1) // gain, gain))
    return numpy.array(rows, "int32").T.copy(), most


def scaled_each(x: Value, table: Value, shift: int) -> Value:
    """int32 with channels last, each times its own factor."""
    low, high, left, limit, gain = (fn.squeeze(fn.slice(table, (k, 0), (1, table.shape[1])), 0) for k in range(5))
    x = fn.multiply(fn.clip(x, fn.negative(fn.floor_divide(MOST, left)), fn.floor_divide(MOST, left)), left)
    y = high_product(x, low, high)
    y = fn.minimum(fn.maximum(y, fn.negative(limit)), limit)
    return fn.right_shift(fn.add(fn.add(fn.multiply(y, gain), fn.right_shift(y, 31)), 1 << (shift - 1)), shift)


# From floats and back


def rounded(x: Value) -> Value:
    """The nearest whole number as a float, halves away from 0."""
    whole = fn.trunc(x)
    rest = fn.subtract(x, whole)
    up, down = (fn.cast(test, "float32") for test in (fn.greater_equal(rest, 0.5), fn.less_equal(rest, -0.5)))
    return fn.subtract(fn.add(whole, up), down)


def quantized(x: Value, said: dict[str, Any]) -> Value:
    """Floats as 8-bit numbers; what does not fit becomes the nearest that does."""
    low, high = ENDS[said["dtype"]]
    whole = fn.add(rounded(fn.divide(x, said["scale"])), float(said["zero"]))
    return fn.cast(fn.clip(whole, float(low), float(high)), said["dtype"])


def dequantized(x: Value, said: dict[str, Any]) -> Value:
    """8-bit numbers as the floats that they stand for."""
    return fn.multiply(fn.cast(fn.subtract(fn.cast(x, "int32"), said["zero"]), "float32"), said["scale"])


def centred(x: Value, zero: int) -> Value:
    """x less its zero point, as int32."""
    whole = fn.cast(x, "int32")
    return fn.subtract(whole, zero) if zero else whole


def requantized(x: Value, old: dict[str, Any], new: dict[str, Any]) -> Value:
    """8-bit numbers of one scale as those of another."""
    if all(old[name] == new[name] for name in ("scale", "zero", "dtype")):
        return x
    y = scaled(centred(x, old["zero"]), *multiplier_of(old["scale"] / new["scale"]))
    return narrowed(y, new)


def narrowed(x: Value, said: dict[str, Any], ends: tuple[int, int] | None = None) -> Value:
    """int32 as 8-bit numbers around their zero point, kept between two ends."""
    low, high = ends or ENDS[said["dtype"]]
    y = fn.add(x, said["zero"]) if said["zero"] else x
    return fn.cast(fn.clip(y, low, high), said["dtype"])
