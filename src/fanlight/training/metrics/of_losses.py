"""Which losses are metrics too? Keras's, as means over rows, with the attributes of the loss."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from fanlight.ir.graph import Value
from fanlight.training import class_losses, regression_losses
from fanlight.training.loss import Logits, Loss
from fanlight.training.metrics.metric import MeanMetric, alike


@dataclass(frozen=True)
class OfLoss(MeanMetric):
    """The mean of what a loss gives for each row."""

    direction = "down"

    loss: ClassVar[type[Loss]]

    def each(self, target: Value, prediction: Value, logits: Logits = None) -> Value:
        loss = self.loss(**{key: value for key, value in vars(self).items() if key != "name"})
        if target.type != loss.target(prediction.type):
            target, prediction = alike(self, target, prediction)
        return loss.each(target, prediction, logits)

    @property
    def label(self) -> str:
        return self.name or self.loss.name


@dataclass(frozen=True)
class MeanSquaredError(OfLoss):
    """The loss MeanSquaredError, as a metric."""

    loss = regression_losses.MeanSquaredError


@dataclass(frozen=True)
class MeanAbsoluteError(OfLoss):
    """The loss MeanAbsoluteError, as a metric."""

    loss = regression_losses.MeanAbsoluteError


@dataclass(frozen=True)
class MeanAbsolutePercentageError(OfLoss):
    """The loss MeanAbsolutePercentageError, as a metric."""

    loss = regression_losses.MeanAbsolutePercentageError


@dataclass(frozen=True)
class MeanSquaredLogarithmicError(OfLoss):
    """The loss MeanSquaredLogarithmicError, as a metric."""

    loss = regression_losses.MeanSquaredLogarithmicError


@dataclass(frozen=True)
class Poisson(OfLoss):
    """The loss Poisson, as a metric."""

    loss = regression_losses.Poisson


@dataclass(frozen=True)
class LogCoshError(OfLoss):
    """The loss LogCosh, as a metric."""

    loss = regression_losses.LogCosh

    @property
    def label(self) -> str:
        return self.name or "logcosh"


@dataclass(frozen=True)
class KLDivergence(OfLoss):
    """The loss KLDivergence, as a metric."""

    loss = class_losses.KLDivergence


@dataclass(frozen=True)
class Hinge(OfLoss):
    """The loss Hinge, as a metric."""

    loss = class_losses.Hinge


@dataclass(frozen=True)
class SquaredHinge(OfLoss):
    """The loss SquaredHinge, as a metric."""

    loss = class_losses.SquaredHinge


@dataclass(frozen=True)
class CategoricalHinge(OfLoss):
    """The loss CategoricalHinge, as a metric."""

    loss = class_losses.CategoricalHinge


@dataclass(frozen=True)
class BinaryCrossentropy(OfLoss):
    """The loss BinaryCrossentropy, as a metric."""

    loss = class_losses.BinaryCrossentropy
    from_logits: bool = False
    label_smoothing: float = 0.0


@dataclass(frozen=True)
class CategoricalCrossentropy(OfLoss):
    """The loss CategoricalCrossentropy, as a metric."""

    loss = class_losses.CategoricalCrossentropy
    from_logits: bool = False
    label_smoothing: float = 0.0


@dataclass(frozen=True)
class SparseCategoricalCrossentropy(OfLoss):
    """The loss SparseCategoricalCrossentropy, as a metric."""

    loss = class_losses.SparseCategoricalCrossentropy
    from_logits: bool = False
