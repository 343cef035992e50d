"""Which layers remember pictures? ConvLSTM1D to 3D: an LSTM whose products are convolutions.

In: `[batch, time, *sizes, channels]`. Out: the last picture `[batch, *sizes', filters]`, or all, in their order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, ClassVar

from fanlight.ir.graph import Input, Value, apply
from fanlight.ir.types import Type
from fanlight.layers.activations import ACTIVATIONS
from fanlight.layers.base import Layer, check_channels_last, check_padding, per_axis
from fanlight.layers.cells import ForgetBias, dropout_mask
from fanlight.layers.context import Context
from fanlight.layers.recurrent import Recurrent
from fanlight.ops import functions as fn


@dataclass(eq=False, repr=False)
class ConvLSTMArguments(Layer):
    """What a ConvLSTM and its cell are given."""

    filters: int
    kernel_size: Any
    strides: Any = 1
    padding: str = "valid"
    data_format: str | None = None
    dilation_rate: Any = 1
    activation: Any = "tanh"
    recurrent_activation: Any = "sigmoid"
    use_bias: bool = True
    kernel_initializer: Any = "glorot_uniform"
    recurrent_initializer: Any = "orthogonal"
    bias_initializer: Any = "zeros"
    unit_forget_bias: bool = True
    kernel_regularizer: Any = None
    recurrent_regularizer: Any = None
    bias_regularizer: Any = None
    kernel_constraint: Any = None
    recurrent_constraint: Any = None
    bias_constraint: Any = None
    dropout: float = 0.0
    recurrent_dropout: float = 0.0
    seed: int | None = None

    def check_arguments(self, rank: int) -> None:
        """Bring what both are given into one form, for pictures of so many axes."""
        self.data_format = check_channels_last(self, self.data_format)
        for name in ("kernel_size", "strides", "dilation_rate"):
            setattr(self, name, per_axis(self, name, rank))
        self.padding = check_padding(self, self.padding)
        if max(self.strides) > 1 and max(self.dilation_rate) > 1:
            raise self.error("strides or a dilation_rate, not both", f"{self.strides} and {self.dilation_rate}")
        if not isinstance(self.filters, int) or isinstance(self.filters, bool) or self.filters < 1:
            raise self.error("a positive number of filters", repr(self.filters))
        for rate in (self.dropout, self.recurrent_dropout):
            if not 0 <= rate < 1:
                raise self.error("a dropout from 0 to below 1", rate)


@dataclass(eq=False, repr=False)
class ConvLSTMCell(ConvLSTMArguments):
    """One step, states h and c, `*` a convolution over as many axes as `kernel_size` has (Shi and others 2015, without
    peepholes):

    i, f, g, o = x * kernel + bias + h * recurrent_kernel; c = s(f) c + s(i) a(g); h = s(o) a(c), where s is
    `recurrent_activation` and a is `activation`. Strides, padding and dilation are those of x; h keeps its size.
    """

    def check(self) -> None:
        self.check_arguments(len(self.kernel_size))

    @property
    def state_size(self) -> tuple[int, ...]:
        return (self.filters, self.filters)

    def state_types(self, step: Type) -> tuple[Type, ...]:
        """Pictures as large as those that the convolution gives."""
        kernel = Type("float32", (*self.kernel_size, step.shape[-1], self.filters))
        y = self.from_inputs(apply(Input("x", step)), apply(Input("kernel", kernel))).type
        return (y, y)

    def build(self, *types: Type) -> None:
        step = types[0]
        if step.rank != len(self.kernel_size) + 2 or not all(isinstance(extent, int) for extent in step.shape[1:]):
            expected = f"steps [batch, {len(self.kernel_size)} sizes, channels], all known"
            raise self.error(expected, step, do="give the input a fixed shape")
        self.declare("kernel", (*self.kernel_size, step.shape[-1], self.filters * 4))
        self.declare("recurrent_kernel", (*self.kernel_size, self.filters, self.filters * 4), "recurrent")
        if self.use_bias:
            self.declare("bias", (self.filters * 4,))
            if self.unit_forget_bias:
                bias = self.weights["bias"]
                self.weights["bias"] = replace(bias, initializer=ForgetBias(bias.initializer))

    def from_inputs(self, x: Value, kernel: Value) -> Value:
        return fn.conv(x, kernel, self.strides, self.padding, dilation_rate=self.dilation_rate)

    def from_state(self, h: Value, kernel: Value) -> Value:
        return fn.conv(h, kernel, 1, "same")

    def call(self, context: Context, inputs: Value, states: Sequence[Value]) -> tuple[Value, ...]:
        h, c = states
        x = self.by_gate(context, "kernel", inputs, self.dropout, self.from_inputs)
        if self.use_bias:
            x = x + self.weight(context, "bias")
        y = self.by_gate(context, "recurrent_kernel", h, self.recurrent_dropout, self.from_state)
        i, f, g, o = fn.split(x + y, 4, axis=-1)
        gate, a = ACTIVATIONS[self.recurrent_activation], ACTIVATIONS[self.activation]
        c = gate(f) * c + gate(i) * a(g)
        h = gate(o) * a(c)
        return h, h, c

    def by_gate(self, context: Context, name: str, x: Value, rate: float, convolve: Any) -> Value:
        """x convolved for the four gates, side by side. In training each gate misses elements of its own, the same
        ones in every step."""
        kernel = self.weight(context, name)
        if not context.training or rate == 0:
            return convolve(x, kernel)
        kept = [x * dropout_mask(context.random_key(self.seed), x.type, rate) for _ in range(4)]
        parts = fn.split(kernel, 4, axis=-1)
        return fn.concatenate([convolve(*each) for each in zip(kept, parts, strict=True)], axis=-1)


@dataclass(eq=False, repr=False)
class _ConvLSTM(Recurrent, ConvLSTMArguments):
    """A ConvLSTMCell over the steps of a sequence."""

    rank: ClassVar[int]

    def check(self) -> None:
        self.check_arguments(self.rank)
        names = {each.name for each in fields(ConvLSTMArguments)} - {"name", "activity_regularizer"}
        self.add_cell(ConvLSTMCell(**{name: getattr(self, name) for name in names}))

    def build(self, *types: Type) -> None:
        if types[0].rank != self.rank + 3:
            raise self.error(f"sequences of rank {self.rank + 3}, [batch, time, ..., channels]", types[0])
        super().build(*types)


class ConvLSTM1D(_ConvLSTM):
    """An LSTM of convolutions: `[batch, time, t, c]` to `[batch, t', filters]`, or `[batch, time, t', filters]` with
    `return_sequences`. Its states are h and c, each `[batch, t', filters]`."""

    rank = 1


class ConvLSTM2D(_ConvLSTM):
    """An LSTM of convolutions: `[batch, time, h, w, c]` to `[batch, h', w', filters]`, or `[batch, time, h', w',
    filters]` with `return_sequences`. Its states are h and c, each `[batch, h', w', filters]`."""

    rank = 2


class ConvLSTM3D(_ConvLSTM):
    """An LSTM of convolutions: `[batch, time, d, h, w, c]` to `[batch, d', h', w', filters]`, or `[batch, time, d', h',
    w', filters]` with `return_sequences`. Its states are h and c, each `[batch, d', h', w', filters]`."""

    rank = 3
