"""What do ONNX's losses and steps of training mean? Cross-entropy of classes, and one step of an optimizer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fanlight.importers.graphs.table import rule
from fanlight.ir.graph import Value
from fanlight.ops import functions as fn


@rule("NegativeLogLikelihoodLoss")
def negative_log_likelihood(use: Any, x: Value, classes: Value, weights: Value | None = None) -> Value:
    """Of log probabilities [n, classes, ...]."""
    if x.rank < 2 or classes.shape != (x.shape[0], *x.shape[2:]):
        raise use.error("scores [n, classes, ...] and a class for each", (x.type, classes.type))
    ignored = use["ignore_index"]
    counts = None if ignored is None else fn.not_equal(classes, ignored)
    places = classes if counts is None else fn.where(counts, classes, fn.zeros_like(classes))
    loss = fn.negative(fn.squeeze(fn.take_along_axis(x, fn.expand_dims(places, 1), 1), 1))
    weight = None if weights is None else fn.take(weights, places, 0)
    if counts is not None:
        weight = fn.cast(counts, x.dtype) if weight is None else fn.where(counts, weight, 0.0)
        loss = fn.where(counts, loss, 0.0)
    loss = loss if weight is None else fn.multiply(loss, weight)
    match use["reduction"]:
        case "none":
            return loss
        case "sum":
            return fn.sum(loss)
        case "mean":
            return fn.mean(loss) if weight is None else fn.divide(fn.sum(loss), fn.sum(weight))
    raise use.error("reduction none, sum or mean", repr(use["reduction"]))


@rule("SoftmaxCrossEntropyLoss")
def softmax_cross_entropy(use: Any, scores: Value, classes: Value, weights: Value | None = None) -> tuple[Value, Value]:
    x = fn.log_softmax(scores, 1)
    return negative_log_likelihood(use, x, classes, weights), x


# One step of an optimizer: the rate, the number of steps before, then for all tensors their values, gradients, slots


def stepped(use: Any, count: int, tensors: tuple[Value, ...], step: Callable[..., tuple[Value, ...]]) -> Any:
    """`step(x, gradient, *slots)` of each tensor; results in the order of the operands."""
    number, rest = divmod(len(tensors), count)
    if rest:
        raise use.error(f"{count} operands for each tensor", len(tensors))
    groups = [tensors[k * number : (k + 1) * number] for k in range(count)]
    results = []
    for x, gradient, *slots in zip(*groups, strict=True):
        regular = fn.add(fn.multiply(x, use["norm_coefficient"] or 0.0), gradient)
        results.append(step(x, regular, *slots))
    return tuple(value for side in zip(*results, strict=True) for value in side)


@rule("ai.onnx.preview.training.Adagrad")
def adagrad(use: Any, rate: Value, number: Value, *tensors: Value) -> tuple[Value, ...]:
    rate = fn.divide(rate, fn.add(fn.multiply(fn.cast(number, "float32"), use["decay_factor"]), 1.0))

    def step(x: Value, g: Value, squares: Value) -> tuple[Value, ...]:
        squares = fn.add(squares, fn.square(g))
        return fn.subtract(x, fn.divide(fn.multiply(rate, g), fn.add(fn.sqrt(squares), use["epsilon"]))), squares

    return stepped(use, 3, tensors, step)


@rule("ai.onnx.preview.training.Adam")
def adam(use: Any, rate: Value, number: Value, *tensors: Value) -> tuple[Value, ...]:
    alpha, beta, after = use["alpha"], use["beta"], use["norm_coefficient_post"]
    t = fn.cast(number, "float32")
    later = fn.greater(t, 0.0)
    first, second = (fn.subtract(1.0, fn.power(each, fn.where(later, t, 1.0))) for each in (alpha, beta))
    rate = fn.where(later, fn.divide(fn.multiply(rate, fn.sqrt(second)), first), rate)

    def step(x: Value, g: Value, mean: Value, squares: Value) -> tuple[Value, ...]:
        mean = fn.add(fn.multiply(mean, alpha), fn.multiply(g, 1 - alpha))
        squares = fn.add(fn.multiply(squares, beta), fn.multiply(fn.square(g), 1 - beta))
        x = fn.subtract(x, fn.divide(fn.multiply(rate, mean), fn.add(fn.sqrt(squares), use["epsilon"])))
        return fn.multiply(x, 1 - after), mean, squares

    return stepped(use, 4, tensors, step)


@rule("ai.onnx.preview.training.Momentum")
def momentum(use: Any, rate: Value, number: Value, *tensors: Value) -> tuple[Value, ...]:
    if use["mode"] not in ("standard", "nesterov"):
        raise use.error("mode standard or nesterov", repr(use["mode"]))
    alpha = use["alpha"]
    beta = fn.where(fn.greater(number, 0), use["beta"], 1.0)

    def step(x: Value, g: Value, speed: Value) -> tuple[Value, ...]:
        speed = fn.add(fn.multiply(speed, alpha), fn.multiply(g, beta))
        way = fn.add(g, fn.multiply(speed, alpha)) if use["mode"] == "nesterov" else speed
        return fn.subtract(x, fn.multiply(rate, way)), speed

    return stepped(use, 3, tensors, step)
