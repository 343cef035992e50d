"""Which layers are activations? By name, with constants, or with a mask."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from fanlight.ir.graph import Value
from fanlight.layers import activations
from fanlight.layers.base import Layer
from fanlight.layers.context import Context
from fanlight.ops import functions as fn


@dataclass(eq=False, repr=False)
class Activation(Layer):
    """An activation function by its name."""

    activation: str
    keeps_meaning: ClassVar[bool] = True

    def call(self, context: Context, *values: Value) -> Value:
        return activations.activate(context, self.activation, values[0])


@dataclass(eq=False, repr=False)
class ReLU(Layer):
    """x from `threshold` on, at most `max_value`; below it `negative_slope * (x - threshold)`."""

    max_value: float | None = None
    negative_slope: float = 0.0
    threshold: float = 0.0

    def check(self) -> None:
        if (self.max_value or 0) < 0 or self.negative_slope < 0 or self.threshold < 0:
            raise self.error("attributes that are not negative", self.attributes())

    def call(self, context: Context, *values: Value) -> Value:
        (x,) = values
        if self.threshold == 0 and self.negative_slope == 0:
            if self.max_value is None:
                return fn.relu(x)
            if self.max_value == 6:
                return fn.relu6(x)
        if self.negative_slope:
            below = (x - self.threshold) * self.negative_slope if self.threshold else x * self.negative_slope
        else:
            below = fn.zeros_like(x)
        y = fn.where(x > self.threshold, x, below)
        return y if self.max_value is None else fn.minimum(y, self.max_value)


@dataclass(eq=False, repr=False)
class LeakyReLU(Layer):
    """x where it is positive, else `negative_slope * x`."""

    negative_slope: float = 0.3

    def call(self, context: Context, *values: Value) -> Value:
        return fn.leaky_relu(values[0], self.negative_slope)


@dataclass(eq=False, repr=False)
class Softmax(Layer):
    """exp(x) / sum(exp(x)) along `axis`."""

    axis: int = -1
    keeps_meaning: ClassVar[bool] = True

    def call(self, context: Context, *values: Value) -> Value:
        (x,) = values
        if self.axis % x.rank == x.rank - 1:
            return activations.activate(context, "softmax", x)
        return fn.softmax(x, axis=self.axis)
