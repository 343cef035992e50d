"""What has been combined up to each point of an axis? Rows of running sums, products, extremes and recurrences.

An axis is walked in order, forwards or from its end (`reverse`); the result has the shape of the operand. Exclusive
sums, and forms that skip NaN, are written with these in `cumulative`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from fanlight.errors import ShapeError
from fanlight.ir.graph import Op, Value
from fanlight.ir.kernel import FOLD, Axis, Nest, make_axes
from fanlight.ir.scalar import Scalar, accumulator, read
from fanlight.ir.types import Shape, Type
from fanlight.ops import functions as fn
from fanlight.ops.base import NUMBERS, check_arity, check_axes, check_dtype, check_float, listed
from fanlight.ops.movement import Slice
from fanlight.ops.padding import Pad
from fanlight.ops.sample import Sample, sample

CASES: tuple[tuple[Shape, int], ...] = (
    *(((n,), 0) for n in (1, 2, 3, 5, 7, 16, 17)),
    *(((3, 5), 0), ((3, 5), 1), ((5, 4), 0), ((4, 17), 0), ((3, 23), 0)),
    *(((2, 3, 4), 1), ((2, 1, 4), 1), ((2, 3, 1), 1), ((2, 2, 9), 0)),
    *(((0,), 0), ((0, 3), 1), ((3, 0), 1), ((3, 0), 0)),
)


class Prefix(Op):
    """What rows that walk along `axis` have in common."""

    combine: ClassVar[str] = ""
    accepts: ClassVar[tuple[str, ...]] = ("float32", "int32", "uint32", "int64")
    axis: int
    reverse: bool

    def infer(self, *types: Type) -> Type:
        check_arity(self, types, 1)
        check_dtype(self, self.accepts, types[0])
        check_axes(self, (self.axis,), types[0].rank)
        return types[0]

    def nest(self, *types: Type) -> Nest:
        shape = types[0].shape
        walk = Axis("r0", shape[self.axis])
        position = shape[self.axis] - 1 - walk.index if self.reverse else walk.index
        axes = make_axes(shape)
        place = tuple(position if k == self.axis else axis.index for k, axis in enumerate(axes))
        others = tuple(axis for k, axis in enumerate(axes) if k != self.axis)
        value = self.term(*(read(k, place, each.dtype) for k, each in enumerate(types)))
        return Nest(others, value, (walk,), self.combine, "prefix", place)

    def term(self, *elements: Scalar) -> Scalar:
        """What is combined, of the operands' elements at one point."""
        return elements[0]

    def backwards(self) -> Any:
        """The same row, walking the other way."""
        return replace(self, reverse=not self.reverse)  # type: ignore[type-var]

    def before(self, x: Value, start: float) -> Value:
        """x one step earlier on the walk, `start` at its first point."""
        length = x.shape[self.axis]
        if length == 0:
            return x
        starts = tuple(int(self.reverse and k == self.axis) for k in range(x.rank))
        sizes = tuple(length - 1 if k == self.axis else extent for k, extent in enumerate(x.shape))
        front = tuple(int(not self.reverse and k == self.axis) for k in range(x.rank))
        moved = fn.apply(Slice(starts, sizes, (1,) * x.rank), x)
        return fn.apply(Pad(front, starts, start), moved)

    @classmethod
    def instances(cls, axis: int) -> Iterable[Any]:
        return (cls(axis), cls(axis, reverse=True))  # type: ignore[call-arg]

    @classmethod
    def samples(cls) -> Iterable[Sample]:
        for shape, axis in CASES:
            for op in cls.instances(axis):
                yield sample(op, (shape, "special"))
                yield sample(op, (shape, "distinct"))
        for dtype in cls.accepts:
            if dtype != "float32":
                for shape, axis in (((17,), 0), ((3, 6), 0)):
                    yield sample(cls(axis), (shape, "any", dtype))  # type: ignore[call-arg]


def _accumulated(ufunc: str, op: Prefix, x: Any) -> Any:
    """For references: NumPy's `accumulate` along the axis, in the dtype of x."""
    import numpy

    turned = numpy.flip(x, op.axis) if op.reverse else x
    found = getattr(numpy, ufunc).accumulate(turned, op.axis, x.dtype)
    return numpy.flip(found, op.axis) if op.reverse else found


@dataclass(frozen=True)
class CumulativeSum(Prefix):
    """y[k] = x[0] + ... + x[k]. Integers wrap."""

    name = "cumsum"
    combine = "add"
    axis: int
    reverse: bool = False

    def gradient(self, g: Value, y: Value, xs: tuple[Value, ...]) -> tuple[Value | None, ...]:
        return (fn.apply(self.backwards(), g),)

    def reference(self, *arrays: Any) -> Any:
        return _accumulated("add", self, arrays[0])


@dataclass(frozen=True)
class CumulativeProduct(Prefix):
    """y[k] = x[0] * ... * x[k]. Integers wrap."""

    name = "cumprod"
    combine = "mul"
    axis: int
    reverse: bool = False

    def gradient(self, g: Value, y: Value, xs: tuple[Value, ...]) -> tuple[Value | None, ...]:
        # h[k] = g[k] + x[k+1] h[k+1] is what comes back to the product up to k: no division, so zeros are no exception.
        following = self.backwards().before(xs[0], 0.0)
        h = fn.apply(LinearRecurrence(self.axis, not self.reverse), following, g)
        return (fn.multiply(self.before(y, 1.0), h),)

    def reference(self, *arrays: Any) -> Any:
        return _accumulated("multiply", self, arrays[0])

    @classmethod
    def samples(cls) -> Iterable[Sample]:
        yield from super().samples()
        yield sample(cls(1), ((4, 5), "normal"))


class _CumulativeExtreme(Prefix):
    """What running maxima and minima share. NaN wins; the latest of equal extremes gets the gradient."""

    accepts = NUMBERS

    def gradient(self, g: Value, y: Value, xs: tuple[Value, ...]) -> tuple[Value | None, ...]:
        x = xs[0]
        hit = fn.logical_or(fn.equal(x, y), fn.not_equal(x, x))
        places = fn.iota(x.shape, self.axis)
        if self.reverse:
            far = fn.subtract(fn.size_of(x.shape[self.axis]), 1)
            latest = fn.apply(CumulativeMin(self.axis, True), fn.where(hit, places, far))
        else:
            latest = fn.apply(CumulativeMax(self.axis), fn.where(hit, places, 0))
        return (fn.put_along_axis(fn.zeros_like(x), latest, g, self.axis, "add"),)


@dataclass(frozen=True)
class CumulativeMax(_CumulativeExtreme):
    """y[k] is the largest of x[0], ..., x[k]."""

    name = "cummax"
    combine = "max"
    axis: int
    reverse: bool = False

    def reference(self, *arrays: Any) -> Any:
        return _accumulated("maximum", self, arrays[0])


@dataclass(frozen=True)
class CumulativeMin(_CumulativeExtreme):
    """y[k] is the smallest of x[0], ..., x[k]."""

    name = "cummin"
    combine = "min"
    axis: int
    reverse: bool = False

    def reference(self, *arrays: Any) -> Any:
        return _accumulated("minimum", self, arrays[0])


@dataclass(frozen=True)
class LinearRecurrence(Prefix):
    """y[k] = a[k] * y[k-1] + b[k], beginning with y[-1] = 0: discounted sums, moving averages, linear filters."""

    name = "linear_recurrence"
    combine = FOLD
    axis: int
    reverse: bool = False

    def infer(self, *types: Type) -> Type:
        check_arity(self, types, 2)
        check_float(self, *types)
        if types[0] != types[1]:
            raise ShapeError(self.name, expected="factors and terms of one shape", got=listed(types))
        check_axes(self, (self.axis,), types[0].rank)
        return types[0]

    def term(self, *elements: Scalar) -> Scalar:
        return accumulator("float32") * elements[0] + elements[1]

    def gradient(self, g: Value, y: Value, xs: tuple[Value, ...]) -> tuple[Value | None, ...]:
        following = self.backwards().before(xs[0], 0.0)
        h = fn.apply(self.backwards(), following, g)
        return fn.multiply(h, self.before(y, 0.0)), h

    def reference(self, *arrays: Any) -> Any:
        import numpy

        a, b = (numpy.moveaxis(x, self.axis, 0) for x in arrays)
        out, total = numpy.zeros_like(b), numpy.zeros(b.shape[1:], b.dtype)
        order = range(len(b))
        for k in reversed(order) if self.reverse else order:
            total = a[k] * total + b[k]
            out[k] = total
        return numpy.moveaxis(out, 0, self.axis)

    @classmethod
    def samples(cls) -> Iterable[Sample]:
        for shape, axis in CASES:
            for op in cls.instances(axis):
                yield sample(op, (shape, "normal"), (shape, "normal"))
        yield sample(cls(0), ((6, 5), "special"), ((6, 5), "special"))
