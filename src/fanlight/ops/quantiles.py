"""Which element has so many others below it? Medians, quantiles, percentiles, with and without regard to NaN.

All are interpolated between two elements of the sorted array, in float32.
"""

from __future__ import annotations

from collections.abc import Sequence

from fanlight.errors import DtypeError, ShapeError
from fanlight.ir.graph import Value
from fanlight.ops.indexing import take_along_axis
from fanlight.ops.pointwise import (
    add,
    cast,
    ceil,
    divide,
    floor,
    isnan,
    less_equal,
    logical_not,
    maximum,
    minimum,
    multiply,
    subtract,
    where,
)
from fanlight.ops.promote import Operand, as_value
from fanlight.ops.reductions import any, size_of, sum
from fanlight.ops.shapes import broadcast_to, expand_dims, moveaxis, normal_axes, reshape, stack, transpose
from fanlight.ops.sorting import sort

__all__ = [
    "median", "nanmedian", "nanpercentile", "nanquantile", "percentile", "quantile",
]  # fmt: skip

METHODS = ("linear", "lower", "higher", "midpoint", "nearest")

Axis = int | Sequence[int] | None


def median(x: Operand, axis: Axis = None, keepdims: bool = False) -> Value:
    """The element in the middle of the sorted ones, or the mean of the two there; NaN if any is NaN."""
    return quantile(x, 0.5, axis, keepdims=keepdims)


def nanmedian(x: Operand, axis: Axis = None, keepdims: bool = False) -> Value:
    """`median` of the elements that are not NaN; NaN if there are none."""
    return nanquantile(x, 0.5, axis, keepdims=keepdims)


def quantile(
    x: Operand, q: Operand | Sequence[float], axis: Axis = None, method: str = "linear", keepdims: bool = False
) -> Value:
    """The elements below which the shares q (0 .. 1, one or several) of all elements along the axes lie; float32.

    Between two elements, `method` is linear, lower, higher, midpoint or nearest. The axis of q comes first. NaN if any
    element is NaN."""
    return _quantile(x, q, axis, method, keepdims, skip_nan=False)


def nanquantile(
    x: Operand, q: Operand | Sequence[float], axis: Axis = None, method: str = "linear", keepdims: bool = False
) -> Value:
    """`quantile` of the elements that are not NaN; NaN if there are none."""
    return _quantile(x, q, axis, method, keepdims, skip_nan=True)


def percentile(
    x: Operand, q: Operand | Sequence[float], axis: Axis = None, method: str = "linear", keepdims: bool = False
) -> Value:
    """`quantile` with q in 0 .. 100."""
    return _quantile(x, divide(_shares(q), 100.0), axis, method, keepdims, skip_nan=False)


def nanpercentile(
    x: Operand, q: Operand | Sequence[float], axis: Axis = None, method: str = "linear", keepdims: bool = False
) -> Value:
    """`nanquantile` with q in 0 .. 100."""
    return _quantile(x, divide(_shares(q), 100.0), axis, method, keepdims, skip_nan=True)


def _shares(q: Operand | Sequence[float]) -> Value:
    return cast(stack(q) if isinstance(q, Sequence) else as_value(q), "float32")


def _quantile(
    x: Operand, q: Operand | Sequence[float], axis: Axis, method: str, keepdims: bool, skip_nan: bool
) -> Value:
    if method not in METHODS:
        raise DtypeError("quantile", expected=f"a method of {', '.join(METHODS)}", got=repr(method))
    value, shares = cast(x, "float32"), _shares(q)
    if shares.rank > 1:
        raise ShapeError("quantile", expected="q of rank 0 or 1", got=shares.type)
    axes = tuple(sorted(normal_axes(axis, value.rank)))
    kept = tuple(k for k in range(value.rank) if k not in axes)
    rows = reshape(transpose(value, (*kept, *axes)), (*(value.shape[k] for k in kept), -1))
    if rows.shape[-1] == 0:
        raise ShapeError("quantile", expected="at least one element along the axes", got=value.type)
    found = _between(rows, shares if shares.rank else expand_dims(shares, 0), method, skip_nan)  # [..., q]
    found = moveaxis(found, -1, 0) if shares.rank else reshape(found, found.shape[:-1])
    if keepdims:
        full = tuple(1 if k in axes else extent for k, extent in enumerate(value.shape))
        found = reshape(found, (*shares.shape, *full))
    return found


def _between(rows: Value, shares: Value, method: str, skip_nan: bool) -> Value:
    """The quantiles of the last axis: `[..., q]`."""
    ordered = sort(rows)
    missing = isnan(rows)
    if skip_nan:  # NaN stands last: it is left out by counting
        count = sum(cast(logical_not(missing), "float32"), -1, keepdims=True)
        last = maximum(subtract(count, 1.0), 0.0)
    else:
        last = subtract(size_of(rows.shape[-1], "float32"), 1.0)
    shape = (*rows.shape[:-1], shares.shape[0])
    place = broadcast_to(multiply(shares, last), shape)
    low, high = (maximum(minimum(each, last), 0.0) for each in (floor(place), ceil(place)))
    weight = subtract(place, floor(place))
    below, above = (take_along_axis(ordered, cast(each, "int32"), -1) for each in (low, high))
    if method == "linear":
        found = add(multiply(below, subtract(1.0, weight)), multiply(above, weight))
    elif method == "midpoint":
        found = multiply(add(below, above), 0.5)
    elif method == "nearest":
        found = where(less_equal(weight, 0.5), below, above)
    else:
        found = below if method == "lower" else above
    return found if skip_nan else where(any(missing, -1, keepdims=True), float("nan"), found)
