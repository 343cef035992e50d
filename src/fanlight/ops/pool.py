"""What is the sum or the largest element of a window? Rows of pooling over [n, h, w, c] images, without padding.

Gradients are written in gather form: each input position asks the few windows that cover it, so nothing is scattered.
Averages, and padding with -inf or 0, are in `functions`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from fanlight.errors import ShapeError
from fanlight.ir import dim as dims
from fanlight.ir.dim import DimLike
from fanlight.ir.graph import Op, Value
from fanlight.ir.kernel import Axis, Nest, make_axes
from fanlight.ir.scalar import Scalar, conjunction, const, guard, index, inside, make, read, select
from fanlight.ir.types import Shape, Type
from fanlight.ops import functions as fn
from fanlight.ops.base import check_arity, check_float, check_rank, indices, listed, static
from fanlight.ops.conv import Pair, Windows, patches
from fanlight.ops.sample import Sample, sample

CASES: tuple[tuple[Pair, Pair, Shape], ...] = (  # window, strides, images
    ((1, 1), (1, 1), (1, 1, 1, 1)),
    ((2, 2), (2, 2), (2, 4, 6, 3)),
    ((2, 2), (2, 2), (1, 5, 5, 2)),
    ((3, 3), (2, 2), (1, 7, 6, 2)),
    ((3, 2), (1, 1), (1, 4, 4, 5)),
    ((2, 1), (3, 2), (1, 5, 4, 1)),
    ((2, 2), (1, 2), (0, 3, 3, 1)),
)


def pooled(op: Op, x: Type, window: Pair, strides: Pair) -> Type:
    """The type of pooled images; raises ShapeError where the window does not fit."""
    check_float(op, x)
    check_rank(op, "images [n, h, w, c]", x, 4)
    return Type(x.dtype, (x.shape[0], *Windows(strides).count(op, x.shape[1:3], window), x.shape[3]))


def pool_nest(x: Type, y: Type, window: Pair, strides: Pair, combine: str) -> Nest:
    """Combines the elements of each window."""
    axes, reduced = make_axes(y.shape), make_axes(window, "r")
    n, h, w, c = indices(axes)
    row, column = Windows(strides).place((h, w), indices(reduced))
    return Nest(axes, read(0, (n, row, column, c), x.dtype), reduced, combine)


def covering(
    op: Op, shape: Shape, outputs: Shape, window: Pair, strides: Pair
) -> tuple[tuple[Axis, ...], tuple[Axis, ...], Shape, Shape, Scalar]:
    """The windows over each input position: axes, axes to reduce over, window position, tap, whether there is one.

    Position i lies in the windows i//s, i//s - 1, ..., at most ceil(k/s) of them; in the q-th as tap i%s + q*s.
    """
    axes = make_axes(shape)
    counts = tuple(-(-k // s) for k, s in zip(window, strides, strict=True))
    reduced = make_axes(counts, "r") if max(counts) > 1 else ()
    places: list[DimLike] = []
    taps: list[DimLike] = []
    condition = const(True, "bool")
    for k, axis in enumerate(axes[1:3]):
        last = reduced[k].index if reduced else 0
        place = dims.floor_divide(axis.index, strides[k]) - last
        tap = dims.modulo(axis.index, strides[k]) + last * strides[k]
        condition = conjunction(condition, inside(tap, window[k]), inside(place, outputs[k + 1]))
        places.append(place)
        taps.append(tap)
    return axes, reduced, (axes[0].index, *places, axes[3].index), tuple(taps), condition


@dataclass(frozen=True)
class SumPool2D(Op):
    """The sum of each window."""

    name = "sum_pool2d"
    window: Pair
    strides: Pair

    def infer(self, *types: Type) -> Type:
        check_arity(self, types, 1)
        return pooled(self, types[0], self.window, self.strides)

    def nest(self, *types: Type) -> Nest:
        return pool_nest(types[0], self.infer(*types), self.window, self.strides, "add")

    def gradient(self, g: Value, y: Value, xs: tuple[Value, ...]) -> tuple[Value | None, ...]:
        return (fn.apply(SumPool2DGradient(self.window, self.strides, xs[0].shape[1:3]), g),)

    def reference(self, *arrays: Any) -> Any:
        return patches(arrays[0], self.window, self.strides, (1, 1)).sum((4, 5))

    @classmethod
    def samples(cls) -> Iterable[Sample]:
        for window, strides, shape in CASES:
            yield sample(cls(window, strides), (shape, "normal"))
        yield sample(cls((2, 3), (1, 2)), ((1, 4, 7, 2), "special"))


@dataclass(frozen=True)
class SumPool2DGradient(Op):
    """Gives each position of images of `extents` the sum of g over the windows that cover it."""

    name = "sum_pool2d_gradient"
    window: Pair
    strides: Pair
    extents: Shape

    def infer(self, *types: Type) -> Type:
        check_arity(self, types, 1)
        g = types[0]
        check_rank(self, "gradients [n, h, w, c]", g, 4)
        x = Type(g.dtype, (g.shape[0], *self.extents, g.shape[3]))
        if pooled(self, x, self.window, self.strides) != g:
            raise ShapeError(self.name, expected=pooled(self, x, self.window, self.strides), got=g)
        return x

    def nest(self, *types: Type) -> Nest:
        g = types[0]
        axes, reduced, place, _, there = covering(self, self.infer(g).shape, g.shape, self.window, self.strides)
        return Nest(axes, guard(there, read(0, place, g.dtype), const(0, g.dtype)), reduced, "add" if reduced else "")

    def gradient(self, g: Value, y: Value, xs: tuple[Value, ...]) -> tuple[Value | None, ...]:
        return (fn.apply(SumPool2D(self.window, self.strides), g),)

    def reference(self, *arrays: Any) -> Any:
        g = arrays[0]
        return scattered(self, g, lambda tap: g)

    @classmethod
    def samples(cls) -> Iterable[Sample]:
        for window, strides, shape in CASES:
            y = SumPool2D(window, strides).infer(Type("float32", shape))
            yield sample(cls(window, strides, shape[1:3]), (y.shape, "normal"))


def scattered(op: SumPool2DGradient | MaxPool2DGradient, g: Any, part: Any) -> Any:
    """The sum of `part(tap)` over all taps, each added where its tap falls: the scatter form, for references."""
    import numpy

    rows, columns = static(op, op.extents)
    out = numpy.zeros((g.shape[0], rows, columns, g.shape[3]), g.dtype)
    (kh, kw), (sh, sw) = op.window, op.strides
    for i in range(kh):
        for j in range(kw):
            out[:, i : i + g.shape[1] * sh : sh, j : j + g.shape[2] * sw : sw] += part(i * kw + j)
    return out


@dataclass(frozen=True)
class MaxPool2D(Op):
    """The largest element of each window; NaN wins. The first one in row-major order gets the whole gradient."""

    name = "max_pool2d"
    window: Pair
    strides: Pair

    def infer(self, *types: Type) -> Type:
        check_arity(self, types, 1)
        return pooled(self, types[0], self.window, self.strides)

    def nest(self, *types: Type) -> Nest:
        return pool_nest(types[0], self.infer(*types), self.window, self.strides, "max")

    def gradient(self, g: Value, y: Value, xs: tuple[Value, ...]) -> tuple[Value | None, ...]:
        tap = fn.apply(MaxPool2DTap(self.window, self.strides), xs[0], y)
        return (fn.apply(MaxPool2DGradient(self.window, self.strides, xs[0].shape[1:3]), g, tap),)

    def reference(self, *arrays: Any) -> Any:
        return patches(arrays[0], self.window, self.strides, (1, 1)).max((4, 5))

    @classmethod
    def samples(cls) -> Iterable[Sample]:
        for window, strides, shape in CASES:
            yield sample(cls(window, strides), (shape, "distinct"))
        yield sample(cls((2, 3), (1, 2)), ((1, 4, 7, 2), "any"))


@dataclass(frozen=True)
class MaxPool2DTap(Op):
    """Which tap `row * kw + column` of each window of x is the first to equal y (or NaN)? Zero gradient."""

    name = "max_pool2d_tap"
    window: Pair
    strides: Pair

    def infer(self, *types: Type) -> Type:
        check_arity(self, types, 2)
        made = pooled(self, types[0], self.window, self.strides)
        if types[1] != made:
            raise ShapeError(self.name, expected=f"images and their pooled form {made}", got=listed(types))
        return Type("int32", made.shape)

    def nest(self, *types: Type) -> Nest:
        x, y = types
        axes, reduced = make_axes(y.shape), make_axes(self.window, "r")
        (n, h, w, c), taps = indices(axes), indices(reduced)
        element = read(0, (n, *Windows(self.strides).place((h, w), taps), c), x.dtype)
        found = make("or", make("eq", element, read(1, (n, h, w, c), y.dtype)), make("ne", element, element))
        beyond = const(self.window[0] * self.window[1], "int32")
        return Nest(axes, select(found, index(taps[0] * self.window[1] + taps[1]), beyond), reduced, "min")

    def gradient(self, g: Value, y: Value, xs: tuple[Value, ...]) -> tuple[Value | None, ...]:
        return None, None

    def reference(self, *arrays: Any) -> Any:
        windows = patches(arrays[0], self.window, self.strides, (1, 1))
        found = (windows == arrays[1][..., None, None]) | (windows != windows)
        flat = found.reshape(*found.shape[:4], self.window[0] * self.window[1])
        first = flat.argmax(-1)
        first[~flat.any(-1)] = self.window[0] * self.window[1]
        return first.astype("int32")

    @classmethod
    def samples(cls) -> Iterable[Sample]:
        for window, strides, shape in CASES:
            y = SumPool2D(window, strides).infer(Type("float32", shape))
            yield sample(cls(window, strides), (shape, "tied"), (y.shape, "tied"))
        yield sample(cls((2, 2), (1, 1)), ((1, 3, 3, 1), "any"), ((1, 2, 2, 1), "any"))


@dataclass(frozen=True)
class MaxPool2DGradient(Op):
    """Gives each position of images of `extents` the sum of g over the windows whose tap it is."""

    name = "max_pool2d_gradient"
    window: Pair
    strides: Pair
    extents: Shape

    def infer(self, *types: Type) -> Type:
        check_arity(self, types, 2)
        g, tap = types
        check_rank(self, "gradients [n, h, w, c]", g, 4)
        x = Type(g.dtype, (g.shape[0], *self.extents, g.shape[3]))
        if pooled(self, x, self.window, self.strides) != g or tap != Type("int32", g.shape):
            raise ShapeError(self.name, expected=f"gradients and taps of {x}, pooled", got=listed(types))
        return x

    def nest(self, *types: Type) -> Nest:
        g, _ = types
        axes, reduced, place, (i, j), there = covering(
            self, self.infer(*types).shape, g.shape, self.window, self.strides
        )
        nothing = const(0, g.dtype)
        is_chosen = make("eq", read(1, place, "int32"), index(i * self.window[1] + j))
        value = guard(there, select(is_chosen, read(0, place, g.dtype), nothing), nothing)
        return Nest(axes, value, reduced, "add" if reduced else "")

    def gradient(self, g: Value, y: Value, xs: tuple[Value, ...]) -> tuple[Value | None, ...]:
        """Each window reads g at its tap; a tap beyond the window, which nothing equalled, reads 0."""
        tap = xs[1]
        shape, (kh, kw), (sh, sw) = tap.shape, self.window, self.strides
        rows = fn.add(fn.multiply(fn.iota(shape, 1), sh), fn.floor_divide(tap, kw))
        columns = fn.add(fn.multiply(fn.iota(shape, 2), sw), fn.mod(tap, kw))
        chosen = fn.gather(g, (rows, columns, fn.iota(shape, 3)), axes=(1, 2, 3), batch=1)
        is_tap = fn.logical_and(fn.greater_equal(tap, 0), fn.less(tap, kh * kw))
        return fn.where(is_tap, chosen, 0.0), None

    def reference(self, *arrays: Any) -> Any:
        import numpy

        g, tap = arrays
        return scattered(self, g, lambda each: numpy.where(tap == each, g, 0))

    @classmethod
    def samples(cls) -> Iterable[Sample]:
        for window, strides, shape in CASES:
            y = SumPool2D(window, strides).infer(Type("float32", shape))
            op = cls(window, strides, shape[1:3])
            yield sample(op, (y.shape, "normal"), (y.shape, "index", "int32"))
