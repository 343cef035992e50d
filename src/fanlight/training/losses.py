"""How wrong is a prediction? Keras's losses by name, as graph code with one value for each row.

In: targets, predictions, and, where known, what a final softmax or sigmoid was applied to. Knows no optimizer, no
data.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, ClassVar

from fanlight.errors import ShapeError, UnknownNameError, UnsupportedOp
from fanlight.ir.graph import Value
from fanlight.ir.types import Type
from fanlight.ops import functions as fn

Logits = tuple[str, Value] | None  # (activation, what it was applied to)


@dataclass(frozen=True)
class Loss:
    """A rule that gives each row of a batch a number. `name` is Keras's; the attributes are its keyword arguments."""

    name: ClassVar[str] = ""

    def target(self, prediction: Type) -> Type:
        """The type of the targets for predictions of this type."""
        return prediction

    def each(self, target: Value, prediction: Value, logits: Logits = None) -> Value:
        """The loss of every row, `[batch, ...]`.

        With `logits` the stable form is used. It equals the one on probabilities between 1e-7 and 1 - 1e-7; beyond
        them Keras on JAX cuts off, with a gradient of zero, and this goes on.
        """
        raise NotImplementedError

    def attributes(self) -> dict[str, Any]:
        return {"name": self.name, **asdict(self)}


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
class BinaryCrossentropy(Loss):
    """-mean(t log p + (1 - t) log(1 - p)) over the last axis; predictions are logits where `from_logits` says so."""

    from_logits: bool = False
    label_smoothing: float = 0.0
    name: ClassVar[str] = "binary_crossentropy"

    def each(self, target: Value, prediction: Value, logits: Logits = None) -> Value:
        if self.label_smoothing:
            target = target * (1 - self.label_smoothing) + 0.5 * self.label_smoothing
        return fn.mean(fn.binary_crossentropy(target, *start(prediction, logits, "sigmoid", self.from_logits)), axis=-1)


def start(prediction: Value, logits: Logits, activation: str, from_logits: bool) -> tuple[Value, bool]:
    """What a crossentropy starts from, and whether that is logits: the logits behind `activation` where they are
    known."""
    if not from_logits and logits is not None and logits[0] == activation:
        return logits[1], True
    return prediction, from_logits


@dataclass(frozen=True)
class CategoricalCrossentropy(Loss):
    """-sum(t log p) over the classes on the last axis; targets are probabilities, one-hot say."""

    from_logits: bool = False
    label_smoothing: float = 0.0
    name: ClassVar[str] = "categorical_crossentropy"

    def each(self, target: Value, prediction: Value, logits: Logits = None) -> Value:
        if self.label_smoothing:
            classes = int(prediction.shape[-1])  # type: ignore[arg-type]
            target = target * (1 - self.label_smoothing) + self.label_smoothing / classes
        return fn.categorical_crossentropy(target, *start(prediction, logits, "softmax", self.from_logits))


@dataclass(frozen=True)
class SparseCategoricalCrossentropy(Loss):
    """-log p of the class that the target names, int32; a number that names no class costs nothing, as in Keras."""

    from_logits: bool = False
    name: ClassVar[str] = "sparse_categorical_crossentropy"

    def target(self, prediction: Type) -> Type:
        return Type("int32", prediction.shape[:-1])

    def each(self, target: Value, prediction: Value, logits: Logits = None) -> Value:
        return fn.sparse_categorical_crossentropy(target, *start(prediction, logits, "softmax", self.from_logits))


@dataclass(frozen=True)
class TracedLoss(Loss):
    """A function of values (target, prediction) that gives a number for each row, or one number for the batch."""

    function: Callable[[Value, Value], Value]
    from_integers: bool = False

    @property
    def name(self) -> str:  # type: ignore[override]
        return getattr(self.function, "__name__", "loss")

    def target(self, prediction: Type) -> Type:
        return Type("int32", prediction.shape[:-1]) if self.from_integers else prediction

    def each(self, target: Value, prediction: Value, logits: Logits = None) -> Value:
        y = self.function(target, prediction)
        if not isinstance(y, Value) or (y.rank and y.shape[0] != prediction.shape[0]):
            raise ShapeError(f"loss {self.name!r}", expected="one number for each row, or one in all", got=y)
        return y

    def attributes(self) -> dict[str, Any]:
        return {"name": self.name}


CLASSES: tuple[type[Loss], ...] = (
    *(MeanSquaredError, MeanAbsoluteError, BinaryCrossentropy, CategoricalCrossentropy, SparseCategoricalCrossentropy),
)
LOSSES = {each.name: each for each in CLASSES}
ALIASES = {"mse": "mean_squared_error", "mae": "mean_absolute_error"}


def get(identifier: Any) -> Loss:
    """The loss of a name ("mse", "sparse_categorical_crossentropy", ...), of a record (`attributes()`, or Keras's
    `{"class_name", "config"}`), of a traced function of (target, prediction), or itself."""
    if isinstance(identifier, Loss):
        return identifier
    if isinstance(identifier, Mapping):
        return from_record(identifier)
    if callable(identifier) and not isinstance(identifier, type):
        return TracedLoss(identifier)  # pyright: ignore[reportArgumentType]
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
        kind, config = LOSSES.get(str(record.get("name"))), dict(record)
    if kind is None:
        raise UnknownNameError("loss", expected=f"one of {', '.join(LOSSES)}", got=dict(record))
    if config.get("reduction", "mean") not in ("mean", "sum_over_batch_size"):
        raise UnsupportedOp(f"loss {kind.name!r}", expected="the mean over the batch", got=config["reduction"])
    if config.get("axis", -1) != -1:
        raise UnsupportedOp(f"loss {kind.name!r}", expected="classes on the last axis", got=config["axis"])
    return kind(**{each.name: config[each.name] for each in fields(kind) if each.name in config})
