"""How are elements written at positions that are data? scatter, updates in place, codes with several ones.

Negative positions count from the end; updates at positions outside are dropped. Updates are taken in row-major order:
of several at one position the last one stays, or they are combined.
"""

from __future__ import annotations

from collections.abc import Sequence

from fanlight.errors import DtypeError, ShapeError
from fanlight.ir.dim import DimLike
from fanlight.ir.graph import Value, apply
from fanlight.ops.dynamic import UpdateSlice
from fanlight.ops.gather import Gather
from fanlight.ops.indexing import as_index, from_end, one_hot
from fanlight.ops.pointwise import cast
from fanlight.ops.promote import Operand, as_value, broadcast_shape, stretched
from fanlight.ops.reductions import max
from fanlight.ops.scatter import COMBINES, Scatter
from fanlight.ops.shapes import full, iota, normal_axes, reshape, slice, squeeze, zeros

__all__ = [
    "multi_hot", "put_along_axis", "scatter", "scatter_update", "slice_update",
]  # fmt: skip

REDUCTIONS = {None: "", "add": "add", "mul": "mul", "multiply": "mul", "max": "max", "min": "min"}


def scatter_into(
    x: Value,
    updates: Operand,
    positions: Sequence[Value],
    axes: Sequence[int],
    batch: int = 0,
    reduction: str | None = None,
) -> Value:
    """x with updates at int32 positions (from 0 on) along ascending axes, after `batch` shared ones."""
    if reduction not in REDUCTIONS:
        raise DtypeError("reduction", expected=f"one of {', '.join(map(repr, REDUCTIONS))}", got=repr(reduction))
    combine = REDUCTIONS[reduction]
    assert combine in COMBINES
    if any(x.shape[axis] == 0 for axis in axes):
        return x  # nothing is inside
    wanted = Gather(tuple(axes), batch).infer(x.type, *(each.type for each in positions))
    update = as_value(updates, x.dtype)
    lead = wanted.rank - update.rank
    if lead < 0 or any(n not in (1, m) for n, m in zip(update.shape, wanted.shape[lead:], strict=True)):
        raise ShapeError("updates", expected=f"{wanted}, or what can be broadcast to it", got=update.type)
    return apply(Scatter(tuple(axes), batch, combine), x, stretched(update, wanted.shape), *positions)


def ungather(g: Value, x: Value, positions: Sequence[Value], axes: tuple[int, ...], batch: int) -> Value:
    """The gradient of `gather`: zeros, to which each element of g is added where it came from."""
    return apply(Scatter(axes, batch, "add", "clip"), zeros(x.shape), g, *positions)


def scatter(indices: Operand, values: Operand, shape: Sequence[DimLike]) -> Value:
    """An array of zeros of this shape, to which values are added at positions: `indices[..., k]` is that along axis k.

    Axes that no index names are those of the values. Indices outside are dropped.

    >>> fl.scatter([[0], [2], [0]], [1.0, 2.0, 3.0], (4,))
    [4., 0., 2., 0.]
    """
    value = as_value(values)
    return scatter_update(full(tuple(shape), 0, value.dtype), indices, value, "add")


def scatter_update(inputs: Operand, indices: Operand, updates: Operand, reduction: str | None = None) -> Value:
    """`inputs` with updates at positions: `indices[..., k]` is that along axis k; the result is a new array.

    `reduction` is how an update meets what is there: None replaces it (the last one stays), or add, max, min, mul.
    Equal maxima share the gradient.
    """
    x, index = as_value(inputs), as_index(indices)
    depth = index.shape[-1] if index.rank else 0
    if not isinstance(depth, int) or not 0 < depth <= x.rank:
        raise ShapeError("scatter_update", expected=f"indices[..., k] for 1 to {x.rank} axes", got=index.type)
    lead = index.shape[:-1]
    columns = [squeeze(slice(index, (*(0,) * len(lead), k), (*lead, 1)), -1) for k in range(depth)]
    positions = [from_end(column, x.shape[k]) for k, column in enumerate(columns)]
    return scatter_into(x, updates, positions, range(depth), 0, reduction)


def slice_update(inputs: Operand, start_indices: Operand | Sequence[Operand], updates: Operand) -> Value:
    """`inputs` with a block replaced by the updates, from `start_indices` on; these may be values.

    Negative starts count from the end; the block is then moved so that it lies inside.
    """
    x = as_value(inputs)
    block = as_value(updates, x.dtype)
    if isinstance(start_indices, Value):
        if start_indices.shape != (x.rank,):
            raise ShapeError("slice_update", expected=f"a start for each axis of {x.type}", got=start_indices.type)
        starts = [squeeze(slice(start_indices, (k,), (1,)), 0) for k in range(x.rank)]
    else:
        starts = list(start_indices) if isinstance(start_indices, Sequence) else [start_indices]
    if len(starts) != x.rank or block.rank != x.rank:
        raise ShapeError("slice_update", expected=f"a start and a length for each axis of {x.type}", got=block.type)
    places = (from_end(as_index(start), extent) for start, extent in zip(starts, x.shape, strict=True))
    return apply(UpdateSlice(), x, block, *places)


def put_along_axis(
    x: Operand, indices: Operand, values: Operand, axis: int | None = None, reduction: str | None = None
) -> Value:
    """x where `x[i, indices[i, j, k], k]`, for axis 1, is `values[i, j, k]`, or combined with it; the result is new.

    The mirror of `take_along_axis`. Without an axis, all are flat.
    """
    value, index = as_value(x), as_index(indices)
    if axis is None:
        flat = put_along_axis(reshape(value, (-1,)), reshape(index, (-1,)), _flat(values), 0, reduction)
        return reshape(flat, value.shape)
    (k,) = normal_axes(axis, value.rank)
    if index.rank != value.rank:
        raise ShapeError("put_along_axis", expected=f"indices of rank {value.rank} for {value.type}", got=index.type)
    others = broadcast_shape(*((*each[:k], *each[k + 1 :]) for each in (value.shape, index.shape)))
    index = stretched(index, (*others[:k], index.shape[k], *others[k:]))
    if (*value.shape[:k], *value.shape[k + 1 :]) != others:
        raise ShapeError("put_along_axis", expected=f"indices that fit {value.type}", got=index.type)
    rest = [iota(index.shape, j) for j in range(k + 1, value.rank)]
    positions = [from_end(index, value.shape[k]), *rest]
    return scatter_into(value, values, positions, range(k, value.rank), k, reduction)


def _flat(values: Operand) -> Operand:
    return reshape(values, (-1,)) if isinstance(values, Value) and values.rank else values


def multi_hot(
    inputs: Operand, num_classes: int, axis: int = -1, dtype: str | None = None, sparse: bool = False
) -> Value:
    """1 at each position that occurs among the classes of a row, else 0; classes outside are left out. float32.

    The rows are axis 1 of the inputs, or all of them for rank 1.

    Differs: there are no sparse tensors."""
    if sparse:
        raise DtypeError("multi_hot", expected="sparse=False", got="sparse=True", do="use the dense result")
    index = cast(inputs, "int32")
    if index.rank not in (1, 2) or normal_axes(axis, index.rank + 1) != (index.rank,):
        return max(one_hot(index, num_classes, axis, dtype), axis=1 if index.rank > 1 else 0)
    # Where classes stand last, a 1 is written for each, without an array of codes; negative ones are outside.
    batch = index.rank - 1
    blank = zeros((*index.shape[:-1], num_classes), dtype or "float32")
    return scatter_into(blank, 1, [index], (batch,), batch)
