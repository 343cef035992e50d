"""Which layers normalise? BatchNormalization; its moving statistics are state that a training step writes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fanlight.ir.graph import Value
from fanlight.ir.types import Type
from fanlight.layers.base import Layer
from fanlight.layers.context import Context
from fanlight.ops import functions as fn


@dataclass(eq=False, repr=False)
class BatchNormalization(Layer):
    """gamma * (x - mean) / sqrt(variance + epsilon) + beta, along `axis` (Ioffe and Szegedy 2015).

    In training, mean and variance (of the population) are those of the batch, and the moving ones follow them:
    moving * momentum + batch * (1 - momentum). Otherwise, and where `trainable` is False, they are the moving ones.
    """

    axis: int = -1
    momentum: float = 0.99
    epsilon: float = 1e-3
    center: bool = True
    scale: bool = True
    beta_initializer: Any = "zeros"
    gamma_initializer: Any = "ones"
    moving_mean_initializer: Any = "zeros"
    moving_variance_initializer: Any = "ones"

    def build(self, *types: Type) -> None:
        if len(types) != 1 or not -types[0].rank <= self.axis < types[0].rank:
            raise self.error(f"one input that has axis {self.axis}", list(types))
        shape = (types[0].shape[self.axis],)
        if self.scale:
            self.add_weight("gamma", shape, self.gamma_initializer)
        if self.center:
            self.add_weight("beta", shape, self.beta_initializer)
        self.add_weight("moving_mean", shape, self.moving_mean_initializer, role="statistic")
        self.add_weight("moving_variance", shape, self.moving_variance_initializer, role="statistic")

    def call(self, context: Context, *values: Value) -> Value:
        (x,) = values
        axis = self.axis % x.rank
        type = self.weights["moving_mean"].type
        if x.shape[axis] != type.shape[0]:
            raise self.error(f"length {type.shape[0]} along axis {axis}", x.shape[axis], at=x.type)
        mean, variance = (context.current(name, type) for name in ("moving_mean", "moving_variance"))
        if context.training and self.trainable:
            others = tuple(k for k in range(x.rank) if k != axis)
            batch_mean, batch_variance = fn.mean(x, axis=others), fn.var(x, axis=others)
            # In this form, and not as moving + (batch - moving) * (1 - momentum), as Keras rounds it.
            context.update("moving_mean", mean * self.momentum + batch_mean * (1 - self.momentum))
            context.update("moving_variance", variance * self.momentum + batch_variance * (1 - self.momentum))
            mean, variance = batch_mean, batch_variance
        factor = 1 / fn.sqrt(variance + self.epsilon)
        if self.scale:
            factor = factor * self.weight(context, "gamma")
        shift = -mean * factor
        if self.center:
            shift = shift + self.weight(context, "beta")
        shape = [1] * x.rank
        shape[axis] = int(type.shape[0])  # type: ignore[arg-type]
        return x * fn.reshape(factor, tuple(shape)) + fn.reshape(shift, tuple(shape))
