"""What do TensorFlow's lookup tables mean? The reader gives each node what its table holds, as attributes."""

from __future__ import annotations

from typing import Any

from fanlight.importers.tensorflow.rules.table import op
from fanlight.ir.graph import Value
from fanlight.ops import functions as fn
from fanlight.ops.known import written

MOST_COMPARED = 4096  # keys that are far apart; others are found by their distance from the first
SPARE = 4  # places for one key in a table of all that lie between the first and the last


@op("LookupTableFind", "LookupTableFindV2", note="texts as keys or values")
def find(use: Any, x: Value, default: Value) -> Value:
    import numpy as np

    keys, values = use["keys"], use["values"]
    if not keys.size:
        return fn.broadcast_to(default, (*x.shape, *default.shape))
    first, extent = int(keys.min()), int(keys.max()) - int(keys.min()) + 1
    if extent <= SPARE * keys.size + 1024:
        places = keys - first
        held, is_there = np.zeros((extent, *values.shape[1:]), values.dtype), np.zeros(extent, bool)
        held[places], is_there[places] = values, True
        at = fn.subtract(x, written(np.asarray(first, keys.dtype), x.dtype))
        is_inside = fn.logical_and(fn.greater_equal(at, 0), fn.less(at, extent))
        at = fn.cast(fn.clip(at, 0, extent - 1), "int32")
        found = fn.take(written(held, default.dtype), at, axis=0)
        is_known = fn.logical_and(is_inside, fn.take(written(is_there, "bool"), at, axis=0))
    elif keys.size <= MOST_COMPARED:
        same = fn.equal(fn.expand_dims(x, -1), written(keys, x.dtype))
        is_known = fn.any(same, -1)
        found = fn.take(written(values, default.dtype), fn.argmax(fn.cast(same, "int32"), -1), axis=0)
    else:
        raise use.refuse(f"at most {MOST_COMPARED} keys that are far apart", keys.size)
    for _ in values.shape[1:]:
        is_known = fn.expand_dims(is_known, -1)
    return fn.where(is_known, found, default)


@op("LookupTableSize", "LookupTableSizeV2")
def size(use: Any) -> Value:
    return fn.full((), int(use["keys"].size), "int64")
