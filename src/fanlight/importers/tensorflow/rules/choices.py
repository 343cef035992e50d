"""What do TensorFlow's choices mean? The largest, places in sorted rows, boxes that do not overlap; and of what shapes
and constants tell, which elements are there.

An array's shape is known before a page runs, so a result of as many elements as the data say is refused.
"""

from __future__ import annotations

from math import inf
from typing import Any

from fanlight.importers.tensorflow.rules.table import dtype_named, op
from fanlight.ir import dim as dims
from fanlight.ir.dim import DimLike
from fanlight.ir.graph import Value
from fanlight.ops import functions as fn
from fanlight.ops.known import written

NOTE = "what depends on data"


@op("TopKV2", settings=(1,))
def top_k(use: Any, x: Value, count: Value) -> tuple[Value, Value]:
    (k,) = use.dims(count, "k")
    return largest(use, x, k, dtype_named(use, use["index_type"] or "int32"))


@op("TopK")
def top_k_of(use: Any, x: Value) -> tuple[Value, Value]:
    return largest(use, x, use["k"], "int32")


def largest(use: Any, x: Value, k: DimLike, dtype: str) -> tuple[Value, Value]:
    values, places = fn.top_k(x, k)
    return values, fn.cast(places, dtype)


@op("InTopKV2")
def in_top_k(use: Any, predictions: Value, targets: Value, count: Value) -> Value:
    (k,) = use.ints(count, "k")
    return fn.in_top_k(targets, predictions, k)


@op("InTopK")
def in_top_k_of(use: Any, predictions: Value, targets: Value) -> Value:
    return fn.in_top_k(targets, predictions, use["k"])


@op("LowerBound")
def lower_bound(use: Any, x: Value, values: Value) -> Value:
    return before(use, fn.less(fn.expand_dims(x, 1), fn.expand_dims(values, 2)))


@op("UpperBound")
def upper_bound(use: Any, x: Value, values: Value) -> Value:
    return before(use, fn.less_equal(fn.expand_dims(x, 1), fn.expand_dims(values, 2)))


@op("Bucketize")
def bucketize(use: Any, x: Value) -> Value:
    import numpy as np

    edges = written(np.asarray(use["boundaries"] or [], "float32"), "float32")
    smaller = fn.greater_equal(fn.expand_dims(fn.cast(x, "float32"), -1), edges)
    return fn.sum(fn.cast(smaller, "int32"), -1)


def before(use: Any, smaller: Value) -> Value:
    """How many elements of a sorted row come before each value."""
    return fn.cast(fn.sum(fn.cast(smaller, "int32"), 2), dtype_named(use, use["out_type"]))


# What shapes and constants tell


def content(use: Any, value: Value, what: str) -> Any:
    found = use.array(value, what)
    if found.dtype == object:
        raise use.refuse(f"{what} of known numbers", "open lengths")
    return found


def made(array: Any, dtype: str) -> Value:
    return written(array.astype(dtype), dtype)


@op("Where", settings=(0,), note=NOTE)
def where(use: Any, x: Value) -> Value:
    import numpy

    return made(numpy.argwhere(content(use, x, "an array")), "int64")


@op("Unique", settings=(0,), note=NOTE)
def unique(use: Any, x: Value) -> tuple[Value, Value]:
    return distinct(use, content(use, x, "an array"), x.dtype)


@op("UniqueV2", settings=(0, 1), note=NOTE + "; rows")
def unique_along(use: Any, x: Value, axis: Value) -> tuple[Value, Value]:
    if use.ints(axis, "an axis") not in ((), (0,)) or x.rank != 1:
        raise use.refuse("an array of rank 1", x.type)
    return distinct(use, content(use, x, "an array"), x.dtype)


def distinct(use: Any, array: Any, dtype: str) -> tuple[Value, Value]:
    """The distinct elements in the order in which they come, and for each element which one it is."""
    import numpy

    _, firsts, numbers = numpy.unique(array, True, True)
    order = numpy.argsort(firsts)
    index = dtype_named(use, use["out_idx"])
    return made(array[firsts[order]], dtype), made(numpy.argsort(order)[numbers.reshape(-1)], index)


@op("ListDiff", settings=(0, 1), note=NOTE)
def difference(use: Any, x: Value, y: Value) -> tuple[Value, Value]:
    import numpy

    array = content(use, x, "an array")
    places = numpy.flatnonzero(~numpy.isin(array, content(use, y, "an array")))
    return made(array[places], x.dtype), made(places, dtype_named(use, use["out_idx"]))


# Boxes


PADDED = "pad_to_max_output_size=True, since how many boxes are left depends on data"


@op("NonMaxSuppressionV4", settings=(2, 3, 4), note="without pad_to_max_output_size")
def suppress(use: Any, boxes: Value, scores: Value, most: Value, overlap: Value, least: Value) -> tuple[Value, Value]:
    if not use["pad_to_max_output_size"]:
        raise use.refuse(PADDED, "False")
    places, _, count = chosen(use, boxes, scores, most, overlap, least, None)
    return places, count


@op("NonMaxSuppressionV5", settings=(2, 3, 4, 5), note="without pad_to_max_output_size")
def suppress_softly(
    use: Any, boxes: Value, scores: Value, most: Value, overlap: Value, least: Value, sigma: Value
) -> tuple[Value, Value, Value]:
    if not use["pad_to_max_output_size"]:
        raise use.refuse(PADDED, "False")
    return chosen(use, boxes, scores, most, overlap, least, sigma)


@op(
    "NonMaxSuppression",
    "NonMaxSuppressionV2",
    "NonMaxSuppressionV3",
    note="always refused: how many boxes are left depends on data",
)
def suppress_by_data(use: Any, *operands: Value) -> Value:
    raise use.refuse("NonMaxSuppressionV4 or V5 with " + PADDED, use.node.op)


def chosen(
    use: Any, boxes: Value, scores: Value, most: Value, overlap: Value, least: Value, sigma: Value | None
) -> tuple[Value, Value, Value]:
    """Boxes by falling scores, each without those that overlap it; what is left of `most` places is 0."""
    (count,) = use.ints(most, "a number of boxes")
    a, b = (fn.slice(boxes, (0, k), (boxes.shape[0], 2)) for k in (0, 2))
    low, high = fn.minimum(a, b), fn.maximum(a, b)
    area = fn.prod(fn.subtract(high, low), 1)
    rows = fn.iota(scores.shape, 0)
    pace = None if sigma is None else float(content(use, sigma, "sigma").item())

    def step(k: Any, state: Any) -> Any:
        left, places, points, number = state
        best = fn.argmax(left, 0)
        score = fn.gather(left, [best], (0,))
        is_good = fn.logical_and(fn.greater(score, least), fn.greater(score, -inf))
        sides = fn.subtract(
            fn.minimum(high, fn.expand_dims(fn.gather(high, [best], (0,)), 0)),
            fn.maximum(low, fn.expand_dims(fn.gather(low, [best], (0,)), 0)),
        )
        both = fn.prod(fn.maximum(sides, 0.0), 1)
        own = fn.gather(area, [best], (0,))
        is_real = fn.logical_and(fn.greater(area, 0.0), fn.greater(own, 0.0))
        whole = fn.where(is_real, fn.subtract(fn.add(area, own), both), 1.0)
        share = fn.where(is_real, fn.divide(both, whole), 0.0)
        decayed = left if not pace else fn.multiply(left, fn.exp(fn.multiply(fn.square(share), -0.5 / pace)))
        gone = fn.equal(rows, best)
        gone = gone if pace else fn.logical_or(gone, fn.greater(share, overlap))  # what decays stays
        left = fn.where(is_good, fn.where(gone, -inf, decayed), left)
        here = fn.logical_and(fn.equal(fn.iota((count,), 0), k), is_good)
        places, points = fn.where(here, best, places), fn.where(here, score, points)
        return left, places, points, fn.add(number, fn.cast(is_good, "int32"))

    start = (scores, fn.zeros((count,), "int32"), fn.zeros((count,)), fn.full((), 0, "int32"))
    rounds = dims.minimum(boxes.shape[0], count)
    _, places, points, number = fn.fori_loop(0, rounds, step, tuple(fn.stop_gradient(each) for each in start))
    return places, points, number
