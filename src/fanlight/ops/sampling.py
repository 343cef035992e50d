"""What lies between the elements of an array? Sampling at computed positions; see `warping` for images."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from itertools import product

from fanlight.errors import ShapeError
from fanlight.ir.dim import DimLike
from fanlight.ir.graph import Value
from fanlight.ir.types import is_float
from fanlight.ops.indexing import gather
from fanlight.ops.pointwise import (
    absolute,
    add,
    cast,
    ceil,
    clip,
    floor,
    floor_divide,
    greater_equal,
    less,
    logical_and,
    mod,
    multiply,
    subtract,
    where,
)
from fanlight.ops.promote import Operand, as_value
from fanlight.ops.reductions import size_of
from fanlight.ops.shapes import expand_dims, reshape, slice, squeeze

__all__ = ["sample_bilinear"]

MODES = ("constant", "nearest", "wrap", "mirror", "reflect")


def sample_bilinear(x: Value, rows: Value, columns: Value, fill: float | None = None) -> Value:
    """Images [n, h, w, c] between their pixels, at positions [n, p, q]: [n, p, q, c].

    A position is counted in pixels from the centre of the first one: row 0 is the first row, 0.5 is halfway to the
    second. Outside, the image goes on with its border, or with `fill` where that is given. Gradients flow to the image
    and to the positions.
    """
    if x.rank != 4 or rows.rank != 3 or rows.shape != columns.shape or rows.shape[0] != x.shape[0]:
        got = f"{x.type}, {rows.type} and {columns.type}"
        raise ShapeError(
            "sample_bilinear", expected="images [n, h, w, c] and two arrays of positions [n, p, q]", got=got
        )
    top, down = _split(rows)
    left, right = _split(columns)
    corners: list[list[Value]] = [[_pixel(x, add(top, i), add(left, j), fill) for j in (0, 1)] for i in (0, 1)]
    upper, lower = (add(near, multiply(right, subtract(far, near))) for near, far in corners)
    return add(upper, multiply(down, subtract(lower, upper)))


def _split(position: Value) -> tuple[Value, Value]:
    """The whole part as int32, and the rest as a weight for all channels."""
    whole = floor(position)
    return cast(whole, "int32"), expand_dims(subtract(position, whole), -1)


def _pixel(x: Value, row: Value, column: Value, fill: float | None) -> Value:
    found = gather(x, [row, column], (1, 2), batch=1)
    if fill is None:
        return found
    is_inside = logical_and(_is_inside(row, x.shape[1]), _is_inside(column, x.shape[2]))
    return where(expand_dims(is_inside, -1), found, fill)


def _is_inside(position: Value, extent: DimLike) -> Value:
    return logical_and(greater_equal(position, 0), less(position, size_of(extent)))


def map_coordinates(
    inputs: Operand, coordinates: Operand, order: int, fill_mode: str = "constant", fill_value: Operand = 0
) -> Value:
    """`inputs` at the positions `coordinates[k, ...]` along axis k: the nearest element (order 0), or linear between.

    Beyond the ends `fill_mode` continues an array a b c d: "constant" (`fill_value`), "nearest" (d d), "wrap" (a b),
    "mirror" (c b) or "reflect" (d c). Integers are rounded.
    """
    value, places = as_value(inputs), as_value(coordinates)
    if places.rank < 2 or places.shape[0] != value.rank:
        raise ShapeError("map_coordinates", expected=f"coordinates [{value.rank}, ...]", got=places.type)
    found = [
        squeeze(slice(places, (k, *(0,) * (places.rank - 1)), (1, *places.shape[1:])), 0) for k in range(value.rank)
    ]
    return interpolated(value, found, 0, order, fill_mode, fill_value)


def interpolated(
    x: Value, places: Sequence[Value], batch: int, order: int, fill_mode: str, fill_value: Operand
) -> Value:
    """x between its elements, at positions along the axes after `batch` common ones; axes behind those are kept."""
    if fill_mode not in MODES or order not in (0, 1):
        got = f"order {order}, fill_mode {fill_mode!r}"
        raise ShapeError("sampling", expected=f"order 0 or 1 and a fill_mode of {', '.join(MODES)}", got=got)
    axes = tuple(range(batch, batch + len(places)))
    nodes = [_nodes(place, x.shape[axis], order, fill_mode) for place, axis in zip(places, axes, strict=True)]
    behind = x.rank - batch - len(places)
    total: Value | None = None
    for corner in product(*nodes):
        found = gather(x, [index for index, _, _ in corner], axes, batch)
        checks = [check for _, check, _ in corner if check is not None]
        if checks:
            found = where(_widened(functools.reduce(logical_and, checks), behind), found, fill_value)
        weights = [weight for _, _, weight in corner if weight is not None]
        if weights:
            found = multiply(found, _widened(functools.reduce(multiply, weights), behind))
        total = found if total is None else add(total, found)
    assert total is not None
    return total if is_float(x.dtype) or total.dtype == x.dtype else cast(_rounded(total), x.dtype)


def _widened(x: Value, count: int) -> Value:
    """With so many axes of length 1 behind."""
    return reshape(x, (*x.shape, *(1,) * count))


Node = tuple[Value, "Value | None", "Value | None"]  # an index; whether it is inside; its weight


def _nodes(place: Value, extent: DimLike, order: int, mode: str) -> list[Node]:
    """The elements along one axis that count at each position."""
    if not is_float(place.dtype):
        return [(*_fixed(cast(place, "int32"), extent, mode), None)]
    if order == 0:
        return [(*_fixed(cast(_rounded(place), "int32"), extent, mode), None)]
    lower = floor(place)
    weight, index = subtract(place, lower), cast(lower, "int32")
    return [
        (*_fixed(index, extent, mode), subtract(1.0, weight)),
        (*_fixed(add(index, 1), extent, mode), weight),
    ]


def _rounded(x: Value) -> Value:
    """To the nearest integer, halves away from 0."""
    return where(less(x, 0.0), ceil(subtract(x, 0.5)), floor(add(x, 0.5)))


def _fixed(index: Value, extent: DimLike, mode: str) -> tuple[Value, Value | None]:
    """An index inside the axis, and for "constant" whether it was there before."""
    n = extent if isinstance(extent, int) else size_of(extent)
    if mode == "constant":
        return index, logical_and(greater_equal(index, 0), less(index, n))
    if mode == "nearest" or extent == 1:
        return clip(index, 0, subtract(n, 1)), None
    if mode == "wrap":
        return mod(index, n), None
    if mode == "mirror":
        return _mirrored(index, n), None
    return floor_divide(subtract(_mirrored(add(multiply(index, 2), 1), add(multiply(n, 2), 1)), 1), 2), None


def _mirrored(index: Value, n: Operand) -> Value:
    """A triangular wave: 0 .. n-1 and back again."""
    top = subtract(n, 1)
    return absolute(subtract(mod(add(index, top), multiply(top, 2)), top))
