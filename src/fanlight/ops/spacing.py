"""Which numbers lie between two? Evenly spaced ones, grids, powers, and arrays like others.

`zeros`, `ones`, `full` and `arange` stand in shapes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from fanlight.errors import ShapeError
from fanlight.ir.dim import DimLike
from fanlight.ir.graph import Value
from fanlight.ir.types import is_float
from fanlight.ops.pointwise import add, cast, divide, equal, floor, multiply, power, subtract, where
from fanlight.ops.promote import Operand, as_value, broadcast, stretched
from fanlight.ops.shapes import flip, full, iota, moveaxis, ones, reshape, stack, zeros

__all__ = ["empty", "empty_like", "full_like", "geomspace", "linspace", "logspace", "meshgrid", "vander"]


def empty(shape: int | Sequence[DimLike], dtype: str | None = None) -> Value:
    """An array of this shape; its elements are 0. float32 unless `dtype` is given."""
    return zeros(shape, dtype)


def empty_like(x: Operand, dtype: str | None = None) -> Value:
    """An array of x's shape, and its dtype unless another is given; its elements are 0."""
    value = as_value(x)
    return zeros(value.shape, dtype or value.dtype)


def full_like(x: Operand, fill_value: Operand, dtype: str | None = None) -> Value:
    """An array of x's shape, and its dtype unless another is given, filled with a number or an array."""
    value = as_value(x)
    return full(value.shape, fill_value, dtype or value.dtype)


def linspace(
    start: Operand,
    stop: Operand,
    num: int = 50,
    endpoint: bool = True,
    retstep: bool = False,
    dtype: str | None = None,
    axis: int = 0,
) -> Any:
    """`num` numbers from start to stop, or to one step before it without `endpoint`, along a new axis.

    With `retstep` a pair: the numbers and the step. float32; other dtypes are rounded down."""
    first, last = broadcast([cast(start, "float32"), cast(stop, "float32")])
    found = _spaced(first, last, num, endpoint)
    found = found if dtype is None or is_float(dtype) else floor(found)
    found = cast(moveaxis(found, 0, axis), dtype or "float32")
    if not retstep:
        return found
    gaps = num - 1 if endpoint else num
    return found, divide(subtract(last, first), float(gaps)) if gaps else full(first.shape, math.nan)


def _spaced(first: Value, last: Value, num: int, endpoint: bool) -> Value:
    """The numbers along axis 0, as a mean of both ends, so that both are met exactly."""
    if num < 0:
        raise ShapeError("linspace", expected="num of at least 0", got=num)
    shape = (num, *first.shape)
    gaps = num - 1 if endpoint else num
    place = iota(shape, 0, "float32")
    share = multiply(place, 1 / gaps) if gaps else place
    low, high = stretched(first, shape), stretched(last, shape)
    found = add(multiply(low, subtract(1.0, share)), multiply(high, share))
    return where(equal(place, float(gaps)), high, found) if endpoint and gaps else found


def logspace(
    start: Operand,
    stop: Operand,
    num: int = 50,
    endpoint: bool = True,
    base: Operand = 10,
    dtype: str | None = None,
    axis: int = 0,
) -> Value:
    """`base` to the powers `linspace(start, stop)`. float32 unless `dtype` is given."""
    exponents = linspace(start, stop, num, endpoint, axis=axis)
    return cast(power(cast(base, "float32"), exponents), dtype or "float32")


def geomspace(
    start: Operand, stop: Operand, num: int = 50, endpoint: bool = True, dtype: str | None = None, axis: int = 0
) -> Value:
    """`num` numbers from start to stop, each the same multiple of the one before; both of one sign.

    float32 unless `dtype` is given."""
    first, last = broadcast([cast(start, "float32"), cast(stop, "float32")])
    share = _spaced(zeros(first.shape), ones(first.shape), num, endpoint)
    found = multiply(stretched(first, share.shape), power(stretched(divide(last, first), share.shape), share))
    found = where(equal(share, 1.0), stretched(last, share.shape), found)
    return cast(moveaxis(found, 0, axis), dtype or "float32")


def meshgrid(*x: Operand, indexing: str = "xy") -> list[Value]:
    """The vectors as arrays over the grid of all of them, in which only the own axis counts.

    With "xy" the first two axes of the grid are those of the second and the first vector, with "ij" none change
    places."""
    if indexing not in ("xy", "ij"):
        raise ShapeError("meshgrid", expected='indexing "xy" or "ij"', got=repr(indexing))
    vectors = [reshape(as_value(each), (-1,)) if as_value(each).rank == 0 else as_value(each) for each in x]
    if any(each.rank != 1 for each in vectors):
        raise ShapeError("meshgrid", expected="vectors", got=", ".join(repr(each.type) for each in vectors))
    order = [*range(len(vectors))]
    if indexing == "xy" and len(order) > 1:
        order[:2] = [1, 0]
    shape = tuple(vectors[k].shape[0] for k in order)
    found = []
    for k, vector in enumerate(vectors):
        own = order.index(k)
        found.append(stretched(reshape(vector, (vector.shape[0], *(1,) * (len(shape) - 1 - own))), shape))
    return found


def vander(x: Operand, N: int | None = None, increasing: bool = False) -> Value:
    """The powers 0 .. N-1 of each element of a vector along axis 1, the highest first unless `increasing`."""
    value = as_value(x)
    if value.rank != 1:
        raise ShapeError("vander", expected="a vector", got=value.type)
    count = value.shape[0] if N is None else N
    if not isinstance(count, int):
        raise ShapeError("vander", expected="a known number of columns", got=count, do="give N")
    value = cast(value, "int32") if value.dtype == "bool" else value
    if count == 0:
        return zeros((value.shape[0], 0), value.dtype)
    columns = [ones(value.shape, value.dtype)]
    for _ in range(count - 1):
        columns.append(multiply(columns[-1], value))
    found = stack(columns, 1)
    return found if increasing else flip(found, 1)
