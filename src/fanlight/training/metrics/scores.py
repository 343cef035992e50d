"""How good is it in one number? F scores, the root of the mean squared error, the coefficient of determination."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from fanlight.ir.graph import Value
from fanlight.ir.types import Type
from fanlight.ops import functions as fn
from fanlight.training.loss import EPSILON
from fanlight.training.metrics.metric import Metric, alike
from fanlight.training.weighting import fitted, mean_parts


def check_table(metric: Metric, prediction: Type) -> int:
    """The number of columns of `[batch, columns]`."""
    columns = prediction.shape[-1]
    if prediction.rank != 2 or not isinstance(columns, int):
        raise metric.error("predictions [batch, columns]", prediction)
    return columns


@dataclass(frozen=True)
class FBetaScore(Metric):
    """(1 + beta^2) * precision * recall / (beta^2 * precision + recall), for each class or their "micro", "macro" or
    "weighted" `average`. Positive is the largest of a row, or what is above `threshold`."""

    direction = "up"

    average: str | None = None
    beta: float = 1.0
    threshold: float | None = None

    def check(self) -> None:
        if self.average not in (None, "micro", "macro", "weighted"):
            raise self.error("average None, 'micro', 'macro' or 'weighted'", repr(self.average))
        if self.beta <= 0 or (self.threshold is not None and not 0 < self.threshold <= 1):
            raise self.error("a positive beta, a threshold above 0 up to 1", (self.beta, self.threshold))

    @property
    def label(self) -> str:
        return self.name or "fbeta_score"

    def variables(self, target: Type, prediction: Type) -> dict[str, Type]:
        type = Type("float32", () if self.average == "micro" else (check_table(self, prediction),))
        return dict.fromkeys(("true_positives", "false_positives", "false_negatives", "intermediate_weights"), type)

    def adds(self, target: Value, prediction: Value, weights: Value | None) -> dict[str, Value]:
        t, p = alike(self, target, prediction)
        if self.threshold is None:
            is_largest = p >= fn.max(p, axis=-1, keepdims=True)
            p = fn.cast(fn.logical_and(is_largest, fn.absolute(p) > 1e-9), "float32")
        else:
            p = fn.cast(p > self.threshold, "float32")
        parts = {"true_positives": p * t, "false_positives": p * (1.0 - t), "false_negatives": (1.0 - p) * t}
        parts["intermediate_weights"] = t
        if weights is not None:
            parts = {name: value * fitted(weights, 2) for name, value in parts.items()}
        return {name: fn.sum(value, axis=None if self.average == "micro" else 0) for name, value in parts.items()}

    def result(self, variables: Mapping[str, Value]) -> Value:
        right = variables["true_positives"]
        precision = right / (right + variables["false_positives"] + EPSILON)
        recall = right / (right + variables["false_negatives"] + EPSILON)
        square = self.beta**2
        score = precision * recall / (precision * square + recall + EPSILON) * (1 + square)
        if self.average == "weighted":
            weights = variables["intermediate_weights"]
            return fn.sum(score * (weights / (fn.sum(weights) + EPSILON)))
        return score if self.average is None else fn.mean(score)


@dataclass(frozen=True)
class F1Score(FBetaScore):
    """2 * precision * recall / (precision + recall), for each class or their "micro", "macro" or "weighted"
    `average`. Positive is the largest of a row, or what is above `threshold`."""

    beta: float = field(default=1.0, init=False)

    @property
    def label(self) -> str:
        return self.name or "f1_score"


@dataclass(frozen=True)
class RootMeanSquaredError(Metric):
    """The root of the mean of (target - prediction)^2 over all rows."""

    direction = "down"

    def variables(self, target: Type, prediction: Type) -> dict[str, Type]:
        return {"total": Type("float32", ()), "count": Type("float32", ())}

    def adds(self, target: Value, prediction: Value, weights: Value | None) -> dict[str, Value]:
        t, p = alike(self, target, prediction)
        return dict(zip(("total", "count"), mean_parts(fn.square(p - t), weights, None), strict=True))

    def result(self, variables: Mapping[str, Value]) -> Value:
        return fn.sqrt(fn.divide_no_nan(variables["total"], variables["count"]))


@dataclass(frozen=True)
class R2Score(Metric):
    """The coefficient of determination: 1 - the squared error over the variance of the targets, for each column or as
    "uniform_average" or "variance_weighted_average"; `num_regressors` above 0 adjusts it."""

    direction = "up"

    class_aggregation: str | None = "uniform_average"
    num_regressors: int = 0

    def check(self) -> None:
        if self.class_aggregation not in (None, "uniform_average", "variance_weighted_average"):
            expected = "class_aggregation None, 'uniform_average' or 'variance_weighted_average'"
            raise self.error(expected, repr(self.class_aggregation))
        if self.num_regressors < 0:
            raise self.error("no negative num_regressors", self.num_regressors)

    @property
    def label(self) -> str:
        return self.name or "r2_score"

    def variables(self, target: Type, prediction: Type) -> dict[str, Type]:
        row = Type("float32", (check_table(self, prediction),))
        return {"num_samples": Type("float32", ())} | dict.fromkeys(("squared_sum", "sum", "residual", "count"), row)

    def adds(self, target: Value, prediction: Value, weights: Value | None) -> dict[str, Value]:
        t, p = alike(self, target, prediction)
        w = fn.ones_like(t) if weights is None else fn.broadcast_to(fitted(weights, 2), t.shape)
        parts = {"squared_sum": t * (t * w), "sum": t * w, "residual": fn.square(t - p) * w, "count": w}
        size = fn.size_of(t.shape[0] * t.shape[1], "float32")
        return {"num_samples": size} | {name: fn.sum(value, axis=0) for name, value in parts.items()}

    def result(self, variables: Mapping[str, Value]) -> Value:
        sums = variables["sum"]
        spread = variables["squared_sum"] - sums * (sums / variables["count"])
        scores = 1.0 - variables["residual"] / spread
        scores = fn.where(fn.isinf(scores), 0.0, scores)
        if self.class_aggregation == "uniform_average":
            scores = fn.mean(scores)
        elif self.class_aggregation == "variance_weighted_average":
            scores = fn.sum(spread * scores) / fn.sum(spread)
        if not self.num_regressors:
            return scores
        left = variables["num_samples"] - 1.0
        adjusted = 1.0 - (1.0 - scores) * left / (left - float(self.num_regressors))
        return fn.where(left > float(self.num_regressors), adjusted, scores)
