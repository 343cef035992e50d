"""How often, or how far, is a row right? Keras's metrics that are means over rows."""

from __future__ import annotations

from dataclasses import dataclass

from fanlight.ir.dim import known
from fanlight.ir.graph import Value
from fanlight.ops import functions as fn
from fanlight.training.loss import EPSILON, Logits
from fanlight.training.metrics.metric import MeanMetric, alike


def as_numbers(matches: Value) -> Value:
    return fn.cast(matches, "float32")


@dataclass(frozen=True)
class Accuracy(MeanMetric):
    """Whether the prediction is the target."""

    direction = "up"

    def each(self, target: Value, prediction: Value, logits: Logits = None) -> Value:
        return as_numbers(fn.equal(*alike(self, target, prediction)))


@dataclass(frozen=True)
class BinaryAccuracy(MeanMetric):
    """Whether prediction > `threshold` says what the target says."""

    direction = "up"

    threshold: float = 0.5

    def each(self, target: Value, prediction: Value, logits: Logits = None) -> Value:
        target, prediction = alike(self, target, prediction)
        return as_numbers(fn.equal(as_numbers(prediction > self.threshold), target))


@dataclass(frozen=True)
class CategoricalAccuracy(MeanMetric):
    """Whether target and prediction are largest at the same class."""

    direction = "up"

    def each(self, target: Value, prediction: Value, logits: Logits = None) -> Value:
        return as_numbers(fn.equal(fn.argmax(target, axis=-1), fn.argmax(prediction, axis=-1)))


@dataclass(frozen=True)
class SparseCategoricalAccuracy(MeanMetric):
    """Whether the prediction is largest at the class that the target names."""

    direction = "up"

    def each(self, target: Value, prediction: Value, logits: Logits = None) -> Value:
        return as_numbers(fn.equal(numbers(target, prediction), fn.argmax(prediction, axis=-1)))


@dataclass(frozen=True)
class SparseTopKCategoricalAccuracy(MeanMetric):
    """Whether the class that the target names is among the `k` largest. `from_sorted_ids`: the predictions are classes
    in order, the best first."""

    direction = "up"

    k: int = 5
    from_sorted_ids: bool = False

    def each(self, target: Value, prediction: Value, logits: Logits = None) -> Value:
        target = numbers(target, prediction)
        if self.from_sorted_ids:
            best = fn.cast(prediction[..., : self.k], "int32")
            return as_numbers(fn.any(fn.equal(fn.expand_dims(target, -1), best), axis=-1))
        return among(target, prediction, self.k)


@dataclass(frozen=True)
class TopKCategoricalAccuracy(MeanMetric):
    """Whether the class where the target is largest is among the `k` largest."""

    direction = "up"

    k: int = 5

    def each(self, target: Value, prediction: Value, logits: Logits = None) -> Value:
        return among(fn.argmax(target, axis=-1), prediction, self.k)


def numbers(target: Value, prediction: Value) -> Value:
    """Numbers of classes, int32, without an axis of length 1 that predictions have for classes."""
    target = fn.cast(target, "int32")
    return target[..., 0] if target.rank == prediction.rank and target.shape[-1] == 1 else target


def among(target: Value, prediction: Value, k: int) -> Value:
    """Whether fewer than k classes are larger than the one that `target` names."""
    is_right = fn.equal(fn.expand_dims(target, -1), fn.arange(known(prediction.shape[-1])))
    own = fn.sum(fn.where(is_right, prediction, 0.0), axis=-1, keepdims=True)
    is_a_class = fn.any(is_right, axis=-1)
    return as_numbers(fn.logical_and(is_a_class, fn.sum(fn.cast(prediction > own, "int32"), axis=-1) < k))


@dataclass(frozen=True)
class CosineSimilarity(MeanMetric):
    """The cosine of the angle between target and prediction along `axis`."""

    direction = "up"

    axis: int = -1

    def each(self, target: Value, prediction: Value, logits: Logits = None) -> Value:
        t, p = alike(self, target, prediction)
        return fn.sum(fn.normalize(t, axis=self.axis) * fn.normalize(p, axis=self.axis), axis=self.axis)


@dataclass(frozen=True)
class PearsonCorrelation(MeanMetric):
    """The correlation of target and prediction along `axis`, from -1 to 1 (Pearson 1895)."""

    direction = "up"

    axis: int = -1

    def each(self, target: Value, prediction: Value, logits: Logits = None) -> Value:
        sides = [side - fn.mean(side, axis=self.axis, keepdims=True) for side in alike(self, target, prediction)]
        t, p = (side / fn.std(side, axis=self.axis, keepdims=True) for side in sides)
        return fn.mean(t * p, axis=self.axis)


@dataclass(frozen=True)
class ConcordanceCorrelation(MeanMetric):
    """Keras's measure of how target and prediction agree along `axis`, in mean and spread too (after Lin 1989)."""

    direction = "up"

    axis: int = -1

    def each(self, target: Value, prediction: Value, logits: Logits = None) -> Value:
        t, p = alike(self, target, prediction)
        t_mean, p_mean = (fn.mean(side, axis=self.axis, keepdims=True) for side in (t, p))
        t_var, p_var = (fn.var(side - mean, axis=self.axis, keepdims=True) for side, mean in ((t, t_mean), (p, p_mean)))
        norm = t_var + p_var + fn.square(t_mean - p_mean)
        return fn.mean(2.0 * ((t - p_mean) * (p - p_mean)) / (norm + EPSILON), axis=self.axis)
