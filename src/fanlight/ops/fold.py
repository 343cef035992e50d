"""What do sliding windows see? Rows that lay windows side by side, and that add such windows up where they came from.

Arrays are [n, *positions, c] and [n, *windows, *taps, c]. Laying out costs nothing: it is an index expression.
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
from fanlight.ir.scalar import conjunction, const, guard, index, inside, make, read
from fanlight.ir.types import Shape, Type
from fanlight.ops import functions as fn
from fanlight.ops.base import check_arity, check_float, check_rank, indices, static
from fanlight.ops.conv import Steps, Windows, patches
from fanlight.ops.movement import Movement
from fanlight.ops.pool import covering
from fanlight.ops.sample import Sample, sample

CASES: tuple[tuple[Steps, Steps, Steps, Shape], ...] = (  # taps, strides, dilation, images
    ((3,), (2,), (1,), (1, 8, 2)),
    ((2,), (3,), (1,), (2, 9, 1)),
    ((3,), (2,), (2,), (1, 9, 1)),
    ((2, 3), (1, 2), (1, 1), (2, 4, 5, 3)),
    ((2, 2), (2, 1), (1, 2), (1, 5, 5, 2)),
    ((2, 1, 2), (1, 1, 2), (1, 1, 1), (1, 3, 2, 4, 1)),
    ((1,), (1,), (1,), (0, 3, 2)),
)


@dataclass(frozen=True)
class Unfold(Movement):
    """`out[n, p, t, c] = x[n, p * strides + t * dilation, c]`: what each window sees."""

    name = "unfold"
    taps: Steps
    strides: Steps
    dilation: Steps

    @property
    def windows(self) -> Windows:
        return Windows(self.strides, self.dilation)

    def infer(self, *types: Type) -> Type:
        check_arity(self, types, 1)
        x = types[0]
        check_rank(self, "images [n, *positions, c]", x, len(self.taps) + 2)
        places = self.windows.count(self, x.shape[1:-1], self.taps)
        return Type(x.dtype, (x.shape[0], *places, *self.taps, x.shape[-1]))

    def source(self, where: tuple[DimLike, ...], x: Type) -> tuple[DimLike, ...]:
        count = len(self.taps)
        return (where[0], *self.windows.place(where[1 : 1 + count], where[1 + count : -1]), where[-1])

    def gradient(self, g: Value, y: Value, xs: tuple[Value, ...]) -> tuple[Value | None, ...]:
        return (fn.apply(Fold(xs[0].shape[1:-1], self.strides, self.dilation), g),)

    def reference(self, *arrays: Any) -> Any:
        import numpy

        return numpy.moveaxis(patches(arrays[0], self.taps, self.strides, self.dilation), arrays[0].ndim - 1, -1)

    @classmethod
    def samples(cls) -> Iterable[Sample]:
        for taps, strides, dilation, shape in CASES:
            yield sample(cls(taps, strides, dilation), (shape, "any"))
            yield sample(cls(taps, strides, dilation), (shape, "normal"))
        yield sample(cls((2,), (1,), (1,)), ((1, 4, 1), "any", "uint8"))


@dataclass(frozen=True)
class Fold(Op):
    """Adds up windows [n, *windows, *taps, c] in an array of these `extents`, each element where `unfold` read it."""

    name = "fold"
    movement: ClassVar[bool] = False
    extents: Shape
    strides: Steps
    dilation: Steps

    def forward(self, x: Type) -> Unfold:
        count = len(self.extents)
        return Unfold(static(self, x.shape[1 + count : -1]), self.strides, self.dilation)

    def infer(self, *types: Type) -> Type:
        check_arity(self, types, 1)
        check_float(self, *types)
        x = types[0]
        check_rank(self, "windows [n, *windows, *taps, c]", x, 2 * len(self.extents) + 2)
        found = Type(x.dtype, (x.shape[0], *self.extents, x.shape[-1]))
        if self.forward(x).infer(found) != x:
            raise ShapeError(self.name, expected=f"windows {self.forward(x).infer(found)}", got=x)
        return found

    def nest(self, *types: Type) -> Nest:
        """Each position asks the windows that may cover it; where these have holes, every tap."""
        x = types[0]
        count = len(self.extents)
        outputs, taps = x.shape[1 : 1 + count], self.forward(x).taps
        if max(self.dilation) == 1:
            axes, reduced, place, tap, there = covering(self.infer(x).shape, outputs, taps, self.strides)
        else:
            axes, reduced = make_axes(self.infer(x).shape), make_axes(taps, "r")
            tap = indices(reduced)
            start = [axis.index - t * d for axis, t, d in zip(axes[1:-1], tap, self.dilation, strict=True)]
            place = tuple(dims.floor_divide(i, s) for i, s in zip(start, self.strides, strict=True))
            hits = [make("eq", index(i - p * s), index(0)) for i, p, s in zip(start, place, self.strides, strict=True)]
            there = conjunction(*hits, *(inside(p, n) for p, n in zip(place, outputs, strict=True)))
        element = read(0, (axes[0].index, *place, *tap, axes[-1].index), x.dtype)
        return Nest(axes, guard(there, element, const(0, x.dtype)), reduced, "add" if reduced else "")

    def gradient(self, g: Value, y: Value, xs: tuple[Value, ...]) -> tuple[Value | None, ...]:
        return (fn.apply(self.forward(xs[0].type), g),)

    def reference(self, *arrays: Any) -> Any:
        import numpy

        x, count = arrays[0], len(self.extents)
        out = numpy.zeros((x.shape[0], *static(self, self.extents), x.shape[-1]), x.dtype)
        places, taps = x.shape[1 : 1 + count], x.shape[1 + count : -1]
        for tap in numpy.ndindex(*taps):
            starts = [t * d for t, d in zip(tap, self.dilation, strict=True)]
            where = [slice(a, a + n * s, s) for a, n, s in zip(starts, places, self.strides, strict=True)]
            out[(slice(None), *where)] += x[(slice(None), *(slice(None),) * count, *tap)]
        return out

    @classmethod
    def samples(cls) -> Iterable[Sample]:
        for taps, strides, dilation, shape in CASES:
            y = Unfold(taps, strides, dilation).infer(Type("float32", shape))
            yield sample(cls(shape[1:-1], strides, dilation), (y.shape, "normal"))
