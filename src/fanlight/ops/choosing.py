"""Which of several arrays counts at a place, which place has a number? Choices, and indices by axis."""

from __future__ import annotations

import builtins
import math
from collections.abc import Sequence

from fanlight.errors import ShapeError
from fanlight.ir.graph import Value
from fanlight.ops.indexing import as_index
from fanlight.ops.pointwise import add, clip, floor_divide, less, mod, where
from fanlight.ops.promote import Operand, as_value, result_dtype

__all__ = ["select", "unravel_index"]


def select(condlist: Sequence[Operand], choicelist: Sequence[Operand], default: Operand = 0) -> Value:
    """At each place the choice of the first condition that holds there, or `default`."""
    if len(condlist) != len(choicelist) or not condlist:
        got = f"{len(condlist)} and {len(choicelist)}"
        raise ShapeError("select", expected="as many conditions as choices, at least one", got=got)
    dtype = result_dtype(*choicelist, default)
    found = as_value(default, dtype)
    for condition, choice in builtins.reversed([*zip(condlist, choicelist, strict=True)]):
        found = where(condition, as_value(choice, dtype), found)
    return found


def unravel_index(indices: Operand, shape: Sequence[int]) -> tuple[Value, ...]:
    """The index along each axis of elements that are numbered in row-major order. int32.

    Negative numbers count from the end; those outside are moved to the nearest element."""
    place = as_index(indices)
    extents = (shape,) if isinstance(shape, int) else tuple(shape)
    total = math.prod(extents)
    if total == 0:
        raise ShapeError("unravel_index", expected="a shape with elements", got=shape)
    place = clip(place, -total, total - 1)
    place = where(less(place, 0), add(place, total), place)
    strides = [math.prod(extents[k + 1 :]) for k in range(len(extents))]
    return tuple(mod(floor_divide(place, stride), extent) for stride, extent in zip(strides, extents, strict=True))
