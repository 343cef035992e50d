"""Where is an element, and which elements are there at all? Searching in sorted arrays, membership, distinct elements.

How many elements `unique` and `nonzero` find depends on the data, but shapes are known when a program is compiled:
their results are as long as `size` says, or as the operand, and filled up; counts tell how many are real.
"""

from __future__ import annotations

from fanlight.errors import DtypeError, ShapeError
from fanlight.ir import dim as dims
from fanlight.ir.dim import DimLike
from fanlight.ir.graph import Value
from fanlight.ir.types import is_float
from fanlight.ops.cumulative import cumsum
from fanlight.ops.indexing import gather, take
from fanlight.ops.pointwise import (
    add,
    cast,
    equal,
    floor_divide,
    greater_equal,
    isnan,
    less,
    less_equal,
    logical_and,
    logical_not,
    logical_or,
    minimum,
    mod,
    not_equal,
    subtract,
    where,
)
from fanlight.ops.promote import Operand, as_value, result_dtype
from fanlight.ops.reductions import any, size_of, sum
from fanlight.ops.scattering import scatter_into
from fanlight.ops.shapes import (
    arange,
    concatenate,
    expand_dims,
    flip,
    full,
    iota,
    moveaxis,
    normal_axes,
    reshape,
    slice,
)
from fanlight.ops.sorting import argsort, sort

__all__ = ["digitize", "isin", "nonzero", "searchsorted", "unique"]

COMPARED = 32  # elements up to which all are looked at: that is a few vector comparisons
COLUMNS = 64  # elements of a row up to which rows are compared: each is one more sort


def searchsorted(sorted_sequence: Operand, values: Operand, side: str = "left") -> Value:
    """Where each value would be inserted into an ascending array of rank 1: in front of equal elements, or behind them
    ("right"). int32. NaN counts as the largest number."""
    if side not in ("left", "right"):
        raise DtypeError("searchsorted", expected="side 'left' or 'right'", got=repr(side))
    places, wanted = as_value(sorted_sequence), as_value(values)
    if places.rank != 1:
        raise ShapeError("searchsorted", expected="a sorted array of rank 1", got=places.type)
    dtype = result_dtype(places, wanted)
    places, wanted = cast(places, dtype), cast(wanted, dtype)
    (length,) = places.shape
    if length == 0:
        return full(wanted.shape, 0, "int32")
    if isinstance(length, int) and length <= COMPARED:
        return sum(cast(_comes_before(places, expand_dims(wanted, -1), side), "int32"), -1)
    # The largest step first; a step is taken if the element that it reaches comes before.
    found = full(wanted.shape, 0, "int32")
    step = 1 << (dims.upper(length).bit_length() - 1)
    while step:
        reached = add(found, step)
        element = gather(places, [subtract(reached, 1)], (0,))
        is_taken = logical_and(less_equal(reached, size_of(length)), _comes_before(element, wanted, side))
        found = where(is_taken, reached, found)
        step //= 2
    return found


def _comes_before(element: Value, wanted: Value, side: str) -> Value:
    is_before = less(element, wanted) if side == "left" else less_equal(element, wanted)
    if not is_float(element.dtype):
        return is_before
    late = isnan(wanted)  # only NaN does not come before it
    return logical_or(is_before, logical_and(late, logical_not(isnan(element))) if side == "left" else late)


def digitize(x: Operand, bins: Operand) -> Value:
    """The number of the interval between ascending or descending `bins` in which each element lies. int32.

    For ascending ones k means `bins[k-1] <= x < bins[k]`, for descending ones `bins[k-1] > x >= bins[k]`."""
    edges, value = as_value(bins), as_value(x)
    if edges.rank != 1:
        raise ShapeError("digitize", expected="bins of rank 1", got=edges.type)
    if edges.shape[0] == 0:
        return full(value.shape, 0, "int32")
    count = size_of(edges.shape[0])
    is_ascending = greater_equal(take(edges, -1), take(edges, 0))
    place = searchsorted(where(is_ascending, edges, flip(edges)), value, "right")
    return where(is_ascending, place, subtract(count, place))


def isin(x1: Operand, x2: Operand, assume_unique: bool = False, invert: bool = False) -> Value:
    """Whether each element of x1 occurs in x2 (with `invert`: does not). NaN equals nothing.

    `assume_unique` promises distinct elements; it changes nothing here."""
    dtype = result_dtype(x1, x2)
    value, among = as_value(x1, dtype), reshape(as_value(x2, dtype), (-1,))
    (length,) = among.shape
    if length == 0:
        found = full(value.shape, False, "bool")
    elif isinstance(length, int) and length <= COMPARED:
        found = any(equal(expand_dims(value, -1), among), -1)
    else:
        ordered = sort(cast(among, "uint8") if dtype == "bool" else among)
        wanted = cast(value, ordered.dtype)
        place = minimum(searchsorted(ordered, wanted), subtract(size_of(length), 1))
        found = equal(gather(ordered, [place], (0,)), wanted)
    return logical_not(found) if invert else found


def nonzero(x: Operand, size: DimLike | None = None, fill_value: int = 0) -> tuple[Value, ...]:
    """The positions of all elements that are not 0, in row-major order: an int32 array for each axis.

    `count_nonzero` tells how many there are. Of more than `size` the first ones are given.

    Differs: the arrays have `size` elements, by default as many as x has, and are filled up with `fill_value`, since
    the shape of a result cannot depend on data."""
    value = as_value(x)
    flat = cast(reshape(value, (-1,)), "bool")
    length = flat.shape[0] if size is None else size
    found = _numbered(flat, iota(flat.shape, 0), length, -1)
    is_found = greater_equal(found, 0)
    places: list[Value] = []
    for extent in reversed(value.shape[1:]):
        places.append(where(is_found, mod(found, size_of(extent)), fill_value))
        found = floor_divide(found, size_of(extent))
    if value.rank:
        places.append(where(is_found, found, fill_value))
    return tuple(reversed(places))


def _numbered(mask: Value, values: Value, length: DimLike, fill: Operand) -> Value:
    """The rows of `values` where the mask is true, closed up to the front of an array of this length."""
    number = where(mask, subtract(cumsum(cast(mask, "int32"), 0), 1), -1)
    return scatter_into(full((length, *values.shape[1:]), fill, values.dtype), values, [number], (0,))


def unique(
    x: Operand,
    sorted: bool = True,
    return_index: bool = False,
    return_inverse: bool = False,
    return_counts: bool = False,
    axis: int | None = None,
    size: DimLike | None = None,
    fill_value: Operand | None = None,
) -> Value | tuple[Value, ...]:
    """The distinct elements of x in ascending order, or its distinct rows along an axis; NaN equals nothing.

    Also, where asked for: the position of each one's first occurrence, the number in the result of each element of x
    (in x's shape), and how often each one occurs. Of more than `size` the first ones are given.

    Differs: the result has `size` elements, by default as many as x has, and is filled up with `fill_value`, by default
    its first element, whose count is 0 there, since the shape of a result cannot depend on data."""
    value = as_value(x)
    (k,) = (0,) if axis is None else normal_axes(axis, value.rank)
    rows = reshape(value, (-1,)) if axis is None else moveaxis(value, k, 0)
    length = rows.shape[0]
    count = length if size is None else size
    if length == 0:
        raise ShapeError("unique", expected="at least one element", got=value.type)
    order = _row_order(rows)
    ordered = gather(rows, [order], (0,))
    before = slice(ordered, (0,) * rows.rank, (length - 1, *rows.shape[1:]))
    after = slice(ordered, (1, *(0,) * (rows.rank - 1)), (length - 1, *rows.shape[1:]))
    changes = not_equal(before, after)
    changes = any(changes, tuple(range(1, rows.rank))) if rows.rank > 1 else changes
    is_new = concatenate([full((1,), True, "bool"), changes])
    number = subtract(cumsum(cast(is_new, "int32"), 0), 1)
    first = _numbered(is_new, iota((length,), 0), count, 0)  # positions in sorted order
    found = gather(ordered, [first], (0,))
    if fill_value is not None:
        total = add(take(number, -1), 1)
        is_real = reshape(less(arange(0, count), total), (count, *(1,) * (rows.rank - 1)))
        found = where(is_real, found, cast(fill_value, value.dtype))
    results = [found if axis is None else moveaxis(found, 0, k)]
    if return_index:
        results.append(gather(order, [first], (0,)))
    if return_inverse:
        inverse = scatter_into(full((length,), 0, "int32"), number, [order], (0,))
        results.append(reshape(inverse, value.shape) if axis is None else inverse)
    if return_counts:
        results.append(scatter_into(full((count,), 0, "int32"), 1, [number], (0,), 0, "add"))
    return results[0] if len(results) == 1 else tuple(results)


def _row_order(rows: Value) -> Value:
    """The positions of the rows in ascending order, compared from their first element on."""
    if rows.rank == 1:
        return argsort(rows)
    flat = reshape(rows, (rows.shape[0], -1))
    columns = flat.shape[1]
    if not isinstance(columns, int) or columns > COLUMNS:
        raise ShapeError("unique", expected=f"rows of at most {COLUMNS} elements", got=rows.type)
    order = iota((rows.shape[0],), 0)
    for column in reversed(range(columns)):  # the last element first: sorting is stable
        keys = reshape(slice(flat, (0, column), (rows.shape[0], 1)), (-1,))
        order = gather(order, [argsort(gather(keys, [order], (0,)))], (0,))
    return order
