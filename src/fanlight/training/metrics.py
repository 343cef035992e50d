"""How good is a prediction? Keras's metrics by name, as one number for each row, so that averages over batches are
exact.

A training step gives the sum over the rows and their count; whoever runs it divides. Knows no optimizer, no data.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from fanlight.errors import UnknownNameError
from fanlight.ir.graph import Value
from fanlight.ir.types import Type
from fanlight.ops import functions as fn
from fanlight.training import losses
from fanlight.training.loss import Logits


@dataclass(frozen=True)
class Metric:
    """`each(target, prediction, logits)` gives `[batch, ...]`; the metric is its mean. `name` is what logs call it."""

    name: str
    each: Callable[[Value, Value, Logits], Value]


def as_numbers(matches: Value) -> Value:
    return fn.cast(matches, "float32")


def binary_accuracy(target: Value, prediction: Value, logits: Logits = None) -> Value:
    """Whether prediction > 0.5 says what the target says."""
    return as_numbers(fn.equal(as_numbers(prediction > 0.5), target))


def categorical_accuracy(target: Value, prediction: Value, logits: Logits = None) -> Value:
    """Whether target and prediction are largest at the same class."""
    return as_numbers(fn.equal(fn.argmax(target, axis=-1), fn.argmax(prediction, axis=-1)))


def sparse_categorical_accuracy(target: Value, prediction: Value, logits: Logits = None) -> Value:
    """Whether the prediction is largest at the class that the target names."""
    return as_numbers(fn.equal(target, fn.argmax(prediction, axis=-1)))


def sparse_top_k_categorical_accuracy(target: Value, prediction: Value, logits: Logits = None) -> Value:
    """Whether the class that the target names is among the 5 largest: fewer than 5 are larger."""
    classes = fn.arange(int(prediction.shape[-1]))  # type: ignore[arg-type]
    is_right = fn.equal(fn.expand_dims(target, -1), classes)
    own = fn.sum(fn.where(is_right, prediction, 0.0), axis=-1, keepdims=True)
    larger = fn.sum(fn.cast(prediction > own, "int32"), axis=-1)
    return as_numbers(larger < 5)


FUNCTIONS: dict[str, Callable[[Value, Value, Logits], Value]] = {
    "binary_accuracy": binary_accuracy,
    "categorical_accuracy": categorical_accuracy,
    "sparse_categorical_accuracy": sparse_categorical_accuracy,
    "sparse_top_k_categorical_accuracy": sparse_top_k_categorical_accuracy,
}


def get(identifier: Any, target: Type, prediction: Type) -> Metric:
    """The metric of a name, of a traced function of (target, prediction), or itself.

    "accuracy" (or "acc") is chosen by shape as in Keras: binary for one output, sparse where targets are numbers of
    classes, else categorical. Every loss is a metric too.
    """
    if isinstance(identifier, Metric):
        return identifier
    if callable(identifier):
        function: Callable[[Value, Value], Any] = identifier
        return Metric(getattr(function, "__name__", "metric"), lambda t, p, _: function(t, p))
    if identifier in ("accuracy", "acc"):
        return Metric(identifier, accuracy_for(target, prediction))
    if identifier in FUNCTIONS:
        return Metric(identifier, FUNCTIONS[identifier])
    if losses.ALIASES.get(identifier, identifier) in losses.LOSSES:
        return Metric(identifier, losses.get(identifier).each)
    known = ["accuracy", *FUNCTIONS, *losses.LOSSES, *losses.ALIASES]
    raise UnknownNameError("metric", expected=f"one of {', '.join(known)}, or a function", got=repr(identifier))


def accuracy_for(target: Type, prediction: Type) -> Callable[[Value, Value, Logits], Value]:
    """Keras's choice: see `is_binary_or_sparse_categorical` in keras/src/trainers/compile_utils.py."""
    if prediction.shape[-1] == 1:
        return binary_accuracy
    return sparse_categorical_accuracy if target.rank < prediction.rank else categorical_accuracy


def rows(each: Value) -> Value:
    """`[batch, ...]` to `[batch]`: the mean over what a row has."""
    return each if each.rank == 1 else fn.mean(each, axis=tuple(range(1, each.rank)))


def names(metrics: Sequence[Any]) -> list[str]:
    """What logs call these metrics."""
    found = [m if isinstance(m, str) else getattr(m, "name", getattr(m, "__name__", "metric")) for m in metrics]
    if len(set(found)) != len(found):
        raise UnknownNameError("metrics", expected="different names", got=found)
    return found
