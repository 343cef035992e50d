"""What becomes of the scores of ONNX's learners? Transforms of them, and labels of classes."""

from __future__ import annotations

from typing import Any

from fanlight.ir.graph import Value
from fanlight.ops import functions as fn
from fanlight.ops import known

TRANSFORMS = ("NONE", "SOFTMAX", "LOGISTIC", "SOFTMAX_ZERO", "PROBIT")


def transformed(use: Any, y: Value, kind: str) -> Value:
    """Scores [rows, several] by one of the transforms."""
    if kind not in TRANSFORMS:
        raise use.error(f"post_transform among {', '.join(TRANSFORMS)}", repr(kind))
    if kind == "NONE":
        return y
    if y.shape[1] == 1:  # runtimes leave a single score as it is, the standard does not
        raise use.refuse("post_transform NONE of a single score", kind)
    match kind:
        case "SOFTMAX":
            return fn.softmax(y)
        case "LOGISTIC":
            return fn.sigmoid(y)
        case "SOFTMAX_ZERO":
            return softmax_zero(y)
    raise use.refuse("post_transform NONE, SOFTMAX, LOGISTIC or SOFTMAX_ZERO", kind)


def softmax_zero(y: Value) -> Value:
    """A softmax in which zeros stay zeros."""
    top = fn.max(y, 1, keepdims=True)
    powers = fn.where(fn.greater(fn.absolute(y), 1e-7), fn.exp(fn.subtract(y, top)), 0.0)
    total = fn.sum(powers, 1, keepdims=True)
    return fn.where(fn.equal(total, 0.0), 0.5, fn.divide(powers, fn.where(fn.equal(total, 0.0), 1.0, total)))


def labelled(use: Any, places: Value) -> Value:
    """The labels of classes at these places. Strings, which Fanlight does not have, must not be asked for."""
    labels = use["labels"]
    if any(isinstance(each, str) for each in labels):
        if use.wants(0):
            raise use.refuse("numbers as labels of classes", f"strings: {labels[:3]}")
        return fn.cast(places, "int64")
    return fn.take(known.joined(labels, "int64"), places, 0)
