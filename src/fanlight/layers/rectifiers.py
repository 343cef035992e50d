"""Which layers are activations? By name, with constants or weights of their own, or with a mask."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from fanlight.ir.graph import Value
from fanlight.ir.types import Type
from fanlight.layers import activations
from fanlight.layers.base import Layer
from fanlight.layers.context import Context
from fanlight.ops import functions as fn


@dataclass(eq=False, repr=False)
class Activation(Layer):
    """An activation function by its name."""

    activation: str
    keeps_meaning: ClassVar[bool] = True
    supports_masking: ClassVar[bool] = True

    def call(self, context: Context, *values: Value) -> Value:
        return activations.activate(context, self.activation, values[0])


@dataclass(eq=False, repr=False)
class ReLU(Layer):
    """x from `threshold` on, at most `max_value`; below it `negative_slope * (x - threshold)`.

    At kinks the gradient is that of Keras on JAX.
    """

    max_value: float | None = None
    negative_slope: float = 0.0
    threshold: float = 0.0
    supports_masking: ClassVar[bool] = True

    def check(self) -> None:
        if (self.max_value or 0) < 0 or self.negative_slope < 0 or self.threshold < 0:
            raise self.error("attributes that are not negative", self.attributes())

    def call(self, context: Context, *values: Value) -> Value:
        (x,) = values
        if self.negative_slope and self.max_value is None and self.threshold == 0:
            return fn.leaky_relu(x, self.negative_slope)
        if self.threshold:
            above = fn.where(x > self.threshold, x, 0.0)
        else:
            above = fn.relu6(x) if self.max_value == 6 else fn.relu(x)
        if self.max_value is not None and (self.threshold or self.max_value != 6):
            above = fn.clip(above, 0.0, self.max_value)
        return above - fn.relu(self.threshold - x) * self.negative_slope if self.negative_slope else above


@dataclass(eq=False, repr=False)
class LeakyReLU(Layer):
    """x where it is positive, else `negative_slope * x`."""

    negative_slope: float = 0.3
    supports_masking: ClassVar[bool] = True

    def check(self) -> None:
        if self.negative_slope is None or self.negative_slope < 0:
            raise self.error("a negative_slope of at least 0", self.negative_slope)

    def call(self, context: Context, *values: Value) -> Value:
        return fn.leaky_relu(values[0], self.negative_slope)


@dataclass(eq=False, repr=False)
class ELU(Layer):
    """x where it is positive, else `alpha * (exp(x) - 1)`."""

    alpha: float = 1.0
    supports_masking: ClassVar[bool] = True

    def call(self, context: Context, *values: Value) -> Value:
        return fn.elu(values[0], self.alpha)


@dataclass(eq=False, repr=False)
class PReLU(Layer):
    """x where it is positive, else `alpha * x`; alpha is learnt, one for each element of a row.

    Along `shared_axes` (from 1, the first after the batch) all elements share one.
    """

    alpha_initializer: Any = "zeros"
    alpha_regularizer: Any = None
    alpha_constraint: Any = None
    shared_axes: Any = None
    supports_masking: ClassVar[bool] = True

    def check(self) -> None:
        if self.shared_axes is not None:
            shared = self.shared_axes
            self.shared_axes = (shared,) if isinstance(shared, int) else tuple(shared)

    def build(self, *types: Type) -> None:
        shared = self.shared_axes or ()
        if not all(isinstance(axis, int) and 1 <= axis < types[0].rank for axis in shared):
            raise self.error(f"shared_axes from 1 to {types[0].rank - 1}", shared, at=types[0])
        self.declare("alpha", (1 if axis in shared else n for axis, n in enumerate(types[0].shape) if axis > 0))

    def call(self, context: Context, *values: Value) -> Value:
        (x,) = values
        return fn.relu(x) - self.weight(context, "alpha") * fn.relu(-x)


@dataclass(eq=False, repr=False)
class Softmax(Layer):
    """exp(x) / sum(exp(x)) along `axis`, or along several together; elements that `mask` leaves out are 0.

    The mask, of x or given as `layer(x, mask=m)`, has the shape of x, or 1 where it serves a whole axis.
    """

    axis: Any = -1
    keeps_meaning: ClassVar[bool] = True
    supports_masking: ClassVar[bool] = True

    def check(self) -> None:
        if not isinstance(self.axis, int):
            axes = tuple(self.axis)
            self.axis = axes[0] if len(axes) == 1 else axes

    def call(self, context: Context, *values: Value, mask: Value | None = None) -> Value:
        (x,) = values
        if mask is None:
            return self.softmax(context, x)
        pairs = zip(reversed(mask.shape), reversed(x.shape), strict=False)
        if mask.rank > x.rank or any(a not in (1, b) for a, b in pairs):
            raise self.error(f"a mask that can be broadcast to {x.type}", mask.type)
        counts = fn.broadcast_to(mask if mask.dtype == "bool" else mask > 0.5, x.shape)
        y = self.softmax(context, fn.where(counts, x, -1e9))
        return fn.where(counts, y, 0.0)  # where nothing counts, the softmax is even

    def softmax(self, context: Context, x: Value) -> Value:
        """Without a mask."""
        if isinstance(self.axis, tuple):
            return fn.exp(x - fn.logsumexp(x, axis=self.axis, keepdims=True))
        if self.axis % x.rank == x.rank - 1:
            return activations.activate(context, "softmax", x)
        return fn.softmax(x, axis=self.axis)
