"""How wrong is a class? Keras's losses of probabilities and scores, classes on the last axis."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from fanlight.errors import ShapeError
from fanlight.ir.graph import Value
from fanlight.ir.types import Type
from fanlight.ops import functions as fn
from fanlight.training.loss import EPSILON, Logits, Loss


def start(prediction: Value, logits: Logits, activation: str, from_logits: bool) -> tuple[Value, bool]:
    """What a crossentropy starts from, and whether that is logits: the logits behind `activation` where they are
    known."""
    if not from_logits and logits is not None and logits[0] == activation:
        return logits[1], True
    return prediction, from_logits


@dataclass(frozen=True)
class BinaryCrossentropy(Loss):
    """-mean(t log p + (1 - t) log(1 - p)) over the last axis; predictions are logits where `from_logits` says so."""

    from_logits: bool = False
    label_smoothing: float = 0.0
    name: ClassVar[str] = "binary_crossentropy"

    def each(self, target: Value, prediction: Value, logits: Logits = None) -> Value:
        target = smoothed(target, self.label_smoothing, 2)
        return fn.mean(fn.binary_crossentropy(target, *start(prediction, logits, "sigmoid", self.from_logits)), axis=-1)


@dataclass(frozen=True)
class CategoricalCrossentropy(Loss):
    """-sum(t log p) over the classes on the last axis; targets are probabilities, one-hot say."""

    from_logits: bool = False
    label_smoothing: float = 0.0
    name: ClassVar[str] = "categorical_crossentropy"

    def each(self, target: Value, prediction: Value, logits: Logits = None) -> Value:
        target = smoothed(target, self.label_smoothing)
        return fn.categorical_crossentropy(target, *start(prediction, logits, "softmax", self.from_logits))


def smoothed(target: Value, smoothing: float, classes: int | None = None) -> Value:
    """Probabilities of which a part is spread over so many classes, or all on the last axis."""
    if not smoothing:
        return target
    return target * (1 - smoothing) + smoothing / (classes or classes_of(target))


def classes_of(value: Value) -> int:
    """The length of the last axis."""
    classes = value.shape[-1]
    if not isinstance(classes, int):
        raise ShapeError("the loss", expected="a known number of classes", got=repr(value.type))
    return classes


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
class BinaryFocalCrossentropy(Loss):
    """Binary crossentropy in which what is almost right counts less, by (1 - p)^gamma (Lin and others 2018)."""

    apply_class_balancing: bool = False
    alpha: float = 0.25
    gamma: float = 2.0
    from_logits: bool = False
    label_smoothing: float = 0.0
    name: ClassVar[str] = "binary_focal_crossentropy"

    def each(self, target: Value, prediction: Value, logits: Logits = None) -> Value:
        target = smoothed(target, self.label_smoothing, 2)
        p = fn.sigmoid(prediction) if self.from_logits else prediction
        right = target * p + (1 - target) * (1 - p)
        found = fn.power(1 - right, self.gamma) * fn.binary_crossentropy(target, p)
        if self.apply_class_balancing:
            found = found * (target * self.alpha + (1 - target) * (1 - self.alpha))
        return fn.mean(found, axis=-1)


@dataclass(frozen=True)
class CategoricalFocalCrossentropy(Loss):
    """Categorical crossentropy in which what is almost right counts less, by (1 - p)^gamma (Lin and others 2018)."""

    alpha: float = 0.25
    gamma: float = 2.0
    from_logits: bool = False
    label_smoothing: float = 0.0
    name: ClassVar[str] = "categorical_focal_crossentropy"

    def each(self, target: Value, prediction: Value, logits: Logits = None) -> Value:
        p = fn.softmax(prediction) if self.from_logits else prediction
        p = fn.clip(p / fn.sum(p, axis=-1, keepdims=True), EPSILON, 1 - EPSILON)
        terms = -smoothed(target, self.label_smoothing) * fn.log(p) * fn.power(1 - p, self.gamma)
        return fn.sum(terms * self.alpha, axis=-1)


@dataclass(frozen=True)
class CategoricalGeneralizedCrossEntropy(Loss):
    """(1 - p^q) / q for the class that the target names: wrong labels count less (Zhang and Sabuncu 2018)."""

    q: float = 0.5
    name: ClassVar[str] = "categorical_generalized_cross_entropy"

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 < self.q < 1:
            raise ShapeError("CategoricalGeneralizedCrossEntropy", expected="q between 0 and 1", got=self.q)

    def target(self, prediction: Type) -> Type:
        return Type("int32", prediction.shape[:-1])

    def each(self, target: Value, prediction: Value, logits: Logits = None) -> Value:
        p = fn.sum(prediction * fn.one_hot(target, classes_of(prediction)), axis=-1)
        return (1 - fn.power(p, self.q)) / self.q


@dataclass(frozen=True)
class KLDivergence(Loss):
    """sum(target * log(target / prediction)): how far the predicted distribution is from the target's."""

    name: ClassVar[str] = "kl_divergence"

    def each(self, target: Value, prediction: Value, logits: Logits = None) -> Value:
        t, p = (fn.clip(value, EPSILON, 1.0) for value in (target, prediction))
        return fn.sum(t * fn.log(t / p), axis=-1)


def signs(target: Value) -> Value:
    """Targets of -1 and 1; those of 0 and 1, where all of a batch are, become such."""
    is_binary = fn.all(fn.logical_or(fn.equal(target, 0.0), fn.equal(target, 1.0)))
    return fn.where(is_binary, 2.0 * target - 1.0, target)


@dataclass(frozen=True)
class Hinge(Loss):
    """mean(max(1 - target * prediction, 0)); targets are -1 and 1, or 0 and 1."""

    name: ClassVar[str] = "hinge"

    def each(self, target: Value, prediction: Value, logits: Logits = None) -> Value:
        return fn.mean(fn.maximum(1.0 - signs(target) * prediction, 0.0), axis=-1)


@dataclass(frozen=True)
class SquaredHinge(Loss):
    """mean(max(1 - target * prediction, 0)^2); targets are -1 and 1, or 0 and 1."""

    name: ClassVar[str] = "squared_hinge"

    def each(self, target: Value, prediction: Value, logits: Logits = None) -> Value:
        return fn.mean(fn.square(fn.maximum(1.0 - signs(target) * prediction, 0.0)), axis=-1)


@dataclass(frozen=True)
class CategoricalHinge(Loss):
    """How far the best wrong class comes to the right one, or passes it; targets are one-hot."""

    name: ClassVar[str] = "categorical_hinge"

    def each(self, target: Value, prediction: Value, logits: Logits = None) -> Value:
        right, wrong = fn.sum(target * prediction, axis=-1), fn.max((1.0 - target) * prediction, axis=-1)
        return fn.maximum(wrong - right + 1.0, 0.0)


@dataclass(frozen=True)
class Dice(Loss):
    """1 - 2 |A and B| / (|A| + |B|) of soft sets, one number for the whole batch (Milletari and others 2016)."""

    name: ClassVar[str] = "dice"

    def each(self, target: Value, prediction: Value, logits: Logits = None) -> Value:
        common = fn.sum(target * prediction)
        return 1 - 2.0 * common / (fn.sum(target) + fn.sum(prediction) + EPSILON)


@dataclass(frozen=True)
class Tversky(Loss):
    """Dice in which what is missed weighs `alpha` and what is too much `beta` (Salehi and others 2017)."""

    alpha: float = 0.5
    beta: float = 0.5
    name: ClassVar[str] = "tversky"

    def each(self, target: Value, prediction: Value, logits: Logits = None) -> Value:
        common = fn.sum(target * prediction)
        missed, extra = fn.sum((1 - prediction) * target), fn.sum(prediction * (1 - target))
        return 1 - common / (common + missed * self.alpha + extra * self.beta + EPSILON)
