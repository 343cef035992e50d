"""What is a metric? Sums that batches add to, and what is made of them; a mean, where each row has a number.

In: targets, predictions, weights. Out: graph code. Knows no step and no data.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar

from fanlight.errors import ShapeError
from fanlight.ir.graph import Value
from fanlight.ir.types import Type
from fanlight.layers.config import from_json, plain, to_json
from fanlight.ops import functions as fn
from fanlight.training.loss import Logits
from fanlight.training.weighting import mean_parts


@dataclass(frozen=True)
class Metric(ABC):
    """A number, or an array, about all batches since the last reset. The attributes are Keras's keyword arguments.

    An own one says its `variables` (they begin at zero), what a batch `adds` to each, and its `result`.
    """

    name: str | None = field(default=None, kw_only=True)

    direction: ClassVar[str | None] = None  # "up" where more is better, "down" where less

    def __post_init__(self) -> None:
        for each in fields(self):
            object.__setattr__(self, each.name, from_json(plain(getattr(self, each.name))))
        self.check()

    def check(self) -> None:  # noqa: B027  # most have nothing to check
        """Raise where the attributes make no sense."""

    @abstractmethod
    def variables(self, target: Type, prediction: Type) -> dict[str, Type]:
        """The state arrays for targets and predictions of these types."""

    @abstractmethod
    def adds(self, target: Value, prediction: Value, weights: Value | None) -> dict[str, Value]:
        """What a batch adds to each variable. `weights` go with rows, `[batch]`, or what is in them."""

    @abstractmethod
    def result(self, variables: Mapping[str, Value]) -> Value:
        """What the variables say so far."""

    @property
    def label(self) -> str:
        """What logs call it: its name, or its class's as Keras writes it, `TruePositives` -> `true_positives`."""
        if self.name is not None:
            return self.name
        words = re.sub("(.)([A-Z][a-z0-9]+)", r"\1_\2", type(self).__name__)
        return re.sub("([a-z])([A-Z])", r"\1_\2", words).lower()

    def attributes(self) -> dict[str, Any]:
        """`{"class_name", "config"}`, as Keras writes it."""
        config = {each.name: to_json(getattr(self, each.name)) for each in fields(self) if each.init}
        return {"class_name": type(self).__name__, "config": config}

    def error(self, expected: object, got: object) -> ShapeError:
        """A ShapeError that names this metric."""
        return ShapeError(type(self).__name__, expected=expected, got=got)


@dataclass(frozen=True)
class MeanMetric(Metric):
    """A mean over rows: `each` gives `[batch, ...]`. Steps give its sum and count, so that averages are exact."""

    @abstractmethod
    def each(self, target: Value, prediction: Value, logits: Logits = None) -> Value:
        """The number of every row; one number for a batch counts once."""

    def parts(
        self,
        target: Value,
        prediction: Value,
        weights: Value | None = None,
        mask: Value | None = None,
        logits: Logits = None,
    ) -> tuple[Value, Value]:
        """(sum, count) of a batch, whose quotient is the mean."""
        return mean_parts(self.each(target, prediction, logits), weights, mask)

    def variables(self, target: Type, prediction: Type) -> dict[str, Type]:
        return {"total": Type("float32", ()), "count": Type("float32", ())}

    def adds(self, target: Value, prediction: Value, weights: Value | None) -> dict[str, Value]:
        return dict(zip(("total", "count"), self.parts(target, prediction, weights), strict=True))

    def result(self, variables: Mapping[str, Value]) -> Value:
        return fn.divide_no_nan(variables["total"], variables["count"])


@dataclass(frozen=True)
class MeanMetricWrapper(MeanMetric):
    """The mean of a function of (target, prediction) that gives a number for each row, or one in all."""

    fn: Callable[[Value, Value], Any]

    @property
    def label(self) -> str:
        return self.name or getattr(self.fn, "__name__", "metric")

    def each(self, target: Value, prediction: Value, logits: Logits = None) -> Value:
        return self.fn(target, prediction)


def alike(metric: Metric, target: Value, prediction: Value) -> tuple[Value, Value]:
    """Both as float32 of one shape; `[batch]` and `[batch, 1]` stand for each other."""
    if target.rank + 1 == prediction.rank and prediction.shape[-1] == 1:
        target = fn.expand_dims(target, -1)
    elif prediction.rank + 1 == target.rank and target.shape[-1] == 1:
        prediction = fn.expand_dims(prediction, -1)
    if target.shape != prediction.shape:
        raise metric.error(f"targets like the predictions, {prediction.type}", target.type)
    return fn.cast(target, "float32"), fn.cast(prediction, "float32")
