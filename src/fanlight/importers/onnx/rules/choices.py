"""What do ONNX's operators mean whose shapes depend on data? Compress, NonZero, Unique, NonMaxSuppression.

An array's shape is known before a page runs; so these are for what shapes and constants tell.
"""

from __future__ import annotations

from typing import Any

from fanlight.importers.graphs.table import rule
from fanlight.ir.graph import Value
from fanlight.ops import functions as fn
from fanlight.ops.known import written

MOST = 4096  # numbers that are looked at, or found, one by one
NOTE = "of what shapes and constants tell"


def content(use: Any, value: Value, what: str) -> Any:
    """Known numbers; open lengths are none."""
    found = use.array(value, what)
    if found.dtype == object:
        raise use.refuse(f"{what} of known numbers", "open lengths")
    if found.size > MOST:
        raise use.refuse(f"{what} of at most {MOST} numbers", found.size)
    return found


def made(array: Any, dtype: str) -> Value:
    if array.size > MOST:
        raise NotImplementedError(f"results of more than {MOST} numbers")
    return written(array.astype(dtype), dtype)


@rule("Compress", settings=(1,), note="where the condition is " + NOTE)
def compress(use: Any, x: Value, condition: Value) -> Value:
    import numpy

    kept = content(use, condition, "a condition").reshape(-1)
    axis = use["axis"]
    if axis is None:
        x, axis = fn.reshape(x, (x.type.count,)), 0
    extent = x.shape[axis]
    if isinstance(extent, int) and len(kept) > extent:
        kept = kept[:extent]
    if not isinstance(extent, int):
        raise use.refuse("an axis of known length", x.type)
    places = numpy.flatnonzero(kept)
    axis += x.rank if axis < 0 else 0
    if not len(places):
        return fn.zeros((*x.shape[:axis], 0, *x.shape[axis + 1 :]), x.dtype)
    return fn.take(x, made(places, "int32"), axis)


@rule("NonZero", settings=(0,), note=NOTE)
def nonzero(use: Any, x: Value) -> Value:
    import numpy

    return made(numpy.array(numpy.nonzero(numpy.atleast_1d(content(use, x, "an array")))), "int64")


@rule("Unique", settings=(0,), note=NOTE)
def unique(use: Any, x: Value) -> tuple[Value, ...]:
    import numpy

    array, axis = content(use, x, "an array"), use["axis"]
    flat = array.reshape(-1) if axis is None else array
    k = 0 if axis is None else axis
    _, firsts, numbers, counts = numpy.unique(flat, True, True, True, axis=k)
    if not use["sorted"]:  # in the order in which they come
        order = numpy.argsort(firsts)
        rank = numpy.argsort(order)
        firsts, counts, numbers = firsts[order], counts[order], rank[numbers]
    y = numpy.take(flat, firsts, axis=k)
    return made(y, x.dtype), made(firsts, "int64"), made(numbers.reshape(-1), "int64"), made(counts, "int64")


@rule("NonMaxSuppression", settings=(0, 1, 2, 3, 4), note=NOTE)
def suppress(
    use: Any,
    boxes: Value,
    scores: Value,
    most: Value | None = None,
    overlap: Value | None = None,
    least: Value | None = None,
) -> Value:
    import numpy

    corners = box_corners(content(use, boxes, "boxes"), bool(use["center_point_box"]))
    points = content(use, scores, "scores")
    limit = 0 if most is None else int(content(use, most, "a number of boxes").item())
    share = 0.0 if overlap is None else float(content(use, overlap, "a threshold").item())
    bound = None if least is None else float(content(use, least, "a threshold").item())
    rows = []
    for image in range(points.shape[0]):
        for kind in range(points.shape[1]):
            found: list[int] = []
            is_left = numpy.ones(points.shape[2], bool)
            for k in numpy.argsort(-points[image, kind], kind="stable"):
                if len(found) >= limit or (bound is not None and not points[image, kind, k] > bound):
                    break
                if is_left[k]:
                    found.append(int(k))
                    is_left &= shared(corners[image, k], corners[image]) <= share
            rows += [(image, kind, k) for k in found]
    return made(numpy.array(rows, "int64").reshape(-1, 3), "int64")


def box_corners(boxes: Any, is_centred: bool) -> Any:
    """The low and the high corner of each box."""
    import numpy

    boxes = boxes.astype("float32")
    a, b = boxes[..., :2], boxes[..., 2:]
    if is_centred:
        a, b = a - b / 2, a + b / 2
    return numpy.concatenate([numpy.minimum(a, b), numpy.maximum(a, b)], -1)


def shared(a: Any, others: Any) -> Any:
    """The part of a box and each of others together that both cover."""
    import numpy

    sides = numpy.maximum(numpy.minimum(a[2:], others[:, 2:]) - numpy.maximum(a[:2], others[:, :2]), 0)
    both = sides.prod(-1)
    whole = (a[2:] - a[:2]).prod() + (others[:, 2:] - others[:, :2]).prod(-1) - both
    return numpy.divide(both, whole, out=numpy.zeros_like(both), where=both > 0)
