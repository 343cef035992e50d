"""Which class was taken for which? The confusion matrix, and Keras's shares of overlap that are made of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from fanlight.ir.dim import known
from fanlight.ir.graph import Value
from fanlight.ir.types import Type
from fanlight.ops import functions as fn
from fanlight.training.loss import EPSILON
from fanlight.training.metrics.metric import Metric
from fanlight.training.weighting import fitted

MATRIX = "total_confusion_matrix"


def matrix(
    target: Value, prediction: Value, weights: Value | None, size: int, dtype: str, ignored: int | None = None
) -> Value:
    """The weighted counts `[class of the target, predicted class]` of a batch; what is no class counts nowhere."""
    if weights is None:
        weights = fn.ones_like(target, dtype=dtype)
    weights = fn.broadcast_to(fn.cast(fitted(weights, target.rank), dtype), target.shape)
    t, p, w = (fn.reshape(each, (-1,)) for each in (fn.cast(target, "int32"), fn.cast(prediction, "int32"), weights))
    is_known = fn.logical_and(fn.logical_and(t >= 0, t < size), fn.logical_and(p >= 0, p < size))
    if ignored is not None:
        is_known = fn.logical_and(is_known, fn.not_equal(t, ignored))
    t, p, w = (fn.where(is_known, each, fn.zeros_like(each)) for each in (t, p, w))
    return fn.scatter(fn.stack([t, p], axis=1), w, (size, size))


@dataclass(frozen=True)
class ConfusionMatrix(Metric):
    """Counts `[class of the target, predicted class]`, an array in logs. Targets are numbers of classes or one-hot;
    predictions have classes on the last axis, or one number that says class 1 above `threshold`."""

    threshold: float = 0.5

    def variables(self, target: Type, prediction: Type) -> dict[str, Type]:
        size = prediction.shape[-1]
        if not isinstance(size, int):
            raise self.error("a known number of classes", prediction)
        return {MATRIX: Type("float32", (max(size, 2),) * 2)}

    def adds(self, target: Value, prediction: Value, weights: Value | None) -> dict[str, Value]:
        (shape,) = (each.shape for each in self.variables(target.type, prediction.type).values())
        is_one_hot = target.rank == prediction.rank and target.shape[-1] != 1
        if target.rank == prediction.rank:
            target = fn.argmax(target, axis=-1) if is_one_hot else target[..., 0]
        if prediction.shape[-1] == 1:
            prediction = prediction[..., 0] > self.threshold
        else:
            prediction = fn.argmax(prediction, axis=-1)
        return {MATRIX: matrix(target, prediction, weights, known(shape[0]), "float32")}

    def result(self, variables: Mapping[str, Value]) -> Value:
        return variables[MATRIX]


@dataclass(frozen=True)
class _Overlap(Metric):
    """The mean intersection over union, TP / (TP + FP + FN), of some classes. As in Keras, weights become numbers of
    `dtype`, whole ones unless that is float32."""

    direction = "up"

    num_classes: int
    ignore_class: int | None = field(default=None, kw_only=True)
    sparse_y_true: bool = field(default=True, kw_only=True)
    sparse_y_pred: bool = field(default=True, kw_only=True)
    axis: int = field(default=-1, kw_only=True)
    dtype: str | None = field(default=None, kw_only=True)

    @property
    def ids(self) -> tuple[int, ...]:
        """The classes of which it is the mean."""
        return tuple(range(self.num_classes))

    def check(self) -> None:
        if any(not 0 <= each < self.num_classes for each in self.ids):
            raise self.error(f"classes from 0 to {self.num_classes - 1}", self.ids)
        if self.number not in ("int32", "float32"):
            raise self.error("dtype int32 or float32", self.dtype)

    @property
    def number(self) -> str:
        """The dtype of the counts."""
        return "int32" if self.dtype in (None, "int") else self.dtype

    def variables(self, target: Type, prediction: Type) -> dict[str, Type]:
        return {MATRIX: Type(self.number, (self.num_classes, self.num_classes))}

    def adds(self, target: Value, prediction: Value, weights: Value | None) -> dict[str, Value]:
        if not self.sparse_y_true:
            target = fn.argmax(target, axis=self.axis)
        if not self.sparse_y_pred:
            prediction = fn.argmax(prediction, axis=self.axis)
        if target.rank == prediction.rank + 1 and target.shape[-1] == 1:
            target = target[..., 0]
        if prediction.rank == target.rank + 1 and prediction.shape[-1] == 1:
            prediction = prediction[..., 0]
        return {MATRIX: matrix(target, prediction, weights, self.num_classes, self.number, self.ignore_class)}

    def result(self, variables: Mapping[str, Value]) -> Value:
        counts = variables[MATRIX]
        right = fn.diagonal(counts)
        union = fn.sum(counts, axis=0) + fn.sum(counts, axis=1) - right
        right, union = (fn.stack([fn.cast(each[k], "float32") for k in self.ids]) for each in (right, union))
        is_there = union > 1e-9
        shares = fn.where(is_there, right / (union + EPSILON), 0.0)
        return fn.sum(shares) / (fn.sum(fn.cast(is_there, "float32")) + EPSILON)


@dataclass(frozen=True)
class IoU(_Overlap):
    """The mean intersection over union, TP / (TP + FP + FN), of the classes `target_class_ids`; both sides are numbers
    of classes, or one-hot along `axis` where `sparse_y_true`, `sparse_y_pred` are False."""

    target_class_ids: Sequence[int]

    @property
    def ids(self) -> tuple[int, ...]:
        return tuple(self.target_class_ids)


@dataclass(frozen=True)
class MeanIoU(_Overlap):
    """The mean intersection over union, TP / (TP + FP + FN), of all classes."""


@dataclass(frozen=True)
class OneHotIoU(IoU):
    """`IoU` of one-hot targets, and of predictions with classes along `axis`."""

    sparse_y_true: bool = field(default=False, kw_only=True)
    sparse_y_pred: bool = field(default=False, kw_only=True)


@dataclass(frozen=True)
class OneHotMeanIoU(MeanIoU):
    """`MeanIoU` of one-hot targets, and of predictions with classes along `axis`."""

    sparse_y_true: bool = field(default=False, kw_only=True)
    sparse_y_pred: bool = field(default=False, kw_only=True)


@dataclass(frozen=True)
class BinaryIoU(IoU):
    """`IoU` of two classes; predictions of at least `threshold` are class 1."""

    num_classes: int = field(default=2, init=False)
    target_class_ids: Sequence[int] = (0, 1)
    threshold: float = 0.5

    def adds(self, target: Value, prediction: Value, weights: Value | None) -> dict[str, Value]:
        return super().adds(target, prediction >= self.threshold, weights)
