"""What has come together up to each element? Running sums, products, extremes, and what is written with them.

Without an axis the elements are taken in row-major order and the result is flat. `reverse` walks from the end.
"""

from __future__ import annotations

from collections.abc import Callable

from fanlight.ir.graph import Op, Value, apply
from fanlight.ir.types import is_float
from fanlight.ops import prefix as rows
from fanlight.ops.pointwise import add, cast, equal, exp, isfinite, isnan, log, stop_gradient, subtract, where
from fanlight.ops.promote import Operand, as_value, broadcast
from fanlight.ops.shapes import normal_axes, reshape

__all__ = [
    "cummax", "cummin", "cumprod", "cumsum", "linear_recurrence", "logcumsumexp", "nancumprod", "nancumsum",
]  # fmt: skip


def _along(x: Operand, axis: int | None) -> tuple[Value, int]:
    """The operand, flat where no axis is given, and its axis."""
    value = as_value(x)
    if axis is None or not value.rank:
        value, axis = reshape(value, (-1,)), 0
    return value, normal_axes(axis, value.rank)[0]


# What the rows compute in where they have not the dtype itself.
_WIDER = {"bool": "int32", "int8": "int32", "uint8": "uint32"}


def _combined(
    row: Callable[[int, bool], Op], x: Operand, axis: int | None, dtype: str | None, reverse: bool
) -> tuple[Value, rows.Prefix]:
    value, k = _along(x, axis)
    dtype = dtype or ("int32" if value.dtype == "bool" else value.dtype)
    op = row(k, reverse)
    assert isinstance(op, rows.Prefix)
    return apply(op, cast(cast(value, dtype), _WIDER.get(dtype, dtype))), op


def cumsum(
    x: Operand, axis: int | None = None, dtype: str | None = None, exclusive: bool = False, reverse: bool = False
) -> Value:
    """The sums of all elements up to each one; `exclusive`: without itself. Of bools int32; integers wrap.

    >>> fl.cumsum([1.0, 2.0, 3.0])
    [1., 3., 6.]
    """
    found, op = _combined(rows.CumulativeSum, x, axis, dtype, reverse)
    return cast(op.before(found, 0) if exclusive else found, dtype or _own(x))


def cumprod(
    x: Operand, axis: int | None = None, dtype: str | None = None, exclusive: bool = False, reverse: bool = False
) -> Value:
    """The products of all elements up to each one; `exclusive`: without itself. Of bools int32; integers wrap."""
    found, op = _combined(rows.CumulativeProduct, x, axis, dtype, reverse)
    return cast(op.before(found, 1) if exclusive else found, dtype or _own(x))


def _own(x: Operand) -> str:
    dtype = as_value(x).dtype
    return "int32" if dtype == "bool" else dtype


def cummax(x: Operand, axis: int | None = None, reverse: bool = False) -> Value:
    """The largest element up to each one; NaN from the first NaN on. The latest of equal ones gets the gradient."""
    return _extreme(rows.CumulativeMax, x, axis, reverse)


def cummin(x: Operand, axis: int | None = None, reverse: bool = False) -> Value:
    """The smallest element up to each one; NaN from the first NaN on. The latest of equal ones gets the gradient."""
    return _extreme(rows.CumulativeMin, x, axis, reverse)


def _extreme(row: Callable[[int, bool], Op], x: Operand, axis: int | None, reverse: bool) -> Value:
    value, k = _along(x, axis)
    return cast(apply(row(k, reverse), cast(value, "uint8") if value.dtype == "bool" else value), value.dtype)


def nancumsum(x: Operand, axis: int | None = None, dtype: str | None = None) -> Value:
    """`cumsum` where NaN counts as 0."""
    return cumsum(_without_nan(x, 0.0), axis, dtype)


def nancumprod(x: Operand, axis: int | None = None, dtype: str | None = None) -> Value:
    """`cumprod` where NaN counts as 1."""
    return cumprod(_without_nan(x, 1.0), axis, dtype)


def _without_nan(x: Operand, instead: float) -> Value:
    value = as_value(x)
    return where(isnan(value), instead, value) if is_float(value.dtype) else value


def linear_recurrence(factors: Operand, terms: Operand, axis: int = -1, reverse: bool = False) -> Value:
    """`y[k] = factors[k] * y[k-1] + terms[k]` along an axis, from `y[-1] = 0`: discounted sums, moving averages.

    >>> fl.linear_recurrence(0.5, [1.0, 1.0, 1.0])
    [1., 1.5, 1.75]
    """
    a, b = broadcast((cast(factors, "float32"), cast(terms, "float32")))
    return apply(rows.LinearRecurrence(normal_axes(axis, a.rank)[0], reverse), a, b)


def logcumsumexp(x: Operand, axis: int | None = None, reverse: bool = False) -> Value:
    """log(cumsum(exp(x))), each shifted by the largest element so far, so that nothing overflows or is lost."""
    value, k = _along(cast(x, "float32"), axis)
    largest = rows.CumulativeMax(k, reverse)
    top = stop_gradient(apply(largest, value))
    shift = where(isfinite(top), top, 0.0)  # inf - inf would be NaN
    # s[k] = s[k-1] * exp(top[k-1] - top[k]) + exp(x[k] - top[k]); as long as all are -inf, s is 0.
    earlier = largest.before(top, float("-inf"))
    is_empty = equal(earlier, float("-inf"))
    factor = where(is_empty, 0.0, exp(subtract(largest.before(shift, 0.0), where(is_empty, 0.0, shift))))
    total = apply(rows.LinearRecurrence(k, reverse), factor, exp(subtract(value, shift)))
    return add(log(total), shift)
