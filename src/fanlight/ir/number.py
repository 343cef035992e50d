"""Which numbers can an element hold? Rounding of Python numbers to the dtypes, as hardware does it."""

from __future__ import annotations

import math
import struct
from typing import Any

from fanlight.ir.types import STORED, is_float

_FLOAT = struct.Struct("<f")


def to_float32(value: float) -> float:
    """`value` rounded to the nearest float32, ties to even; overflow gives an infinity."""
    try:
        return _FLOAT.unpack(_FLOAT.pack(value))[0]
    except OverflowError:
        return math.copysign(math.inf, value)


def integer_to_float32(value: int) -> float:
    """`value` rounded once; by way of a double, integers above 2^53 would be rounded twice."""
    excess = abs(value).bit_length() - 53
    if excess > 0:
        kept = abs(value) >> excess
        sticky = int(kept << excess != abs(value))  # what was cut off decides ties
        value = int(math.copysign(1, value)) * ((kept | sticky) << excess)
    return to_float32(float(value))


def wrap_integer(value: int, dtype: str) -> int:
    """`value` modulo 2^bits, in the range of `dtype`."""
    bits = 8 * STORED[dtype][1]
    value &= (1 << bits) - 1
    return value - (1 << bits) if dtype.startswith("int") and value >> (bits - 1) else value


def integer_range(dtype: str) -> tuple[int, int]:
    """The smallest and the largest integer of `dtype`."""
    bits = 8 * STORED[dtype][1]
    return (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) if dtype.startswith("int") else (0, (1 << bits) - 1)


def round_to(value: Any, dtype: str) -> Any:
    """`value` as an element of `dtype`: floats rounded to float32, integers wrapped."""
    if is_float(dtype):
        return to_float32(value)
    return bool(value) if dtype == "bool" else wrap_integer(value, dtype)
