"""Which elements does `x[...]` ask for? Integers, slices, None, `...` and arrays of indices, as NumPy has them.

Slices of open axes stay inside them. Positions that are data are clamped; negative ones count from the end.
"""

from __future__ import annotations

import builtins
from typing import Any

from fanlight.errors import DtypeError, ShapeError
from fanlight.ir import dim as dims
from fanlight.ir.dim import Dim, DimLike
from fanlight.ir.graph import Value
from fanlight.ops.indexing import as_index, from_end, gather
from fanlight.ops.promote import Operand, as_value, constant
from fanlight.ops.shapes import flip, moveaxis, reshape, slice, stack, zeros

__all__ = ["get_item"]


def get_item(x: Operand, key: Any) -> Value:
    """`x[key]`: integers, slices with any step, None, `...`, and arrays (or lists) of integers, as in NumPy.

    Axes of arrays of indices come where the first of them stood; in front, where something stands between them.

    Differs: arrays of bools, whose result has no known shape, raise DtypeError; use `where`."""
    return getitem(as_value(x), key)


def getitem(x: Value, key: Any) -> Value:
    """`x[key]`; see `get_item`."""
    keys = [_listed(each) for each in (key if isinstance(key, tuple) else (key,))]
    used = builtins.sum(1 for each in keys if each is not None and each is not Ellipsis)
    dots = [place for place, each in enumerate(keys) if each is Ellipsis]
    if len(dots) > 1 or used > x.rank:
        raise ShapeError("a subscript", expected=f"at most {x.rank} indices and one ...", got=key, at=repr(x.type))
    place = dots[0] if dots else len(keys)
    keys[place : place + 1] = [builtins.slice(None)] * (x.rank - used)
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
    indexed: list[int] = []
    for each in keys:
        extent = 1 if each is None else next(rest)
        if isinstance(each, Value):
            indexed.append(len(shape))
        if each is None or isinstance(each, builtins.slice | Value):
            shape.append(extent)
    value = reshape(value, shape)
    arrays = [each for each in keys if isinstance(each, Value)]
    return _gathered(value, arrays, indexed, _is_apart(keys)) if arrays else value


def _listed(key: Any) -> Any:
    """A list of integers as an array of indices."""
    if not isinstance(key, list):
        return key
    if any(isinstance(each, bool) or not isinstance(each, int | list) for each in key):
        raise DtypeError("a subscript", expected="a list of integers", got=repr(key))
    items = [_listed(each) if isinstance(each, list) else constant(each, "int32") for each in key]
    return stack(items, 0) if items else zeros((0,), "int32")


def _is_apart(keys: list[Any]) -> bool:
    """Does a slice or None stand between indices, of which integers beside arrays are some?"""
    places = [k for k, each in enumerate(keys) if each is not None and not isinstance(each, builtins.slice)]
    return places[-1] - places[0] >= len(places)


def _gathered(x: Value, arrays: list[Value], axes: list[int], to_front: bool) -> Value:
    if any(each.dtype == "bool" for each in arrays):
        what = "integers, slices, None, ... or arrays of integers"
        raise DtypeError("a subscript", expected=what, got="an array of bools", do="use fl.where(mask, x, 0), say")
    positions = [from_end(as_index(each), x.shape[axis]) for each, axis in zip(arrays, axes, strict=True)]
    found = gather(x, positions, axes)
    count = found.rank - (x.rank - len(axes))
    first = range(axes[0], axes[0] + count)
    return moveaxis(found, tuple(first), tuple(range(count))) if to_front else found


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
