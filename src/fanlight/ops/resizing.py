"""What does an image look like between its pixels? Resizing, and sampling at computed positions.

Pixel i covers i .. i+1, its centre is at i + 1/2 (half-pixel centres, as in Keras, PyTorch and Pillow).
"""

from __future__ import annotations

from fanlight.errors import ShapeError
from fanlight.ir.dim import DimLike
from fanlight.ir.graph import Value
from fanlight.ops.indexing import gather
from fanlight.ops.pointwise import (
    add,
    cast,
    divide,
    floor,
    floor_divide,
    greater_equal,
    less,
    logical_and,
    multiply,
    subtract,
    where,
)
from fanlight.ops.promote import Operand
from fanlight.ops.reductions import size_of
from fanlight.ops.shapes import arange, expand_dims, reshape

__all__ = [
    "resize", "sample_bilinear",
]  # fmt: skip


def resize(x: Operand, height: int, width: int, interpolation: str = "bilinear") -> Value:
    """Images [n, h, w, c] in another height and width, by "bilinear" or "nearest" interpolation, no antialiasing."""
    value = cast(x, "float32") if interpolation == "bilinear" or not isinstance(x, Value) else x
    if value.rank != 4:
        raise ShapeError("resize", expected="images [n, h, w, c]", got=value.type)
    if interpolation not in ("bilinear", "nearest"):
        raise ShapeError("resize", expected='"bilinear" or "nearest"', got=repr(interpolation))
    along = _linear_along if interpolation == "bilinear" else _nearest_along
    return along(along(value, 1, height), 2, width)


def _nearest_along(x: Value, axis: int, length: int) -> Value:
    old = _static_length(x, axis)
    if old == length:
        return x
    place = floor_divide(
        multiply(add(multiply(arange(length), 2), 1), old), 2 * length
    )  # floor((i + 1/2) * old / length)
    return gather(x, [place], (axis,))


def _linear_along(x: Value, axis: int, length: int) -> Value:
    """Weights come from integers, to be the same everywhere: (i + 1/2) * old/length - 1/2 = place / (2 * length)."""
    old = _static_length(x, axis)
    if old == length:
        return x
    place = subtract(multiply(add(multiply(arange(length), 2), 1), old), length)
    low = floor_divide(place, 2 * length)
    weight = divide(cast(subtract(place, multiply(low, 2 * length)), "float32"), 2.0 * length)
    weight = reshape(weight, tuple(length if k == axis else 1 for k in range(x.rank)))
    before, after = gather(x, [low], (axis,)), gather(x, [add(low, 1)], (axis,))
    return add(before, multiply(weight, subtract(after, before)))


def _static_length(x: Value, axis: int) -> int:
    extent = x.shape[axis]
    if not isinstance(extent, int):
        raise ShapeError("resize", expected="a fixed height and width", got=x.type)
    return extent


def sample_bilinear(x: Value, rows: Value, columns: Value, fill: float | None = None) -> Value:
    """Images [n, h, w, c] between their pixels, at positions [n, p, q]: [n, p, q, c].

    A position is counted in pixels from the centre of the first one: row 0 is the first row, 0.5 is halfway to the
    second. Outside, the image goes on with its border, or with `fill` where that is given. Gradients flow to the image
    and to the positions. The image's gradient looks at every position for every pixel: see `GatherGradient`.
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
