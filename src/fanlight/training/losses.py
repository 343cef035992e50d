"""Which losses are there? Keras's by name, by class and from its records."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from fanlight.errors import UnknownNameError, UnsupportedOp
from fanlight.training.class_losses import (
    BinaryCrossentropy,
    BinaryFocalCrossentropy,
    CategoricalCrossentropy,
    CategoricalFocalCrossentropy,
    CategoricalGeneralizedCrossEntropy,
    CategoricalHinge,
    Dice,
    Hinge,
    KLDivergence,
    SparseCategoricalCrossentropy,
    SquaredHinge,
    Tversky,
)
from fanlight.training.embedding_losses import Circle
from fanlight.training.loss import Loss, TracedLoss
from fanlight.training.regression_losses import (
    CosineSimilarity,
    Huber,
    LogCosh,
    MeanAbsoluteError,
    MeanAbsolutePercentageError,
    MeanSquaredError,
    MeanSquaredLogarithmicError,
    Poisson,
)
from fanlight.training.sequence_losses import CTC

CLASSES: tuple[type[Loss], ...] = (
    *(MeanSquaredError, MeanAbsoluteError, BinaryCrossentropy, CategoricalCrossentropy, SparseCategoricalCrossentropy),
    *(MeanAbsolutePercentageError, MeanSquaredLogarithmicError, CosineSimilarity, Huber, LogCosh, Poisson),
    *(BinaryFocalCrossentropy, CategoricalFocalCrossentropy, CategoricalGeneralizedCrossEntropy, KLDivergence),
    *(Hinge, SquaredHinge, CategoricalHinge, Dice, Tversky, CTC, Circle),
)
LOSSES = {each.name: each for each in CLASSES}
ALIASES = {"mse": "mean_squared_error", "mae": "mean_absolute_error", "mape": "mean_absolute_percentage_error"}
ALIASES |= {"msle": "mean_squared_logarithmic_error", "bce": "binary_crossentropy", "kld": "kl_divergence"}
ALIASES |= {"logcosh": "log_cosh"}
# Keras's options that change nothing at these values.
UNUSED: dict[str, tuple[Any, ...]] = {"axis": (-1, None), "dtype": (None, "float32"), "ignore_class": (None,)}


def get(identifier: Any) -> Loss:
    """The loss of a name ("mse", "sparse_categorical_crossentropy", ...), of a record (`attributes()`, or Keras's
    `{"class_name", "config"}`), of a traced function of (target, prediction), or itself."""
    if isinstance(identifier, Loss):
        return identifier
    if isinstance(identifier, Mapping):
        return from_record(identifier)
    if callable(identifier) and not isinstance(identifier, type):
        return TracedLoss(identifier)  # pyright: ignore[reportArgumentType]  # a function of two values
    name = ALIASES.get(identifier, identifier) if isinstance(identifier, str) else identifier
    if name not in LOSSES:
        raise UnknownNameError(
            "loss", expected=f"one of {', '.join([*LOSSES, *ALIASES])}, or a function", got=repr(identifier)
        )
    return LOSSES[name]()


def from_record(record: Mapping[str, Any]) -> Loss:
    """The loss that `attributes()` or a Keras config describes."""
    by_class = {each.__name__: each for each in CLASSES}
    if "class_name" in record:
        kind, config = by_class.get(str(record["class_name"])), dict(record.get("config") or {})
    else:
        name = str(record.get("name"))
        kind, config = LOSSES.get(ALIASES.get(name, name)), dict(record)
    if kind is None:
        raise UnknownNameError("loss", expected=f"one of {', '.join(LOSSES)}", got=dict(record))
    config.pop("name", None)
    known = {each.name for each in fields(kind)}
    for option, value in config.items():
        if option in known:
            continue
        if option not in UNUSED:
            raise UnsupportedOp(f"loss {kind.name!r}", expected=f"only {', '.join(sorted(known))}", got=option)
        if value not in UNUSED[option] and not isinstance(value, Mapping):
            raise UnsupportedOp(f"loss {kind.name!r}", expected=f"{option}={UNUSED[option][0]!r}", got=repr(value))
    return kind(**{option: value for option, value in config.items() if option in known})
