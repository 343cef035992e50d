"""What is a convolution of each channel by itself? Rows over [n, h, w, c] images and [kh, kw, c, multiplier] kernels.

Output channel `c * multiplier + j` sees input channel c only. Without padding, like `conv2d`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from fanlight.errors import ShapeError
from fanlight.ir import dim as dims
from fanlight.ir.graph import Op, Value
from fanlight.ir.kernel import Nest, make_axes
from fanlight.ir.scalar import make, read
from fanlight.ir.types import Shape, Type
from fanlight.ops import functions as fn
from fanlight.ops.base import check_arity, check_float, check_rank, indices
from fanlight.ops.conv import Conv2D, Pair, Windows, patches, widen
from fanlight.ops.sample import Sample, sample


@dataclass(frozen=True)
class DepthwiseConv2D(Op):
    """`out[n, h, w, c*m + j] = sum over kh, kw of x[n, h*s + kh*d, w*s + kw*d, c] * kernel[kh, kw, c, j]`."""

    name = "depthwise_conv2d"
    strides: Pair = (1, 1)
    dilation: Pair = (1, 1)

    @property
    def windows(self) -> Windows:
        return Windows(self.strides, self.dilation)

    def infer(self, *types: Type) -> Type:
        check_arity(self, types, 2)
        check_float(self, *types)
        x, kernel = types
        check_rank(self, "images [n, h, w, c]", x, 4)
        check_rank(self, "a kernel [kh, kw, c, multiplier]", kernel, 4)
        if kernel.shape[2] != x.shape[3]:
            raise ShapeError(self.name, expected=f"a kernel for {x.shape[3]} channels", got=kernel, at=f"input {x}")
        places = self.windows.count(self, x.shape[1:3], (kernel.shape[0], kernel.shape[1]))
        return Type(x.dtype, (x.shape[0], *places, kernel.shape[2] * kernel.shape[3]))

    def nest(self, *types: Type) -> Nest:
        x, kernel = types
        axes, reduced = make_axes(self.infer(x, kernel).shape), make_axes(kernel.shape[:2], "r")
        (n, h, w, o), (kh, kw) = indices(axes), indices(reduced)
        channel, copy = dims.floor_divide(o, kernel.shape[3]), dims.modulo(o, kernel.shape[3])
        row, column = self.windows.place((h, w), (kh, kw))
        image = read(0, (n, row, column, channel), x.dtype)
        return Nest(axes, make("mul", image, read(1, (kh, kw, channel, copy), kernel.dtype)), reduced, "add")

    def gradient(self, g: Value, y: Value, xs: tuple[Value, ...]) -> tuple[Value | None, ...]:
        x, kernel = xs
        to_kernel = DepthwiseKernelGradient(kernel.shape[:2], self.strides, self.dilation)
        return depthwise_input_gradient(g, kernel, x.shape, self), fn.apply(to_kernel, x, g)

    def reference(self, *arrays: Any) -> Any:
        import numpy

        x, kernel = arrays
        windows = patches(x, kernel.shape[:2], self.strides, self.dilation)
        out = numpy.einsum("nhwcij,ijcm->nhwcm", windows, kernel)
        return out.reshape(*out.shape[:3], out.shape[3] * out.shape[4])

    @classmethod
    def samples(cls) -> Iterable[Sample]:
        for op, x, kernel in depthwise_cases():
            yield sample(op, (x, "normal"), (kernel, "normal"))


def depthwise_cases() -> Iterable[tuple[DepthwiseConv2D, Shape, Shape]]:
    """Depthwise convolutions with the shapes of their images and kernels."""
    yield DepthwiseConv2D(), (1, 1, 1, 1), (1, 1, 1, 1)
    yield DepthwiseConv2D(), (2, 4, 5, 5), (3, 2, 5, 1)
    yield DepthwiseConv2D(), (1, 3, 3, 2), (2, 2, 2, 3)
    yield DepthwiseConv2D((2, 2)), (1, 6, 5, 3), (3, 3, 3, 1)
    yield DepthwiseConv2D((2, 1), (1, 2)), (1, 5, 5, 2), (2, 2, 2, 2)


def depthwise_input_gradient(g: Value, kernel: Value, shape: Shape, op: DepthwiseConv2D) -> Value:
    """The gradient with respect to images of this shape: the copies of a channel are convolved back and added."""
    kh, kw, channels, multiplier = kernel.shape
    wide, turned = widen(g, (kh, kw), shape[1:3], op.windows), fn.flip(kernel, (0, 1))
    if multiplier == 1:
        return fn.apply(DepthwiseConv2D((1, 1), op.dilation), wide, turned)
    if not isinstance(channels, int):
        raise ShapeError("the gradient of depthwise_conv2d", expected="a fixed number of channels", got=kernel.type)
    return fn.apply(Conv2D((1, 1), op.dilation, channels), wide, fn.transpose(turned, (0, 1, 3, 2)))


@dataclass(frozen=True)
class DepthwiseKernelGradient(Op):
    """`out[kh, kw, c, j] = sum over n, h, w of x[n, h*s + kh*d, w*s + kw*d, c] * g[n, h, w, c*m + j]`."""

    name = "depthwise_kernel_gradient"
    taps: Shape
    strides: Pair = (1, 1)
    dilation: Pair = (1, 1)

    @property
    def forward(self) -> DepthwiseConv2D:
        return DepthwiseConv2D(self.strides, self.dilation)

    def infer(self, *types: Type) -> Type:
        check_arity(self, types, 2)
        check_float(self, *types)
        x, g = types
        check_rank(self, "images [n, h, w, c]", x, 4)
        check_rank(self, "gradients [n, h, w, c*m]", g, 4)
        kernel = Type(x.dtype, (*self.taps, x.shape[3], dims.floor_divide(g.shape[3], x.shape[3])))
        made = self.forward.infer(x, kernel)
        if made != g:
            raise ShapeError(self.name, expected=f"gradients {made}", got=g, at=f"images {x}")
        return kernel

    def nest(self, *types: Type) -> Nest:
        x, g = types
        axes, reduced = make_axes(self.infer(x, g).shape), make_axes(g.shape[:3], "r")
        (kh, kw, c, copy), (n, h, w) = indices(axes), indices(reduced)
        row, column = self.forward.windows.place((h, w), (kh, kw))
        image = read(0, (n, row, column, c), x.dtype)
        return Nest(axes, make("mul", image, read(1, (n, h, w, c * axes[3].extent + copy), g.dtype)), reduced, "add")

    def gradient(self, g: Value, y: Value, xs: tuple[Value, ...]) -> tuple[Value | None, ...]:
        x, outer = xs  # g has the shape of a kernel
        return depthwise_input_gradient(outer, g, x.shape, self.forward), fn.apply(self.forward, x, g)

    def reference(self, *arrays: Any) -> Any:
        import numpy

        x, g = arrays
        taps = (int(self.taps[0]), int(self.taps[1]))  # type: ignore[arg-type]
        split = g.reshape(*g.shape[:3], x.shape[3], g.shape[3] // x.shape[3])
        return numpy.einsum("nhwcij,nhwcm->ijcm", patches(x, taps, self.strides, self.dilation), split)

    @classmethod
    def samples(cls) -> Iterable[Sample]:
        for op, x, kernel in depthwise_cases():
            made = op.infer(Type("float32", x), Type("float32", kernel))
            yield sample(cls(kernel[:2], op.strides, op.dilation), (x, "normal"), (made.shape, "normal"))
