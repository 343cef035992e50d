"""How are whole numbers scaled? As gemmlowp does it: a doubling high product with 31 bits, and a rounding shift.

Everything is int32 here, and exact: the same bits as the reference kernels. Source: TensorFlow Lite,
kernels/internal/quantization_util.cc.
"""

from __future__ import annotations

import struct
from math import floor, frexp
from typing import Any

from fanlight.ir.graph import Value
from fanlight.ops import functions as fn

BYTES = ("uint8", "int8")
MOST_PLACES = 30  # that a product is shifted by
ENDS = {"uint8": (0, 255), "int8": (-128, 127)}


def multiplier_of(real: float) -> tuple[int, int]:
    """A factor as m / 2^31 * 2^shift, with m from 2^30 to 2^31 - 1; (0, 0) for 0."""
    if real == 0:
        return 0, 0
    part, shift = frexp(real)
    whole = away(part * 2**31)
    if whole == 2**31:
        whole, shift = whole // 2, shift + 1
    if shift > MOST_PLACES:
        raise ValueError(f"a factor of {real}, where 8-bit numbers have one below 2^{MOST_PLACES}")
    return (0, 0) if shift < -MOST_PLACES else (whole, shift)


def single(x: float) -> float:
    """The nearest float32, as C computes with scales. Raises OverflowError beyond the last."""
    return struct.unpack("<f", struct.pack("<f", x))[0]


def away(x: float) -> int:
    """The nearest whole number, halves away from 0."""
    return floor(x + 0.5) if x >= 0 else -floor(-x + 0.5)


def scaled(x: Value, multiplier: int, shift: int) -> Value:
    """int32 times a factor that `multiplier_of` gave."""
    if not multiplier:
        return fn.multiply(x, 0)
    left, right = max(shift, 0), max(-shift, 0)
    x = fn.left_shift(x, left) if left else x
    return fn.rounding_shift(fn.high_multiply(x, multiplier), right)


def scaled_number(x: int, multiplier: int, shift: int) -> int:
    """The same of one number."""
    high = (x * 2 ** max(shift, 0) * multiplier + (1 << 30)) >> 31
    return rounded_shift(high, max(-shift, 0))


def rounded_shift(x: int, places: int) -> int:
    """x / 2^places, halves away from 0."""
    half = (1 << places) >> 1
    return (x + half) >> places if x >= 0 else -((-x + half) >> places)


# Channels with a factor each: shifts become products, as all lanes shift by the same number


def factor_table(reals: list[float]) -> tuple[Any, int]:
    """Rows [multiplier, left, limit, gain] of each channel, and the shift of all of them, for `scaled_each`."""
    import numpy

    pairs = [multiplier_of(each) for each in reals]
    rights = [max(-shift, 0) for _, shift in pairs]
    most = min(max([1, *rights]), MOST_PLACES)
    rows = []
    for (m, shift), right in zip(pairs, rights, strict=True):
        gain = 2 ** (most - right) if right <= most else 0  # what is scaled by less than 2^-MOST_PLACES is 0
        rows.append((m, 2 ** max(shift, 0), (2**30 - 1) // max(gain, 1), gain))
    return numpy.array(rows, "int32").T.copy(), most


def scaled_each(x: Value, table: Value, shift: int) -> Value:
    """int32 with channels last, each times its own factor."""
    multiplier, left, limit, gain = (fn.squeeze(fn.slice(table, (k, 0), (1, table.shape[1])), 0) for k in range(4))
    y = fn.high_multiply(fn.multiply(x, left), multiplier)
    y = fn.minimum(fn.maximum(y, fn.negative(limit)), limit)
    return fn.rounding_shift(fn.multiply(y, gain), shift)


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
