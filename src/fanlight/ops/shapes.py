"""Which element goes where? The functions that rearrange, join, cut, fill and number elements, under NumPy's names.

Axes may be negative. A call that would change nothing returns its operand.
"""

from __future__ import annotations

from collections.abc import Sequence

from fanlight.errors import ShapeError
from fanlight.ir import dim as dims
from fanlight.ir.dim import Dim, DimLike
from fanlight.ir.graph import Constant, Value, apply
from fanlight.ir.types import Shape
from fanlight.ops import movement, padding
from fanlight.ops.pointwise import add, cast, multiply
from fanlight.ops.promote import Operand, as_value, constant, result_dtype, stretched

__all__ = [
    "arange", "broadcast_to", "concatenate", "dilate", "expand_dims", "flip", "full", "iota", "moveaxis", "ones",
    "ones_like", "pad", "ravel", "repeat", "reshape", "row_major_index", "slice", "split", "squeeze", "stack",
    "swapaxes", "tile", "transpose", "zeros", "zeros_like",
]  # fmt: skip


def normal_axes(axis: int | Sequence[int] | None, rank: int) -> tuple[int, ...]:
    """Axes in 0 .. rank-1; None stands for all. Raises ShapeError where one does not exist or comes twice."""
    given = range(rank) if axis is None else (axis,) if isinstance(axis, int) else axis
    axes = tuple(k + rank if k < 0 else k for k in given)
    if len(set(axes)) != len(axes) or not set(axes) <= set(range(rank)):
        raise ShapeError("axes", expected=f"distinct axes in {-rank} .. {rank - 1}", got=axis)
    return axes


def reshape(x: Operand, shape: int | Sequence[DimLike]) -> Value:
    """The same elements under another shape; one dim may be -1 and takes what is left."""
    value = as_value(x)
    wanted: list[DimLike] = list(shape) if isinstance(shape, Sequence) else [shape]
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


def swapaxes(x: Operand, first: int, second: int) -> Value:
    """Two axes exchanged."""
    value = as_value(x)
    a, b = normal_axes(first, value.rank)[0], normal_axes(second, value.rank)[0]
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


def slice(x: Operand, start: Sequence[DimLike], size: Sequence[DimLike], step: Sequence[int] | None = None) -> Value:
    """`size[k]` elements along each axis, from `start[k]`, every `step[k]`-th."""
    value = as_value(x)
    steps = (1,) * value.rank if step is None else tuple(step)
    if tuple(size) == value.shape and all_equal(start, 0) and all_equal(steps, 1):
        return value
    return apply(movement.Slice(tuple(start), tuple(size), steps), value)


def all_equal(items: Sequence[DimLike], to: int) -> bool:
    return [*items] == [to] * len(items)


def flip(x: Operand, axis: int | Sequence[int] | None = None) -> Value:
    """The elements in reverse order along the axes."""
    value = as_value(x)
    axes = tuple(k for k in normal_axes(axis, value.rank) if value.shape[k] != 1)
    return apply(movement.Flip(axes), value) if axes else value


def pad(x: Operand, width: Sequence[tuple[DimLike, DimLike]], value: float | int | bool = 0) -> Value:
    """`width[k] = (before, after)` elements of `value` around each axis."""
    operand = as_value(x)
    before, after = tuple(pair[0] for pair in width), tuple(pair[1] for pair in width)
    if len(before) == operand.rank and all_equal((*before, *after), 0):
        return operand
    return apply(padding.Pad(before, after, number_of(value, operand.dtype)), operand)


def number_of(value: float | int | bool, dtype: str) -> float | int | bool:
    """`value` as the Python number that an element of `dtype` is; raises DtypeError where it cannot be one."""
    op = constant(value, dtype).op
    assert isinstance(op, Constant)
    return op.value


def dilate(x: Operand, factors: Sequence[int]) -> Value:
    """`factors[k] - 1` zeros between neighbours along each axis."""
    value = as_value(x)
    if len(factors) == value.rank and all_equal(factors, 1):
        return value
    return apply(padding.Dilate(tuple(factors)), value)


def concatenate(xs: Sequence[Operand], axis: int = 0) -> Value:
    """The operands one after another along an axis."""
    dtype = result_dtype(*xs)
    values = [as_value(x, dtype) for x in xs]
    (k,) = normal_axes(axis, values[0].rank)
    return apply(padding.Concatenate(k), *values) if len(values) > 1 else values[0]


def stack(xs: Sequence[Operand], axis: int = 0) -> Value:
    """The operands along a new axis."""
    return concatenate([expand_dims(x, axis) for x in xs], axis)


def split(x: Operand, parts: int | Sequence[int], axis: int = 0) -> list[Value]:
    """So many equal parts along an axis, or the parts that begin at 0 and at each of these positions."""
    value = as_value(x)
    (k,) = normal_axes(axis, value.rank)
    extent = value.shape[k]
    if isinstance(parts, int):
        length = dims.floor_divide(extent, parts)
        if length * parts != extent:
            raise ShapeError(
                "split", expected=f"a length that {parts} divides, provably", got=value.type, at=f"axis {k}"
            )
        cuts: list[DimLike] = [length * part for part in range(1, parts)]
    else:
        cuts = list(parts)
    pieces = []
    for begin, end in zip([0, *cuts], [*cuts, extent], strict=True):
        start = tuple(begin if j == k else 0 for j in range(value.rank))
        pieces.append(slice(value, start, tuple(end - begin if j == k else n for j, n in enumerate(value.shape))))
    return pieces


def repeat(x: Operand, count: int, axis: int) -> Value:
    """Each element `count` times in a row along an axis."""
    value = as_value(x)
    (k,) = normal_axes(axis, value.rank)
    before, after = value.shape[: k + 1], value.shape[k + 1 :]
    wide = broadcast_to(expand_dims(value, k + 1), (*before, count, *after))
    return reshape(wide, (*before[:-1], before[-1] * count, *after))


def tile(x: Operand, counts: Sequence[int]) -> Value:
    """The whole array `counts[k]` times along each axis."""
    value = as_value(x)
    lead = len(counts) - value.rank
    value = expand_dims(value, tuple(range(lead))) if lead > 0 else value
    counts = (1,) * -lead + tuple(counts) if lead < 0 else tuple(counts)
    pairs = list(zip(counts, value.shape, strict=True))
    wide = broadcast_to(expand_dims(value, tuple(range(0, 2 * value.rank, 2))), [n for pair in pairs for n in pair])
    return reshape(wide, tuple(count * extent for count, extent in pairs))


def full(shape: Sequence[DimLike], fill: Operand, dtype: str | None = None) -> Value:
    """An array filled with one number."""
    return broadcast_to(as_value(fill, dtype), shape)


def zeros(shape: Sequence[DimLike], dtype: str = "float32") -> Value:
    """An array of zeros."""
    return broadcast_to(constant(0, dtype), shape)


def ones(shape: Sequence[DimLike], dtype: str = "float32") -> Value:
    """An array of ones."""
    return broadcast_to(constant(1, dtype), shape)


def zeros_like(x: Value) -> Value:
    """Zeros of x's dtype and shape."""
    return zeros(x.shape, x.dtype)


def ones_like(x: Value) -> Value:
    """Ones of x's dtype and shape."""
    return ones(x.shape, x.dtype)


def iota(shape: Sequence[DimLike], axis: int = 0, dtype: str = "int32") -> Value:
    """0, 1, 2, ... along one axis of an array of this shape."""
    return apply(padding.Iota(tuple(shape), normal_axes(axis, len(shape))[0], dtype))


def row_major_index(shape: Shape, dtype: str = "int32") -> Value:
    """The number of each element in row-major order."""
    if not shape:
        return constant(0, dtype)
    return reshape(iota((dims.product(shape),), 0, dtype), shape)


def arange(start: DimLike, stop: DimLike | None = None, step: int = 1, dtype: str = "int32") -> Value:
    """start, start + step, ... below stop (above it for a negative step); with one argument, from 0."""
    begin, end = (0, start) if stop is None else (start, stop)
    length = dims.ceil_divide(end - begin, step) if step > 0 else dims.ceil_divide(begin - end, -step)
    counted = iota((dims.maximum(length, 0),), 0, dtype)
    if step != 1:
        counted = multiply(counted, step)
    if isinstance(begin, Dim):
        raise ShapeError("arange", expected="a known start", got=begin, do="add fl.size_of(...) to fl.arange(n)")
    return counted if begin == 0 else add(counted, cast(constant(begin, "int32"), counted.dtype))
