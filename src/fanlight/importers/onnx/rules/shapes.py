"""What do ONNX's operators on shapes mean? Lengths as numbers, and arrays made of them.

What they give depends on shapes alone, so that others can be traced by it (`ops.known`).
"""

from __future__ import annotations

from typing import Any

from fanlight.importers.graphs.table import rule
from fanlight.importers.onnx.rules.elementwise import dtype_named
from fanlight.ir.dim import Dim
from fanlight.ir.graph import Value
from fanlight.ops import functions as fn
from fanlight.ops import known


@rule("Shape")
def shape(use: Any, x: Value) -> Value:
    start, end = use["start"] or 0, use["end"]
    return known.joined(x.shape[slice(start, end)], "int64")


@rule("Size")
def size(use: Any, x: Value) -> Value:
    return fn.size_of(x.type.count, "int64")


@rule("Constant")
def constant(use: Any) -> Value:
    from fanlight.importers.graphs import run

    for name, dtype in (("value_float", "float32"), ("value_int", "int64"), ("value_floats", "float32"),
                        ("value_ints", "int64"), ("value", None)):  # fmt: skip
        if (value := use[name]) is not None:
            if dtype is None:
                return run.constant(value)
            return known.joined(value, dtype) if isinstance(value, list) else fn.full((), value, dtype)
    raise use.refuse("a value of numbers", [name for name in use.node.attributes if name != "opset"])


@rule("ConstantOfShape", settings=(0,))
def constant_of_shape(use: Any, extents: Value) -> Value:
    from fanlight.importers.graphs.run import DTYPE_OF

    value = use["value"]
    if value is None:
        return fn.zeros(use.dims(extents, "a shape"), "float32")
    dtype = DTYPE_OF.get(str(value.dtype))
    if dtype is None or value.size != 1:
        raise use.refuse(f"one number of {', '.join(DTYPE_OF)}", value.dtype)
    return fn.full(use.dims(extents, "a shape"), value.item(), dtype)


@rule("Range", settings=(0, 1, 2))
def arange(use: Any, start: Value, limit: Value, delta: Value) -> Value:
    ends = [use.array(each, "ends").item() for each in (start, limit, delta)]
    if any(isinstance(each, Dim) for each in ends):
        if ends[0] != 0 or ends[2] != 1:
            raise use.refuse("a range from 0 in steps of 1, where its end is open", ends)
        return fn.iota((ends[1],), 0, start.dtype)
    import numpy

    if not all(map(numpy.isfinite, ends)) or ends[2] == 0 or (ends[1] - ends[0]) / ends[2] > known.LARGEST:
        raise use.error(f"at most {known.LARGEST} steps", ends)
    steps = fn.iota((len(numpy.arange(*ends)),), 0, start.dtype)
    return fn.add(fn.multiply(steps, ends[2]), ends[0])


@rule("EyeLike")
def eye_like(use: Any, x: Value) -> Value:
    dtype = x.dtype if use["dtype"] is None else dtype_named(use, use["dtype"])
    return fn.eye(x.shape[0], x.shape[1], use["k"], dtype)
