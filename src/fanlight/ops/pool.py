"""What is the sum or the largest element of a window? Rows of pooling over [n, *positions, c], without padding.

Gradients are written in gather form: each input position asks the few windows that cover it, so nothing is scattered.
Averages, and padding with -inf or 0, are in `pooling`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
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
from fanlight.ops.conv import Steps, Windows, patches
from fanlight.ops.sample import Sample, sample

CASES: tuple[tuple[Steps, Steps, Shape], ...] = (  # window, strides, images
    ((1, 1), (1, 1), (1, 1, 1, 1)),
    ((2, 2), (2, 2), (2, 4, 6, 3)),
    ((2, 2), (2, 2), (1, 5, 5, 2)),
    ((3, 3), (2, 2), (1, 7, 6, 2)),
    ((3, 2), (1, 1), (1, 4, 4, 5)),
    ((2, 1), (3, 2), (1, 5, 4, 1)),
    ((2, 2), (1, 2), (0, 3, 3, 1)),
    ((3,), (2,), (2, 7, 5)),
    ((2, 1, 3), (2, 1, 2), (1, 4, 2, 5, 2)),
)


def pooled(op: Op, x: Type, window: Steps, strides: Steps) -> Type:
    """The type of pooled images; raises ShapeError where the window does not fit."""
    check_float(op, x)
    check_rank(op, "images [n, *positions, c]", x, len(window) + 2)
    return Type(x.dtype, (x.shape[0], *steps_of(strides).count(op, x.shape[1:-1], window), x.shape[-1]))


def steps_of(strides: Steps) -> Windows:
    return Windows(strides, (1,) * len(strides))


def tap_number(taps: Shape, window: Steps) -> DimLike:
    """The number of a tap in row-major order."""
    number: DimLike = 0
    for tap, extent in zip(taps, window, strict=True):
        number = number * extent + tap
    return number


def pool_nest(x: Type, y: Type, window: Steps, strides: Steps, combine: str) -> Nest:
    """Combines the elements of each window."""
    axes, reduced = make_axes(y.shape), make_axes(window, "r")
    n, *at, c = indices(axes)
    place = steps_of(strides).place(tuple(at), indices(reduced))
    return Nest(axes, read(0, (n, *place, c), x.dtype), reduced, combine)


def covering(
    shape: Shape, outputs: Shape, window: Steps, strides: Steps
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
    for k, axis in enumerate(axes[1:-1]):
        last = reduced[k].index if reduced else 0
        place = dims.floor_divide(axis.index, strides[k]) - last
        tap = dims.modulo(axis.index, strides[k]) + last * strides[k]
        condition = conjunction(condition, inside(tap, window[k]), inside(place, outputs[k]))
        places.append(place)
        taps.append(tap)
    return axes, reduced, tuple(places), tuple(taps), condition


def scattered(
    extents: Steps, window: Steps, strides: Steps, rows: int, channels: int, counts: Steps, part: Callable[[int], Any]
) -> Any:
    """The sum of `part(tap)` over all taps, each added where its tap falls: the scatter form, for references."""
    import numpy

    out = numpy.zeros((rows, *extents, channels))
    for number, tap in enumerate(numpy.ndindex(*window)):
        where = tuple(slice(t, t + n * s, s) for t, n, s in zip(tap, counts, strides, strict=True))
        out[(slice(None), *where)] += part(number)
    return out


@dataclass(frozen=True)
class SumPool(Op):
    """The sum of each window."""

    name = "sum_pool"
    window: Steps
    strides: Steps

    def infer(self, *types: Type) -> Type:
        check_arity(self, types, 1)
        return pooled(self, types[0], self.window, self.strides)

    def nest(self, *types: Type) -> Nest:
        return pool_nest(types[0], self.infer(*types), self.window, self.strides, "add")

    def gradient(self, g: Value, y: Value, xs: tuple[Value, ...]) -> tuple[Value | None, ...]:
        return (fn.apply(SumPoolGradient(self.window, self.strides, xs[0].shape[1:-1]), g),)

    def reference(self, *arrays: Any) -> Any:
        return patches(arrays[0], self.window, self.strides).sum(tuple(range(-len(self.window), 0)))

    @classmethod
    def samples(cls) -> Iterable[Sample]:
        for window, strides, shape in CASES:
            yield sample(cls(window, strides), (shape, "normal"))
        yield sample(cls((2, 3), (1, 2)), ((1, 4, 7, 2), "special"))


@dataclass(frozen=True)
class SumPoolGradient(Op):
    """Gives each position of images of `extents` the sum of g over the windows that cover it."""

    name = "sum_pool_gradient"
    window: Steps
    strides: Steps
    extents: Shape

    def infer(self, *types: Type) -> Type:
        check_arity(self, types, 1)
        g = types[0]
        check_rank(self, "gradients [n, *positions, c]", g, len(self.window) + 2)
        x = Type(g.dtype, (g.shape[0], *self.extents, g.shape[-1]))
        if pooled(self, x, self.window, self.strides) != g:
            raise ShapeError(self.name, expected=pooled(self, x, self.window, self.strides), got=g)
        return x

    def nest(self, *types: Type) -> Nest:
        g = types[0]
        axes, reduced, place, _, there = covering(self.infer(g).shape, g.shape[1:-1], self.window, self.strides)
        element = read(0, (axes[0].index, *place, axes[-1].index), g.dtype)
        return Nest(axes, guard(there, element, const(0, g.dtype)), reduced, "add" if reduced else "")

    def gradient(self, g: Value, y: Value, xs: tuple[Value, ...]) -> tuple[Value | None, ...]:
        return (fn.apply(SumPool(self.window, self.strides), g),)

    def reference(self, *arrays: Any) -> Any:
        g = arrays[0]
        extents = static(self, self.extents)
        return scattered(extents, self.window, self.strides, g.shape[0], g.shape[-1], g.shape[1:-1], lambda tap: g)

    @classmethod
    def samples(cls) -> Iterable[Sample]:
        for window, strides, shape in CASES:
            y = SumPool(window, strides).infer(Type("float32", shape))
            yield sample(cls(window, strides, shape[1:-1]), (y.shape, "normal"))


@dataclass(frozen=True)
class MaxPool(Op):
    """The largest element of each window; NaN wins. The first one in row-major order gets the whole gradient."""

    name = "max_pool"
    window: Steps
    strides: Steps

    def infer(self, *types: Type) -> Type:
        check_arity(self, types, 1)
        return pooled(self, types[0], self.window, self.strides)

    def nest(self, *types: Type) -> Nest:
        return pool_nest(types[0], self.infer(*types), self.window, self.strides, "max")

    def gradient(self, g: Value, y: Value, xs: tuple[Value, ...]) -> tuple[Value | None, ...]:
        tap = fn.apply(MaxPoolTap(self.window, self.strides), xs[0], y)
        return (fn.apply(MaxPoolGradient(self.window, self.strides, xs[0].shape[1:-1]), g, tap),)

    def reference(self, *arrays: Any) -> Any:
        return patches(arrays[0], self.window, self.strides).max(tuple(range(-len(self.window), 0)))

    @classmethod
    def samples(cls) -> Iterable[Sample]:
        for window, strides, shape in CASES:
            yield sample(cls(window, strides), (shape, "distinct"))
        yield sample(cls((2, 3), (1, 2)), ((1, 4, 7, 2), "any"))


@dataclass(frozen=True)
class MaxPoolTap(Op):
    """Which tap of each window of x, in row-major order, is the first to equal y (or NaN)? Zero gradient."""

    name = "max_pool_tap"
    window: Steps
    strides: Steps

    def infer(self, *types: Type) -> Type:
        check_arity(self, types, 2)
        made = pooled(self, types[0], self.window, self.strides)
        if types[1] != made:
            raise ShapeError(self.name, expected=f"images and their pooled form {made}", got=listed(types))
        return Type("int32", made.shape)

    def nest(self, *types: Type) -> Nest:
        x, y = types
        axes, reduced = make_axes(y.shape), make_axes(self.window, "r")
        (n, *at, c), taps = indices(axes), indices(reduced)
        element = read(0, (n, *steps_of(self.strides).place(tuple(at), taps), c), x.dtype)
        found = make("or", make("eq", element, read(1, indices(axes), y.dtype)), make("ne", element, element))
        beyond = const(math.prod(self.window), "int32")
        return Nest(axes, select(found, index(tap_number(taps, self.window)), beyond), reduced, "min")

    def gradient(self, g: Value, y: Value, xs: tuple[Value, ...]) -> tuple[Value | None, ...]:
        return None, None

    def reference(self, *arrays: Any) -> Any:
        windows = patches(arrays[0], self.window, self.strides)
        flat = windows.reshape(*windows.shape[: arrays[0].ndim], math.prod(self.window))
        found = (flat == arrays[1][..., None]) | (flat != flat)
        first = found.argmax(-1)
        first[~found.any(-1)] = math.prod(self.window)
        return first.astype("int32")

    @classmethod
    def samples(cls) -> Iterable[Sample]:
        for window, strides, shape in CASES:
            y = SumPool(window, strides).infer(Type("float32", shape))
            yield sample(cls(window, strides), (shape, "tied"), (y.shape, "tied"))
        yield sample(cls((2, 2), (1, 1)), ((1, 3, 3, 1), "any"), ((1, 2, 2, 1), "any"))


@dataclass(frozen=True)
class MaxPoolGradient(Op):
    """Gives each position of images of `extents` the sum of g over the windows whose tap it is."""

    name = "max_pool_gradient"
    window: Steps
    strides: Steps
    extents: Shape

    def infer(self, *types: Type) -> Type:
        check_arity(self, types, 2)
        g, tap = types
        check_rank(self, "gradients [n, *positions, c]", g, len(self.window) + 2)
        x = Type(g.dtype, (g.shape[0], *self.extents, g.shape[-1]))
        if pooled(self, x, self.window, self.strides) != g or tap != Type("int32", g.shape):
            raise ShapeError(self.name, expected=f"gradients and taps of {x}, pooled", got=listed(types))
        return x

    def nest(self, *types: Type) -> Nest:
        g, _ = types
        axes, reduced, place, tap, there = covering(self.infer(*types).shape, g.shape[1:-1], self.window, self.strides)
        place = (axes[0].index, *place, axes[-1].index)
        nothing = const(0, g.dtype)
        is_chosen = make("eq", read(1, place, "int32"), index(tap_number(tap, self.window)))
        value = guard(there, select(is_chosen, read(0, place, g.dtype), nothing), nothing)
        return Nest(axes, value, reduced, "add" if reduced else "")

    def gradient(self, g: Value, y: Value, xs: tuple[Value, ...]) -> tuple[Value | None, ...]:
        """Each window reads g at its tap; a tap beyond the window, which nothing equalled, reads 0."""
        tap = xs[1]
        shape, count, rest = tap.shape, len(self.window), tap
        places: list[Value] = []
        for k in reversed(range(count)):
            at = fn.multiply(fn.iota(shape, k + 1), self.strides[k])
            places.insert(0, fn.add(at, fn.mod(rest, self.window[k])))
            rest = fn.floor_divide(rest, self.window[k])
        chosen = fn.gather(g, (*places, fn.iota(shape, count + 1)), axes=tuple(range(1, count + 2)), batch=1)
        return fn.where(fn.equal(rest, 0), chosen, 0.0), None

    def reference(self, *arrays: Any) -> Any:
        import numpy

        g, tap = arrays
        extents = static(self, self.extents)
        return scattered(
            extents,
            self.window,
            self.strides,
            g.shape[0],
            g.shape[-1],
            g.shape[1:-1],
            lambda each: numpy.where(tap == each, g, 0),
        )

    @classmethod
    def samples(cls) -> Iterable[Sample]:
        for window, strides, shape in CASES:
            y = SumPool(window, strides).infer(Type("float32", shape))
            op = cls(window, strides, shape[1:-1])
            yield sample(op, (y.shape, "normal"), (y.shape, "index", "int32"))
