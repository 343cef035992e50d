"""What do TensorFlow's activations mean? And what is fused into products: biases, sums, normalizations, these?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from fanlight.importers.tensorflow.rules.table import op
from fanlight.ir.graph import Value
from fanlight.ops import functions as fn


def elu(x: Value) -> Value:
    return below(x, fn.expm1)


def selu(x: Value) -> Value:
    scale, alpha = 1.0507009873554805, 1.6732632423543772
    return below(fn.multiply(x, scale), lambda y: fn.multiply(fn.expm1(fn.divide(y, scale)), scale * alpha))


def below(x: Value, function: Callable[[Value], Value]) -> Value:
    """x, but a function of it below 0, from which nothing overflows above."""
    is_below = fn.less(x, 0.0)
    return fn.where(is_below, function(fn.where(is_below, x, 0.0)), x)


ACTIVATIONS: dict[str, Callable[[Value], Value]] = {
    **{"Relu": fn.relu, "Relu6": fn.relu6, "Elu": elu, "Selu": selu, "Sigmoid": fn.sigmoid, "Tanh": fn.tanh},
    **{"Softplus": fn.softplus, "Softsign": fn.softsign},
}
GELU: dict[str, Callable[[Value], Value]] = {
    "GeluApproximate": lambda x: fn.gelu(x, approximate=True),
    "GeluExact": lambda x: fn.gelu(x, approximate=False),
}


def one(function: Callable[[Value], Value]) -> Callable[..., Value]:
    return lambda use, x: function(x)


for _name, _function in ACTIVATIONS.items():
    op(_name)(one(_function))


@op("LeakyRelu")
def leaky_relu(use: Any, x: Value) -> Value:
    return leaky(x, use["alpha"])


def leaky(x: Value, alpha: Any) -> Value:
    return fn.where(fn.greater(x, 0.0), x, fn.multiply(x, alpha))


@op("Prelu", parameters=(1,))
def parametric_relu(use: Any, x: Value, alpha: Value) -> Value:
    return leaky(x, alpha)


@op("Softmax")
def softmax(use: Any, x: Value) -> Value:
    return fn.softmax(x)


@op("LogSoftmax")
def log_softmax(use: Any, x: Value) -> Value:
    return fn.log_softmax(x)


# Losses, which give their gradients too


@op("SoftmaxCrossEntropyWithLogits")
def cross_entropy(use: Any, x: Value, labels: Value) -> tuple[Value, Value]:
    labels = fn.add(labels, fn.zeros(x.shape, x.dtype))
    x = fn.add(x, fn.zeros(labels.shape, x.dtype))
    loss = fn.negative(fn.sum(fn.multiply(labels, fn.log_softmax(x)), -1))
    return loss, fn.subtract(fn.softmax(x), labels)


@op("SparseSoftmaxCrossEntropyWithLogits")
def sparse_cross_entropy(use: Any, x: Value, labels: Value) -> tuple[Value, Value]:
    classes = x.shape[-1]
    if not isinstance(classes, int):
        raise use.refuse("a known number of classes", x.type)
    return cross_entropy(use, x, fn.one_hot(labels, classes))


# What is fused


def finished(use: Any, y: Value, rest: Sequence[Value]) -> Value:
    """A product, channels last, with what `fused_ops` say done to it; `rest` are the operands of these."""
    operands = list(rest)

    def more(name: str) -> Value:
        if not operands:
            raise use.error(f"an operand for {name}", f"{len(rest)} in all")
        return operands.pop(0)

    for name in use["fused_ops"] or ():
        if name in ("BiasAdd", "Add"):
            y = fn.add(y, more(name))
        elif name == "FusedBatchNorm":
            scale, offset, mean, variance = (more(name) for _ in range(4))
            factor = fn.multiply(scale, fn.rsqrt(fn.add(variance, use["epsilon"])))
            y = fn.add(fn.multiply(fn.subtract(y, mean), factor), offset)
        elif name == "LeakyRelu":
            y = leaky(y, use["leakyrelu_alpha"])
        elif name == "Prelu":
            y = leaky(y, more(name))
        elif name in ACTIVATIONS or name in GELU:
            y = (ACTIVATIONS | GELU)[name](y)
        else:
            raise use.refuse("fused BiasAdd, Add, FusedBatchNorm and activations", name)
    return y
