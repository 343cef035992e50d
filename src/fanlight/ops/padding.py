"""Which element goes where, and what stands between? Rows that copy and fill: pad, dilate, concatenate, iota.

Reads that could fall outside stand under a guard.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar

from fanlight.errors import DtypeError, ShapeError
from fanlight.ir import dim as dims
from fanlight.ir.dim import DimLike
from fanlight.ir.graph import Op, Value
from fanlight.ir.kernel import Nest, make_axes
from fanlight.ir.scalar import cast, conjunction, const, guard, index, inside, make, read
from fanlight.ir.types import Shape, Type
from fanlight.ops import functions as fn
from fanlight.ops.base import NUMBERS, check_arity, check_axes, indices, listed, static
from fanlight.ops.sample import Sample, sample


@dataclass(frozen=True)
class Pad(Op):
    """`before[k]` and `after[k]` elements of `value` around axis k; none of them negative."""

    name = "pad"
    movement: ClassVar[bool] = True
    before: Shape
    after: Shape
    value: float | int | bool = 0

    def infer(self, *types: Type) -> Type:
        check_arity(self, types, 1)
        x = types[0]
        if not len(self.before) == len(self.after) == x.rank:
            raise ShapeError(self.name, expected=f"two widths for each axis of {x}", got=(self.before, self.after))
        if any(dims.bounds(width)[0] < 0 for width in (*self.before, *self.after)):
            raise ShapeError(
                self.name, expected="widths of at least 0", got=(self.before, self.after), do="slice instead"
            )
        widths = zip(self.before, x.shape, self.after, strict=True)
        return Type(x.dtype, tuple(low + extent + high for low, extent, high in widths))

    def nest(self, *types: Type) -> Nest:
        x = types[0]
        axes = make_axes(self.infer(x).shape)
        where = tuple(i - low for i, low in zip(indices(axes), self.before, strict=True))
        padded = [k for k in range(x.rank) if self.before[k] != 0 or self.after[k] != 0]
        condition = conjunction(*(inside(where[k], x.shape[k]) for k in padded))
        return Nest(axes, guard(condition, read(0, where, x.dtype), const(self.value, x.dtype)))

    def gradient(self, g: Value, y: Value, xs: tuple[Value, ...]) -> tuple[Value | None, ...]:
        return (fn.slice(g, self.before, xs[0].shape),)

    def reference(self, *arrays: Any) -> Any:
        import numpy

        widths = tuple(zip(static(self, self.before), static(self, self.after), strict=True))
        return numpy.pad(arrays[0], widths, constant_values=self.value) if widths else arrays[0]

    @classmethod
    def samples(cls) -> Iterable[Sample]:
        cases: tuple[tuple[Shape, Shape, Shape], ...] = (
            *(((), (), ()), ((5,), (0,), (0,)), ((5,), (2,), (1,)), ((1,), (0,), (16,)), ((0,), (1,), (2,))),
            *(((2, 3), (1, 0), (0, 2)), ((2, 3, 4), (0, 1, 2), (1, 1, 0))),
        )
        for shape, before, after in cases:
            yield sample(cls(before, after), (shape, "any"))
            yield sample(cls(before, after, float("-inf")), (shape, "any"))
        yield sample(cls((1, 0), (0, 2), 7), ((2, 3), "any", "uint8"))
        yield sample(cls((1, 0), (0, 2), 0.5), ((2, 3), "normal"))


@dataclass(frozen=True)
class Dilate(Op):
    """`factors[k] - 1` zeros between neighbours along axis k."""

    name = "dilate"
    movement: ClassVar[bool] = True
    factors: tuple[int, ...]

    def infer(self, *types: Type) -> Type:
        check_arity(self, types, 1)
        x = types[0]
        if len(self.factors) != x.rank or any(factor < 1 for factor in self.factors):
            raise ShapeError(self.name, expected=f"a factor of at least 1 for each axis of {x}", got=self.factors)
        widened = zip(x.shape, self.factors, strict=True)
        return Type(x.dtype, tuple(dims.maximum((n - 1) * f + 1, 0) if f > 1 else n for n, f in widened))

    def nest(self, *types: Type) -> Nest:
        x = types[0]
        axes = make_axes(self.infer(x).shape)
        pairs = list(zip(indices(axes), self.factors, strict=True))
        hits = (make("eq", index(dims.modulo(i, factor)), index(0)) for i, factor in pairs)
        element = read(0, tuple(dims.floor_divide(i, factor) for i, factor in pairs), x.dtype)
        return Nest(axes, guard(conjunction(*hits), element, const(0, x.dtype)))

    def gradient(self, g: Value, y: Value, xs: tuple[Value, ...]) -> tuple[Value | None, ...]:
        return (fn.slice(g, (0,) * g.rank, xs[0].shape, self.factors),)

    def reference(self, *arrays: Any) -> Any:
        import numpy

        x = arrays[0]
        wide = numpy.zeros([max((n - 1) * f + 1, 0) for n, f in zip(x.shape, self.factors, strict=True)], x.dtype)
        wide[tuple(slice(None, None, f) for f in self.factors)] = x
        return wide

    @classmethod
    def samples(cls) -> Iterable[Sample]:
        for shape, factors in (
            ((), ()),
            ((5,), (1,)),
            ((5,), (3,)),
            ((1,), (4,)),
            ((0,), (2,)),
            ((2, 3, 2), (2, 1, 3)),
        ):
            yield sample(cls(factors), (shape, "any"))
        yield sample(cls((2, 3)), ((2, 3), "normal"))


@dataclass(frozen=True)
class Concatenate(Op):
    """The operands one after another along `axis`."""

    name = "concatenate"
    movement: ClassVar[bool] = True
    axis: int

    def infer(self, *types: Type) -> Type:
        if not types:
            raise ShapeError(self.name, expected="at least one operand", got="none")
        first = types[0]
        check_axes(self, (self.axis,), first.rank)
        if any(each.dtype != first.dtype for each in types):
            raise DtypeError(self.name, expected="operands of one dtype", got=listed(types), do="cast them first")
        if any(self._others(each) != self._others(first) for each in types):
            raise ShapeError(
                self.name, expected="shapes that differ along the axis only", got=listed(types), at=f"axis {self.axis}"
            )
        total: DimLike = 0
        for each in types:
            total = total + each.shape[self.axis]
        return Type(first.dtype, (*first.shape[: self.axis], total, *first.shape[self.axis + 1 :]))

    def _others(self, type: Type) -> Shape:
        return (*type.shape[: self.axis], *type.shape[self.axis + 1 :])

    def nest(self, *types: Type) -> Nest:
        axes = make_axes(self.infer(*types).shape)
        where = indices(axes)
        parts: list[tuple[int, DimLike]] = []  # operand, where it begins
        begin: DimLike = 0
        for k, each in enumerate(types):
            if each.shape[self.axis] != 0:
                parts.append((k, begin))
            begin = begin + each.shape[self.axis]
        if not parts:
            return Nest(axes, const(0, types[0].dtype))
        value = None
        for k, start in reversed(parts):
            place = where[self.axis] - start
            element = read(k, (*where[: self.axis], place, *where[self.axis + 1 :]), types[0].dtype)
            is_here = make("lt", index(place), index(types[k].shape[self.axis]))
            value = element if value is None else guard(is_here, element, value)
        assert value is not None
        return Nest(axes, value)

    def gradient(self, g: Value, y: Value, xs: tuple[Value, ...]) -> tuple[Value | None, ...]:
        parts: list[Value] = []
        begin: DimLike = 0
        for x in xs:
            parts.append(fn.slice(g, tuple(begin if k == self.axis else 0 for k in range(g.rank)), x.shape))
            begin = begin + x.shape[self.axis]
        return tuple(parts)

    def reference(self, *arrays: Any) -> Any:
        import numpy

        return numpy.concatenate(arrays, self.axis)

    @classmethod
    def samples(cls) -> Iterable[Sample]:
        cases: tuple[tuple[int, tuple[Shape, ...]], ...] = (
            *((0, ((5,),)), (0, ((1,), (17,))), (0, ((0,), (3,), (0,), (2,))), (0, ((0,), (0,)))),
            *((1, ((2, 3), (2, 1), (2, 4))), (0, ((2, 3), (1, 3))), (2, ((2, 1, 3), (2, 1, 2)))),
        )
        for axis, shapes in cases:
            yield sample(cls(axis), *((shape, "any") for shape in shapes))
            yield sample(cls(axis), *((shape, "normal") for shape in shapes))


@dataclass(frozen=True)
class Iota(Op):
    """0, 1, 2, ...: along `axis` of an array of this shape. An op without operands."""

    name = "iota"
    shape: Shape
    axis: int = 0
    dtype: str = "int32"

    def infer(self, *types: Type) -> Type:
        check_arity(self, types, 0)
        check_axes(self, (self.axis,), len(self.shape))
        if self.dtype not in NUMBERS:
            raise DtypeError(self.name, expected=f"one of {', '.join(NUMBERS)}", got=repr(self.dtype))
        return Type(self.dtype, self.shape)

    def nest(self, *types: Type) -> Nest:
        axes = make_axes(self.shape)
        return Nest(axes, cast(index(axes[self.axis].index), self.dtype))

    def gradient(self, g: Value, y: Value, xs: tuple[Value, ...]) -> tuple[Value | None, ...]:
        return ()

    def reference(self, *arrays: Any) -> Any:
        import numpy

        shape = static(self, self.shape)
        along = [shape[k] if k == self.axis else 1 for k in range(len(shape))]
        return numpy.broadcast_to(numpy.arange(shape[self.axis]).astype(self.dtype).reshape(along), shape)

    @classmethod
    def samples(cls) -> Iterable[Sample]:
        for shape, axis in (((1,), 0), ((17,), 0), ((0,), 0), ((2, 3), 0), ((2, 3), 1)):
            for dtype in NUMBERS:
                yield sample(cls(shape, axis, dtype))
