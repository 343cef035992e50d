"""How long is a vector, how large a matrix? Norms. float32."""

from __future__ import annotations

import math

from fanlight.errors import ShapeError
from fanlight.ir.graph import Value
from fanlight.ops.eigen import svd
from fanlight.ops.pointwise import (
    absolute,
    cast,
    not_equal,
    power,
    sqrt,
    square,
)
from fanlight.ops.promote import Operand
from fanlight.ops.reductions import Axis, max, min, sum
from fanlight.ops.shapes import expand_dims, moveaxis, normal_axes, squeeze

__all__ = ["norm"]


def norm(x: Operand, ord: float | str | None = None, axis: Axis = None, keepdims: bool = False) -> Value:
    """The norm of vectors along one axis, or of matrices along two; without both `ord` and axis, of all elements.

    Of vectors: 2 (or None), 1, inf, -inf, 0 (how many are not 0), or p: the p-th root of the sum of p-th powers. Of
    matrices: "fro" (or None), the largest (inf, 1) or smallest (-inf, -1) sum of rows or columns; the largest (2) or
    smallest (-2) singular value, or the sum of all ("nuc"), of matrices of known size."""
    value = cast(x, "float32")
    if axis is None and ord is None:
        total = sqrt(sum(square(value)))
        return expand_dims(total, range(value.rank)) if keepdims else total
    axes = normal_axes(axis, value.rank)
    if len(axes) == 1:
        return _of_vectors(value, ord, axes[0], keepdims)
    if len(axes) != 2:
        raise ShapeError("norm", expected="one axis or two", got=axis, at=repr(value.type))
    found = _of_matrices(value, ord, *axes)
    return found if keepdims else squeeze(found, axes)


def _of_vectors(x: Value, ord: float | str | None, axis: int, keepdims: bool) -> Value:
    if ord is None or ord == 2:
        return sqrt(sum(square(x), axis, keepdims))
    if isinstance(ord, str):
        raise ShapeError("norm", expected="a number as order of a vector's norm", got=repr(ord))
    if ord == 0:
        return sum(cast(not_equal(x, 0.0), "float32"), axis, keepdims)
    size = absolute(x)
    if ord in (math.inf, -math.inf):
        return (max if ord > 0 else min)(size, axis, keepdims)
    return sum(size, axis, keepdims) if ord == 1 else power(sum(power(size, ord), axis, keepdims), 1 / ord)


def _of_matrices(x: Value, ord: float | str | None, rows: int, columns: int) -> Value:
    """The norms, with both axes of length 1."""
    if ord in (2, -2, "nuc"):
        values = svd(moveaxis(x, (rows, columns), (-2, -1)), compute_uv=False)
        assert isinstance(values, Value)
        found = sum(values, -1) if ord == "nuc" else values[..., 0 if ord == 2 else -1]
        return expand_dims(found, (rows, columns))
    if ord is None or ord == "fro":
        return sqrt(sum(square(x), (rows, columns), keepdims=True))
    if ord not in (1, -1, math.inf, -math.inf):
        what = 'a matrix norm of None, "fro", "nuc", 1, -1, 2, -2, inf or -inf'
        raise ShapeError("norm", expected=what, got=repr(ord), do="give one axis for norms of vectors")
    assert not isinstance(ord, str)
    summed, searched = (rows, columns) if ord in (1, -1) else (columns, rows)
    return (max if ord > 0 else min)(sum(absolute(x), summed, keepdims=True), searched, keepdims=True)
