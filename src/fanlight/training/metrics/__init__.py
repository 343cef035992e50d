"""Which metrics are there? Keras's by name, by class and from its records, and `ConfusionMatrix`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, fields, replace
from typing import Any

from fanlight.errors import UnknownNameError, UnsupportedOp
from fanlight.ir.graph import Value
from fanlight.ir.types import Type
from fanlight.layers.config import from_json
from fanlight.training import losses
from fanlight.training.loss import Logits, Loss
from fanlight.training.metrics.auc import AUC
from fanlight.training.metrics.confusion import (
    FalseNegatives,
    FalsePositives,
    Precision,
    PrecisionAtRecall,
    Recall,
    RecallAtPrecision,
    SensitivityAtSpecificity,
    SpecificityAtSensitivity,
    TrueNegatives,
    TruePositives,
)
from fanlight.training.metrics.means import (
    Accuracy,
    BinaryAccuracy,
    CategoricalAccuracy,
    ConcordanceCorrelation,
    CosineSimilarity,
    PearsonCorrelation,
    SparseCategoricalAccuracy,
    SparseTopKCategoricalAccuracy,
    TopKCategoricalAccuracy,
)
from fanlight.training.metrics.metric import MeanMetric, MeanMetricWrapper, Metric
from fanlight.training.metrics.of_losses import (
    BinaryCrossentropy,
    CategoricalCrossentropy,
    CategoricalHinge,
    Hinge,
    KLDivergence,
    LogCoshError,
    MeanAbsoluteError,
    MeanAbsolutePercentageError,
    MeanSquaredError,
    MeanSquaredLogarithmicError,
    Poisson,
    SparseCategoricalCrossentropy,
    SquaredHinge,
)
from fanlight.training.metrics.overlap import BinaryIoU, ConfusionMatrix, IoU, MeanIoU, OneHotIoU, OneHotMeanIoU
from fanlight.training.metrics.scores import F1Score, FBetaScore, R2Score, RootMeanSquaredError

CLASSES: tuple[type[Metric], ...] = (
    *(Accuracy, BinaryAccuracy, CategoricalAccuracy, SparseCategoricalAccuracy),
    *(TopKCategoricalAccuracy, SparseTopKCategoricalAccuracy),
    *(MeanSquaredError, MeanAbsoluteError, MeanAbsolutePercentageError, MeanSquaredLogarithmicError),
    *(RootMeanSquaredError, LogCoshError, CosineSimilarity, R2Score, PearsonCorrelation, ConcordanceCorrelation),
    *(Poisson, KLDivergence, BinaryCrossentropy, CategoricalCrossentropy, SparseCategoricalCrossentropy),
    *(Hinge, SquaredHinge, CategoricalHinge),
    *(TruePositives, FalsePositives, TrueNegatives, FalseNegatives, Precision, Recall, AUC),
    *(SensitivityAtSpecificity, SpecificityAtSensitivity, PrecisionAtRecall, RecallAtPrecision),
    *(F1Score, FBetaScore, IoU, MeanIoU, BinaryIoU, OneHotIoU, OneHotMeanIoU, ConfusionMatrix),
)
BY_CLASS = {each.__name__: each for each in CLASSES}


@dataclass(frozen=True)
class LossMean(MeanMetric):
    """The mean of a loss that is no metric of Keras's, under the loss's name."""

    direction = "down"

    loss: Loss

    def each(self, target: Value, prediction: Value, logits: Logits = None) -> Value:
        return self.loss.each(target, prediction, logits)


def is_complete(kind: type[Metric]) -> bool:
    """Whether it needs no argument."""
    return all(not each.init or each.default is not MISSING for each in fields(kind))


# By the names that logs give them, and by their classes', where they need no argument.
COMPLETE: list[Callable[..., Metric]] = [kind for kind in CLASSES if is_complete(kind)]
NAMED = {name: kind for kind in COMPLETE for name in (kind().label, type(kind()).__name__)}


def get(identifier: Any, target: Type, prediction: Type) -> Metric:
    """The metric of a name or a class's name, of a record, of a traced function of (target, prediction), or itself.

    "accuracy" (or "acc") is chosen by shape as in Keras: binary for one output, sparse where targets are numbers of
    classes, else categorical. Every loss is a metric too.
    """
    if isinstance(identifier, Metric):
        return identifier
    if isinstance(identifier, type) and issubclass(identifier, Metric):
        return identifier()
    if isinstance(identifier, Mapping):
        return from_record(identifier)
    if callable(identifier):
        return MeanMetricWrapper(identifier)
    if str(identifier).lower() in ("accuracy", "acc"):
        return accuracy_for(target, prediction)(name=identifier)
    name = losses.ALIASES.get(identifier, identifier)
    if name in NAMED:
        found = NAMED[name]()
        return replace(found, name=identifier) if identifier != found.label else found
    if name in losses.LOSSES:
        return LossMean(losses.get(name), name=identifier)
    known = ", ".join(dict.fromkeys(["accuracy", *NAMED, *losses.LOSSES, *losses.ALIASES]))
    raise UnknownNameError("metric", expected=f"one of {known}, or a function", got=repr(identifier))


def from_record(record: Mapping[str, Any]) -> Metric:
    """The metric that `attributes()` or a Keras config describes."""
    kind, config = BY_CLASS.get(str(record.get("class_name"))), dict(record.get("config") or {})
    if kind is None:
        raise UnknownNameError("metric", expected=f"one of {', '.join(BY_CLASS)}", got=record.get("class_name"))
    known = {each.name for each in fields(kind) if each.init}
    fixed = {each.name: each.default for each in fields(kind) if not each.init} | {"axis": -1}
    for option in sorted(set(config) - known):
        value = config[option]
        if isinstance(value, Mapping):  # a dtype policy
            value = value.get("config", {}).get("name")
        if value is not None and value != ("float32" if option == "dtype" else fixed.get(option)):
            got = f"{option}={config[option]!r}"
            raise UnsupportedOp(f"metric {kind.__name__!r}", expected=f"only {sorted(known)}", got=got)
    return kind(**{option: from_json(value) for option, value in config.items() if option in known})


def accuracy_for(target: Type, prediction: Type) -> type[Metric]:
    """Keras's choice: see `is_binary_or_sparse_categorical` in keras/src/trainers/compile_utils.py."""
    if prediction.shape[-1] == 1:
        return BinaryAccuracy
    is_sparse = target.rank < prediction.rank or target.shape[-1] == 1
    return SparseCategoricalAccuracy if is_sparse else CategoricalAccuracy
