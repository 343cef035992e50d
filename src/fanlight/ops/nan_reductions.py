"""What is left of an axis when NaN does not count? Sums, extremes, means and their like over the other elements.

Axes and `keepdims` as in reductions; integers hold no NaN and go to the functions there.
"""

from __future__ import annotations

import math

from fanlight.ir.graph import Value
from fanlight.ir.types import is_float
from fanlight.ops.pointwise import cast, divide, isnan, logical_not, sqrt, square, subtract, where
from fanlight.ops.promote import Operand, as_value
from fanlight.ops.reductions import Axis, all, argmax, argmin, max, min, prod, sum

__all__ = [
    "nanargmax", "nanargmin", "nanmax", "nanmean", "nanmin", "nanprod", "nanstd", "nansum", "nanvar",
]  # fmt: skip


def without_nan(x: Operand, fill: float) -> Value:
    """x with `fill` in place of NaN."""
    value = as_value(x)
    return where(isnan(value), fill, value) if is_float(value.dtype) else value


def nansum(x: Operand, axis: Axis = None, keepdims: bool = False) -> Value:
    """The sum of what is not NaN; 0 of nothing."""
    return sum(without_nan(x, 0.0), axis, keepdims)


def nanprod(x: Operand, axis: Axis = None, keepdims: bool = False) -> Value:
    """The product of what is not NaN; 1 of nothing."""
    return prod(without_nan(x, 1.0), axis, keepdims)


def nanmax(x: Operand, axis: Axis = None, keepdims: bool = False) -> Value:
    """The largest element that is not NaN; NaN where all are."""
    return _unless_all_nan(max(without_nan(x, -math.inf), axis, keepdims), x, axis, keepdims)


def nanmin(x: Operand, axis: Axis = None, keepdims: bool = False) -> Value:
    """The smallest element that is not NaN; NaN where all are."""
    return _unless_all_nan(min(without_nan(x, math.inf), axis, keepdims), x, axis, keepdims)


def _unless_all_nan(found: Value, x: Operand, axis: Axis, keepdims: bool) -> Value:
    value = as_value(x)
    return where(all(isnan(value), axis, keepdims), math.nan, found) if is_float(value.dtype) else found


def _counted(x: Value, axis: Axis, keepdims: bool) -> Value:
    return sum(cast(logical_not(isnan(x)), "float32"), axis, keepdims)


def nanmean(x: Operand, axis: Axis = None, keepdims: bool = False) -> Value:
    """The mean of what is not NaN; NaN where all are. float32."""
    value = cast(x, "float32")
    return divide(nansum(value, axis, keepdims), _counted(value, axis, keepdims))


def nanvar(x: Operand, axis: Axis = None, keepdims: bool = False) -> Value:
    """The variance (divided by n) of what is not NaN; NaN where all are. float32."""
    value = cast(x, "float32")
    distance = subtract(value, nanmean(value, axis, keepdims=True))
    return divide(nansum(square(where(isnan(value), 0.0, distance)), axis, keepdims), _counted(value, axis, keepdims))


def nanstd(x: Operand, axis: Axis = None, keepdims: bool = False) -> Value:
    """The standard deviation of what is not NaN, from the variance divided by n; NaN where all are. float32."""
    return sqrt(nanvar(x, axis, keepdims))


def nanargmax(x: Operand, axis: int | None = None, keepdims: bool = False) -> Value:
    """The position of the first largest element that is not NaN, -1 where all are; without an axis, in row-major
    order. int32."""
    return _position(argmax(without_nan(x, -math.inf), axis, keepdims), x, axis, keepdims)


def nanargmin(x: Operand, axis: int | None = None, keepdims: bool = False) -> Value:
    """The position of the first smallest element that is not NaN, -1 where all are; without an axis, in row-major
    order. int32."""
    return _position(argmin(without_nan(x, math.inf), axis, keepdims), x, axis, keepdims)


def _position(found: Value, x: Operand, axis: int | None, keepdims: bool) -> Value:
    value = as_value(x)
    return where(all(isnan(value), axis, keepdims), -1, found) if is_float(value.dtype) else found
