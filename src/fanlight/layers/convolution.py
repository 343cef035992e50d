"""Which layers convolve? Conv2D and DepthwiseConv2D, channels-last. Names, defaults and meanings are Keras 3's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fanlight.ir.graph import Value
from fanlight.ir.types import Type
from fanlight.layers import activations
from fanlight.layers.base import Layer, check_channels_last, check_padding, check_rank, pair
from fanlight.layers.context import Context
from fanlight.ops import functions as fn


class _Convolution(Layer):
    """What convolutions share: attributes of the window, bias and activation."""

    kernel_size: Any
    strides: Any
    padding: str
    data_format: str | None
    dilation_rate: Any
    activation: str | None
    use_bias: bool

    def check(self) -> None:
        check_channels_last(self, self.data_format)
        self.kernel_size = pair(self.kernel_size, "kernel_size", self)
        self.strides = pair(self.strides, "strides", self)
        self.dilation_rate = pair(self.dilation_rate, "dilation_rate", self)
        if self.strides != (1, 1) and self.dilation_rate != (1, 1):
            raise self.error("strides or a dilation_rate, not both", f"{self.strides} and {self.dilation_rate}")
        self.padding = check_padding(self, self.padding)

    def channels(self, types: tuple[Type, ...]) -> int:
        """The number of input channels; raises where there is none to be had."""
        if len(types) != 1:
            raise self.error("one input", len(types))
        check_rank(self, types[0], 4)
        channels = types[0].shape[-1]
        if not isinstance(channels, int):
            raise self.error("a known number of channels", channels, at=types[0])
        return channels

    def finish(self, context: Context, y: Value) -> Value:
        if self.use_bias:
            y = y + self.weight(context, "bias")
        return activations.activate(context, self.activation, y)


@dataclass(eq=False, repr=False)
class Conv2D(_Convolution):
    """activation(x * kernel + bias): `[batch, h, w, c]` to `[batch, h', w', filters]`.

    The kernel is `[kh, kw, c / groups, filters]`.
    """

    filters: int
    kernel_size: Any
    strides: Any = (1, 1)
    padding: str = "valid"
    data_format: str | None = None
    dilation_rate: Any = (1, 1)
    groups: int = 1
    activation: str | None = None
    use_bias: bool = True
    kernel_initializer: Any = "glorot_uniform"
    bias_initializer: Any = "zeros"

    def check(self) -> None:
        super().check()
        if self.filters < 1 or self.groups < 1 or self.filters % self.groups:
            raise self.error("positive filters, divisible by groups", f"filters={self.filters}, groups={self.groups}")

    def build(self, *types: Type) -> None:
        channels = self.channels(types)
        if channels % self.groups:
            raise self.error(f"input channels divisible by groups={self.groups}", channels, at=types[0])
        self.add_weight("kernel", (*self.kernel_size, channels // self.groups, self.filters), self.kernel_initializer)
        if self.use_bias:
            self.add_weight("bias", (self.filters,), self.bias_initializer)

    def call(self, context: Context, *values: Value) -> Value:
        (x,) = values
        kernel = self.weight(context, "kernel")
        expected = int(kernel.shape[2]) * self.groups  # type: ignore[arg-type]
        if self.channels((x.type,)) != expected:
            raise self.error(f"{expected} input channels", x.shape[-1], at=x.type, do=f"the kernel is {kernel.type}")
        y = fn.conv(x, kernel, self.strides, self.padding, dilation_rate=self.dilation_rate)
        return self.finish(context, y)


@dataclass(eq=False, repr=False)
class DepthwiseConv2D(_Convolution):
    """Each channel convolved by itself: `[batch, h, w, c]` to `[batch, h', w', c * depth_multiplier]`.

    The kernel is `[kh, kw, c, depth_multiplier]`; output channel `c * depth_multiplier + j` has kernel `[:, :, c, j]`.
    """

    kernel_size: Any
    strides: Any = (1, 1)
    padding: str = "valid"
    depth_multiplier: int = 1
    data_format: str | None = None
    dilation_rate: Any = (1, 1)
    activation: str | None = None
    use_bias: bool = True
    depthwise_initializer: Any = "glorot_uniform"
    bias_initializer: Any = "zeros"

    def check(self) -> None:
        super().check()
        if self.depth_multiplier < 1:
            raise self.error("a positive depth_multiplier", self.depth_multiplier)

    def build(self, *types: Type) -> None:
        channels = self.channels(types)
        self.add_weight("kernel", (*self.kernel_size, channels, self.depth_multiplier), self.depthwise_initializer)
        if self.use_bias:
            self.add_weight("bias", (channels * self.depth_multiplier,), self.bias_initializer)

    def call(self, context: Context, *values: Value) -> Value:
        (x,) = values
        kernel = self.weight(context, "kernel")
        if self.channels((x.type,)) != kernel.shape[2]:
            raise self.error(
                f"{kernel.shape[2]} input channels", x.shape[-1], at=x.type, do=f"the kernel is {kernel.type}"
            )
        y = fn.depthwise_conv(x, kernel, self.strides, self.padding, dilation_rate=self.dilation_rate)
        return self.finish(context, y)
