"""Which elements does an array of indices ask for? take, gather, one-hot codes.

Indices that are data are clamped to the array; `take` counts negative ones from the end.
"""

from __future__ import annotations

from collections.abc import Sequence

from fanlight.errors import DtypeError, ShapeError
from fanlight.ir.dim import DimLike
from fanlight.ir.graph import Value, apply
from fanlight.ir.types import DTYPES
from fanlight.ops import gather as rows
from fanlight.ops.pointwise import add, cast, equal, less, where
from fanlight.ops.promote import Operand, as_value, broadcast, broadcast_shape, stretched
from fanlight.ops.reductions import size_of
from fanlight.ops.shapes import expand_dims, iota, normal_axes, reshape

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
