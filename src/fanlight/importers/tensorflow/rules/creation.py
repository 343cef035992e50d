"""What do TensorFlow's operations mean that make arrays? Of shapes, of numbers in a row, of one number, by lot.

What depends on shapes alone is known while others are traced by it (`ops.known`). Numbers by lot are drawn anew at each
call; a seed gives others than TensorFlow's.
"""

from __future__ import annotations

from typing import Any

from fanlight.importers.tensorflow.rules.table import dtype_named, op
from fanlight.ir import dim as dims
from fanlight.ir.dim import Dim
from fanlight.ir.graph import Value
from fanlight.ops import functions as fn
from fanlight.ops import known

# Of shapes


@op("Shape")
def shape(use: Any, x: Value) -> Value:
    return known.joined(x.shape, dtype_named(use, use["out_type"]))


@op("ShapeN")
def shapes(use: Any, *xs: Value) -> tuple[Value, ...]:
    return tuple(shape(use, x) for x in xs)


@op("Size")
def size(use: Any, x: Value) -> Value:
    return fn.size_of(x.type.count, dtype_named(use, use["out_type"]))


@op("Rank")
def rank(use: Any, x: Value) -> Value:
    return fn.full((), x.rank, "int32")


@op("BroadcastArgs", settings=(0, 1))
def broadcast_shape(use: Any, a: Value, b: Value) -> Value:
    one, two = (fn.zeros(use.dims(each, "a shape"), "int32") for each in (a, b))
    return known.joined(fn.add(one, two).shape, a.dtype)


# Of numbers


@op("Const")
def constant(use: Any) -> Value:
    from fanlight.importers.graphs import run

    return run.constant(use["value"])


@op("Fill", settings=(0,))
def fill(use: Any, extents: Value, value: Value) -> Value:
    return fn.broadcast_to(value, use.dims(extents, "a shape"))


@op("ZerosLike")
def zeros_like(use: Any, x: Value) -> Value:
    return fn.zeros_like(x)


@op("OnesLike")
def ones_like(use: Any, x: Value) -> Value:
    return fn.ones_like(x)


@op("Range", settings=(0, 1, 2))
def arange(use: Any, start: Value, limit: Value, delta: Value) -> Value:
    ends = [use.array(each, "ends").item() for each in (start, limit, delta)]
    if any(isinstance(each, Dim) for each in ends):
        if isinstance(ends[2], Dim) or ends[2] != 1:
            raise use.refuse("steps of 1, where an end is open", ends)
        low, high = (known.plain(each) for each in ends[:2])
        return fn.add(fn.iota((dims.maximum(high - low, 0),), 0, start.dtype), fn.size_of(low, start.dtype))
    import numpy

    if ends[2] == 0 or (ends[1] - ends[0]) / ends[2] > known.LARGEST:
        raise use.error(f"at most {known.LARGEST} steps", ends)
    count = max(0, int(numpy.ceil((ends[1] - ends[0]) / ends[2])))
    steps = numpy.arange(count).astype(start.dtype) * numpy.array(ends[2], start.dtype)
    return known.written(steps + numpy.array(ends[0], start.dtype), start.dtype)


@op("LinSpace", settings=(2,))
def linspace(use: Any, start: Value, stop: Value, count: Value) -> Value:
    (number,) = use.ints(count, "a number of points")
    if number < 1:
        raise use.error("a number of points from 1 up", number)
    steps = fn.iota((number,), 0, "float32")
    step = fn.divide(fn.subtract(stop, start), float(max(number - 1, 1)))
    return fn.where(fn.equal(steps, float(max(number - 1, 1))), stop, fn.add(start, fn.multiply(steps, step)))


# By lot


def extents_of(use: Any, shape: Value) -> Any:
    return use.dims(shape, "a shape")


def key_of(use: Any) -> Value:
    return use.context.random_key(use["seed"] or None)


@op("RandomUniform", settings=(0,))
def uniform(use: Any, shape: Value) -> Value:
    return fn.random_uniform(key_of(use), extents_of(use, shape))


@op("RandomUniformInt", settings=(0, 1, 2))
def uniform_whole(use: Any, shape: Value, low: Value, high: Value) -> Value:
    (least,), (end,) = use.ints(low, "the least number"), use.ints(high, "an end")
    if not least < end or max(abs(least), abs(end)) > 2**30:
        raise use.refuse("ends in order, within 2^30", (least, end))
    return fn.cast(fn.random_randint(key_of(use), extents_of(use, shape), least, end), low.dtype)


@op("RandomStandardNormal", settings=(0,))
def normal(use: Any, shape: Value) -> Value:
    return fn.random_normal(key_of(use), extents_of(use, shape))


@op("TruncatedNormal", settings=(0,))
def truncated_normal(use: Any, shape: Value) -> Value:
    return fn.random_truncated_normal(key_of(use), extents_of(use, shape))


@op("Multinomial", settings=(1,))
def multinomial(use: Any, logits: Value, count: Value) -> Value:
    (number,) = use.ints(count, "a number of draws")
    drawn = fn.random_categorical(key_of(use), logits, number)
    return fn.cast(drawn, dtype_named(use, use["output_dtype"]))
