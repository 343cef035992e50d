"""How large is the area under a curve of two rates? AUC, from counts at many thresholds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fanlight.errors import UnknownNameError
from fanlight.ir.graph import Value
from fanlight.ir.types import Type
from fanlight.ops import functions as fn
from fanlight.training.loss import EPSILON
from fanlight.training.metrics.confusion import FN, FP, TN, TP, Counts, counts, row
from fanlight.training.metrics.metric import alike
from fanlight.training.weighting import fitted

CURVES, METHODS = ("ROC", "PR", "PRGAIN"), ("interpolation", "majoring", "minoring")


@dataclass(frozen=True)
class AUC(Counts):
    """The area under the curve of recall over false positive rate ("ROC"), of precision over recall ("PR"), or of
    their gains ("PRGAIN"), in steps between thresholds. `multi_label`: one curve a label, and their (weighted) mean."""

    direction = "up"

    num_thresholds: int = 200
    curve: str = "ROC"
    summation_method: str = "interpolation"
    thresholds: Sequence[float] | None = None
    multi_label: bool = False
    num_labels: int | None = None
    label_weights: Sequence[float] | None = None
    from_logits: bool = False

    def check(self) -> None:
        object.__setattr__(self, "curve", self.curve.upper())
        object.__setattr__(self, "summation_method", self.summation_method.lower())
        if self.thresholds is not None:
            object.__setattr__(self, "thresholds", tuple(sorted(self.thresholds)))
            object.__setattr__(self, "num_thresholds", len(self.thresholds) + 2)
        if self.curve not in CURVES or self.summation_method not in METHODS:
            got = f"{self.curve!r}, {self.summation_method!r}"
            raise UnknownNameError("AUC", expected=f"a curve of {CURVES} and a summation_method of {METHODS}", got=got)
        if self.num_thresholds < 2:
            raise self.error("at least 2 thresholds", self.num_thresholds)

    @property
    def levels(self) -> tuple[float, ...]:
        last = self.num_thresholds - 1
        inner = self.thresholds or tuple(k / last for k in range(1, last))
        return (-EPSILON, *inner, 1 + EPSILON)

    def variables(self, target: Type, prediction: Type) -> dict[str, Type]:
        if not self.multi_label:
            return super().variables(target, prediction)
        labels = prediction.shape[-1]
        if prediction.rank != 2 or not isinstance(labels, int) or self.num_labels not in (None, 0, labels):
            raise self.error("predictions [batch, labels] with multi_label", prediction)
        return dict.fromkeys(self.kinds, Type("float32", (len(self.levels), labels)))

    def adds(self, target: Value, prediction: Value, weights: Value | None) -> dict[str, Value]:
        target, prediction = alike(self, target, prediction)
        if self.from_logits:
            prediction = fn.sigmoid(prediction)
        weights = None if weights is None else fitted(weights, target.rank)
        if self.label_weights is not None and not self.multi_label:
            by_label = fn.broadcast_to(row(self.label_weights), prediction.shape)
            weights = by_label if weights is None else weights * by_label
        return counts(self.kinds, target, prediction, weights, self.levels, self.multi_label)

    def result(self, variables: Mapping[str, Value]) -> Value:
        tp, fp, tn, fn_ = (variables[kind] for kind in (TP, FP, TN, FN))
        if (self.curve, self.summation_method) == ("PR", "interpolation"):
            return self._total(between_precisions(tp, fp, fn_))
        recall, precision = fn.divide_no_nan(tp, tp + fn_), fn.divide_no_nan(tp, tp + fp)
        if self.curve == "ROC":
            x, y = fn.divide_no_nan(fp, fp + tn), recall
        elif self.curve == "PR":
            x, y = recall, precision
        else:
            odds = fn.divide_no_nan(tp + fn_, tn + fp)
            is_none = fn.equal(tp, 0.0)
            x = fn.maximum(fn.where(is_none, 0.0, 1.0 - odds * fn.divide_no_nan(fn_, tp)), 0.0)
            y = fn.where(is_none, 1.0, 1.0 - odds * fn.divide_no_nan(fp, tp))
        before, after = y[:-1], y[1:]
        heights = {"interpolation": (before + after) / 2.0}
        heights |= {"minoring": fn.minimum(before, after), "majoring": fn.maximum(before, after)}
        return self._total((x[:-1] - x[1:]) * heights[self.summation_method])

    def _total(self, parts: Value) -> Value:
        areas = fn.sum(parts, axis=0)
        if not self.multi_label:
            return areas
        if self.label_weights is None:
            return fn.mean(areas)
        weights = row(self.label_weights)
        return fn.divide_no_nan(fn.sum(areas * weights), fn.sum(weights))


def between_precisions(tp: Value, fp: Value, fn_: Value) -> Value:
    """The area between two thresholds under precision over recall, where true positives grow evenly with all
    positives (Davis and Goadrich 2006, section 4.1)."""
    p = tp + fp
    dtp, dp = tp[:-1] - tp[1:], p[:-1] - p[1:]
    slope = fn.divide_no_nan(dtp, fn.maximum(dp, 0.0))
    intercept = tp[1:] - slope * p[1:]
    both = fn.logical_and(p[:-1] > 0, p[1:] > 0)
    ratio = fn.where(both, fn.divide_no_nan(p[:-1], fn.maximum(p[1:], 0.0)), 1.0)
    return fn.divide_no_nan(slope * (dtp + intercept * fn.log(ratio)), fn.maximum(tp[1:] + fn_[1:], 0.0))
