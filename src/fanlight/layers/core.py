"""Which layers multiply, reshape and join? Dense, Flatten, Reshape, Rescaling, Activation, ReLU, Softmax, Add, ...

Names, attributes, defaults and meanings are Keras 3's.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any, ClassVar

from fanlight.ir import dim as dims
from fanlight.ir.graph import Value
from fanlight.ir.types import Type
from fanlight.layers import activations, initializers
from fanlight.layers.base import Layer
from fanlight.layers.context import Context
from fanlight.ops import functions as fn


@dataclass(eq=False, repr=False)
class Dense(Layer):
    """activation(x @ kernel + bias), over the last axis: `[batch, ..., k]` to `[batch, ..., units]`."""

    units: int
    activation: str | None = None
    use_bias: bool = True
    kernel_initializer: Any = "glorot_uniform"
    bias_initializer: Any = "zeros"
    kernel_regularizer: Any = None
    bias_regularizer: Any = None
    kernel_constraint: Any = None
    bias_constraint: Any = None
    supports_masking: ClassVar[bool] = True

    def check(self) -> None:
        if not isinstance(self.units, int) or self.units < 1:
            raise self.error("a positive number of units", repr(self.units))

    def build(self, *types: Type) -> None:
        if len(types) != 1 or types[0].rank < 2:
            raise self.error("one input of rank 2 or more (batch first)", list(types))
        self.declare("kernel", (types[0].shape[-1], self.units))
        if self.use_bias:
            self.declare("bias", (self.units,))

    def call(self, context: Context, *values: Value) -> Value:
        (x,) = values
        kernel = self.weight(context, "kernel")
        if x.shape[-1] != kernel.shape[0]:
            raise self.error(f"{kernel.shape[0]} input features", x.shape[-1], at=x.type)
        y = fn.matmul(x, kernel)
        if self.use_bias:
            y = y + self.weight(context, "bias")
        return activations.activate(context, self.activation, y)


@dataclass(eq=False, repr=False)
class Flatten(Layer):
    """`[batch, ...]` to `[batch, n]`, row-major."""

    data_format: str | None = None

    def call(self, context: Context, *values: Value) -> Value:
        (x,) = values
        return fn.reshape(x, (x.shape[0], dims.product(x.shape[1:])))


@dataclass(eq=False, repr=False)
class Reshape(Layer):
    """`[batch, ...]` to `[batch, *target_shape]`, row-major; one -1 is what the others leave."""

    target_shape: tuple[int, ...]

    def check(self) -> None:
        self.target_shape = tuple(self.target_shape)
        if self.target_shape.count(-1) > 1 or any(extent < 1 and extent != -1 for extent in self.target_shape):
            raise self.error("positive lengths and at most one -1", self.target_shape)

    def call(self, context: Context, *values: Value) -> Value:
        (x,) = values
        shape: list[Any] = list(self.target_shape)
        count, known = dims.product(x.shape[1:]), prod(extent for extent in shape if extent != -1)
        if -1 in shape:
            shape[shape.index(-1)] = count // known
        if dims.product(shape) != count:
            raise self.error(f"{dims.product(shape)} elements in each row", count, at=x.type)
        return fn.reshape(x, (x.shape[0], *shape))


@dataclass(eq=False, repr=False)
class Rescaling(Layer):
    """x * scale + offset; each is a number, or one number for each channel."""

    scale: Any
    offset: Any = 0.0

    def call(self, context: Context, *values: Value) -> Value:
        x = fn.cast(values[0], "float32")
        return x * per_channel(self.scale) + per_channel(self.offset)


def per_channel(number: Any) -> Any:
    """A plain number as it is; several as a constant vector along the last axis."""
    if isinstance(number, int | float):
        return float(number)
    values = tuple(float(each) for each in number)
    return initializers.Listed(values)(None, Type("float32", (len(values),)))  # type: ignore[arg-type]


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


class _Merge(Layer):
    """What layers of several inputs, element by element, share."""

    def join(self, x: Value, y: Value) -> Value:
        raise NotImplementedError

    def call(self, context: Context, *values: Value) -> Value:
        if len(values) < 2:
            raise self.error("a list of two inputs or more", len(values))
        total = values[0]
        for value in values[1:]:
            total = self.join(total, value)
        return total


@dataclass(eq=False, repr=False)
class Add(_Merge):
    """The sum of the inputs."""

    def join(self, x: Value, y: Value) -> Value:
        return x + y


@dataclass(eq=False, repr=False)
class Subtract(_Merge):
    """The first input minus the second."""

    def join(self, x: Value, y: Value) -> Value:
        return x - y


@dataclass(eq=False, repr=False)
class Multiply(_Merge):
    """The product of the inputs."""

    def join(self, x: Value, y: Value) -> Value:
        return x * y


@dataclass(eq=False, repr=False)
class Concatenate(Layer):
    """The inputs one after another along `axis`."""

    axis: int = -1

    def call(self, context: Context, *values: Value) -> Value:
        if len(values) < 2:
            raise self.error("a list of two inputs or more", len(values))
        return fn.concatenate(list(values), axis=self.axis)
