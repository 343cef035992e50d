"""What do TensorFlow Lite's reductions mean? What TensorFlow's do: sums, means, extremes, places, running sums."""

from __future__ import annotations

from typing import Any

from fanlight.importers.tensorflow.rules import reduction as tensorflow
from fanlight.importers.tflite.rules.fixed import MOST_PLACES, centred, multiplier_of, narrowed, scaled
from fanlight.importers.tflite.rules.table import given, is_quantized, made, op
from fanlight.ir import dim as dims
from fanlight.ir.graph import Value
from fanlight.ops import functions as fn

for _name, _function in (
    ("REDUCE_PROD", fn.prod),
    ("REDUCE_ANY", fn.any),
    ("REDUCE_ALL", fn.all),
):
    op(_name, settings=(1,))(tensorflow.reduced(_function))
for _name, _function in (("REDUCE_MAX", fn.max), ("REDUCE_MIN", fn.min)):
    op(_name, bytes_="raw", settings=(1,))(tensorflow.reduced(_function))
op("CUMSUM", settings=(1,))(tensorflow.cumsum)
op("ARG_MAX", bytes_="raw", settings=(1,))(tensorflow.argmax)
op("ARG_MIN", bytes_="raw", settings=(1,))(tensorflow.argmin)


@op("SUM", bytes_="own", settings=(1,))
def total(use: Any, x: Value, axes: Value) -> Value:
    old, new = given(use, 0), made(use)
    if not is_quantized(use) or old is None or new is None:
        return tensorflow.reduced(fn.sum)(use, x, axes)
    found = fn.sum(centred(x, old["zero"]), tensorflow.axes_of(use, axes), keepdims=bool(use["keep_dims"]))
    return narrowed(scaled(found, *multiplier_of(old["scale"] / new["scale"])), new)


@op("MEAN", bytes_="own", settings=(1,))
def mean(use: Any, x: Value, axes: Value) -> Value:
    """Of 8-bit numbers the sum, times a factor that divides too."""
    old, new = given(use, 0), made(use)
    if not is_quantized(use) or old is None or new is None:
        return tensorflow.mean(use, x, axes)
    axis = tensorflow.axes_of(use, axes)
    total = fn.sum(centred(x, old["zero"]), axis, keepdims=bool(use["keep_dims"]))
    count = dims.product(x.shape[k] for k in {each % x.rank for each in axis})
    if not isinstance(count, int) or count < 1:
        raise use.refuse("means of a known number of 8-bit numbers", x.type)
    multiplier, shift = multiplier_of(old["scale"] / new["scale"])
    places = min(count.bit_length() - 1, MOST_PLACES + shift)
    return narrowed(scaled(total, (multiplier << places) // count, shift - places), new)


@op("SEGMENT_SUM", settings=(1,), note="numbers of segments that depend on data")
def segment_sum(use: Any, x: Value, ids: Value) -> Value:
    return fn.segment_sum(x, ids, tensorflow.known_count(use, ids))
