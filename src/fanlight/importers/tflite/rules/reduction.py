"""What do TensorFlow Lite's reductions mean? What TensorFlow's do: sums, means, extremes, places, running sums."""

from __future__ import annotations

from typing import Any

from fanlight.importers.tensorflow.rules import reduction as tensorflow
from fanlight.importers.tflite.rules.table import op
from fanlight.ir.graph import Value
from fanlight.ops import functions as fn

for _name, _function in (
    ("SUM", fn.sum),
    ("REDUCE_PROD", fn.prod),
    ("REDUCE_ANY", fn.any),
    ("REDUCE_ALL", fn.all),
):
    op(_name, settings=(1,))(tensorflow.reduced(_function))
for _name, _function in (("REDUCE_MAX", fn.max), ("REDUCE_MIN", fn.min)):
    op(_name, bytes_="raw", settings=(1,))(tensorflow.reduced(_function))
op("MEAN", settings=(1,))(tensorflow.mean)
op("CUMSUM", settings=(1,))(tensorflow.cumsum)
op("ARG_MAX", bytes_="raw", settings=(1,))(tensorflow.argmax)
op("ARG_MIN", bytes_="raw", settings=(1,))(tensorflow.argmin)


@op("SEGMENT_SUM", settings=(1,), note="numbers of segments that depend on data")
def segment_sum(use: Any, x: Value, ids: Value) -> Value:
    return fn.segment_sum(x, ids, tensorflow.known_count(use, ids))
