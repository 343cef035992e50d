"""How far is a number from its target? Keras's losses of regression, each a mean over the last axis unless it says
more."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

from fanlight.errors import ShapeError
from fanlight.ir.graph import Value
from fanlight.ops import functions as fn
from fanlight.training.loss import EPSILON, Logits, Loss


@dataclass(frozen=True)
class MeanSquaredError(Loss):
    """mean((target - prediction)^2) over the last axis."""

    name: ClassVar[str] = "mean_squared_error"

    def each(self, target: Value, prediction: Value, logits: Logits = None) -> Value:
        return fn.mean(fn.square(target - prediction), axis=-1)


@dataclass(frozen=True)
class MeanAbsoluteError(Loss):
    """mean(|target - prediction|) over the last axis."""

    name: ClassVar[str] = "mean_absolute_error"

    def each(self, target: Value, prediction: Value, logits: Logits = None) -> Value:
        return fn.mean(fn.absolute(target - prediction), axis=-1)


@dataclass(frozen=True)
class MeanAbsolutePercentageError(Loss):
    """100 * mean(|target - prediction| / |target|)."""

    name: ClassVar[str] = "mean_absolute_percentage_error"

    def each(self, target: Value, prediction: Value, logits: Logits = None) -> Value:
        return 100.0 * fn.mean(fn.absolute((target - prediction) / fn.maximum(fn.absolute(target), EPSILON)), axis=-1)


@dataclass(frozen=True)
class MeanSquaredLogarithmicError(Loss):
    """mean((log(1 + target) - log(1 + prediction))^2); what is below 0 counts as 0."""

    name: ClassVar[str] = "mean_squared_logarithmic_error"

    def each(self, target: Value, prediction: Value, logits: Logits = None) -> Value:
        a, b = (fn.log(fn.maximum(value, EPSILON) + 1.0) for value in (target, prediction))
        return fn.mean(fn.square(b - a), axis=-1)


@dataclass(frozen=True)
class CosineSimilarity(Loss):
    """Minus the cosine of the angle between target and prediction: -1 where they point the same way."""

    name: ClassVar[str] = "cosine_similarity"

    def each(self, target: Value, prediction: Value, logits: Logits = None) -> Value:
        return -fn.sum(fn.normalize(target) * fn.normalize(prediction), axis=-1)


@dataclass(frozen=True)
class Huber(Loss):
    """Half the square of the error up to `delta`, from there on a straight line (Huber 1964)."""

    delta: float = 1.0
    name: ClassVar[str] = "huber"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.delta <= 0:
            raise ShapeError("Huber", expected="a positive delta", got=self.delta)

    def each(self, target: Value, prediction: Value, logits: Logits = None) -> Value:
        error = fn.absolute(prediction - target)
        line = error * self.delta - 0.5 * self.delta**2
        return fn.mean(fn.where(error <= self.delta, 0.5 * fn.square(error), line), axis=-1)


@dataclass(frozen=True)
class LogCosh(Loss):
    """mean(log(cosh(prediction - target)))."""

    name: ClassVar[str] = "log_cosh"

    def each(self, target: Value, prediction: Value, logits: Logits = None) -> Value:
        error = prediction - target
        return fn.mean(error + fn.softplus(error * -2.0) - math.log(2.0), axis=-1)


@dataclass(frozen=True)
class Poisson(Loss):
    """mean(prediction - target * log(prediction)): counts, of which the prediction is the mean."""

    name: ClassVar[str] = "poisson"

    def each(self, target: Value, prediction: Value, logits: Logits = None) -> Value:
        return fn.mean(prediction - target * fn.log(prediction + EPSILON), axis=-1)
