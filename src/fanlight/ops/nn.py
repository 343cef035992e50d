"""What do neural networks compute besides products? Activations, softmax and cross-entropies, as in Keras 3.

Gradients at kinks are those of Keras on JAX: relu and relu6 have slope 0 where they bend.
"""

from __future__ import annotations

import math

from fanlight.errors import ShapeError
from fanlight.ir.graph import Value
from fanlight.ops.indexing import one_hot
from fanlight.ops.pointwise import (
    absolute,
    add,
    cast,
    clip,
    divide,
    erf,
    exp,
    expm1,
    greater,
    greater_equal,
    less,
    log,
    log1p,
    log10,
    maximum,
    minimum,
    multiply,
    negative,
    power,
    sigmoid,
    square,
    stop_gradient,
    subtract,
    tanh,
    where,
)
from fanlight.ops.promote import Operand, as_value
from fanlight.ops.reductions import Axis, max, mean, sum
from fanlight.ops.shapes import expand_dims, normal_axes, squeeze

__all__ = [
    "binary_crossentropy", "categorical_crossentropy", "elu", "gelu", "hard_sigmoid", "hard_silu", "hard_swish",
    "hard_tanh", "leaky_relu", "log_sigmoid", "log_softmax", "mish", "psnr", "relu", "relu6", "selu",
    "silu", "softmax", "softplus", "softsign", "sparse_categorical_crossentropy", "sparsemax", "swish",
]  # fmt: skip

EPSILON = 1e-7  # keras.config.epsilon()


def relu(x: Operand) -> Value:
    """max(x, 0), with slope 0 at 0."""
    return maximum(x, 0, ties="second")


def relu6(x: Operand) -> Value:
    """min(max(x, 0), 6), with slope 0 at 0 and at 6."""
    return minimum(relu(x), 6, ties="second")


def leaky_relu(x: Operand, negative_slope: float = 0.2) -> Value:
    """x, or negative_slope * x below 0."""
    value = cast(x, "float32")
    return where(greater_equal(value, 0), value, multiply(value, negative_slope))


def elu(x: Operand, alpha: float = 1.0) -> Value:
    """x, or alpha * (exp(x) - 1) from 0 down."""
    value = cast(x, "float32")
    is_positive = greater(value, 0)
    return where(is_positive, value, multiply(expm1(where(is_positive, 0.0, value)), alpha))


def selu(x: Operand) -> Value:
    """A scaled `elu` that keeps mean 0 and variance 1 (Klambauer et al., 2017)."""
    return multiply(elu(x, 1.6732632423543772), 1.0507009873554805)


def gelu(x: Operand, approximate: bool = True) -> Value:
    """x * P(N < x) for a standard normal N, approximated by tanh or exactly by erf (Hendrycks and Gimpel, 2016)."""
    value = cast(x, "float32")
    if approximate:
        inner = multiply(add(value, multiply(power(value, 3), 0.044715)), math.sqrt(2 / math.pi))
        return multiply(multiply(value, 0.5), add(tanh(inner), 1.0))
    return multiply(multiply(value, 0.5), add(erf(multiply(value, math.sqrt(0.5))), 1.0))


def silu(x: Operand) -> Value:
    """x * sigmoid(x)."""
    return multiply(cast(x, "float32"), sigmoid(x))


swish = silu


def softplus(x: Operand) -> Value:
    """log(1 + exp(x)), without overflow."""
    value = cast(x, "float32")
    return add(maximum(value, 0.0), log1p(exp(negative(absolute(value, kink=0)))))


def log_sigmoid(x: Operand) -> Value:
    """log(sigmoid(x)), without underflow."""
    return negative(softplus(negative(x)))


def softsign(x: Operand) -> Value:
    """x / (1 + |x|)."""
    return divide(x, add(absolute(x), 1.0))


def hard_sigmoid(x: Operand) -> Value:
    """relu6(x + 3) / 6."""
    return divide(relu6(add(cast(x, "float32"), 3.0)), 6.0)


def hard_silu(x: Operand) -> Value:
    """x * hard_sigmoid(x)."""
    return multiply(cast(x, "float32"), hard_sigmoid(x))


hard_swish = hard_silu


def hard_tanh(x: Operand) -> Value:
    """x, but no less than -1 and no more than 1; slope 1 at both."""
    value = cast(x, "float32")
    return where(greater(value, 1.0), 1.0, where(less(value, -1.0), -1.0, value))


def mish(x: Operand) -> Value:
    """x * tanh(softplus(x))."""
    return multiply(cast(x, "float32"), tanh(softplus(x)))


def softmax(x: Operand, axis: Axis = -1) -> Value:
    """exp(x) over its sum along the axis, shifted by the largest element so that nothing overflows."""
    value = cast(x, "float32")
    powers = exp(subtract(value, stop_gradient(max(value, axis, keepdims=True))))
    return divide(powers, sum(powers, axis, keepdims=True))


def log_softmax(x: Operand, axis: Axis = -1) -> Value:
    """log(softmax(x)), without underflow."""
    value = cast(x, "float32")
    shifted = subtract(value, stop_gradient(max(value, axis, keepdims=True)))
    return subtract(shifted, log(sum(exp(shifted), axis, keepdims=True)))


def _log_probabilities(output: Operand, from_logits: bool, axis: int) -> Value:
    if from_logits:
        return log_softmax(output, axis)
    value = cast(output, "float32")
    return log(clip(divide(value, sum(value, axis, keepdims=True)), EPSILON, 1 - EPSILON))


def categorical_crossentropy(target: Operand, output: Operand, from_logits: bool = False, axis: int = -1) -> Value:
    """-sum(target * log(output)) along the axis; probabilities are normalised and kept away from 0 and 1 first."""
    wanted, given = as_value(target), as_value(output)
    if wanted.shape != given.shape:
        raise ShapeError("categorical_crossentropy", expected=f"a target like the output {given.type}", got=wanted.type)
    return negative(sum(multiply(wanted, _log_probabilities(given, from_logits, axis)), axis))


def sparse_categorical_crossentropy(
    target: Operand, output: Operand, from_logits: bool = False, axis: int = -1
) -> Value:
    """-log(output[target]) along the axis, for integer targets; one outside the classes costs 0."""
    wanted, given = as_value(target), as_value(output)
    (k,) = normal_axes(axis, given.rank)
    if wanted.rank == given.rank and wanted.shape[-1] == 1:
        wanted = squeeze(wanted, -1)
    expected = (*given.shape[:k], *given.shape[k + 1 :])
    if wanted.shape != expected:
        what = "sparse_categorical_crossentropy"
        raise ShapeError(
            what, expected=f"a target of shape {list(expected)} for the output {given.type}", got=wanted.type
        )
    classes = given.shape[k]
    if not isinstance(classes, int):
        raise ShapeError("sparse_categorical_crossentropy", expected="a fixed number of classes", got=given.type)
    chosen = one_hot(cast(wanted, "int32"), classes, k, "bool")
    return negative(sum(where(chosen, _log_probabilities(given, from_logits, k), 0.0), k))


def binary_crossentropy(target: Operand, output: Operand, from_logits: bool = False) -> Value:
    """-(target * log(output) + (1 - target) * log(1 - output)), element by element."""
    wanted, given = cast(target, "float32"), cast(output, "float32")
    if wanted.shape != given.shape:
        raise ShapeError("binary_crossentropy", expected=f"a target like the output {given.type}", got=wanted.type)
    if from_logits:
        yes, no = log_sigmoid(given), log_sigmoid(negative(given))
    else:
        given = clip(given, EPSILON, 1 - EPSILON)
        yes, no = log(given), log(subtract(1.0, given))
    return negative(add(multiply(wanted, yes), multiply(subtract(1.0, wanted), no)))


def sparsemax(x: Operand, axis: int = -1) -> Value:
    """The nearest point to x among the probabilities (Martins and Astudillo, 2016): max(x - t, 0), which sums to 1.

    Without sorting: z is among those above 0 if 1 + sum over the elements z' >= z of (z - z') is positive.

    Differs: Keras adds up the cumulative sums of the elements that are left, and its results do not sum to 1.
    """
    value = cast(x, "float32")
    (k,) = normal_axes(axis, value.rank)
    fixed = stop_gradient(value)
    mine, others = expand_dims(fixed, k + 1), expand_dims(fixed, k)
    above = sum(maximum(subtract(others, mine), 0.0), k + 1)
    is_kept = less(above, 1.0)
    total = sum(where(is_kept, value, 0.0), k, keepdims=True)
    level = divide(subtract(total, 1.0), sum(cast(is_kept, "float32"), k, keepdims=True))
    return relu(subtract(value, level))


def psnr(x1: Operand, x2: Operand, max_val: Operand) -> Value:
    """The ratio of the largest possible signal to the mean squared difference of two arrays, in decibels."""
    first, second = cast(x1, "float32"), cast(x2, "float32")
    if first.shape != second.shape:
        raise ShapeError("psnr", expected=f"two arrays {first.type}", got=second.type)
    error = mean(square(subtract(first, second)))
    return subtract(multiply(log10(cast(max_val, "float32")), 20.0), multiply(log10(error), 10.0))
