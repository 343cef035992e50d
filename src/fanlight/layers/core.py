"""Which layers multiply and scale? Dense, Rescaling. Names, attributes, defaults and meanings are Keras 3's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

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
class Identity(Layer):
    """The input itself."""

    keeps_meaning: ClassVar[bool] = True
    supports_masking: ClassVar[bool] = True

    def call(self, context: Context, *values: Value) -> Value:
        return values[0]


@dataclass(eq=False, repr=False)
class Rescaling(Layer):
    """x * scale + offset; each is a number, or one number for each channel."""

    scale: Any
    offset: Any = 0.0
    supports_masking: ClassVar[bool] = True

    def call(self, context: Context, *values: Value) -> Value:
        x = fn.cast(values[0], "float32")
        return x * per_channel(self.scale) + per_channel(self.offset)


def per_channel(number: Any) -> Any:
    """A plain number as it is; several as a constant vector along the last axis."""
    if isinstance(number, int | float):
        return float(number)
    values = tuple(float(each) for each in number)
    return initializers.listed(values, "float32")
