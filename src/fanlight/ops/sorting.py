"""In which order do elements stand, and which are the largest? Sorting and selecting, written with `argsort`'s row.

NaN counts as the largest number. Sorting is stable: equal elements, -0 and +0 among them, keep their order. Gradients
go to the elements that were chosen.
"""

from __future__ import annotations

from fanlight.errors import ShapeError
from fanlight.ir import dim as dims
from fanlight.ir.dim import DimLike
from fanlight.ir.graph import Value, apply
from fanlight.ops.bits import bitwise_and, right_shift
from fanlight.ops.cumulative import cumsum
from fanlight.ops.indexing import as_index, from_end, take_along_axis
from fanlight.ops.pointwise import (
    add,
    cast,
    equal,
    greater,
    greater_equal,
    isnan,
    less,
    less_equal,
    logical_or,
    subtract,
    where,
)
from fanlight.ops.promote import Operand, as_value
from fanlight.ops.reductions import size_of, sum
from fanlight.ops.scattering import put_along_axis
from fanlight.ops.shapes import expand_dims, full, iota, moveaxis, normal_axes, reshape, squeeze
from fanlight.ops.sort import Argsort

__all__ = ["argpartition", "argsort", "in_top_k", "sort", "top_k"]


def argsort(x: Operand, axis: int | None = -1, descending: bool = False) -> Value:
    """The positions of the elements along an axis in ascending order, int32; of all elements without an axis.

    Equal elements keep their order; NaN comes last, in descending order first."""
    value = as_value(x)
    if axis is None or not value.rank:
        value, axis = reshape(value, (-1,)), 0
    (k,) = normal_axes(axis, value.rank)
    return moveaxis(_positions(moveaxis(value, k, -1), value.shape[k], descending), -1, k)


def sort(x: Operand, axis: int | None = -1, descending: bool = False) -> Value:
    """The elements along an axis in ascending order; all elements, flat, without an axis. NaN comes last."""
    value = as_value(x)
    if axis is None:
        value, axis = reshape(value, (-1,)), 0
    (k,) = normal_axes(axis, value.rank)
    return take_along_axis(value, argsort(value, k, descending), k)


def _positions(x: Value, count: DimLike, descending: bool) -> Value:
    """The positions along the last axis of the `count` smallest (largest) elements, in order."""
    if x.dtype != "int64":
        return apply(Argsort(count, descending), x)
    # The low half first, then, stable, the high half.
    low = cast(bitwise_and(x, 2**32 - 1), "uint32")
    high = cast(right_shift(x, 32), "int32")
    first = apply(Argsort(x.shape[-1], descending), low)
    return take_along_axis(first, apply(Argsort(count, descending), take_along_axis(high, first, -1)), -1)


def top_k(x: Operand, k: DimLike, sorted: bool = True) -> tuple[Value, Value]:
    """The k largest elements along the last axis, largest first, and their positions (int32).

    Of equal elements the first comes first; NaN counts as the largest. Up to 16 elements are selected in one pass, more
    are taken from all elements sorted. Unsorted results are sorted here too.

    >>> fl.top_k([[3.0, 9.0, 5.0]], 2)
    ([[9., 5.]], [[1, 2]])
    """
    value = as_value(x)
    if not value.rank or dims.bounds(value.shape[-1] - k)[0] < 0:
        raise ShapeError("top_k", expected=f"a last axis of at least {k} elements", got=value.type)
    places = _positions(value, k, True)
    return take_along_axis(value, places, -1), places


def in_top_k(targets: Operand, predictions: Operand, k: int) -> Value:
    """Whether the prediction for each target class is among the k largest of its row; equal ones count as one rank."""
    scores, classes = as_value(predictions), as_index(targets)
    if scores.rank != classes.rank + 1 or scores.shape[:-1] != classes.shape:
        raise ShapeError("in_top_k", expected="one target for each row", got=f"{classes.type} and {scores.type}")
    place = from_end(classes, scores.shape[-1])
    outside = logical_or(less(place, 0), greater_equal(place, size_of(scores.shape[-1])))
    score = squeeze(take_along_axis(scores, expand_dims(place, -1), -1), -1)
    score = where(logical_or(outside, isnan(score)), float("-inf"), score)
    better = sum(cast(greater(scores, expand_dims(score, -1)), "int32"), -1)
    return less_equal(add(better, 1), k)


def argpartition(x: Operand, kth: int, axis: int | None = -1) -> Value:
    """Positions (int32) such that the element that would stand at `kth` in sorted order stands there, smaller ones in
    front of it and the others behind, each in their order."""
    value = as_value(x)
    if axis is None:
        value, axis = reshape(value, (-1,)), 0
    (k,) = normal_axes(axis, value.rank)
    turned = moveaxis(value, k, -1)
    length = turned.shape[-1]
    place = length + kth if kth < 0 else kth
    if dims.bounds(place)[0] < 0 or dims.bounds(length - 1 - place)[0] < 0:
        raise ShapeError("argpartition", expected=f"a place in -{length} .. {length - 1}", got=kth)
    front = _positions(turned, place + 1, False)
    # The others keep their order: each goes behind the front, by how many of them stand before it.
    is_front = put_along_axis(full(turned.shape, 0, "int32"), front, 1, -1)
    behind = subtract(cumsum(subtract(1, is_front), -1), 1)
    goal = where(equal(is_front, 1), size_of(length), add(behind, size_of(place + 1)))
    order = put_along_axis(full(turned.shape, 0, "int32"), goal, iota(turned.shape, turned.rank - 1), -1)
    order = put_along_axis(order, iota(front.shape, turned.rank - 1), front, -1)
    return moveaxis(order, -1, k)
