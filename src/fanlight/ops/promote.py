"""How do operands of different dtypes and shapes meet? Promotion and broadcasting, as casts and copies in the graph.

In: values and Python numbers. Out: values of one dtype and shape. A Python number is weak: it takes the other operand's
dtype, but a float makes integers float32. Promotion follows Keras 3, with JAX's 64-bit integers enabled.
"""

from __future__ import annotations

import numbers
from collections.abc import Iterable
from typing import Any

from fanlight.errors import DtypeError, ShapeError
from fanlight.ir.dim import DimLike
from fanlight.ir.graph import Constant, Op, Value, apply
from fanlight.ir.number import integer_range
from fanlight.ir.types import DTYPES, Shape, is_float
from fanlight.ops.comparison import Cast
from fanlight.ops.movement import BroadcastTo

Operand = Value | int | float | bool

RANGES = {dtype: integer_range(dtype) for dtype, (_, _, kind) in DTYPES.items() if kind == "int"}


def number(value: Any) -> int | float | bool:
    """`value` as a plain Python number; raises DtypeError where it is none."""
    if isinstance(value, bool):
        return value
    if isinstance(value, numbers.Integral):
        return int(value)
    if isinstance(value, numbers.Real):
        return float(value)
    raise DtypeError("an operand", expected="a traced value or a number", got=f"{type(value).__name__} {value!r:.60}")


def constant(value: Any, dtype: str) -> Value:
    """A number of rank 0. Raises DtypeError where an integer dtype cannot hold it."""
    value = number(value)
    if dtype in RANGES:
        low, high = RANGES[dtype]
        if value != value or value in (float("inf"), float("-inf")) or int(value) != value or not low <= value <= high:
            raise DtypeError("a constant", expected=f"a whole number from {low} to {high} for {dtype}", got=value)
        return apply(Constant(int(value), dtype))
    if dtype not in DTYPES:
        raise DtypeError("a constant", expected=f"one of {', '.join(DTYPES)}", got=repr(dtype))
    return apply(Constant(float(value) if is_float(dtype) else bool(value), dtype))


def result_dtype(*operands: Operand) -> str:
    """The dtype in which operands meet."""
    strong = {x.dtype for x in operands if isinstance(x, Value)}
    weak = {type(number(x)) for x in operands if not isinstance(x, Value)}
    if "float32" in strong or float in weak:
        return "float32"
    if "int64" in strong or ("uint32" in strong and strong & {"int32", "int8"}):
        return "int64"
    if {"uint8", "int8"} <= strong:
        return "int32"  # there is no int16
    for dtype in ("int32", "uint32", "uint8", "int8"):
        if dtype in strong:
            return dtype
    return "int32" if int in weak else "bool"


def as_value(x: Operand, dtype: str | None = None) -> Value:
    """`x` as a value, cast to `dtype` where one is given; a number without one gets int32, float32 or bool."""
    if not isinstance(x, Value):
        return constant(x, dtype or result_dtype(x))
    return x if dtype is None or x.dtype == dtype else apply(Cast(dtype), x)


def broadcast_shape(*shapes: Shape) -> Shape:
    """The shape that arrays of these shapes have together, aligned from the right; ShapeError where there is none."""
    rank = max(map(len, shapes), default=0)
    result: list[DimLike] = []
    for k in range(-rank, 0):
        extents: list[DimLike] = []
        for shape in shapes:
            if len(shape) >= -k and shape[k] != 1 and shape[k] not in extents:
                extents.append(shape[k])
        if len(extents) > 1:
            text = " and ".join(str(list(shape)) for shape in shapes)
            raise ShapeError("broadcasting", expected="equal lengths, or 1", got=text, at=f"axis {k}")
        result.append(extents[0] if extents else 1)
    return tuple(result)


def stretched(x: Value, shape: Shape) -> Value:
    """`x` repeated to fill `shape`."""
    return x if x.shape == shape else apply(BroadcastTo(shape), x)


def broadcast(values: Iterable[Value]) -> list[Value]:
    """`values` with one shape."""
    values = list(values)
    shape = broadcast_shape(*(x.shape for x in values))
    return [stretched(x, shape) for x in values]


def elementwise(op: Op, *operands: Operand, dtype: str | None = None) -> Value:
    """An elementwise op on operands that are first brought to one shape and dtype (this one, or where they meet)."""
    dtype = dtype or result_dtype(*operands)
    return apply(op, *broadcast(as_value(x, dtype) for x in operands))
