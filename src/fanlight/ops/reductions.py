"""What is left of axes? Sums, means, extremes, their positions, and what statistics make of them.

`axis` is one axis, several, or None for all; negative ones count from the end; `keepdims` leaves axes of length 1.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from fanlight.errors import ShapeError
from fanlight.ir import dim as dims
from fanlight.ir.dim import Dim, DimLike
from fanlight.ir.graph import Op, SizeOf, Value, apply
from fanlight.ir.types import is_float
from fanlight.ops import reduce as rows
from fanlight.ops.pointwise import (
    add,
    cast,
    divide,
    equal,
    exp,
    isfinite,
    log,
    logical_or,
    maximum,
    minimum,
    multiply,
    not_equal,
    sqrt,
    square,
    stop_gradient,
    subtract,
    where,
)
from fanlight.ops.promote import Operand, as_value, constant, stretched
from fanlight.ops.shapes import iota, normal_axes, reshape

__all__ = [
    "all", "amax", "amin", "any", "argmax", "argmin", "average", "count", "count_nonzero", "logsumexp", "max", "mean",
    "min", "moments", "prod", "ptp", "size_of", "std", "sum", "var",
]  # fmt: skip

Axis = int | Sequence[int] | None


def _reduced(op: Callable[[tuple[int, ...]], Op], x: Value, axis: Axis, keepdims: bool) -> Value:
    axes = tuple(sorted(normal_axes(axis, x.rank)))
    value = apply(op(axes), x) if axes else x
    return reshape(value, _kept(x, axes)) if keepdims else value


def _kept(x: Value, axes: Sequence[int]) -> tuple[DimLike, ...]:
    return tuple(1 if k in axes else extent for k, extent in enumerate(x.shape))


def _summable(x: Operand) -> Value:
    """Small dtypes are widened before they are added up: bool and int8 to int32, uint8 to uint32."""
    value = as_value(x)
    return cast(value, {"bool": "int32", "int8": "int32", "uint8": "uint32"}.get(value.dtype, value.dtype))


def sum(x: Operand, axis: Axis = None, keepdims: bool = False) -> Value:
    """The sum; of bools and int8 int32, of uint8 uint32."""
    return _reduced(rows.Sum, _summable(x), axis, keepdims)


def prod(x: Operand, axis: Axis = None, keepdims: bool = False, dtype: str | None = None) -> Value:
    """The product, in `dtype` where one is given; of bools and int8 int32, of uint8 uint32."""
    return _reduced(rows.Product, _summable(x if dtype is None else cast(x, dtype)), axis, keepdims)


def max(
    x: Operand, axis: Axis = None, keepdims: bool = False, initial: Operand | None = None, ties: str = "split"
) -> Value:
    """The largest element, or `initial` where that is larger; NaN if any is NaN.

    Equal ones share the gradient, or the "first" gets it. Raises ShapeError for no elements and no `initial`."""
    if initial is not None:
        whole = _with_initial(x, axis, keepdims, initial)
        return whole if whole is not None else maximum(max(x, axis, keepdims, ties=ties), initial)
    return _extreme(lambda axes: rows.Max(axes, ties), x, axis, keepdims)


def min(
    x: Operand, axis: Axis = None, keepdims: bool = False, initial: Operand | None = None, ties: str = "split"
) -> Value:
    """The smallest element, or `initial` where that is smaller; NaN if any is NaN. `ties` and errors as in `max`."""
    if initial is not None:
        whole = _with_initial(x, axis, keepdims, initial)
        return whole if whole is not None else minimum(min(x, axis, keepdims, ties=ties), initial)
    return _extreme(lambda axes: rows.Min(axes, ties), x, axis, keepdims)


amax = max
amin = min


def _with_initial(x: Operand, axis: Axis, keepdims: bool, initial: Operand) -> Value | None:
    """`initial` alone, where there is nothing along the axes; else None."""
    value = as_value(x)
    axes = normal_axes(axis, value.rank)
    if 0 in [value.shape[k] for k in axes]:
        rest = tuple(extent for k, extent in enumerate(value.shape) if k not in axes)
        return stretched(as_value(initial, value.dtype), _kept(value, axes) if keepdims else rest)
    return None


def _extreme(op: Callable[[tuple[int, ...]], Op], x: Operand, axis: Axis, keepdims: bool) -> Value:
    value = as_value(x)
    if value.dtype == "bool":
        return cast(_reduced(op, cast(value, "int32"), axis, keepdims), "bool")
    return _reduced(op, value, axis, keepdims)


def any(x: Operand, axis: Axis = None, keepdims: bool = False) -> Value:
    """Whether some element is true (not 0)."""
    return not_equal(sum(cast(cast(x, "bool"), "int32"), axis, keepdims), 0)


def all(x: Operand, axis: Axis = None, keepdims: bool = False) -> Value:
    """Whether every element is true (not 0)."""
    return equal(sum(cast(equal(cast(x, "bool"), False), "int32"), axis, keepdims), 0)


def size_of(extent: DimLike, dtype: str = "int32") -> Value:
    """A dim as a number of rank 0, known or open."""
    return cast(apply(SizeOf(extent)), dtype) if isinstance(extent, Dim) else constant(extent, dtype)


def count(x: Value, axis: Axis = None, dtype: str = "float32") -> Value:
    """How many elements lie along the axes, as a number of rank 0."""
    return size_of(dims.product(x.shape[k] for k in normal_axes(axis, x.rank)), dtype)


def mean(x: Operand, axis: Axis = None, keepdims: bool = False) -> Value:
    """The arithmetic mean as float32."""
    value = cast(x, "float32")
    return divide(sum(value, axis, keepdims), count(value, axis))


def moments(x: Operand, axes: Axis = None, keepdims: bool = False, synchronized: bool = False) -> tuple[Value, Value]:
    """The mean and the variance (divided by n) as float32. The variance sums squared distances from the mean.

    `synchronized` is for training on several devices and changes nothing."""
    value = cast(x, "float32")
    centre = mean(value, axes, keepdims=True)
    spread = mean(square(subtract(value, centre)), axes, keepdims)
    if not keepdims:
        axes = normal_axes(axes, value.rank)
        centre = reshape(centre, tuple(extent for k, extent in enumerate(value.shape) if k not in axes))
    return centre, spread


def var(x: Operand, axis: Axis = None, keepdims: bool = False) -> Value:
    """The variance, divided by n."""
    return moments(x, axis, keepdims)[1]


def std(x: Operand, axis: Axis = None, keepdims: bool = False) -> Value:
    """The standard deviation, from the variance divided by n."""
    return sqrt(var(x, axis, keepdims))


def _position(largest: bool, x: Operand, axis: int | None, keepdims: bool) -> Value:
    value = as_value(x)
    if value.dtype == "bool":
        value = cast(value, "uint8")
    flat = reshape(value, (-1,)) if axis is None else value
    (k,) = normal_axes(0 if axis is None else axis, flat.rank)
    if flat.shape[k] == 0:
        raise ShapeError(
            "argmax" if largest else "argmin", expected="at least one element", got=value.type, at=f"axis {axis}"
        )
    extreme = (max if largest else min)(flat, k, keepdims=True)
    hit = equal(flat, extreme)
    if is_float(value.dtype):
        hit = logical_or(hit, not_equal(flat, flat))
    first = min(where(hit, iota(flat.shape, k), size_of(flat.shape[k])), k, keepdims)
    return reshape(first, (1,) * value.rank) if keepdims and axis is None else first


def argmax(x: Operand, axis: int | None = None, keepdims: bool = False) -> Value:
    """The position of the first largest element, or of the first NaN; without an axis, in row-major order. int32."""
    return _position(True, x, axis, keepdims)


def argmin(x: Operand, axis: int | None = None, keepdims: bool = False) -> Value:
    """The position of the first smallest element, or of the first NaN; without an axis, in row-major order. int32."""
    return _position(False, x, axis, keepdims)


def logsumexp(x: Operand, axis: Axis = None, keepdims: bool = False) -> Value:
    """log(sum(exp(x))), shifted by the largest element so that nothing overflows."""
    value = cast(x, "float32")
    top = stop_gradient(max(value, axis, keepdims=True))
    top = where(isfinite(top), top, 0.0)  # inf - inf would be NaN
    total = log(sum(exp(subtract(value, top)), axis, keepdims))
    return add(total, top if keepdims else reshape(top, total.shape))


def count_nonzero(x: Operand, axis: Axis = None) -> Value:
    """How many elements are not 0, as int32."""
    return sum(cast(cast(x, "bool"), "int32"), axis)


def ptp(x: Operand, axis: Axis = None, keepdims: bool = False) -> Value:
    """The largest element less the smallest."""
    return subtract(max(x, axis, keepdims), min(x, axis, keepdims))


def average(x: Operand, axis: Axis = None, weights: Operand | None = None) -> Value:
    """The mean, weighted by `weights` where they are given: of x's shape, or of the length of one axis. float32."""
    value = cast(x, "float32")
    if weights is None:
        return mean(value, axis)
    scale = cast(weights, "float32")
    if scale.shape != value.shape:
        if not isinstance(axis, int) or scale.rank != 1:
            what = f"weights of shape {list(value.shape)}, or of the length of one axis"
            raise ShapeError("average", expected=what, got=scale.type, at=f"axis {axis}")
        (k,) = normal_axes(axis, value.rank)
        scale = stretched(reshape(scale, (-1, *(1,) * (value.rank - 1 - k))), value.shape)
    return divide(sum(multiply(value, scale), axis), sum(scale, axis))
