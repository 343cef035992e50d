"""What is a convolution of images? Rows over [n, h, w, c] images and [kh, kw, c, o] kernels, without padding.

Padding is a `pad` before it. As everywhere in machine learning the kernel is not flipped. See `depthwise` too.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from fanlight.errors import ShapeError
from fanlight.ir import dim as dims
from fanlight.ir.dim import DimLike
from fanlight.ir.graph import Op, Value
from fanlight.ir.kernel import Nest, make_axes
from fanlight.ir.scalar import make, read
from fanlight.ir.types import Shape, Type
from fanlight.ops import functions as fn
from fanlight.ops.base import check_arity, check_dtype, check_float, check_rank, described, indices
from fanlight.ops.sample import Sample, sample

Pair = tuple[int, int]


@dataclass(frozen=True)
class Windows:
    """Where the taps of a sliding window fall: output position o, tap t -> input position o * stride + t * dilation."""

    strides: Pair = (1, 1)
    dilation: Pair = (1, 1)

    def reach(self, taps: tuple[DimLike, DimLike]) -> tuple[DimLike, DimLike]:
        """How many input positions a window spans."""
        return (taps[0] - 1) * self.dilation[0] + 1, (taps[1] - 1) * self.dilation[1] + 1

    def count(self, op: Op, extents: Shape, taps: tuple[DimLike, DimLike]) -> Shape:
        """How many windows fit into `extents`; raises ShapeError where none may."""
        if min(*self.strides, *self.dilation) < 1:
            raise ShapeError(op.name, expected="strides and dilation of at least 1", got=described(op))
        reach = self.reach(taps)
        if any(dims.bounds(extent - span)[0] < 0 for extent, span in zip(extents, reach, strict=True)):
            raise ShapeError(
                op.name,
                expected=f"an image of at least {reach[0]} x {reach[1]}",
                got=extents,
                do="pad it, or take a smaller kernel",
            )
        return tuple(
            dims.floor_divide(n - span, s) + 1 for n, span, s in zip(extents, reach, self.strides, strict=True)
        )

    def place(self, output: Shape, tap: Shape) -> Shape:
        """The input position of a tap."""
        return tuple(o * s + t * d for o, s, t, d in zip(output, self.strides, tap, self.dilation, strict=True))


def patches(x: Any, taps: Pair, strides: Pair, dilation: Pair) -> Any:
    """The windows of an array [n, h, w, c] as [n, h', w', c, kh, kw], for references."""
    import numpy

    reach = [(t - 1) * d + 1 for t, d in zip(taps, dilation, strict=True)]
    windows = numpy.lib.stride_tricks.sliding_window_view(x, reach, (1, 2))
    return windows[:, :: strides[0], :: strides[1], :, :: dilation[0], :: dilation[1]]


@dataclass(frozen=True)
class Conv2D(Op):
    """`out[n, h, w, o] = sum over kh, kw, c of x[n, h*s + kh*d, w*s + kw*d, c] * kernel[kh, kw, c, o]`.

    With groups, output channels come in as many runs, and each run sees its own run of input channels.
    """

    name = "conv2d"
    strides: Pair = (1, 1)
    dilation: Pair = (1, 1)
    groups: int = 1

    @property
    def windows(self) -> Windows:
        return Windows(self.strides, self.dilation)

    def infer(self, *types: Type) -> Type:
        check_arity(self, types, 2)
        check_float(self, *types)
        x, kernel = types
        check_rank(self, "images [n, h, w, c]", x, 4)
        check_rank(self, "a kernel [kh, kw, c, o]", kernel, 4)
        if kernel.shape[2] * self.groups != x.shape[3] or dims.modulo(kernel.shape[3], self.groups) != 0:
            expected = f"a kernel [kh, kw, {x.shape[3]} / {self.groups} groups, a multiple of {self.groups}]"
            raise ShapeError(self.name, expected=expected, got=kernel, at=f"input {x}")
        places = self.windows.count(self, x.shape[1:3], (kernel.shape[0], kernel.shape[1]))
        return Type(x.dtype, (x.shape[0], *places, kernel.shape[3]))

    def nest(self, *types: Type) -> Nest:
        x, kernel = types
        axes, reduced = make_axes(self.infer(x, kernel).shape), make_axes(kernel.shape[:3], "r")
        (n, h, w, o), (kh, kw, c) = indices(axes), indices(reduced)
        group = dims.floor_divide(o, dims.floor_divide(kernel.shape[3], self.groups)) if self.groups > 1 else 0
        row, column = self.windows.place((h, w), (kh, kw))
        image = read(0, (n, row, column, group * kernel.shape[2] + c), x.dtype)
        return Nest(axes, make("mul", image, read(1, (kh, kw, c, o), kernel.dtype)), reduced, "add")

    def gradient(self, g: Value, y: Value, xs: tuple[Value, ...]) -> tuple[Value | None, ...]:
        x, kernel = xs
        to_kernel = Conv2DKernelGradient(kernel.shape[:2], self.strides, self.dilation, self.groups)
        return conv2d_input_gradient(g, kernel, x.shape, self), fn.apply(to_kernel, x, g)

    def reference(self, *arrays: Any) -> Any:
        import numpy

        x, kernel = arrays
        windows = patches(x, kernel.shape[:2], self.strides, self.dilation)
        pairs = zip(numpy.split(windows, self.groups, 3), numpy.split(kernel, self.groups, 3), strict=True)
        return numpy.concatenate([numpy.einsum("nhwcij,ijco->nhwo", part, weights) for part, weights in pairs], 3)

    @classmethod
    def samples(cls) -> Iterable[Sample]:
        for op, x, kernel in conv_cases():
            yield sample(op, (x, "normal"), (kernel, "normal"))


def conv_cases() -> Iterable[tuple[Conv2D, Shape, Shape]]:
    """Convolutions with the shapes of their images and kernels."""
    yield Conv2D(), (1, 1, 1, 1), (1, 1, 1, 1)
    yield Conv2D(), (2, 4, 5, 3), (3, 2, 3, 5)
    yield Conv2D(), (1, 2, 3, 4), (1, 1, 4, 9)
    yield Conv2D(), (0, 3, 3, 2), (2, 2, 2, 3)
    yield Conv2D((2, 2)), (1, 6, 5, 2), (3, 3, 2, 2)
    yield Conv2D((2, 3)), (1, 4, 7, 1), (1, 2, 1, 2)
    yield Conv2D((1, 1), (2, 1)), (1, 5, 4, 2), (2, 3, 2, 2)
    yield Conv2D((2, 1), (1, 2), 2), (1, 5, 5, 4), (2, 2, 2, 6)
    yield Conv2D(groups=3), (1, 3, 3, 3), (2, 2, 1, 3)


def conv2d_input_gradient(g: Value, kernel: Value, shape: Shape, op: Conv2D) -> Value:
    """The gradient with respect to images of this shape: a convolution of the widened g with the flipped kernel."""
    kh, kw, channels, outputs = kernel.shape
    turned = fn.flip(kernel, (0, 1))
    if op.groups > 1:
        turned = fn.reshape(turned, (kh, kw, channels, op.groups, dims.floor_divide(outputs, op.groups)))
        turned = fn.transpose(turned, (0, 1, 4, 3, 2))
        turned = fn.reshape(turned, (kh, kw, dims.floor_divide(outputs, op.groups), channels * op.groups))
    else:
        turned = fn.transpose(turned, (0, 1, 3, 2))
    return fn.apply(Conv2D((1, 1), op.dilation, op.groups), widen(g, (kh, kw), shape[1:3], op.windows), turned)


def widen(g: Value, taps: tuple[DimLike, DimLike], extents: Shape, windows: Windows) -> Value:
    """g with zeros around it and, for strides, between: windows of stride 1 over it fall on each of `extents` once."""
    wide = fn.dilate(g, (1, *windows.strides, 1))
    borders = [span - 1 for span in windows.reach(taps)]
    after = [n - taken for n, taken in zip(extents, wide.shape[1:3], strict=True)]
    return fn.pad(wide, ((0, 0), (borders[0], after[0]), (borders[1], after[1]), (0, 0)))


@dataclass(frozen=True)
class Conv2DKernelGradient(Op):
    """`out[kh, kw, c, o] = sum over n, h, w of x[n, h*s + kh*d, w*s + kw*d, c] * g[n, h, w, o]`."""

    name = "conv2d_kernel_gradient"
    taps: Shape
    strides: Pair = (1, 1)
    dilation: Pair = (1, 1)
    groups: int = 1

    @property
    def forward(self) -> Conv2D:
        return Conv2D(self.strides, self.dilation, self.groups)

    def infer(self, *types: Type) -> Type:
        check_arity(self, types, 2)
        check_dtype(self, ("float32",), *types)
        x, g = types
        check_rank(self, "images [n, h, w, c]", x, 4)
        check_rank(self, "gradients [n, h, w, o]", g, 4)
        kernel = Type(x.dtype, (*self.taps, dims.floor_divide(x.shape[3], self.groups), g.shape[3]))
        made = self.forward.infer(x, kernel)
        if made != g:
            raise ShapeError(self.name, expected=f"gradients {made}", got=g, at=f"images {x}")
        return kernel

    def nest(self, *types: Type) -> Nest:
        x, g = types
        axes, reduced = make_axes(self.infer(x, g).shape), make_axes(g.shape[:3], "r")
        (kh, kw, c, o), (n, h, w) = indices(axes), indices(reduced)
        group = dims.floor_divide(o, dims.floor_divide(g.shape[3], self.groups)) if self.groups > 1 else 0
        row, column = self.forward.windows.place((h, w), (kh, kw))
        image = read(0, (n, row, column, group * axes[2].extent + c), x.dtype)
        return Nest(axes, make("mul", image, read(1, (n, h, w, o), g.dtype)), reduced, "add")

    def gradient(self, g: Value, y: Value, xs: tuple[Value, ...]) -> tuple[Value | None, ...]:
        x, _ = xs  # g has the shape of a kernel
        return conv2d_input_gradient(xs[1], g, x.shape, self.forward), fn.apply(self.forward, x, g)

    def reference(self, *arrays: Any) -> Any:
        import numpy

        x, g = arrays
        taps = (int(self.taps[0]), int(self.taps[1]))  # type: ignore[arg-type]
        windows = patches(x, taps, self.strides, self.dilation)
        pairs = zip(numpy.split(windows, self.groups, 3), numpy.split(g, self.groups, 3), strict=True)
        return numpy.concatenate([numpy.einsum("nhwcij,nhwo->ijco", part, each) for part, each in pairs], 3)

    @classmethod
    def samples(cls) -> Iterable[Sample]:
        for op, x, kernel in conv_cases():
            made = op.infer(Type("float32", x), Type("float32", kernel))
            yield sample(cls(kernel[:2], op.strides, op.dilation, op.groups), (x, "normal"), (made.shape, "normal"))
