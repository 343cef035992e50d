"""Which element goes where? Rows that only copy: reshape, transpose, broadcast, slice, flip.

Each is an index expression. The rows that also insert constants or join arrays are in `padding`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar

from fanlight.errors import ShapeError
from fanlight.ir import dim as dims
from fanlight.ir.dim import DimLike
from fanlight.ir.graph import Op, Value
from fanlight.ir.kernel import Nest, make_axes
from fanlight.ir.scalar import read
from fanlight.ir.types import Shape, Type, contiguous_strides
from fanlight.ops import functions as fn
from fanlight.ops.base import check_arity, check_axes, check_rank, indices, static
from fanlight.ops.sample import Sample, sample


class Movement(Op):
    """An op of one operand that only copies: `source` gives the operand's index for each index of the result."""

    movement: ClassVar[bool] = True

    def source(self, where: tuple[DimLike, ...], x: Type) -> tuple[DimLike, ...]:
        raise NotImplementedError(f"{self.name} has no index expression")

    def nest(self, *types: Type) -> Nest:
        axes = make_axes(self.infer(*types).shape)
        return Nest(axes, read(0, self.source(indices(axes), types[0]), types[0].dtype))


def dim_groups(old: Shape, new: Shape) -> list[tuple[range, range]]:
    """The finest cut of two shapes with equal element counts into runs of dims whose products agree.

    (batch, 4, 4, 3) and (batch, 48) give batch = batch, 4*4*3 = 48: indices are computed within a run only.
    """
    groups: list[tuple[range, range]] = []
    i = j = 0
    while i < len(old) or j < len(new):
        first, second = i, j
        left, right = dims.product(old[i : i + 1]), dims.product(new[j : j + 1])
        i, j = min(i + 1, len(old)), min(j + 1, len(new))
        while left != right:
            if j < len(new) and (i == len(old) or _is_smaller(right, left)):
                right, j = right * new[j], j + 1
            elif i < len(old):
                left, i = left * old[i], i + 1
            else:
                return [(range(len(old)), range(len(new)))]
        groups.append((range(first, i), range(second, j)))
    return groups


def _is_smaller(a: DimLike, b: DimLike) -> bool:
    """Whether `a` is the one to be multiplied further: the shorter product, else the smaller upper bound."""
    return dims.upper(a) < dims.upper(b) or (dims.upper(a) == dims.upper(b) and isinstance(a, int))


def regrouped(where: tuple[DimLike, ...], new: Shape, old: Shape) -> tuple[DimLike, ...]:
    """The index in shape `old` of the element that is at index `where` of shape `new`, in row-major order."""
    if any(extent == 0 for extent in (*old, *new)):
        return (0,) * len(old)  # there is no element
    found: list[DimLike] = []
    for from_old, from_new in dim_groups(old, new):
        inner = tuple(new[k] for k in from_new)
        place: DimLike = 0
        for index, stride in zip((where[k] for k in from_new), contiguous_strides(inner), strict=True):
            place = place + index * stride
        extents = tuple(old[k] for k in from_old)
        for k, stride in enumerate(contiguous_strides(extents)):
            quotient = dims.floor_divide(place, stride)
            found.append(0 if extents[k] == 1 else quotient if k == 0 else dims.modulo(quotient, extents[k]))
    return tuple(found)


@dataclass(frozen=True)
class Reshape(Movement):
    """The same elements in row-major order under another shape."""

    name = "reshape"
    shape: Shape

    def infer(self, *types: Type) -> Type:
        check_arity(self, types, 1)
        if types[0].count != dims.product(self.shape):
            raise ShapeError(
                self.name,
                expected=f"{types[0].count} elements ({types[0]})",
                got=dims.product(self.shape),
                at=f"shape {self.shape}",
            )
        return Type(types[0].dtype, self.shape)

    def source(self, where: tuple[DimLike, ...], x: Type) -> tuple[DimLike, ...]:
        return regrouped(where, self.shape, x.shape)

    def gradient(self, g: Value, y: Value, xs: tuple[Value, ...]) -> tuple[Value | None, ...]:
        return (fn.reshape(g, xs[0].shape),)

    def reference(self, *arrays: Any) -> Any:
        return arrays[0].reshape(static(self, self.shape))

    @classmethod
    def samples(cls) -> Iterable[Sample]:
        cases: tuple[tuple[Shape, Shape], ...] = (
            *(
                ((), (1, 1)),
                ((1,), ()),
                ((0, 3), (0,)),
                ((0, 2), (5, 0)),
                ((6,), (2, 3)),
                ((2, 3), (6,)),
                ((4, 3), (2, 6)),
            ),
            *(
                ((2, 4, 4, 3), (2, 48)),
                ((2, 12), (2, 2, 1, 6)),
                ((3, 1, 2), (1, 3, 2, 1)),
                ((6, 4), (4, 6)),
                ((5, 1), (1, 5, 1)),
            ),
        )
        for old, new in cases:
            yield sample(cls(new), (old, "any"))
        yield sample(cls((4, 6)), ((6, 4), "normal"))
        yield sample(cls((2, 2)), ((4,), "any", "uint8"))


@dataclass(frozen=True)
class Transpose(Movement):
    """Axis k of the result is axis `axes[k]` of the operand."""

    name = "transpose"
    axes: tuple[int, ...]

    def infer(self, *types: Type) -> Type:
        check_arity(self, types, 1)
        check_rank(self, "an operand", types[0], len(self.axes))
        check_axes(self, self.axes, types[0].rank)
        return Type(types[0].dtype, tuple(types[0].shape[k] for k in self.axes))

    @property
    def inverse(self) -> tuple[int, ...]:
        return tuple(self.axes.index(k) for k in range(len(self.axes)))

    def source(self, where: tuple[DimLike, ...], x: Type) -> tuple[DimLike, ...]:
        return tuple(where[k] for k in self.inverse)

    def gradient(self, g: Value, y: Value, xs: tuple[Value, ...]) -> tuple[Value | None, ...]:
        return (fn.transpose(g, self.inverse),)

    def reference(self, *arrays: Any) -> Any:
        return arrays[0].transpose(self.axes)

    @classmethod
    def samples(cls) -> Iterable[Sample]:
        cases: tuple[tuple[Shape, tuple[int, ...]], ...] = (
            *(
                ((), ()),
                ((3,), (0,)),
                ((2, 5), (1, 0)),
                ((0, 3), (1, 0)),
                ((2, 3, 4), (2, 0, 1)),
                ((2, 3, 4), (1, 2, 0)),
            ),
            ((2, 3, 1, 4), (0, 3, 1, 2)),
        )
        for shape, axes in cases:
            yield sample(cls(axes), (shape, "any"))
        yield sample(cls((1, 2, 0)), ((2, 3, 4), "normal"))


@dataclass(frozen=True)
class BroadcastTo(Movement):
    """Copies along new leading axes, and along axes of length 1, as NumPy aligns shapes: from the right."""

    name = "broadcast_to"
    shape: Shape

    def infer(self, *types: Type) -> Type:
        check_arity(self, types, 1)
        x = types[0]
        tail = self.shape[len(self.shape) - x.rank :] if x.rank <= len(self.shape) else ()
        if len(tail) != x.rank or any(old not in (1, new) for old, new in zip(x.shape, tail, strict=True)):
            raise ShapeError(self.name, expected=f"a shape that ends in {x.shape}, whose ones may grow", got=self.shape)
        return Type(x.dtype, self.shape)

    def source(self, where: tuple[DimLike, ...], x: Type) -> tuple[DimLike, ...]:
        tail = where[len(where) - x.rank :]
        return tuple(0 if extent == 1 else index for extent, index in zip(x.shape, tail, strict=True))

    def gradient(self, g: Value, y: Value, xs: tuple[Value, ...]) -> tuple[Value | None, ...]:
        x = xs[0]
        lead = len(self.shape) - x.rank
        grown = [k + lead for k, extent in enumerate(x.shape) if extent == 1 and self.shape[k + lead] != 1]
        return (fn.reshape(fn.sum(g, (*range(lead), *grown)), x.shape),)

    def reference(self, *arrays: Any) -> Any:
        import numpy

        return numpy.broadcast_to(arrays[0], static(self, self.shape))

    @classmethod
    def samples(cls) -> Iterable[Sample]:
        cases: tuple[tuple[Shape, Shape], ...] = (
            *(((), ()), ((), (3,)), ((), (2, 5)), ((1,), (17,)), ((3,), (2, 3)), ((3, 1), (3, 4)), ((1, 3), (2, 3))),
            *(((2, 1, 3), (4, 2, 5, 3)), ((1,), (0,)), ((1, 1), (1, 1)), ((3,), (0, 3))),
        )
        for old, new in cases:
            yield sample(cls(new), (old, "any"))
        yield sample(cls((4, 2, 5, 3)), ((2, 1, 3), "normal"))
        yield sample(cls((2, 5)), ((), "normal"))


@dataclass(frozen=True)
class Slice(Movement):
    """`size[k]` elements along axis k, from `start[k]`, every `step[k]`-th; steps are positive."""

    name = "slice"
    start: Shape
    size: Shape
    step: tuple[int, ...]

    def infer(self, *types: Type) -> Type:
        check_arity(self, types, 1)
        x = types[0]
        if not len(self.start) == len(self.size) == len(self.step) == x.rank:
            raise ShapeError(
                self.name,
                expected=f"a start, size and step for each axis of {x}",
                got=(self.start, self.size, self.step),
            )
        for k, (start, size, step) in enumerate(zip(self.start, self.size, self.step, strict=True)):
            end = start if size == 0 else start + (size - 1) * step + 1
            if (
                step < 1
                or dims.bounds(start)[0] < 0
                or dims.bounds(size)[0] < 0
                or dims.bounds(x.shape[k] - end)[0] < 0
            ):
                got = f"start {start}, size {size}, step {step}"
                raise ShapeError(self.name, expected="a part of the axis", got=got, at=f"axis {k} of {x}")
        return Type(x.dtype, self.size)

    def source(self, where: tuple[DimLike, ...], x: Type) -> tuple[DimLike, ...]:
        return tuple(start + index * step for start, index, step in zip(self.start, where, self.step, strict=True))

    def gradient(self, g: Value, y: Value, xs: tuple[Value, ...]) -> tuple[Value | None, ...]:
        x = xs[0]
        if any(size == 0 for size in self.size):
            return (fn.zeros_like(x),)
        wide = fn.dilate(g, self.step)
        after = tuple(
            extent - start - taken for extent, start, taken in zip(x.shape, self.start, wide.shape, strict=True)
        )
        return (fn.pad(wide, tuple(zip(self.start, after, strict=True))),)

    def reference(self, *arrays: Any) -> Any:
        ends = zip(static(self, self.start), static(self, self.size), self.step, strict=True)
        return arrays[0][tuple(slice(start, start + size * step, step) for start, size, step in ends)]

    @classmethod
    def samples(cls) -> Iterable[Sample]:
        cases: tuple[tuple[Shape, Shape, Shape, tuple[int, ...]], ...] = (
            *(
                ((5,), (0,), (5,), (1,)),
                ((5,), (1,), (2,), (3,)),
                ((17,), (16,), (1,), (7,)),
                ((3,), (3,), (0,), (1,)),
                ((), (), (), ()),
            ),
            ((4, 6), (1, 0), (2, 3), (2, 2)),
            ((2, 5, 3), (0, 1, 1), (2, 4, 1), (1, 1, 2)),
        )
        for shape, start, size, step in cases:
            yield sample(cls(start, size, step), (shape, "any"))
            yield sample(cls(start, size, step), (shape, "normal"))


@dataclass(frozen=True)
class Flip(Movement):
    """The elements in reverse order along `axes`."""

    name = "flip"
    axes: tuple[int, ...]

    def infer(self, *types: Type) -> Type:
        check_arity(self, types, 1)
        check_axes(self, self.axes, types[0].rank)
        return types[0]

    def source(self, where: tuple[DimLike, ...], x: Type) -> tuple[DimLike, ...]:
        pairs = zip(where, x.shape, strict=True)
        return tuple(extent - 1 - index if k in self.axes else index for k, (index, extent) in enumerate(pairs))

    def gradient(self, g: Value, y: Value, xs: tuple[Value, ...]) -> tuple[Value | None, ...]:
        return (fn.flip(g, self.axes),)

    def reference(self, *arrays: Any) -> Any:
        import numpy

        return numpy.flip(arrays[0], self.axes)

    @classmethod
    def samples(cls) -> Iterable[Sample]:
        for shape, axes in (((5,), (0,)), ((0,), (0,)), ((2, 3), ()), ((2, 3, 4), (0, 2))):
            yield sample(cls(axes), (shape, "any"))
        yield sample(cls((1,)), ((2, 3), "normal"))
