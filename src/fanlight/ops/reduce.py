"""What is left of an axis that is summed, multiplied, or searched for its extreme? Rows of reductions; the axes vanish.

Means, variances, positions of extremes and kept axes are written with these in `functions`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar

from fanlight.errors import ShapeError
from fanlight.ir.graph import Op, Value
from fanlight.ir.kernel import Nest, make_axes
from fanlight.ir.scalar import read
from fanlight.ir.types import Shape, Type
from fanlight.ops import functions as fn
from fanlight.ops.base import NUMBERS, check_arity, check_axes, check_dtype
from fanlight.ops.sample import Sample, sample

REDUCED: tuple[tuple[Shape, tuple[int, ...]], ...] = (
    *(((n,), (0,)) for n in (1, 2, 3, 5, 7, 16, 17)),
    ((3, 5), (0,)),
    ((3, 5), (1,)),
    ((2, 3, 4), (0, 2)),
    ((2, 3, 4), (0, 1, 2)),
    ((2, 1, 4), (1,)),
    ((0, 3), (1,)),
    ((2, 3), ()),
)


class _Reduction(Op):
    """Combines all elements along `axes`, distinct and in ascending order."""

    combine: ClassVar[str] = ""
    accepts: ClassVar[tuple[str, ...]] = ("float32", "int32", "uint32", "int64")
    specials: ClassVar[str] = "special"  # without overflow, which depends on the order
    axes: tuple[int, ...]

    def infer(self, *types: Type) -> Type:
        check_arity(self, types, 1)
        x = types[0]
        check_dtype(self, self.accepts, x)
        check_axes(self, self.axes, x.rank)
        if list(self.axes) != sorted(self.axes):
            raise ShapeError(self.name, expected="axes in ascending order", got=self.axes)
        return Type(x.dtype, tuple(extent for k, extent in enumerate(x.shape) if k not in self.axes))

    def nest(self, *types: Type) -> Nest:
        x = types[0]
        axes = make_axes(self.infer(x).shape)
        reduced = make_axes(tuple(x.shape[k] for k in self.axes), "r")
        kept, gone = iter(axes), iter(reduced)
        where = tuple(next(gone if k in self.axes else kept).index for k in range(x.rank))
        value = read(0, where, x.dtype)
        return Nest(axes, value, reduced, self.combine) if reduced else Nest(axes, value)

    def spread(self, value: Value, x: Value) -> Value:
        """A value of the reduced shape, repeated along the axes that are gone."""
        kept = tuple(1 if k in self.axes else extent for k, extent in enumerate(x.shape))
        return fn.broadcast_to(fn.reshape(value, kept), x.shape)

    @classmethod
    def samples(cls) -> Iterable[Sample]:
        for shape, axes in REDUCED:
            yield sample(cls(axes), (shape, cls.specials))  # type: ignore[call-arg]
            yield sample(cls(axes), (shape, "distinct"))  # type: ignore[call-arg]
        for dtype in cls.accepts:
            if dtype != "float32":
                yield sample(cls((0,)), ((17, 2), "any", dtype))  # type: ignore[call-arg]


@dataclass(frozen=True)
class Sum(_Reduction):
    """The sum along `axes`; 0 for none. Integers wrap."""

    name = "sum"
    combine = "add"
    axes: tuple[int, ...]

    def gradient(self, g: Value, y: Value, xs: tuple[Value, ...]) -> tuple[Value | None, ...]:
        return (self.spread(g, xs[0]),)

    def reference(self, *arrays: Any) -> Any:
        import numpy

        return numpy.sum(arrays[0], axis=self.axes, dtype=arrays[0].dtype)


@dataclass(frozen=True)
class Product(_Reduction):
    """The product along `axes`; 1 for none. Integers wrap."""

    name = "prod"
    combine = "mul"
    axes: tuple[int, ...]

    def gradient(self, g: Value, y: Value, xs: tuple[Value, ...]) -> tuple[Value | None, ...]:
        x = xs[0]
        is_zero = fn.equal(x, 0.0)
        others = fn.where(is_zero, 1.0, x)
        zeros = self.spread(fn.sum(fn.cast(is_zero, "float32"), self.axes), x)
        rest = self.spread(fn.prod(others, self.axes), x)  # the product of all that are not 0
        alone = fn.logical_and(is_zero, fn.equal(zeros, 1.0))
        slope = fn.where(fn.equal(zeros, 0.0), fn.divide(self.spread(y, x), others), fn.where(alone, rest, 0.0))
        return (fn.multiply(self.spread(g, x), slope),)

    def reference(self, *arrays: Any) -> Any:
        import numpy

        return numpy.prod(arrays[0], axis=self.axes, dtype=arrays[0].dtype)

    @classmethod
    def samples(cls) -> Iterable[Sample]:
        yield from super().samples()
        yield sample(cls((1,)), ((4, 3), "tied"))


TIES = (
    "split",
    "first",
)  # who gets the gradient among equal extremes: equal shares (JAX), or the first one in row-major order


class _Extreme(_Reduction):
    """What max and min share. NaN wins."""

    accepts = NUMBERS
    specials = "any"
    ties: str = "split"

    def infer(self, *types: Type) -> Type:
        found = super().infer(*types)
        if any(types[0].shape[k] == 0 for k in self.axes):
            raise ShapeError(
                self.name, expected="at least one element along the axes", got=types[0], at=f"axes {self.axes}"
            )
        return found

    def gradient(self, g: Value, y: Value, xs: tuple[Value, ...]) -> tuple[Value | None, ...]:
        x = xs[0]
        chosen = fn.equal(x, self.spread(y, x))
        if self.ties == "first":
            place = fn.row_major_index(x.shape)
            first = fn.min(fn.where(chosen, place, 2**31 - 1), self.axes)
            chosen = fn.equal(place, self.spread(first, x))
            return (fn.where(chosen, self.spread(g, x), 0.0),)
        count = fn.sum(fn.cast(chosen, "float32"), self.axes)
        return (fn.where(chosen, self.spread(fn.divide(g, count), x), 0.0),)

    @classmethod
    def samples(cls) -> Iterable[Sample]:
        yield from super().samples()
        for shape, axes in REDUCED[6:12]:
            yield sample(cls(axes, ties="first"), (shape, "distinct"))  # type: ignore[call-arg]


@dataclass(frozen=True)
class Max(_Extreme):
    """The largest element along `axes`. `ties`: see TIES."""

    name = "max"
    combine = "max"
    axes: tuple[int, ...]
    ties: str = "split"

    def reference(self, *arrays: Any) -> Any:
        import numpy

        return numpy.max(arrays[0], axis=self.axes)


@dataclass(frozen=True)
class Min(_Extreme):
    """The smallest element along `axes`. `ties`: see TIES."""

    name = "min"
    combine = "min"
    axes: tuple[int, ...]
    ties: str = "split"

    def reference(self, *arrays: Any) -> Any:
        import numpy

        return numpy.min(arrays[0], axis=self.axes)
