"""What is a convolution? Rows over [n, *positions, c] and [*taps, c / groups, o] kernels, in any number of dimensions.

Padding is a `pad` before it. As everywhere in machine learning the kernel is not flipped. See `depthwise` too.
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
from fanlight.ops.base import check_arity, check_dtype, check_rank, described, indices, static
from fanlight.ops.sample import Sample, sample

Steps = tuple[int, ...]  # one for each dimension


@dataclass(frozen=True)
class Windows:
    """Where the taps of a sliding window fall: output position o, tap t -> input position o * stride + t * dilation."""

    strides: Steps
    dilation: Steps

    def reach(self, taps: Shape) -> Shape:
        """How many input positions a window spans."""
        return tuple((t - 1) * d + 1 for t, d in zip(taps, self.dilation, strict=True))

    def count(self, op: Op, extents: Shape, taps: Shape) -> Shape:
        """How many windows fit into `extents`; raises ShapeError where none may."""
        if min(*self.strides, *self.dilation) < 1:
            raise ShapeError(op.name, expected="strides and dilation of at least 1", got=described(op))
        reach = self.reach(taps)
        if any(dims.bounds(extent - span)[0] < 0 for extent, span in zip(extents, reach, strict=True)):
            expected = f"an image of at least {' x '.join(map(str, reach))}"
            raise ShapeError(op.name, expected=expected, got=extents, do="pad it, or take a smaller kernel")
        return tuple(
            dims.floor_divide(n - span, s) + 1 for n, span, s in zip(extents, reach, self.strides, strict=True)
        )

    def place(self, output: Shape, tap: Shape) -> Shape:
        """The input position of a tap."""
        return tuple(o * s + t * d for o, s, t, d in zip(output, self.strides, tap, self.dilation, strict=True))


def patches(x: Any, taps: Steps, strides: Steps, dilation: Steps | None = None) -> Any:
    """The windows of an array [n, *positions, c] as [n, *windows, c, *taps], for references."""
    import numpy

    dilation = dilation or (1,) * len(taps)
    reach = [(t - 1) * d + 1 for t, d in zip(taps, dilation, strict=True)]
    windows = numpy.lib.stride_tricks.sliding_window_view(x, reach, tuple(range(1, x.ndim - 1)))
    steps = [slice(None, None, step) for step in (1, *strides, 1, *dilation)]
    return windows[tuple(steps)]


def letters(count: int) -> tuple[str, str]:
    """Names of the axes of positions and of taps, for `einsum` in references."""
    return "xyz"[:count], "ijk"[:count]


@dataclass(frozen=True)
class Conv(Op):
    """`out[n, p, o] = sum over t, c of x[n, p * strides + t * dilation, c] * kernel[t, c, o]`; p, t have as many axes.

    With groups, output channels come in as many runs, and each run sees its own run of input channels.
    """

    name = "conv"
    strides: Steps
    dilation: Steps
    groups: int = 1

    @property
    def windows(self) -> Windows:
        return Windows(self.strides, self.dilation)

    def infer(self, *types: Type) -> Type:
        check_arity(self, types, 2)
        check_dtype(self, ("float32", "int32"), *types)
        x, kernel = types
        check_rank(self, "images [n, *positions, c]", x, len(self.strides) + 2)
        check_rank(self, "a kernel [*taps, c, o]", kernel, x.rank)
        inputs, outputs = kernel.shape[-2:]
        if inputs * self.groups != x.shape[-1] or dims.modulo(outputs, self.groups) != 0:
            expected = f"a kernel [*taps, {x.shape[-1]} / {self.groups} groups, a multiple of {self.groups}]"
            raise ShapeError(self.name, expected=expected, got=kernel, at=f"input {x}")
        places = self.windows.count(self, x.shape[1:-1], kernel.shape[:-2])
        return Type(x.dtype, (x.shape[0], *places, outputs))

    def nest(self, *types: Type) -> Nest:
        x, kernel = types
        axes, reduced = make_axes(self.infer(x, kernel).shape), make_axes(kernel.shape[:-1], "r")
        (n, *at, o), (*tap, c) = indices(axes), indices(reduced)
        group = dims.floor_divide(o, dims.floor_divide(kernel.shape[-1], self.groups)) if self.groups > 1 else 0
        place = self.windows.place(tuple(at), tuple(tap))
        image = read(0, (n, *place, group * kernel.shape[-2] + c), x.dtype)
        return Nest(axes, make("mul", image, read(1, (*tap, c, o), kernel.dtype)), reduced, "add")

    def gradient(self, g: Value, y: Value, xs: tuple[Value, ...]) -> tuple[Value | None, ...]:
        x, kernel = xs
        to_kernel = ConvKernelGradient(kernel.shape[:-2], self.strides, self.dilation, self.groups)
        return conv_input_gradient(g, kernel, x.shape, self), fn.apply(to_kernel, x, g)

    def reference(self, *arrays: Any) -> Any:
        import numpy

        x, kernel = arrays
        windows = patches(x, kernel.shape[:-2], self.strides, self.dilation)
        p, t = letters(len(self.strides))
        pairs = zip(numpy.split(windows, self.groups, x.ndim - 1), numpy.split(kernel, self.groups, -1), strict=True)
        return numpy.concatenate([numpy.einsum(f"n{p}c{t},{t}co->n{p}o", part, each) for part, each in pairs], -1)

    @classmethod
    def samples(cls) -> Iterable[Sample]:
        for op, x, kernel in conv_cases():
            yield sample(op, (x, "normal"), (kernel, "normal"))


def conv_cases() -> Iterable[tuple[Conv, Shape, Shape]]:
    """Convolutions with the shapes of their images and kernels."""
    yield Conv((1, 1), (1, 1)), (1, 1, 1, 1), (1, 1, 1, 1)
    yield Conv((1, 1), (1, 1)), (2, 4, 5, 3), (3, 2, 3, 5)
    yield Conv((1, 1), (1, 1)), (1, 2, 3, 4), (1, 1, 4, 9)
    yield Conv((1, 1), (1, 1)), (0, 3, 3, 2), (2, 2, 2, 3)
    yield Conv((2, 2), (1, 1)), (1, 6, 5, 2), (3, 3, 2, 2)
    yield Conv((2, 3), (1, 1)), (1, 4, 7, 1), (1, 2, 1, 2)
    yield Conv((1, 1), (2, 1)), (1, 5, 4, 2), (2, 3, 2, 2)
    yield Conv((2, 1), (1, 2), 2), (1, 5, 5, 4), (2, 2, 2, 6)
    yield Conv((1, 1), (1, 1), 3), (1, 3, 3, 3), (2, 2, 1, 3)
    yield Conv((1, 1), (1, 1), 2), (1, 3, 3, 6), (2, 2, 3, 10)
    yield Conv((2,), (2,)), (2, 8, 3), (3, 3, 5)
    yield Conv((1, 2, 1), (1, 1, 1)), (1, 2, 4, 3, 2), (2, 3, 2, 2, 4)


def conv_input_gradient(g: Value, kernel: Value, shape: Shape, op: Conv) -> Value:
    """The gradient with respect to images of this shape: a convolution of g with the flipped kernel, of stride 1.

    A position i = s*j + p, s being the stride, sees the taps p, p + s, ... only. So each j is computed with all its
    phases p as channels, which are then laid out side by side: no product with the zeros of a widened g.
    """
    count, groups = len(op.strides), op.groups
    if any(s > 1 and d > 1 for s, d in zip(op.strides, op.dilation, strict=True)):
        spread = [d if s > 1 else 1 for s, d in zip(op.strides, op.dilation, strict=True)]
        kernel = fn.dilate(kernel, (*spread, 1, 1))
        op = Conv(op.strides, tuple(d // f for d, f in zip(op.dilation, spread, strict=True)), groups)
    taps, (channels, outputs) = kernel.shape[:-2], kernel.shape[-2:]
    phases = tuple(dims.minimum(s, k) for s, k in zip(op.strides, taps, strict=True))
    steps = tuple(dims.ceil_divide(k, s) for s, k in zip(op.strides, taps, strict=True))
    whole = [(0, p * q - k) for p, q, k in zip(phases, steps, taps, strict=True)]
    split = fn.pad(kernel, (*whole, (0, 0), (0, 0)))
    pairs = [n for pair in zip(steps, phases, strict=True) for n in pair]
    split = fn.reshape(split, (*pairs, channels, groups, dims.floor_divide(outputs, groups)))
    split = fn.flip(split, tuple(range(0, 2 * count, 2)))
    order = (*range(0, 2 * count, 2), 2 * count + 2, 2 * count + 1, *range(1, 2 * count, 2), 2 * count)
    inner = dims.product((*phases, channels))
    turned = fn.reshape(fn.transpose(split, order), (*steps, dims.floor_divide(outputs, groups), groups * inner))
    places = tuple(dims.ceil_divide(n, s) for n, s in zip(shape[1:-1], op.strides, strict=True))
    before = [(q - 1) * d for q, d in zip(steps, op.dilation, strict=True)]
    widths = zip(before, (a - n for a, n in zip(places, g.shape[1:-1], strict=True)), strict=True)
    spaced = fn.pad(g, ((0, 0), *widths, (0, 0)))
    found = fn.apply(Conv((1,) * count, op.dilation, groups), spaced, turned)
    if max(op.strides) == 1:
        return found
    found = fn.reshape(found, (shape[0], *places, groups, *phases, channels))
    middle = [k for j in range(count) for k in (1 + j, count + 2 + j)]
    found = fn.transpose(found, (0, *middle, count + 1, 2 * count + 2))
    missing = [(0, s - p) for s, p in zip(op.strides, phases, strict=True)]
    blank = [width for each in missing for width in ((0, 0), each)]
    found = fn.pad(found, ((0, 0), *blank, (0, 0), (0, 0)))
    laid = tuple(a * s for a, s in zip(places, op.strides, strict=True))
    return fn.slice(fn.reshape(found, (shape[0], *laid, shape[-1])), (0,) * len(shape), shape)


@dataclass(frozen=True)
class ConvKernelGradient(Op):
    """`out[t, c, o] = sum over n, p of x[n, p * strides + t * dilation, c] * g[n, p, o]`."""

    name = "conv_kernel_gradient"
    taps: Shape
    strides: Steps
    dilation: Steps
    groups: int = 1

    @property
    def forward(self) -> Conv:
        return Conv(self.strides, self.dilation, self.groups)

    def infer(self, *types: Type) -> Type:
        check_arity(self, types, 2)
        check_dtype(self, ("float32",), *types)
        x, g = types
        check_rank(self, "images [n, *positions, c]", x, len(self.taps) + 2)
        check_rank(self, "gradients [n, *positions, o]", g, x.rank)
        kernel = Type(x.dtype, (*self.taps, dims.floor_divide(x.shape[-1], self.groups), g.shape[-1]))
        made = self.forward.infer(x, kernel)
        if made != g:
            raise ShapeError(self.name, expected=f"gradients {made}", got=g, at=f"images {x}")
        return kernel

    def nest(self, *types: Type) -> Nest:
        x, g = types
        axes, reduced = make_axes(self.infer(x, g).shape), make_axes(g.shape[:-1], "r")
        (*tap, c, o), (n, *at) = indices(axes), indices(reduced)
        group = dims.floor_divide(o, dims.floor_divide(g.shape[-1], self.groups)) if self.groups > 1 else 0
        place = self.forward.windows.place(tuple(at), tuple(tap))
        image = read(0, (n, *place, group * axes[-2].extent + c), x.dtype)
        return Nest(axes, make("mul", image, read(1, (n, *at, o), g.dtype)), reduced, "add")

    def gradient(self, g: Value, y: Value, xs: tuple[Value, ...]) -> tuple[Value | None, ...]:
        x, _ = xs  # g has the shape of a kernel
        return conv_input_gradient(xs[1], g, x.shape, self.forward), fn.apply(self.forward, x, g)

    def reference(self, *arrays: Any) -> Any:
        import numpy

        x, g = arrays
        windows = patches(x, static(self, self.taps), self.strides, self.dilation)
        p, t = letters(len(self.taps))
        pairs = zip(numpy.split(windows, self.groups, x.ndim - 1), numpy.split(g, self.groups, -1), strict=True)
        return numpy.concatenate([numpy.einsum(f"n{p}c{t},n{p}o->{t}co", part, each) for part, each in pairs], -1)

    @classmethod
    def samples(cls) -> Iterable[Sample]:
        for op, x, kernel in conv_cases():
            made = op.infer(Type("float32", x), Type("float32", kernel))
            yield sample(cls(kernel[:-2], op.strides, op.dilation, op.groups), (x, "normal"), (made.shape, "normal"))
