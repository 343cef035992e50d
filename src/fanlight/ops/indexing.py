"""Which elements does a subscript or an array of indices ask for? `x[...]`, take, gather, one-hot codes.

Indices that are data are clamped to the array; `take` and subscripts count negative ones from the end.
"""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from typing import Any

from fanlight.errors import DtypeError, ShapeError
from fanlight.ir import dim as dims
from fanlight.ir.dim import Dim, DimLike
from fanlight.ir.graph import Value, apply
from fanlight.ir.types import DTYPES
from fanlight.ops import gather as rows
from fanlight.ops.pointwise import add, cast, equal, less, where
from fanlight.ops.promote import Operand, as_value, broadcast, broadcast_shape, stretched
from fanlight.ops.reductions import size_of
from fanlight.ops.shapes import expand_dims, flip, iota, normal_axes, reshape, slice

__all__ = [
    "gather", "one_hot", "take", "take_along_axis",
]  # fmt: skip


def gather(x: Value, positions: Sequence[Operand], axes: Sequence[int] | None = None, batch: int = 0) -> Value:
    """`x[b, p, position0[b, q], position1[b, q], r]`: elements at positions along `axes` (those after `batch`).

    The axes of the position arrays, which are broadcast together, come where the first indexed axis was. The first
    `batch` axes of x and of the positions are the same ones. Positions outside are clamped and have no gradient.
    """
    indexed = normal_axes(range(batch, batch + len(positions)) if axes is None else axes, x.rank)
    order = sorted(range(len(indexed)), key=lambda k: indexed[k])
    arrays = broadcast(as_index(each) for each in positions)
    return apply(rows.Gather(tuple(indexed[k] for k in order), batch), x, *(arrays[k] for k in order))


def as_index(x: Operand) -> Value:
    """Integers as int32; raises DtypeError for floats and bools."""
    value = as_value(x)
    if DTYPES[value.dtype][2] != "int":
        raise DtypeError("indices", expected="integers", got=value.type, do='cast them to "int32" first')
    return cast(value, "int32")


def take(x: Operand, indices: Operand, axis: int | None = None) -> Value:
    """The elements, rows, ... of x at these positions along an axis (of x in row-major order, without one).

    Negative positions count from the end.

    Differs: positions outside are moved to the nearest element, and have no NaN.
    """
    value = as_value(x)
    if axis is None:
        value, axis = reshape(value, (value.type.count,)), 0
    (k,) = normal_axes(axis, value.rank)
    return gather(value, [from_end(as_index(indices), value.shape[k])], (k,))


def from_end(positions: Value, extent: DimLike) -> Value:
    """Positions whose negative ones count from the end, from 0 on."""
    if positions.dtype == "int32":
        return where(less(positions, 0), add(positions, size_of(extent)), positions)
    return positions


def take_along_axis(x: Operand, indices: Operand, axis: int | None = None) -> Value:
    """`out[i, j, k] = x[i, indices[i, j, k], k]`, for axis 1; the other axes are broadcast. Without one, both are flat.

    Negative positions count from the end.

    Differs: positions outside are moved to the nearest element, and have no NaN.
    """
    value, index = as_value(x), as_index(indices)
    if axis is None:
        value, index, axis = reshape(value, (value.type.count,)), reshape(index, (index.type.count,)), 0
    (k,) = normal_axes(axis, value.rank)
    if index.rank != value.rank:
        raise ShapeError("take_along_axis", expected=f"indices of rank {value.rank} for {value.type}", got=index.type)
    others = [(*each[:k], *each[k + 1 :]) for each in (value.shape, index.shape)]
    shape = broadcast_shape(*others)
    value = stretched(value, (*shape[:k], value.shape[k], *shape[k:]))
    index = stretched(index, (*shape[:k], index.shape[k], *shape[k:]))
    rest = [iota(index.shape, j) for j in range(k + 1, value.rank)]
    return gather(value, [from_end(index, value.shape[k]), *rest], range(k, value.rank), batch=k)


def one_hot(x: Operand, num_classes: int, axis: int = -1, dtype: str | None = None, sparse: bool = False) -> Value:
    """1 where the new axis's position equals x, else 0; a row of zeros for an x outside 0 .. num_classes-1. float32.

    Differs: there are no sparse tensors."""
    if sparse:
        raise DtypeError("one_hot", expected="sparse=False", got="sparse=True", do="use the dense result")
    index = as_index(x)
    (k,) = normal_axes(axis, index.rank + 1)
    shape = (*index.shape[:k], num_classes, *index.shape[k:])
    return cast(equal(expand_dims(index, k), iota(shape, k)), dtype or "float32")


def getitem(x: Value, key: Any) -> Value:
    """`x[key]` for integers, slices, None, `...`, and one array of indices. Slices of open axes stay inside them."""
    keys = list(key) if isinstance(key, tuple) else [key]
    used = builtins.sum(1 for each in keys if each is not None and each is not Ellipsis)
    dots = [place for place, each in enumerate(keys) if each is Ellipsis]
    if len(dots) > 1 or used > x.rank:
        raise ShapeError("a subscript", expected=f"at most {x.rank} indices and one ...", got=key, at=repr(x.type))
    place = dots[0] if dots else len(keys)
    keys[place : place + 1] = [builtins.slice(None)] * (x.rank - used)
    arrays = [each for each in keys if isinstance(each, Value)]
    if len(arrays) > 1:
        raise ShapeError("a subscript", expected="one array of indices", got=len(arrays), do="use fl.gather")
    starts: list[DimLike] = []
    sizes: list[DimLike] = []
    steps: list[int] = []
    reverse: list[int] = []
    for axis, each in enumerate(each for each in keys if each is not None):
        start, size, step = _part(each, x.shape[axis], x)
        if step < 0:
            reverse.append(axis)
            start, step = start + (size - 1) * step if size != 0 else 0, -step
        starts.append(start)
        sizes.append(size)
        steps.append(step)
    value = slice(x, starts, sizes, steps)
    value = flip(value, reverse) if reverse else value
    shape: list[DimLike] = []  # integers drop an axis, None adds one
    rest = iter(value.shape)
    target = None
    for each in keys:
        extent = 1 if each is None else next(rest)
        if isinstance(each, Value):
            target = len(shape)
        if each is None or isinstance(each, builtins.slice | Value):
            shape.append(extent)
    value = reshape(value, shape)
    return take(value, arrays[0], target) if target is not None else value


def _part(key: Any, extent: DimLike, x: Value) -> tuple[DimLike, DimLike, int]:
    """Start, size and step of one subscript along an axis."""
    if isinstance(key, Value):
        return 0, extent, 1
    if isinstance(key, builtins.slice):
        return _bounds(key, extent)
    if not isinstance(key, int | Dim) or isinstance(key, bool):
        raise ShapeError(
            "a subscript", expected="integers, slices, None, ... or indices", got=repr(key), at=repr(x.type)
        )
    start = extent + key if isinstance(key, int) and key < 0 else key
    if dims.bounds(start)[0] < 0 or dims.bounds(extent - start)[0] < 1:
        raise ShapeError("a subscript", expected=f"an index below {extent}, provably", got=key, at=repr(x.type))
    return start, 1, 1


def _bounds(key: builtins.slice, extent: DimLike) -> tuple[DimLike, DimLike, int]:
    step = 1 if key.step is None else key.step
    if not isinstance(step, int) or step == 0:
        raise ShapeError("a slice", expected="a step other than 0", got=step)

    def limit(end: DimLike) -> DimLike:
        absolute = extent + end if isinstance(end, int) and end < 0 else end
        low, high = (0, extent) if step > 0 else (-1, extent - 1)
        return dims.minimum(dims.maximum(absolute, low), high)

    if step > 0:
        start = 0 if key.start is None else limit(key.start)
        stop = extent if key.stop is None else limit(key.stop)
        return start, dims.maximum(dims.ceil_divide(stop - start, step), 0), step
    start = extent - 1 if key.start is None else limit(key.start)
    stop = -1 if key.stop is None else limit(key.stop)
    return start, dims.maximum(dims.ceil_divide(start - stop, -step), 0), step
