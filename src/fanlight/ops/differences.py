"""What changes from one element to the next, and what lies below them as a curve? Differences, the trapezoid rule."""

from __future__ import annotations

from fanlight.errors import ShapeError
from fanlight.ir.graph import Value
from fanlight.ops.pointwise import add, cast, multiply, not_equal, subtract
from fanlight.ops.promote import Operand, as_value
from fanlight.ops.reductions import sum
from fanlight.ops.shapes import normal_axes, reshape, slice

__all__ = ["diff", "trapezoid"]


def _neighbours(x: Value, axis: int) -> tuple[Value, Value]:
    """All elements along an axis but the first, and all but the last."""
    extent = x.shape[axis]
    size = tuple(extent - 1 if k == axis else n for k, n in enumerate(x.shape))
    starts = [tuple(begin if k == axis else 0 for k in range(x.rank)) for begin in (1, 0)]
    return slice(x, starts[0], size), slice(x, starts[1], size)


def diff(a: Operand, n: int = 1, axis: int = -1) -> Value:
    """Each element less the one before, along an axis, n times over; of bools, whether they differ."""
    value = as_value(a)
    (k,) = normal_axes(axis, value.rank)
    if n < 0:
        raise ShapeError("diff", expected="n of at least 0", got=n)
    for _ in range(n):
        later, earlier = _neighbours(value, k)
        value = not_equal(later, earlier) if value.dtype == "bool" else subtract(later, earlier)
    return value


def trapezoid(y: Operand, x: Operand | None = None, dx: Operand = 1.0, axis: int = -1) -> Value:
    """The area below the points y along an axis, joined by straight lines; `dx` apart, or at the places x. float32."""
    value = cast(y, "float32")
    (k,) = normal_axes(axis, value.rank)
    width: Operand = dx
    if x is not None:
        places = cast(x, "float32")
        if places.rank == 1:
            later, earlier = _neighbours(places, 0)
            gaps = subtract(later, earlier)
            width = reshape(gaps, (gaps.shape[0], *(1,) * (value.rank - 1 - k)))
        else:
            width = diff(places, axis=axis)
    later, earlier = _neighbours(value, k)
    return multiply(sum(multiply(add(later, earlier), width), k), 0.5)
