"""How many are right and wrong at a threshold? Counts of positives and negatives, and Keras's metrics of them."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from fanlight.ir.dim import known
from fanlight.ir.graph import Value
from fanlight.ir.types import Type
from fanlight.ops import functions as fn
from fanlight.ops.promote import constant
from fanlight.training.loss import EPSILON
from fanlight.training.metrics.metric import Metric, alike
from fanlight.training.weighting import fitted

TP, FP, TN, FN = "true_positives", "false_positives", "true_negatives", "false_negatives"
LEAST = -1e10  # below all predictions, as in Keras


def between(thresholds: Sequence[float]) -> bool:
    """Whether thresholds lie evenly from 0 to 1, as near as Keras looks."""
    last = len(thresholds) - 1
    return last >= 2 and all(math.isclose(t, k / last, rel_tol=1e-5, abs_tol=EPSILON) for k, t in enumerate(thresholds))


def counts(
    wanted: Sequence[str],
    target: Value,
    prediction: Value,
    weights: Value | None,
    thresholds: Sequence[float],
    by_label: bool = False,
) -> dict[str, Value]:
    """The weighted counts `[thresholds]`, or `[thresholds, labels]`, of a batch: positive is what is above a threshold.

    Even thresholds are compared as whole numbers, as Keras does it: p * (n - 1) > k.
    """
    if between([min(max(t, 0.0), 1.0) for t in thresholds]):
        prediction = fn.clip(prediction, 0.0, 1.0) * float(len(thresholds) - 1)
        steps = fn.arange(len(thresholds), dtype="float32")
        limits = fn.where(fn.equal(steps, 0.0), min(thresholds[0], 0.0), steps)
    else:
        limits = row(thresholds)
    weights = fn.ones_like(prediction) if weights is None else weights
    keep = (-1, known(prediction.shape[-1])) if by_label else (-1,)
    rows = [fn.reshape(each, keep) for each in (target, prediction, fn.broadcast_to(weights, prediction.shape))]
    is_positive, scores, weights = fn.not_equal(rows[0], 0), rows[1], rows[2]
    at = fn.reshape(limits, (len(thresholds),) + (1,) * scores.rank)
    found = {}
    for kind, is_wanted in ((TP, is_positive), (FP, fn.logical_not(is_positive))):
        share = fn.where(is_wanted, weights, 0.0)
        found[kind] = fn.sum(fn.where(fn.expand_dims(scores, 0) > at, fn.expand_dims(share, 0), 0.0), axis=1)
        found[FN if kind == TP else TN] = fn.sum(share, axis=0) - found[kind]
    return {kind: found[kind] for kind in wanted}


@dataclass(frozen=True)
class Counts(Metric):
    """Counts at `thresholds`, or at one: the variables of what is made of them."""

    kinds: ClassVar[tuple[str, ...]] = (TP, FP, TN, FN)

    @property
    @abstractmethod
    def levels(self) -> tuple[float, ...]:
        """The thresholds."""

    def variables(self, target: Type, prediction: Type) -> dict[str, Type]:
        return dict.fromkeys(self.kinds, Type("float32", (len(self.levels),)))

    def adds(self, target: Value, prediction: Value, weights: Value | None) -> dict[str, Value]:
        target, prediction = alike(self, target, prediction)
        weights = None if weights is None else fitted(weights, target.rank)
        top_k, class_id = getattr(self, "top_k", None), getattr(self, "class_id", None)
        if top_k is not None:
            _, best = fn.top_k(prediction, top_k)
            kept = fn.sum(fn.one_hot(best, known(prediction.shape[-1])), axis=-2)
            prediction = prediction * kept + LEAST * (1.0 - kept)
        if class_id is not None:
            if target.rank < 2 or not 0 <= class_id < known(target.shape[-1]):
                raise self.error(f"a class {class_id} on the last axis", prediction.type)
            target, prediction = (each[..., class_id : class_id + 1] for each in (target, prediction))
            if weights is not None and weights.shape[-1] != 1:
                weights = weights[..., class_id : class_id + 1]
        return counts(self.kinds, target, prediction, weights, self.levels)


def row(numbers: Sequence[float]) -> Value:
    """A few numbers as float32 `[n]`."""
    return fn.stack([constant(each, "float32") for each in numbers])


def levels_of(given: float | Sequence[float] | None, otherwise: float, metric: Metric) -> tuple[float, ...]:
    """One threshold or several as a tuple; all from 0 to 1."""
    if given is None:
        return (otherwise,)
    levels = tuple(given) if isinstance(given, Sequence) else (given,)
    if not levels or any(not 0 <= each <= 1 for each in levels):
        raise metric.error("thresholds from 0 to 1", given)
    return levels


def single(values: Value) -> Value:
    """The only one of a row of one; else the row."""
    return values[0] if values.shape[0] == 1 else values


@dataclass(frozen=True)
class _Count(Counts):
    thresholds: float | Sequence[float] | None = None

    def check(self) -> None:
        _ = self.levels

    @property
    def levels(self) -> tuple[float, ...]:
        return levels_of(self.thresholds, 0.5, self)

    def result(self, variables: Mapping[str, Value]) -> Value:
        return single(variables[self.kinds[0]])


class TruePositives(_Count):
    """How many are above a threshold and should be."""

    kinds = (TP,)


class FalsePositives(_Count):
    """How many are above a threshold and should not be."""

    kinds = (FP,)


class TrueNegatives(_Count):
    """How many are not above a threshold and should not be."""

    kinds = (TN,)


class FalseNegatives(_Count):
    """How many are not above a threshold and should be."""

    kinds = (FN,)


@dataclass(frozen=True)
class _Share(Counts):
    thresholds: float | Sequence[float] | None = None
    top_k: int | None = None
    class_id: int | None = None

    def check(self) -> None:
        _ = self.levels

    @property
    def levels(self) -> tuple[float, ...]:
        return levels_of(self.thresholds, 0.5 if self.top_k is None else LEAST, self)

    def result(self, variables: Mapping[str, Value]) -> Value:
        right, wrong = (variables[kind] for kind in self.kinds)
        return single(fn.divide_no_nan(right, right + wrong))


class Precision(_Share):
    """Of what is above a threshold, the share that should be. With `top_k` the k largest of a row are above; with
    `class_id` one class is looked at."""

    direction = "up"

    kinds = (TP, FP)


class Recall(_Share):
    """Of what should be above a threshold, the share that is. With `top_k` the k largest of a row are above; with
    `class_id` one class is looked at."""

    direction = "up"

    kinds = (TP, FN)


@dataclass(frozen=True)
class _Best(Counts):
    """The largest of one share over even thresholds at which another is at least so large."""

    direction = "up"

    limited: ClassVar[tuple[str, str]]  # the share that is held: of the first among both
    best: ClassVar[tuple[str, str]]

    @property
    @abstractmethod
    def least(self) -> float: ...

    @property
    def levels(self) -> tuple[float, ...]:
        count = getattr(self, "num_thresholds", 200)
        return (0.5,) if count == 1 else tuple(k / (count - 1) for k in range(count))

    def check(self) -> None:
        if not 0 <= self.least <= 1 or getattr(self, "num_thresholds", 200) < 1:
            raise self.error("a share from 0 to 1, and a positive num_thresholds", self)

    def result(self, variables: Mapping[str, Value]) -> Value:
        held, found = (
            fn.divide_no_nan(variables[a], variables[a] + variables[b]) for a, b in (self.limited, self.best)
        )
        return fn.maximum(fn.max(fn.where(held >= self.least, found, 0.0)), 0.0)


@dataclass(frozen=True)
class SensitivityAtSpecificity(_Best):
    """The best sensitivity (recall) where the specificity, TN / (TN + FP), is at least `specificity`."""

    specificity: float
    num_thresholds: int = 200
    class_id: int | None = None
    limited, best = (TN, FP), (TP, FN)

    @property
    def least(self) -> float:
        return self.specificity


@dataclass(frozen=True)
class SpecificityAtSensitivity(_Best):
    """The best specificity, TN / (TN + FP), where the sensitivity (recall) is at least `sensitivity`."""

    sensitivity: float
    num_thresholds: int = 200
    class_id: int | None = None
    limited, best = (TP, FN), (TN, FP)

    @property
    def least(self) -> float:
        return self.sensitivity


@dataclass(frozen=True)
class PrecisionAtRecall(_Best):
    """The best precision where the recall is at least `recall`."""

    recall: float
    num_thresholds: int = 200
    class_id: int | None = None
    limited, best = (TP, FN), (TP, FP)

    @property
    def least(self) -> float:
        return self.recall


@dataclass(frozen=True)
class RecallAtPrecision(_Best):
    """The best recall where the precision is at least `precision`."""

    precision: float
    num_thresholds: int = 200
    class_id: int | None = None
    limited, best = (TP, FP), (TP, FN)

    @property
    def least(self) -> float:
        return self.precision
