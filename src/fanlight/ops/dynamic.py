"""Which block does the data ask for? Rows of blocks whose start is a value: a slice, and writing one back.

Starts are int32 of rank 0, moved so that the block lies inside: no read falls outside.
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
from fanlight.ir.scalar import datum, read
from fanlight.ir.types import DTYPES, Shape, Type
from fanlight.ops import functions as fn
from fanlight.ops.base import indices, listed, static
from fanlight.ops.gather import clamped
from fanlight.ops.sample import Sample, sample

CASES: tuple[tuple[Shape, Shape], ...] = (  # array, block
    *(((5,), (2,)), ((17,), (16,)), ((5,), (5,)), ((1,), (1,)), ((), ())),
    *(((4, 6), (2, 3)), ((2, 5, 3), (2, 4, 1)), ((3, 4), (0, 2))),
)


def checked(op: Op, x: Type, block: Shape, starts: tuple[Type, ...]) -> None:
    """Raises an error where a block of this shape does not fit, or the starts are not one int32 an axis."""
    if len(block) != x.rank or any(
        dims.bounds(n - size)[0] < 0 or dims.bounds(size)[0] < 0 for n, size in zip(x.shape, block, strict=True)
    ):
        raise ShapeError(op.name, expected=f"a block inside {x}", got=block)
    if len(starts) != x.rank or any(each != Type("int32", ()) for each in starts):
        raise DtypeError(op.name, expected=f"{x.rank} starts, each an int32 of rank 0", got=listed(starts))


def begins(x: Type, block: Shape, first: int) -> tuple[DimLike, ...]:
    """Where the block begins along each axis: the operands from `first` on, moved inside."""
    found: list[DimLike] = []
    for k, (extent, size) in enumerate(zip(x.shape, block, strict=True)):
        last = extent - size
        pick = clamped(read(first + k, (), "int32"), last + 1)
        found.append(0 if last == 0 else datum(pick, 0, dims.upper(last)))
    return tuple(found)


def inner(starts: tuple[Any, ...], shape: tuple[int, ...], block: tuple[int, ...]) -> tuple[slice, ...]:
    """For references: the block as NumPy's slices."""
    places = [min(max(int(start), 0), n - size) for start, n, size in zip(starts, shape, block, strict=True)]
    return tuple(slice(place, place + size) for place, size in zip(places, block, strict=True))


@dataclass(frozen=True)
class DynamicSlice(Op):
    """`size[k]` elements along axis k, from the value `starts[k]`, which is moved into 0 .. length - size."""

    name = "dynamic_slice"
    movement: ClassVar[bool] = True
    size: Shape

    def infer(self, *types: Type) -> Type:
        x, *starts = types
        checked(self, x, self.size, tuple(starts))
        return Type(x.dtype, self.size)

    def nest(self, *types: Type) -> Nest:
        axes = make_axes(self.size)
        places = zip(begins(types[0], self.size, 1), indices(axes), strict=True)
        return Nest(axes, read(0, tuple(start + i for start, i in places), types[0].dtype))

    def gradient(self, g: Value, y: Value, xs: tuple[Value, ...]) -> tuple[Value | None, ...]:
        x, *starts = xs
        return fn.apply(UpdateSlice(), fn.zeros_like(x), g, *starts), *(None for _ in starts)

    def reference(self, *arrays: Any) -> Any:
        x, *starts = arrays
        return x[inner(tuple(starts), x.shape, static(self, self.size))]

    @classmethod
    def samples(cls) -> Iterable[Sample]:
        for shape, block in CASES:
            starts = (((), "index", "int32"),) * len(shape)
            yield sample(cls(block), (shape, "any"), *starts)
            yield sample(cls(block), (shape, "normal"), *starts)
        for dtype in DTYPES:
            yield sample(cls((2,)), ((5,), "any", dtype), ((), "index", "int32"))


@dataclass(frozen=True)
class UpdateSlice(Op):
    """The first operand with the second in place of a block of it, which begins at the values `starts`."""

    name = "update_slice"
    movement: ClassVar[bool] = True

    def infer(self, *types: Type) -> Type:
        x, block, *starts = types
        checked(self, x, block.shape, tuple(starts))
        if x.dtype != block.dtype:
            raise DtypeError(self.name, expected="two of one dtype", got=listed((x, block)), do="cast one first")
        return x

    def nest(self, *types: Type) -> Nest:
        x, block, *_ = types
        axes = make_axes(block.shape)
        where = indices(axes)
        place = tuple(start + i for start, i in zip(begins(x, block.shape, 2), where, strict=True))
        return Nest(axes, read(1, where, x.dtype), kind="scatter", place=place)

    def gradient(self, g: Value, y: Value, xs: tuple[Value, ...]) -> tuple[Value | None, ...]:
        _, block, *starts = xs
        rest = fn.apply(UpdateSlice(), g, fn.zeros_like(block), *starts)
        return rest, fn.apply(DynamicSlice(block.shape), g, *starts), *(None for _ in starts)

    def reference(self, *arrays: Any) -> Any:
        x, block, *starts = arrays
        out = x.copy()
        out[inner(tuple(starts), x.shape, block.shape)] = block
        return out

    @classmethod
    def samples(cls) -> Iterable[Sample]:
        for shape, block in CASES:
            starts = (((), "index", "int32"),) * len(shape)
            yield sample(cls(), (shape, "any"), (block, "any"), *starts)
            yield sample(cls(), (shape, "normal"), (block, "normal"), *starts)
        yield sample(cls(), ((5,), "any", "uint8"), ((2,), "any", "uint8"), ((), "index", "int32"))
