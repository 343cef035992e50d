"""Which layers convolve? Over one to three dimensions, channels-last. Names, defaults and meanings are Keras 3's.

A class says how many dimensions it has, and nothing else: what it computes is said once for all of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from fanlight.ir.dim import known
from fanlight.ir.graph import Value
from fanlight.ir.types import Type
from fanlight.layers import activations
from fanlight.layers.base import Layer, check_channels_last, check_padding, check_rank, per_axis
from fanlight.layers.context import Context
from fanlight.ops import functions as fn


class _Convolution(Layer):
    """What convolutions share: attributes of the window, the check of the input, bias and activation."""

    rank: ClassVar[int]
    paddings: ClassVar[tuple[str, ...]] = ("valid", "same")

    kernel_size: Any
    strides: Any
    padding: str
    data_format: str | None
    dilation_rate: Any
    activation: str | None
    use_bias: bool

    def check(self) -> None:
        self.data_format = check_channels_last(self, self.data_format)
        self.kernel_size = per_axis(self, "kernel_size", self.rank)
        self.strides = per_axis(self, "strides", self.rank)
        self.dilation_rate = per_axis(self, "dilation_rate", self.rank)
        self.padding = check_padding(self, self.padding, self.paddings)
        for name in ("filters", "groups", "depth_multiplier"):
            count = getattr(self, name, 1)
            if not isinstance(count, int) or count < 1:
                raise self.error(f"a positive number of {name}", repr(count))

    def check_steps(self) -> None:
        """As in Keras: a window skips steps, or reads with gaps."""
        if max(self.strides) > 1 and max(self.dilation_rate) > 1:
            raise self.error("strides or a dilation_rate, not both", f"{self.strides} and {self.dilation_rate}")

    def declare_kernels(self, channels: int) -> int:
        """Declare the kernels for that many input channels; gives the number of output channels."""
        raise NotImplementedError(f"{type(self).__name__} has no declare_kernels")

    def convolve(self, context: Context, x: Value) -> Value:
        """The output before bias and activation."""
        raise NotImplementedError(f"{type(self).__name__} has no convolve")

    def build(self, *types: Type) -> None:
        if len(types) != 1:
            raise self.error("one input", len(types))
        check_rank(self, types[0], self.rank + 2)
        channels = types[0].shape[-1]
        if not isinstance(channels, int):
            raise self.error("a known number of channels", channels, at=types[0])
        outputs = self.declare_kernels(channels)
        if self.use_bias:
            self.declare("bias", (outputs,))

    def call(self, context: Context, *values: Value) -> Value:
        (x,) = values
        check_rank(self, x.type, self.rank + 2)
        y = self.convolve(context, x)
        if self.use_bias:
            y = y + self.weight(context, "bias")
        return activations.activate(context, self.activation, y)

    def kernel(self, context: Context, x: Value, name: str = "kernel", axis: int = -2, groups: int = 1) -> Value:
        """A kernel, whose `axis` has the channels of x, or of one of its groups."""
        kernel = self.weight(context, name)
        expected = known(kernel.shape[axis]) * groups
        if x.shape[-1] != expected:
            raise self.error(f"{expected} input channels", x.shape[-1], at=x.type, do=f"the kernel is {kernel.type}")
        return kernel


@dataclass(eq=False, repr=False)
class _Conv(_Convolution):
    """activation(x * kernel + bias); the kernel is `[*kernel_size, c / groups, filters]`."""

    filters: int
    kernel_size: Any
    strides: Any = 1
    padding: str = "valid"
    data_format: str | None = None
    dilation_rate: Any = 1
    groups: int = 1
    activation: str | None = None
    use_bias: bool = True
    kernel_initializer: Any = "glorot_uniform"
    bias_initializer: Any = "zeros"
    kernel_regularizer: Any = None
    bias_regularizer: Any = None
    kernel_constraint: Any = None
    bias_constraint: Any = None

    def check(self) -> None:
        super().check()
        self.check_steps()
        if self.filters % self.groups:
            raise self.error("filters divisible by groups", f"filters={self.filters}, groups={self.groups}")

    def declare_kernels(self, channels: int) -> int:
        if channels % self.groups:
            raise self.error(f"input channels divisible by groups={self.groups}", channels)
        self.declare("kernel", (*self.kernel_size, channels // self.groups, self.filters))
        return self.filters

    def convolve(self, context: Context, x: Value) -> Value:
        kernel = self.kernel(context, x, groups=self.groups)
        return fn.conv(x, kernel, self.strides, self.padding, dilation_rate=self.dilation_rate)


class Conv1D(_Conv):
    """activation(x * kernel + bias): `[batch, t, c]` to `[batch, t', filters]`.

    The kernel is `[k, c / groups, filters]`. With padding "causal" no output sees what comes after it.
    """

    rank = 1
    paddings = ("valid", "same", "causal")


class Conv2D(_Conv):
    """activation(x * kernel + bias): `[batch, h, w, c]` to `[batch, h', w', filters]`.

    The kernel is `[kh, kw, c / groups, filters]`.
    """

    rank = 2


class Conv3D(_Conv):
    """activation(x * kernel + bias): `[batch, d, h, w, c]` to `[batch, d', h', w', filters]`.

    The kernel is `[kd, kh, kw, c / groups, filters]`.
    """

    rank = 3


@dataclass(eq=False, repr=False)
class _ConvTranspose(_Convolution):
    """Each input spread over a window; the kernel is `[*kernel_size, filters, c]`."""

    filters: int
    kernel_size: Any
    strides: Any = 1
    padding: str = "valid"
    output_padding: Any = None
    data_format: str | None = None
    dilation_rate: Any = 1
    activation: str | None = None
    use_bias: bool = True
    kernel_initializer: Any = "glorot_uniform"
    bias_initializer: Any = "zeros"
    kernel_regularizer: Any = None
    bias_regularizer: Any = None
    kernel_constraint: Any = None
    bias_constraint: Any = None

    def check(self) -> None:
        super().check()
        self.check_steps()
        if self.output_padding is not None:
            self.output_padding = per_axis(self, "output_padding", self.rank, lowest=0)
            if any(more >= stride for more, stride in zip(self.output_padding, self.strides, strict=True)):
                raise self.error(f"an output_padding less than the strides {self.strides}", self.output_padding)

    def declare_kernels(self, channels: int) -> int:
        self.declare("kernel", (*self.kernel_size, self.filters, channels))
        return self.filters

    def convolve(self, context: Context, x: Value) -> Value:
        kernel = self.kernel(context, x, axis=-1)
        options = {"output_padding": self.output_padding, "dilation_rate": self.dilation_rate}
        return fn.conv_transpose(x, kernel, self.strides, self.padding, **options)


class Conv1DTranspose(_ConvTranspose):
    """The transpose of a convolution: `[batch, t, c]` to `[batch, t * stride, filters]` where padding is "same".

    The kernel is `[k, filters, c]`. `output_padding`, less than the stride, sets the length at the end.
    """

    rank = 1


class Conv2DTranspose(_ConvTranspose):
    """The transpose of a convolution: `[batch, h, w, c]` to `[batch, h * sh, w * sw, filters]` where padding is "same".

    The kernel is `[kh, kw, filters, c]`. `output_padding`, less than the strides, sets the lengths at the ends.
    """

    rank = 2


class Conv3DTranspose(_ConvTranspose):
    """The transpose of a convolution: `[batch, d, h, w, c]` to `[batch, d * sd, h * sh, w * sw, filters]` where padding
    is "same".

    The kernel is `[kd, kh, kw, filters, c]`. `output_padding`, less than the strides, sets the lengths at the ends.
    """

    rank = 3


@dataclass(eq=False, repr=False)
class _DepthwiseConv(_Convolution):
    """Each channel convolved by itself; the kernel is `[*kernel_size, c, depth_multiplier]`."""

    kernel_size: Any
    strides: Any = 1
    padding: str = "valid"
    depth_multiplier: int = 1
    data_format: str | None = None
    dilation_rate: Any = 1
    activation: str | None = None
    use_bias: bool = True
    depthwise_initializer: Any = "glorot_uniform"
    bias_initializer: Any = "zeros"
    depthwise_regularizer: Any = None
    bias_regularizer: Any = None
    depthwise_constraint: Any = None
    bias_constraint: Any = None

    def declare_kernels(self, channels: int) -> int:
        self.declare("kernel", (*self.kernel_size, channels, self.depth_multiplier), "depthwise")
        return channels * self.depth_multiplier

    def convolve(self, context: Context, x: Value) -> Value:
        kernel = self.kernel(context, x)
        return fn.depthwise_conv(x, kernel, self.strides, self.padding, dilation_rate=self.dilation_rate)


class DepthwiseConv1D(_DepthwiseConv):
    """Each channel convolved by itself: `[batch, t, c]` to `[batch, t', c * depth_multiplier]`.

    The kernel is `[k, c, depth_multiplier]`; output channel `c * depth_multiplier + j` has kernel `[:, c, j]`.
    """

    rank = 1


class DepthwiseConv2D(_DepthwiseConv):
    """Each channel convolved by itself: `[batch, h, w, c]` to `[batch, h', w', c * depth_multiplier]`.

    The kernel is `[kh, kw, c, depth_multiplier]`; output channel `c * depth_multiplier + j` has kernel `[:, :, c, j]`.
    """

    rank = 2


@dataclass(eq=False, repr=False)
class _SeparableConv(_Convolution):
    """A depthwise convolution, then a product of the channels; the kernels are `[*kernel_size, c, depth_multiplier]`
    and `[1, ..., c * depth_multiplier, filters]`."""

    filters: int
    kernel_size: Any
    strides: Any = 1
    padding: str = "valid"
    data_format: str | None = None
    dilation_rate: Any = 1
    depth_multiplier: int = 1
    activation: str | None = None
    use_bias: bool = True
    depthwise_initializer: Any = "glorot_uniform"
    pointwise_initializer: Any = "glorot_uniform"
    bias_initializer: Any = "zeros"
    depthwise_regularizer: Any = None
    pointwise_regularizer: Any = None
    bias_regularizer: Any = None
    depthwise_constraint: Any = None
    pointwise_constraint: Any = None
    bias_constraint: Any = None

    def declare_kernels(self, channels: int) -> int:
        self.declare("depthwise_kernel", (*self.kernel_size, channels, self.depth_multiplier), "depthwise")
        between = channels * self.depth_multiplier
        self.declare("pointwise_kernel", (*(1,) * self.rank, between, self.filters), "pointwise")
        return self.filters

    def convolve(self, context: Context, x: Value) -> Value:
        kernels = self.kernel(context, x, "depthwise_kernel"), self.weight(context, "pointwise_kernel")
        return fn.separable_conv(x, *kernels, self.strides, self.padding, dilation_rate=self.dilation_rate)


class SeparableConv1D(_SeparableConv):
    """Each channel convolved by itself, then all multiplied: `[batch, t, c]` to `[batch, t', filters]`.

    The kernels are `[k, c, depth_multiplier]` and `[1, c * depth_multiplier, filters]`.
    """

    rank = 1


class SeparableConv2D(_SeparableConv):
    """Each channel convolved by itself, then all multiplied: `[batch, h, w, c]` to `[batch, h', w', filters]`.

    The kernels are `[kh, kw, c, depth_multiplier]` and `[1, 1, c * depth_multiplier, filters]`.
    """

    rank = 2


# Keras's other names.
Convolution1D, Convolution1DTranspose = Conv1D, Conv1DTranspose
Convolution2D, Convolution2DTranspose = Conv2D, Conv2DTranspose
Convolution3D, Convolution3DTranspose = Conv3D, Conv3DTranspose
SeparableConvolution1D, SeparableConvolution2D = SeparableConv1D, SeparableConv2D
