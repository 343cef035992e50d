"""Which element goes where? The functions that rearrange, join, cut, fill and number elements, under NumPy's names.

Axes may be negative. A call that would change nothing returns its operand.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from fanlight.errors import ShapeError
from fanlight.ir import dim as dims
from fanlight.ir.dim import Dim, DimLike
from fanlight.ir.graph import SizeOf, Value, apply
from fanlight.ir.types import Shape
from fanlight.ops import movement, padding
from fanlight.ops.dynamic import DynamicSlice
from fanlight.ops.pointwise import add, cast, multiply
from fanlight.ops.promote import Operand, as_value, constant, result_dtype, stretched

__all__ = [
    "arange", "broadcast_to", "concatenate", "dilate", "expand_dims", "flip", "full", "iota", "moveaxis", "ones",
    "ones_like", "ravel", "repeat", "reshape", "row_major_index", "slice", "split", "squeeze", "stack",
    "swapaxes", "tile", "transpose", "zeros", "zeros_like",
]  # fmt: skip

MOST_JOINED = 64  # arrays that one loop puts together

Starts = Value | Sequence[DimLike | Value]


def normal_axes(axis: int | Sequence[int] | None, rank: int) -> tuple[int, ...]:
    """Axes in 0 .. rank-1; None stands for all. Raises ShapeError where one does not exist or comes twice."""
    given = range(rank) if axis is None else (axis,) if isinstance(axis, int) else axis
    axes = tuple(k + rank if k < 0 else k for k in given)
    if len(set(axes)) != len(axes) or not set(axes) <= set(range(rank)):
        raise ShapeError("axes", expected=f"distinct axes in {-rank} .. {rank - 1}", got=axis)
    return axes


def reshape(x: Operand, newshape: int | Sequence[DimLike]) -> Value:
    """The same elements under another shape; one dim may be -1 and takes what is left."""
    value = as_value(x)
    wanted: list[DimLike] = list(newshape) if isinstance(newshape, Sequence) else [newshape]
    if wanted.count(-1) > 1:
        raise ShapeError("reshape", expected="at most one -1", got=tuple(wanted))
    if -1 in wanted:
        hole = wanted.index(-1)
        known = dims.product(extent for k, extent in enumerate(wanted) if k != hole)
        rest = 0 if known == 0 else dims.floor_divide(value.type.count, known)
        if rest * known != value.type.count:
            raise ShapeError(
                "reshape",
                expected=f"a count that {known} divides, provably",
                got=value.type,
                at=f"shape {tuple(wanted)}",
            )
        wanted[hole] = rest
    return value if value.shape == tuple(wanted) else apply(movement.Reshape(tuple(wanted)), value)


def ravel(x: Operand) -> Value:
    """All elements along one axis."""
    return reshape(x, (-1,)) if as_value(x).type.count != 0 else reshape(x, (0,))


def expand_dims(x: Operand, axis: int | Sequence[int]) -> Value:
    """New axes of length 1 at these places of the result."""
    value = as_value(x)
    new = (axis,) if isinstance(axis, int) else tuple(axis)
    places = normal_axes(new, value.rank + len(new))
    rest = iter(value.shape)
    return reshape(value, tuple(1 if k in places else next(rest) for k in range(value.rank + len(new))))


def squeeze(x: Operand, axis: int | Sequence[int] | None = None) -> Value:
    """Without these axes of length 1, or without all such."""
    value = as_value(x)
    gone = [k for k, extent in enumerate(value.shape) if extent == 1] if axis is None else normal_axes(axis, value.rank)
    if any_not_one := [k for k in gone if value.shape[k] != 1]:
        raise ShapeError("squeeze", expected="axes of length 1", got=value.type, at=f"axes {any_not_one}")
    return reshape(value, tuple(extent for k, extent in enumerate(value.shape) if k not in gone))


def transpose(x: Operand, axes: Sequence[int] | None = None) -> Value:
    """Axis k of the result is axis `axes[k]` of x; without axes, the reverse order."""
    value = as_value(x)
    order = tuple(reversed(range(value.rank))) if axes is None else normal_axes(axes, value.rank)
    return value if order == tuple(range(value.rank)) else apply(movement.Transpose(order), value)


def swapaxes(x: Operand, axis1: int, axis2: int) -> Value:
    """Two axes exchanged."""
    value = as_value(x)
    a, b = normal_axes(axis1, value.rank)[0], normal_axes(axis2, value.rank)[0]
    return transpose(value, [b if k == a else a if k == b else k for k in range(value.rank)])


def moveaxis(x: Operand, source: int | Sequence[int], destination: int | Sequence[int]) -> Value:
    """Axes moved to other places; the rest keep their order."""
    value = as_value(x)
    sources, places = normal_axes(source, value.rank), normal_axes(destination, value.rank)
    order = [k for k in range(value.rank) if k not in sources]
    for place, k in sorted(zip(places, sources, strict=True)):
        order.insert(place, k)
    return transpose(value, order)


def broadcast_to(x: Operand, shape: Sequence[DimLike]) -> Value:
    """x repeated to fill a shape, as NumPy aligns them."""
    return stretched(as_value(x), tuple(shape))


def slice(inputs: Operand, start_indices: Starts, shape: Sequence[DimLike], step: Sequence[int] | None = None) -> Value:
    """The block of this shape that begins at `start_indices`, of every `step`-th element.

    Starts may be values (integers of rank 0, or one vector of them): then they are moved so that the block lies
    inside, and steps are 1. Raises ShapeError where a block with known starts is not inside."""
    value = as_value(inputs)
    if isinstance(start_indices, Value) or any(isinstance(each, Value) for each in start_indices):
        if step is not None and not all_equal(tuple(step), 1):
            raise ShapeError("slice", expected="steps of 1 for starts that are values", got=step)
        return dynamic_slice(value, start_indices, shape)
    start = tuple(each for each in start_indices if not isinstance(each, Value))
    steps = (1,) * value.rank if step is None else tuple(step)
    if tuple(shape) == value.shape and all_equal(start, 0) and all_equal(steps, 1):
        return value
    return apply(movement.Slice(start, tuple(shape), steps), value)


def dynamic_slice(x: Value, starts: Starts, shape: Sequence[DimLike]) -> Value:
    """The block of this shape that begins at values: integers of rank 0, or one vector of them."""
    if isinstance(starts, Value):
        if starts.shape != (x.rank,):
            raise ShapeError("slice", expected=f"a start for each axis of {x.type}", got=starts.type)
        starts = [squeeze(part, 0) for part in cut(starts, range(1, x.rank), 0)] if x.rank else []
    known = [each if isinstance(each, Value) else start_value(each) for each in starts]
    return apply(DynamicSlice(tuple(shape)), x, *(cast(each, "int32") for each in known))


def start_value(start: DimLike) -> Value:
    return constant(start, "int32") if isinstance(start, int) else apply(SizeOf(start))


def all_equal(items: Sequence[DimLike], to: int) -> bool:
    return [*items] == [to] * len(items)


def flip(x: Operand, axis: int | Sequence[int] | None = None) -> Value:
    """The elements in reverse order along the axes."""
    value = as_value(x)
    axes = tuple(k for k in normal_axes(axis, value.rank) if value.shape[k] != 1)
    return apply(movement.Flip(axes), value) if axes else value


def dilate(x: Operand, factors: Sequence[int]) -> Value:
    """`factors[k] - 1` zeros between neighbours along each axis."""
    value = as_value(x)
    if len(factors) == value.rank and all_equal(factors, 1):
        return value
    return apply(padding.Dilate(tuple(factors)), value)


def concatenate(xs: Sequence[Operand], axis: int = 0) -> Value:
    """The operands one after another along an axis; very many are put together in groups first."""
    dtype = result_dtype(*xs)
    values = [as_value(x, dtype) for x in xs]
    (k,) = normal_axes(axis, values[0].rank)
    while len(values) > MOST_JOINED:
        groups = [values[n : n + MOST_JOINED] for n in range(0, len(values), MOST_JOINED)]
        values = [apply(padding.Concatenate(k), *group) if len(group) > 1 else group[0] for group in groups]
    return apply(padding.Concatenate(k), *values) if len(values) > 1 else values[0]


def stack(x: Sequence[Operand], axis: int = 0) -> Value:
    """The operands along a new axis."""
    return concatenate([expand_dims(each, axis) for each in x], axis)


def split(x: Operand, indices_or_sections: int | Sequence[int], axis: int = 0) -> list[Value]:
    """So many equal parts along an axis, or the parts that begin at 0 and at each of these positions."""
    value = as_value(x)
    (k,) = normal_axes(axis, value.rank)
    extent = value.shape[k]
    if isinstance(indices_or_sections, int):
        parts = indices_or_sections
        length = dims.floor_divide(extent, parts)
        if length * parts != extent:
            raise ShapeError(
                "split", expected=f"a length that {parts} divides, provably", got=value.type, at=f"axis {k}"
            )
        return cut(value, [length * part for part in range(1, parts)], k)
    return cut(value, indices_or_sections, k)


def cut(x: Value, positions: Sequence[DimLike], axis: int) -> list[Value]:
    """The parts between these positions along an axis, as NumPy's slices have it: stops below starts give nothing."""
    extent = x.shape[axis]
    ends = [extent + at if isinstance(at, int) and at < 0 else at for at in positions]
    ends = [dims.minimum(dims.maximum(at, 0), extent) for at in ends]
    pieces = []
    for begin, end in zip([0, *ends], [*ends, extent], strict=True):
        start = tuple(begin if j == axis else 0 for j in range(x.rank))
        length = dims.maximum(end - begin, 0)
        pieces.append(slice(x, start, tuple(length if j == axis else n for j, n in enumerate(x.shape))))
    return pieces


def repeat(x: Operand, repeats: int | Sequence[int], axis: int | None = None) -> Value:
    """Each element `repeats` times in a row along an axis (of all elements in a row, without one).

    Several numbers, one for each element along the axis, repeat each as often.

    Differs: `repeats` are known numbers, not values."""
    value = ravel(x) if axis is None else as_value(x)
    (k,) = normal_axes(0 if axis is None else axis, value.rank)
    before, after = value.shape[: k + 1], value.shape[k + 1 :]
    if not isinstance(repeats, int) and len(repeats) == 1:
        repeats = repeats[0]
    if isinstance(repeats, int):
        wide = broadcast_to(expand_dims(value, k + 1), (*before, repeats, *after))
        return reshape(wide, (*before[:-1], before[-1] * repeats, *after))
    if len(repeats) != before[-1]:
        raise ShapeError("repeat", expected=f"a number for each of {before[-1]} elements", got=repeats)
    parts = cut(value, range(1, len(repeats)), k)
    return concatenate(
        [broadcast_to(part, (*before[:-1], n, *after)) for part, n in zip(parts, repeats, strict=True)], k
    )


def tile(x: Operand, repeats: int | Sequence[int]) -> Value:
    """The whole array `repeats[k]` times along each axis; fewer numbers are for the last axes."""
    value = as_value(x)
    counts = (repeats,) if isinstance(repeats, int) else tuple(repeats)
    lead = len(counts) - value.rank
    value = expand_dims(value, tuple(range(lead))) if lead > 0 else value
    counts = (1,) * -lead + counts if lead < 0 else counts
    pairs = list(zip(counts, value.shape, strict=True))
    wide = broadcast_to(expand_dims(value, tuple(range(0, 2 * value.rank, 2))), [n for pair in pairs for n in pair])
    return reshape(wide, tuple(count * extent for count, extent in pairs))


def full(shape: int | Sequence[DimLike], fill_value: Operand, dtype: str | None = None) -> Value:
    """An array filled with one number, or with an array that is broadcast; float32 unless `dtype` says otherwise."""
    return broadcast_to(as_value(fill_value, dtype or "float32"), lengths(shape))


def lengths(shape: int | Sequence[DimLike]) -> Shape:
    """A shape, for which one number may stand."""
    return tuple(shape) if isinstance(shape, Sequence) else (shape,)


def zeros(shape: int | Sequence[DimLike], dtype: str | None = None) -> Value:
    """An array of zeros, float32 unless `dtype` says otherwise."""
    return full(shape, constant(0, dtype or "float32"), dtype)


def ones(shape: int | Sequence[DimLike], dtype: str | None = None) -> Value:
    """An array of ones, float32 unless `dtype` says otherwise."""
    return full(shape, constant(1, dtype or "float32"), dtype)


def zeros_like(x: Operand, dtype: str | None = None) -> Value:
    """Zeros of x's shape, and its dtype unless another is given."""
    value = as_value(x)
    return zeros(value.shape, dtype or value.dtype)


def ones_like(x: Operand, dtype: str | None = None) -> Value:
    """Ones of x's shape, and its dtype unless another is given."""
    value = as_value(x)
    return ones(value.shape, dtype or value.dtype)


def iota(shape: Sequence[DimLike], axis: int = 0, dtype: str = "int32") -> Value:
    """0, 1, 2, ... along one axis of an array of this shape."""
    return apply(padding.Iota(tuple(shape), normal_axes(axis, len(shape))[0], dtype))


def row_major_index(shape: Shape, dtype: str = "int32") -> Value:
    """The number of each element in row-major order."""
    if not shape:
        return constant(0, dtype)
    return reshape(iota((dims.product(shape),), 0, dtype), shape)


def arange(
    start: DimLike | float, stop: DimLike | float | None = None, step: float | None = None, dtype: str | None = None
) -> Value:
    """start, start + step, ... below stop (above it for a negative step); with one argument, from 0.

    int32, or float32 if an argument is a float, unless `dtype` says otherwise.

    Differs: the arguments are known numbers or dims, not values."""
    begin, end, by = (0, start, step) if stop is None else (start, stop, step)
    by = 1 if by is None else by
    is_whole = not any(isinstance(each, float) for each in (begin, end, by))
    dtype = dtype or ("int32" if is_whole else "float32")
    if isinstance(begin, Dim) or (isinstance(end, Dim) and not is_whole) or by == 0:
        what, do = f"{begin}, {end}, {by}", "add fl.size_of(...) to fl.arange(n)"
        raise ShapeError("arange", expected="a known start, and a step other than 0", got=what, do=do)
    if isinstance(begin, int) and isinstance(by, int) and not isinstance(end, float):
        length = dims.ceil_divide(end - begin, by) if by > 0 else dims.ceil_divide(begin - end, -by)
    else:
        assert not isinstance(end, Dim)
        length = math.ceil((end - begin) / by)
    computed = "float32" if not is_whole else dtype
    counted = iota((dims.maximum(length, 0),), 0, computed)
    counted = counted if by == 1 else multiply(counted, by)
    return cast(counted if begin == 0 else add(counted, as_value(begin, computed)), dtype)
