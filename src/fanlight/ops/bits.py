"""What can be done with the bits of numbers? Functions of integers bit by bit, and other views of the same bits.

Of bools, `and`, `or`, `xor` and `not` are the logical ones. Nothing here has a gradient.
"""

from __future__ import annotations

from fanlight.errors import DtypeError, ShapeError
from fanlight.ir import dim as dims
from fanlight.ir.graph import Op, Value, apply
from fanlight.ir.types import DTYPES, item_bytes
from fanlight.ops import bitwise, comparison, fixed
from fanlight.ops.pointwise import cast, logical_not, multiply
from fanlight.ops.promote import Operand, as_value, constant, elementwise, result_dtype
from fanlight.ops.reductions import sum
from fanlight.ops.shapes import expand_dims, iota, reshape, slice, squeeze, stack

__all__ = [
    "bitcast", "bitwise_and", "bitwise_invert", "bitwise_left_shift", "bitwise_not", "bitwise_or",
    "bitwise_right_shift", "bitwise_xor", "high_multiply", "left_shift", "right_shift", "rounding_shift", "view",
]  # fmt: skip


def _bits(op: Op, of_bools: Op | None, x: Operand, y: Operand) -> Value:
    return elementwise(of_bools if of_bools and result_dtype(x, y) == "bool" else op, x, y)


def bitwise_and(x: Operand, y: Operand) -> Value:
    """The bits set in both."""
    return _bits(bitwise.BitwiseAnd(), comparison.LogicalAnd(), x, y)


def bitwise_or(x: Operand, y: Operand) -> Value:
    """The bits set in one of them, or both."""
    return _bits(bitwise.BitwiseOr(), comparison.LogicalOr(), x, y)


def bitwise_xor(x: Operand, y: Operand) -> Value:
    """The bits set in exactly one of them."""
    return _bits(bitwise.BitwiseXor(), comparison.LogicalXor(), x, y)


def bitwise_invert(x: Operand) -> Value:
    """The bits that are not set; of signed integers, -1 - x."""
    value = as_value(x)
    if value.dtype == "bool":
        return logical_not(value)
    ones = {"uint8": 255, "uint32": 2**32 - 1}.get(value.dtype, -1)
    return bitwise_xor(value, constant(ones, value.dtype))


bitwise_not = bitwise_invert


def high_multiply(x: Operand, y: Operand) -> Value:
    """x * y / 2^31 of int32, rounded: how 8-bit networks scale sums by a fraction of 31 bits."""
    return elementwise(fixed.HighMultiply(), x, y)


def rounding_shift(x: Operand, places: int) -> Value:
    """x / 2^places of int32, rounded, halves away from 0; `places` is from 0 to 30."""
    return as_value(x) if places == 0 else elementwise(fixed.RoundingShift(places), x)


def left_shift(x: Operand, y: Operand) -> Value:
    """x * 2^y modulo 2^bits, for y from 0 to the number of bits less 1.

    Differs: a larger y is taken modulo the number of bits."""
    return _bits(bitwise.LeftShift(), None, x, y)


def right_shift(x: Operand, y: Operand) -> Value:
    """x / 2^y rounded down, for y from 0 to the number of bits less 1.

    Differs: a larger y is taken modulo the number of bits."""
    return _bits(bitwise.RightShift(), None, x, y)


bitwise_left_shift = left_shift
bitwise_right_shift = right_shift


def bitcast(x: Value, dtype: str) -> Value:
    """The same 32 bits in another dtype."""
    return x if x.dtype == dtype else apply(bitwise.Bitcast(dtype), x)


def view(x: Operand, dtype: str | None = None) -> Value:
    """The same bytes, little-endian, in another dtype; where its elements are smaller or larger, the last axis is
    longer or shorter. Raises ShapeError where the bytes do not fill whole elements.

    Differs: bools have no view."""
    value = as_value(x)
    if dtype is None or dtype == value.dtype:
        return value
    if dtype not in DTYPES or "bool" in (value.dtype, dtype):
        raise DtypeError("view", expected="a dtype of numbers", got=f"{value.dtype} as {dtype}")
    old, new = item_bytes(value.dtype), item_bytes(dtype)
    if old != new and (value.rank == 0 or dims.modulo(value.shape[-1] * old, new) != 0):
        raise ShapeError("view", expected=f"a last axis of whole {dtype} elements", got=value.type)
    if old == new:
        return cast(value, dtype) if new == 1 else bitcast(value, dtype)
    if new < old:
        words = _words(value) if old == 8 else bitcast(value, "uint32")
        return cast(_bytes(words), dtype) if new == 1 else bitcast(words, dtype)
    words = _joined(cast(value, "uint8"), 8, 4) if old == 1 else bitcast(value, "uint32")
    return _paired(words) if new == 8 else bitcast(words, dtype)


def _words(x: Value) -> Value:
    """int64 as twice as many uint32, the low half first."""
    halves = stack([cast(x, "uint32"), cast(right_shift(x, 32), "uint32")], -1)
    return reshape(halves, (*x.shape[:-1], x.shape[-1] * 2))


def _bytes(x: Value) -> Value:
    """uint32 as four times as many uint8, the lowest first."""
    shape = (*x.shape, 4)
    shifted = right_shift(expand_dims(x, -1), multiply(iota(shape, -1, "uint32"), 8))
    return reshape(cast(bitwise_and(shifted, 255), "uint8"), (*x.shape[:-1], x.shape[-1] * 4))


def _joined(x: Value, bits: int, count: int) -> Value:
    """Groups of `count` elements of so many bits as one uint32."""
    groups = reshape(cast(x, "uint32"), (*x.shape[:-1], dims.floor_divide(x.shape[-1], count), count))
    return sum(left_shift(groups, multiply(iota(groups.shape, -1, "uint32"), bits)), -1)


def _paired(words: Value) -> Value:
    """Pairs of uint32, the low half first, as int64."""
    pairs = reshape(words, (*words.shape[:-1], dims.floor_divide(words.shape[-1], 2), 2))
    lead = pairs.shape[:-1]

    def half(k: int) -> Value:
        return squeeze(slice(pairs, (*(0,) * len(lead), k), (*lead, 1)), -1)

    return bitwise_or(cast(half(0), "int64"), left_shift(cast(half(1), "int64"), 32))
