"""What is a convolution of each channel by itself? Rows over [n, *positions, c] and [*taps, c, multiplier] kernels.

Output channel `c * multiplier + j` sees input channel c only. Without padding, like `conv`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from fanlight.errors import ShapeError
from fanlight.ir import dim as dims
from fanlight.ir.graph import Op, Value
from fanlight.ir.kernel import Axis, Nest, make_axes
from fanlight.ir.scalar import const, guard, make, read
from fanlight.ir.types import Shape, Type
from fanlight.ops import functions as fn
from fanlight.ops.base import check_arity, check_dtype, check_float, check_rank, indices, static
from fanlight.ops.conv import Steps, Windows, letters, patches
from fanlight.ops.pool import covering, scattered
from fanlight.ops.sample import Sample, sample


@dataclass(frozen=True)
class DepthwiseConv(Op):
    """`out[n, p, c*m + j] = sum over t of x[n, p * strides + t * dilation, c] * kernel[t, c, j]`."""

    name = "depthwise_conv"
    strides: Steps
    dilation: Steps

    @property
    def windows(self) -> Windows:
        return Windows(self.strides, self.dilation)

    def infer(self, *types: Type) -> Type:
        check_arity(self, types, 2)
        check_dtype(self, ("float32", "int32"), *types)
        x, kernel = types
        check_rank(self, "images [n, *positions, c]", x, len(self.strides) + 2)
        check_rank(self, "a kernel [*taps, c, multiplier]", kernel, x.rank)
        if kernel.shape[-2] != x.shape[-1]:
            raise ShapeError(self.name, expected=f"a kernel for {x.shape[-1]} channels", got=kernel, at=f"input {x}")
        places = self.windows.count(self, x.shape[1:-1], kernel.shape[:-2])
        return Type(x.dtype, (x.shape[0], *places, kernel.shape[-2] * kernel.shape[-1]))

    def nest(self, *types: Type) -> Nest:
        x, kernel = types
        axes, reduced = make_axes(self.infer(x, kernel).shape), make_axes(kernel.shape[:-2], "r")
        (n, *at, o), taps = indices(axes), indices(reduced)
        channel, copy = dims.floor_divide(o, kernel.shape[-1]), dims.modulo(o, kernel.shape[-1])
        image = read(0, (n, *self.windows.place(tuple(at), taps), channel), x.dtype)
        return Nest(axes, make("mul", image, read(1, (*taps, channel, copy), kernel.dtype)), reduced, "add")

    def gradient(self, g: Value, y: Value, xs: tuple[Value, ...]) -> tuple[Value | None, ...]:
        x, kernel = xs
        to_kernel = DepthwiseKernelGradient(kernel.shape[:-2], self.strides, self.dilation)
        return depthwise_input_gradient(g, kernel, x.shape, self), fn.apply(to_kernel, x, g)

    def reference(self, *arrays: Any) -> Any:
        import numpy

        x, kernel = arrays
        p, t = letters(len(self.strides))
        windows = patches(x, kernel.shape[:-2], self.strides, self.dilation)
        out = numpy.einsum(f"n{p}c{t},{t}cm->n{p}cm", windows, kernel)
        return out.reshape(*out.shape[:-2], out.shape[-2] * out.shape[-1])

    @classmethod
    def samples(cls) -> Iterable[Sample]:
        for op, x, kernel in depthwise_cases():
            yield sample(op, (x, "normal"), (kernel, "normal"))


def depthwise_cases() -> Iterable[tuple[DepthwiseConv, Shape, Shape]]:
    """Depthwise convolutions with the shapes of their images and kernels."""
    yield DepthwiseConv((1, 1), (1, 1)), (1, 1, 1, 1), (1, 1, 1, 1)
    yield DepthwiseConv((1, 1), (1, 1)), (2, 4, 5, 5), (3, 2, 5, 1)
    yield DepthwiseConv((1, 1), (1, 1)), (1, 3, 3, 2), (2, 2, 2, 3)
    yield DepthwiseConv((2, 2), (1, 1)), (1, 6, 5, 5), (3, 3, 5, 1)
    yield DepthwiseConv((2, 1), (1, 2)), (1, 5, 5, 2), (2, 2, 2, 2)
    yield DepthwiseConv((3,), (2,)), (1, 9, 3), (3, 3, 2)
    yield DepthwiseConv((1, 1, 2), (1, 1, 1)), (1, 2, 3, 4, 2), (1, 2, 3, 2, 1)


def depthwise_input_gradient(g: Value, kernel: Value, shape: Shape, op: DepthwiseConv) -> Value:
    """The gradient with respect to images of this shape: the copies of a channel are convolved back and added."""
    taps, (_, multiplier) = kernel.shape[:-2], kernel.shape[-2:]
    count = len(taps)
    if max(op.strides) == 1 and multiplier == 1:  # as a plain convolution it has no guards inside its loops
        borders = [span - 1 for span in op.windows.reach(taps)]
        after = [n - taken for n, taken in zip(shape[1:-1], g.shape[1:-1], strict=True)]
        spaced = fn.pad(g, ((0, 0), *zip(borders, after, strict=True), (0, 0)))
        return fn.apply(DepthwiseConv(op.strides, op.dilation), spaced, fn.flip(kernel, tuple(range(count))))
    if max(op.dilation) > 1:
        kernel = fn.dilate(kernel, (*op.dilation, 1, 1))
    return fn.apply(DepthwiseInputGradient(shape[1:-1], op.strides), g, kernel)


@dataclass(frozen=True)
class DepthwiseInputGradient(Op):
    """Gives each position of images of `extents` the sum of `g * kernel` over the windows and copies that saw it."""

    name = "depthwise_input_gradient"
    extents: Shape
    strides: Steps

    @property
    def forward(self) -> DepthwiseConv:
        return DepthwiseConv(self.strides, (1,) * len(self.strides))

    def infer(self, *types: Type) -> Type:
        check_arity(self, types, 2)
        check_float(self, *types)
        g, kernel = types
        check_rank(self, "a kernel [*taps, c, multiplier]", kernel, len(self.strides) + 2)
        x = Type(g.dtype, (g.shape[0], *self.extents, kernel.shape[-2]))
        made = self.forward.infer(x, kernel)
        if made != g:
            raise ShapeError(self.name, expected=f"gradients {made}", got=g, at=f"kernel {kernel}")
        return x

    def nest(self, *types: Type) -> Nest:
        g, kernel = types
        axes, reduced, place, tap, there = covering(
            self.infer(g, kernel).shape, g.shape[1:-1], static(self, kernel.shape[:-2]), self.strides
        )
        copy = Axis(f"r{len(reduced)}", kernel.shape[-1])
        n, *_, c = indices(axes)
        passed = read(0, (n, *place, c * copy.extent + copy.index), g.dtype)
        value = make("mul", passed, read(1, (*tap, c, copy.index), kernel.dtype))
        return Nest(axes, guard(there, value, const(0, g.dtype)), (*reduced, copy), "add")

    def gradient(self, g: Value, y: Value, xs: tuple[Value, ...]) -> tuple[Value | None, ...]:
        inner, kernel = xs  # g has the shape of images
        to_kernel = DepthwiseKernelGradient(kernel.shape[:-2], self.strides, self.forward.dilation)
        return fn.apply(self.forward, g, kernel), fn.apply(to_kernel, g, inner)

    def reference(self, *arrays: Any) -> Any:
        import numpy

        g, kernel = arrays
        taps, (channels, copies) = kernel.shape[:-2], kernel.shape[-2:]
        split = g.reshape(*g.shape[:-1], channels, copies)
        flat = kernel.reshape(-1, channels, copies)
        return scattered(
            static(self, self.extents),
            taps,
            self.strides,
            g.shape[0],
            channels,
            g.shape[1:-1],
            lambda tap: numpy.sum(split * flat[tap], -1),
        )

    @classmethod
    def samples(cls) -> Iterable[Sample]:
        for op, x, kernel in depthwise_cases():
            if max(op.dilation) == 1:
                g = op.infer(Type("float32", x), Type("float32", kernel))
                yield sample(cls(x[1:-1], op.strides), (g.shape, "normal"), (kernel, "normal"))


@dataclass(frozen=True)
class DepthwiseKernelGradient(Op):
    """`out[t, c, j] = sum over n, p of x[n, p * strides + t * dilation, c] * g[n, p, c*m + j]`."""

    name = "depthwise_kernel_gradient"
    taps: Shape
    strides: Steps
    dilation: Steps

    @property
    def forward(self) -> DepthwiseConv:
        return DepthwiseConv(self.strides, self.dilation)

    def infer(self, *types: Type) -> Type:
        check_arity(self, types, 2)
        check_float(self, *types)
        x, g = types
        check_rank(self, "images [n, *positions, c]", x, len(self.taps) + 2)
        check_rank(self, "gradients [n, *positions, c*m]", g, x.rank)
        kernel = Type(x.dtype, (*self.taps, x.shape[-1], dims.floor_divide(g.shape[-1], x.shape[-1])))
        made = self.forward.infer(x, kernel)
        if made != g:
            raise ShapeError(self.name, expected=f"gradients {made}", got=g, at=f"images {x}")
        return kernel

    def nest(self, *types: Type) -> Nest:
        x, g = types
        axes, reduced = make_axes(self.infer(x, g).shape), make_axes(g.shape[:-1], "r")
        (*taps, c, copy), (n, *at) = indices(axes), indices(reduced)
        image = read(0, (n, *self.forward.windows.place(tuple(at), tuple(taps)), c), x.dtype)
        passed = read(1, (n, *at, c * axes[-1].extent + copy), g.dtype)
        return Nest(axes, make("mul", image, passed), reduced, "add")

    def gradient(self, g: Value, y: Value, xs: tuple[Value, ...]) -> tuple[Value | None, ...]:
        x, outer = xs  # g has the shape of a kernel
        return depthwise_input_gradient(outer, g, x.shape, self.forward), fn.apply(self.forward, x, g)

    def reference(self, *arrays: Any) -> Any:
        import numpy

        x, g = arrays
        p, t = letters(len(self.taps))
        split = g.reshape(*g.shape[:-1], x.shape[-1], g.shape[-1] // x.shape[-1])
        windows = patches(x, static(self, self.taps), self.strides, self.dilation)
        return numpy.einsum(f"n{p}c{t},n{p}cm->{t}cm", windows, split)

    @classmethod
    def samples(cls) -> Iterable[Sample]:
        for op, x, kernel in depthwise_cases():
            made = op.infer(Type("float32", x), Type("float32", kernel))
            yield sample(cls(kernel[:-2], op.strides, op.dilation), (x, "normal"), (made.shape, "normal"))
